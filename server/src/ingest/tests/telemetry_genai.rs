//! Programs that are no known agent: the conventions for generative AI of today, those before, and others' that say the same.

use serde_json::{Value, json};

use super::super::dialect::Agent;
use super::{Lab, Post};

fn attributes(all: &Value) -> Value {
    let one = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => json!({ "stringValue": text }),
            Value::Bool(flag) => json!({ "boolValue": flag }),
            Value::Number(number) if number.is_i64() => json!({ "intValue": number }),
            other => json!({ "doubleValue": other }),
        };
        json!({"key": key, "value": value})
    };
    all.as_object().unwrap().iter().map(one).collect()
}

/// A span: its number, its parent's, name and attributes.
fn span(id: u64, parent: u64, name: &str, all: &Value) -> Value {
    let hex = |id: u64| if id == 0 { String::new() } else { format!("{id:016x}") };
    let end = 1_800_000_000_000_000_000 + id * 1_000_000_000;
    json!({
        "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": hex(id), "parentSpanId": hex(parent), "name": name,
        "startTimeUnixNano": (end - 500_000_000).to_string(), "endTimeUnixNano": end.to_string(), "attributes": attributes(all),
    })
}

fn failed(mut span: Value, message: &str) -> Value {
    span["status"] = json!({"code": 2, "message": message});
    span
}

fn request(service: &str, spans: &[Value]) -> Post {
    let resource = json!({"attributes": attributes(&json!({"service.name": service}))});
    Post::of("traces", json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}))
}

fn told(service: &str, requests: &[Vec<Value>]) -> String {
    let mut lab = Lab::of(Agent::Claude);
    for spans in requests {
        lab.receive(&request(service, spans));
    }
    lab.told()
}

#[test]
fn an_agent_by_the_conventions_of_today() {
    let talk = "conversation-1";
    let chat = span(
        3,
        1,
        "chat gpt-5",
        &json!({
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.conversation.id": talk, "gen_ai.request.model": "gpt-5",
            "gen_ai.usage.input_tokens": 2000, "gen_ai.usage.cache_read.input_tokens": 800, "gen_ai.usage.cache_creation.input_tokens": 100,
            "gen_ai.usage.output_tokens": 42, "gen_ai.usage.reasoning.output_tokens": 7,
        }),
    );
    let tool = |id, failure: bool| {
        let tool = span(
            id,
            1,
            "execute_tool search",
            &json!({
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.tool.call.id": format!("call_{id}"),
                "gen_ai.conversation.id": talk, "gen_ai.agent.name": "Trip Planner", "gen_ai.tool.call.arguments": "{\"query\":\"hotels\"}",
            }),
        );
        if failure { failed(tool, "TimeoutError: took too long\nat x.py") } else { tool }
    };
    let agent = span(
        9,
        0,
        "invoke_agent Trip Planner",
        &json!({
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Trip Planner", "gen_ai.conversation.id": talk,
            "gen_ai.usage.input_tokens": 2000, "gen_ai.usage.output_tokens": 42,
        }),
    );
    // What else the program does is left alone.
    let other = span(8, 0, "GET /", &json!({"http.request.method": "GET"}));
    insta::assert_snapshot!(told("trips", &[vec![tool(2, false), tool(4, true)], vec![chat, other], vec![agent]]), @r"
    summon trip-planner synthetic=true manifestations=1
    invoke trip-planner call_id=call_2 task=search hotels
    invoke trip-planner call_id=call_4 task=search hotels error=TimeoutError: took too long
    reveal trip-planner query_type=enrich input_tokens=1100 output_tokens=42 cache_read_tokens=800 cache_write_tokens=100 reasoning_tokens=7
    voice trip-planner event=answer
    ");
}

#[test]
fn an_agent_without_a_conversation_is_there_for_its_trace() {
    let spans = vec![
        span(
            2,
            9,
            "chat m",
            &json!({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}),
        ),
        span(
            3,
            9,
            "execute_tool ls",
            &json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "ls"}),
        ),
        span(
            9,
            0,
            "invoke_agent crawler",
            &json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "crawler"}),
        ),
    ];
    insta::assert_snapshot!(told("unknown_service:python", &[spans]), @r"
    reveal crawler query_type=enrich input_tokens=10 output_tokens=5
    summon crawler synthetic=true manifestations=1
    invoke crawler call_id=0000000000000003 task=ls
    voice crawler event=answer
    banish crawler reason=done manifestations=0
    ");
}

#[test]
fn an_agent_that_ends_a_moment_before_what_it_did_has_answered() {
    let talk = "c";
    let tool = span(
        5,
        9,
        "execute_tool ls",
        &json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "ls", "gen_ai.conversation.id": talk}),
    );
    let mut agent = span(
        9,
        0,
        "invoke_agent",
        &json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": talk}),
    );
    // SDKs time each span by itself.
    agent["endTimeUnixNano"] = json!("1800000004999000000");
    assert!(told("app", &[vec![tool, agent]]).contains("voice app event=answer"));
}

