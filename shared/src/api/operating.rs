//! Whether the server is there.

use serde::{Deserialize, Serialize};

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
    /// The server's clock has jumped, or cannot be known to be right: until when nothing is deleted for its age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
}
