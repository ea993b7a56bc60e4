//! Questions about the past of a log without an index: its events are read, page by page, within the time that a question has.

use std::sync::Arc;
use std::time::Instant;

use arcane_shared::{Seq, SpellName, Timestamp};

use super::{
    Activity, ActivityCounts, ActivityQuery, Allowance, HistoryPage, HistoryQuery, LoggedEvent, Order,
    PAGE_BYTES_MAX, matches, second, step_s,
};
use crate::event::PreparedFrame;
use crate::log::error::too_long;
use crate::log::{EventLog, Fault, LogError, PageRequest, RoomRecord};

/// Events that are read at once.
const READ_EVENTS: u64 = 512;
/// Bytes that are read at once, give or take an event.
const READ_BYTES: usize = 4 << 20;

/// What is left of a question's time.
struct Time<'q> {
    begun: Instant,
    deadline: Option<Instant>,
    allowance: &'q Allowance,
}

impl<'q> Time<'q> {
    fn begin(allowance: &'q Allowance) -> Self {
        let begun = Instant::now();
        Self { begun, deadline: allowance.deadline(begun), allowance }
    }

    fn check(&self) -> Result<(), LogError> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(LogError::new(Fault::TooLong, too_long(self.allowance.whole())));
        }
        Ok(())
    }
}

impl Drop for Time<'_> {
    fn drop(&mut self) {
        self.allowance.spend(self.begun.elapsed());
    }
}

/// A page of a room's history.
///
/// # Errors
/// If the log cannot be read, or that takes longer than it may.
pub(crate) async fn page(
    log: &dyn EventLog,
    room: RoomRecord,
    query: &HistoryQuery,
) -> Result<HistoryPage, LogError> {
    let time = Time::begin(&query.time);
    let mut low = query.after.map_or(room.first, |after| after.saturating_add(1)).max(room.first);
    let mut high = query.before.map_or(room.head, |before| before.saturating_sub(1)).min(room.head);
    let bytes_max = query.bytes_max.unwrap_or(PAGE_BYTES_MAX);
    let (mut events, mut bytes) = (Vec::new(), 0);
    let mut more = false;
    'reading: while low <= high && query.before != Some(0) {
        time.check()?;
        let frames = match query.order {
            Order::Ascending => {
                let through = high.min(low.saturating_add(READ_EVENTS - 1));
                let frames = read(log, &room, low, through).await?;
                low = frames.last().map_or(through, |frame| frame.seq()) + 1;
                frames
            }
            Order::Descending => {
                let from = low.max((high + 1).saturating_sub(READ_EVENTS));
                let mut frames = read_whole(log, &room, from, high).await?;
                frames.reverse();
                high = from - 1;
                frames
            }
        };
        let passes = |frame: &&Arc<PreparedFrame>| {
            frame.passes(&query.filter) && query.text.as_ref().is_none_or(|search| matches(frame, search))
        };
        for frame in frames.iter().filter(passes) {
            if events.len() >= query.limit || bytes >= bytes_max {
                more = true;
                break 'reading;
            }
            bytes += frame.json().len();
            events.push(LoggedEvent { seq: frame.seq(), json: frame.text().to_owned() });
        }
    }
    let RoomRecord { epoch, first, head, .. } = room;
    Ok(HistoryPage { epoch, first, head, events, more })
}

/// How much happened when in a room.
///
/// # Errors
/// If the log cannot be read, or that takes longer than it may.
pub(crate) async fn activity(
    log: &dyn EventLog,
    room: RoomRecord,
    query: &ActivityQuery,
) -> Result<Activity, LogError> {
    let time = Time::begin(&query.time);
    let first_at = first_at(log, &room).await?;
    let head_at = (room.head >= room.first).then(|| Timestamp::from_unix_micros(room.at));
    let (from, to) = (query.from.or(first_at).unwrap_or(query.to), query.to);
    let step_s = step_s(second(from), second(to), query.buckets);
    let stretch = |at: Timestamp| second(at) / step_s * step_s;
    let mut buckets: Vec<ActivityCounts> = Vec::new();
    let begin = i64::try_from(stretch(from)).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let mut low = log.before(room.id, begin).await?.saturating_add(1).max(room.first);
    'reading: while low <= room.head {
        time.check()?;
        let through = room.head.min(low + READ_EVENTS - 1);
        let frames = read(log, &room, low, through).await?;
        low = frames.last().map_or(through, |frame| frame.seq()) + 1;
        for frame in &frames {
            let begins = stretch(Timestamp::from_unix_micros(frame.at()));
            if begins > stretch(to) {
                break 'reading;
            }
            if begins >= stretch(from) {
                count(&mut buckets, begins, frame);
            }
        }
    }
    let RoomRecord { epoch, first, head, .. } = room;
    Ok(Activity { epoch, first, head, first_at, head_at, step_s, buckets })
}

async fn first_at(log: &dyn EventLog, room: &RoomRecord) -> Result<Option<Timestamp>, LogError> {
    let frames = read(log, room, room.first, room.first).await?;
    Ok(frames.first().map(|frame| Timestamp::from_unix_micros(frame.at())))
}

/// Counts an event in the stretch that begins at a second.
pub(crate) fn count(buckets: &mut Vec<ActivityCounts>, begins: u64, frame: &PreparedFrame) {
    let at = Timestamp::from_unix_micros(begins.cast_signed().saturating_mul(1_000_000));
    if buckets.last().is_none_or(|bucket| bucket.at < at) {
        let by_spell = [0; SpellName::ALL.len()];
        buckets.push(ActivityCounts { at, seq: frame.seq(), events: 0, failures: 0, by_spell });
    }
    if let Some(bucket) = buckets.last_mut() {
        bucket.events += 1;
        bucket.failures += u64::from(!frame.success());
        bucket.by_spell[frame.spell_name() as usize] += 1;
    }
}

/// Events of a stretch, as many as come at once.
async fn read(
    log: &dyn EventLog,
    room: &RoomRecord,
    from: Seq,
    through: Seq,
) -> Result<Vec<Arc<PreparedFrame>>, LogError> {
    if from > through {
        return Ok(Vec::new());
    }
    let events_max = usize::try_from(through - from + 1).unwrap_or(usize::MAX);
    let request = PageRequest { after: from.saturating_sub(1), through, events_max, bytes_max: READ_BYTES };
    Ok(log.read(room.id, request).await?.frames)
}

/// All events of a stretch.
async fn read_whole(
    log: &dyn EventLog,
    room: &RoomRecord,
    from: Seq,
    through: Seq,
) -> Result<Vec<Arc<PreparedFrame>>, LogError> {
    let (mut all, mut next) = (Vec::new(), from);
    while next <= through {
        let frames = read(log, room, next, through).await?;
        let Some(last) = frames.last() else { break };
        next = last.seq() + 1;
        all.extend(frames);
    }
    Ok(all)
}
