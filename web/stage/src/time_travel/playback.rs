//! The pace at which the past is played: its own times a speed, long silences shortened.

use arcane_shared::UnixMillis;

/// The speeds to choose from.
pub const SPEEDS: [f64; 5] = [0.5, 1.0, 2.0, 10.0, 60.0];
/// How they are called.
pub const SPEED_WORDS: [&str; 5] = ["0.5×", "1×", "2×", "10×", "60×"];
/// A silence takes no longer than this, milliseconds of the viewer's clock.
pub const SILENCE_MAX_MS: f64 = 5_000.0;
/// A frame that took longer counts as this long: a page that was hidden does not leap.
pub const FRAME_MAX_MS: f64 = 250.0;
/// Above this speed stingers would run into each other: there is no sound.
pub const SOUND_SPEED_MAX: f64 = 1.0;

/// The pace of a playback.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Playback {
    speed: f64,
    ticked: f64,
    /// A silence that is being shortened: its end, and how fast it passes.
    rush: Option<(UnixMillis, f64)>,
}

impl Playback {
    /// Begins at `now` of the page's clock.
    #[must_use]
    pub fn new(speed: f64, now: f64) -> Self {
        Self { speed, ticked: now, rush: None }
    }

    /// The speed.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Changes the speed.
    pub fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
        self.rush = None;
    }

    /// The silence that is being shortened ends at this moment.
    #[must_use]
    pub fn silent_until(&self) -> Option<UnixMillis> {
        self.rush.map(|(until, _)| until)
    }

    /// Where the playback is at `now` of the page's clock, when it was at a moment and the next event is at
    /// another. Without one it stands still.
    pub fn advance(&mut self, now: f64, at: UnixMillis, next: Option<UnixMillis>) -> UnixMillis {
        let passed = (now - self.ticked).clamp(0.0, FRAME_MAX_MS);
        self.ticked = now;
        let Some(next) = next else {
            self.rush = None;
            return at;
        };
        if self.rush.is_none_or(|(until, _)| until > next || at >= until) {
            let left = next - at;
            let long = left > SILENCE_MAX_MS * self.speed;
            self.rush = long.then(|| (next, left / SILENCE_MAX_MS));
        }
        match self.rush {
            // What follows a silence begins at its own pace.
            Some((until, rate)) => (at + passed * rate).min(until),
            None => at + passed * self.speed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time_for(speed: f64, silence: f64) -> f64 {
        let mut playback = Playback::new(speed, 0.0);
        let (mut now, mut at) = (0.0, 1e12);
        while at < 1e12 + silence && now < 1e6 {
            now += 10.0;
            at = playback.advance(now, at, Some(1e12 + silence));
        }
        now
    }

    #[test]
    fn long_silences_are_shortened_and_short_ones_are_not() {
        assert!((time_for(1.0, 3_000.0) - 3_000.0).abs() <= 10.0);
        assert!((time_for(0.5, 2_000.0) - 4_000.0).abs() <= 10.0);
        assert!((time_for(10.0, 20_000.0) - 2_000.0).abs() <= 10.0);
        for silence in [6_000.0, 3_600_000.0, 1e11] {
            assert!((time_for(1.0, silence) - SILENCE_MAX_MS).abs() <= 20.0);
        }
    }

    #[test]
    fn what_follows_a_silence_is_not_jumped_over() {
        let mut playback = Playback::new(1.0, 0.0);
        let (mut now, mut at) = (0.0, 0.0);
        while at < 9e6 {
            now += 16.0;
            at = playback.advance(now, at, Some(9e6));
        }
        assert_eq!(at.to_bits(), 9e6_f64.to_bits());
        let after = playback.advance(now + 16.0, at, Some(9e6 + 100.0));
        assert!((after - at - 16.0).abs() < 1e-6);
        assert_eq!(playback.silent_until(), None);
    }

    proptest! {
        #[test]
        fn time_never_runs_backwards(
            frames in proptest::collection::vec((0.0..5_000.0_f64, 0.0..1e7_f64, 0..SPEEDS.len()), 0..60)
        ) {
            let (mut now, mut at) = (0.0, 0.0);
            let mut playback = Playback::new(1.0, now);
            for (passed, ahead, speed) in frames {
                now += passed;
                playback.set_speed(SPEEDS[speed]);
                let next = playback.advance(now, at, Some(at + ahead));
                prop_assert!(next >= at && next.is_finite());
                at = next;
            }
            let before = at;
            prop_assert_eq!(playback.advance(now + 100.0, at, None).to_bits(), before.to_bits());
        }
    }
}
