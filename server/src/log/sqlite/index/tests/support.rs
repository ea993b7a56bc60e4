//! A log as the log writes it.

use std::path::Path;
use std::time::{Duration, Instant};

use arcane_shared::{EventFilter, Seq};
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;

use super::super::plan::next_step;
use super::super::{Index, IndexError, source, tables};
use crate::log::history::{HistoryPage, HistoryQuery, Order, Search};

/// As in the contract.
pub(super) const SCHEMA: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE rooms(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, epoch TEXT NOT NULL,
  first INTEGER NOT NULL, head INTEGER NOT NULL, bytes INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE events(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, spell TEXT NOT NULL, success INTEGER NOT NULL,
  daemon TEXT, crc INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
";

/// What matters of an event here.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) seq: Seq,
    /// Unix seconds.
    pub(super) second: u64,
    pub(super) spell: &'static str,
    pub(super) success: bool,
    pub(super) daemon: Option<String>,
    pub(super) description: String,
    pub(super) task: String,
}

impl Draft {
    pub(super) fn new(seq: Seq, description: &str) -> Self {
        Self {
            seq,
            second: 1_700_000_000 + seq / 3,
            spell: "invoke",
            success: true,
            daemon: Some("claude".into()),
            description: description.into(),
            task: String::new(),
        }
    }

    pub(super) fn json(&self) -> String {
        let Self { seq, spell, success, daemon, description, task, .. } = self;
        json!({"spell_name": spell, "daemon_name": daemon, "success": success, "description": description,
            "metadata": {"task": task, "n": 1}, "seq": seq})
        .to_string()
    }
}

/// The writer's side, in a directory of its own.
pub(super) struct Log {
    pub(super) dir: TempDir,
    pub(super) db: Connection,
}

impl Log {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = create(dir.path(), "log-1");
        Self { dir, db }
    }

    pub(super) fn open(&self) -> Index {
        Index::open(self.dir.path()).unwrap()
    }

    /// Adds a room that has no events.
    pub(super) fn room(&self, id: i64, epoch: &str) {
        self.db
            .execute(
                "INSERT OR REPLACE INTO rooms VALUES(?1, 'room' || ?1, ?2, 1, 0, 0, 0)",
                params![id, epoch],
            )
            .unwrap();
    }

    pub(super) fn append(&mut self, room: i64, drafts: &[Draft]) {
        let all = self.db.transaction().unwrap();
        for draft in drafts {
            let json = draft.json();
            let Draft { seq, second, spell, success, daemon, .. } = draft;
            all.prepare_cached("INSERT INTO events VALUES(?1 << 40 | ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
                .unwrap()
                .execute(params![
                    room,
                    seq,
                    second * 1_000_000,
                    spell,
                    success,
                    daemon,
                    crc32fast::hash(json.as_bytes()),
                    json
                ])
                .unwrap();
            all.execute("UPDATE rooms SET head = ?2 WHERE id = ?1", params![room, seq]).unwrap();
        }
        all.commit().unwrap();
    }

    pub(super) fn purge(&mut self, room: i64, first: Seq) {
        let all = self.db.transaction().unwrap();
        all.execute("DELETE FROM events WHERE id >= ?1 << 40 AND id < (?1 << 40 | ?2)", params![room, first])
            .unwrap();
        all.execute("UPDATE rooms SET first = ?2 WHERE id = ?1", params![room, first]).unwrap();
        all.commit().unwrap();
    }
}

pub(super) fn create(dir: &Path, log: &str) -> Connection {
    let db = Connection::open(dir.join("events.db")).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.pragma_update(None, "synchronous", "off").unwrap();
    db.execute_batch(SCHEMA).unwrap();
    db.execute("INSERT INTO meta VALUES('log', ?1)", [log]).unwrap();
    db
}

/// Everything that passes, a hundred at most.
pub(super) fn all(text: Option<&str>, filter: EventFilter) -> HistoryQuery {
    let text = text.map(|text| Search::parse(text).unwrap());
    HistoryQuery { room: 1, limit: 100, order: Order::Ascending, filter, text, ..HistoryQuery::default() }
}

pub(super) fn seqs(page: &Result<HistoryPage, IndexError>) -> Vec<Seq> {
    page.as_ref().unwrap().events.iter().map(|event| event.seq).collect()
}

/// Waits until the index has everything that is logged, and nothing else.
pub(super) fn settle(index: &Index, log: &Log) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = index.notifier.batches();
        let is_done = seen.file > 0 && {
            let logged = source::rooms(&log.db).unwrap();
            let known = index.readers.files().index().unwrap();
            logged.iter().all(|room| {
                let known = tables::room(&known, room.id).unwrap();
                known.is_some() && next_step(known.as_ref(), Some(room)).is_none()
            })
        };
        if is_done {
            return;
        }
        assert!(index.notifier.await_more(seen, deadline), "the index does not come to its end");
    }
}
