//! Who acts: daemons and what is known of them.

use serde::{Deserialize, Serialize};

use crate::name::{NAME_LEN_MAX, checked_name, is_name_char};
use crate::roster::{SessionState, Sums, Wait};
use crate::{Rgb, Timestamp};

checked_name! {
    /// The name of a daemon: 1–64 of `[a-z0-9._-]`, lower case.
    DaemonName
}

impl DaemonName {
    /// The name that is meant by a text: characters that no name has become dashes, and what is too long is cut off.
    #[must_use]
    pub fn mended(text: &str) -> Option<Self> {
        let dashed = |c: char| if is_name_char(c) { c } else { '-' };
        Self::parse(text).ok().or_else(|| {
            let name: String =
                text.trim().to_ascii_lowercase().chars().map(dashed).take(NAME_LEN_MAX).collect();
            Self::parse(&name).ok()
        })
    }
}

/// A daemon as REST answers and the dashboard show it.
///
/// Durations are seconds, as in the seed's statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonCard {
    /// Its name.
    pub daemon_name: DaemonName,
    /// Whether it is present in the realm.
    pub is_active: bool,
    /// Its title, for example "Keeper of Logic and Reason".
    pub role: String,
    /// What it is good at, in a few words.
    pub domain: String,
    /// The model behind it; `None` where nobody said.
    pub model: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Its colour, decided by the server.
    pub color: Rgb,
    /// When it was last summoned; `None` while it is not present.
    pub summoned_at: Option<Timestamp>,
    /// Invocations since it was last summoned.
    pub invocation_count: u64,
    /// Seconds spent on them.
    pub total_time: f64,
    /// Invocations ever.
    pub total_invocations: u64,
    /// How many of them failed.
    pub failed_invocations: u64,
    /// Seconds spent ever.
    pub total_execution_time: f64,
    /// `total_execution_time / total_invocations`; 0.0 before the first.
    pub average_execution_time: f64,
    /// Whether only events that a publisher told say that it is here, or was: the realm can banish it, and gives it tasks
    /// once it was summoned here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub published: bool,
    /// Since when it waits for a human without interruption; absent while it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// For what, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Wait>,
    /// Its sessions that are present: the context of each, and what it spent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionState>,
    /// What events tell of it since midnight, on the server's calendar; absent if that is nothing.
    #[serde(default, skip_serializing_if = "Sums::is_none")]
    pub today: Sums,
    /// What events tell of it since the room's roster began; absent if that is nothing.
    #[serde(default, skip_serializing_if = "Sums::is_none")]
    pub all: Sums,
}

impl DaemonCard {
    /// What is said of it to a reader who may not see what is made of all events: who it is, and nothing that it has done.
    #[must_use]
    pub fn without_figures(self) -> Self {
        Self {
            summoned_at: None,
            invocation_count: 0,
            total_time: 0.0,
            total_invocations: 0,
            failed_invocations: 0,
            total_execution_time: 0.0,
            average_execution_time: 0.0,
            published: false,
            waiting_since: None,
            waiting: Vec::new(),
            sessions: Vec::new(),
            today: Sums::default(),
            all: Sums::default(),
            ..self
        }
    }
}
