//! What models cost: `[prices]` of the configuration, and the table that is shipped. Read and checked once, when the server starts. Pure.
//!
//! A model's name is looked for in the configuration first, and then in the shipped table; in each of them as it is, without the date of its
//! version, and without the maker before it. A whole name goes before a beginning (`gpt-*`), and of those the longest. A name that
//! is found nowhere has no price: that of another model, or of another vendor, would be worse than none.

mod read;
mod row;
mod spelling;

use std::sync::{Arc, LazyLock};

use arcane_shared::Timestamp;

pub use read::WrongPrice;
use row::{Model, Row};

const SHIPPED: &str = include_str!("shipped.toml");

/// Tokens of a request to a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Read, without those of a cache.
    pub input: u64,
    /// Written, those of reasoning among them.
    pub output: u64,
    /// From a cache.
    pub cache_read: u64,
    /// Put into a cache.
    pub cache_write: u64,
}

/// What models cost. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Prices {
    /// As the configuration says.
    own: Arc<[Model]>,
    shipped: Arc<[Model]>,
}

/// The shipped table; a test shows that it can be read.
static SHIPPED_MODELS: LazyLock<Arc<[Model]>> =
    LazyLock::new(|| read::shipped(SHIPPED).unwrap_or_default().into());

impl Default for Prices {
    /// The shipped ones.
    fn default() -> Self {
        Self { own: Arc::default(), shipped: Arc::clone(&SHIPPED_MODELS) }
    }
}

impl Prices {
    /// Reads the value of `prices`; the shipped ones come after it.
    ///
    /// # Errors
    /// If a table is no price: which, and what would be right.
    pub(super) fn read(value: toml::Value) -> Result<Self, WrongPrice> {
        Ok(Self { own: read::own(value)?.into(), ..Self::default() })
    }

    /// What tokens cost, USD. `length`: how many a single request read, which decides what they cost; 0 for sums of requests.
    /// `None`: there is no price of the model at that time.
    #[must_use]
    pub fn cost_usd(&self, model: &str, at: Timestamp, tokens: &Tokens, length: u64) -> Option<f64> {
        let row = self.row(model, at.unix_micros(), length)?;
        Some(row.cost_usd(tokens))
    }

    /// No prices at all.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self { own: Arc::default(), shipped: Arc::default() }
    }

    fn row(&self, model: &str, at_micros: i64, length: u64) -> Option<&Row> {
        let spellings = spelling::of(model);
        let tables = [&self.own, &self.shipped];
        tables.into_iter().find_map(|table| {
            spellings.iter().find_map(|name| {
                let mut named: Vec<&Model> = table.iter().filter(|model| model.is_named(name)).collect();
                named.sort_by_key(|model| std::cmp::Reverse(model.precision()));
                named.into_iter().find_map(|model| model.row(at_micros, length))
            })
        })
    }
}

#[cfg(test)]
mod tests;
