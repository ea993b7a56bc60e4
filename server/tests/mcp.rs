//! The Model Context Protocol: agents tell of themselves by tools, over standard input and output and over HTTP.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::process::Stdio;

use arcane_server::config::{Config, Dashboard};
use reqwest::{Method, Response};
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::{ServiceError, ServiceExt};
use serde_json::{Value, json};
use support::guarded::{Guarded, all_rights_but, token};
use support::{PATIENCE, TestServer, http_client};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

type Agent = RunningService<RoleClient, ()>;

/// `arcane mcp`, as an agent starts it.
fn command(server: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.arg("mcp").args(["--url", server]).args(args).env_remove("ARCANE_TOKEN");
    command.env("ARCANE_CLIENT_CONFIG", "/nonexistent/client.toml").current_dir(std::env::temp_dir());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn over_stdio(server: &str, args: &[&str]) -> (Agent, Child) {
    let mut child = command(server, args).spawn().unwrap();
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    (().serve(pipes).await.unwrap(), child)
}

async fn over_http(server: &TestServer, query: &str, token: Option<String>) -> Agent {
    let config = StreamableHttpClientTransportConfig::with_uri(server.url(&format!("/mcp{query}")));
    let config = token.into_iter().fold(config, StreamableHttpClientTransportConfig::auth_header);
    ().serve(StreamableHttpClientTransport::with_client(http_client(), config)).await.unwrap()
}

/// What a tool answers: its structure, or the words of its error.
async fn call(agent: &Agent, tool: &'static str, arguments: Value) -> Result<Value, String> {
    let arguments = arguments.as_object().unwrap().clone();
    let answer = agent.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap();
    if answer.is_error == Some(true) {
        return Err(answer.content[0].as_text().unwrap().text.clone());
    }
    Ok(answer.structured_content.unwrap())
}

/// What stands in a room: spell, daemon and a field that matters.
async fn events(server: &TestServer, room: &str) -> Vec<Value> {
    let (_, mut page) = server.look(&format!("/events?room={room}")).await;
    page["events"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

async fn tell_everything(agent: &Agent) {
    let tools = agent.list_all_tools().await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["summon", "invoke", "speak", "banish", "query"]);
    for tool in &tools {
        assert!(tool.description.as_ref().unwrap().len() > 40 && tool.input_schema["type"] == "object");
    }
    assert!(agent.peer_info().unwrap().instructions.as_ref().unwrap().contains("summon"));
    assert_eq!(call(agent, "summon", json!({"role": "reviews"})).await.unwrap()["daemon"], "scribe");
    let begun = call(agent, "invoke", json!({"task": "cargo test", "state": "begin"})).await.unwrap();
    let present = call(agent, "query", json!({})).await.unwrap();
    assert_eq!(present["present"][0]["daemon_name"], "scribe", "{present}");
    assert_eq!(present["present"][0]["tasks"][0]["task"], "cargo test", "{present}");
    let failed =
        json!({"task": "cargo test", "state": "failed", "error": "exit 101", "call_id": begun["call_id"]});
    call(agent, "invoke", failed).await.unwrap();
    call(agent, "summon", json!({"daemon": "helper", "parent_daemon": "scribe"})).await.unwrap();
    call(agent, "speak", json!({"text": "Which branch?", "waiting": true})).await.unwrap();
    let waiting = call(agent, "query", json!({"what": "waiting"})).await.unwrap();
    assert_eq!(waiting["waiting"].as_array().unwrap().len(), 1, "{waiting}");
    assert!(
        waiting["waiting"][0]["waits"][0]["reason"].as_str().unwrap().contains("Which branch?"),
        "{waiting}"
    );
    call(agent, "banish", json!({"reason": "done"})).await.unwrap();
    let told = call(agent, "query", json!({"what": "events", "limit": 2})).await.unwrap();
    let spells: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|event| event["spell"].clone()).collect();
    assert_eq!(spells, ["banish", "voice"], "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_tells_of_itself_over_standard_input_and_output() {
    let server = TestServer::start().await;
    let (agent, mut child) = over_stdio(&server.url(""), &["--daemon", "scribe", "--room", "lab"]).await;
    tell_everything(&agent).await;
    agent.cancel().await.unwrap();
    let output = timeout(PATIENCE, child.wait()).await.expect("it ends with its client").unwrap();
    assert!(output.success());
    let told = events(&server, "lab").await;
    let ended: Vec<_> = told.iter().filter(|event| event["metadata"]["task"] == "cargo test").collect();
    assert!(ended[1]["metadata"]["execution_time"].as_f64().unwrap() > 0.0, "{}", ended[1]);
    let session = &told[0]["metadata"]["session"];
    assert!(session.as_str().unwrap().starts_with("mcp-"));
    assert!(told.iter().all(|event| event["metadata"]["session"] == *session));
    let last = told.last().unwrap();
    assert_eq!((&last["spell_name"], &last["daemon_name"]), (&json!("banish"), &json!("helper")), "{last}");
    assert_eq!(last["metadata"]["reason"], "its client is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_tells_of_itself_over_http() {
    let server = TestServer::start().await;
    let agent = over_http(&server, "?daemon=scribe&room=lab", None).await;
    tell_everything(&agent).await;
    assert_eq!(events(&server, "lab").await.len(), 6);
    // A request of earlier versions does not say whose it is.
    let nameless = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "summon", "arguments": {}}}"#;
    let answer: Value = post(&server, "/mcp", nameless).await.json().await.unwrap();
    let wrong = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(wrong.starts_with("daemon: is missing"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_mean_nothing_are_told_why_and_publish_nothing() {
    let server = TestServer::start().await;
    let (stdio, _child) = over_stdio(&server.url(""), &["--daemon", "scribe"]).await;
    let http = over_http(&server, "?daemon=scribe", None).await;
    for agent in [&stdio, &http] {
        let unknown = agent.call_tool(CallToolRequestParams::new("sumon")).await.unwrap_err();
        let ServiceError::McpError(error) = unknown else { panic!("{unknown}") };
        assert_eq!(
            (error.code.0, &*error.message),
            (-32602, r#"name: there is no tool "sumon"; did you mean "summon"?"#)
        );
        for (tool, arguments, begins) in [
            ("invoke", json!({}), "task: is missing"),
            ("invoke", json!({"task": ["x"]}), "task: must be a string, not a list"),
            (
                "invoke",
                json!({"task": "x", "taks": 1}),
                "taks: there is no such argument; did you mean \"task\"?",
            ),
            ("speak", json!({"text": "x", "daemon": "no name"}), "daemon: a name consists of"),
            ("query", json!({"what": "secrets"}), "what: must be present or waiting or events"),
        ] {
            let wrong = call(agent, tool, arguments.clone()).await.unwrap_err();
            assert!(wrong.starts_with(begins), "{tool} {arguments}: {wrong}");
        }
    }
    let long = json!({"text": "x".repeat(10 << 20)});
    let wrong = call(&stdio, "speak", long).await.unwrap_err();
    assert_eq!(wrong, "text: has 10485760 characters, at most 2000 are allowed; say it shorter");
    assert!(events(&server, "main").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_calls_fail_and_the_agent_goes_on() {
    let place = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let url = format!("http://{address}");
    let (agent, _child) = over_stdio(&url, &["--daemon", "scribe"]).await;
    for _ in 0..2 {
        let wrong = call(&agent, "summon", json!({})).await.unwrap_err();
        assert!(
            wrong.starts_with(&format!("no server answers at {url}; start one with `arcane serve`")),
            "{wrong}"
        );
    }
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let config = Config { dashboard: Dashboard::Off, ..Config::default() };
    let running = tokio::spawn(arcane_server::run(listener, config, std::future::pending()));
    assert_eq!(call(&agent, "summon", json!({})).await.unwrap()["seq"], 1, "it is there now");
    running.abort();
}

async fn post(server: &TestServer, path: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = server.http.post(server.url(path)).header("content-type", "application/json");
    request.header("accept", "application/json, text/event-stream").body(body).send().await.unwrap()
}

#[tokio::test]
async fn requests_that_are_no_messages_are_refused_with_what_would_be_right() {
    let server = TestServer::start().await;
    let list = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;
    assert_eq!(post(&server, "/mcp", list).await.status(), 200);
    let kind = |problem: &Value| problem["type"].as_str().unwrap_or("-").replace("/docs#problem-", "");
    for (path, body, status, why) in [
        ("/mcp", "{\"jsonrpc\": ".to_owned(), 400, "not-json"),
        ("/mcp", format!("[{list}]"), 422, "invalid"),
        ("/mcp", "{}".to_owned(), 422, "invalid"),
        ("/mcp", r#"{"jsonrpc": "1.0", "id": 1, "method": "tools/list"}"#.to_owned(), 422, "invalid"),
        (
            "/mcp",
            format!(r#"{{"jsonrpc": "2.0", "id": 1, "x": "{}"}}"#, "x".repeat(10 << 20)),
            413,
            "body-too-large",
        ),
        ("/mcp?daemon=a%20b", list.to_owned(), 422, "invalid"),
        ("/mcp?rooom=lab", list.to_owned(), 422, "invalid"),
    ] {
        let answer = post(&server, path, body).await;
        let found = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((found, &*kind(&problem)), (status, why), "{path} {problem}");
        assert!(problem["detail"].as_str().unwrap().len() > 10);
    }
    for (name, value, status) in [
        ("accept", "application/json", 406),
        ("content-type", "text/plain", 415),
        ("origin", "http://evil.example", 403),
    ] {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("accept", "application/json, text/event-stream".parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert(name, value.parse().unwrap());
        let request = server.http.post(server.url("/mcp")).headers(headers).body(list);
        assert_eq!(request.send().await.unwrap().status(), status, "{name}: {value}");
    }
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(server.http.request(method, server.url("/mcp")).send().await.unwrap().status(), 405);
    }
    let version = server.http.post(server.url("/mcp")).header("content-type", "application/json");
    let version =
        version.header("accept", "application/json, text/event-stream").header("mcp-protocol-version", "1");
    let answer = version.body(list).send().await.unwrap();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((problem["status"].as_u64(), &*kind(&problem)), (Some(400), "mcp"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_no_messages_end_nothing() {
    let server = TestServer::start().await;
    let mut child = command(&server.url(""), &["--daemon", "scribe"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "claude-code", "version": "1"}}});
    let said = [
        initialize.to_string(),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string(),
        "rubbish".into(),
        "\u{0}\u{1}".into(),
        json!({"jsonrpc": "2.0", "id": 2, "method": "no/such"}).to_string(),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "summon", "arguments": {}}}).to_string(),
    ];
    for line in said {
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
    let mut answers = Vec::new();
    while answers.len() < 3 {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        answers.push((answer["id"].as_u64().unwrap(), answer));
    }
    answers.sort_by_key(|(id, _)| *id);
    assert_eq!(answers[0].1["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answers[1].1["error"]["code"], -32601);
    assert_eq!(answers[2].1["result"]["structuredContent"]["daemon"], "scribe");
    // A client that is gone in the middle of a line.
    input.write_all(b"{\"jsonrpc\": \"2.0\", \"id\"").await.unwrap();
    drop((input, lines));
    assert!(timeout(PATIENCE, child.wait()).await.expect("it ends with its client").unwrap().success());
    let told = events(&server, "main").await;
    assert_eq!((told.len(), &told[1]["spell_name"]), (2, &json!("banish")));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_have_no_form_are_told_which_field_is_wrong() {
    let server = TestServer::start().await;
    for (params, why) in [
        (None, "params: is missing"),
        (Some(json!({})), "name: is missing"),
        (Some(json!({"name": 5})), "name: must be a string, not a number"),
        (Some(json!({"name": "summon", "arguments": []})), "arguments: must be an object, not a list"),
    ] {
        let mut message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call"});
        if let Some(params) = params {
            message["params"] = params;
        }
        let answer: Value =
            post(&server, "/mcp?daemon=scribe", message.to_string()).await.json().await.unwrap();
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().starts_with(why), "{message}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_allows_the_tools_of_its_rights_and_rooms() {
    let guarded = Guarded::start().await;
    let server = &guarded.server;
    let telling = json!({"daemon": "scribe"});
    for (query, claims, summons, queries) in [
        ("", json!({}), None, None),
        ("", all_rights_but("publish"), Some("the token of tester does not allow publish"), None),
        ("", all_rights_but("subscribe"), None, Some("the token of tester does not allow subscribe")),
        (
            "?room=lab",
            json!({"rooms": ["main"]}),
            Some("is not for the room lab"),
            Some("is not for the room lab"),
        ),
        ("?room=audit", json!({}), Some("the room audit is the server's own"), None),
        ("", json!({"filter": {"spell": ["voice"]}}), None, Some("lets only some events through")),
    ] {
        let agent = over_http(server, query, Some(token(&claims))).await;
        for (tool, arguments, why) in [("summon", &telling, summons), ("query", &json!({}), queries)] {
            let answer = call(&agent, tool, arguments.clone()).await;
            match why {
                None => drop(answer.unwrap_or_else(|wrong| panic!("{query} {claims} {tool}: {wrong}"))),
                Some(why) => {
                    let wrong = answer.unwrap_err();
                    assert!(wrong.contains(why), "{query} {claims} {tool}: {wrong}");
                }
            }
        }
    }
    let (agent, _child) = over_stdio(&server.url(""), &["--daemon", "scribe"]).await;
    let wrong = call(&agent, "summon", json!({})).await.unwrap_err();
    assert!(wrong.contains("give it with --token or ARCANE_TOKEN"), "{wrong}");
    let (agent, _child) =
        over_stdio(&server.url(""), &["--daemon", "scribe", "--token", &token(&json!({}))]).await;
    call(&agent, "summon", json!({})).await.unwrap();
}
