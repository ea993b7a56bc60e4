//! Who is present and the rules of summoning, invoking and banishing. Pure: time is an argument.
//!
//! A spell is decided on a registry that stays as it is. The decision is a [`Change`], which is applied once the
//! event that tells of it was taken: what could not be told did not happen.

use std::collections::BTreeMap;

use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::Sums;
use arcane_shared::{DaemonName, Rgb, Timestamp};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::config::DaemonConfig;
use crate::lore;

/// After so long without a spell on it a present daemon gives way to a new one, where the registry is full:
/// seven days, in microseconds.
pub(crate) const IDLE_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;

/// Every daemon that was ever heard of and not forgotten, present or not.
#[derive(Debug)]
pub(crate) struct Registry {
    daemons: BTreeMap<DaemonName, Entry>,
    daemons_max: usize,
}

/// What of a daemon has to survive a restart, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptDaemon {
    presence: Option<Presence>,
    total_invocations: u64,
    failed_invocations: u64,
    total_execution_time: f64,
    /// The latest spell on it; absent in what earlier versions kept.
    #[serde(default)]
    used: Option<Timestamp>,
}

/// What a spell makes of a daemon. Nothing has changed before [`Registry::apply`].
#[derive(Debug, Clone)]
pub(crate) struct Change {
    name: DaemonName,
    entry: Entry,
    /// An unused daemon that is forgotten to make room.
    forgotten: Option<DaemonName>,
}

impl Change {
    fn of(name: &DaemonName, entry: Entry) -> Self {
        Self { name: name.clone(), entry, forgotten: None }
    }

    /// The daemon as it will be.
    pub(crate) fn card(&self, color: Rgb) -> DaemonCard {
        self.entry.card(&self.name, color)
    }

    /// What will have to survive, as text, of each daemon that it concerns; `None`: nothing.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&DaemonName, Option<String>)> {
        let forgotten = self.forgotten.iter().map(|name| (name, None));
        forgotten.chain([(&self.name, self.entry.kept())])
    }
}

/// The decision to forget a daemon.
#[derive(Debug, Clone)]
pub(crate) struct Forgetting {
    name: DaemonName,
    fresh: Option<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Whether the realm knows it by itself, from the seed or the configuration.
    is_lasting: bool,
    used: Timestamp,
    persona: Persona,
    presence: Option<Presence>,
    total_invocations: u64,
    failed_invocations: u64,
    total_execution_time: f64,
}

#[derive(Debug, Clone)]
struct Persona {
    role: String,
    domain: String,
    model: Option<String>,
    capabilities: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Presence {
    since: Timestamp,
    started: u64,
    finished: u64,
    total_time: f64,
}

impl Registry {
    /// The daemons of the seed and of the configuration, none of them present.
    pub(crate) fn new(configured: &BTreeMap<DaemonName, DaemonConfig>, daemons_max: usize) -> Self {
        let legends = lore::LEGENDS.iter().filter_map(|legend| DaemonName::parse(legend.name).ok());
        let daemons = legends
            .chain(configured.keys().cloned())
            .map(|name| {
                let entry = Entry::new(&name, configured.get(&name));
                (name, entry)
            })
            .collect();
        Self { daemons, daemons_max }
    }

    /// Takes over what the log has of a daemon; `None`: nothing, it was forgotten. What cannot be read is left out.
    pub(crate) fn learn(&mut self, name: &DaemonName, kept: Option<&str>) {
        let Some(kept) = kept else {
            match self.daemons.remove(name).filter(|entry| entry.is_lasting) {
                Some(entry) => self.daemons.insert(name.clone(), Entry::absent(entry.persona, true)),
                None => None,
            };
            return;
        };
        let Ok(kept) = serde_json::from_str::<KeptDaemon>(kept) else { return };
        let entry = self.daemons.entry(name.clone()).or_insert_with(|| Entry::new(name, None));
        entry.presence = kept.presence;
        entry.total_invocations = kept.total_invocations;
        entry.failed_invocations = kept.failed_invocations;
        entry.total_execution_time = kept.total_execution_time;
        entry.used = kept.used.or(kept.presence.map(|presence| presence.since)).unwrap_or(entry.used);
    }

    /// Of the invocations that have begun those run still that `open` says: an earlier process may have ended in others.
    pub(crate) fn count_open(&mut self, open: impl Fn(&DaemonName) -> u64) {
        for (name, entry) in &mut self.daemons {
            if let Some(presence) = &mut entry.presence {
                presence.started = presence.finished + open(name);
            }
        }
    }

