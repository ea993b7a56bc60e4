//! Figures of a daemon, summed over a window.

use serde::{Deserialize, Serialize};

use super::amount::{Dollars, Seconds};
use super::sign::Spent;

/// What a daemon did and spent within a window. What no event told of is absent, which is not 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sums {
    /// Calls that ended.
    pub invocations: u64,
    /// How many of them failed.
    pub failures: u64,
    /// Seconds that they took.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub seconds: Seconds,
    /// Tokens that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens that were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub cost_usd: Option<Dollars>,
    /// Milliseconds that it waited for a human, without a wait that goes on.
    pub waited_ms: u64,
}

impl Sums {
    pub(super) fn spend(&mut self, spent: Spent) {
        add(&mut self.input_tokens, spent.input_tokens, u64::saturating_add);
        add(&mut self.output_tokens, spent.output_tokens, u64::saturating_add);
        add(&mut self.cost_usd, spent.cost_usd, Dollars::plus);
    }

    pub(super) fn end_call(&mut self, seconds: Seconds, failed: bool) {
        self.invocations = self.invocations.saturating_add(1);
        self.failures = self.failures.saturating_add(u64::from(failed));
        self.seconds = self.seconds.plus(seconds);
    }

    /// What was added since earlier sums of the same daemon. What did not become more is absent, where it may be.
    #[must_use]
    pub fn without(&self, earlier: &Self) -> Self {
        let more = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| now.saturating_sub(before.unwrap_or(0))).filter(|more| *more > 0)
        };
        Self {
            invocations: self.invocations.saturating_sub(earlier.invocations),
            failures: self.failures.saturating_sub(earlier.failures),
            seconds: self.seconds.minus(earlier.seconds),
            input_tokens: more(self.input_tokens, earlier.input_tokens),
            output_tokens: more(self.output_tokens, earlier.output_tokens),
            cost_usd: self
                .cost_usd
                .map(|cost| cost.minus(earlier.cost_usd.unwrap_or_default()))
                .filter(|more| *more > Dollars::default()),
            waited_ms: self.waited_ms.saturating_sub(earlier.waited_ms),
        }
    }

    /// The sums of several daemons together.
    pub fn merge(&mut self, other: &Self) {
        self.invocations = self.invocations.saturating_add(other.invocations);
        self.failures = self.failures.saturating_add(other.failures);
        self.seconds = self.seconds.plus(other.seconds);
        self.waited_ms = self.waited_ms.saturating_add(other.waited_ms);
        self.spend(Spent {
            input_tokens: other.input_tokens,
            output_tokens: other.output_tokens,
            cost_usd: other.cost_usd,
        });
    }
}

fn add<T>(sum: &mut Option<T>, more: Option<T>, plus: impl Fn(T, T) -> T) {
    if let Some(more) = more {
        *sum = Some(match sum.take() {
            Some(sum) => plus(sum, more),
            None => more,
        });
    }
}
