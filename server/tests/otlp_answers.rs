//! `POST /v1/logs`, `/v1/traces`, `/v1/metrics`: answers to the letter of OTLP/HTTP.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::Write;

use arcane_server::config::LimitsConfig;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use serde_json::{Value, json};
use support::guarded::{Guarded, token};
use support::otlp::{JSON, PROTOBUF, logs, said, send};
use support::{TestServer, http_client};

const ROUTES: [&str; 3] = ["/v1/logs", "/v1/traces", "/v1/metrics"];

/// `google.rpc.Status` without its details.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn what_is_taken_is_answered_in_the_encoding_of_the_request() {
    let server = TestServer::start().await;
    for route in ROUTES {
        assert_eq!(said(send(&server, route, PROTOBUF, "").await).await, (200, PROTOBUF.into(), vec![]));
        for kind in [JSON, "application/json; charset=utf-8", "Application/JSON"] {
            assert_eq!(
                said(send(&server, route, kind, "{}").await).await,
                (200, JSON.into(), b"{}".to_vec())
            );
        }
        let compressed = server
            .http
            .post(server.url(route))
            .header("content-type", JSON)
            .header("content-encoding", "gzip");
        let answer = compressed.body(gzip(b"{}")).send().await.unwrap();
        assert_eq!(said(answer).await, (200, JSON.into(), b"{}".to_vec()));
    }
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("arcane_http_responses_total{route=\"/v1/logs\",status=\"200\"}"), "{metrics}");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_for_good_and_says_where() {
    let server = TestServer::start().await;
    let (status, kind, body) =
        said(send(&server, "/v1/logs", JSON, r#"{"resourceLogs":[{"scopeLogs":7}]}"#).await).await;
    assert_eq!((status, kind.as_str()), (400, JSON));
    let body: Value = serde_json::from_slice(&body).unwrap();
    insta::assert_snapshot!(body, @r#"{"code":3,"message":"not OpenTelemetry: resourceLogs[0].scopeLogs: invalid type: integer `7`, expected a sequence at line 1 column 31","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"NOT_OTLP","domain":"arcane"}]}"#);
    for body in [&b"{"[..], b"", b"\xff\xff", b"[]", b"null"] {
        let answer = send(&server, "/v1/traces", JSON, body.to_vec()).await;
        assert_eq!(answer.status(), 400, "{body:?}");
        assert!(answer.headers().get("retry-after").is_none(), "it is of no use to try again");
    }
    let (status, kind, body) = said(send(&server, "/v1/metrics", PROTOBUF, "{}").await).await;
    assert_eq!((status, kind.as_str()), (400, PROTOBUF));
    let Status { code, message } = Status::decode(body.as_slice()).unwrap();
    insta::assert_snapshot!(format!("{code}: {message}"), @"3: not protobuf: byte 1, in the request: a field of wire type 3, which OpenTelemetry has not");
}

#[tokio::test]
async fn other_bodies_methods_and_paths_are_refused() {
    let server = TestServer::start().await;
    let (status, kind, body) = said(send(&server, "/v1/logs", "text/plain", "x").await).await;
    assert_eq!((status, kind.as_str()), (415, JSON));
    assert!(String::from_utf8(body).unwrap().contains("send application/x-protobuf or application/json"));
    let brotli = server
        .http
        .post(server.url("/v1/logs"))
        .header("content-type", PROTOBUF)
        .header("content-encoding", "br");
    let answer = brotli.body("x").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["accept-encoding"].to_str().unwrap()),
        (415, "gzip")
    );
    assert_eq!(Status::decode(answer.bytes().await.unwrap()).unwrap().code, 3);
    assert_eq!(server.get("/v1/logs").await.status(), 405);
    assert_eq!(send(&server, "/v1development/profiles", PROTOBUF, "").await.status(), 404);
    let room = send(&server, "/v1/logs?room=no%20room", JSON, "{}").await;
    assert_eq!(room.status(), 422);
}

#[tokio::test]
async fn what_is_too_large_is_refused_also_if_it_comes_small() {
    let server = TestServer::start().await;
    let large = 10 * 1024 * 1024 + 1;
    let answer = send(&server, "/v1/logs", PROTOBUF, vec![0; large]).await;
    assert_eq!(answer.status(), 413);
    assert_eq!(
        Status::decode(answer.bytes().await.unwrap()).unwrap().message,
        "the body has at most 10485760 bytes"
    );
    let mut bomb = Vec::new();
    for _ in 0..64 {
        bomb.extend(gzip(&vec![b' '; 1024 * 1024]));
    }
    assert!(bomb.len() < 1024 * 1024);
    let request = server
        .http
        .post(server.url("/v1/logs"))
        .header("content-type", JSON)
        .header("content-encoding", "gzip");
    assert_eq!(request.body(bomb).send().await.unwrap().status(), 413);
    // What is as large as it may be is read.
    let mut whole = b"{}".to_vec();
    whole.resize(large - 1, b' ');
    assert_eq!(send(&server, "/v1/logs", JSON, whole).await.status(), 200);
    let records =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}{{}}]}}]}}]}}"#, "{},".repeat(600_000));
    let (status, _, body) = said(send(&server, "/v1/logs", JSON, records).await).await;
    assert_eq!(status, 413);
    assert!(String::from_utf8(body).unwrap().contains("send them in several requests"));
}

