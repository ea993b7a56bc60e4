//! One model, or all whose names begin alike, and what it costs since when. Pure.

use super::Tokens;

/// Prices are of so many tokens.
const TOKENS_PER_PRICE: f64 = 1e6;

/// A model, or all whose names begin alike.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    /// Lower case, without the asterisk.
    pub(super) name: Box<str>,
    /// Whether names are meant that begin so.
    pub(super) is_beginning: bool,
    pub(super) rows: Vec<Row>,
}

/// What is charged within a stretch of time for requests up to a length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Unix microseconds.
    pub(super) since_micros: i64,
    /// Unix microseconds, exclusive.
    pub(super) until_micros: Option<i64>,
    /// Most tokens that a request reads, those of a cache among them.
    pub(super) up_to: Option<u64>,
    /// USD per million tokens.
    pub(super) input: f64,
    pub(super) output: f64,
    pub(super) cache_read: f64,
    pub(super) cache_write: f64,
}

impl Model {
    /// Whether a name in lower case is meant.
    pub(super) fn is_named(&self, name: &str) -> bool {
        if self.is_beginning { name.starts_with(&*self.name) } else { *name == *self.name }
    }

    /// Orders those that mean one name: the last is the most exact.
    pub(super) fn precision(&self) -> (bool, usize) {
        (!self.is_beginning, self.name.len())
    }

    /// The latest row in force, of those the one for the shortest requests that are as long as this.
    pub(super) fn row(&self, at_micros: i64, length: u64) -> Option<&Row> {
        let is_in_force = |row: &&Row| {
            row.since_micros <= at_micros
                && row.until_micros.is_none_or(|until| at_micros < until)
                && row.up_to.is_none_or(|most| length <= most)
        };
        let shortness = |row: &&Row| std::cmp::Reverse(row.up_to.unwrap_or(u64::MAX));
        self.rows.iter().filter(is_in_force).max_by_key(|row| (row.since_micros, shortness(row)))
    }
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "tokens of a request are below 2^53")]
    pub(super) fn cost_usd(&self, tokens: &Tokens) -> f64 {
        let cost = tokens.input as f64 * self.input
            + tokens.output as f64 * self.output
            + tokens.cache_read as f64 * self.cache_read
            + tokens.cache_write as f64 * self.cache_write;
        cost / TOKENS_PER_PRICE
    }
}
