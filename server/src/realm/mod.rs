//! The realm: who is present, and every spell that is cast in it.
//!
//! A spell takes the registry's lock, is decided, and its event is emitted before the lock is given
//! back: bus order equals state order. The lock is never held across an await; an invocation
//! takes it twice, to begin and to end.

pub mod choreography;
mod conduit;
mod invocation;
pub mod lore;
pub mod parser;
mod program;
mod queue;
mod registry;
mod reveals;
mod sounds;
mod speech;
mod voice;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::api::{CastAnswer, ParsedSpell};
use arcane_shared::daemon::DaemonCard;
use arcane_shared::{DaemonName, Seq};
use serde_json::json;
use tokio::sync::Semaphore;

pub use conduit::NoProgram;
pub use lore::VoiceMoment;
pub use parser::ParseRefusal;
#[cfg(target_os = "linux")]
pub(crate) use program::adopt_orphans;
pub use registry::Refusal;

use crate::bus::{ArcaneEventBus, Emit, EmitError, Emitted};
use crate::clock;
use crate::config::RealmConfig;
use crate::log::{LogError, Record};

use conduit::Conduit;
use registry::Registry;
use reveals::{Question, Reveals};
use voice::VoiceEngine;

/// Longest task, characters: with its event's other fields it stays below the size of an event.
pub const TASK_CHARS_MAX: usize = 8192;
/// Longest spell in natural language, characters.
pub const SPELL_CHARS_MAX: usize = 2000;
/// Largest parameters of an invocation, bytes of JSON.
pub const PARAMETERS_BYTES_MAX: usize = 16 * 1024;
/// Where the log keeps what has to survive of daemons.
const PREFIX: &str = "daemon/";

/// The realm. Cloning it gives another handle to the same realm.
#[derive(Debug, Clone)]
pub struct Realm {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bus: ArcaneEventBus,
    registry: Mutex<Present>,
    reveals: Mutex<Reveals>,
    conduits: BTreeMap<DaemonName, Conduit>,
    voice: Option<VoiceEngine>,
    /// A place for each program that runs, and for each invocation.
    invocations: Arc<Semaphore>,
    config: RealmConfig,
}

/// The registry, and how much of the log it agrees with.
#[derive(Debug)]
struct Present {
    registry: Registry,
    /// See [`crate::log::EventLog::generation`].
    generation: u64,
}

/// Why a realm cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RealmError {
    /// A daemon is configured with a `command` conduit that has no program.
    #[error("daemons.{0}: {1}")]
    Daemon(DaemonName, NoProgram),
    /// What survived cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why a spell did not work. Each is an event as well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpellFailure {
    /// The realm refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The daemon tried and could not.
    #[error("{0}")]
    Faltered(String),
    /// The daemon did not end in time.
    #[error("{0}")]
    TimedOut(String),
    /// The event that would have told of it could not be emitted.
    #[error(transparent)]
    NotEmitted(#[from] EmitError),
}

impl From<LogError> for SpellFailure {
    fn from(error: LogError) -> Self {
        Self::NotEmitted(error.into())
    }
}

