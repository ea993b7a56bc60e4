//! Configuration: one documented struct per concern, read once.

mod base_path;
mod bus;
mod daily_budget;
mod file;
mod host_name;
mod limits;
mod loop_after;
mod maps;
mod nats;
mod near;
mod net;
mod network;
mod notify;
mod origin;
mod prices;
mod proxy;
mod public_url;
mod realm;
mod rules;

use std::path::PathBuf;

pub(crate) use base_path::Below;
pub use base_path::{BasePath, BasePathError};
pub use bus::{BusConfig, Retention};
pub use daily_budget::{BudgetSetting, DailyBudget, NoBudget};
pub use file::{ConfigFile, FileError};
pub use host_name::{HostName, HostNameError};
pub use limits::LimitsConfig;
pub use loop_after::{LoopAfter, NoLoopAfter};
pub(crate) use maps::in_words;
pub use maps::{Condition, MapRule, Maps, Part, Pointer, Said, Success, WrongRule};
pub use nats::NatsConfig;
pub(crate) use near::nearest;
pub use net::{NetConfig, TlsFiles};
pub use network::network_of;
pub use notify::{
    Delivery, Notify, NotifyTarget, NotifyUrl, Occasion, Placeholder, Priority, Service, Template,
};
pub use origin::{Origin, OriginError};
pub use prices::{Prices, Tokens, WrongPrice};
pub use proxy::ProxyConfig;
pub use public_url::{PublicUrl, PublicUrlError};
pub use realm::{ConduitKind, DaemonConfig, NoVariable, RealmConfig, VariableName, VoiceConfig};
pub(crate) use rules::too_many;
pub use rules::{
    Against, Answer, CommandPrefix, Decision, Past, PathPattern, Question, RULES_MAX, Rehearsal, Rule,
    RuleCount, Rules, Subject, Suggestion, Verdict, WrongKey, decide, rehearse, suggest,
};

/// Everything a server needs to know.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Memory and rooms.
    pub bus: BusConfig,
    /// Connections.
    pub net: NetConfig,
    /// Whose tokens are taken; `None`: nobody needs one.
    pub keys: Option<KeysConfig>,
    /// The proxies in front of the server that are believed.
    pub proxy: ProxyConfig,
    /// How much each subject may do.
    pub limits: LimitsConfig,
    /// Daemons.
    pub realm: RealmConfig,
    /// How the JSON of programs that nobody knows becomes events: `[[ingest.map]]`.
    pub maps: Maps,
    /// Whom the server tells of what needs a human: `[[notify]]`.
    pub notify: Notify,
    /// How often an agent makes one call, each time with one result, before that is told.
    pub loop_after: LoopAfter,
    /// What models cost whose agents do not say so: `[prices]`, and the shipped table.
    pub prices: Prices,
    /// Which questions of agents are answered without a person: `[[rules]]`.
    pub rules: Rules,
    /// Where the page comes from.
    pub dashboard: Dashboard,
    /// Where the event log is; `None`: in memory.
    pub data_dir: Option<PathBuf>,
    /// The servers that keep the event log instead, so that other nodes share it.
    pub log: Option<NatsConfig>,
    /// Whether invented agents are shown at work in the default room, again and again.
    pub demo: bool,
    /// Whether the dashboard speaks in plain words where its viewer has not chosen.
    pub plain: bool,
}

/// Whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysConfig {
    /// A JWK Set with the keys that sign and verify, and with what was revoked. It is reread when it changes.
    pub file: PathBuf,
    /// What a token's `aud` must have.
    pub audience: String,
}

/// Where the dashboard's files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Dashboard {
    /// In this folder, as `cargo xtask` builds it.
    Folder(PathBuf),
    /// In the binary.
    #[default]
    Embedded,
    /// Nowhere: a server on its own.
    Off,
}
