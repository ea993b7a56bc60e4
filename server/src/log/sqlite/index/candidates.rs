//! Which events of a range can pass a filter and a search, without looking at the events.

use arcane_shared::Seq;
use rusqlite::Connection;

use super::block::{BLOCK_EVENTS, Block};
use super::error::IndexError;
use super::mark::Wanted;
use super::row_range::{RowRange, seq_of};
use super::source::Flow;
use super::tables;
use crate::log::history::Order;

/// How far the next event that passes the filter has to be for the search to jump to it. To begin a search again
/// costs as much as some hundred steps.
const JUMP_EVENTS: u64 = BLOCK_EVENTS;

/// What is asked of an index whose state does not change meanwhile.
pub(super) struct Candidates<'a> {
    pub(super) index: &'a Connection,
    pub(super) range: RowRange,
    pub(super) wanted: Option<Wanted>,
    /// What `MATCH` takes.
    pub(super) words: Option<String>,
}

impl Candidates<'_> {
    /// Goes through them in order until there are no more, or `visit` wants no more.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(Seq) -> Result<Flow, IndexError>,
    ) -> Result<(), IndexError> {
        let mut marks = self.wanted.as_ref().map(|wanted| Marks { index: self.index, wanted, block: None });
        match (&self.words, &mut marks) {
            (None, Some(marks)) => by_marks(marks, self.range, visit),
            (Some(words), marks) => {
                let mut rest = Some(self.range);
                while let Some(range) = rest {
                    rest = by_words(self.index, words, marks.as_mut(), range, &mut visit)?;
                }
                Ok(())
            }
            // Nothing to choose by.
            (None, None) => Ok(()),
        }
    }
}

fn by_marks(
    marks: &mut Marks<'_>,
    mut range: RowRange,
    mut visit: impl FnMut(Seq) -> Result<Flow, IndexError>,
) -> Result<(), IndexError> {
    while let Some(seq) = marks.next(range)? {
        if visit(seq)?.is_break() {
            break;
        }
        range = range.beyond(seq);
    }
    Ok(())
}

/// Goes through the events with these words, and those of them that pass the marks. Returns what is left of the
/// range if none of its next part can pass.
fn by_words(
    index: &Connection,
    words: &str,
    mut marks: Option<&mut Marks<'_>>,
    range: RowRange,
    visit: &mut impl FnMut(Seq) -> Result<Flow, IndexError>,
) -> Result<Option<RowRange>, IndexError> {
    let sql = match range.order {
        Order::Ascending => {
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid <= ?3 ORDER BY rowid"
        }
        Order::Descending => {
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid <= ?3 ORDER BY rowid DESC"
        }
    };
    let rowids = range.rows();
    let mut found = index.prepare_cached(sql).map_err(IndexError::Index)?;
    let mut rows =
        found.query(rusqlite::params![words, rowids.start(), rowids.end()]).map_err(IndexError::Index)?;
    // The first event not before the last one with these words that passes the marks.
    let mut passing: Option<Seq> = None;
    while let Some(row) = rows.next().map_err(IndexError::Index)? {
        let seq = seq_of(row.get(0).map_err(IndexError::Index)?);
        if let Some(marks) = marks.as_deref_mut() {
            if !passing.is_some_and(|passing| range.order.reaches(passing, seq)) {
                passing = marks.next(range.from(seq))?;
            }
            let Some(passing) = passing else { return Ok(None) };
            if passing != seq {
                if passing.abs_diff(seq) > JUMP_EVENTS {
                    return Ok(Some(range.from(passing)));
                }
                continue;
            }
        }
        if visit(seq)?.is_break() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// The marks of a room, block by block.
struct Marks<'a> {
    index: &'a Connection,
    wanted: &'a Wanted,
    block: Option<Block>,
}

impl Marks<'_> {
    /// The first event of a range that can pass.
    fn next(&mut self, mut range: RowRange) -> Result<Option<Seq>, IndexError> {
        while !range.is_empty() {
            let at = match range.order {
                Order::Ascending => range.low,
                Order::Descending => range.high,
            };
            if !self.block.as_ref().is_some_and(|block| block.has(at)) {
                let starts = RowRange { low: Block::start_of(range.low), ..range };
                self.block = tables::next_block(self.index, starts).map_err(IndexError::Index)?;
            }
            let Some(block) = &self.block else { return Ok(None) };
            if let Some(seq) = block.find(self.wanted, range.low, range.high, range.order) {
                return Ok(Some(seq));
            }
            range = match range.order {
                Order::Ascending => range.beyond(block.start() + BLOCK_EVENTS - 1),
                Order::Descending => range.beyond(block.start()),
            };
        }
        Ok(None)
    }
}
