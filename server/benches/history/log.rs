//! A million varied events, written as the log has them.

use std::path::Path;

use arcane_shared::{Seq, SpellName};
use rusqlite::{Connection, params};
use serde_json::json;

/// In the room that is asked.
pub(crate) const EVENTS: u64 = 1_000_000;
pub(crate) const ROOM: u32 = 2;
/// One in so many events is of a rare daemon, and has a rare word.
pub(crate) const RARE: u64 = 100_000;
pub(crate) const DAEMONS: u64 = 60;
/// A year has about a million of them.
const PAUSE_S: u64 = 31;
const BEGIN_S: u64 = 1_760_000_000;

const SCHEMA: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE rooms(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, epoch TEXT NOT NULL,
  first INTEGER NOT NULL, head INTEGER NOT NULL, bytes INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE events(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, spell TEXT NOT NULL, success INTEGER NOT NULL,
  daemon TEXT, crc INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES('log', 'bench');
INSERT INTO rooms VALUES(1, 'other', 'a', 1, 0, 0, 0), (2, 'default', 'b', 1, 0, 0, 0);
";

/// Common ones first: the nth word is about as frequent as 1/n.
const WORDS: [&str; 48] = [
    "shimmer",
    "review",
    "request",
    "pull",
    "build",
    "deploy",
    "summary",
    "analysis",
    "database",
    "migration",
    "index",
    "cluster",
    "latency",
    "report",
    "customer",
    "invoice",
    "payment",
    "translate",
    "document",
    "refactor",
    "parser",
    "scheduler",
    "network",
    "certificate",
    "backup",
    "restore",
    "monitor",
    "alert",
    "incident",
    "storage",
    "thumbnail",
    "vector",
    "embedding",
    "prompt",
    "budget",
    "token",
    "session",
    "gateway",
    "balancer",
    "replica",
    "snapshot",
    "compaction",
    "tombstone",
    "bloom",
    "quorum",
    "lease",
    "ledger",
    "epoch",
];

pub(crate) struct Log {
    db: Connection,
    pub(crate) first: Seq,
    pub(crate) head: Seq,
}

impl Log {
    pub(crate) fn create(dir: &Path) -> anyhow::Result<Self> {
        let db = Connection::open(dir.join("events.db"))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "normal")?;
        db.execute_batch(SCHEMA)?;
        Ok(Self { db, first: 1, head: 0 })
    }

    pub(crate) fn append(&mut self, events: u64) -> anyhow::Result<()> {
        let all = self.db.transaction()?;
        let mut insert = all.prepare("INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for seq in self.head + 1..=self.head + events {
            let (spell, success, daemon, json) = event(seq);
            let at = (BEGIN_S + seq * PAUSE_S) * 1_000_000;
            let id = (i64::from(ROOM) << 40) | i64::try_from(seq)?;
            insert.execute(params![
                id,
                at,
                spell,
                success,
                daemon,
                crc32fast::hash(json.as_bytes()),
                json
            ])?;
        }
        drop(insert);
        self.head += events;
        all.execute("UPDATE rooms SET head = ?2 WHERE id = ?1", params![ROOM, self.head])?;
        Ok(all.commit()?)
    }

    pub(crate) fn purge(&mut self, events: u64) -> anyhow::Result<()> {
        self.first += events;
        let all = self.db.transaction()?;
        all.execute(
            "DELETE FROM events WHERE id >= ?1 << 40 AND id < (?1 << 40 | ?2)",
            params![ROOM, self.first],
        )?;
        all.execute("UPDATE rooms SET first = ?2 WHERE id = ?1", params![ROOM, self.first])?;
        Ok(all.commit()?)
    }

    /// When the first and the latest event were taken, Unix microseconds.
    pub(crate) fn span(&self) -> (i64, i64) {
        let at = |seq| i64::try_from((BEGIN_S + seq * PAUSE_S) * 1_000_000).unwrap_or(i64::MAX);
        (at(self.first), at(self.head))
    }
}

/// A number that looks like chance and is the same in every run.
pub(crate) fn chance(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub(crate) fn word(rank: u64) -> &'static str {
    usize::try_from(rank).ok().and_then(|rank| WORDS.get(rank)).copied().unwrap_or("nothing")
}

fn event(seq: u64) -> (&'static str, bool, Option<String>, String) {
    let roll = |n: u64| chance(seq.wrapping_mul(32).wrapping_add(n));
    let spell = match roll(0) % 100 {
        0..50 => SpellName::Invoke,
        50..70 => SpellName::Voice,
        70..85 => SpellName::Reveal,
        85..92 => SpellName::Parse,
        92..96 => SpellName::Summon,
        _ => SpellName::Banish,
    };
    let success = roll(1) % 50 != 0;
    let daemon = match roll(2) % RARE {
        0 => Some("rare-one".to_owned()),
        n if n % 20 == 1 => None,
        _ => Some(format!("daemon-{}", (roll(3) % DAEMONS).min(roll(4) % DAEMONS))),
    };
    // "arcane" is in one event of two, "spoken" in just those of one spell.
    let arcane = if roll(5).is_multiple_of(2) { "arcane" } else { "plain" };
    let spoken = if spell == SpellName::Invoke { "performs" } else { "spoken" };
    let rare = if roll(6).is_multiple_of(RARE) { "chrysopoeia" } else { "gold" };
    let words: Vec<&str> = (7..15).map(|n| word(roll(n) % (1 + roll(n + 8) % 48))).collect();
    let name = daemon.as_deref().unwrap_or("the realm");
    let description = format!("✨ {name} {spoken} {arcane} {rare}: {} ✨", words[..4].join(" "));
    let json = json!({
        "spell_name": spell, "daemon_name": daemon, "timestamp": "2026-11-24T12:34:56.789000", "success": success,
        "description": description,
        "metadata": {
            "task": format!("{} #{}", words[4..].join(" "), roll(30) % 200_000),
            "execution_time": 0.456, "parameters": {"depth": roll(31) % 10}, "invocation_number": seq,
            "color": "#7f5af0", "emitted_at": 1_761_309_310_123.456_f64,
            "sync": {"deadline_ms": 250, "animation": "shimmer", "particles": "sparks", "audio": "chime"},
        },
        "seq": seq, "room": "default",
    });
    (spell.as_str(), success, daemon, json.to_string())
}
