//! How much the stage may cost: tiers, and when to go from one to another.

/// What a tier allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tier {
    /// Its name.
    pub name: &'static str,
    /// Most pixels of the canvas for each CSS pixel of its width.
    pub scale_max: f64,
    /// Most pixels of the canvas.
    pub pixels_max: f64,
    /// Particles a second that may be born, and how many may be saved up.
    pub spawn: [f32; 2],
    /// The longest that a particle lives, seconds: all that may be alive are drawn.
    pub life_max: f32,
    /// Most waves, veils and the like at a time.
    pub effects_max: usize,
    /// Least milliseconds between two frames: when something happens, and when nothing does.
    pub frame_ms: [f64; 2],
    /// Milliseconds between projections of what moves with the circles, and of tables and lists while much goes on: the browser
    /// lays out and paints what they change.
    pub words_ms: [f64; 2],
    /// A mean interval between frames beyond this is too slow, milliseconds.
    pub slow_ms: f64,
    /// One below this has room for more.
    pub quick_ms: f64,
}

/// All of them, the richest first.
pub const TIERS: [Tier; 5] = [
    tier("full", 2.0, 8e6, [20_000.0, 12_000.0], 6.0, 64, [0.0, 0.0], [100.0, 250.0], [24.0, 18.0]),
    tier("high", 1.5, 4e6, [8_000.0, 5_000.0], 6.0, 48, [0.0, 0.0], [100.0, 250.0], [24.0, 18.0]),
    tier("lean", 1.0, 2e6, [3_000.0, 2_000.0], 4.0, 32, [0.0, 0.0], [100.0, 250.0], [40.0, 18.0]),
    // A CPU paints: what counts is the number of pixels.
    tier("software", 1.0, 200_000.0, [1_200.0, 700.0], 2.0, 12, [30.0, 66.0], [100.0, 500.0], [75.0, 40.0]),
    tier(
        "spare",
        1.0,
        120_000.0,
        [600.0, 400.0],
        1.8,
        8,
        [40.0, 100.0],
        [200.0, 1_000.0],
        [f64::INFINITY, 52.0],
    ),
];
/// The first tier for a CPU.
pub const SOFTWARE: usize = 3;
/// Slow for so long costs a tier, milliseconds.
pub const DOWN_MS: f64 = 2_000.0;
/// Quick for so long wins one back; longer after each time that it did not last.
pub const UP_MS: f64 = 10_000.0;
/// The longest such wait.
pub const UP_MS_MAX: f64 = 320_000.0;

#[expect(clippy::too_many_arguments, reason = "a table of nine columns")]
const fn tier(
    name: &'static str,
    scale_max: f64,
    pixels_max: f64,
    spawn: [f32; 2],
    life_max: f32,
    effects_max: usize,
    frame_ms: [f64; 2],
    words_ms: [f64; 2],
    [slow_ms, quick_ms]: [f64; 2],
) -> Tier {
    Tier { name, scale_max, pixels_max, spawn, life_max, effects_max, frame_ms, words_ms, slow_ms, quick_ms }
}

/// Chooses the tier by how fast frames come.
#[derive(Debug, Clone)]
pub struct Quality {
    at: usize,
    best: usize,
    fixed: bool,
    last: Option<f64>,
    interval: f64,
    /// Since when frames are too slow, or quick enough for more.
    slow: Option<f64>,
    quick: Option<f64>,
    climbed: f64,
    patience: f64,
}

impl Quality {
    /// For a painter; `software`: a CPU does the GPU's work.
    #[must_use]
    pub fn new(software: bool) -> Self {
        let best = if software { SOFTWARE } else { 0 };
        Self {
            at: best,
            best,
            fixed: false,
            last: None,
            interval: 16.7,
            slow: None,
            quick: None,
            climbed: f64::NEG_INFINITY,
            patience: UP_MS,
        }
    }

    /// Stays at the tier of this name; at none of them: chooses again.
    pub fn fix(&mut self, name: &str) {
        let named = TIERS.iter().position(|tier| tier.name == name);
        self.fixed = named.is_some();
        self.at = named.unwrap_or(self.best);
        self.slow = None;
        self.quick = None;
    }

