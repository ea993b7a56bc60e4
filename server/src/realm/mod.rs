//! The realm: who is present, and every spell that is cast in it.
//!
//! A spell takes the registry's lock, is decided, and its event is emitted before the lock is given
//! back: bus order equals state order. The lock is never held across an await; an invocation
//! takes it twice, to begin and to end.

pub mod choreography;
mod conduit;
pub mod lore;
pub mod parser;
mod registry;
mod reveals;
mod voice;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arcane_shared::api::{CastAnswer, ParsedSpell, VoiceAnswer};
use arcane_shared::daemon::DaemonCard;
use arcane_shared::{DaemonName, Metadata, Seq, SyncDirectives};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub use conduit::NoProgram;
pub use lore::VoiceMoment;
pub use parser::ParseRefusal;
pub use registry::Refusal;

use crate::bus::{ArcaneEventBus, Emit, EmitError};
use crate::clock;
use crate::config::RealmConfig;

use conduit::{Conduit, Performance};
use registry::Registry;
use reveals::{Question, Reveals};
use voice::VoiceEngine;

/// Longest task, characters: with its event's other fields it stays below the size of an event.
pub const TASK_CHARS_MAX: usize = 8192;
/// Longest spell in natural language, characters.
pub const SPELL_CHARS_MAX: usize = 2000;
/// Largest parameters of an invocation, bytes of JSON.
pub const PARAMETERS_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of a conduit's output that an event holds, where output may be captured at all.
const CAPTURED_BYTES_MAX: usize = 4096;

