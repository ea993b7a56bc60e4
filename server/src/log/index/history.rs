//! A page of a room's history.

use std::ops::ControlFlow;

use arcane_shared::{Epoch, EventFilter, Seq};

use super::candidates::Candidates;
use super::error::IndexError;
use super::mark::Wanted;
use super::place::{Order, SEQ_MAX, Stretch, row};
use super::readers::Reader;
use super::source::{self, Flow, LoggedEvent, LoggedRoom};
use super::text::Search;
use super::words;

/// A page ends with the event that reaches this many bytes, however few events it has.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct HistoryQuery {
    /// The room's number in the log.
    pub room_id: i64,
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

impl HistoryQuery {
    /// Whether the log alone can answer.
    pub(super) fn is_plain(&self) -> bool {
        self.filter.is_empty() && self.text.is_none()
    }

    fn stretch(&self, room: &LoggedRoom) -> Stretch {
        let after = self.after.map_or(0, |after| after.saturating_add(1));
        let before = self.before.map_or(SEQ_MAX, |before| before.saturating_sub(1));
        // Before event 0 is nothing, not event 0.
        let low = if self.before == Some(0) { SEQ_MAX } else { room.first.max(after).max(1) };
        Stretch { room: self.room_id, low, high: room.head.min(before), order: self.order }
    }
}

/// Events until the page is full, and whether there was one more.
struct Page {
    events: Vec<LoggedEvent>,
    bytes: usize,
    limit: usize,
    bytes_max: usize,
    more: bool,
}

impl Page {
    fn new(query: &HistoryQuery) -> Self {
        Self {
            events: Vec::new(),
            bytes: 0,
            limit: query.limit,
            bytes_max: query.bytes_max.unwrap_or(PAGE_BYTES_MAX),
            more: false,
        }
    }

    fn take(&mut self, event: LoggedEvent) -> Flow {
        if self.events.len() >= self.limit || self.bytes >= self.bytes_max {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.bytes += event.json.len();
        self.events.push(event);
        ControlFlow::Continue(())
    }

    fn of(self, room: LoggedRoom) -> HistoryPage {
        HistoryPage {
            epoch: Epoch(room.epoch),
            first: room.first,
            head: room.head,
            events: self.events,
            more: self.more,
        }
    }
}

/// A page for which the log is enough.
pub(super) fn plain(reader: &Reader, query: &HistoryQuery) -> Result<HistoryPage, IndexError> {
    let log = reader.log.unchecked_transaction().map_err(IndexError::Log)?;
    let room = source::room(&log, query.room_id)?;
    let stretch = query.stretch(&room);
    let mut page = Page::new(query);
    if !stretch.is_empty() {
        source::each(&log, stretch, |event| page.take(event))?;
    }
    Ok(page.of(room))
}

/// A page for which the index proposes and the log decides. Both have to be of one moment.
pub(super) fn chosen(
    log: &rusqlite::Connection,
    index: &rusqlite::Connection,
    room: LoggedRoom,
    query: &HistoryQuery,
) -> Result<HistoryPage, IndexError> {
    let stretch = query.stretch(&room);
    let mut page = Page::new(query);
    if !stretch.is_empty() {
        let words = query.text.as_ref().map(|search| words::expression(index, search));
        let words = words.transpose().map_err(IndexError::Index)?;
        let wanted = (!query.filter.is_empty()).then(|| Wanted::new(&query.filter));
        Candidates { index, stretch, wanted, words }.each(|seq| {
            let event = source::event(log, row(query.room_id, seq), &query.filter)?;
            Ok(event.map_or(ControlFlow::Continue(()), |event| page.take(event)))
        })?;
    }
    Ok(page.of(room))
}
