//! The cost of events that rules make of what other programs send, where they tell of tokens and a model and of no cost. Pure.

use arcane_shared::roster::TOKENS_MAX;
use arcane_shared::{Metadata, Timestamp};
use serde_json::{Value, json};

use crate::config::{Prices, Tokens};

/// Adds what the tokens of an event cost at a time, or that nobody knows it.
pub(crate) fn price(metadata: &mut Metadata, prices: &Prices, at: Timestamp) {
    let count =
        |field: &str| metadata.get(field).and_then(Value::as_u64).filter(|count| *count <= TOKENS_MAX);
    let fields = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"];
    let [input, output, cache_read, cache_write] = fields.map(|field| count(field).unwrap_or_default());
    let tokens = Tokens { input, output, cache_read, cache_write };
    if metadata.contains_key("cost_usd") || tokens == Tokens::default() {
        return;
    }
    let model = metadata.get("model").and_then(Value::as_str);
    match model.and_then(|model| prices.cost_usd(model, at, &tokens, input + cache_read + cache_write)) {
        Some(cost) => {
            metadata.insert("cost_usd".into(), json!(cost));
            metadata.insert("cost_computed".into(), json!(true));
        }
        None => {
            metadata.insert("unpriced".into(), json!(true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_without_a_cost_get_one_or_the_word_that_nobody_knows_it() {
        let at = Timestamp::parse("2026-11-27T00:00:00Z").unwrap();
        for (told, becomes) in [
            (
                json!({"model": "gpt-5.2", "input_tokens": 1_000_000}),
                json!({"cost_usd": 1.75, "cost_computed": true}),
            ),
            (json!({"model": "gpt-5.2", "input_tokens": 10, "cost_usd": 7}), json!({"cost_usd": 7})),
            (json!({"model": "x", "output_tokens": 10}), json!({"unpriced": true})),
            (json!({"output_tokens": 10}), json!({"unpriced": true})),
            (json!({"model": "gpt-5.2", "input_tokens": 1_u64 << 63}), json!({})),
            (json!({"model": "gpt-5.2", "input_tokens": -1}), json!({})),
            (json!({"model": "gpt-5.2"}), json!({})),
        ] {
            let mut metadata = told.as_object().unwrap().clone();
            price(&mut metadata, &Prices::default(), at);
            metadata.retain(|key, _| !["model", "input_tokens", "output_tokens"].contains(&key.as_str()));
            assert_eq!(Value::Object(metadata), becomes, "{told}");
        }
    }
}
