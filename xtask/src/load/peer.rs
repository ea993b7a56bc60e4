//! The servers that are compared, and how a client speaks to each.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::frame::Opcode;
use super::way::Way;

/// A server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Peer {
    /// This project, with its log.
    Arcane,
    /// This project without its log.
    Ephemeral,
    /// `Bun.serve`: uWebSockets.
    Bun,
    /// nats-server through its WebSocket listener.
    Nats,
    /// A C program that writes to one client after the other.
    Raw,
    /// Redis, which keeps events in a stream and is asked for none.
    Redis,
    /// Three nodes of this project on three nats-servers.
    Cluster,
    /// The same on servers that write to the disk before they acknowledge.
    Synced,
    /// A stream of three nats-servers without nodes. The rig speaks to it, not this program.
    Jetstream,
}

impl Peer {
    /// In the order of the tables.
    pub(crate) const ALL: [Self; 9] = [
        Self::Arcane,
        Self::Ephemeral,
        Self::Bun,
        Self::Nats,
        Self::Raw,
        Self::Redis,
        Self::Cluster,
        Self::Synced,
        Self::Jetstream,
    ];
    /// Those beside which one server is measured.
    pub(crate) const OF_ONE_SERVER: [Self; 6] =
        [Self::Arcane, Self::Ephemeral, Self::Bun, Self::Nats, Self::Raw, Self::Redis];
    /// Those beside which a cluster is measured.
    pub(crate) const OF_A_CLUSTER: [Self; 4] = [Self::Arcane, Self::Cluster, Self::Synced, Self::Jetstream];

    /// As one types it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arcane => "arcane",
            Self::Ephemeral => "ephemeral",
            Self::Bun => "bun",
            Self::Nats => "nats",
            Self::Raw => "raw",
            Self::Redis => "redis",
            Self::Cluster => "cluster",
            Self::Synced => "synced",
            Self::Jetstream => "jetstream",
        }
    }

    /// The one of a name.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|peer| peer.name() == name);
        let names = || Self::ALL.map(Self::name).join(", ");
        found.with_context(|| format!("there is no peer {name:?}: {}", names()))
    }

    /// Path of the WebSocket on which readers listen.
    pub(crate) fn stream_path(self) -> &'static str {
        match self {
            Self::Arcane | Self::Ephemeral | Self::Cluster | Self::Synced => "/ws/events?recent=0",
            Self::Bun | Self::Nats | Self::Raw | Self::Redis | Self::Jetstream => "/",
        }
    }

    /// Path of the WebSocket on which a publisher speaks and, but for answers, hears nothing.
    pub(crate) fn publisher_path(self) -> &'static str {
        match self {
            Self::Arcane | Self::Ephemeral | Self::Cluster | Self::Synced => {
                "/ws/events?recent=0&daemon=nobody-of-this-name"
            }
            Self::Bun | Self::Nats | Self::Raw | Self::Redis | Self::Jetstream => "/publish",
        }
    }

    /// Path that takes events by POST.
    pub(crate) fn events_path(self) -> &'static str {
        match self {
            Self::Arcane | Self::Ephemeral | Self::Cluster | Self::Synced => "/events",
            Self::Bun | Self::Nats | Self::Raw | Self::Redis | Self::Jetstream => "/publish",
        }
    }

    /// What a client says first.
    pub(crate) fn greeting(self) -> Option<(Opcode, &'static [u8])> {
        let subscribe = b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB events 1\r\nPING\r\n";
        (self == Self::Nats).then_some((Opcode::Binary, subscribe))
    }

    /// What the server says as soon as no event can pass the client by.
    pub(crate) fn ready(self) -> &'static [u8] {
        match self {
            Self::Arcane | Self::Ephemeral | Self::Cluster | Self::Synced => b"\"type\":\"connection\"",
            Self::Bun | Self::Raw | Self::Redis | Self::Jetstream => b"listening",
            Self::Nats => b"PONG",
        }
    }

    /// Whether it is this project.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Arcane | Self::Ephemeral | Self::Cluster | Self::Synced)
    }

    /// Whether the rig starts it.
    pub(crate) fn is_of_the_rig(self) -> bool {
        matches!(self, Self::Cluster | Self::Synced | Self::Jetstream)
    }

    /// How events are published unless somebody says otherwise.
    pub(crate) fn way(self) -> Way {
        match self {
            Self::Nats => Way::Nats,
            Self::Redis => Way::Redis,
            Self::Jetstream => Way::None,
            Self::Arcane | Self::Ephemeral | Self::Cluster | Self::Synced | Self::Bun | Self::Raw => {
                Way::Http
            }
        }
    }
}
