//! When somebody waited for a human: the line of the timeline. As far as this page has seen it.

use arcane_shared::UnixMillis;

/// Most stretches that are kept; beyond that the oldest give way.
pub const WAITS_MAX: usize = 256;

/// When at least one daemon waited, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waits {
    spans: Vec<[UnixMillis; 2]>,
    goes_on: bool,
}

impl Waits {
    /// At a moment, the longest wait goes on since another; `None`: nobody waits.
    pub fn note(&mut self, since: Option<UnixMillis>, at: UnixMillis) {
        if let Some(last) = self.spans.last_mut().filter(|_| self.goes_on) {
            last[1] = at.max(last[1]);
        }
        if let Some(since) = since.filter(|since| since.is_finite())
            && !self.goes_on
        {
            // Who waits on after another's wait ended continues the stretch.
            match self.spans.last_mut().filter(|last| since <= last[1]) {
                Some(last) => last[1] = at.max(last[1]),
                None => self.spans.push([since, at.max(since)]),
            }
            if self.spans.len() > WAITS_MAX {
                self.spans.remove(0);
            }
        }
        self.goes_on = since.is_some();
    }

    /// The stretches, oldest first.
    #[must_use]
    pub fn spans(&self) -> &[[UnixMillis; 2]] {
        &self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wait_is_one_stretch_until_nobody_waits() {
        let mut waits = Waits::default();
        for (since, at) in [
            (None, 1.0),
            (Some(2.0), 3.0),
            (Some(2.0), 5.0),
            (None, 7.0),
            (None, 9.0),
            (Some(10.0), 10.0),
            (None, 12.0),
        ] {
            waits.note(since, at);
        }
        assert_eq!(waits.spans(), [[2.0, 7.0], [10.0, 12.0]]);
        waits.note(Some(11.0), 13.0);
        assert_eq!(waits.spans(), [[2.0, 7.0], [10.0, 13.0]]);
    }

    proptest! {
        #[test]
        fn stretches_are_in_order_and_bounded(steps in proptest::collection::vec((proptest::option::of(0.0..50.0_f64), 0.0..90.0_f64), 0..900)) {
            let (mut waits, mut at) = (Waits::default(), 0.0);
            for (ago, step) in steps {
                at += step;
                waits.note(ago.map(|ago| at - ago), at);
            }
            prop_assert!(waits.spans().len() <= WAITS_MAX);
            prop_assert!(waits.spans().iter().all(|span| span[0] <= span[1]));
            prop_assert!(waits.spans().windows(2).all(|two| two[0][1] < two[1][0]));
        }
    }
}
