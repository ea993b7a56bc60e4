//! What is new in a turn, as bytes that every member can be given from where it stands.

use arcane_shared::Seq;
use bytes::Bytes;

use crate::bus::Batch;
use crate::ws::deflate::CohortFrame;

/// The frames of one turn next to each other, so that one `write` gives a member all that it lacks.
/// Filled anew each turn; keeps its memory.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The event before the first that was considered.
    from: Seq,
    /// The last event that was considered; what the list's filter refused is between the frames.
    to: Seq,
    seqs: Vec<Seq>,
    /// Frames that anybody understands at any time.
    alone: Track,
    /// Frames that only those understand who have had every one since a window began.
    together: Track,
    /// Which of those begin a window. Empty if there are none for this turn.
    opens: Vec<bool>,
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
    /// Whether the last frame was one of the cohort's.
    pub(super) together: bool,
}

/// What a member lacks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing<'a> {
    /// Index of the first frame.
    first: usize,
    /// Index of the first frame that it takes together with the others.
    joins: usize,
    /// Bytes to write first.
    pub(super) alone: &'a [u8],
    /// Bytes to write after that.
    pub(super) together: &'a [u8],
}

impl News {
    /// Takes a batch in, without any frames yet.
    pub(super) fn begin(&mut self, from: Seq, batch: &Batch) {
        (self.from, self.to) = (from, batch.seq);
        self.seqs.clear();
        self.seqs.extend(batch.frames.iter().map(|frame| frame.seq()));
        self.alone.clear();
        self.together.clear();
        self.opens.clear();
    }

    /// The next frame for everybody.
    pub(super) fn push_alone(&mut self, frame: &[u8]) {
        self.alone.push(frame);
    }

    /// All frames for the cohort.
    pub(super) fn fill_together(&mut self, frames: &[CohortFrame]) {
        for frame in frames {
            self.together.push(&frame.bytes);
            self.opens.push(frame.opens_window);
        }
    }

    /// Everything up to here is in it or was refused by the filter.
    pub(super) fn to(&self) -> Seq {
        self.to
    }

    /// Whether there is nothing for anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// How many frames there are after `cursor` and up to `seq`.
    pub(super) fn between(&self, cursor: Seq, seq: Seq) -> u64 {
        self.known(seq).saturating_sub(self.known(cursor)) as u64
    }

    /// What a member lacks that has everything up to `cursor`. `along`: it has had every frame of the
    /// cohort's window so far; otherwise it may join where a window begins, if it `may_join`.
    pub(super) fn missing(&self, cursor: Seq, along: bool, may_join: bool) -> Missing<'_> {
        let first = self.known(cursor);
        let len = self.seqs.len();
        let joins = match self.opens.get(first..) {
            None | Some([]) => len,
            Some(_) if along => first,
            Some(opens) if may_join => {
                opens.iter().position(|opens| *opens).map_or(len, |offset| first + offset)
            }
            Some(_) => len,
        };
        let alone = if first == joins { &[] } else { self.alone.between(first, joins) };
        let together = if joins == len { &[] } else { self.together.between(joins, len) };
        Missing { first, joins, alone, together }
    }

    /// Where a member stands that took `written` bytes of what it lacked, but not all. `cursor` is
    /// where it stood.
    pub(super) fn cut(&self, cursor: Seq, missing: Missing<'_>, written: usize) -> Cut {
        let together = written >= missing.alone.len() && missing.joins < self.seqs.len();
        let (track, first, written) = if together {
            (&self.together, missing.joins, written - missing.alone.len())
        } else {
            (&self.alone, missing.first, written)
        };
        let at = track.start(first) + written;
        let whole = track.ends.partition_point(|end| *end <= at);
        if at == track.start(whole) {
            // Between two frames; the last whole one may be one that it had before.
            let seq = whole.checked_sub(1).map_or(self.from, |last| self.seqs[last]).max(cursor);
            return Cut { seq, rest: Bytes::new(), together: together && whole > missing.joins };
        }
        // A copy of less than one frame: a slow reader must not hold on to everybody's bytes.
        let rest = Bytes::copy_from_slice(&track.bytes[at..track.ends[whole]]);
        Cut { seq: self.seqs[whole], rest, together }
    }

    fn known(&self, cursor: Seq) -> usize {
        self.seqs.partition_point(|seq| *seq <= cursor)
    }
}

impl Missing<'_> {
    /// How many bytes there are to write.
    pub(super) fn len(self) -> usize {
        self.alone.len() + self.together.len()
    }

    /// Whether a member that has taken everything is in the cohort. `along`: it was before.
    pub(super) fn leads_along(self, along: bool) -> bool {
        if self.len() == 0 { along } else { !self.together.is_empty() }
    }
}

impl Track {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push(self.bytes.len());
    }

    fn between(&self, first: usize, end: usize) -> &[u8] {
        &self.bytes[self.start(first)..self.start(end)]
    }

    fn start(&self, frame: usize) -> usize {
        frame.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}
