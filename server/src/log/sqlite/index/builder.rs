//! The thread that keeps the index: what it does in which order, in batches.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::add::add;
use super::error::IndexError;
use super::forget::forget;
use super::notifier::Notifier;
use super::plan::{IndexedRoom, Step, next_step};
use super::schema::Files;
use super::source::{self, LoggedRoom};
use super::tables;

/// Most events that are added or removed with one commit: what a question or the end may have to wait for.
const BATCH_EVENTS: u64 = 16_384;
/// Most bytes of events of a batch, and how long it takes: what a question or the end may have to wait for.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH_TIME: Duration = Duration::from_millis(500);
/// Fewest events of a room in a batch, however many rooms have some.
const SHARE_EVENTS: u64 = 256;
/// After an error, which may be another program's and pass.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// When a question waits for what is not in the log.
const PAUSE_WHILE_AWAITED: Duration = Duration::from_millis(5);

/// Runs until the notifier says stop.
pub(super) fn run(files: &Files, notifier: &Notifier) {
    notifier.answer_here();
    let mut builder = None;
    let mut idle = false;
    while !notifier.stopped() {
        if idle && !notifier.collect() {
            return;
        }
        match turn(files, notifier, &mut builder) {
            Ok(did) => {
                if did == Did::Nothing && notifier.is_awaited() {
                    notifier.pause(PAUSE_WHILE_AWAITED);
                }
                // What came meanwhile is collected first, like what comes after a rest.
                idle = did != Did::Part;
            }
            Err(error) => {
                tracing::warn!(%error, "the index of the event log is not up to date");
                if error.is_damaged_index() {
                    notifier.report_damage();
                }
                builder = None;
                notifier.pause(PAUSE_AFTER_ERROR);
            }
        }
    }
}

/// How much of what there was to do a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Did {
    /// There was nothing.
    Nothing,
    /// More is left than came meanwhile.
    Part,
    /// All that there was.
    All,
}

/// One batch.
fn turn(files: &Files, notifier: &Notifier, builder: &mut Option<Builder>) -> Result<Did, IndexError> {
    if notifier.take_damage() {
        tracing::warn!("the index of the event log is damaged and made anew");
        *builder = None;
        files.remove()?;
    }
    let builder = match builder {
        Some(builder) => builder,
        none => {
            let opened = none.insert(Builder::open(files)?);
            notifier.opened();
            opened
        }
    };
    let did = builder.batch(|| notifier.stopped())?;
    if did != Did::Nothing {
        notifier.committed();
    }
    Ok(did)
}

struct Builder {
    log: Connection,
    index: Connection,
    /// The room that had the last turn: with more rooms than fit a batch, the next ones follow.
    last: i64,
}

impl Builder {
    fn open(files: &Files) -> Result<Self, IndexError> {
        let log = files.log()?;
        let index = files.index_of(&source::log_id(&log)?)?;
        index.set_prepared_statement_cache_capacity(32);
        Ok(Self { log, index, last: 0 })
    }

    /// Brings every room a bounded step forward.
    fn batch(&mut self, stopped: impl Fn() -> bool) -> Result<Did, IndexError> {
        let log = &self.log;
        let mut todo = todo(source::rooms(log)?, tables::rooms(&self.index).map_err(IndexError::Index)?);
        if todo.is_empty() {
            return Ok(Did::Nothing);
        }
        let next = todo.partition_point(|todo| todo.room <= self.last);
        todo.rotate_left(next);
        let share = (BATCH_EVENTS / todo.len() as u64).max(SHARE_EVENTS);
        let index = self.index.transaction().map_err(IndexError::Index)?;
        let rooms_max = usize::try_from(BATCH_EVENTS / SHARE_EVENTS).unwrap_or(1);
        let whole = todo.len() <= rooms_max && todo.iter().all(|todo| todo.is_last_step(share));
        let (began, mut bytes) = (Instant::now(), 0);
        let mut spend = |more| {
            bytes += more;
            bytes < BATCH_BYTES && began.elapsed() < BATCH_TIME && !stopped()
        };
        for todo in todo.into_iter().take(rooms_max) {
            self.last = todo.room;
            todo.step(log, &index, share, &mut spend)?;
            if !spend(0) {
                break;
            }
        }
        let whole = whole && spend(0);
        index.commit().map_err(IndexError::Index)?;
        Ok(if whole { Did::All } else { Did::Part })
    }
}

/// A room that is not up to date.
struct Todo {
    room: i64,
    step: Step,
    indexed: Option<IndexedRoom>,
    logged: Option<LoggedRoom>,
}

fn todo(logged: Vec<LoggedRoom>, indexed: Vec<IndexedRoom>) -> Vec<Todo> {
    let mut rooms: BTreeMap<i64, (Option<IndexedRoom>, Option<LoggedRoom>)> = BTreeMap::new();
    for room in indexed {
        let id = room.id;
        rooms.entry(id).or_default().0 = Some(room);
    }
    for room in logged {
        let id = room.id;
        rooms.entry(id).or_default().1 = Some(room);
    }
    let todo = rooms.into_iter().filter_map(|(room, (indexed, logged))| {
        next_step(indexed.as_ref(), logged.as_ref()).map(|step| Todo { room, step, indexed, logged })
    });
    todo.collect()
}

impl Todo {
    /// Whether the room is up to date afterwards, but for what comes meanwhile.
    fn is_last_step(&self, share: u64) -> bool {
        let (Step::Add(to), Some(room)) = (&self.step, &self.indexed) else { return false };
        *to <= room.indexed + share
    }

    fn step(
        self,
        log: &Connection,
        index: &Connection,
        share: u64,
        spend: &mut impl FnMut(usize) -> bool,
    ) -> Result<(), IndexError> {
        match (self.step, self.indexed, self.logged) {
            (Step::Begin(first), _, Some(LoggedRoom { id, epoch, .. })) => {
                let room = IndexedRoom { id, epoch, first, indexed: first.saturating_sub(1) };
                tables::drop_room(index, id)
                    .and_then(|()| tables::put_room(index, &room))
                    .map_err(IndexError::Index)
            }
            (Step::Forget(to), Some(mut room), _) => {
                let to = to.min(room.first + share);
                forget(index, &mut room, to).map_err(IndexError::Index)
            }
            (Step::Drop, Some(room), _) => tables::drop_room(index, room.id).map_err(IndexError::Index),
            (Step::Add(to), Some(mut room), _) => {
                let to = to.min(room.indexed + share);
                add(log, index, &mut room, to, spend)
            }
            // Steps name what they need.
            (Step::Begin(_) | Step::Forget(_) | Step::Drop | Step::Add(_), ..) => Ok(()),
        }
    }
}