#[tokio::test]
async fn sums_that_cannot_be_added_up_are_a_partial_success() {
    let server = TestServer::start().await;
    let point = json!({"asInt": "5", "timeUnixNano": "2", "attributes": [{"key": "type", "value": {"stringValue": "input"}}]});
    let sum = |temporality: u8| json!({"name": "claude_code.token.usage", "sum": {"aggregationTemporality": temporality, "dataPoints": [point]}});
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]});
    let body =
        json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [sum(0), sum(1)]}]}]});
    let answer = server.post("/v1/metrics", body).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    insta::assert_snapshot!(answer, @r#"{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"sums without a temporality, and values that are no amounts, cannot be added up: send delta or cumulative ones"}}"#);
}

#[tokio::test]
async fn too_much_and_too_little_are_told_in_the_words_of_the_protocol() {
    let guarded = Guarded::limited(LimitsConfig { bytes_per_s: 1000, ..LimitsConfig::none() }).await;
    let post = |token: Option<String>, body: Vec<u8>| {
        let request = http_client().post(guarded.server.url("/v1/logs")).header("content-type", PROTOBUF);
        token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth).body(body).send()
    };
    let answer = post(None, vec![]).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["www-authenticate"].to_str().unwrap()),
        (401, r#"Bearer realm="arcane""#)
    );
    assert_eq!(Status::decode(answer.bytes().await.unwrap()).unwrap().code, 16);
    let reader = token(&json!({"can": ["subscribe"]}));
    assert_eq!(post(Some(reader), vec![]).await.unwrap().status(), 403);
    let writer = token(&json!({"can": ["publish"]}));
    let body = logs("claude-code", &[&[("session.id", &"s".repeat(4000))]]);
    assert_eq!(post(Some(writer.clone()), body.clone()).await.unwrap().status(), 200);
    let answer = post(Some(writer), body).await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(Status::decode(answer.bytes().await.unwrap()).unwrap().code, 8);
}

#[tokio::test]
async fn new_names_of_daemons_have_a_bound() {
    let limits = LimitsConfig { new_daemons_per_min: 2, ..LimitsConfig::none() };
    let guarded = Guarded::limited(limits).await;
    let writer = token(&json!({"can": ["publish"]}));
    let post = |names: std::ops::Range<u32>| {
        let spans: Vec<Value> = names
            .map(|n| {
                support::otlp::span(
                    u64::from(n) + 1,
                    0,
                    "invoke_agent",
                    &[
                        ("gen_ai.operation.name", json!("invoke_agent")),
                        ("gen_ai.agent.name", json!(format!("agent-{n}"))),
                    ],
                )
            })
            .collect();
        let body = support::otlp::spans("crew", &spans);
        let request = http_client().post(guarded.server.url("/v1/traces")).header("content-type", JSON);
        request.bearer_auth(writer.clone()).body(body).send()
    };
    assert_eq!(post(0..1).await.unwrap().status(), 200);
    assert_eq!(post(1..9).await.unwrap().status(), 429);
}

#[tokio::test]
async fn a_client_of_grpc_is_told_which_variable_to_set() {
    let server = TestServer::start().await;
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let request = axum::http::Request::post(format!("http://{}{path}", server.address));
    let request =
        request.header("content-type", "application/grpc").header("te", "trailers").body(()).unwrap();
    let mut client = client.ready().await.unwrap();
    let (answer, mut body) = client.send_request(request, false).unwrap();
    body.send_data(bytes::Bytes::from_static(b"\0\0\0\0\0"), true).unwrap();
    let answer = answer.await.unwrap();
    let headers = answer.headers();
    // Nothing follows: clients look for the reason among the headers alone then.
    assert_eq!((answer.status(), answer.body().is_end_stream()), (axum::http::StatusCode::OK, true));
    assert_eq!(headers["content-type"], "application/grpc");
    assert_eq!(headers["grpc-status"], "12");
    insta::assert_snapshot!(headers["grpc-message"].to_str().unwrap(), @"this server takes OpenTelemetry over HTTP, not gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
}
