//! REST bodies. Requests name exactly what they take; answers may grow.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::daemon::DaemonCard;
use crate::{DaemonName, Epoch, Metadata, ReceivedEvent, RoomName, Seq};

/// An error answer (RFC 9457), `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind of problem and stays the same.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what would help.
    pub detail: String,
    /// Which parts of the body are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Spells that would have been understood; of the parser only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// One wrong part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body, or the name of the query parameter.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// Body of `POST /summon` and `POST /banish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonRequest {
    /// Whom.
    pub daemon_name: DaemonName,
}

/// Body of `POST /invoke`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvokeRequest {
    /// Whom.
    pub daemon_name: DaemonName,
    /// What to do, 1–8192 characters.
    pub task: String,
    /// Free parameters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub parameters: Metadata,
}

/// Body of `POST /spell/parse` and `POST /spell/cast`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpellRequest {
    /// Natural language, 1–2000 characters.
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

/// Answer of `GET /daemons` and `GET /daemons/active`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonsAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// How many.
    pub count: u64,
    /// In order of name, the three of the seed first.
    pub daemons: Vec<DaemonCard>,
}

/// Answer of `GET /events/recent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecentAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// How many follow.
    pub count: u64,
    /// Oldest first.
    pub events: Vec<ReceivedEvent>,
}

/// Answer of `POST /events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishAnswer {
    /// `published`.
    pub status: String,
    /// Where.
    pub room: RoomName,
    /// The run of numbers that each `seq` belongs to.
    pub epoch: Epoch,
    /// What is true of the events by now: `received`.
    pub ack: String,
    /// One for each event, in their order.
    pub events: Vec<Published>,
}

/// One published event's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Published {
    /// Its number in the room.
    pub seq: Seq,
}

/// One room in the answer of `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomCard {
    /// Its name.
    pub room: RoomName,
    /// Its run of numbers.
    pub epoch: Epoch,
    /// Its latest event, 0 before the first.
    pub seq: Seq,
    /// Who listens.
    pub subscribers: u64,
    /// Events in memory.
    pub history_size: u64,
    /// Events in the last ten seconds, per second.
    pub events_per_second: f64,
}

/// Answer of `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomsAnswer {
    /// `success`.
    pub status: String,
    /// In order of name.
    pub rooms: Vec<RoomCard>,
}

/// Answer of `GET /events/stats`. The first five fields are the seed's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatsAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// Over all rooms.
    pub subscribers: u64,
    /// Events in the room's history.
    pub history_size: u64,
    /// Whether the bus accepts events.
    pub active: bool,
    /// Per room.
    pub rooms: Vec<RoomCard>,
    /// Events by spell since the start.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub events_by_spell: Metadata,
    /// Deliveries that a reader missed because it was too slow, since the start.
    pub skipped_deliveries: u64,
}

/// Answer of `GET /spell/examples`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExamplesAnswer {
    /// `success`.
    pub status: String,
    /// Spells that the parser understands, by what they do.
    pub examples: Vec<ExampleGroup>,
    /// The names and aliases that it knows.
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoiceRequest {
    /// Who speaks.
    pub daemon_name: DaemonName,
    /// What, 1–2000 characters.
    #[serde(default)]
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

/// One event as a publisher sends it: what is missing is filled in by the server.
///
/// `seq` and `room` are ignored here: the bus numbers, and the query names the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishEvent {
    /// One of the six spells.
    pub spell_name: String,
    /// Who; may be missing or null.
    #[serde(default)]
    pub daemon_name: Option<String>,
    /// When; missing: now.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// Missing: true.
    #[serde(default)]
    pub success: Option<bool>,
    /// Missing: written by the server.
    #[serde(default)]
    pub description: Option<String>,
    /// An object.
    #[serde(default)]
    pub metadata: Option<Value>,
}

/// Answer of `GET /daemons/{name}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// The daemon.
    pub daemon: DaemonCard,
}

/// Answer of `GET /statistics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsAnswer {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// How many daemons are here.
    pub active_daemons: u64,
    /// Invocations ever.
    pub total_invocations: u64,
    /// How many of them failed.
    pub failed_invocations: u64,
    /// Seconds spent on them.
    pub total_execution_time: f64,
    /// Each daemon's own.
    pub daemons: Vec<DaemonCard>,
}

/// Answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthAnswer {
    /// `healthy`.
    pub status: String,
    /// Of the server.
    pub version: String,
    /// Seconds since the start.
    pub uptime_s: f64,
    /// Over all rooms.
    pub subscribers: u64,
}

/// Answer of `GET /ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadyAnswer {
    /// Whether new work is welcome.
    pub ready: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
