//! How often an agent makes one call, each time with one result, before that is told.

use std::str::FromStr;

/// How often a call is made before it is told to be a loop: never, or 2 to 100 times. Default 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopAfter(u64);

/// What is no such number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none: it is a number from 2 to 100, or 0 for never")]
pub struct NoLoopAfter(String);

impl LoopAfter {
    /// It is never told.
    pub const NEVER: Self = Self(0);

    /// The number; 0: never.
    #[must_use]
    pub fn times(self) -> u64 {
        self.0
    }
}

impl Default for LoopAfter {
    fn default() -> Self {
        Self(5)
    }
}

impl FromStr for LoopAfter {
    type Err = NoLoopAfter;

    fn from_str(text: &str) -> Result<Self, NoLoopAfter> {
        let times = text.trim().parse().map_err(|_| NoLoopAfter(text.into()))?;
        if matches!(times, 0 | 2..=100) { Ok(Self(times)) } else { Err(NoLoopAfter(text.into())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_or_from_two_to_a_hundred_times() {
        for times in [0, 2, 5, 100] {
            assert_eq!(times.to_string().parse(), Ok(LoopAfter(times)));
        }
        for text in ["1", "101", "-1", "five", "", "2.5"] {
            assert!(text.parse::<LoopAfter>().is_err(), "{text}");
        }
    }
}
