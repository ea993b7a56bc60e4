//! `index.db`: making it, and telling whether the one that is there can be used.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::IndexError;
use crate::log::sqlite::private;

/// Goes up whenever what is in the file changes its meaning; a file of another version is made anew.
const VERSION: i64 = 1;
/// How long to wait for a program that holds a file.
const BUSY_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

// words: contentless, because the text is in events.db; what is deleted is remembered until segments merge.
// Beginnings of two and three characters have lists of their own: too many words begin with them.
const SCHEMA: &str = "
CREATE TABLE source(log TEXT NOT NULL) STRICT;
CREATE TABLE rooms(id INTEGER PRIMARY KEY, epoch TEXT NOT NULL,
  first INTEGER NOT NULL, indexed INTEGER NOT NULL) STRICT;
CREATE TABLE blocks(id INTEGER PRIMARY KEY, kinds BLOB NOT NULL, daemons BLOB NOT NULL) STRICT;
CREATE TABLE seconds(id INTEGER PRIMARY KEY, first INTEGER NOT NULL, counts BLOB NOT NULL) STRICT;
CREATE TABLE minutes(id INTEGER PRIMARY KEY, first INTEGER NOT NULL, counts BLOB NOT NULL) STRICT;
CREATE TABLE hours(id INTEGER PRIMARY KEY, first INTEGER NOT NULL, counts BLOB NOT NULL) STRICT;
CREATE VIRTUAL TABLE words USING fts5(description, task, daemon, content='', contentless_delete=1,
  tokenize='unicode61 remove_diacritics 2', prefix='2 3');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'instance');
";

/// A directory's two files.
#[derive(Debug, Clone)]
pub(super) struct Files {
    dir: PathBuf,
}

impl Files {
    pub(super) fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The log, for reading.
    pub(super) fn log(&self) -> Result<Connection, IndexError> {
        read_only(&self.dir.join("events.db")).map_err(IndexError::Log)
    }

    /// The index, for reading. The builder must have made it.
    pub(super) fn index(&self) -> Result<Connection, IndexError> {
        read_only(&self.dir.join("index.db")).map_err(IndexError::Index)
    }

    /// The index, for the builder: as it is if it is of this version and log, else empty.
    pub(super) fn index_of(&self, log: &str) -> Result<Connection, IndexError> {
        match self.existing(log) {
            Ok(Some(index)) => return Ok(index),
            Err(error) if !error.is_damaged_index() => return Err(error),
            Ok(None) | Err(_) => {}
        }
        self.remove()?;
        self.fresh(log).map_err(IndexError::Index)
    }

    fn existing(&self, log: &str) -> Result<Option<Connection>, IndexError> {
        let index = self.open().map_err(IndexError::Index)?;
        let version: i64 =
            index.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(IndexError::Index)?;
        if version != VERSION {
            return Ok(None);
        }
        let source: Option<String> = index
            .query_row("SELECT log FROM source", [], |row| row.get(0))
            .optional()
            .map_err(IndexError::Index)?;
        Ok((source.as_deref() == Some(log)).then_some(index))
    }

    fn fresh(&self, log: &str) -> rusqlite::Result<Connection> {
        let mut index = self.open()?;
        let all = index.transaction()?;
        all.execute_batch(SCHEMA)?;
        // One segment for each batch, not one for each megabyte of words.
        all.execute("INSERT INTO words(words, rank) VALUES('hashsize', 33554432)", [])?;
        all.execute("INSERT INTO source(log) VALUES(?1)", [log])?;
        all.pragma_update(None, "user_version", VERSION)?;
        all.commit()?;
        Ok(index)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let path = self.dir.join("index.db");
        // Made before SQLite would, for its owner alone: its other files get the mode of this one. Where that fails,
        // SQLite says why.
        drop(private::create(&path));
        let index = Connection::open(path)?;
        index.busy_timeout(BUSY_WAIT)?;
        index.pragma_update(None, "journal_mode", "wal")?;
        // A batch waits for no disk, which the log needs; only moving many of them to their place does. Without
        // that, a power failure could leave an index that is wrong and does not look it.
        index.pragma_update(None, "synchronous", "normal")?;
        index.pragma_update(None, "wal_autocheckpoint", 4096)?;
        index.pragma_update(None, "journal_size_limit", 32 << 20)?;
        index.pragma_update(None, "cache_size", -16_384)?;
        Ok(index)
    }

    /// Removes the index.
    pub(super) fn remove(&self) -> Result<(), IndexError> {
        for name in ["index.db", "index.db-wal", "index.db-shm"] {
            match std::fs::remove_file(self.dir.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(IndexError::Remove(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}
