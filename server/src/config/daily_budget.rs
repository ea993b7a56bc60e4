//! How many dollars a daemon may spend on a day.

use std::fmt;
use std::str::FromStr;

use arcane_shared::DaemonName;
use arcane_shared::roster::Dollars;
use serde::Deserialize;

/// The largest budget, dollars: what is larger is a slip.
const USD_MAX: f64 = 1_000_000.0;

/// Dollars that may be spent on a day: more than 0, at most a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct DailyBudget(Dollars);

/// What is no budget.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0} is no budget: it is a number of dollars above 0 and at most 1000000; leave it out to have none")]
pub struct NoBudget(String);

/// The setting that a daemon's budget comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetSetting {
    /// `budget_usd` of its table in the configuration file.
    Daemon(DaemonName),
    /// `--budget-usd`, for each daemon that has none of its own.
    Each,
}

impl DailyBudget {
    /// Checks a number of dollars.
    ///
    /// # Errors
    /// If it is no number, not above 0, or above a million.
    pub fn new(usd: f64) -> Result<Self, NoBudget> {
        // What is less than a billionth of a dollar is summed as nothing.
        let budget = Dollars::nearest(usd);
        let is_one = usd <= USD_MAX && budget > Dollars::default();
        if is_one { Ok(Self(budget)) } else { Err(NoBudget(usd.to_string())) }
    }

    /// The dollars.
    #[must_use]
    pub fn usd(self) -> Dollars {
        self.0
    }
}

impl TryFrom<f64> for DailyBudget {
    type Error = NoBudget;

    fn try_from(usd: f64) -> Result<Self, NoBudget> {
        Self::new(usd)
    }
}

impl FromStr for DailyBudget {
    type Err = NoBudget;

    fn from_str(text: &str) -> Result<Self, NoBudget> {
        text.trim().parse().map_err(|_| NoBudget(format!("{text:?}"))).and_then(Self::new)
    }
}

impl fmt::Display for BudgetSetting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daemon(name) => write!(out, "budget_usd in [daemons.{name}]"),
            Self::Each => out.write_str("--budget-usd"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_sum_above_nothing() {
        for (text, usd) in [("5", 5.0), (" 0.5 ", 0.5), ("1e6", 1e6), ("0.000000001", 1e-9)] {
            assert_eq!(text.parse::<DailyBudget>().unwrap().usd(), Dollars::nearest(usd), "{text}");
        }
        for text in ["0", "-1", "NaN", "inf", "-inf", "1000000.5", "1e-12", "", "$5", "5 USD"] {
            assert!(text.parse::<DailyBudget>().is_err(), "{text}");
        }
        insta::assert_snapshot!("-1".parse::<DailyBudget>().unwrap_err(), @"-1 is no budget: it is a number of dollars above 0 and at most 1000000; leave it out to have none");
    }
}
