//! Who is present in a room, doing what, and what each daemon has done and spent: folded from events.
//!
//! The server folds every event of a room and gives the page its roster; the page folds on from there. Both use this
//! code, so at the same position both say the same. Pure: every time is the bus's own, and comes with the events.

mod amount;
mod days;
mod ended;
mod fold;
mod guard;
mod lineage;
mod session;
mod sign;
mod spent;
mod state;
mod sums;
mod value;
mod window;

use serde::{Deserialize, Deserializer, Serialize};

pub use amount::{Amount, Dollars, SECONDS_MAX, Seconds};
pub use days::DayFigures;
pub use ended::{ENDED_MAX, Ended};
pub use guard::{BUDGET, BUDGET_ENDS_AT, BUDGET_WARNS_AT, Budget, LOOP, LOOP_END, Looping, is_of_a_guard};
pub use session::{SESSIONS_MAX, SessionState};
pub use sign::{
    ACKNOWLEDGE, BEGIN, CALL_ID_CHARS_MAX, CallPart, END, ENRICH, FORGET, LINE_CHARS_MAX, PROGRESS, Sign,
    Spell,
};
pub use spent::{COST_USD_MAX, Spent, TOKENS_MAX};
pub use state::{Call, DaemonState, Doing, Failure, Wait};
pub use sums::Sums;
pub use window::{Figures, Window};

use crate::{DaemonName, Seq};

/// Most daemons of a roster. Beyond that the one gives way that is not present, or else was not heard of, for longest.
pub const DAEMONS_MAX: usize = 1_024;
/// Most open calls of a session, and of a daemon without sessions, that are kept one by one; beyond that the oldest counts as
/// ended.
pub const CALLS_MAX: usize = 8;
/// Most waits of a session, and of a daemon without sessions, that are kept one by one.
pub const WAITS_MAX: usize = 8;
/// Most open calls of all sessions of a daemon together, and as many waits as each daemon may have however many there are.
pub const TOGETHER_MAX: usize = 64;
/// Most waits of all daemons together, but for the 64 of each: of an agent in hundreds of sessions each wait is known.
pub const WAITS_IN_ALL_MAX: usize = 1_024;
/// A call that ran beside others and of which nothing was heard for so long is closed when the daemon begins another:
/// 120 seconds, in microseconds.
pub const SILENCE_MICROS: i64 = 120 * 1_000_000;

const MICROS_PER_MINUTE: i64 = 60 * 1_000_000;
const MINUTES_PER_DAY: i64 = 24 * 60;

/// The daemons of a room at one position.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Roster {
    /// The last event that is folded in.
    seq: Seq,
    /// Figures of all time are of events after this one: earlier ones had left the log, or were too many to be counted.
    after: Seq,
    /// The calendar of `today`: minutes that its clock is ahead of UTC.
    day_offset_minutes: i32,
    /// The daemons, in order of name.
    #[serde(deserialize_with = "in_order")]
    daemons: Vec<DaemonState>,
}

/// A call's id may hold words, too; its digest still tells it apart.
fn hide(hides: bool, call_id: &mut Option<Box<str>>) {
    if let Some(id) = call_id.as_deref().filter(|id| hides && !id.starts_with(sign::DIGEST)) {
        *call_id = Some(sign::digest(id));
    }
}

fn in_order<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DaemonState>, D::Error> {
    let daemons = Vec::<DaemonState>::deserialize(deserializer)?;
    let mut ordered: Vec<DaemonState> = Vec::with_capacity(daemons.len());
    // They come in order: each goes to the end at once. The library's sort would cost the page 3 KB.
    for mut daemon in daemons {
        daemon.show();
        daemon.bound();
        let place = ordered.partition_point(|other| other.daemon_name < daemon.daemon_name);
        // A file may have one twice.
        if ordered.get(place).is_none_or(|other| other.daemon_name != daemon.daemon_name) {
            ordered.insert(place, daemon);
        }
    }
    Ok(ordered)
}

impl Roster {
    /// A roster of events after a position, with a calendar so many minutes ahead of UTC.
    #[must_use]
    pub fn after(seq: Seq, day_offset_minutes: i32) -> Self {
        Self { seq, after: seq, day_offset_minutes, daemons: Vec::new() }
    }

    /// The last event that is folded in.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Figures of all time are of events after this one.
    #[must_use]
    pub fn begins_after(&self) -> Seq {
        self.after
    }

    /// Minutes that the calendar of `today` is ahead of UTC.
    #[must_use]
    pub fn day_offset_minutes(&self) -> i32 {
        self.day_offset_minutes
    }

    /// Every daemon, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &DaemonState> {
        self.daemons.iter()
    }

    /// Those in the realm, in order of name.
    pub fn present(&self) -> impl Iterator<Item = &DaemonState> {
        self.iter().filter(|daemon| daemon.is_present())
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&DaemonState> {
        self.daemons.get(self.find(name).ok()?)
    }

    /// Most waits of a daemon after the next event.
    fn waits_max(&self, name: &DaemonName) -> usize {
        let all: usize = self.daemons.iter().map(|daemon| daemon.waiting.len()).sum();
        let now = self.get(name.as_str()).map_or(0, |daemon| daemon.waiting.len());
        if all < WAITS_IN_ALL_MAX { usize::MAX } else { now.max(TOGETHER_MAX) }
    }

    /// Where a daemon is, or would be.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.daemons.binary_search_by(|daemon| daemon.daemon_name.as_str().cmp(name))
    }

    /// The day of a moment, Unix microseconds: how many days after 1970-01-01.
    #[must_use]
    pub fn day(&self, at: i64) -> i64 {
        let minutes = at.div_euclid(MICROS_PER_MINUTE) + i64::from(self.day_offset_minutes);
        minutes.div_euclid(MINUTES_PER_DAY)
    }

    /// Events are missing: figures of all time are of those after them.
    pub fn miss(&mut self, through: Seq) {
        self.after = self.after.max(through);
        self.seq = self.seq.max(through);
    }

    /// Takes the words out of what was told before an event: what was deleted from the log is readable nowhere.
    pub fn hush_before(&mut self, first: Seq) {
        for daemon in &mut self.daemons {
            let hushed = |seq: Seq, line: &mut Box<str>| {
                if seq < first {
                    *line = Box::default();
                }
            };
            hushed(daemon.last_seq, &mut daemon.last);
            for session in &mut daemon.sessions {
                session.hush_before(first);
            }
            for call in &mut daemon.calls {
                hushed(call.seq, &mut call.task);
                hide(call.seq < first, &mut call.call_id);
                hide(call.seq < first, &mut call.session);
            }
            for wait in &mut daemon.waiting {
                hushed(wait.seq, &mut wait.reason);
                hide(wait.seq < first, &mut wait.call_id);
                hide(wait.seq < first, &mut wait.session);
            }
            if let Some(failure) = &mut daemon.failure {
                hushed(failure.seq, &mut failure.task);
                hushed(failure.seq, &mut failure.error);
                hide(failure.seq < first, &mut failure.session);
            }
            if let Some(looping) = &mut daemon.looping {
                hushed(looping.seq, &mut looping.task);
                hide(looping.seq < first, &mut looping.session);
            }
        }
    }
}
