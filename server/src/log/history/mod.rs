//! What may be asked of a log's past, and the answers: plain data.
//!
//! A log that can answer implements [`super::History`]; how it finds the answer is its own affair.

mod activity;
mod allowance;
mod matching;
pub(crate) mod scan;
mod search;

use arcane_shared::{Epoch, EventFilter, Seq};

pub(crate) use activity::second;
pub use activity::{Activity, ActivityCounts, ActivityQuery, step_s};
pub use allowance::Allowance;
pub(crate) use matching::matches;
pub(crate) use search::Term;
pub use search::{SEARCH_LEN_MAX, SEARCH_TERMS_MAX, Search, SearchError};

use super::RoomId;

/// A page ends with the event that reaches this many bytes, however few events it has.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// In which order a page goes through the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    #[default]
    Ascending,
    /// Latest first.
    Descending,
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct HistoryQuery {
    /// The room's number in the log.
    pub room: RoomId,
    /// Only events after this one.
    pub after: Option<Seq>,
    /// Only events before this one.
    pub before: Option<Seq>,
    /// At most so many.
    pub limit: usize,
    /// The event that reaches this many bytes is the last one, however few there are; [`PAGE_BYTES_MAX`] if `None`.
    pub bytes_max: Option<usize>,
    /// From which end.
    pub order: Order,
    /// What passes.
    pub filter: EventFilter,
    /// Words that must stand in description, task or daemon.
    pub text: Option<Search>,
    /// How long it may be worked on.
    pub time: Allowance,
}

impl HistoryQuery {
    /// Whether a log can answer without an index: it is asked for all events of a range.
    pub(crate) fn is_plain(&self) -> bool {
        self.filter.is_empty() && self.text.is_none()
    }
}

/// The answer: of one moment, even while events come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The run of numbers that every `seq` here belongs to.
    pub epoch: Epoch,
    /// The oldest event that is kept; `head + 1` if none is.
    pub first: Seq,
    /// The latest event.
    pub head: Seq,
    /// In the order that was asked for.
    pub events: Vec<LoggedEvent>,
    /// Whether there are more after the last of them.
    pub more: bool,
}

/// An event as it is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its number.
    pub seq: Seq,
    /// Its JSON, exactly as subscribers got it.
    pub json: String,
}
