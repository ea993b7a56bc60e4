//! What can be wrong with a question to the index.

use std::time::Duration;

use arcane_shared::Seq;

use crate::log::error::too_long;
use crate::log::{Fault, LogError};

/// Why the index has no answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The log knows no such room.
    #[error("the event log has no room number {0}")]
    NoRoom(i64),
    /// Events were committed that the index has not read yet, and waiting for it took too long.
    #[error("the index of the event log has come to event {indexed} of {head}; try again soon")]
    Behind {
        /// How far it is.
        indexed: Seq,
        /// How far it has to be.
        head: Seq,
    },
    /// As many questions as may be asked at once are being answered, and waiting for them took too long.
    #[error("too many questions about the event log at once; try again soon")]
    Busy,
    /// Working on it takes longer than it may.
    #[error("{}", too_long(*.0))]
    TooLong(Duration),
    /// An event is not what was written.
    #[error("event {0} is damaged in the event log")]
    DamagedEvent(Seq),
    /// `events.db` cannot be read.
    #[error("cannot read the event log: {0}")]
    Log(#[source] rusqlite::Error),
    /// `index.db` cannot be read or written.
    #[error("cannot use the index of the event log: {0}")]
    Index(#[source] rusqlite::Error),
    /// `index.db` cannot be removed, to be made anew.
    #[error("cannot make the index of the event log anew: {0}")]
    Remove(#[source] std::io::Error),
    /// The index's thread could not be started.
    #[error("cannot start the thread of the event log's index: {0}")]
    Thread(#[source] std::io::Error),
}

impl IndexError {
    /// Whether `index.db` is not what was written. It can be made anew, so this passes by itself.
    #[must_use]
    pub fn is_damaged_index(&self) -> bool {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Index(error) = self else { return false };
        // What cannot be read as what it is was not written by this version.
        match error.sqlite_error_code() {
            Some(code) => matches!(code, DatabaseCorrupt | NotADatabase),
            None => {
                matches!(
                    error,
                    FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..)
                )
            }
        }
    }
}

impl From<IndexError> for LogError {
    fn from(error: IndexError) -> Self {
        let fault = match &error {
            IndexError::Behind { .. } | IndexError::Busy | IndexError::Index(_) | IndexError::Remove(_) => {
                Fault::Behind
            }
            IndexError::NoRoom(_) => Fault::NoRoom,
            IndexError::TooLong(_) => Fault::TooLong,
            IndexError::DamagedEvent(_) => Fault::Damaged,
            IndexError::Log(_) | IndexError::Thread(_) => Fault::Disk,
        };
        Self::new(fault, error.to_string())
    }
}