#[test]
fn an_agent_that_fails() {
    let agent = span(
        9,
        0,
        "invoke_agent crawler",
        &json!({
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "crawler", "gen_ai.conversation.id": "c", "error.type": "RateLimitError",
        }),
    );
    insta::assert_snapshot!(told("crawler", &[vec![failed(agent, "429: slow down")]]), @r"
    summon crawler synthetic=true manifestations=1
    invoke crawler task=turn error=429: slow down
    ");
}

#[test]
fn older_conventions_and_others() {
    let older = span(
        2,
        0,
        "openai.chat",
        &json!({
            "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4", "gen_ai.usage.prompt_tokens": 100, "gen_ai.usage.completion_tokens": 20,
            "gen_ai.prompt.0.content": "what nobody may know",
        }),
    );
    insta::assert_snapshot!(told("app", &[vec![older]]), @"reveal app query_type=enrich input_tokens=100 output_tokens=20");
    let inference = vec![
        span(
            2,
            9,
            "ChatCompletion",
            &json!({"openinference.span.kind": "LLM", "llm.model_name": "gpt-4", "llm.token_count.prompt": 100,
            "llm.token_count.completion": 20, "llm.token_count.prompt_details.cache_read": 60, "input.value": "what nobody may know"}),
        ),
        span(3, 9, "weather", &json!({"openinference.span.kind": "TOOL", "tool.name": "weather"})),
        span(9, 0, "Agent", &json!({"openinference.span.kind": "AGENT", "session.id": "s"})),
    ];
    insta::assert_snapshot!(told("phoenix-app", &[inference]), @r"
    reveal phoenix-app query_type=enrich input_tokens=40 output_tokens=20 cache_read_tokens=60
    summon phoenix-app synthetic=true manifestations=1
    invoke phoenix-app call_id=0000000000000003 task=weather
    voice phoenix-app event=answer
    ");
    let traceloop = vec![
        span(
            2,
            9,
            "get_weather.tool",
            &json!({"traceloop.span.kind": "tool", "traceloop.entity.name": "get_weather"}),
        ),
        span(9, 0, "joke.workflow", &json!({"traceloop.span.kind": "workflow"})),
        span(
            4,
            9,
            "planner.agent",
            &json!({"traceloop.span.kind": "agent", "traceloop.entity.name": "planner"}),
        ),
    ];
    insta::assert_snapshot!(told("traceloop-app", &[traceloop]), @r"
    summon traceloop-app synthetic=true manifestations=1
    invoke traceloop-app call_id=0000000000000002 task=get_weather
    voice traceloop-app event=answer
    ");
}

/// What a program says of one request to a model, in spans, events and metrics.
fn threefold() -> [Post; 3] {
    let usage = json!({
        "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "c", "gen_ai.response.id": "r", "gen_ai.usage.input_tokens": 2000,
        "gen_ai.usage.cache_read.input_tokens": 800, "gen_ai.usage.output_tokens": 42,
    });
    let resource =
        json!({"attributes": attributes(&json!({"service.name": "app", "service.instance.id": "1"}))});
    let record = json!({"timeUnixNano": "1800000002000000000", "eventName": "gen_ai.client.inference.operation.details", "attributes": attributes(&usage)});
    let point = |kind: &str, sum: u64| {
        json!({"startTimeUnixNano": "1", "timeUnixNano": "1800000003000000000", "count": "1", "sum": sum,
            "attributes": attributes(&json!({"gen_ai.token.type": kind, "gen_ai.operation.name": "chat"}))})
    };
    let histogram = json!({"name": "gen_ai.client.token.usage", "histogram": {"aggregationTemporality": 2, "dataPoints": [point("input", 2000), point("output", 42)]}});
    [
        request("app", &[span(2, 0, "chat m", &usage)]),
        Post::of(
            "logs",
            json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}),
        ),
        Post::of(
            "metrics",
            json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [histogram]}]}]}),
        ),
    ]
}

#[test]
fn spans_events_and_metrics_of_one_request_count_once() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let mut lab = Lab::of(Agent::Claude);
        let all = threefold();
        for at in order {
            lab.receive(&all[at]).receive(&all[at]);
        }
        let told = lab.pass(5).told();
        assert_eq!(
            told.trim(),
            "reveal app query_type=enrich input_tokens=1200 output_tokens=42 cache_read_tokens=800",
            "{order:?}"
        );
    }
}

#[test]
fn metrics_alone_are_told_too() {
    let [_, _, metrics] = threefold();
    let mut lab = Lab::of(Agent::Claude);
    assert_eq!(lab.receive(&metrics).told(), "", "others may tell of it in more detail");
    insta::assert_snapshot!(lab.pass(5).told(), @"reveal app query_type=enrich input_tokens=2000 output_tokens=42");
}
