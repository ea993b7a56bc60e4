//! The settings of `arcane serve` about how much a subject may do, and which proxies are believed.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::config::{LimitsConfig, ProxyConfig};
use crate::gate::rights::Right;
use crate::gate::scope::RoomPattern;

/// Connections of one address where not everybody may do everything: an office behind one address has fewer.
const CONNECTIONS_PER_ADDRESS: u32 = 1000;

/// Lines of the log where not everybody may do everything: some 2 GB a day at most, and several times what honest clients lead to.
const LOG_LINES_PER_S: u32 = 200;

/// What users of a proxy may where nothing is said.
const USER_CAN: [Right; 2] = [Right::Subscribe, Right::Cast];
/// And where.
const USER_ROOMS: &str = "*";

/// How much one subject may do, and all together.
#[derive(Debug, Clone, Args)]
pub(super) struct LimitFlags {
    /// Most connections of one address at a time, of IPv6 of one network; 0 is no bound. Without it 1000 where there are keys.
    #[arg(long, env = "ARCANE_MAX_CONNECTIONS_PER_ADDRESS")]
    max_connections_per_address: Option<u32>,
    /// Events that one subject may publish, a second; 0 is no bound. Without it 5000 where there are keys, otherwise no bound.
    #[arg(long, env = "ARCANE_MAX_EVENTS_PER_S")]
    max_events_per_s: Option<u32>,
    /// Bytes of JSON that one subject may publish, a second. Without it 8 MiB where there are keys.
    #[arg(long, env = "ARCANE_MAX_BYTES_PER_S")]
    max_bytes_per_s: Option<u32>,
    /// Spells that one subject may cast, a second. Without it 20 where there are keys.
    #[arg(long, env = "ARCANE_MAX_SPELLS_PER_S")]
    max_spells_per_s: Option<u32>,
    /// Messages that one subject may send over WebSockets, a second, besides publications. Without it 100 where there are keys.
    #[arg(long, env = "ARCANE_MAX_MESSAGES_PER_S")]
    max_messages_per_s: Option<u32>,
    /// Rooms that one subject may be the first to open, a minute. Without it 20 where there are keys.
    #[arg(long, env = "ARCANE_MAX_NEW_ROOMS_PER_MIN")]
    max_new_rooms_per_min: Option<u32>,
    /// Names of daemons that the server does not know and one subject may publish or call, a minute. Without it 120 where there are keys.
    #[arg(long, env = "ARCANE_MAX_NEW_DAEMONS_PER_MIN")]
    max_new_daemons_per_min: Option<u32>,
    /// Streams of events that one subject may read at a time. Without it 200 where there are keys.
    #[arg(long, env = "ARCANE_MAX_STREAMS")]
    max_streams: Option<u32>,
    /// Replays among them. Without it 4 where there are keys.
    #[arg(long, env = "ARCANE_MAX_REPLAYS")]
    max_replays: Option<u32>,
    /// Readers that one room has at a time, whoever they are; 0 is no bound. Without it 10000 where there are keys.
    #[arg(long, env = "ARCANE_MAX_READERS_PER_ROOM")]
    max_readers_per_room: Option<u32>,
    /// Questions to the log that one subject may ask at a time; others wait. Without it 4 where there are keys.
    #[arg(long, env = "ARCANE_MAX_QUERIES")]
    max_queries: Option<u32>,
    /// Seconds that one question to the log may be worked on; 0 is no bound. Without it 5 where there are keys, otherwise 30.
    #[arg(long, env = "ARCANE_MAX_QUERY_S")]
    max_query_s: Option<u32>,
    /// Lines of the log on standard error, a second; what is left out is counted and said. 0 is no bound. Without it 200 where there are keys.
    #[arg(long, env = "ARCANE_MAX_LOG_LINES_PER_S")]
    max_log_lines_per_s: Option<u32>,
}