impl Realm {
    /// A realm in which those are present who were when the bus's log ended.
    ///
    /// # Errors
    /// If a daemon is configured with a `command` conduit that has no program, or the log cannot be read.
    pub fn new(bus: ArcaneEventBus, config: RealmConfig) -> Result<Self, RealmError> {
        let mut conduits = BTreeMap::new();
        let invocations = Arc::new(Semaphore::new(config.invocations_max));
        for (name, daemon) in &config.daemons {
            let conduit = Conduit::new(daemon).map_err(|error| RealmError::Daemon(name.clone(), error))?;
            conduits.insert(name.clone(), conduit);
            if let Some(color) = daemon.color {
                bus.fix_color(name.clone(), color);
            }
        }
        let inner = Inner {
            registry: Mutex::new(Present::recall(&bus, &config)?),
            reveals: Mutex::default(),
            conduits,
            voice: config
                .voice
                .clone()
                .map(|voice| VoiceEngine::new(voice, config.audio_dir.clone(), Arc::clone(&invocations))),
            invocations,
            bus,
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings a daemon into the realm. Completes once that is in the log.
    ///
    /// # Errors
    /// If it is there already or the realm is full; a failure event tells of it. If the log takes no events.
    pub async fn summon(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        let (mut emitted, result) = self.decide_summon(name)?;
        emitted.logged().await?;
        result
    }

    fn decide_summon(&self, name: &DaemonName) -> Result<Decided, SpellFailure> {
        let mut present = self.ready()?;
        let registry = &mut present.registry;
        let decision = registry.summon(name, clock::now());
        let model = registry.card(name, self.inner.bus.color(name)).and_then(|card| card.model);
        let model = json!(model.unwrap_or_else(|| "unknown".into()));
        let emit = match &decision {
            Ok(()) => Emit::default(),
            Err(refusal) => Emit::failure(&refusal.to_string()),
        };
        let emit = emit.with("model", model).remembering(record(registry, name));
        let emitted = self.inner.bus.emit_summon(name, emit)?;
        self.speak_of(name, &decision, VoiceMoment::Summon);
        let frame = emitted.frame();
        let result = match decision {
            Ok(()) => {
                Ok(answer("summoned", self.card(registry, name), frame.event().description, frame.seq()))
            }
            Err(refusal) => Err(refusal.into()),
        };
        Ok((emitted, result))
    }

    /// Sends a daemon away. Completes once that is in the log.
    ///
    /// # Errors
    /// If it is not there; a failure event tells of it. If the log takes no events.
    pub async fn banish(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        let (mut emitted, result) = self.decide_banish(name)?;
        emitted.logged().await?;
        result
    }

    fn decide_banish(&self, name: &DaemonName) -> Result<Decided, SpellFailure> {
        let mut present = self.ready()?;
        let registry = &mut present.registry;
        let decision = registry.banish(name, self.inner.bus.color(name));
        let card = match &decision {
            Ok(card) => Some(card.clone()),
            Err(_) => registry.card(name, self.inner.bus.color(name)),
        };
        let (count, time) = card.as_ref().map_or((0, 0.0), |card| (card.invocation_count, card.total_time));
        let totals = card.as_ref().map_or((0, 0.0, 0.0), |card| {
            (card.total_invocations, card.total_execution_time, card.average_execution_time)
        });
        let emit = match &decision {
            Ok(_) => Emit::default(),
            Err(refusal) => Emit::failure(&refusal.to_string()),
        }
        .with("daemon_name", json!(name))
        .with("is_active", json!(false))
        .with("total_invocations", json!(totals.0))
        .with("total_execution_time", json!(totals.1))
        .with("average_execution_time", json!(totals.2))
        .remembering(record(registry, name));
        let emitted = self.inner.bus.emit_banish(name, count, time, emit)?;
        self.speak_of(name, &decision.as_ref().map(|_| ()).map_err(Clone::clone), VoiceMoment::Banish);
        let frame = emitted.frame();
        let result = match decision {
            Ok(_) => {
                Ok(answer("banished", self.card(registry, name), frame.event().description, frame.seq()))
            }
            Err(refusal) => Err(refusal.into()),
        };
        Ok((emitted, result))
    }

    /// Every daemon, or only the present ones, and an event that somebody looked.
    pub fn daemons(&self, only_active: bool) -> Vec<DaemonCard> {
        let present = self.present();
        let registry = &present.registry;
        let mut cards: Vec<_> = registry.names().iter().map(|name| self.card(registry, name)).collect();
        cards.retain(|card| card.is_active || !only_active);
        let query_type = if only_active { "active" } else { "all" };
        self.reveal(None, query_type, cards.len(), false, Emit::default());
        cards
    }

    /// One daemon, and an event that somebody looked; `None` if it was never heard of.
    pub fn daemon(&self, name: &DaemonName) -> Option<DaemonCard> {
        let present = self.present();
        let card = present.registry.card(name, self.inner.bus.color(name))?;
        let emit = Emit::default()
            .with("total_invocations", json!(card.total_invocations))
            .with("average_execution_time", json!(card.average_execution_time));
        self.reveal(Some(name), "state", 1, card.is_active, emit);
        Some(card)
    }

    /// Every daemon's statistics, and an event that somebody looked.
    pub fn statistics(&self) -> Vec<DaemonCard> {
        let present = self.present();
        let registry = &present.registry;
        let cards: Vec<_> = registry.names().iter().map(|name| self.card(registry, name)).collect();
        self.reveal(None, "statistics", cards.len(), false, Emit::default());
        cards
    }

    /// Reads natural language as a spell, and tells whether that worked.
    ///
    /// # Errors
    /// If it cannot be read; says why and what would be understood.
    pub fn parse(&self, text: &str) -> Result<ParsedSpell, ParseRefusal> {
        let parsed = parser::parse(text);
        let action = parsed.as_ref().ok().map(|spell| action_name(spell.action));
        let daemon = parsed.as_ref().ok().and_then(|spell| spell.daemon.as_ref());
        // A text within the parser's bound always fits an event.
        let _ = self.inner.bus.emit_parse(text, parsed.is_ok(), action, daemon);
        parsed
    }

    /// Where the voice engine's files are, if there is an engine.
    #[must_use]
    pub fn audio_dir(&self) -> Option<&std::path::Path> {
        self.inner.voice.as_ref().map(|_| self.inner.config.audio_dir.as_path())
    }

    fn reveal(
        &self,
        name: Option<&DaemonName>,
        query_type: &'static str,
        daemon_count: usize,
        is_active: bool,
        emit: Emit,
    ) {
        let question = Question { daemon: name.cloned(), query_type };
        let folded = self
            .inner
            .reveals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ask(question, clock::now_millis());
        let Some(folded) = folded else { return };
        let mut emit = emit.with("daemon_count", json!(daemon_count)).with("query_type", json!(query_type));
        if folded > 0 {
            emit = emit.with("coalesced", json!(folded));
        }
        // Somebody looked on, nothing changed: too small to be refused, too little to fail for.
        let _ = self.inner.bus.emit_reveal(name, is_active, emit);
    }

    fn card(&self, registry: &Registry, name: &DaemonName) -> DaemonCard {
        registry.card(name, self.inner.bus.color(name)).expect("a daemon that just answered is known")
    }

    /// Who is present. If the log has taken events back, what they told is taken back first.
    fn present(&self) -> MutexGuard<'_, Present> {
        let mut present = self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if present.generation != self.inner.bus.log().generation() {
            match Present::recall(&self.inner.bus, &self.inner.config) {
                Ok(recalled) => *present = recalled,
                Err(error) => tracing::warn!(%error, "who is present cannot be recalled yet"),
            }
        }
        present
    }

    /// The same for a spell: nothing is decided that could not be told.
    fn ready(&self) -> Result<MutexGuard<'_, Present>, EmitError> {
        let present = self.present();
        self.inner.bus.log().availability()?;
        if present.generation != self.inner.bus.log().generation() {
            return Err(LogError::new(crate::log::Fault::Disk, "what survived cannot be read").into());
        }
        Ok(present)
    }
}

