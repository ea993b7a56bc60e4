//! Where the demo stands: which beat is next, and when. Pure.

use std::time::Duration;

use super::script::{Beat, ROUND_S, SCRIPT};

/// A beat that is later than this has all that follows moved with it: a process that was stopped for an hour goes on where it stood,
/// and does not make up for the hour at once.
const LATE_MAX: Duration = Duration::from_secs(1);

/// Where the demo stands. Times are since it was begun.
#[derive(Debug, Default)]
pub(super) struct Playhead {
    round: u64,
    /// When the round began.
    began: Duration,
    /// Which beat of the script is next.
    next: usize,
}

impl Playhead {
    /// When the next beat is due.
    pub(super) fn due(&self) -> Duration {
        self.began + Duration::from_millis(SCRIPT[self.next].at_ms)
    }

    /// The next beat and the number of its round, from 0 on. `now`: when it is played.
    pub(super) fn play(&mut self, now: Duration) -> (u64, &'static Beat) {
        let late = now.saturating_sub(self.due());
        if late > LATE_MAX {
            self.began += late;
        }
        let played = (self.round, &SCRIPT[self.next]);
        self.next += 1;
        if self.next == SCRIPT.len() {
            *self = Self { round: self.round + 1, began: self.began + Duration::from_secs(ROUND_S), next: 0 };
        }
        played
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_follow_each_other() {
        let mut head = Playhead::default();
        let mut played = Vec::new();
        while head.due() < Duration::from_secs(2 * ROUND_S) {
            let due = head.due();
            let (round, beat) = head.play(due);
            assert_eq!(due, Duration::from_secs(round * ROUND_S) + Duration::from_millis(beat.at_ms));
            played.push((round, *beat));
        }
        let round = |n| SCRIPT.iter().map(move |beat| (n, *beat));
        assert_eq!(played, round(0).chain(round(1)).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_stopped_for_an_hour_goes_on_where_it_stood() {
        let mut head = Playhead::default();
        for _ in 0..10 {
            let due = head.due();
            head.play(due + Duration::from_millis(3));
        }
        let before = head.due();
        head.play(before + Duration::from_hours(1));
        let pause = Duration::from_millis(SCRIPT[11].at_ms - SCRIPT[10].at_ms);
        assert_eq!(head.due(), before + Duration::from_hours(1) + pause);
    }

    #[test]
    fn lateness_does_not_add_up() {
        let mut head = Playhead::default();
        for beat in SCRIPT {
            let due = head.due();
            assert_eq!(due, Duration::from_millis(beat.at_ms));
            head.play(due + Duration::from_millis(40));
        }
    }
}
