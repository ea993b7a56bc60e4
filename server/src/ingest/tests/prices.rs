//! What tokens cost whose agents do not say so: computed once, by the model's price at the time, and never beside a reported cost.

use serde_json::{Value, json};

use super::super::dialect::Agent;
use super::super::session::Table;
use super::{Lab, Post, recording, telemetry};
use crate::config::Prices;

/// Sums over all events of a field, and of costs: all, those that are computed; and events that have no price.
#[derive(Debug, Default, PartialEq)]
struct Spent {
    tokens: u64,
    cost: f64,
    computed: f64,
    unpriced: usize,
}

fn lab(agent: Agent) -> Lab {
    let mut lab = Lab::of(agent);
    lab.table = Table::new(Prices::default(), 5);
    lab
}

fn spent(lab: &mut Lab) -> Spent {
    for _ in 0..4 {
        lab.pass(5);
    }
    let mut spent = Spent::default();
    for draft in lab.drafts() {
        let metadata = &draft.metadata;
        let count = |field: &str| metadata.get(field).and_then(Value::as_u64).unwrap_or_default();
        let fields = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"];
        spent.tokens += fields.map(count).iter().sum::<u64>();
        let cost = metadata.get("cost_usd").and_then(Value::as_f64).unwrap_or_default();
        spent.cost += cost;
        if metadata.contains_key("cost_computed") {
            spent.computed += cost;
        }
        spent.unpriced += usize::from(metadata.contains_key("unpriced"));
    }
    let rounded = |cost: f64| (cost * 1e9).round() / 1e9;
    Spent { cost: rounded(spent.cost), computed: rounded(spent.computed), ..spent }
}

fn attributes(of: &Value) -> Value {
    let attribute = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
            Value::Number(number) => json!({ "intValue": number.to_string() }),
            other => json!({ "stringValue": other }),
        };
        json!({"key": key, "value": value})
    };
    of.as_object().unwrap().iter().map(attribute).collect()
}

/// A span that ended, of a service.
fn span(service: &str, name: &str, id: &str, of: &Value) -> Post {
    let span = json!({
        "name": name, "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": id,
        "startTimeUnixNano": "1799999999000000000", "endTimeUnixNano": "1799999999500000000", "attributes": attributes(of)
    });
    let resource = json!({"attributes": attributes(&json!({"service.name": service}))});
    Post::of("traces", json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}))
}

fn record(service: &str, event: &str, of: &Value) -> Post {
    let mut of = of.clone();
    of["event.name"] = json!(event);
    let record = json!({"timeUnixNano": "1799999999500000000", "attributes": attributes(&of)});
    let resource = json!({"attributes": attributes(&json!({"service.name": service}))});
    Post::of(
        "logs",
        json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}),
    )
}

fn chat(model: &str, id: &str, more: &Value) -> Post {
    let mut of = json!({
        "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "c", "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": 1_000_000, "gen_ai.usage.output_tokens": 100_000
    });
    of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    span("crew", "chat", id, &of)
}

#[test]
fn a_request_without_a_cost_is_priced_and_one_of_an_unknown_model_is_unpriced_and_not_nothing() {
    let mut lab = lab(Agent::Claude);
    lab.receive(&chat("gpt-5.2-codex", "00000000000000a1", &json!({})));
    lab.receive(&chat("mystery-9", "00000000000000a2", &json!({})));
    lab.receive(&chat("claude-opus-5", "00000000000000a3", &json!({"gen_ai.usage.cost": 0.5})));
    let enriched: Vec<_> = lab
        .drafts()
        .iter()
        .filter(|draft| draft.metadata.get("query_type") == Some(&json!("enrich")))
        .map(|draft| {
            let field = |name: &str| draft.metadata.get(name).cloned().unwrap_or_default();
            ["model", "cost_usd", "cost_computed", "unpriced"].map(field)
        })
        .collect();
    assert_eq!(
        enriched,
        [
            [json!("gpt-5.2-codex"), json!(3.15), json!(true), Value::Null],
            [json!("mystery-9"), Value::Null, Value::Null, json!(true)],
            [json!("claude-opus-5"), json!(0.5), Value::Null, Value::Null],
        ]
    );
}

#[test]
fn a_cost_of_nothing_beside_tokens_is_no_report_of_one() {
    let mut lab = lab(Agent::Claude);
    lab.receive(&chat("gpt-5.2-codex", "00000000000000a1", &json!({"gen_ai.usage.cost": 0.0})));
    lab.receive(&chat("mystery-9", "00000000000000a2", &json!({"gen_ai.usage.cost": 0.0})));
    assert_eq!(spent(&mut lab), Spent { tokens: 2_200_000, cost: 3.15, computed: 3.15, unpriced: 1 });
}

