//! `POST /cloudevents`: the three modes of CloudEvents 1.0, what is refused, and the handshake of its webhooks.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_server::config::{Config, Dashboard, LimitsConfig, RealmConfig};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use support::TestServer;
use support::guarded::{Guarded, all_rights_but, token};

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json; charset=utf-8";

fn event(id: &str, kind: &str) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "https://ci.example/agents/builder", "type": kind,
           "time": "2026-01-02T03:04:05Z", "data": {"branch": "main"}})
}

async fn send(server: &TestServer, content_type: &str, body: &Value) -> Response {
    let request = server.http.post(server.url("/cloudevents")).header("content-type", content_type);
    request.body(body.to_string()).send().await.unwrap()
}

/// Status, kind and detail of a refusal.
async fn refused(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    let kind = problem["type"].as_str().unwrap().trim_start_matches("/docs#problem-").to_owned();
    (status, kind, problem["detail"].as_str().unwrap().to_owned())
}

/// What stands in the default room.
async fn events(server: &TestServer) -> Vec<Value> {
    let (_, mut answer) = server.look("/events/recent?count=100").await;
    answer["events"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

#[tokio::test]
async fn an_event_comes_in_each_of_the_three_modes() {
    let server = TestServer::start().await;
    let one = send(&server, ONE, &event("1", "com.example.built")).await;
    assert_eq!((one.status(), one.bytes().await.unwrap().len()), (StatusCode::NO_CONTENT, 0));
    let batch = json!([event("2", "com.example.agent.invoke"), event("3", "com.example.agent.banish.v2")]);
    assert_eq!(send(&server, BATCH, &batch).await.status(), 204);
    assert_eq!(send(&server, BATCH, &json!([])).await.status(), 204);
    let binary = server.http.post(server.url("/cloudevents")).header("content-type", "application/json");
    let binary =
        binary.header("ce-specversion", "1.0").header("ce-id", "4").header("ce-type", "com.example.summon");
    let binary = binary.header("ce-source", "/agents/caf%C3%A9").header("ce-subject", "one%20thing");
    assert_eq!(binary.body("{\"model\": \"m\"}").send().await.unwrap().status(), 204);
    let told = events(&server).await;
    let said: Vec<_> = told
        .iter()
        .map(|event| {
            let text = |field: &str| event[field].as_str().unwrap_or("-").to_owned();
            (text("spell_name"), text("daemon_name"), text("description"))
        })
        .collect();
    let said: Vec<_> = said.iter().map(|(spell, daemon, text)| (&**spell, &**daemon, &**text)).collect();
    assert_eq!(
        said,
        [
            ("reveal", "builder", "com.example.built"),
            ("invoke", "builder", "com.example.agent.invoke"),
            ("banish", "builder", "com.example.agent.banish.v2"),
            ("summon", "caf-", "com.example.summon"),
        ]
    );
    assert_eq!(told[0]["timestamp"], "2026-01-02T03:04:05.000000");
    assert_eq!(told[0]["metadata"]["data"], json!({"branch": "main"}));
    assert_eq!(told[3]["metadata"]["cloudevent"]["subject"], "one thing");
}

#[tokio::test]
async fn an_event_that_comes_again_is_taken_and_not_doubled() {
    let server = TestServer::start().await;
    let mut again = event("1", "com.example.built");
    again["time"] = json!("2026-01-02T03:04:06Z");
    let mut other = event("1", "com.example.built");
    other["source"] = json!("https://ci.example/agents/tester");
    let batch = json!([event("1", "com.example.built"), again, other, again]);
    for _ in 0..2 {
        assert_eq!(send(&server, BATCH, &batch).await.status(), 204);
        assert_eq!(send(&server, ONE, &again).await.status(), 204);
    }
    let same = (0..8).map(|_| async { send(&server, ONE, &event("9", "com.example.built")).await.status() });
    assert!(futures_util::future::join_all(same).await.iter().all(|status| *status == 204));
    let whose: Vec<_> = events(&server).await.iter().map(|event| event["daemon_name"].clone()).collect();
    assert_eq!(whose, ["builder", "tester", "builder"]);
}

#[tokio::test]
async fn what_is_refused_names_attribute_and_event_and_nothing_of_a_batch_is_taken() {
    let server = TestServer::start().await;
    let mut wrong = event("2", "com.example.built");
    wrong.as_object_mut().unwrap().remove("source");
    let batch = json!([event("1", "com.example.built"), wrong]);
    let (status, kind, detail) = refused(send(&server, BATCH, &batch).await).await;
    assert_eq!((status, &*kind), (422, "invalid"));
    assert_eq!(detail, "/1/source: is missing; every CloudEvent has it");
    let mut old = event("1", "com.example.built");
    old["specversion"] = json!("0.3");
    let (status, _, detail) = refused(send(&server, ONE, &old).await).await;
    let expected = "/specversion: is \"0.3\"; this server reads CloudEvents 1.0 alone: send \"1.0\"";
    assert_eq!((status, &*detail), (422, expected));
    for (content_type, begin) in [
        ("application/json", "the body is application/json; send application/cloudevents+json,"),
        ("application/cloudevents+avro", "the body is application/cloudevents+avro; send"),
    ] {
        let (status, kind, detail) = refused(send(&server, content_type, &event("1", "t")).await).await;
        assert_eq!((status, &*kind), (415, "media-type"));
        assert!(detail.starts_with(begin), "{detail}");
    }
    let broken = server.http.post(server.url("/cloudevents")).header("content-type", ONE).body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    let mut large = event("1", "com.example.built");
    large["data"] = json!({"spell_name": "reveal", "metadata": {"x": "x".repeat(70_000)}});
    assert_eq!(refused(send(&server, ONE, &large).await).await.1, "event-too-large");
    large["data"] = json!("x".repeat(5 * 1024 * 1024));
    assert_eq!(refused(send(&server, ONE, &large).await).await.1, "body-too-large");
    assert_eq!(events(&server).await, [Value::Null; 0]);
}

#[tokio::test]
async fn what_people_say_stands_in_events_only_if_it_is_captured_and_secrets_never_do() {
    for captures in [false, true] {
        let realm = RealmConfig { capture_content: captures, ..RealmConfig::default() };
        let server = TestServer::with(Config { realm, dashboard: Dashboard::Off, ..Config::default() }).await;
        let mut said = event("1", "com.example.asked");
        said["data"] =
            json!({"prompt": "WORDS", "api_key": "a1b2c3d4", "branch": "main", "note": "x ".repeat(40_000)});
        assert_eq!(send(&server, ONE, &said).await.status(), 204);
        let told = events(&server).await[0].to_string();
        assert_eq!(
            (told.contains("WORDS"), told.contains("a1b2c3d4"), told.contains("main")),
            (captures, false, true)
        );
        assert!(told.len() < 4096, "{}", told.len());
    }
}

#[tokio::test]
async fn senders_of_webhooks_ask_first() {
    let ask = |server: &TestServer, token: Option<String>| {
        let request = server.http.request(Method::OPTIONS, server.url("/cloudevents"));
        let request = request.header("webhook-request-origin", "eventemitter.example.com");
        let request = request.header("webhook-request-rate", "120");
        token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth).send()
    };
    let server = TestServer::start().await;
    let answer = ask(&server, None).await.unwrap();
    let told = |answer: &Response, name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(answer.status(), 204);
    assert_eq!(told(&answer, "webhook-allowed-origin"), "eventemitter.example.com");
    assert_eq!(told(&answer, "webhook-allowed-rate"), "*");
    assert_eq!(told(&answer, "allow"), "OPTIONS, POST");
    let guarded = Guarded::limited(LimitsConfig { events_per_s: 10, ..LimitsConfig::none() }).await;
    assert_eq!(ask(&guarded.server, None).await.unwrap().status(), 401);
    assert_eq!(ask(&guarded.server, Some(token(&all_rights_but("publish")))).await.unwrap().status(), 403);
    let answer = ask(&guarded.server, Some(token(&json!({"can": ["publish"]})))).await.unwrap();
    assert_eq!((answer.status().as_u16(), told(&answer, "webhook-allowed-rate")), (204, "600".into()));
}
