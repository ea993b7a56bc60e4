//! The past of a log in memory: everything is looked at.

use std::sync::Arc;
use std::time::Instant;

use arcane_shared::Timestamp;

use super::{MemoryLog, at_once};
use crate::event::PreparedFrame;
use crate::log::error::too_long;
use crate::log::history::{
    Activity, ActivityCounts, ActivityQuery, HistoryPage, HistoryQuery, LoggedEvent, Order, PAGE_BYTES_MAX,
    matches, scan, second, step_s,
};
use crate::log::retention::Held;
use crate::log::{Answer, Fault, History, LogError};

impl History for MemoryLog {
    fn page(&self, query: HistoryQuery) -> Answer<'_, HistoryPage> {
        at_once(self.page_of_history(&query))
    }

    fn activity(&self, query: ActivityQuery) -> Answer<'_, Activity> {
        at_once(self.count_activity(&query))
    }
}

impl MemoryLog {
    fn page_of_history(&self, query: &HistoryQuery) -> Result<HistoryPage, LogError> {
        let begun = Instant::now();
        let deadline = query.time.deadline(begun);
        let state = self.lock();
        let kept = state.room(query.room)?;
        let from = query.after.map_or(0, |after| kept.index_after(after));
        let to = query.before.map_or(kept.frames.len(), |before| kept.index_after(before.saturating_sub(1)));
        let to = if query.before == Some(0) { 0 } else { to };
        let range = kept.frames.range(from.min(to)..to);
        let passes = |frame: &&Arc<PreparedFrame>| {
            frame.passes(&query.filter) && query.text.as_ref().is_none_or(|search| matches(frame, search))
        };
        // Nothing passes any more once the time is over.
        let mut is_over = false;
        let mut looked_at = |frame: &&Arc<PreparedFrame>| {
            is_over |= deadline.is_some_and(|deadline| Instant::now() >= deadline);
            !is_over && passes(frame)
        };
        let found: Box<dyn Iterator<Item = &Arc<PreparedFrame>>> = match query.order {
            Order::Ascending => Box::new(range.filter(&mut looked_at)),
            Order::Descending => Box::new(range.rev().filter(&mut looked_at)),
        };
        let bytes_max = query.bytes_max.unwrap_or(PAGE_BYTES_MAX);
        let (mut frames, mut bytes, mut more) = (Vec::new(), 0, false);
        for frame in found {
            if frames.len() >= query.limit || bytes >= bytes_max {
                more = true;
                break;
            }
            bytes += frame.json().len();
            frames.push(frame);
        }
        query.time.spend(begun.elapsed());
        if is_over {
            return Err(LogError::new(Fault::TooLong, too_long(query.time.whole())));
        }
        let logged =
            |frame: &Arc<PreparedFrame>| LoggedEvent { seq: frame.seq(), json: frame.text().to_owned() };
        let Held { first, head, .. } = kept.held();
        let events = frames.into_iter().map(logged).collect();
        Ok(HistoryPage { epoch: kept.epoch.clone(), first, head, events, more })
    }

    fn count_activity(&self, query: &ActivityQuery) -> Result<Activity, LogError> {
        let state = self.lock();
        let kept = state.room(query.room)?;
        let at =
            |frame: Option<&Arc<PreparedFrame>>| frame.map(|frame| Timestamp::from_unix_micros(frame.at()));
        let (first_at, head_at) = (at(kept.frames.front()), at(kept.frames.back()));
        let (from, to) = (query.from.or(first_at).unwrap_or(query.to), query.to);
        let step_s = step_s(second(from), second(to), query.buckets);
        let stretch = |at: Timestamp| second(at) / step_s * step_s;
        let mut buckets: Vec<ActivityCounts> = Vec::new();
        for frame in &kept.frames {
            let begins = stretch(Timestamp::from_unix_micros(frame.at()));
            if begins < stretch(from) || begins > stretch(to) {
                continue;
            }
            scan::count(&mut buckets, begins, frame);
        }
        let Held { first, head, .. } = kept.held();
        Ok(Activity { epoch: kept.epoch.clone(), first, head, first_at, head_at, step_s, buckets })
    }
}
