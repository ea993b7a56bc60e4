//! The realm: who is present, and every spell that is cast in it.
//!
//! A spell takes the registry's lock and is decided; its event is handed to the bus; and only if the bus took it the
//! decision is applied, before the lock is given back: bus order equals state order, and what could not be told
//! did not happen. The lock is held across no await and no read of the log; an invocation takes it twice, to
//! begin and to end.

mod announce;
mod conduit;
mod invocation;
mod looking;
pub mod parser;
mod presence;
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
use arcane_shared::{DaemonName, RoomName};
use serde_json::json;
use tokio::sync::Semaphore;

pub use crate::lore::VoiceMoment;
pub use announce::Emit;
pub(crate) use announce::farewell;
pub use conduit::NoProgram;
pub use looking::Look;
pub use parser::ParseRefusal;
#[cfg(target_os = "linux")]
pub(crate) use program::{adopt_orphans, end_programs};
pub use registry::Refusal;

use crate::bus::{ArcaneEventBus, EmitError, Emitted, EventLog, Fault, LogError, Record, Run};
use crate::clock;
use crate::config::{DaemonConfig, RealmConfig};

use conduit::Conduit;
use registry::{Change, Registry};
use reveals::Reveals;
use voice::VoiceEngine;

/// Longest task, characters: with its event's other fields it stays below the size of an event.
pub const TASK_CHARS_MAX: usize = 8192;
/// Longest spell in natural language, characters.
pub const SPELL_CHARS_MAX: usize = 2000;
/// Largest parameters of an invocation, bytes of JSON.
pub const PARAMETERS_BYTES_MAX: usize = 16 * 1024;

/// Where the log keeps what has to survive of daemons.
const DAEMON: &str = "daemon/";

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
    /// See [`crate::bus::EventLog::generation`].
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

/// How the daemons of a configuration perform.
///
/// # Errors
/// If one has a `command` conduit without a program.
pub(crate) fn conduits(config: &RealmConfig) -> Result<BTreeMap<DaemonName, Conduit>, RealmError> {
    let conduit = |(name, daemon): (&DaemonName, &DaemonConfig)| match Conduit::new(daemon) {
        Ok(conduit) => Ok((name.clone(), conduit)),
        Err(error) => Err(RealmError::Daemon(name.clone(), error)),
    };
    config.daemons.iter().map(conduit).collect()
}

