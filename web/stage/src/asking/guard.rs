//! When an answer counts: not before what is asked was seen to its end, not at once after something changed, and once.

/// How long what appeared or changed is dead, milliseconds: nobody presses what was not there a moment ago.
pub const REST_MS: f64 = 400.0;

/// Why a press means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// It has just appeared, or changed.
    Early,
    /// The end of the input was not in view yet.
    EndUnseen,
    /// Another answer is under way.
    UnderWay,
    /// It has ended.
    Over,
}

/// What stands between a press and an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Guard {
    changed: Option<f64>,
    has_seen_end: bool,
    is_under_way: bool,
    is_over: bool,
}

impl Guard {
    /// Something else is asked from now on.
    pub fn begin(&mut self, now: f64) {
        *self = Self { changed: Some(now), ..Self::default() };
    }

    /// What can be pressed has changed.
    pub fn change(&mut self, now: f64) {
        self.changed = Some(now);
    }

    /// The end of the input is in view.
    pub fn see_end(&mut self) {
        self.has_seen_end = true;
    }

    /// An answer is under way.
    pub fn send(&mut self) {
        self.is_under_way = true;
    }

    /// The answer did not count, and another may be given.
    pub fn fail(&mut self, now: f64) {
        self.is_under_way = false;
        self.change(now);
    }

    /// It has ended.
    pub fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether an answer is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Why a press means nothing; `None`: it counts.
    #[must_use]
    pub fn dead(&self, now: f64) -> Option<Dead> {
        if self.is_over {
            Some(Dead::Over)
        } else if self.is_under_way {
            Some(Dead::UnderWay)
        } else if !self.has_seen_end {
            Some(Dead::EndUnseen)
        } else if self.changed.is_none_or(|at| now - at < REST_MS) {
            Some(Dead::Early)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_counts_before_the_end_was_seen_and_everything_has_rested() {
        let mut guard = Guard::default();
        guard.see_end();
        assert_eq!(guard.dead(1e9), Some(Dead::Early), "nothing is asked yet");
        guard.begin(1_000.0);
        assert_eq!(guard.dead(9_000.0), Some(Dead::EndUnseen));
        guard.see_end();
        assert_eq!([guard.dead(1_399.0), guard.dead(1_400.0)], [Some(Dead::Early), None]);
        guard.change(2_000.0);
        assert_eq!([guard.dead(2_399.0), guard.dead(2_400.0)], [Some(Dead::Early), None]);
        guard.send();
        assert_eq!(guard.dead(9_000.0), Some(Dead::UnderWay));
        guard.fail(9_000.0);
        assert_eq!([guard.dead(9_100.0), guard.dead(9_400.0)], [Some(Dead::Early), None]);
        guard.end();
        assert_eq!(guard.dead(99_000.0), Some(Dead::Over));
        guard.begin(100_000.0);
        assert_eq!(guard.dead(200_000.0), Some(Dead::EndUnseen), "what comes next has an end of its own");
    }
}