impl Present {
    fn recall(bus: &ArcaneEventBus, config: &RealmConfig) -> Result<Self, LogError> {
        // Before it is read: if it changes meanwhile, it is read again.
        let generation = bus.log().generation();
        let mut registry = Registry::new(&config.daemons, config.daemons_max);
        for (key, kept) in bus.log().recall(PREFIX)? {
            if let Some(name) = key.strip_prefix(PREFIX).and_then(|name| DaemonName::parse(name).ok()) {
                registry.recall(&name, &kept);
            }
        }
        Ok(Self { registry, generation })
    }
}

/// An event that tells of a spell, and what is answered once it is in the log.
type Decided = (Emitted, Result<CastAnswer, SpellFailure>);

/// What has to survive of a daemon.
fn record(registry: &Registry, name: &DaemonName) -> Record {
    Record { key: format!("{PREFIX}{name}"), value: registry.kept(name) }
}

/// The name of an action in `metadata.parsed_action`.
#[must_use]
pub fn action_name(action: arcane_shared::api::SpellAction) -> &'static str {
    use arcane_shared::api::SpellAction;
    match action {
        SpellAction::Summon => "summon",
        SpellAction::Invoke => "invoke",
        SpellAction::Banish => "banish",
        SpellAction::Query => "query",
    }
}

fn answer(status: &str, daemon: DaemonCard, message: String, seq: Seq) -> CastAnswer {
    CastAnswer { status: status.into(), daemon, message, result: None, execution_time: None, seq }
}

#[cfg(test)]
mod tests;