impl Realm {
    /// A realm in which those are present who were when the bus's log ended.
    ///
    /// # Errors
    /// If a daemon is configured with a `command` conduit that has no program, or the log cannot be read.
    pub async fn new(bus: ArcaneEventBus, config: RealmConfig) -> Result<Self, RealmError> {
        let conduits = conduits(&config)?;
        let invocations = Arc::new(Semaphore::new(config.invocations_max));
        for (name, daemon) in &config.daemons {
            if let Some(color) = daemon.color {
                bus.fix_color(name.clone(), color);
            }
        }
        let inner = Inner {
            registry: Mutex::new(Present::recall(bus.log().as_ref(), &config).await?),
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
        self.recall().await;
        let (mut emitted, result) = self.decide_summon(name)?;
        let run = emitted.logged().await?;
        numbered(result, run)
    }

    fn decide_summon(&self, name: &DaemonName) -> Result<Decided, SpellFailure> {
        let mut present = self.ready()?;
        let registry = &mut present.registry;
        let now = clock::now();
        if let Some(idle) = registry.idle(name, self.inner.bus.log().clock().expiry(now)).cloned() {
            // Its event precedes the newcomer's, and is in the log if that is.
            let (_, banished) = self.send_away(registry, &idle, "idle")?;
            banished?;
        }
        let decision = registry.summon(name, now);
        let color = self.inner.bus.color(name);
        let card = match &decision {
            Ok(change) => Some(change.card(color)),
            Err(_) => registry.card(name, color),
        };
        let model = card.and_then(|card| card.model);
        let emit = outcome(&decision).with("model", json!(model.unwrap_or_else(|| "unknown".into())));
        let emitted = self.inner.bus.emit_summon(name, emit)?;
        self.speak_of(name, decision.is_ok(), VoiceMoment::Summon);
        Ok(self.conclude("summoned", name, registry, decision, emitted))
    }

    /// Sends a daemon away. Completes once that is in the log.
    ///
    /// # Errors
    /// If it is not there; a failure event tells of it. If the log takes no events.
    pub async fn banish(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        self.recall().await;
        let (mut emitted, result) = {
            let mut present = self.ready()?;
            self.send_away(&mut present.registry, name, "banished")?
        };
        let run = emitted.logged().await?;
        numbered(result, run)
    }

    fn send_away(
        &self,
        registry: &mut Registry,
        name: &DaemonName,
        reason: &str,
    ) -> Result<Decided, SpellFailure> {
        let decision = registry.banish(name, clock::now());
        if matches!(decision, Err(Refusal::NotHere(_))) && self.is_published(name) {
            return self.send_published_away(registry, name);
        }
        let mut emit = outcome(&decision);
        if reason != "banished" {
            emit = emit.with("reason", json!(reason));
        }
        let emitted = self.tell_of_leaving(self.card(registry, name).as_ref(), name, emit)?;
        self.speak_of(name, decision.is_ok(), VoiceMoment::Banish);
        Ok(self.conclude("banished", name, registry, decision, emitted))
    }

    /// Tells that a daemon has left, after what it did.
    fn tell_of_leaving(
        &self,
        card: Option<&DaemonCard>,
        name: &DaemonName,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        let (count, time) = card.map_or((0, 0.0), |card| (card.invocation_count, card.total_time));
        let totals = card.map_or((0, 0.0, 0.0), |card| {
            (card.total_invocations, card.total_execution_time, card.average_execution_time)
        });
        let emit = emit
            .with("daemon_name", json!(name))
            .with("is_active", json!(false))
            .with("total_invocations", json!(totals.0))
            .with("total_execution_time", json!(totals.1))
            .with("average_execution_time", json!(totals.2));
        self.inner.bus.emit_banish(name, count, time, emit)
    }

    /// Applies a decision whose event was taken.
    fn conclude(
        &self,
        status: &str,
        name: &DaemonName,
        registry: &mut Registry,
        decision: Result<Change, Refusal>,
        emitted: Emitted,
    ) -> Decided {
        let result = match decision {
            Ok(change) => {
                let card = change.card(self.inner.bus.color(name));
                registry.apply(change);
                Ok(answer(status, card, emitted.description()))
            }
            Err(refusal) => Err(refusal.into()),
        };
        (emitted, result)
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

    /// Who is present. May tell what the log has taken back since, until [`Self::recall`].
    fn present(&self) -> MutexGuard<'_, Present> {
        self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is present, for a spell: nothing is decided that could not be told, or by what was taken back.
    fn ready(&self) -> Result<MutexGuard<'_, Present>, EmitError> {
        let present = self.present();
        self.inner.bus.log().availability()?;
        if present.generation != self.inner.bus.log().generation() {
            return Err(LogError::new(Fault::Disk, "what survived cannot be read yet; send it again").into());
        }
        Ok(present)
    }

    /// If the log has taken events back, takes back what they told of daemons.
    async fn recall(&self) {
        if self.present().generation == self.inner.bus.log().generation() {
            return;
        }
        // Until it is known where the room ends, what the log remembers may still change.
        if let Err(error) = self.inner.bus.open_room(&RoomName::default()).await {
            tracing::warn!(%error, "who is present cannot be recalled yet");
            return;
        }
        match Present::recall(self.inner.bus.log().as_ref(), &self.inner.config).await {
            Ok(recalled) => {
                let mut present = self.present();
                // Another spell may have been quicker, and be ahead of what was read here.
                if recalled.generation == self.inner.bus.log().generation()
                    && present.generation != recalled.generation
                {
                    *present = recalled;
                }
            }
            Err(error) => tracing::warn!(%error, "who is present cannot be recalled yet"),
        }
    }
}

impl Present {
    async fn recall(log: &dyn EventLog, config: &RealmConfig) -> Result<Self, LogError> {
        // Before it is read: if it changes meanwhile, it is read again.
        let generation = log.generation();
        let mut registry = Registry::new(&config.daemons, config.daemons_max);
        for (key, kept) in log.recall(DAEMON).await? {
            if let Some(name) = key.strip_prefix(DAEMON).and_then(|name| DaemonName::parse(name).ok()) {
                registry.recall(&name, &kept);
            }
        }
        Ok(Self { registry, generation })
    }
}

/// An event that tells of a spell, and what is answered once it is in the log.
type Decided = (Emitted, Result<CastAnswer, SpellFailure>);

/// What is told of a decision, and what of it has to survive.
fn outcome(decision: &Result<Change, Refusal>) -> Emit {
    match decision {
        Ok(change) => change.remembered_by(Emit::default()),
        Err(refusal) => Emit::failure(&refusal.to_string()),
    }
}

impl Change {
    /// Lets what has to survive of it ride with its event.
    fn remembered_by(&self, emit: Emit) -> Emit {
        self.kept().fold(emit, |emit, (name, value)| {
            emit.remembering(Record { key: format!("{DAEMON}{name}"), value })
        })
    }
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

/// An answer whose event has no number yet.
fn answer(status: &str, daemon: DaemonCard, message: String) -> CastAnswer {
    let status = status.into();
    CastAnswer {
        status,
        daemon,
        message,
        result: None,
        execution_time: None,
        seq: 0,
        figures_withheld: false,
    }
}

/// The answer with the number of its event.
fn numbered(answer: Result<CastAnswer, SpellFailure>, run: Run) -> Result<CastAnswer, SpellFailure> {
    answer.map(|answer| CastAnswer { seq: run.last(), ..answer })
}

#[cfg(test)]
mod tests;
