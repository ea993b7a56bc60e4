//! Tokens and cost, summed.

use serde::{Deserialize, Serialize};

use super::amount::Dollars;

/// Most tokens of a kind that one event may tell of; more are no count, and are left out of sums.
pub const TOKENS_MAX: u64 = 1_000_000_000;
/// Most dollars that one event may tell of; more are no price, and are left out of sums.
pub const COST_USD_MAX: f64 = 100_000.0;

/// Tokens and cost. What no event told of is absent, which is not 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spent {
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
}

impl Spent {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Tokens that are paid for: reasoning is among those that were written.
    pub(super) fn tokens(&self) -> u64 {
        let kinds = [self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens];
        kinds.into_iter().flatten().fold(0, u64::saturating_add)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        self.each(more, either(u64::saturating_add), either(Dollars::plus))
    }

    /// What was added since an earlier sum. What did not become more is absent.
    #[must_use]
    pub fn without(self, earlier: Self) -> Self {
        self.each(earlier, difference(u64::saturating_sub), difference(Dollars::minus))
    }

    fn each(
        self,
        other: Self,
        counts: impl Fn(Option<u64>, Option<u64>) -> Option<u64>,
        dollars: impl Fn(Option<Dollars>, Option<Dollars>) -> Option<Dollars>,
    ) -> Self {
        Self {
            input_tokens: counts(self.input_tokens, other.input_tokens),
            output_tokens: counts(self.output_tokens, other.output_tokens),
            cache_read_tokens: counts(self.cache_read_tokens, other.cache_read_tokens),
            cache_write_tokens: counts(self.cache_write_tokens, other.cache_write_tokens),
            reasoning_tokens: counts(self.reasoning_tokens, other.reasoning_tokens),
            cost_usd: dollars(self.cost_usd, other.cost_usd),
            cost_computed_usd: dollars(self.cost_computed_usd, other.cost_computed_usd),
            unpriced_tokens: counts(self.unpriced_tokens, other.unpriced_tokens),
        }
    }
}

fn either<T>(plus: impl Fn(T, T) -> T) -> impl Fn(Option<T>, Option<T>) -> Option<T> {
    move |a, b| match (a, b) {
        (Some(a), Some(b)) => Some(plus(a, b)),
        (a, b) => a.or(b),
    }
}

fn difference<T: Copy + Default + PartialEq>(
    minus: impl Fn(T, T) -> T,
) -> impl Fn(Option<T>, Option<T>) -> Option<T> {
    move |now, before| Some(minus(now?, before.unwrap_or_default())).filter(|more| *more != T::default())
}
