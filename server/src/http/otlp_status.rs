//! Refusals of telemetry as its senders read them: `Status` messages in the encoding of the request, and an answer to gRPC.

use arcane_shared::Problem;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use prost::Message;

use super::body;
use super::otlp::{self, encoding_of, media_type};
use crate::ingest::otlp::Encoding;

/// Longest refusal.
const PROBLEM_BYTES_MAX: usize = 64 * 1024;
/// What a client of gRPC is told.
const NO_GRPC: &str =
    "this server takes OpenTelemetry over HTTP, not gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf";
/// gRPC's code for what a server does not have.
const UNIMPLEMENTED: HeaderValue = HeaderValue::from_static("12");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
}

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const DOMAIN: &str = "arcane";

/// The encoding in which a request is refused; `None`: it is no telemetry, and is refused as any other.
pub(super) fn wanted(route: &str, method: &Method, headers: &HeaderMap) -> Option<Encoding> {
    let is_telemetry = *method == Method::POST && matches!(route, otlp::LOGS | otlp::TRACES | otlp::METRICS);
    is_telemetry.then(|| encoding_of(headers).unwrap_or(Encoding::Json))
}

/// A refusal as a `Status`; other answers stay as they are.
pub(super) async fn told(encoding: Encoding, answer: Response) -> Response {
    if !(answer.status().is_client_error() || answer.status().is_server_error()) {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let problem = to_bytes(body, PROBLEM_BYTES_MAX).await.unwrap_or_default();
    let problem: Option<Problem> = serde_json::from_slice(&problem).ok();
    let kind =
        problem.as_ref().and_then(|problem| problem.kind.rsplit_once("#problem-")).map(|(_, kind)| kind);
    let reason = kind.unwrap_or("error").to_uppercase().replace('-', "_");
    let message = problem.as_ref().map_or("refused", |problem| &problem.detail).to_owned();
    let code = code_of(head.status);
    let body = match encoding {
        Encoding::Protobuf => {
            let value = ErrorInfo { reason, domain: DOMAIN.into() }.encode_to_vec();
            let details = vec![Detail { type_url: ERROR_INFO.into(), value }];
            Status { code, message, details }.encode_to_vec()
        }
        Encoding::Json => {
            let detail = serde_json::json!({"@type": ERROR_INFO, "reason": reason, "domain": DOMAIN});
            serde_json::json!({"code": code, "message": message, "details": [detail]})
                .to_string()
                .into_bytes()
        }
    };
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(encoding)));
    Response::from_parts(head, Body::from(body))
}

/// The code of gRPC that stands for a status of HTTP.
fn code_of(status: StatusCode) -> i32 {
    match status.as_u16() {
        401 => 16,
        403 => 7,
        404 => 5,
        405 => 12,
        408 => 4,
        413 | 429 => 8,
        500 => 13,
        503 => 14,
        // It cannot be used as it is.
        _ => 3,
    }
}

/// Whether a request is one of gRPC.
pub(super) fn is_grpc(request: &Request) -> bool {
    body::content_type(request.headers()).is_some_and(|kind| kind.starts_with("application/grpc"))
}

/// What gRPC is answered: headers alone, in which its clients look for the reason.
pub(super) fn no_grpc() -> Response {
    let mut answer = Response::new(Body::empty());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, UNIMPLEMENTED);
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(NO_GRPC));
    answer
}
