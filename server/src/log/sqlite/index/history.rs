//! A page of a room's history.

use std::ops::ControlFlow;

use arcane_shared::Epoch;

use super::candidates::Candidates;
use super::error::IndexError;
use super::mark::Wanted;
use super::readers::Reader;
use super::row_range::{RowRange, SEQ_MAX, row};
use super::source::{self, Flow, LoggedRoom};
use super::words;
use crate::log::history::{HistoryPage, HistoryQuery, LoggedEvent, PAGE_BYTES_MAX};

impl HistoryQuery {
    fn range(&self, room: &LoggedRoom) -> RowRange {
        let after = self.after.map_or(0, |after| after.saturating_add(1));
        let before = self.before.map_or(SEQ_MAX, |before| before.saturating_sub(1));
        // Before event 0 is nothing, not event 0.
        let low = if self.before == Some(0) { SEQ_MAX } else { room.first.max(after).max(1) };
        RowRange { room: i64::from(self.room), low, high: room.head.min(before), order: self.order }
    }
}

/// Events until the page is full, and whether there was one more.
struct PageBuilder {
    events: Vec<LoggedEvent>,
    bytes: usize,
    limit: usize,
    bytes_max: usize,
    more: bool,
}

impl PageBuilder {
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
    let room = source::room(&log, i64::from(query.room))?;
    let range = query.range(&room);
    let mut page = PageBuilder::new(query);
    if !range.is_empty() {
        source::each(&log, range, |event| page.take(event))?;
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
    let range = query.range(&room);
    let mut page = PageBuilder::new(query);
    if !range.is_empty() {
        let words = query.text.as_ref().map(|search| words::expression(index, search));
        let words = words.transpose().map_err(IndexError::Index)?;
        let wanted = (!query.filter.is_empty()).then(|| Wanted::new(&query.filter));
        Candidates { index, range, wanted, words }.each(|seq| {
            let event = source::event(log, row(i64::from(query.room), seq), &query.filter)?;
            Ok(event.map_or(ControlFlow::Continue(()), |event| page.take(event)))
        })?;
    }
    Ok(page.of(room))
}
