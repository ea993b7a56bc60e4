//! The pace of a replay. Pure: times of events in, milliseconds since its beginning out.

/// How fast history goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Times its own pace, 0.1–100.
    pub factor: f64,
    /// Longer pauses are shortened to so many seconds of history; `None`: they are waited out.
    pub max_gap_s: Option<f64>,
}

impl Default for Speed {
    fn default() -> Self {
        Self { factor: 1.0, max_gap_s: None }
    }
}

/// When events are due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    speed: Speed,
    /// When the event before was taken, Unix microseconds.
    last_at: Option<i64>,
    due_ms: f64,
}

impl Pace {
    pub(super) fn new(speed: Speed) -> Self {
        Self { speed, last_at: None, due_ms: 0.0 }
    }

    /// When an event that was taken at `at` is due: milliseconds since the replay began. The first one is
    /// due at once. Asking again for the same event changes nothing.
    #[expect(clippy::cast_precision_loss, reason = "a pause in microseconds fits 53 bits for 285 years")]
    pub(super) fn due_ms(&mut self, at: i64) -> f64 {
        let pause_s = at.saturating_sub(self.last_at.unwrap_or(at)).max(0) as f64 / 1e6;
        let pause_s = self.speed.max_gap_s.map_or(pause_s, |max| pause_s.min(max));
        self.last_at = Some(at.max(self.last_at.unwrap_or(at)));
        self.due_ms += pause_s * 1000.0 / self.speed.factor;
        self.due_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_scaled_and_shortened_and_never_negative() {
        let due = |speed, times: &[i64]| -> Vec<f64> {
            let mut pace = Pace::new(speed);
            times.iter().map(|s| pace.due_ms(s * 1_000_000)).collect()
        };
        let times = [100, 101, 101, 111, 109, 112];
        assert_eq!(due(Speed::default(), &times), [0.0, 1e3, 1e3, 11e3, 11e3, 12e3]);
        let fast = Speed { factor: 10.0, max_gap_s: Some(5.0) };
        assert_eq!(due(fast, &times), [0.0, 100.0, 100.0, 600.0, 600.0, 700.0]);
    }
}
