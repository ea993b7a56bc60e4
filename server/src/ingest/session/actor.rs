//! Who acts in a session: its main agent, or a subagent. Plain data.

use std::collections::{HashMap, VecDeque};

use arcane_shared::{DaemonName, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::sign::Call;
use super::loops::Loops;
use super::waits::Waits;

/// Most calls of an actor that are open at a time; beyond that the oldest is told to be over.
pub(super) const OPEN_MAX: usize = 32;
/// Most calls that are over and remembered, so that what is told of them again counts once.
pub(super) const DONE_MAX: usize = 256;
/// How many sessions and subagents of each daemon are present.
pub(super) type Presence = HashMap<DaemonName, u64>;

/// Where an actor is between its beginning and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Nothing was told of it.
    New,
    /// It is in the realm.
    Present,
    /// It ended: when, by the agent's clock and by ours.
    Ended { order: Option<Timestamp>, at: Timestamp },
}

/// What goes on between a prompt and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Turn {
    /// Something goes on, or may.
    Running,
    /// It ended, or failed, and nothing came since.
    Over,
    /// It ended, as another process has told. What came to that process since and was no event is not known: the agent may have gone on by
    /// itself, so that another answer is none that was told.
    OverElsewhere,
}

/// A call that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    /// The agent's id, or one that was made for it.
    pub(super) id: Box<str>,
    /// The agent gave the id.
    pub(super) is_named: bool,
    pub(super) call: Call,
    pub(super) task: Box<str>,
    pub(super) since: Timestamp,
    /// When it began, by what orders signs.
    pub(super) order: Option<Timestamp>,
    /// The turn in which it began, where the agent names turns.
    pub(super) turn: Option<Box<str>>,
}

/// A call that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Box<str>>,
    pub(super) print: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<Timestamp>,
    /// It was told to have ended well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_well: bool,
    /// It was denied from elsewhere; its agent has not said so. If it ends well, it was made after all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_assumed: bool,
}

/// The main agent of a session, or a subagent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Actor {
    pub(super) daemon: DaemonName,
    /// Its id, if it is a subagent.
    pub(super) agent: Option<Box<str>>,
    /// Who started it: daemon, and id if that is a subagent, too.
    pub(super) parent: Option<(DaemonName, Option<Box<str>>)>,
    pub(super) stage: Stage,
    pub(super) turn: Turn,
    /// When the latest prompt of a human came, by our clock.
    pub(super) turn_since: Timestamp,
    pub(super) open: Vec<Open>,
    pub(super) done: VecDeque<Done>,
    pub(super) waits: Waits,
    /// What it makes again and again.
    pub(super) loops: Loops,
    /// Calls that ended, and how many seconds they took.
    pub(super) invocations: u64,
    pub(super) seconds: f64,
    /// The latest sign, by what orders them.
    pub(super) latest: Option<Timestamp>,
    /// The latest sign that closed everything.
    pub(super) settled: Option<Timestamp>,
    /// The latest sign, by our clock.
    pub(super) heard: Timestamp,
    /// Its silence was told.
    pub(super) is_silent: bool,
    /// Numbers for calls without an id.
    pub(super) next: u64,
}

impl Actor {
    pub(super) fn new(daemon: DaemonName, agent: Option<Box<str>>, now: Timestamp) -> Self {
        Self {
            daemon,
            agent,
            parent: None,
            stage: Stage::New,
            turn: Turn::Over,
            turn_since: now,
            open: Vec::new(),
            done: VecDeque::new(),
            waits: Waits::default(),
            loops: Loops::default(),
            invocations: 0,
            seconds: 0.0,
            latest: None,
            settled: None,
            heard: now,
            is_silent: false,
            next: 0,
        }
    }

    pub(super) fn is_present(&self) -> bool {
        self.stage == Stage::Present
    }

    /// Whether a sign came after others that were sent later.
    pub(super) fn is_stale(order: Option<Timestamp>, than: Option<Timestamp>) -> bool {
        order.zip(than).is_some_and(|(order, than)| order < than)
    }

    /// Nothing goes on any more.
    pub(super) fn settle(&mut self, order: Option<Timestamp>) {
        self.open.clear();
        self.waits.clear();
        self.settled = self.settled.max(order);
        self.turn = Turn::Over;
    }
}