    /// What holds now.
    #[must_use]
    pub fn tier(&self) -> &'static Tier {
        &TIERS[self.at.min(TIERS.len() - 1)]
    }

    /// The mean interval between frames, milliseconds.
    #[must_use]
    pub fn interval(&self) -> f64 {
        self.interval
    }

    /// A frame begins at `now`, milliseconds. Frames of a page that nobody looks at do not count.
    pub fn frame(&mut self, now: f64) {
        let interval = self.last.map_or(16.7, |last| now - last);
        self.last = Some(now);
        if !(0.0..1_000.0).contains(&interval) {
            self.slow = None;
            self.quick = None;
            return;
        }
        self.interval += (interval - self.interval) * 0.08;
        if self.fixed {
            return;
        }
        let tier = self.tier();
        let since = |since: &mut Option<f64>, holds: bool| {
            *since = holds.then(|| since.unwrap_or(now));
            since.map_or(0.0, |since| now - since)
        };
        let slow = since(&mut self.slow, self.interval > tier.slow_ms);
        let quick = since(&mut self.quick, self.interval < tier.quick_ms);
        if slow >= DOWN_MS && self.at + 1 < TIERS.len() {
            if now - self.climbed < self.patience {
                self.patience = (self.patience * 2.0).min(UP_MS_MAX);
            }
            self.turn(self.at + 1);
        } else if quick >= self.patience && self.at > self.best {
            self.climbed = now;
            self.turn(self.at - 1);
        }
    }

    fn turn(&mut self, to: usize) {
        self.at = to;
        self.slow = None;
        self.quick = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(quality: &mut Quality, now: &mut f64, interval: f64, ms: f64) {
        let until = *now + ms;
        while *now < until {
            *now += interval;
            quality.frame(*now);
        }
    }

    #[test]
    fn two_slow_seconds_cost_a_tier_and_ten_quick_ones_win_it_back() {
        let (mut quality, mut now) = (Quality::new(false), 0.0);
        run(&mut quality, &mut now, 16.7, 5_000.0);
        assert_eq!(quality.tier().name, "full");
        run(&mut quality, &mut now, 33.0, 3_000.0);
        assert_eq!(quality.tier().name, "high");
        run(&mut quality, &mut now, 16.7, 8_000.0);
        assert_eq!(quality.tier().name, "high");
        run(&mut quality, &mut now, 16.7, 4_000.0);
        assert_eq!(quality.tier().name, "full");
    }

    #[test]
    fn a_tier_that_did_not_last_is_tried_later_and_later() {
        let (mut quality, mut now) = (Quality::new(false), 0.0);
        let mut climbs = 0;
        let mut before = quality.tier().name;
        // Full is always too slow, high never is.
        while now < 300_000.0 {
            let interval = if quality.tier().name == "full" { 33.0 } else { 16.7 };
            run(&mut quality, &mut now, interval, 100.0);
            climbs += usize::from(before == "high" && quality.tier().name == "full");
            before = quality.tier().name;
        }
        assert!((2..=6).contains(&climbs), "{climbs}");
    }

    #[test]
    fn a_cpu_never_gets_the_tiers_of_a_gpu_unless_somebody_says_so() {
        let (mut quality, mut now) = (Quality::new(true), 0.0);
        run(&mut quality, &mut now, 30.0, 60_000.0);
        assert_eq!(quality.tier().name, "software");
        quality.fix("full");
        run(&mut quality, &mut now, 300.0, 60_000.0);
        assert_eq!(quality.tier().name, "full");
        quality.fix("auto");
        assert_eq!(quality.tier().name, "software");
    }

    proptest! {
        #[test]
        fn any_frames_give_a_tier(times in proptest::collection::vec(proptest::num::f64::ANY, 0..200)) {
            let mut quality = Quality::new(false);
            for now in times {
                quality.frame(now);
                prop_assert!(quality.interval().is_finite());
            }
        }
    }
}
