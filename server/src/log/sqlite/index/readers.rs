//! Connections for questions: kept for the next one, and never more than a few.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::Connection;

use super::error::IndexError;
use super::schema::Files;
use super::timer::Timer;

/// Most questions that are answered at once. More than processors is no use; the rest waits.
const READERS_MAX: usize = 8;

/// Connections to both files.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) log: Connection,
    /// With the number of the file that it is a connection to.
    index: Option<(u64, Connection)>,
    /// Both connections look at it.
    pub(super) timer: Timer,
}

impl Reader {
    fn new(files: &Files) -> Result<Self, IndexError> {
        let (mut log, timer) = (files.log()?, Timer::default());
        timer.watch(&mut log).map_err(IndexError::Log)?;
        Ok(Self { log, index: None, timer })
    }

    /// Connections to the log, and to the index's file of this number.
    pub(super) fn both(
        &mut self,
        files: &Files,
        file: u64,
    ) -> Result<(&Connection, &Connection), IndexError> {
        let index = match self.index.take().filter(|(of, _)| *of == file) {
            Some((_, index)) => index,
            None => {
                let mut index = files.index()?;
                self.timer.watch(&mut index).map_err(IndexError::Index)?;
                index
            }
        };
        let (_, index) = self.index.insert((file, index));
        Ok((&self.log, index))
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Readers {
    files: Files,
    room_pins: Mutex<Pinned>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Pinned {
    free: Vec<Reader>,
    lent: usize,
}

impl Readers {
    pub(super) fn new(files: Files) -> Self {
        Self { files, room_pins: Mutex::default(), returned: Condvar::new() }
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Lends a reader to `ask`. Waits for one until the deadline.
    pub(super) fn with<T>(
        &self,
        deadline: Instant,
        ask: impl FnOnce(&mut Reader) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let loan = self.borrow(deadline)?;
        let mut reader = match loan.1 {
            Some(reader) => reader,
            None => Reader::new(&self.files)?,
        };
        let answer = ask(&mut reader);
        // After an error its connections may be in any state.
        if answer.is_ok() {
            self.lock().free.push(reader);
        }
        answer
    }

    fn borrow(&self, deadline: Instant) -> Result<(Loan<'_>, Option<Reader>), IndexError> {
        let mut room_pins = self.lock();
        while room_pins.lent >= READERS_MAX {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(IndexError::Busy);
            }
            room_pins = self.returned.wait_timeout(room_pins, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        room_pins.lent += 1;
        Ok((Loan(self), room_pins.free.pop()))
    }

    fn lock(&self) -> MutexGuard<'_, Pinned> {
        self.room_pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as lent until it is dropped, whatever happens to the question.
struct Loan<'a>(&'a Readers);

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.0.lock().lent -= 1;
        self.0.returned.notify_one();
    }
}
