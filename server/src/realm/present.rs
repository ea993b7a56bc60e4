//! Who is present, as far as the log has told: the registry, and the invocations that have begun and not ended.
//!
//! A process that is alone with its log applies what it decides as soon as the log has taken it. Where other processes decide
//! as well, what is known follows from the log alone: a decision is known once it has appeared, whoever made it.

use std::collections::BTreeMap;

use arcane_shared::{DaemonName, Seq};

use super::calls::{CALL, Calls};
use super::registry::{Change, Registry};
use crate::bus::{ArcaneEventBus, Carried, EventLog, Fault, LogError, Mark, Record};
use crate::config::RealmConfig;

/// Where the log keeps what has to survive of daemons.
pub(super) const DAEMON: &str = "daemon/";

/// The registry, the invocations that run, and how much of the log they agree with.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) registry: Registry,
    pub(super) calls: Calls,
    /// See [`crate::bus::EventLog::generation`].
    pub(super) generation: u64,
    /// Where other processes decide as well: the decisions that are in it.
    mark: Option<Mark>,
    /// What was read of the log.
    texts: BTreeMap<String, String>,
}

impl Present {
    /// What a log remembers.
    pub(super) async fn recall(log: &dyn EventLog, config: &RealmConfig) -> Result<Self, LogError> {
        // Before it is read: if it changes meanwhile, it is read again.
        let generation = log.generation();
        let mut present = Self {
            registry: Registry::new(&config.daemons, config.daemons_max),
            calls: Calls::default(),
            generation,
            mark: None,
            texts: BTreeMap::new(),
        };
        let mut records = log.recall(CALL).await?;
        records.extend(log.recall(DAEMON).await?);
        present.learn(records);
        Ok(present)
    }

    /// Takes in what was decided elsewhere, and has appeared.
    ///
    /// # Errors
    /// If the room's numbers have begun anew and it was not opened since.
    pub(super) fn catch_up(&mut self, bus: &ArcaneEventBus) -> Result<(), LogError> {
        if let Some(Carried { mark, records }) =
            bus.default_room().carried(&[CALL, DAEMON], self.mark.as_ref())?
        {
            self.learn(records);
            self.mark = Some(mark);
        }
        Ok(())
    }

    /// Takes the place of what was taken back. Invocations of this process run on.
    pub(super) fn replace(&mut self, recalled: Self) {
        let own = std::mem::take(&mut self.calls);
        *self = recalled;
        self.calls.keep_own(own);
    }

    /// Whether other processes decide as well.
    pub(super) fn is_shared(&self) -> bool {
        self.mark.is_some()
    }

    /// The decisions that are in it.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.mark.clone()
    }

    /// What a decision was made on.
    pub(super) fn decided_on(&self) -> Option<Seq> {
        self.mark.as_ref().map(|mark| mark.decided)
    }

    /// Applies a decision whose event was taken: at once, or once it appears.
    pub(super) fn apply(&mut self, change: Change) {
        if !self.is_shared() {
            self.registry.apply(change);
        }
    }

    /// Takes in all that is kept.
    fn learn(&mut self, records: Vec<(String, String)>) {
        let mut left = std::mem::take(&mut self.texts);
        for (key, text) in records {
            if left.remove(&key).as_ref() != Some(&text) {
                self.take(&key, Some(&text));
            }
            self.texts.insert(key, text);
        }
        for key in left.keys() {
            self.take(key, None);
        }
        self.registry.count_open(|daemon| self.calls.of(daemon));
    }

    fn take(&mut self, key: &str, text: Option<&str>) {
        if let Some(id) = key.strip_prefix(CALL) {
            self.calls.learn(id, text);
        } else if let Some(name) = key.strip_prefix(DAEMON).and_then(|name| DaemonName::parse(name).ok()) {
            self.registry.learn(&name, text);
        }
    }
}

impl Change {
    /// What has to survive of it.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        self.kept().map(|(name, value)| Record { key: format!("{DAEMON}{name}"), value })
    }
}

/// What is said where it is not known who is present.
pub(super) fn unknown() -> LogError {
    LogError::new(Fault::Disk, "what survived cannot be read yet; send it again")
}