#[test]
fn hooks_and_telemetry_of_one_session_have_one_price() {
    for (agent, name) in [(Agent::Codex, "codex/headless"), (Agent::Gemini, "gemini/headless")] {
        let alone = {
            let mut lab = lab(agent);
            telemetry(name).iter().for_each(|post| {
                lab.receive(post);
            });
            spent(&mut lab)
        };
        assert!(alone.computed > 0.0 && (alone.cost - alone.computed).abs() < 1e-9, "{name} {alone:?}");
        for hooks_first in [true, false] {
            let mut both = lab(agent);
            let hear = |lab: &mut Lab| {
                recording(name).iter().for_each(|recorded| {
                    lab.hear(&recorded.payload);
                });
            };
            if hooks_first {
                hear(&mut both);
            }
            for _ in 0..2 {
                telemetry(name).iter().for_each(|post| {
                    both.receive(post);
                });
            }
            if !hooks_first {
                hear(&mut both);
            }
            let both = spent(&mut both);
            assert_eq!(both.unpriced, alone.unpriced, "{name}");
            // Hooks may tell of a cache's tokens as of others.
            assert!(both.tokens >= alone.tokens && both.cost < alone.cost * 2.0, "{name} {both:?} {alone:?}");
        }
    }
}

#[test]
fn an_agent_that_reports_cost_is_not_priced_beside_it_in_whatever_order_it_tells() {
    let reported = json!({
        "session.id": "s", "model": "claude-opus-5-5", "request_id": "r1", "input_tokens": 1_000_000, "output_tokens": 10_000, "cost_usd": 4.5
    });
    let of_span = json!({"session.id": "s", "model": "claude-opus-5-5", "request_id": "r1", "input_tokens": 1_000_000, "output_tokens": 10_000});
    let log = record("claude-code", "api_request", &reported);
    let request = span("claude-code", "claude_code.llm_request", "00000000000000b1", &of_span);
    for order in [[&log, &request], [&request, &log]] {
        let mut lab = lab(Agent::Claude);
        lab.hear(
            &json!({"session_id": "s", "hook_event_name": "UserPromptSubmit", "cwd": "/x", "prompt": "go"}),
        );
        for post in order {
            lab.receive(post).pass(5);
        }
        assert_eq!(spent(&mut lab), Spent { tokens: 1_010_000, cost: 4.5, computed: 0.0, unpriced: 0 });
    }
    // Nothing but spans: then a price is better than none.
    let mut lab = lab(Agent::Claude);
    lab.hear(&json!({"session_id": "s", "hook_event_name": "UserPromptSubmit", "cwd": "/x", "prompt": "go"}));
    lab.receive(&request);
    assert_eq!(spent(&mut lab), Spent { tokens: 1_010_000, cost: 4.2, computed: 4.2, unpriced: 0 });
    // The agent's own word, too late for that, counts for what it is more.
    lab.receive(&log);
    assert_eq!(spent(&mut lab), Spent { tokens: 1_010_000, cost: 4.5, computed: 4.2, unpriced: 0 });
}

#[test]
fn what_a_session_spent_is_late_once_it_has_ended() {
    let spends = json!({"session.id": "s", "model": "claude-opus-5-5", "request_id": "r1", "input_tokens": 10, "cost_usd": 0.5});
    let told = |ends: bool| {
        let mut lab = lab(Agent::Claude);
        lab.hear(&json!({"session_id": "s", "hook_event_name": "SessionStart", "cwd": "/x"}));
        if ends {
            lab.hear(
                &json!({"session_id": "s", "hook_event_name": "SessionEnd", "cwd": "/x", "reason": "other"}),
            );
        }
        lab.receive(&record("claude-code", "api_request", &spends)).pass(5);
        let last = &lab.told.last().unwrap().metadata;
        (last["query_type"].clone(), last.get("late").cloned())
    };
    assert_eq!(told(true), (json!("enrich"), Some(json!(true))));
    assert_eq!(told(false), (json!("enrich"), None));
}

#[test]
fn absurd_amounts_are_none() {
    for odd in [json!(i64::MAX), json!(-5), json!(1e300), json!("many")] {
        let mut lab = lab(Agent::Claude);
        let of = json!({
            "gen_ai.usage.input_tokens": odd, "gen_ai.usage.cache_read.input_tokens": odd, "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cost": odd
        });
        lab.receive(&chat("mystery-9", "00000000000000a1", &of));
        assert_eq!(spent(&mut lab), Spent { tokens: 7, cost: 0.0, computed: 0.0, unpriced: 1 }, "{odd}");
    }
}
