//! The pages of an SQLite file as they lie on the disk, for when SQLite itself gives up on it.
//!
//! After "Database File Format" and "WAL-mode File Format" of sqlite.org: leaf pages of tables, overflow chains, and
//! the committed frames of the write-ahead log. Nothing here trusts a number that it reads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// A page that holds rows of a table.
const TABLE_LEAF: u8 = 13;
const PAGE_BYTES_DEFAULT: usize = 4096;
const WAL_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// Largest row that is put together: an event with room for its columns.
const ROW_BYTES_MAX: usize = 256 * 1024;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Bytes(Vec<u8>),
    /// A float, which no table of a log has.
    Other,
}

/// A row and its rowid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) values: Vec<Value>,
}

/// A database file with its write-ahead log over it.
#[derive(Debug)]
pub(super) struct Pages {
    file: File,
    wal: Option<File>,
    /// Where the latest committed version of a page is in the write-ahead log.
    frames: HashMap<u32, u64>,
    page_bytes: usize,
    count: u32,
}

impl Pages {
    /// Opens a file; what is damaged in its header is guessed.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let mut head = [0; 18];
        // A file that is shorter than this has no pages either.
        let _ = read_at(&file, 0, &mut head);
        let page_bytes = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 65_536,
            n if n.is_power_of_two() && n >= 512 => n.into(),
            _ => PAGE_BYTES_DEFAULT,
        };
        let wal = File::open(path.with_extension("db-wal")).ok();
        let frames = wal.as_ref().map(|wal| committed(wal, page_bytes)).unwrap_or_default();
        let in_file = file.metadata()?.len().div_ceil(page_bytes as u64);
        let count = u32::try_from(in_file).unwrap_or(u32::MAX).max(frames.keys().copied().max().unwrap_or(0));
        Ok(Self { file, wal, frames, page_bytes, count })
    }

    /// Every row of every table that can be put together, page by page.
    #[cfg(test)]
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        (1..=self.count).flat_map(|number| self.rows_of(number))
    }

    /// How many pages there may be.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The rows of one page.
    pub(super) fn rows_of(&self, number: u32) -> Vec<Row> {
        let Some(page) = self.page(number) else { return vec![] };
        let at = if number == 1 { 100 } else { 0 };
        if page.get(at) != Some(&TABLE_LEAF) {
            return vec![];
        }
        let cells = usize::from(short(&page, at + 3).unwrap_or(0)).min(self.page_bytes / 4);
        let pointers = (0..cells).filter_map(|cell| short(&page, at + 8 + 2 * cell));
        pointers.filter_map(|pointer| self.row(&page, pointer.into())).collect()
    }

    fn row(&self, page: &[u8], at: usize) -> Option<Row> {
        let mut cell = page.get(at..)?;
        let len = usize::try_from(varint(&mut cell)?).ok().filter(|len| *len <= ROW_BYTES_MAX)?;
        let id = varint(&mut cell)?.cast_signed();
        let local = local_bytes(len, self.page_bytes);
        let mut payload = cell.get(..local)?.to_vec();
        let mut next =
            cell.get(local..).and_then(|rest| rest.first_chunk()).map_or(0, |n| u32::from_be_bytes(*n));
        while payload.len() < len {
            let more = self.page(next)?;
            next = u32::from_be_bytes(*more.first_chunk()?);
            let rest = more.get(4..)?;
            payload.extend_from_slice(&rest[..rest.len().min(len - payload.len())]);
        }
        Some(Row { id, values: values(&payload)? })
    }

    fn page(&self, number: u32) -> Option<Vec<u8>> {
        let mut page = vec![0; self.page_bytes];
        if let (Some(at), Some(wal)) = (self.frames.get(&number), &self.wal) {
            read_at(wal, *at, &mut page).ok()?;
            return Some(page);
        }
        let at = u64::from(number.checked_sub(1)?) * self.page_bytes as u64;
        read_at(&self.file, at, &mut page).ok()?;
        Some(page)
    }
}

fn read_at(mut file: &File, at: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

/// Where committed pages are: frames of the log's current run, up to its last commit.
fn committed(wal: &File, page_bytes: usize) -> HashMap<u32, u64> {
    let mut head = [0; WAL_HEADER_BYTES];
    let (mut frames, mut pending) = (HashMap::new(), HashMap::new());
    if read_at(wal, 0, &mut head).is_err() {
        return frames;
    }
    let mut at = WAL_HEADER_BYTES as u64;
    let mut frame = [0; FRAME_HEADER_BYTES];
    // The salts of header and frame are the same for as long as the frames belong to this run.
    while read_at(wal, at, &mut frame).is_ok() && frame[8..16] == head[16..24] {
        let number = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]);
        pending.insert(number, at + FRAME_HEADER_BYTES as u64);
        if frame[4..8] != [0; 4] {
            frames.extend(pending.drain());
        }
        at += (FRAME_HEADER_BYTES + page_bytes) as u64;
    }
    frames
}

/// How much of a payload is in the cell itself.
fn local_bytes(len: usize, page_bytes: usize) -> usize {
    let most = page_bytes - 35;
    if len <= most {
        return len;
    }
    let least = (page_bytes - 12) * 32 / 255 - 23;
    let wanted = least + (len - least) % (page_bytes - 4);
    if wanted <= most { wanted } else { least }
}

