//! What is new in a turn, as bytes that every member can be given from where it stands.

use std::sync::Arc;

use arcane_shared::Seq;
use bytes::Bytes;

use crate::bus::{Batch, PreparedFrame};

/// The frames of one turn next to each other, so that one `write` gives a member all that it lacks.
/// Filled anew each turn; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The event before the first that was considered.
    from: Seq,
    /// The last event that was considered; what the list's filter refused is between the frames.
    to: Seq,
    seqs: Vec<Seq>,
    track: Track,
}

/// Frames without anything between them, and where each ends.
#[derive(Debug, Default)]
struct Track {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// How far a member got with the bytes it was offered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// It has everything up to here, or will have with `rest`.
    pub(super) seq: Seq,
    /// What is missing of the frame that was cut through.
    pub(super) rest: Bytes,
}

impl News {
    /// Takes a batch in.
    pub(super) fn fill(&mut self, from: Seq, batch: &Batch) {
        (self.from, self.to) = (from, batch.seq);
        self.seqs.clear();
        self.seqs.extend(batch.frames.iter().map(|frame| frame.seq()));
        self.track.fill(&batch.frames);
    }

    /// Everything up to here is in it or was refused by the filter.
    pub(super) fn to(&self) -> Seq {
        self.to
    }

    /// Whether there is nothing for anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// What a member lacks that has everything up to `cursor`: the number of frames, and their bytes.
    pub(super) fn after(&self, cursor: Seq) -> (usize, &[u8]) {
        let known = self.known(cursor);
        (self.seqs.len() - known, &self.track.bytes[self.track.start(known)..])
    }

    /// How many frames there are after `cursor` and up to `seq`.
    pub(super) fn between(&self, cursor: Seq, seq: Seq) -> u64 {
        (self.known(seq) - self.known(cursor)) as u64
    }

    /// Where a member stands that had everything up to `cursor` and took `written` bytes of what it
    /// lacked, but not all.
    pub(super) fn cut(&self, cursor: Seq, written: usize) -> Cut {
        let at = self.track.start(self.known(cursor)) + written;
        let whole = self.track.ends.partition_point(|end| *end <= at);
        if at == self.track.start(whole) {
            // Between two frames; the last whole one may be one that it had before.
            let seq = whole.checked_sub(1).map_or(self.from, |last| self.seqs[last]);
            return Cut { seq: seq.max(cursor), rest: Bytes::new() };
        }
        // A copy of less than one frame: a slow reader must not hold on to everybody's bytes.
        let rest = Bytes::copy_from_slice(&self.track.bytes[at..self.track.ends[whole]]);
        Cut { seq: self.seqs[whole], rest }
    }

    fn known(&self, cursor: Seq) -> usize {
        self.seqs.partition_point(|seq| *seq <= cursor)
    }
}

impl Track {
    fn fill(&mut self, frames: &[Arc<PreparedFrame>]) {
        self.bytes.clear();
        self.ends.clear();
        for frame in frames {
            self.bytes.extend_from_slice(frame.ws_bytes());
            self.ends.push(self.bytes.len());
        }
    }

    fn start(&self, frame: usize) -> usize {
        frame.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}
