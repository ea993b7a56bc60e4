//! Whether the server is there, and who it takes the one who asks for.

use serde::{Deserialize, Serialize};

use crate::{EventFilter, Timestamp};

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
    /// The listener that takes OpenTelemetry alone; missing where there is to be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp: Option<OtlpState>,
    /// The servers of NATS that keep the event log; missing where the server keeps it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogServers>,
    /// Whether the server shows invented agents at work; missing where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
}

/// Servers of NATS JetStream that keep the event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogServers {
    /// Their addresses, without users and passwords: `nats://10.0.0.1:4222`. Empty where tokens are wanted: anybody may read this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The version of the one that is connected, or was last.
    pub version: String,
    /// Whether one of them is connected.
    pub connected: bool,
    /// How many of them keep each room: 1 or 3.
    pub replicas: u64,
    /// What the names of streams, subjects and buckets begin with.
    pub prefix: String,
    /// What other nodes call this one, as long as its process lives.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// How many nodes share the log, as far as they were heard within 5 s, this one included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u64>,
    /// Whether each of them is known to write to its disk before it answers: then `ack=synced` is taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synced: bool,
    /// What works and should be otherwise, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A listener that takes OpenTelemetry alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtlpState {
    /// Where it listens, or should: `127.0.0.1:4318`.
    pub address: String,
    /// Why it does not: another program has the port, most likely. The server's own address takes OpenTelemetry as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
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
    /// The server's clock has jumped, or cannot be known to be right: until when nothing is deleted for its age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
}

/// Answer of `POST /login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// The token that the browser goes on with.
    pub token: String,
}

/// Answer of `GET /whoami`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhoAmIAnswer {
    /// Whose the token is, or the user of a trusted proxy; `anonymous` where nobody needs a token.
    pub subject: String,
    /// What the subject may do: `subscribe`, `publish`, `cast`, `answer`, `metrics`, `admin`.
    #[serde(default)]
    pub can: Vec<String>,
    /// Where: rooms' names, beginnings of names (`team-*`), or all (`*`).
    #[serde(default)]
    pub rooms: Vec<String>,
    /// Which events the subject gets; every event, if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub filter: Option<EventFilter>,
    /// When the token ends; missing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