    /// Lets what was decided be so.
    pub(crate) fn apply(&mut self, change: Change) {
        if let Some(name) = change.forgotten {
            self.daemons.remove(&name);
        }
        self.daemons.insert(change.name, change.entry);
    }

    /// Decides a summoning. Where the registry is full, the daemon that was absent the longest is forgotten for it.
    pub(crate) fn summon(&self, name: &DaemonName, now: Timestamp) -> Result<Change, Refusal> {
        let known = self.daemons.get(name).cloned();
        let mut forgotten = None;
        if known.is_none() && self.daemons.len() >= self.daemons_max {
            let absent = self.unused(|entry| entry.presence.is_none());
            forgotten = Some(absent.ok_or(Refusal::TooMany(self.daemons_max))?.clone());
        }
        let mut entry = known.unwrap_or_else(|| Entry::new(name, None));
        if entry.presence.is_some() {
            return Err(Refusal::AlreadyHere(name.clone()));
        }
        entry.presence = Some(Presence { since: now, started: 0, finished: 0, total_time: 0.0 });
        entry.used = now;
        Ok(Change { name: name.clone(), entry, forgotten })
    }

    /// The daemon that has to be banished for a new one: the registry is full, all in it are present, and nothing was
    /// asked of this one for [`IDLE_MICROS`].
    pub(crate) fn idle(&self, newcomer: &DaemonName, now: Timestamp) -> Option<&DaemonName> {
        if self.daemons.len() < self.daemons_max || self.daemons.contains_key(newcomer) {
            return None;
        }
        let is_idle = |entry: &Entry| now.unix_micros() - entry.used.unix_micros() >= IDLE_MICROS;
        match self.unused(|entry| entry.presence.is_none()) {
            Some(_) => None,
            None => self.unused(|entry| {
                is_idle(entry) && entry.presence.is_some_and(|presence| presence.started == presence.finished)
            }),
        }
    }

    /// Of the daemons that the realm does not know by itself, the one that was used the longest ago.
    fn unused(&self, may: impl Fn(&Entry) -> bool) -> Option<&DaemonName> {
        let candidates = self.daemons.iter().filter(|(_, entry)| !entry.is_lasting && may(entry));
        candidates.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name)
    }

    /// Decides whether a daemon may be forgotten; `None` if it was never heard of.
    pub(crate) fn forget(&self, name: &DaemonName) -> Option<Result<Forgetting, Refusal>> {
        let entry = self.daemons.get(name)?;
        Some(match entry.presence {
            Some(_) => Err(Refusal::StillHere(name.clone())),
            None => Ok(Forgetting {
                name: name.clone(),
                fresh: entry.is_lasting.then(|| Entry::absent(entry.persona.clone(), true)),
            }),
        })
    }

    /// Forgets a daemon. One that the realm knows by itself stays, with nothing done.
    pub(crate) fn forgotten(&mut self, forgetting: Forgetting) {
        match forgetting.fresh {
            Some(entry) => self.daemons.insert(forgetting.name, entry),
            None => self.daemons.remove(&forgetting.name),
        };
    }

    /// Decides the beginning of an invocation and says which one since the daemon was summoned it is, from 1.
    pub(crate) fn begin(&self, name: &DaemonName, now: Timestamp) -> Result<(u64, Change), Refusal> {
        let mut entry = self.present(name)?.clone();
        entry.used = now;
        let number = entry.presence.as_mut().map_or(0, |presence| {
            presence.started += 1;
            presence.started
        });
        Ok((number, Change::of(name, entry)))
    }

    /// Decides how an invocation that has ended is counted, even if its daemon was banished or forgotten meanwhile.
    pub(crate) fn finish(&self, name: &DaemonName, success: bool, execution_time: f64) -> Change {
        let entry = self.daemons.get(name).cloned().unwrap_or_else(|| Entry::new(name, None));
        Change::of(name, entry.finished(success, execution_time))
    }

    /// Decides an invocation that takes no time: it begins and ends at once.
    pub(crate) fn perform(
        &self,
        name: &DaemonName,
        now: Timestamp,
        (success, execution_time): (bool, f64),
    ) -> Result<(u64, Change), Refusal> {
        let (number, Change { entry, .. }) = self.begin(name, now)?;
        Ok((number, Change::of(name, entry.finished(success, execution_time))))
    }

    /// Decides a banishing.
    pub(crate) fn banish(&self, name: &DaemonName, now: Timestamp) -> Result<Change, Refusal> {
        let entry = Entry { presence: None, used: now, ..self.present(name)?.clone() };
        Ok(Change::of(name, entry))
    }