/// Which proxies are believed, and what their users may.
#[derive(Debug, Clone, Args)]
pub(super) struct ProxyFlags {
    /// Addresses of proxies that are believed, comma-separated: for whom they ask (X-Forwarded-For), and with --user-header who is logged in.
    #[arg(long, env = "ARCANE_TRUSTED_PROXY", value_delimiter = ',')]
    trusted_proxy: Vec<IpAddr>,
    /// Header in which such a proxy names the user whose login it has checked, for example X-Remote-User.
    #[arg(long, env = "ARCANE_USER_HEADER")]
    user_header: Option<String>,
    /// What such users may, comma-separated: subscribe, publish, cast, answer, metrics, admin. Without it subscribe and cast.
    #[arg(long, env = "ARCANE_USER_CAN", value_delimiter = ',')]
    user_can: Vec<Right>,
    /// Rooms of such users, comma-separated: names, beginnings (team-*), or all (*). Without it all.
    #[arg(long, env = "ARCANE_USER_ROOMS", value_delimiter = ',')]
    user_rooms: Vec<RoomPattern>,
}

impl LimitFlags {
    /// Most connections of one address; 0 is no bound.
    pub(super) fn connections_per_address(&self, has_keys: bool) -> usize {
        let default = if has_keys { CONNECTIONS_PER_ADDRESS } else { 0 };
        self.max_connections_per_address.unwrap_or(default) as usize
    }

    /// Most lines of the log, a second; 0 is no bound.
    pub(super) fn log_lines_per_s(&self, has_keys: bool) -> u32 {
        self.max_log_lines_per_s.unwrap_or(if has_keys { LOG_LINES_PER_S } else { 0 })
    }

    pub(super) fn config(&self, has_keys: bool) -> LimitsConfig {
        let default = if has_keys { LimitsConfig::of_strangers() } else { LimitsConfig::none() };
        LimitsConfig {
            events_per_s: self.max_events_per_s.unwrap_or(default.events_per_s),
            bytes_per_s: self.max_bytes_per_s.unwrap_or(default.bytes_per_s),
            spells_per_s: self.max_spells_per_s.unwrap_or(default.spells_per_s),
            messages_per_s: self.max_messages_per_s.unwrap_or(default.messages_per_s),
            new_rooms_per_min: self.max_new_rooms_per_min.unwrap_or(default.new_rooms_per_min),
            new_daemons_per_min: self.max_new_daemons_per_min.unwrap_or(default.new_daemons_per_min),
            streams: self.max_streams.unwrap_or(default.streams),
            replays: self.max_replays.unwrap_or(default.replays),
            readers_per_room: self.max_readers_per_room.unwrap_or(default.readers_per_room),
            queries: self.max_queries.unwrap_or(default.queries),
            query_time: self.max_query_s.map_or(default.query_time, |s| Duration::from_secs(s.into())),
        }
    }
}

impl ProxyFlags {
    /// What is believed.
    ///
    /// # Errors
    /// If a setting is there without the one that it is about. Looked at here and not where the command line is read: settings come from
    /// the environment and from a file as well.
    pub(super) fn config(&self) -> anyhow::Result<ProxyConfig> {
        for (name, is_given) in
            [("--user-can", !self.user_can.is_empty()), ("--user-rooms", !self.user_rooms.is_empty())]
        {
            if is_given && !self.has_users() {
                bail!(
                    "{name} is about the users whom a trusted proxy names: say in which header with --user-header, \
                     X-Remote-User for example, or leave {name} out"
                );
            }
        }
        if self.has_users() && self.trusted_proxy.is_empty() {
            bail!(
                "--user-header is believed of trusted proxies alone: name their addresses with --trusted-proxy"
            );
        }
        let can = if self.user_can.is_empty() { &USER_CAN[..] } else { &self.user_can };
        let mut rooms: Vec<String> = self.user_rooms.iter().map(ToString::to_string).collect();
        if rooms.is_empty() {
            rooms.push(USER_ROOMS.into());
        }
        Ok(ProxyConfig {
            addresses: self.trusted_proxy.clone(),
            user_header: self.user_header.clone(),
            user_can: can.iter().map(|right| right.as_str().to_owned()).collect(),
            user_rooms: rooms,
        })
    }

    /// Whether users are known by a proxy.
    pub(super) fn has_users(&self) -> bool {
        self.user_header.is_some()
    }
}
