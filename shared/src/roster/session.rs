//! One session of a daemon: several runs of one agent are one daemon, and each of them has its own calls and waits.

use serde::{Deserialize, Serialize};

use super::sign::{DIGEST, digest};
use super::spent::Spent;
use super::sums::add;
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
    /// The id of the subagent that started it; absent where its agent did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_agent_id: Option<Box<str>>,
    /// The machine that it runs on, if its publisher said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Box<str>>,
    /// The last part of the folder that it works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Box<str>>,
    /// The model that it asks, as it was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<str>>,
    /// Tokens of its context that are in use, as its agent told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// Tokens that its context may have, as its agent told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<u64>,
    /// What it spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// What its subagents spent, and theirs, however deep; none of it is in `spent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagents: Option<Spent>,
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
    pub(super) parent_id: Option<Box<str>>,
    pub(super) model: Option<Box<str>>,
    pub(super) context_tokens: Option<u64>,
    pub(super) context_limit: Option<u64>,
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
            parent_agent_id: None,
            host: None,
            project: None,
            model: None,
            context_tokens: None,
            context_limit: None,
            spent: None,
            subagents: None,
            since,
            heard_at: since,
            heard_seq: 0,
        }
    }

    /// Takes a sign of its life.
    pub(super) fn hear(&mut self, of: &Membership, at: i64, seq: Seq) {
        self.heard_at = self.heard_at.max(Timestamp::from_unix_micros(at));
        self.heard_seq = seq;
        renew(&mut self.session, &of.session);
        renew(&mut self.host, &of.host);
        renew(&mut self.project, &of.project);
        renew(&mut self.model, &of.model);
        renew(&mut self.parent_agent_id, &of.parent_id);
        renew(&mut self.parent_daemon, &of.parent);
    }

    /// Takes what is told of what it spends, and of its context.
    pub(super) fn spend(&mut self, of: &Membership, spent: Spent) {
        add(&mut self.spent, spent);
        renew(&mut self.model, &of.model);
        renew(&mut self.context_tokens, &of.context_tokens);
        renew(&mut self.context_limit, &of.context_limit);
    }

    /// Whether it is the session of this id, or a part of it.
    pub(super) fn is_within(&self, session: &str) -> bool {
        let of = self.session.as_deref().unwrap_or(&self.id);
        is_same(Some(of), Some(session))
    }

    /// Takes out the words of events before one.
    pub(super) fn hush_before(&mut self, first: Seq) {
        if self.heard_seq >= first {
            return;
        }
        (self.host, self.project, self.model) = (None, None, None);
        let ids = [Some(&mut self.id), self.session.as_mut(), self.parent_agent_id.as_mut()];
        for id in ids.into_iter().flatten() {
            if !id.starts_with(DIGEST) {
                *id = digest(id);
            }
        }
    }
}

fn renew<T: Clone>(kept: &mut Option<T>, told: &Option<T>) {
    if told.is_some() {
        kept.clone_from(told);
    }
}

/// Whether two ids are of one session or call; one that is kept may be a digest.
pub(super) fn is_same(kept: Option<&str>, told: Option<&str>) -> bool {
    match (kept, told) {
        (Some(kept), Some(told)) if kept.starts_with(DIGEST) => *kept == *digest(told),
        (kept, told) => kept == told,
    }
}
