//! What happens more often than it can be seen becomes one mark that stands for many.
//!
//! A gate lets one through, counts what comes within the window after it, and lets that through as one. Failures do not
//! go through gates: they are never merged.

/// A gate that lets one of many pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    window_ms: f64,
    opened: f64,
    held: u32,
}

impl Gate {
    /// A gate with its window, milliseconds.
    #[must_use]
    pub fn new(window_ms: f64) -> Self {
        Self { window_ms, opened: f64::NEG_INFINITY, held: 0 }
    }

    /// One more. Says how many the mark that is due now stands for; `None` while it has to wait.
    pub fn come(&mut self, now: f64) -> Option<u32> {
        self.held = self.held.saturating_add(1);
        self.due(now)
    }

    /// How many the mark that is due now stands for, if one is.
    pub fn due(&mut self, now: f64) -> Option<u32> {
        // A clock that was set back must not shut the gate.
        let open = now - self.opened >= self.window_ms || now < self.opened;
        if self.held == 0 || !open {
            return None;
        }
        self.opened = now;
        Some(std::mem::take(&mut self.held))
    }
}

/// How many events a mark stands for, lately.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ratio {
    marks: f64,
    events: f64,
}

impl Ratio {
    /// A mark was made for so many events.
    pub fn note(&mut self, events: u32) {
        self.marks += 1.0;
        self.events += f64::from(events);
    }

    /// Forgets half within each second.
    pub fn fade(&mut self, seconds: f32) {
        let left = f64::from((-std::f32::consts::LN_2 * seconds).exp());
        self.marks *= left;
        self.events *= left;
    }

    /// Events for each mark, rounded; 1 when each has its own.
    #[must_use]
    pub fn events_per_mark(&self) -> u32 {
        let ratio = if self.marks > 0.5 { self.events / self.marks } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least one; saturates"
        )]
        let rounded = ratio.round().max(1.0) as u32;
        rounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_is_seen_at_once_and_a_crowd_as_one() {
        let mut gate = Gate::new(100.0);
        assert_eq!(gate.come(0.0), Some(1));
        assert_eq!((gate.come(10.0), gate.come(20.0)), (None, None));
        assert_eq!((gate.due(90.0), gate.due(100.0), gate.due(300.0)), (None, Some(2), None));
    }

    proptest! {
        #[test]
        fn nobody_is_lost(steps in proptest::collection::vec(-20.0..80.0_f64, 1..300)) {
            let mut gate = Gate::new(100.0);
            let (mut now, mut seen) = (0.0, 0);
            for step in &steps {
                now += step;
                seen += gate.come(now).unwrap_or(0);
            }
            seen += gate.due(now + 1_000.0).unwrap_or(0);
            prop_assert_eq!(seen as usize, steps.len());
        }

        #[test]
        fn a_ratio_is_at_least_one(events in proptest::collection::vec(1..1_000_u32, 0..50), seconds in 0.0..100.0_f32) {
            let mut ratio = Ratio::default();
            for count in events {
                ratio.note(count);
                ratio.fade(seconds / 50.0);
                prop_assert!(ratio.events_per_mark() >= 1);
            }
        }
    }
}
