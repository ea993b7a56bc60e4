//! The ways of publishing.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// How events reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// POST on a connection that stays open.
    Http,
    /// Messages on a WebSocket.
    Ws,
    /// `PUB` of the NATS protocol.
    Nats,
    /// `XADD` of the Redis protocol.
    Redis,
    /// Not at all.
    None,
}

impl Way {
    /// The one of a name.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "http" => Self::Http,
            "ws" => Self::Ws,
            "nats" => Self::Nats,
            "redis" => Self::Redis,
            "none" => Self::None,
            other => bail!("events are published by http, ws, nats, redis or none, not {other:?}"),
        })
    }

    /// What is added to a request so that it is answered.
    pub(super) fn asks(self) -> &'static [u8] {
        if self == Self::Nats { b"PING\r\n" } else { b"" }
    }
}
