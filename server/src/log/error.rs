//! What can be wrong with a log.

use std::time::Duration;

/// Why a log cannot do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No room on the disk.
    Full,
    /// The share of the disk that its owner may fill is full.
    Quota,
    /// A file is as large as this process may write it.
    FileSize,
    /// The files cannot be written.
    ReadOnly,
    /// The disk did not confirm that it has what was written.
    Sync,
    /// A room has no more numbers to give.
    Numbers,
    /// Another program holds the database.
    Locked,
    /// The files are not what was written.
    Damaged,
    /// The disk failed in another way.
    Disk,
    /// More is waiting to be written than may wait.
    Busy,
    /// The index has not come far enough yet.
    Behind,
    /// A question that cannot be asked.
    Query,
    /// More events in one go than are taken.
    TooMany,
    /// The idempotency key stands for other content.
    OtherContent,
    /// Working on a question takes longer than it may.
    TooLong,
    /// The room was deleted.
    NoRoom,
    /// It did not say whether it has what it was given.
    Unknown,
    /// It was decided on a state that is no longer the latest; nothing of it was taken.
    Outdated,
    /// Its servers cannot be reached.
    Away,
    /// Its servers refuse what they are asked.
    Engine,
    /// The server is about to stop.
    Closed,
}

/// A fault and what is known of it. Cheap to clone: everybody who waits is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{detail}", fault.preface())]
pub struct LogError {
    /// Which.
    pub fault: Fault,
    /// What the store said.
    pub detail: std::sync::Arc<str>,
}

impl LogError {
    /// With the store's own words.
    pub fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into().into() }
    }
}

impl Fault {
    /// A word that stays the same.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Quota => "quota",
            Self::FileSize => "file-size",
            Self::ReadOnly => "read-only",
            Self::Sync => "sync",
            Self::Numbers => "numbers",
            Self::Locked => "locked",
            Self::Damaged => "damaged",
            Self::Disk => "disk",
            Self::Busy => "busy",
            Self::Behind => "behind",
            Self::Query => "query",
            Self::TooMany => "too-many",
            Self::OtherContent => "other-content",
            Self::TooLong => "too-long",
            Self::NoRoom => "no-room",
            Self::Unknown => "unknown",
            Self::Outdated => "outdated",
            Self::Away => "away",
            Self::Engine => "engine",
            Self::Closed => "closed",
        }
    }

    /// What is said before the store's own words.
    pub(crate) fn preface(self) -> &'static str {
        match self {
            Self::Full => "the disk of the event log is full; make room and it goes on by itself: ",
            Self::Quota => {
                "the quota of the event log's owner is used up; make room or raise it, and it goes on by itself: "
            }
            Self::FileSize => {
                "a file of the event log is as large as this process may write one (ulimit -f, LimitFSIZE=); raise the limit \
                 (prlimit --fsize) or lower the retention, and it goes on by itself: "
            }
            Self::Sync => {
                "the disk did not confirm that it has what was written to the event log; it goes on by itself once all of it is \
                 written again: "
            }
            Self::Numbers => "",
            Self::ReadOnly => {
                "the event log is on a read-only file system or cannot be written; make it writable and it goes on by itself: "
            }
            Self::Locked => "another program holds the event log; end it and it goes on by itself: ",
            Self::Damaged => {
                "the event log is damaged; stop the server, save what can be read with `arcane export --salvage`, and \
                 import it into a new --data-dir: "
            }
            Self::Disk => "the event log cannot be written: ",
            Self::Busy => "the event log is behind; try again soon: ",
            Self::Behind => "the index of the event log is still being built; try again soon: ",
            Self::Query | Self::TooMany | Self::TooLong | Self::NoRoom => "",
            Self::OtherContent => {
                "this Idempotency-Key was used for other content within the last 24 hours; use a new one"
            }
            Self::Unknown => {
                "it is not known whether this is in the event log; send it again with the same Idempotency-Key: "
            }
            Self::Outdated => "other servers decide about the same again and again; try again soon: ",
            Self::Away => {
                "the nats-servers that keep the event log cannot be reached, or have no leader; it goes on by itself once they answer: "
            }
            Self::Engine => "the nats-server that keeps the event log refuses this: ",
            Self::Closed => "the server is about to stop: ",
        }
    }
}

/// What somebody is told whose question may take so long and takes longer.
pub(super) fn too_long(time: Duration) -> String {
    format!(
        "the question takes longer than {time:?}, which is all that it may; ask for less: fewer words, longer beginnings, a shorter \
         stretch (after, before; from, to), or raise --max-query-s"
    )
}
