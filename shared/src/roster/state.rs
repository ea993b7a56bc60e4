//! One daemon of a roster.

use serde::{Deserialize, Serialize};

use super::ended::Ended;
use super::guard::{Budget, Looping};
use super::session::{SESSIONS_MAX, SessionState};
use super::sign::{LINE_CHARS_MAX, shortened};
use super::sums::Sums;
use super::{TOGETHER_MAX, WAITS_IN_ALL_MAX};
use crate::{DaemonName, Rgb, Seq, Timestamp};

/// What a daemon is doing, the most urgent first where several hold: waiting, failed, working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    /// It waits for a human.
    Waiting,
    /// A call failed, and since then none succeeded and nobody said that it was seen.
    Failed,
    /// A call has begun and not ended.
    Working,
    /// Present, and nothing of the above.
    Idle,
    /// Not in the realm.
    Gone,
}

impl Doing {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Working => "working",
            Self::Idle => "idle",
            Self::Gone => "gone",
        }
    }
}

/// A call that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Call {
    /// Joins its beginning and its end; absent where its publisher gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Box<str>>,
    /// What is to be done, in a line.
    pub task: Box<str>,
    /// When it began, on the bus's clock.
    pub since: Timestamp,
    /// The event that told of its beginning.
    pub seq: Seq,
    /// The session that it is of, see [`SessionState::id`]; absent where its publisher gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// Whether another call ran beside it: then only the end of what the daemon does, and not its next call, closes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beside: bool,
}

/// A wait for a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wait {
    /// The call that waits, if its publisher said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Box<str>>,
    /// The session that waits, see [`SessionState::id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// For what, in a line.
    pub reason: Box<str>,
    /// Since when, on the bus's clock.
    pub since: Timestamp,
    /// The event that told of it.
    pub seq: Seq,
    /// The request that it can be answered by, see `GET /requests/{id}`; absent where it is answered where the agent runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Box<str>>,
    /// When that request ends without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A failure that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// The session in which it failed, see [`SessionState::id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// What was to be done, in a line.
    pub task: Box<str>,
    /// Why it failed, in a line.
    pub error: Box<str>,
    /// When, on the bus's clock.
    pub at: Timestamp,
    /// The event that told of it.
    pub seq: Seq,
}

/// What a daemon of a room is doing, and what it has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonState {
    /// Its name.
    pub daemon_name: DaemonName,
    /// Its colour, as the latest event about it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Rgb>,
    /// What it is doing.
    pub doing: Doing,
    /// Since when it is present; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present_since: Option<Timestamp>,
    /// The latest sign of its life.
    pub heard_at: Timestamp,
    /// The event of that sign.
    pub heard_seq: Seq,
    /// What it last did or said, in a line; may be empty.
    pub last: Box<str>,
    /// The event that told of it.
    pub last_seq: Seq,
    /// Its sessions that are present, in the order in which they began; of a publisher that names none, none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionState>,
    /// Who last started it, if it is a subagent; also once it has gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<DaemonName>,
    /// Calls that have begun and not ended, in the order of their beginnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Digests of the calls that ended last: an end that is told again counts once.
    #[serde(default, skip_serializing_if = "Ended::is_empty")]
    pub ended: Ended,
    /// Whether its latest sign was the beginning of a call: then the next beginning is one beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_beginning: bool,
    /// Waits for a human that go on, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Wait>,
    /// Since when it waits without interruption; absent while it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// A failure that lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// A call that it makes again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looping: Option<Looping>,
    /// What was told of its budget of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Figures since it was last summoned.
    pub session: Sums,
    /// Figures of the day of its latest event, see `day`.
    pub today: Sums,
    /// That day: how many days after 1970-01-01, on the roster's calendar.
    pub day: i64,
    /// Figures since the roster began.
    pub all: Sums,
}

impl DaemonState {
    pub(super) fn new(daemon_name: DaemonName) -> Self {
        let began = Timestamp::from_unix_micros(0);
        Self {
            daemon_name,
            color: None,
            doing: Doing::Gone,
            present_since: None,
            heard_at: began,
            heard_seq: 0,
            last: Box::default(),
            last_seq: 0,
            sessions: Vec::new(),
            started_by: None,
            calls: Vec::new(),
            ended: Ended::default(),
            is_beginning: false,
            waiting: Vec::new(),
            waiting_since: None,
            failure: None,
            looping: None,
            budget: None,
            session: Sums::default(),
            today: Sums::default(),
            day: 0,
            all: Sums::default(),
        }
    }

    /// Whether it is in the realm.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.present_since.is_some()
    }

    /// Who started it, if it is a subagent: of the session that began last.
    #[must_use]
    pub fn parent(&self) -> Option<&DaemonName> {
        self.sessions.iter().rev().find_map(|session| session.parent_daemon.as_ref())
    }

    /// Figures of a day: none, if it has done nothing on it.
    #[must_use]
    pub fn on_day(&self, day: i64) -> Sums {
        if self.day == day { self.today } else { Sums::default() }
    }

    /// Makes all texts visible that are shown. Folding does so, too; what was folded elsewhere, or long ago, may not have.
    pub(super) fn show(&mut self) {
        let mut shown = vec![&mut self.last];
        shown.extend(self.calls.iter_mut().map(|call| &mut call.task));
        shown.extend(self.waiting.iter_mut().map(|wait| &mut wait.reason));
        if let Some(failure) = &mut self.failure {
            shown.extend([&mut failure.task, &mut failure.error]);
        }
        shown.extend(self.looping.as_mut().map(|looping| &mut looping.task));
        for session in &mut self.sessions {
            shown.extend(session.project.iter_mut().chain(&mut session.host).chain(&mut session.model));
        }
        for text in shown {
            if text.len() > LINE_CHARS_MAX || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                *text = shortened(text, LINE_CHARS_MAX);
            }
        }
    }

    /// Lets go of what folding would not have kept: a file may have more.
    pub(super) fn bound(&mut self) {
        self.calls.truncate(TOGETHER_MAX);
        self.waiting.truncate(WAITS_IN_ALL_MAX);
        self.sessions.truncate(SESSIONS_MAX);
        self.ended.bound();
    }

    pub(super) fn each_window(&mut self, add: impl Fn(&mut Sums)) {
        for sums in [&mut self.session, &mut self.today, &mut self.all] {
            add(sums);
        }
    }

    pub(super) fn settle(&mut self) {
        self.doing = if !self.is_present() {
            Doing::Gone
        } else if !self.waiting.is_empty() {
            Doing::Waiting
        } else if self.failure.is_some() {
            Doing::Failed
        } else if self.calls.is_empty() {
            Doing::Idle
        } else {
            Doing::Working
        };
    }
}