    /// Whether it was heard of and not forgotten.
    pub(crate) fn knows(&self, name: &DaemonName) -> bool {
        self.daemons.contains_key(name)
    }

    /// What is known of a daemon that was never heard of.
    pub(crate) fn stranger(name: &DaemonName, color: Rgb) -> DaemonCard {
        Entry::new(name, None).card(name, color)
    }

    /// What is known of a daemon; `None` if it was never heard of.
    pub(crate) fn card(&self, name: &DaemonName, color: Rgb) -> Option<DaemonCard> {
        Some(self.daemons.get(name)?.card(name, color))
    }

    /// Every known daemon, the three of the seed first.
    pub(crate) fn cards(&self, color: impl Fn(&DaemonName) -> Rgb) -> Vec<DaemonCard> {
        let legend = |name: &DaemonName| {
            lore::LEGENDS.iter().position(|legend| legend.name == name.as_str()).unwrap_or(usize::MAX)
        };
        let cards = self.daemons.iter().map(|(name, entry)| entry.card(name, color(name)));
        let mut cards: Vec<_> = cards.collect();
        cards.sort_by_cached_key(|card| legend(&card.daemon_name));
        cards
    }

    fn present(&self, name: &DaemonName) -> Result<&Entry, Refusal> {
        self.daemons
            .get(name)
            .filter(|entry| entry.presence.is_some())
            .ok_or_else(|| Refusal::NotHere(name.clone()))
    }
}

impl Entry {
    fn new(name: &DaemonName, configured: Option<&DaemonConfig>) -> Self {
        let legend = lore::legend(name);
        let known = |of: fn(&lore::Legend) -> &'static str| legend.map(of).map(str::to_owned);
        let is_configured = configured.is_some();
        let configured = configured.cloned().unwrap_or_default();
        let persona = Persona {
            role: configured.role.or(known(|l| l.role)).unwrap_or_else(|| "Unbound spirit".into()),
            domain: configured.domain.or(known(|l| l.domain)).unwrap_or_else(|| "Unknown arts".into()),
            model: configured.model.or(known(|l| l.model)),
            capabilities: configured.capabilities.unwrap_or_else(|| {
                legend.map(|l| l.capabilities.iter().map(|c| (*c).to_owned()).collect()).unwrap_or_default()
            }),
        };
        Self::absent(persona, legend.is_some() || is_configured)
    }

    /// A daemon that has done nothing.
    fn absent(persona: Persona, is_lasting: bool) -> Self {
        Self {
            is_lasting,
            used: Timestamp::from_unix_micros(0),
            persona,
            presence: None,
            total_invocations: 0,
            failed_invocations: 0,
            total_execution_time: 0.0,
        }
    }

    fn finished(mut self, success: bool, execution_time: f64) -> Self {
        self.total_invocations += 1;
        self.failed_invocations += u64::from(!success);
        self.total_execution_time += execution_time;
        if let Some(presence) = &mut self.presence {
            presence.finished += 1;
            presence.total_time += execution_time;
        }
        self
    }

    fn kept(&self) -> Option<String> {
        let kept = KeptDaemon {
            presence: self.presence,
            total_invocations: self.total_invocations,
            failed_invocations: self.failed_invocations,
            total_execution_time: self.total_execution_time,
            used: Some(self.used),
        };
        serde_json::to_string(&kept).ok()
    }

    fn card(&self, name: &DaemonName, color: Rgb) -> DaemonCard {
        let presence = self.presence;
        DaemonCard {
            daemon_name: name.clone(),
            is_active: presence.is_some(),
            role: self.persona.role.clone(),
            domain: self.persona.domain.clone(),
            model: self.persona.model.clone(),
            capabilities: self.persona.capabilities.clone(),
            color,
            summoned_at: presence.map(|presence| presence.since),
            invocation_count: presence.map_or(0, |presence| presence.finished),
            total_time: presence.map_or(0.0, |presence| presence.total_time),
            total_invocations: self.total_invocations,
            failed_invocations: self.failed_invocations,
            total_execution_time: self.total_execution_time,
            average_execution_time: mean(self.total_execution_time, self.total_invocations),
            published: false,
            waiting_since: None,
            waiting: Vec::new(),
            sessions: Vec::new(),
            today: Sums::default(),
            all: Sums::default(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count above 2^53 is out of reach")]
pub(crate) fn mean(total: f64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { total / n as f64 }
}

#[cfg(test)]
mod tests;
