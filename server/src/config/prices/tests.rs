//! Prices by name, day and length, and what is refused.

use super::*;

fn at(day: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T12:00:00Z")).unwrap()
}

fn prices(text: &str) -> Result<Prices, String> {
    let table: toml::Table = text.parse().unwrap();
    Prices::read(table["prices"].clone()).map_err(|WrongPrice { place, detail }| format!("{place}: {detail}"))
}

const MILLION: Tokens = Tokens { input: 1_000_000, output: 0, cache_read: 0, cache_write: 0 };

fn input(prices: &Prices, model: &str, day: &str, length: u64) -> Option<f64> {
    prices.cost_usd(model, at(day), &MILLION, length)
}

#[test]
fn every_kind_of_tokens_has_its_price_and_a_cache_without_one_costs_what_input_does() {
    let prices = prices(
        "[prices.a]\nsince = \"2026-01-01\"\ninput = 2\noutput = 10.0\ncache_read = 0.5\ncache_write = 4\n[prices.b]\nsince = 2026-01-01\ninput = 2\noutput = 10",
    )
    .unwrap();
    let tokens = Tokens { input: 1_000, output: 100, cache_read: 10_000, cache_write: 1_000 };
    let cost = |model| prices.cost_usd(model, at("2026-05-05"), &tokens, 0).unwrap();
    assert!((cost("a") - (0.002 + 0.001 + 0.005 + 0.004)).abs() < 1e-12);
    assert!((cost("b") - (0.002 + 0.001 + 0.02 + 0.002)).abs() < 1e-12);
}

#[test]
fn a_call_is_priced_by_the_row_in_force_at_its_time_and_for_its_length() {
    let prices = prices(
        r#"
        [[prices.m]]
        since = "2026-01-01"
        input = 1
        output = 1
        [[prices.m]]
        since = "2026-06-01"
        until = "2026-09-01"
        input = 2
        output = 1
        [[prices.m]]
        since = "2026-07-01"
        up_to = 1000
        input = 3
        output = 1
        "#,
    )
    .unwrap();
    for (day, length, cost) in [
        ("2025-12-31", 0, None),
        ("2026-01-01", 0, Some(1.0)),
        ("2026-05-31", 0, Some(1.0)),
        ("2026-06-01", 0, Some(2.0)),
        ("2026-07-01", 1000, Some(3.0)),
        ("2026-07-01", 1001, Some(2.0)),
        ("2026-09-01", 1001, Some(1.0)),
    ] {
        assert_eq!(input(&prices, "m", day, length), cost, "{day} {length}");
    }
}

#[test]
fn a_whole_name_goes_before_a_beginning_the_longest_before_others_and_ones_own_before_the_shipped() {
    let row = |name: &str, price: u32| {
        format!("[prices.\"{name}\"]\nsince = \"2026-01-01\"\ninput = {price}\noutput = 1\n")
    };
    let text = row("gpt-*", 1) + &row("gpt-5*", 2) + &row("GPT-5.2", 3) + &row("local/*", 0);
    let prices = prices(&text).unwrap();
    for (model, cost) in [
        ("gpt-4", Some(1.0)),
        ("gpt-5", Some(2.0)),
        ("gpt-5.2", Some(3.0)),
        ("gpt-5.2-2026-01-01", Some(2.0)),
        ("openai/gpt-5.2", Some(3.0)),
        ("openrouter/gpt-5.2", None),
        ("local/llama", Some(0.0)),
        ("claude-opus-5", Some(5.0)),
        ("claude-opus-5-nobody-knows", None),
        ("", None),
    ] {
        assert_eq!(input(&prices, model, "2026-08-01", 0), cost, "{model}");
    }
}

#[test]
fn what_is_shipped_can_be_read_and_says_since_when() {
    let shipped = read::shipped(SHIPPED).unwrap();
    assert!(shipped.len() > 30);
    let mut names: Vec<&str> = shipped.iter().map(|model| &*model.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), shipped.len(), "a name comes once");
    assert!(shipped.iter().all(|model| !model.is_beginning), "the price of another model would be wrong");
    let prices = Prices::default();
    assert_eq!(input(&prices, "claude-haiku-5-5", "2026-11-27", 100_000), Some(0.1));
    assert_eq!(input(&prices, "claude-haiku-5-5", "2026-11-27", 100_001), Some(0.5));
    assert_eq!(input(&prices, "claude-sonnet-4-5", "2026-11-27", 200_001), None);
    assert_eq!(input(&prices, "gpt-5.2-codex", "2026-11-27", 0), Some(1.75));
    assert_eq!(input(&prices, "gemini-3.8-flash", "2027-01-01", 0), None);
    assert_eq!(input(&prices, "qwen3-coder-plus", "2026-11-27", 0), None);
}

#[test]
fn what_is_no_price_is_named() {
    let wrong = |text: &str| prices(text).unwrap_err();
    insta::assert_snapshot!(wrong("prices = 3"), @r#"prices: expected a table for each model: [prices."NAME"]"#);
    insta::assert_snapshot!(wrong("prices.a = 3"), @r#"prices."a": expected a table, or several: [[prices."NAME"]]"#);
    insta::assert_snapshot!(wrong("prices.a = {}"), @r#"prices."a".since: is missing; it is the day from which the price holds: "2026-01-01""#);
    insta::assert_snapshot!(wrong("prices.a = []"), @r#"prices."a": has 0 rows; it has 1 to 64"#);
    insta::assert_snapshot!(wrong("prices.\"a*b\" = {}"), @r#"prices."a*b": is no name of a model: write it whole, or its beginning with one '*' behind it: "gpt-5*""#);
    let row = |text: &str| wrong(&format!("[prices.\"gpt-5.1\"]\n{text}"));
    insta::assert_snapshot!(row("since = \"2026-13-01\""), @r#"prices."gpt-5.1".since: is a day in UTC, such as "2026-01-01", not "2026-13-01""#);
    insta::assert_snapshot!(row("since = 2026"), @r#"prices."gpt-5.1".since: is a day, such as "2026-01-01", not a integer"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\""), @r#"prices."gpt-5.1".input: is missing; it is what a million tokens cost, USD"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\"\ninput = -1"), @r#"prices."gpt-5.1".input: is USD per million tokens, 0 to 1000000, not -1"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\"\ninput = nan"), @r#"prices."gpt-5.1".input: is USD per million tokens, 0 to 1000000, not NaN"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\"\ninput = \"1\""), @r#"prices."gpt-5.1".input: is USD per million tokens, such as 2.5, not a string"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\"\ninput = 1\noutput = 1\ncached = 1"), @r#"prices."gpt-5.1".cached: is not known; there are since, until, up_to, input, output, cache_read, cache_write"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\"\ninput = 1\noutput = 1\nup_to = 0"), @r#"prices."gpt-5.1".up_to: is how many tokens a request reads at most for which the price holds: 200000"#);
    insta::assert_snapshot!(row("since = \"2026-01-01\"\nuntil = \"2026-01-01\"\ninput = 1\noutput = 1"), @r#"prices."gpt-5.1".until: is the day from which the price holds no more, and comes after since"#);
    let twice = "since = \"2026-01-01\"\ninput = 1\noutput = 1\n";
    insta::assert_snapshot!(wrong(&format!("[[prices.a]]\n{twice}[[prices.a]]\n{twice}")), @r#"prices."a".since: another row of the model begins on the same day and has the same up_to"#);
    insta::assert_snapshot!(wrong(&format!("[prices.a]\n{twice}[prices.A]\n{twice}")), @r#"prices."a": comes twice: names do not distinguish case"#);
}