/// The realm. Cloning it gives another handle to the same realm.
#[derive(Debug, Clone)]
pub struct Realm {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bus: ArcaneEventBus,
    registry: Mutex<Registry>,
    reveals: Mutex<Reveals>,
    conduits: BTreeMap<DaemonName, Conduit>,
    voice: Option<VoiceEngine>,
    invocations: Semaphore,
    config: RealmConfig,
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

impl Realm {
    /// A realm in which nobody is present.
    ///
    /// # Errors
    /// If a daemon is configured with a `command` conduit that has no program.
    pub fn new(bus: ArcaneEventBus, config: RealmConfig) -> Result<Self, (DaemonName, NoProgram)> {
        let mut conduits = BTreeMap::new();
        for (name, daemon) in &config.daemons {
            let conduit = Conduit::new(daemon).map_err(|error| (name.clone(), error))?;
            conduits.insert(name.clone(), conduit);
            if let Some(color) = daemon.color {
                bus.fix_color(name.clone(), color);
            }
        }
        let inner = Inner {
            registry: Mutex::new(Registry::new(&config.daemons, config.daemons_max)),
            reveals: Mutex::default(),
            conduits,
            voice: config.voice.clone().map(|voice| VoiceEngine::new(voice, config.audio_dir.clone())),
            invocations: Semaphore::new(config.invocations_max),
            bus,
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings a daemon into the realm.
    ///
    /// # Errors
    /// If it is there already or the realm is full; a failure event tells of it.
    pub fn summon(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        let mut registry = self.registry();
        let decision = registry.summon(name, clock::now());
        let model = registry.card(name, self.inner.bus.color(name)).and_then(|card| card.model);
        let model = json!(model.unwrap_or_else(|| "unknown".into()));
        let emit = match &decision {
            Ok(()) => Emit::default(),
            Err(refusal) => Emit::failure(&refusal.to_string()),
        };
        let frame = self.inner.bus.emit_summon(name, emit.with("model", model))?;
        self.speak_of(name, &decision, VoiceMoment::Summon);
        decision?;
        Ok(answer("summoned", self.card(&registry, name), frame.event().description.clone(), frame.seq()))
    }

    /// Sends a daemon away.
    ///
    /// # Errors
    /// If it is not there; a failure event tells of it.
    pub fn banish(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        let mut registry = self.registry();
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
        .with("average_execution_time", json!(totals.2));
        let frame = self.inner.bus.emit_banish(name, count, time, emit)?;
        self.speak_of(name, &decision.as_ref().map(|_| ()).map_err(Clone::clone), VoiceMoment::Banish);
        decision?;
        Ok(answer("banished", self.card(&registry, name), frame.event().description.clone(), frame.seq()))
    }

    /// Lets a daemon perform a task. Goes on to its end, and tells of it, even if the caller leaves.
    ///
    /// # Errors
    /// If the daemon is not there, too many tasks are under way, or the daemon fails; a failure
    /// event tells of each.
    pub async fn invoke(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: Metadata,
    ) -> Result<CastAnswer, SpellFailure> {
        let (realm, name, task) = (self.clone(), name.clone(), task.to_owned());
        let performed = tokio::spawn(async move { realm.perform(&name, &task, parameters).await });
        performed
            .await
            .unwrap_or_else(|error| Err(SpellFailure::Faltered(format!("the invocation broke off: {error}"))))
    }

    async fn perform(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: Metadata,
    ) -> Result<CastAnswer, SpellFailure> {
        let parameters = Value::Object(parameters);
        let Ok(_permit) = self.inner.invocations.try_acquire() else {
            let refusal = Refusal::TooBusy(self.inner.config.invocations_max);
            return Err(self.refuse_invocation(name, task, parameters, refusal));
        };
        let number = match self.begin(name, task) {
            Ok(number) => number,
            Err(refusal) => return Err(self.refuse_invocation(name, task, parameters, refusal)),
        };
        let call_id = number.1;
        let started = Instant::now();
        let Performance { result, metadata } = self.conduit(name).perform(task).await;
        let execution_time = started.elapsed().as_secs_f64();

        let timed_out = metadata.contains_key("timed_out");
        let mut emit = match &result {
            Ok(_) => Emit::default(),
            Err(error) => Emit::failure(error),
        }
        .with("parameters", parameters)
        .with("invocation_number", json!(number.0))
        .with("call_id", json!(call_id));
        emit.metadata.extend(metadata);
        if self.inner.config.capture_content
            && let Ok(output) = &result
        {
            emit.metadata.insert("output".into(), shortened(output).into());
        }

        let mut registry = self.registry();
        registry.finish(name, result.is_ok(), execution_time);
        let frame = self.inner.bus.emit_invoke(name, task, execution_time, emit)?;
        let moment = if result.is_ok() { VoiceMoment::Invoke } else { VoiceMoment::Failure };
        self.voice(name, moment.line(), moment.as_str());
        let card = self.card(&registry, name);
        drop(registry);
        match result {
            Ok(output) => Ok(CastAnswer {
                result: Some(output),
                execution_time: Some(execution_time),
                ..answer("invoked", card, frame.event().description.clone(), frame.seq())
            }),
            Err(error) if timed_out => Err(SpellFailure::TimedOut(error)),
            Err(error) => Err(SpellFailure::Faltered(error)),
        }
    }

    /// Counts the invocation in and, where it may take a while, tells that work has begun.
    fn begin(&self, name: &DaemonName, task: &str) -> Result<(u64, String), Refusal> {
        let mut registry = self.registry();
        let number = registry.begin(name)?;
        let call_id = format!("{:016x}", rand::random::<u64>());
        if self.conduit(name).takes_time() {
            let emit = Emit {
                sync: Some(SyncDirectives::of_outcome(true).silent()),
                ..Emit::default()
                    .described(format!("✨ {} bends over the task... ✨", lore::shout(name)))
                    .with("query_type", json!("progress"))
                    .with("phase", json!("begin"))
                    .with("call_id", json!(call_id))
                    .with("task", json!(task))
            };
            // An announcement that is too large is not worth refusing the work.
            let _ = self.inner.bus.emit_reveal(Some(name), true, emit);
        }
        Ok((number, call_id))
    }

    fn refuse_invocation(
        &self,
        name: &DaemonName,
        task: &str,
        parameters: Value,
        refusal: Refusal,
    ) -> SpellFailure {
        let registry = self.registry();
        let emit = Emit::failure(&refusal.to_string())
            .with("parameters", parameters)
            .with("invocation_number", json!(0));
        let emit = emit.described(lore::unanswered(name, &refusal.to_string()));
        let emitted = self.inner.bus.emit_invoke(name, task, 0.0, emit);
        self.voice(name, VoiceMoment::Failure.line(), VoiceMoment::Failure.as_str());
        drop(registry);
        match emitted {
            Ok(_) => refusal.into(),
            Err(error) => error.into(),
        }
    }

    /// Every daemon, or only the present ones, and an event that somebody looked.
    pub fn daemons(&self, only_active: bool) -> Vec<DaemonCard> {
        let registry = self.registry();
        let mut cards: Vec<_> = registry.names().iter().map(|name| self.card(&registry, name)).collect();
        cards.retain(|card| card.is_active || !only_active);
        let query_type = if only_active { "active" } else { "all" };
        self.reveal(None, query_type, cards.len(), false, Emit::default());
        cards
    }

    /// One daemon, and an event that somebody looked; `None` if it was never heard of.
    pub fn daemon(&self, name: &DaemonName) -> Option<DaemonCard> {
        let registry = self.registry();
        let card = registry.card(name, self.inner.bus.color(name))?;
        let emit = Emit::default()
            .with("total_invocations", json!(card.total_invocations))
            .with("average_execution_time", json!(card.average_execution_time));
        self.reveal(Some(name), "state", 1, card.is_active, emit);
        Some(card)
    }

    /// Every daemon's statistics, and an event that somebody looked.
    pub fn statistics(&self) -> Vec<DaemonCard> {
        let registry = self.registry();
        let cards: Vec<_> = registry.names().iter().map(|name| self.card(&registry, name)).collect();
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

    /// Lets a daemon say something and waits until it was spoken, or narrates it.
    ///
    /// # Errors
    /// If the event cannot be emitted.
    pub async fn say(&self, name: &DaemonName, text: &str, event: &str) -> Result<VoiceAnswer, EmitError> {
        let (status, audio_path, seq) = match &self.inner.voice {
            None => ("narrated", None, self.narrate(name, text, event)?),
            Some(engine) => {
                let spoken = engine.speak(name, text).await;
                let status = if spoken.is_ok() { "spoken" } else { "narrated" };
                let seq = self.spoken(name, text, event, &spoken)?;
                (status, spoken.ok().map(|file| audio_path(&file)), seq)
            }
        };
        Ok(VoiceAnswer { status: status.into(), message: text.into(), audio_path, seq })
    }

    /// Where the voice engine's files are, if there is an engine.
    #[must_use]
    pub fn audio_dir(&self) -> Option<&std::path::Path> {
        self.inner.voice.as_ref().map(|_| self.inner.config.audio_dir.as_path())
    }

    fn speak_of(&self, name: &DaemonName, decision: &Result<(), Refusal>, moment: VoiceMoment) {
        let moment = if decision.is_ok() { moment } else { VoiceMoment::Failure };
        self.voice(name, moment.line(), moment.as_str());
    }

    /// Narrates at once, or has it spoken in the background: a spell never waits for its voice.
    fn voice(&self, name: &DaemonName, text: &'static str, event: &'static str) {
        if self.inner.voice.is_none() {
            if let Err(error) = self.narrate(name, text, event) {
                tracing::warn!(%error, daemon = %name, "voice event not emitted");
            }
            return;
        }
        let (realm, name) = (self.clone(), name.clone());
        tokio::spawn(async move {
            let Some(engine) = &realm.inner.voice else { return };
            let spoken = engine.speak(&name, text).await;
            if let Err(error) = realm.spoken(&name, text, event, &spoken) {
                tracing::warn!(%error, daemon = %name, "voice event not emitted");
            }
        });
    }

    fn narrate(&self, name: &DaemonName, text: &str, event: &str) -> Result<Seq, EmitError> {
        let emit = Emit::default()
            .with("event", json!(event))
            .with("tone", json!(lore::tone(name)))
            .with("narration", json!(true));
        Ok(self.inner.bus.emit_voice(name, text, emit)?.seq())
    }

    fn spoken(
        &self,
        name: &DaemonName,
        text: &str,
        event: &str,
        spoken: &Result<String, String>,
    ) -> Result<Seq, EmitError> {
        let (emit, description) = match spoken {
            Ok(file) => (Emit::default().with("audio_path", json!(audio_path(file))), text.to_owned()),
            Err(error) => (Emit::failure(error), format!("{text} [audio unavailable: {error}]")),
        };
        let emit = emit.with("event", json!(event)).with("tone", json!(lore::tone(name)));
        Ok(self.inner.bus.emit_voice(name, &description, emit)?.seq())
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

    fn conduit(&self, name: &DaemonName) -> &Conduit {
        static ECHO: Conduit = Conduit::Echo;
        self.inner.conduits.get(name).unwrap_or(&ECHO)
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner)
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

fn audio_path(file: &str) -> String {
    format!("arcane_audio/{file}")
}

fn answer(status: &str, daemon: DaemonCard, message: String, seq: Seq) -> CastAnswer {
    CastAnswer { status: status.into(), daemon, message, result: None, execution_time: None, seq }
}

/// At most [`CAPTURED_BYTES_MAX`] bytes, cut between characters.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(CAPTURED_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
