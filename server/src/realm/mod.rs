//! The realm: who is present, and every spell that is cast in it.
//!
//! A spell takes the registry's lock and is decided; its event is handed to the bus; and only if the bus took it the
//! decision is applied, before the lock is given back: bus order equals state order, and what could not be told
//! did not happen. The lock is held across no await and no read of the log; an invocation of a program takes it twice, to
//! begin and to end. Where other processes decide as well, see [`cast`] and [`present`].

mod abandoned;
mod announce;
mod calls;
mod cast;
mod conduit;
mod invocation;
mod looking;
pub mod parser;
mod presence;
mod present;
mod program;
mod queue;
mod refusal;
mod registry;
mod reveals;
mod sounds;
mod speech;
mod summoning;
mod voice;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcane_shared::api::{CastAnswer, ParsedSpell};
use arcane_shared::daemon::DaemonCard;
use arcane_shared::{DaemonName, RoomName};
use tokio::sync::Semaphore;

pub use crate::lore::VoiceMoment;
pub use announce::Emit;
pub(crate) use announce::farewell;
pub use conduit::NoProgram;
pub use looking::Look;
pub use parser::ParseRefusal;
#[cfg(target_os = "linux")]
pub(crate) use program::{adopt_orphans, end_programs};
pub use refusal::Refusal;

use crate::bus::{ArcaneEventBus, EmitError, LogError, Run};
use crate::config::{DaemonConfig, RealmConfig};

use conduit::Conduit;
use present::Present;
use reveals::Reveals;
use voice::VoiceEngine;

/// Longest task, characters: with its event's other fields it stays below the size of an event.
pub const TASK_CHARS_MAX: usize = 8192;
/// Longest spell in natural language, characters.
pub const SPELL_CHARS_MAX: usize = 2000;
/// Largest parameters of an invocation, bytes of JSON.
pub const PARAMETERS_BYTES_MAX: usize = 16 * 1024;

/// The realm. Cloning it gives another handle to the same realm.
#[derive(Debug, Clone)]
pub struct Realm {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bus: ArcaneEventBus,
    registry: Mutex<Present>,
    /// Where other processes decide as well, one spell of this process is cast at a time.
    casting: tokio::sync::Mutex<()>,
    reveals: Mutex<Reveals>,
    conduits: BTreeMap<DaemonName, Conduit>,
    voice: Option<VoiceEngine>,
    /// A place for each program that runs, and for each invocation.
    invocations: Arc<Semaphore>,
    config: RealmConfig,
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
            casting: tokio::sync::Mutex::default(),
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
        let inner = Arc::new(inner);
        tokio::spawn(abandoned::close(Arc::downgrade(&inner)));
        Ok(Self { inner })
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

    /// Who is present, as far as that has appeared. May tell what the log has taken back since, until [`Self::recall`].
    fn present(&self) -> MutexGuard<'_, Present> {
        let mut present = self.lock();
        // Where a room begins anew, those are told that ask for a spell.
        let _ = present.catch_up(&self.inner.bus);
        present
    }

    /// Who is present, for a spell: nothing is decided that could not be told, or by what was taken back.
    fn ready(&self) -> Result<MutexGuard<'_, Present>, EmitError> {
        let mut present = self.lock();
        self.inner.bus.log().availability()?;
        present.catch_up(&self.inner.bus)?;
        if !present.is_shared() && present.generation != self.inner.bus.log().generation() {
            return Err(present::unknown().into());
        }
        Ok(present)
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// If the log has taken events back, takes back what they told of daemons.
    async fn recall(&self) {
        {
            let mut present = self.lock();
            let is_known = present.catch_up(&self.inner.bus).is_ok();
            if is_known && (present.is_shared() || present.generation == self.inner.bus.log().generation()) {
                return;
            }
        }
        // Until it is known where the room ends, what the log remembers may still change.
        if let Err(error) = self.inner.bus.open_room(&RoomName::default()).await {
            tracing::warn!(%error, "who is present cannot be recalled yet");
            return;
        }
        if self.present().is_shared() {
            return;
        }
        match Present::recall(self.inner.bus.log().as_ref(), &self.inner.config).await {
            Ok(recalled) => {
                let mut present = self.present();
                // Another spell may have been quicker, and be ahead of what was read here.
                if recalled.generation == self.inner.bus.log().generation()
                    && present.generation != recalled.generation
                {
                    present.replace(recalled);
                }
            }
            Err(error) => tracing::warn!(%error, "who is present cannot be recalled yet"),
        }
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
