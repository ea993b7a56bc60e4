//! A room's latest events, bounded by count and by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use arcane_shared::Seq;

use crate::event::PreparedFrame;

/// Prepared frames in order, without holes. When a bound is reached the oldest give way.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Held>,
    next_seq: Seq,
    frames_max: usize,
    /// Bytes of JSON.
    bytes: usize,
    bytes_max: usize,
    /// Bytes of memory, as far as they were looked at.
    memory: usize,
    /// The oldest event that was left when others had to go for want of memory.
    shortened_to: Seq,
}

/// A frame, and what it takes.
#[derive(Debug)]
struct Held {
    frame: Arc<PreparedFrame>,
    memory: usize,
}

impl Held {
    fn new(frame: Arc<PreparedFrame>) -> Self {
        Self { memory: frame.memory(), frame }
    }

    fn bytes(&self) -> usize {
        self.frame.json().len()
    }
}

/// How far behind the latest frame it is looked how much memory a frame takes with the encodings that its readers needed.
const SETTLED: usize = 1024;

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
        Self {
            frames,
            next_seq: head + 1,
            frames_max: frames_max.max(1),
            bytes: 0,
            bytes_max,
            memory: 0,
            shortened_to: 0,
        }
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

    /// How much memory it takes.
    pub(crate) fn memory(&self) -> usize {
        self.memory + self.frames.capacity() * size_of::<Held>()
    }

    /// Takes the next frame. Where the log has let go of some before this process was told of them, it is a later one: then
    /// nothing before it is held, and readers find in the log what is left.
    pub(crate) fn push(&mut self, frame: Arc<PreparedFrame>) {
        debug_assert!(frame.seq() >= self.next_seq, "frames come in order");
        if frame.seq() > self.next_seq {
            while self.pop().is_some() {}
            self.next_seq = frame.seq();
        }
        self.next_seq += 1;
        let held = Held::new(frame);
        self.bytes += held.bytes();
        self.memory += held.memory;
        self.frames.push_back(held);
        while self.frames.len() > self.frames_max || (self.bytes > self.bytes_max && self.frames.len() > 1) {
            self.pop();
        }
        let settled = self.frames.len().saturating_sub(SETTLED.min(self.frames.len() / 2) + 1);
        if let Some(held) = self.frames.get_mut(settled) {
            let memory = held.frame.memory();
            self.memory = self.memory + memory - held.memory;
            held.memory = memory;
        }
    }

    fn pop(&mut self) -> Option<Arc<PreparedFrame>> {
        let oldest = self.frames.pop_front()?;
        self.bytes -= oldest.bytes();
        self.memory -= oldest.memory;
        Some(oldest.frame)
    }

    /// Gives up the oldest frames until no more than so much memory is taken, but the latest, and those that were taken
    /// later than `taken_before`. Returns them: to free them takes its time.
    pub(crate) fn shorten(&mut self, memory_max: usize, taken_before: i64) -> Vec<Arc<PreparedFrame>> {
        let mut given_up = Vec::new();
        while self.frames.len() > 1
            && self.memory > memory_max
            && self.frames.front().is_some_and(|held| held.frame.at() < taken_before)
        {
            given_up.extend(self.pop());
        }
        if !given_up.is_empty() {
            self.shortened_to = self.first();
        }
        if self.frames.capacity() > 4 * self.frames.len() {
            self.frames.shrink_to(2 * self.frames.len());
        }
        given_up
    }

    /// Whether it would reach further back if there had been memory.
    pub(crate) fn is_shortened(&self) -> bool {
        self.first() == self.shortened_to
    }

    /// Takes frames back that come right before its first, as far as they fit.
    pub(crate) fn lengthen(&mut self, frames: Vec<Arc<PreparedFrame>>) {
        for frame in frames.into_iter().rev() {
            let fits =
                self.frames.len() < self.frames_max && self.bytes + frame.json().len() <= self.bytes_max;
            if !fits || frame.seq() + 1 != self.first() {
                return;
            }
            let held = Held::new(frame);
            self.bytes += held.bytes();
            self.memory += held.memory;
            self.frames.push_front(held);
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
            .take_while(|held| {
                bytes += held.bytes();
                bytes <= bytes_max || bytes == held.bytes()
            })
            .map(|held| Arc::clone(&held.frame))
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
        let latest = self.frames.iter().rev().take(within).map(|held| &held.frame);
        let mut found: Vec<_> = latest.filter(|frame| wanted(frame)).take(n).cloned().collect();
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
            prop_assert_eq!(ring.memory, ring.frames.iter().map(|held| held.memory).sum::<usize>());
        }
    }

    #[test]
    fn behind_events_that_were_let_go_of_only_the_later_ones_are_held() {
        let mut ring = filled(4, 10, usize::MAX);
        ring.push(frame(7));
        ring.push(frame(8));
        assert_eq!((ring.head(), ring.len()), (8, 2));
        assert_eq!(seqs(&ring.recent(10, 100, |_| true)), [7, 8]);
        assert_eq!(
            ring.after(4, 10, usize::MAX).resumes_at,
            Some(7),
            "the log says what became of the others"
        );
    }

    #[test]
    fn a_ring_that_was_shortened_takes_back_what_comes_right_before() {
        let mut ring = filled(10, 8, usize::MAX);
        let memory = ring.memory;
        assert!(!ring.is_shortened());
        assert_eq!(seqs(&ring.shorten(memory - 1, 1)), [3]);
        assert!(ring.shorten(0, 0).is_empty(), "they were taken later");
        assert_eq!(seqs(&ring.shorten(0, 1)), [4, 5, 6, 7, 8, 9], "the latest stays");
        assert!(ring.is_shortened());
        ring.lengthen(vec![frame(7), frame(8)]);
        assert_eq!(ring.len(), 1, "there is a hole");
        ring.lengthen((2..10).map(frame).collect());
        assert_eq!((ring.first(), ring.head(), ring.memory), (3, 10, memory));
        ring.push(frame(11));
        assert!(!ring.is_shortened());
    }

    #[test]
    fn recent_is_the_latest_that_pass_oldest_first() {
        let ring = filled(10, 8, usize::MAX);
        assert_eq!(seqs(&ring.recent(3, 100, |frame| frame.seq() % 2 == 0)), [6, 8, 10]);
        assert_eq!(seqs(&ring.recent(3, 2, |_| true)), [9, 10]);
    }
}