fn values(payload: &[u8]) -> Option<Vec<Value>> {
    let mut rest = payload;
    let header_bytes = usize::try_from(varint(&mut rest)?).ok()?;
    let mut header = payload.get(payload.len() - rest.len()..header_bytes)?;
    let mut body = payload.get(header_bytes..)?;
    let mut values = Vec::new();
    while !header.is_empty() {
        let kind = varint(&mut header)?;
        let bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            kind if kind >= 12 => usize::try_from((kind - 12) / 2).ok()?,
            _ => return None,
        };
        let (value, after) = body.split_at_checked(bytes)?;
        body = after;
        values.push(match kind {
            0 => Value::Null,
            8 | 9 => Value::Integer(i64::from(kind == 9)),
            1..=6 => Value::Integer(integer(value)),
            7 => Value::Other,
            _ => Value::Bytes(value.to_vec()),
        });
    }
    Some(values)
}

/// Two's complement, most significant byte first, of 1 to 8 bytes.
fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
    bytes.iter().fold(sign, |value, byte| (value << 8) | i64::from(*byte))
}

/// SQLite's variable-length integer: seven bits a byte, the ninth byte whole.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for count in 1..=9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if count == 9 {
            return Some((value << 8) | u64::from(*byte));
        }
        value = (value << 7) | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn short(page: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*page.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A file with small and large rows, some of them only in its write-ahead log.
    fn database(dir: &Path) -> (std::path::PathBuf, Connection) {
        let path = dir.join("events.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, x TEXT)").unwrap();
        for id in 0..400_i64 {
            let text = "x".repeat(usize::try_from(id * id % 20_011).unwrap());
            connection.execute("INSERT INTO t VALUES(?, ?, ?)", (id, id - 200, text)).unwrap();
            if id == 250 {
                connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(())).unwrap();
            }
        }
        (path, connection)
    }

    #[test]
    fn every_row_is_found_as_sqlite_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let (path, connection) = database(dir.path());
        let pages = Pages::open(&path).unwrap();
        let mut found: Vec<_> = pages.rows().filter(|row| row.values.len() == 3).collect();
        found.sort_by_key(|row| row.id);
        found.dedup();
        let expected: Vec<_> = (0..400_i64)
            .map(|id| {
                let text = "x".repeat(usize::try_from(id * id % 20_011).unwrap());
                let values = vec![Value::Null, Value::Integer(id - 200), Value::Bytes(text.into_bytes())];
                Row { id, values }
            })
            .collect();
        assert_eq!(found.len(), expected.len());
        assert_eq!(found, expected);
        drop(connection);
    }

    /// Whose rows are on a page of their own or in few overflow pages.
    #[test]
    fn a_page_that_is_lost_takes_no_row_of_another_page_along() {
        let dir = tempfile::tempdir().unwrap();
        let (path, connection) = database(dir.path());
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(connection);
        let whole = std::fs::read(&path).unwrap();
        let pages = Pages::open(&path).unwrap();
        let bytes = pages.page_bytes;
        let before: Vec<Vec<Row>> = (1..=pages.count()).map(|number| pages.rows_of(number)).collect();
        for lost in (0..whole.len() / bytes).step_by(37) {
            let mut damaged = whole.clone();
            damaged[lost * bytes..(lost + 1) * bytes].fill(0xFF);
            // The header of the file is on the first page.
            damaged[..100].copy_from_slice(&whole[..100]);
            std::fs::write(&path, &damaged).unwrap();
            let pages = Pages::open(&path).unwrap();
            for (number, rows) in (1..).zip(&before) {
                let small = |row: &&Row| matches!(&row.values[..], [.., Value::Bytes(text)] if text.len() < bytes / 2);
                let after = pages.rows_of(number);
                for row in rows.iter().filter(small) {
                    let is_lost = number as usize == lost + 1;
                    assert_eq!(
                        after.contains(row),
                        !is_lost,
                        "row {} of page {number} without {lost}",
                        row.id
                    );
                }
            }
        }
    }

    #[test]
    fn whatever_is_in_the_file_no_page_holds_more_rows_than_fit() {
        let dir = tempfile::tempdir().unwrap();
        let (path, connection) = database(dir.path());
        drop(connection);
        let whole = std::fs::read(&path).unwrap();
        let mut dice = 1_u64;
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..40 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = usize::try_from(dice >> 33).unwrap() % bytes.len();
                bytes[at] = bytes[at].wrapping_add(1 + (dice & 0xFE) as u8);
            }
            bytes.truncate(usize::try_from(dice >> 33).unwrap() % whole.len());
            std::fs::write(&path, &bytes).unwrap();
            let pages = Pages::open(&path).unwrap();
            for number in 1..=pages.count() {
                let rows = pages.rows_of(number);
                assert!(rows.len() <= pages.page_bytes / 4, "{} on page {number}", rows.len());
                let len = |value: &Value| if let Value::Bytes(bytes) = value { bytes.len() } else { 0 };
                let longest = rows.iter().map(|row| row.values.iter().map(len).sum()).max();
                assert!(longest.unwrap_or(0) <= ROW_BYTES_MAX, "{longest:?} on page {number}");
            }
        }
    }
}
