//! Figures of a daemon, summed over a window.

use serde::{Deserialize, Serialize};

use super::amount::{Dollars, Seconds};
use super::spent::Spent;

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
    /// Tokens that were read, without those of a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens that were written, those of reasoning among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Tokens that came from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Tokens that were put into a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Tokens of reasoning: part of those that were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub cost_usd: Option<Dollars>,
    /// The part of `cost_usd` that no agent reported: it was computed from a table of prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub cost_computed_usd: Option<Dollars>,
    /// Tokens of all kinds that no cost is known of: `cost_usd` is without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpriced_tokens: Option<u64>,
    /// Milliseconds that it waited for a human, without a wait that goes on.
    pub waited_ms: u64,
    /// What its subagents spent, and theirs, however deep: none of it is in the fields above. Absent where several daemons are
    /// summed up, among which its subagents are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagents: Option<Spent>,
}

impl Sums {
    /// Whether nothing was done and spent.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What the daemon itself spent.
    #[must_use]
    pub fn spent(&self) -> Spent {
        Spent {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cache_read_tokens: self.cache_read_tokens,
            cache_write_tokens: self.cache_write_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cost_usd: self.cost_usd,
            cost_computed_usd: self.cost_computed_usd,
            unpriced_tokens: self.unpriced_tokens,
        }
    }

    /// What the daemon and its subagents spent together.
    #[must_use]
    pub fn with_subagents(&self) -> Spent {
        self.spent().plus(self.subagents.unwrap_or_default())
    }

    pub(super) fn spend(&mut self, spent: Spent) {
        *self = self.having(self.spent().plus(spent));
    }

    pub(super) fn spend_by_subagents(&mut self, spent: Spent) {
        add(&mut self.subagents, spent);
    }

    pub(super) fn end_call(&mut self, seconds: Seconds, failed: bool) {
        self.invocations = self.invocations.saturating_add(1);
        self.failures = self.failures.saturating_add(u64::from(failed));
        self.seconds = self.seconds.plus(seconds);
    }

    /// What was added since earlier sums of the same daemon. What did not become more is absent, where it may be.
    #[must_use]
    pub fn without(&self, earlier: &Self) -> Self {
        let subagents = self.subagents.map(|now| now.without(earlier.subagents.unwrap_or_default()));
        Self {
            invocations: self.invocations.saturating_sub(earlier.invocations),
            failures: self.failures.saturating_sub(earlier.failures),
            seconds: self.seconds.minus(earlier.seconds),
            waited_ms: self.waited_ms.saturating_sub(earlier.waited_ms),
            subagents: subagents.filter(|more| !more.is_none()),
            ..Self::default()
        }
        .having(self.spent().without(earlier.spent()))
    }

    /// The sums of several daemons together.
    pub fn merge(&mut self, other: &Self) {
        self.invocations = self.invocations.saturating_add(other.invocations);
        self.failures = self.failures.saturating_add(other.failures);
        self.seconds = self.seconds.plus(other.seconds);
        self.waited_ms = self.waited_ms.saturating_add(other.waited_ms);
        self.spend(other.spent());
    }

    fn having(self, spent: Spent) -> Self {
        Self {
            input_tokens: spent.input_tokens,
            output_tokens: spent.output_tokens,
            cache_read_tokens: spent.cache_read_tokens,
            cache_write_tokens: spent.cache_write_tokens,
            reasoning_tokens: spent.reasoning_tokens,
            cost_usd: spent.cost_usd,
            cost_computed_usd: spent.cost_computed_usd,
            unpriced_tokens: spent.unpriced_tokens,
            ..self
        }
    }
}

/// Adds to what may be absent.
pub(super) fn add(sum: &mut Option<Spent>, more: Spent) {
    if !more.is_none() {
        *sum = Some(sum.unwrap_or_default().plus(more));
    }
}
