//! One window for many readers.
//!
//! A window that a compressor keeps from one event to the next leaves a fifth of an event, but every
//! reader's inflater has to have seen the same bytes. So the window begins anew every now and then.
//! A reader that wants to join waits for that moment; from there on all of them get the same frames. A
//! reader that misses one goes on with events that were compressed alone until the next such moment.
//! Uncompressed messages may come in between: they do not pass through an inflater.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::compressor::{self, Compressor};
use super::negotiation::COHORT_WINDOW_BITS;

/// Most events of one window.
pub const COHORT_EVENTS_MAX: usize = 64;
/// For how long a window goes on at most when a reader waits to join.
pub const COHORT_WINDOW_MAX: Duration = Duration::from_millis(250);
/// With a shared window the fastest level leaves 20 % of an event; the next ones 18 %, at six times
/// the cost.
const LEVEL: u32 = 1;

/// The compressor of all readers that get the same events. It takes about 300 KiB.
#[derive(Debug)]
pub struct Cohort {
    compressor: Compressor,
    window: Option<Window>,
    somebody_waits: bool,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    events: usize,
}

/// One event, compressed for everybody in the cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortFrame {
    /// A whole WebSocket text frame, header included.
    pub bytes: Bytes,
    /// Whether it refers to nothing before it: with this frame a reader may join.
    pub opens_window: bool,
}

impl Default for Cohort {
    fn default() -> Self {
        Self::new()
    }
}

impl Cohort {
    /// A cohort whose first event begins a window.
    #[must_use]
    pub fn new() -> Self {
        let compressor = Compressor::new(LEVEL, COHORT_WINDOW_BITS);
        Self { compressor, window: None, somebody_waits: false }
    }

    /// Says that a reader waits to join: the window ends once it is [`COHORT_WINDOW_MAX`] old. Holds
    /// until a window begins.
    pub fn make_room(&mut self) {
        self.somebody_waits = true;
    }

    /// Ends the window: the next event begins one.
    pub fn begin_anew(&mut self) {
        self.window = None;
    }

    /// Compresses the next event. Who has not got every frame since a window began cannot read it.
    pub fn frame(&mut self, json: &[u8], now: Instant) -> CohortFrame {
        let goes_on = self.window.filter(|window| {
            let old = now.saturating_duration_since(window.began) >= COHORT_WINDOW_MAX;
            window.events < COHORT_EVENTS_MAX && !(old && self.somebody_waits)
        });
        if goes_on.is_none() {
            // Every message ends on a byte, so a fresh compressor's output may simply follow.
            self.compressor.forget();
            self.somebody_waits = false;
        }
        let window = goes_on.unwrap_or(Window { began: now, events: 0 });
        self.window = Some(Window { events: window.events + 1, ..window });
        let bytes = compressor::frame(self.compressor.compress(json));
        CohortFrame { bytes, opens_window: goes_on.is_none() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::Reader;
    use super::super::{alone, sample};
    use super::*;

    fn compressed(events: &[String], step: Duration) -> Vec<CohortFrame> {
        let (mut cohort, start) = (Cohort::new(), Instant::now());
        let at = (0..).map(|i| start + step * i);
        let frame = |(event, now): (&String, Instant)| {
            cohort.make_room();
            cohort.frame(event.as_bytes(), now)
        };
        events.iter().zip(at).map(frame).collect()
    }

    #[test]
    fn a_window_ends_after_its_events_or_when_somebody_has_waited() {
        let opened = |step| {
            let frames = compressed(&sample::events(150), Duration::from_millis(step));
            let opens = |(i, frame): (usize, &CohortFrame)| frame.opens_window.then_some(i);
            frames.iter().enumerate().filter_map(opens).take(4).collect::<Vec<_>>()
        };
        assert_eq!(opened(1), [0, 64, 128]);
        assert_eq!(opened(10), [0, 25, 50, 75]);
        assert_eq!(opened(249), [0, 2, 4, 6]);
        assert_eq!(opened(250), [0, 1, 2, 3]);
    }

    #[test]
    fn as_long_as_nobody_waits_a_window_goes_on() {
        let (mut cohort, start) = (Cohort::new(), Instant::now());
        let mut opens = |minutes| cohort.frame(b"{}", start + Duration::from_mins(minutes)).opens_window;
        assert_eq!([0, 1, 2].map(&mut opens), [true, false, false]);
        cohort.make_room();
        let mut opens = |minutes| cohort.frame(b"{}", start + Duration::from_mins(minutes)).opens_window;
        assert_eq!([0, 3, 4].map(&mut opens), [false, true, false], "and time may go back");
    }

    #[test]
    fn a_quarter_is_left_of_real_events() {
        let events = sample::events(5000);
        let raw: usize = events.iter().map(String::len).sum();
        let frames = compressed(&events, Duration::from_millis(3));
        let sent: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
        assert!(sent * 4 <= raw, "{sent} of {raw}");
    }

    #[test]
    fn whoever_joins_in_the_middle_of_a_window_cannot_read() {
        let events = sample::events(64);
        let frames = compressed(&events, Duration::ZERO);
        let mut late = Reader::new();
        let read = events[9..].iter().zip(&frames[9..]);
        assert!(read.into_iter().any(|(event, frame)| late.read(&frame.bytes) != Some(event.clone().into())));
    }

    #[test]
    fn an_empty_and_a_huge_message_are_messages() {
        let mut cohort = Cohort::new();
        let mut reader = Reader::new();
        let huge = sample::events(200).concat();
        for message in ["", &huge[..65_536], "", "x", &huge[..65_536]] {
            let frame = cohort.frame(message.as_bytes(), Instant::now());
            assert_eq!(reader.read(&frame.bytes).unwrap(), message.as_bytes());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whoever_joins_at_a_window_reads_everything_from_there(step in 0_u64..40, join in 0_usize..300) {
            let events = sample::events(400);
            let frames = compressed(&events, Duration::from_millis(step));
            let first = (join..).find(|i| frames[*i].opens_window).unwrap();
            let mut reader = Reader::new();
            for (event, frame) in events.iter().zip(&frames).skip(first) {
                prop_assert_eq!(reader.read(&frame.bytes).unwrap(), event.as_bytes());
            }
        }

        #[test]
        fn whoever_leaves_may_come_back_at_the_next_window(
            stays in proptest::collection::vec((1_usize..90, 1_usize..90), 1..5), step in 0_u64..20,
        ) {
            let events = sample::events(600);
            let frames = compressed(&events, Duration::from_millis(step));
            let mut reader = Reader::new();
            let mut at = 0;
            for (apart, together) in stays {
                let leaves_at = at + apart;
                // On its own, until a window begins after it wanted to join.
                while at < events.len() && (at < leaves_at || !frames[at].opens_window) {
                    let frame = alone(events[at].as_bytes()).unwrap();
                    prop_assert_eq!(reader.read(&frame).unwrap(), events[at].as_bytes());
                    at += 1;
                }
                for (event, frame) in events.iter().zip(&frames).skip(at).take(together) {
                    prop_assert_eq!(reader.read(&frame.bytes).unwrap(), event.as_bytes());
                    at += 1;
                }
            }
        }
    }
}
