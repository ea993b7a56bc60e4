//! Amounts that are summed exactly, whatever the order and however often they are written and read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest count of units: the largest whole number below which a float has all of them.
const UNITS_MAX: u64 = (1 << 53) - 1;

/// A number of seconds or dollars in whole units, of which `UNITS` make one. A float on the wire.
///
/// Floats would differ in the last place between a sum that was written and read on its way, and one that was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount<const UNITS: u64>(u64);

/// Most seconds that one call may take, a year; more are no duration, and are left out of sums.
pub const SECONDS_MAX: f64 = 31_536_000.0;

/// Seconds, to the microsecond: at most 285 years.
pub type Seconds = Amount<1_000_000>;
/// Dollars, to the billionth: at most nine million.
pub type Dollars = Amount<1_000_000_000>;

impl<const UNITS: u64> Amount<UNITS> {
    /// The nearest one; what is negative or no number is none, what is too large the largest.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "rounded and not negative; a cast saturates"
    )]
    pub fn nearest(value: f64) -> Self {
        Self(((value * UNITS as f64).round().max(0.0) as u64).min(UNITS_MAX))
    }

    /// As a float.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "units are below 2^53")]
    pub fn get(self) -> f64 {
        self.0 as f64 / UNITS as f64
    }

    /// This one without another, at least none.
    #[must_use]
    pub fn minus(self, less: Self) -> Self {
        Self(self.0.saturating_sub(less.0))
    }

    /// Both together, at most the largest.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0).min(UNITS_MAX))
    }
}

impl<const UNITS: u64> Serialize for Amount<UNITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de, const UNITS: u64> Deserialize<'de> for Amount<UNITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::nearest)
    }
}
