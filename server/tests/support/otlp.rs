//! Telemetry that is sent to a server, and its answers.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use reqwest::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::TestServer;

pub const PROTOBUF: &str = "application/x-protobuf";
pub const JSON: &str = "application/json";

/// One request of recorded telemetry.
#[derive(Debug, Clone, Deserialize)]
pub struct Post {
    /// Seconds since the session's first hook.
    pub at: f64,
    pub signal: String,
    #[serde(default)]
    pub body: Value,
    /// In base64, if it is no JSON.
    #[serde(default)]
    protobuf: String,
}

impl Post {
    /// Its body, and how that is written.
    pub fn bytes(&self) -> (Vec<u8>, &'static str) {
        if self.protobuf.is_empty() {
            return (self.body.to_string().into_bytes(), JSON);
        }
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &self.protobuf);
        (bytes.unwrap(), PROTOBUF)
    }
}

/// Recorded telemetry: `claude/headless`.
pub fn telemetry(name: &str) -> Vec<Post> {
    let path = format!("{}/tests/recordings/{name}-otlp.ndjson", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Sends a body as it is.
pub async fn send(server: &TestServer, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = server.http.post(server.url(path)).header("content-type", kind).body(body);
    request.send().await.unwrap()
}

/// Status, media type and body of an answer.
pub async fn said(answer: Response) -> (u16, String, Vec<u8>) {
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (status, kind, answer.bytes().await.unwrap().to_vec())
}

pub fn pair(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Any::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

/// A request with log records of a service.
pub fn logs(service: &str, records: &[&[(&str, &str)]]) -> Vec<u8> {
    let attributes = |all: &[(&str, &str)]| all.iter().map(|(key, value)| pair(key, value)).collect();
    let log_records = records
        .iter()
        .map(|record| LogRecord { attributes: attributes(record), ..LogRecord::default() })
        .collect();
    let resource = Some(Resource { attributes: vec![pair("service.name", service)], ..Resource::default() });
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

/// Attributes in JSON.
pub fn attributes(all: &[(&str, Value)]) -> Value {
    let one = |(key, value): &(&str, Value)| {
        let value = match value {
            Value::String(text) => json!({ "stringValue": text }),
            Value::Bool(flag) => json!({ "boolValue": flag }),
            Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
            other => json!({ "doubleValue": other }),
        };
        json!({"key": key, "value": value})
    };
    all.iter().map(one).collect()
}

/// A span in JSON: its number, its parent's, name and attributes.
pub fn span(id: u64, parent: u64, name: &str, all: &[(&str, Value)]) -> Value {
    let hex = |id: u64| if id == 0 { String::new() } else { format!("{id:016x}") };
    json!({
        "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": hex(id), "parentSpanId": hex(parent), "name": name,
        "startTimeUnixNano": "1800000000000000000", "endTimeUnixNano": (1_800_000_000_000_000_000 + id * 1_000_000_000).to_string(),
        "attributes": attributes(all), "status": {},
    })
}

/// A request with spans of a service, in JSON.
pub fn spans(service: &str, spans: &[Value]) -> String {
    let resource = json!({"attributes": attributes(&[("service.name", json!(service))])});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).to_string()
}
