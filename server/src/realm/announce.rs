//! The six typed ways to announce what happened.

use arcane_shared::{DaemonName, Metadata, Seq, SpellName, SyncDirectives};
use serde_json::json;

use crate::bus::{ArcaneEventBus, EmitError, Emitted, Record, Submission};
use crate::intake::{self, Draft};
use crate::lore;

/// What all six have in common, with the seed's defaults: a success, described by the realm.
#[derive(Debug, Clone)]
pub struct Emit {
    /// Whether it worked.
    pub success: bool,
    /// A sentence; `None`: the words of the lore.
    pub description: Option<String>,
    /// Goes before what the helper adds, and wins over it.
    pub metadata: Metadata,
    /// How it is shown; `None`: as the choreography says.
    pub sync: Option<SyncDirectives>,
    /// State that is kept together with the event or not at all.
    pub records: Vec<Record>,
    /// Of a decision, where other processes decide as well: the latest one that it knows of.
    pub decided_on: Option<Seq>,
}

impl Default for Emit {
    fn default() -> Self {
        Self {
            success: true,
            description: None,
            metadata: Metadata::new(),
            sync: None,
            records: Vec::new(),
            decided_on: None,
        }
    }
}

impl Emit {
    /// A failure with its reason in `metadata.error`.
    #[must_use]
    pub fn failure(error: &str) -> Self {
        Self { success: false, ..Self::default() }.with("error", json!(error))
    }

    /// With one more metadata field.
    #[must_use]
    pub fn with(mut self, key: &str, value: serde_json::Value) -> Self {
        self.metadata.insert(key.into(), value);
        self
    }

    /// With state that is kept together with it.
    #[must_use]
    pub fn remembering(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    /// As a decision that was made on this one.
    pub(super) fn decided_on(self, decided_on: Option<Seq>) -> Self {
        Self { decided_on, ..self }
    }

    /// With its own sentence.
    #[must_use]
    pub fn described(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }
}

/// The sentence of a banishment for who may not see what the daemon has done.
pub(crate) fn farewell(daemon: &DaemonName) -> String {
    lore::banish(daemon, None, true)
}

impl ArcaneEventBus {
    /// A daemon appeared in the realm.
    ///
    /// # Errors
    /// If the event is larger than one may be.
    pub fn emit_summon(&self, daemon: &DaemonName, emit: Emit) -> Result<Emitted, EmitError> {
        self.announce(SpellName::Summon, Some(daemon), Metadata::new(), emit)
    }

    /// A daemon performed a task in `execution_time` seconds.
    ///
    /// # Errors
    /// If the event is larger than one may be.
    pub fn emit_invoke(
        &self,
        daemon: &DaemonName,
        task: &str,
        execution_time: f64,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        let mut metadata = Metadata::new();
        metadata.insert("task".into(), task.into());
        metadata.insert("execution_time".into(), execution_time.max(0.0).into());
        self.announce(SpellName::Invoke, Some(daemon), metadata, emit)
    }

    /// A daemon left the realm after `invocation_count` tasks that took `total_time` seconds.
    ///
    /// # Errors
    /// If the event is larger than one may be.
    pub fn emit_banish(
        &self,
        daemon: &DaemonName,
        invocation_count: u64,
        total_time: f64,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        let mut metadata = Metadata::new();
        metadata.insert("invocation_count".into(), invocation_count.into());
        metadata.insert("total_time".into(), total_time.into());
        self.announce(SpellName::Banish, Some(daemon), metadata, emit)
    }

    /// A daemon, or all of them, were looked at.
    ///
    /// # Errors
    /// If the event is larger than one may be.
    pub fn emit_reveal(
        &self,
        daemon: Option<&DaemonName>,
        is_active: bool,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        let mut metadata = Metadata::new();
        if daemon.is_some() {
            metadata.insert("is_active".into(), is_active.into());
        }
        self.announce(SpellName::Reveal, daemon, metadata, emit)
    }

    /// Natural language was read as a spell, or could not be.
    ///
    /// # Errors
    /// If the event is larger than one may be.
    pub fn emit_parse(
        &self,
        spell_text: &str,
        success: bool,
        parsed_action: Option<&str>,
        daemon: Option<&DaemonName>,
    ) -> Result<Emitted, EmitError> {
        let mut metadata = Metadata::new();
        metadata.insert("spell_text".into(), spell_text.into());
        metadata.insert("parsed_action".into(), parsed_action.unwrap_or("unknown").into());
        self.announce(SpellName::Parse, daemon, metadata, Emit { success, ..Emit::default() })
    }

    /// A daemon speaks: `emit.metadata` says whether by sound or by narration.
    ///
    /// # Errors
    /// If the event is larger than one may be.
    pub fn emit_voice(
        &self,
        daemon: &DaemonName,
        description: &str,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        self.announce(SpellName::Voice, Some(daemon), Metadata::new(), emit.described(description))
    }

    fn announce(
        &self,
        spell_name: SpellName,
        daemon: Option<&DaemonName>,
        own: Metadata,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        let mut metadata = own;
        metadata.extend(emit.metadata);
        let draft = Draft {
            spell_name,
            daemon_name: daemon.cloned(),
            timestamp: None,
            success: emit.success,
            description: emit.description,
            metadata,
            directives: emit.sync,
        };
        let Emit { records, decided_on, .. } = emit;
        intake::emit(
            self,
            &self.default_room(),
            draft,
            Submission { records, decided_on, ..Submission::default() },
        )
    }
}
