//! The stretch of time that the strip shows, and the way between its places and moments.

use arcane_shared::UnixMillis;

/// How far back the strip shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// Five minutes.
    #[default]
    FiveMinutes,
    /// One hour.
    Hour,
    /// One day.
    Day,
    /// All that the log keeps.
    All,
}

impl Range {
    /// Shortest first.
    pub const ALL: [Self; 4] = [Self::FiveMinutes, Self::Hour, Self::Day, Self::All];

    /// As the page writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5 min",
            Self::Hour => "1 h",
            Self::Day => "1 day",
            Self::All => "all",
        }
    }

    /// How long it is; `None`: as long as the log.
    #[must_use]
    pub fn length_ms(self) -> Option<f64> {
        match self {
            Self::FiveMinutes => Some(300_000.0),
            Self::Hour => Some(3_600_000.0),
            Self::Day => Some(86_400_000.0),
            Self::All => None,
        }
    }

    /// What it shows while it is `to`, in a log that begins at `oldest_at`.
    #[must_use]
    pub fn until(self, to: UnixMillis, oldest_at: Option<UnixMillis>) -> Span {
        let shortest = to - 60_000.0;
        let from = match self.length_ms() {
            Some(length) => to - length,
            // A little air, so that the first event can be reached.
            None => oldest_at.map_or(shortest, |oldest| (oldest - (to - oldest) * 0.01).min(shortest)),
        };
        Span { from, to }
    }
}

/// The stretch of time that the strip shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Its beginning.
    pub from: UnixMillis,
    /// Its end.
    pub to: UnixMillis,
}

impl Span {
    /// Its length, milliseconds; never 0.
    #[must_use]
    pub fn length(self) -> f64 {
        (self.to - self.from).max(1.0)
    }

    /// The moment at a part of its width.
    #[must_use]
    pub fn moment(self, part: f64) -> UnixMillis {
        self.from + self.length() * part.clamp(0.0, 1.0)
    }

    /// The part of its width where a moment is; outside of 0.0–1.0 where it does not show it.
    #[must_use]
    pub fn part(self, at: UnixMillis) -> f64 {
        (at - self.from) / self.length()
    }

    /// Round moments for its ticks, at most about eight, on the viewer's clock.
    #[must_use]
    pub fn ticks(self, offset_ms: f64) -> Vec<UnixMillis> {
        const MINUTE: f64 = 60_000.0;
        const STEPS: [f64; 14] = [
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 180.0, 360.0, 1_440.0, 2_880.0, 10_080.0, 43_200.0,
            525_600.0,
        ];
        let step = STEPS.iter().map(|minutes| minutes * MINUTE).find(|step| self.length() / step <= 8.0);
        let step = step.unwrap_or_else(|| self.length() / 4.0);
        let mut at = ((self.from + offset_ms) / step).ceil() * step - offset_ms;
        let mut ticks = Vec::new();
        while at < self.to && ticks.len() < 12 {
            ticks.push(at);
            at += step;
        }
        ticks
    }
}

/// A step of the scrubber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One back, one on.
    One(bool),
    /// Many back, many on.
    Page(bool),
    /// To the beginning of what the strip shows.
    Home,
    /// To what is live.
    End,
}

impl Step {
    /// What a key of the scrubber does.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowLeft" | "ArrowDown" => Self::One(false),
            "ArrowRight" | "ArrowUp" => Self::One(true),
            "PageDown" => Self::Page(false),
            "PageUp" => Self::Page(true),
            "Home" => Self::Home,
            "End" => Self::End,
            _ => return None,
        })
    }

    /// Where it leads from a moment; `None`: to what is live.
    #[must_use]
    pub fn from(self, at: UnixMillis, span: Span, step_ms: f64) -> Option<UnixMillis> {
        let by = |n: f64, on: bool| at + step_ms.max(1_000.0) * if on { n } else { -n };
        let to = match self {
            Self::One(on) => by(1.0, on),
            Self::Page(on) => by(15.0, on),
            Self::Home => span.from,
            Self::End => return None,
        };
        (to < span.to).then(|| to.max(span.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_is_as_long_as_the_log() {
        assert_eq!(Range::All.until(1e9, Some(0.0)).from, -1e7);
        assert_eq!(Range::All.until(1e9, None).length(), 60_000.0);
        assert_eq!(Range::Hour.until(1e9, Some(0.0)).length(), 3_600_000.0);
    }

    #[test]
    fn keys_move_and_the_end_is_live() {
        let span = Span { from: 0.0, to: 300_000.0 };
        let go = |key: &str, at| Step::of_key(key).unwrap().from(at, span, 1_000.0);
        assert_eq!(go("ArrowLeft", 10_000.0), Some(9_000.0));
        assert_eq!(go("PageUp", 10_000.0), Some(25_000.0));
        assert_eq!(go("Home", 10_000.0), Some(0.0));
        assert_eq!(go("PageDown", 10_000.0), Some(0.0));
        assert_eq!(go("ArrowRight", 299_500.0), None);
        assert_eq!(go("End", 10_000.0), None);
        assert_eq!(Step::of_key("x"), None);
    }

    proptest! {
        #[test]
        fn a_place_is_a_moment_and_back(from in -1e12..1e12_f64, length in 1e3..1e11_f64, part in 0.0..=1.0_f64) {
            let span = Span { from, to: from + length };
            prop_assert!((span.part(span.moment(part)) - part).abs() < 1e-6);
            let ticks = span.ticks(3_600_000.0);
            prop_assert!(ticks.len() <= 12 && ticks.iter().all(|at| (from..from + length).contains(at)));
        }
    }
}
