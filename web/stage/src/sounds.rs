//! Which stingers sound: at most four in any second, calls and errors first.

use std::collections::VecDeque;

/// Most stingers in any second.
pub const PER_SECOND: usize = 4;
/// Wishes that may wait for the end of a frame.
pub const PENDING_MAX: usize = 64;

/// What sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stinger {
    /// A daemon waits for a human.
    Call,
    /// Something failed.
    Error,
    /// A daemon appears.
    Arrival,
    /// A daemon leaves.
    Departure,
    /// Something worked.
    Success,
}

impl Stinger {
    /// What matters most comes first.
    const ALL: [Self; 5] = [Self::Call, Self::Error, Self::Arrival, Self::Departure, Self::Success];
}

/// A stinger, and how many events it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sound {
    /// Which.
    pub stinger: Stinger,
    /// Tells daemons apart: semitones, 0–11.
    pub pitch: u8,
    /// How many wishes became this one sound.
    pub weight: u32,
    /// Until when it must be heard, milliseconds of the page's clock: then it is too late for the first of them.
    pub due: f64,
}

/// Which stingers may sound, and when.
#[derive(Debug, Clone, Default)]
pub struct SoundGate {
    pending: Vec<Sound>,
    played: VecDeque<f64>,
}

impl SoundGate {
    /// A cue wishes to be heard until `due`.
    pub fn wish(&mut self, stinger: Stinger, pitch: u8, due: f64) {
        if let Some(same) =
            self.pending.iter_mut().find(|sound| sound.stinger == stinger && sound.pitch == pitch)
        {
            same.weight = same.weight.saturating_add(1);
            same.due = same.due.min(due);
        } else if self.pending.len() < PENDING_MAX {
            self.pending.push(Sound { stinger, pitch: pitch % 12, weight: 1, due });
        }
    }

    /// What sounds now; the rest of the frame's wishes stay silent.
    pub fn take(&mut self, now: f64, into: &mut Vec<Sound>) {
        into.clear();
        while self.played.front().is_some_and(|at| now - at >= 1_000.0) {
            self.played.pop_front();
        }
        for stinger in Stinger::ALL {
            for sound in self.pending.iter().filter(|sound| sound.stinger == stinger) {
                if self.played.len() < PER_SECOND {
                    self.played.push_back(now);
                    into.push(*sound);
                }
            }
        }
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_error_is_heard_before_successes() {
        let mut gate = SoundGate::default();
        let mut out = Vec::new();
        for pitch in 0..8 {
            gate.wish(Stinger::Success, pitch, 200.0);
        }
        gate.wish(Stinger::Error, 3, 200.0);
        gate.take(0.0, &mut out);
        assert_eq!((out.len(), out[0].stinger), (PER_SECOND, Stinger::Error));
    }

    proptest! {
        #[test]
        fn never_more_than_four_in_a_second(steps in proptest::collection::vec((0.0..400.0_f64, 0..12_u8), 1..200)) {
            let mut gate = SoundGate::default();
            let (mut now, mut heard, mut out) = (0.0, Vec::new(), Vec::new());
            for (step, pitch) in steps {
                now += step;
                gate.wish(Stinger::Success, pitch, 200.0);
                gate.wish(Stinger::Error, pitch, 200.0);
                gate.take(now, &mut out);
                heard.extend(out.iter().map(|_| now));
            }
            for (i, at) in heard.iter().enumerate() {
                prop_assert!(heard[i..].iter().filter(|other| *other - at < 1_000.0).count() <= PER_SECOND);
            }
        }
    }
}
