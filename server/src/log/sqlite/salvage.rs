//! Getting events out of a file that SQLite cannot read any more.

use std::collections::BTreeMap;
use std::path::Path;

use arcane_shared::{RoomName, Seq};
use serde::Deserialize;

use super::pages::{Pages, Row, Value};

/// The columns of an event's row.
const COLUMNS: usize = 7;
const CRC: usize = 5;
const EVENT: usize = 6;

/// The sound events of a room.
#[derive(Debug, Clone, Default)]
pub(crate) struct Salvaged {
    /// On which page each is.
    at: BTreeMap<Seq, (u32, i64)>,
}

/// What can be got out of a file.
#[derive(Debug)]
pub(crate) struct Salvage {
    pages: Pages,
    /// By room.
    pub(crate) rooms: BTreeMap<RoomName, Salvaged>,
}

/// What an event says of itself.
#[derive(Deserialize)]
struct RowPlace {
    room: RoomName,
    seq: Seq,
}

impl Salvage {
    /// Looks through every page. An event counts if its bytes are what was written.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let pages = Pages::open(path)?;
        let mut rooms: BTreeMap<RoomName, Salvaged> = BTreeMap::new();
        for number in 1..=pages.count() {
            for row in pages.rows_of(number) {
                if let Some((place, _)) = sound(&row) {
                    rooms.entry(place.room).or_default().at.insert(place.seq, (number, row.id));
                }
            }
        }
        Ok(Self { pages, rooms })
    }

    /// The events of a room, in order, as they were written.
    pub(crate) fn events<'a>(&'a self, room: &'a Salvaged) -> impl Iterator<Item = (Seq, Vec<u8>)> + 'a {
        room.at.iter().filter_map(|(seq, (page, id))| {
            let rows = self.pages.rows_of(*page);
            let row = rows.into_iter().find(|row| row.id == *id)?;
            sound(&row).map(|(_, json)| (*seq, json.to_vec()))
        })
    }
}

impl Salvaged {
    /// The numbers that are missing between the first and the last event.
    pub(crate) fn holes(&self) -> Vec<(Seq, Seq)> {
        let seqs: Vec<Seq> = self.at.keys().copied().collect();
        seqs.windows(2).filter(|pair| pair[1] > pair[0] + 1).map(|pair| (pair[0] + 1, pair[1] - 1)).collect()
    }

    /// The first and the last event.
    pub(crate) fn range(&self) -> Option<(Seq, Seq)> {
        Some((*self.at.keys().next()?, *self.at.keys().next_back()?))
    }
}

fn sound(row: &Row) -> Option<(RowPlace, &[u8])> {
    let (Value::Integer(crc), Value::Bytes(json)) = (row.values.get(CRC)?, row.values.get(EVENT)?) else {
        return None;
    };
    let is_sound = row.values.len() == COLUMNS && i64::from(crc32fast::hash(json)) == *crc;
    Some((serde_json::from_slice(json).ok().filter(|_| is_sound)?, json))
}
