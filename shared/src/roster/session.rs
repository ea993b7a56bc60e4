//! One session of a daemon: several runs of one agent are one daemon, and each of them has its own calls and waits.

use serde::{Deserialize, Serialize};

use super::sign::{DIGEST, digest};
use crate::{DaemonName, Seq, Timestamp};

/// Most sessions of a daemon that are kept one by one; beyond that the one that was not heard of for longest gives way.
pub const SESSIONS_MAX: usize = 64;

/// A session of a daemon that is present: one run of an agent, or one subagent of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionState {
    /// What tells it apart among the daemon's: the subagent's id, or that of the session.
    pub id: Box<str>,
    /// The agent's session that a subagent is a part of; absent where `id` is the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// Who started it, if it is a subagent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_daemon: Option<DaemonName>,
    /// The machine that it runs on, if its publisher said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Box<str>>,
    /// The last part of the folder that it works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Box<str>>,
    /// When it began, on the bus's clock.
    pub since: Timestamp,
    /// The latest sign of its life.
    pub heard_at: Timestamp,
    /// The event of that sign.
    pub heard_seq: Seq,
}

/// The session that an event is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) id: Box<str>,
    pub(super) session: Option<Box<str>>,
    pub(super) parent: Option<DaemonName>,
    pub(super) host: Option<Box<str>>,
    pub(super) project: Option<Box<str>>,
    /// How many sessions the daemon has after the event, if its publisher said.
    pub(super) manifestations: Option<u64>,
}

impl SessionState {
    pub(super) fn begin(of: &Membership, at: i64) -> Self {
        let since = Timestamp::from_unix_micros(at);
        Self {
            id: of.id.clone(),
            session: None,
            parent_daemon: None,
            host: None,
            project: None,
            since,
            heard_at: since,
            heard_seq: 0,
        }
    }

    /// Takes a sign of its life.
    pub(super) fn hear(&mut self, of: &Membership, at: i64, seq: Seq) {
        self.heard_at = self.heard_at.max(Timestamp::from_unix_micros(at));
        self.heard_seq = seq;
        let renew = |kept: &mut Option<Box<str>>, told: &Option<Box<str>>| {
            if told.is_some() {
                kept.clone_from(told);
            }
        };
        renew(&mut self.session, &of.session);
        renew(&mut self.host, &of.host);
        renew(&mut self.project, &of.project);
        if of.parent.is_some() {
            self.parent_daemon.clone_from(&of.parent);
        }
    }

    /// Takes out the words of events before one.
    pub(super) fn hush_before(&mut self, first: Seq) {
        if self.heard_seq >= first {
            return;
        }
        (self.host, self.project) = (None, None);
        for id in [Some(&mut self.id), self.session.as_mut()].into_iter().flatten() {
            if !id.starts_with(DIGEST) {
                *id = digest(id);
            }
        }
    }
}

/// Whether two ids are of one session or call; one that is kept may be a digest.
pub(super) fn is_same(kept: Option<&str>, told: Option<&str>) -> bool {
    match (kept, told) {
        (Some(kept), Some(told)) if kept.starts_with(DIGEST) => *kept == *digest(told),
        (kept, told) => kept == told,
    }
}
