//! A room's latest events, bounded by count and by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use arcane_shared::Seq;

use crate::event::PreparedFrame;

/// Prepared frames in order, without holes. When a bound is reached the oldest give way.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Arc<PreparedFrame>>,
    next_seq: Seq,
    frames_max: usize,
    bytes: usize,
    bytes_max: usize,
}

/// What a cursor finds.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    /// The next frames, in order.
    pub(crate) frames: Vec<Arc<PreparedFrame>>,
    /// The first event after the cursor that is still there, if the one right after it is not.
    pub(crate) resumes_at: Option<Seq>,
}

impl Ring {
    /// An empty ring, as if everything up to `head` had been in it. Both bounds are at least one frame.
    pub(crate) fn after_head(head: Seq, frames_max: usize, bytes_max: usize) -> Self {
        let frames = VecDeque::new();
        Self { frames, next_seq: head + 1, frames_max: frames_max.max(1), bytes: 0, bytes_max }
    }

    /// The oldest event that it holds; the next one if it holds none.
    pub(crate) fn first(&self) -> Seq {
        self.next_seq - self.frames.len() as u64
    }

    /// The latest event, 0 before the first.
    pub(crate) fn head(&self) -> Seq {
        self.next_seq - 1
    }

    /// How many frames are held.
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Takes the next frame.
    pub(crate) fn push(&mut self, frame: Arc<PreparedFrame>) {
        debug_assert_eq!(frame.seq(), self.next_seq, "frames come in order");
        self.next_seq += 1;
        self.bytes += frame.json().len();
        self.frames.push_back(frame);
        while self.frames.len() > self.frames_max || (self.bytes > self.bytes_max && self.frames.len() > 1) {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.json().len();
            }
        }
    }

    /// Takes frames that end at the head, after a start. It has to be empty.
    pub(crate) fn refill(&mut self, frames: Vec<Arc<PreparedFrame>>) {
        self.next_seq = frames.first().map_or(self.next_seq, |first| first.seq());
        for frame in frames {
            self.push(frame);
        }
    }

    /// Frames after `cursor`, at most `frames_max` of them and, after the first, `bytes_max`.
    pub(crate) fn after(&self, cursor: Seq, frames_max: usize, bytes_max: usize) -> Slice {
        let first = self.first();
        let lost = cursor + 1 < first;
        let skip = usize::try_from((cursor + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let frames = self
            .frames
            .iter()
            .skip(skip)
            .take(frames_max)
            .take_while(|frame| {
                bytes += frame.json().len();
                bytes <= bytes_max || bytes == frame.json().len()
            })
            .cloned()
            .collect();
        Slice { frames, resumes_at: lost.then_some(first) }
    }

    /// The latest `n` frames that `wanted` lets pass, oldest first, out of the latest `within`.
    pub(crate) fn recent(
        &self,
        n: usize,
        within: usize,
        wanted: impl Fn(&PreparedFrame) -> bool,
    ) -> Vec<Arc<PreparedFrame>> {
        let mut found: Vec<_> =
            self.frames.iter().rev().take(within).filter(|frame| wanted(frame)).take(n).cloned().collect();
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use arcane_shared::{ArcaneEvent, Metadata, RoomName, SpellName, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::event::Outgoing;

    fn frame(seq: Seq) -> Arc<PreparedFrame> {
        let event = ArcaneEvent {
            spell_name: SpellName::Reveal,
            daemon_name: None,
            timestamp: Timestamp::from_unix_micros(0),
            success: true,
            description: String::new(),
            metadata: Metadata::new(),
            seq: None,
            room: None,
        };
        let room = RoomName::default();
        let directives = &arcane_shared::SyncDirectives::of_outcome(true);
        let outgoing = Outgoing { event: &event, directives, seq, room: &room, color: None, emitted_at: 0.0 };
        Arc::new(PreparedFrame::encode(&outgoing, 0, &mut Vec::new()).unwrap())
    }

    fn filled(n: u64, frames_max: usize, bytes_max: usize) -> Ring {
        let mut ring = Ring::after_head(0, frames_max, bytes_max);
        for seq in 1..=n {
            ring.push(frame(seq));
        }
        ring
    }

    fn seqs(frames: &[Arc<PreparedFrame>]) -> Vec<Seq> {
        frames.iter().map(|frame| frame.seq()).collect()
    }

    proptest! {
        #[test]
        fn a_cursor_sees_each_event_once_or_learns_where_it_goes_on(
            n in 0_u64..60, frames_max in 1_usize..40, cursor in 0_u64..70, page in 1_usize..10,
        ) {
            let ring = filled(n, frames_max, usize::MAX);
            let mut at = cursor;
            let mut seen = Vec::new();
            loop {
                let slice = ring.after(at, page, usize::MAX);
                if let Some(resumes_at) = slice.resumes_at {
                    prop_assert!(resumes_at > at + 1);
                    at = resumes_at - 1;
                }
                let Some(last) = slice.frames.last() else { break };
                prop_assert_eq!(slice.frames[0].seq(), at + 1);
                at = last.seq();
                seen.extend(seqs(&slice.frames));
            }
            let first = (cursor + 1).max(n.saturating_sub(frames_max as u64) + 1);
            prop_assert_eq!(seen, (first..=n).collect::<Vec<_>>());
        }

        #[test]
        fn bounds_hold(n in 1_u64..60, bytes_max in 0_usize..2000) {
            let ring = filled(n, 1000, bytes_max);
            prop_assert!(ring.len() == 1 || ring.bytes <= bytes_max);
            prop_assert_eq!(ring.head(), n);
        }
    }

    #[test]
    fn recent_is_the_latest_that_pass_oldest_first() {
        let ring = filled(10, 8, usize::MAX);
        assert_eq!(seqs(&ring.recent(3, 100, |frame| frame.seq() % 2 == 0)), [6, 8, 10]);
        assert_eq!(seqs(&ring.recent(3, 2, |_| true)), [9, 10]);
    }
}
