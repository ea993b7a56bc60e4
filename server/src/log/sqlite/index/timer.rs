//! Ends a question that takes too long, wherever SQLite is in it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rusqlite::Connection;

use super::error::IndexError;
use crate::log::history::Allowance;

/// Steps of SQLite between two looks at the clock: some microseconds.
const STEPS: i32 = 200;

/// The time of the question that is being worked on, for the connections that work on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Timer(Arc<State>);

#[derive(Debug, Default)]
struct State {
    deadline: Mutex<Option<Instant>>,
    /// Whether a connection was stopped.
    ended: AtomicBool,
}

impl Timer {
    /// Makes a connection look at it.
    pub(super) fn watch(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let state = Arc::clone(&self.0);
        connection.progress_handler(
            STEPS,
            Some(move || {
                let deadline = *state.deadline.lock().unwrap_or_else(PoisonError::into_inner);
                let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                if is_over {
                    state.ended.store(true, Ordering::Relaxed);
                }
                is_over
            }),
        )
    }

    /// Works on a question for as long as it may take.
    ///
    /// # Errors
    /// If that is not enough.
    pub(super) fn run<T>(
        &self,
        time: &Allowance,
        ask: impl FnOnce() -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let begun = Instant::now();
        self.set(time.deadline(begun));
        let answer = ask();
        self.set(None);
        time.spend(begun.elapsed());
        // What is cut off in the middle may look like any error.
        let is_over = self.0.ended.swap(false, Ordering::Relaxed) && answer.is_err();
        if is_over { Err(IndexError::TooLong(time.whole())) } else { answer }
    }

    fn set(&self, deadline: Option<Instant>) {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ask(connection: &Connection, sql: &str) -> Result<i64, IndexError> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(IndexError::Index)
    }

    #[test]
    fn a_question_without_end_ends_and_the_next_one_has_its_own_time() {
        let (timer, mut connection) = (Timer::default(), Connection::open_in_memory().unwrap());
        timer.watch(&mut connection).unwrap();
        let endless = "WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n";
        let allowance = Allowance::of(Duration::from_millis(20));
        let ended = timer.run(&allowance, || ask(&connection, endless));
        assert!(matches!(ended, Err(IndexError::TooLong(_))), "{ended:?}");
        let long =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT max(i) FROM n";
        assert!(timer.run(&allowance, || ask(&connection, long)).is_err(), "nothing is left of it");
        assert_eq!(timer.run(&Allowance::default(), || ask(&connection, long)).unwrap(), 1000);
    }

    #[test]
    fn the_full_text_index_is_stopped_before_it_has_a_first_row() {
        let (timer, mut connection) = (Timer::default(), Connection::open_in_memory().unwrap());
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE words USING fts5(text, detail = full);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 60000)
                 INSERT INTO words SELECT 'rune' || i || ' and some more words' FROM n;",
            )
            .unwrap();
        timer.watch(&mut connection).unwrap();
        let sql = "SELECT rowid FROM words WHERE words MATCH 'r*' LIMIT 1";
        let ended = timer.run(&Allowance::of(Duration::from_nanos(1)), || ask(&connection, sql));
        assert!(matches!(ended, Err(IndexError::TooLong(_))), "{ended:?}");
        assert_eq!(timer.run(&Allowance::default(), || ask(&connection, sql)).unwrap(), 1);
    }
}
