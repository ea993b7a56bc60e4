//! Tables of prices, read: `[prices."NAME"]`, `[[prices."NAME"]]`, and the shipped file. Pure.

use arcane_shared::Timestamp;
use toml::{Table, Value};

use super::row::{Model, Row};

/// Most models.
const MODELS_MAX: usize = 1_024;
/// Most rows of a model.
const ROWS_MAX: usize = 64;
/// Highest price, USD per million tokens.
const PRICE_USD_MAX: f64 = 1e6;
const KEYS: [&str; 7] = ["since", "until", "up_to", "input", "output", "cache_read", "cache_write"];

/// A price that cannot be used: which field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongPrice {
    /// The table and its key.
    pub place: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

fn wrong(place: impl Into<String>, detail: impl Into<String>) -> WrongPrice {
    WrongPrice { place: place.into(), detail: detail.into() }
}

/// The value of `prices` in the configuration.
pub(super) fn own(value: Value) -> Result<Vec<Model>, WrongPrice> {
    let Value::Table(models) = value else {
        return Err(wrong("prices", "expected a table for each model: [prices.\"NAME\"]"));
    };
    if models.len() > MODELS_MAX {
        return Err(wrong("prices", format!("has {} models; it has at most {MODELS_MAX}", models.len())));
    }
    let mut read: Vec<Model> = Vec::with_capacity(models.len());
    for (name, value) in models {
        let place = format!("prices.{name:?}");
        let tables = match value {
            Value::Table(table) => vec![Value::Table(table)],
            Value::Array(tables) => tables,
            _ => return Err(wrong(place, "expected a table, or several: [[prices.\"NAME\"]]")),
        };
        let model = model(&name, tables, &place)?;
        if read.iter().any(|other| (&other.name, other.is_beginning) == (&model.name, model.is_beginning)) {
            return Err(wrong(place, "comes twice: names do not distinguish case"));
        }
        read.push(model);
    }
    Ok(read)
}

/// The shipped file: `[[model]]` tables with `names` and `rows`.
pub(super) fn shipped(text: &str) -> Result<Vec<Model>, WrongPrice> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| wrong("shipped", error.to_string()))?;
    let mut models = Vec::new();
    for entry in table.get("model").and_then(Value::as_array).into_iter().flatten() {
        let rows = entry.get("rows").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in entry.get("names").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            models.push(model(name, rows.clone(), &format!("model {name:?}"))?);
        }
    }
    Ok(models)
}

fn model(name: &str, tables: Vec<Value>, place: &str) -> Result<Model, WrongPrice> {
    let lower = name.trim().to_lowercase();
    let (bare, is_beginning) = lower.strip_suffix('*').map_or((&*lower, false), |bare| (bare, true));
    if bare.contains('*') || (bare.is_empty() && !is_beginning) {
        let detail =
            "is no name of a model: write it whole, or its beginning with one '*' behind it: \"gpt-5*\"";
        return Err(wrong(place, detail));
    }
    if tables.is_empty() || tables.len() > ROWS_MAX {
        return Err(wrong(place, format!("has {} rows; it has 1 to {ROWS_MAX}", tables.len())));
    }
    let mut rows: Vec<Row> = Vec::with_capacity(tables.len());
    for table in tables {
        let Value::Table(table) = table else {
            return Err(wrong(
                place,
                "expected a table: { since = \"2026-01-01\", input = 1.0, output = 4.0 }",
            ));
        };
        let row = row(&table, place)?;
        if rows.iter().any(|other| (other.since_micros, other.up_to) == (row.since_micros, row.up_to)) {
            let detail = "another row of the model begins on the same day and has the same up_to";
            return Err(wrong(format!("{place}.since"), detail));
        }
        rows.push(row);
    }
    Ok(Model { name: bare.into(), is_beginning, rows })
}

fn row(table: &Table, place: &str) -> Result<Row, WrongPrice> {
    let at = |key: &str| format!("{place}.{key}");
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(wrong(at(key), format!("is not known; there are {}", KEYS.join(", "))));
    }
    let price = |key: &str| price(table.get(key)).map_err(|detail| wrong(at(key), detail));
    let needed = |key: &str| {
        price(key)?.ok_or_else(|| wrong(at(key), "is missing; it is what a million tokens cost, USD"))
    };
    let day = |key: &str| day(table.get(key)).map_err(|detail| wrong(at(key), detail));
    let since_micros = day("since")?.ok_or_else(|| {
        wrong(at("since"), "is missing; it is the day from which the price holds: \"2026-01-01\"")
    })?;
    let until_micros = day("until")?;
    if until_micros.is_some_and(|until| until <= since_micros) {
        return Err(wrong(
            at("until"),
            "is the day from which the price holds no more, and comes after since",
        ));
    }
    let up_to = match table.get("up_to") {
        None => None,
        Some(Value::Integer(most)) if *most > 0 => u64::try_from(*most).ok(),
        Some(_) => {
            let detail = "is how many tokens a request reads at most for which the price holds: 200000";
            return Err(wrong(at("up_to"), detail));
        }
    };
    let (input, output) = (needed("input")?, needed("output")?);
    let (cache_read, cache_write) = (price("cache_read")?, price("cache_write")?);
    Ok(Row {
        since_micros,
        until_micros,
        up_to,
        input,
        output,
        cache_read: cache_read.unwrap_or(input),
        cache_write: cache_write.unwrap_or(input),
    })
}

fn price(value: Option<&Value>) -> Result<Option<f64>, String> {
    #[expect(clippy::cast_precision_loss, reason = "a price is far below 2^53")]
    let price = match value {
        None => return Ok(None),
        Some(Value::Float(price)) => *price,
        Some(Value::Integer(price)) => *price as f64,
        Some(other) => {
            return Err(format!("is USD per million tokens, such as 2.5, not a {}", other.type_str()));
        }
    };
    if (0.0..=PRICE_USD_MAX).contains(&price) {
        Ok(Some(price))
    } else {
        Err(format!("is USD per million tokens, 0 to {PRICE_USD_MAX}, not {price}"))
    }
}

/// The beginning of a day in UTC, Unix microseconds.
fn day(value: Option<&Value>) -> Result<Option<i64>, String> {
    let text = match value {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Datetime(date)) => date.to_string(),
        Some(other) => return Err(format!("is a day, such as \"2026-01-01\", not a {}", other.type_str())),
    };
    let is_day = text.len() == "2026-01-01".len();
    let read = Timestamp::parse(&format!("{text}T00:00:00Z")).ok().filter(|_| is_day);
    match read {
        Some(day) => Ok(Some(day.unix_micros())),
        None => Err(format!("is a day in UTC, such as \"2026-01-01\", not {text:?}")),
    }
}
