//! Casting: requests and answers of the realm.

use serde::{Deserialize, Serialize};

use crate::daemon::DaemonCard;
use crate::{DaemonName, Metadata, Seq, lenient};

/// Body of `POST /summon` and `POST /banish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonRequest {
    /// Whom.
    pub daemon_name: DaemonName,
}

/// Body of `POST /invoke`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvokeRequest {
    /// Whom.
    pub daemon_name: DaemonName,
    /// What to do, 1–8192 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 8192, pattern = r"\S"))]
    pub task: String,
    /// Free parameters.
    #[serde(default, deserialize_with = "crate::verbatim::metadata")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub parameters: Metadata,
}

/// Body of `POST /spell/parse` and `POST /spell/cast`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpellRequest {
    /// Natural language, 1–2000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2000, pattern = r"\S"))]
    pub spell: String,
}

/// Answer of `POST /summon`, `/invoke` and `/banish`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CastAnswer {
    /// `summoned`, `invoked` or `banished`.
    pub status: String,
    /// The daemon afterwards.
    pub daemon: DaemonCard,
    /// The event's sentence.
    pub message: String,
    /// What the conduit answered; of `invoke` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Seconds; of `invoke` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_time: Option<f64>,
    /// The event's number in the room.
    pub seq: Seq,
    /// The caster may not see what is made of all events: the daemon's figures are left out, and stand at nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub figures_withheld: bool,
}

/// What every answer of `POST /spell/cast` has, whatever the spell was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpellAnswer {
    /// What was done, in a word.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// The event's sentence.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: Option<String>,
    /// What the conduit answered; of `invoke` only.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// What a spell in natural language asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpellAction {
    /// Bring a daemon into the realm.
    Summon,
    /// Give a daemon a task.
    Invoke,
    /// Send a daemon away.
    Banish,
    /// Look at one daemon, the present ones, or all.
    Query,
}

/// A spell that was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParsedSpell {
    /// What it asks for.
    pub action: SpellAction,
    /// Of whom; `None` for a query about all.
    pub daemon: Option<DaemonName>,
    /// What to do; of `invoke` only.
    pub task: Option<String>,
    /// What followed `with`.
    #[serde(deserialize_with = "crate::verbatim::metadata")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub parameters: Metadata,
    /// How sure the parser is, 0.0–1.0.
    pub confidence: f64,
    /// What was typed.
    pub raw_input: String,
    /// Where its parts stand, in order, without overlap.
    pub spans: Vec<Span>,
}

/// Where a part of a spell stands in what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// Which part.
    pub kind: SpanKind,
    /// First UTF-16 code unit, as JavaScript counts.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// The parts of a spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// The word that says what to do.
    Action,
    /// The daemon's name or alias.
    Daemon,
    /// The task.
    Task,
    /// One `name=value`.
    Parameter,
}

/// Answer of `POST /spell/parse`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParseAnswer {
    /// `parsed`.
    pub status: String,
    /// What was understood.
    pub spell: ParsedSpell,
}

/// Answer of `GET /spell/examples`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExamplesAnswer {
    /// `success`.
    pub status: String,
    /// Spells that the parser understands, by what they do.
    #[serde(deserialize_with = "lenient::list")]
    pub examples: Vec<ExampleGroup>,
    /// The names and aliases that it knows.
    #[serde(deserialize_with = "lenient::list")]
    pub daemons: Vec<DaemonAliases>,
}

/// Example spells of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExampleGroup {
    /// What they do.
    pub action: SpellAction,
    /// As one would type them.
    pub spells: Vec<String>,
}

/// A daemon's other names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonAliases {
    /// The daemon.
    pub daemon_name: DaemonName,
    /// What else it answers to.
    pub aliases: Vec<String>,
}

/// Body of `POST /voice`: a text, or a lifecycle event whose line is spoken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoiceRequest {
    /// Who speaks.
    pub daemon_name: DaemonName,
    /// What, 1–2000 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2000, pattern = r"\S"))]
    pub text: Option<String>,
    /// `summon`, `invoke`, `banish` or `failure`.
    #[serde(default)]
    pub event: Option<String>,
}

/// Answer of `POST /voice`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoiceAnswer {
    /// `spoken` or `narrated`.
    pub status: String,
    /// What was said.
    pub message: String,
    /// Where the sound is; `None` when narrated.
    pub audio_path: Option<String>,
    /// The event's number in the room.
    pub seq: Seq,
}
