//! `POST /mcp`: the Model Context Protocol over HTTP: tools by which agents tell of themselves.

use std::sync::{Arc, Mutex, PoisonError};

use arcane_shared::{DaemonName, Problem, RoomName};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::Full;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use serde_json::Value;

use super::allowed::EachAct;
use super::body;
use super::error::{ApiError, Problematic};
use super::{history, publish, roster};
use crate::gate::pass;
use crate::ingest::cloudevent;
use crate::mcp::{Ask, Bus, Owner, Tools};
use crate::query::Pairs;

/// Largest message: far above what the tools take.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Largest answer of the bus that a tool's answer is made of: what a roster of every daemon has.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a message looks like.
const MESSAGE: &str =
    r#"send one message of JSON-RPC 2.0: {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;

/// Takes messages of the Model Context Protocol (streamable HTTP).
///
/// Tools by which agents tell of themselves: `summon`, `invoke`, `speak`, `banish`, and `query`. Each request is answered by itself, in
/// JSON; there are no sessions and no streams. A tool that the token does not allow is answered with an error of the tool.
#[utoipa::path(post, path = "/mcp", operation_id = "take_mcp", tag = "agents", params(
    ("daemon" = Option<String>, Query, description = "Whose events they are where a call does not name a daemon"),
    ("room" = Option<String>, Query, description = "Default `main`; opens with its first publisher"),
), request_body(content((serde_json::Value = "application/json"))), responses(
    (status = 200, description = "The message of JSON-RPC that answers", body = serde_json::Value),
    (status = 202, description = "A notification, which has no answer"),
    (status = 400, description = "Not JSON, or not of this protocol's version", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "A method that there is not, asked for by its newer versions"),
    (status = 406, description = "`Accept` does not name both `application/json` and `text/event-stream`", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The message is above 256 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A parameter cannot be used, or the body is no message", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn take(state: EachAct, query: Pairs, request: Request<Body>) -> Result<Response, ApiError> {
    let room = query.room()?;
    let daemon = query.get("daemon").map(DaemonName::parse).transpose();
    let daemon = daemon.map_err(|error| ApiError::parameter("daemon", error.to_string()))?;
    body::require_json(request.headers(), "application/json")?;
    require_both(request.headers())?;
    let (parts, body) = request.into_parts();
    let (net, budget) = state.bounds();
    let body = body::read_up_to(BODY_BYTES_MAX, body, net, budget).await?;
    if !cloudevent::json(&body)?.is_object() {
        return Err(ApiError::field("", format!("is no object; {MESSAGE}")));
    }
    let refused = Arc::new(Mutex::new(None));
    let owner = move |bus: InProcess| Tools::new(bus, Owner { daemon: daemon.clone(), session: None });
    let bus = InProcess { state, room, refused: Arc::clone(&refused) };
    let service = service(move || owner(bus.clone()));
    let answer = service.handle(Request::from_parts(parts, Full::new(body))).await;
    let mut answer = told(answer.map(Body::new)).await;
    if let Some(kind) = refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
        answer.extensions_mut().insert(Problematic(kind));
    }
    Ok(answer)
}

/// The library for one request. Who may come in is decided before, for all routes alike.
fn service(
    tools: impl Fn() -> Tools<InProcess> + Send + Sync + 'static,
) -> StreamableHttpService<Tools<InProcess>, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None)
        .with_max_request_body_bytes(BODY_BYTES_MAX)
        .disable_allowed_hosts()
        .disable_allowed_origins();
    StreamableHttpService::new(move || Ok(tools()), Arc::default(), config)
}

/// What the protocol has its clients accept.
fn require_both(headers: &HeaderMap) -> Result<(), ApiError> {
    let named = |kind: &str| {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|one| one.split(';').next().unwrap_or_default().trim() == kind)
    };
    if named("application/json") && named("text/event-stream") {
        return Ok(());
    }
    let detail = "say Accept: application/json, text/event-stream";
    Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, "accept", detail))
}

/// The library's answer; its refusals in plain text become problems.
async fn told(answer: Response) -> Response {
    let status = answer.status();
    let is_json = body::content_type(answer.headers()).is_some_and(|kind| kind == "application/json");
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let said = axum::body::to_bytes(answer.into_body(), BODY_BYTES_MAX).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    match status {
        // What it says of a body that is JSON, and no message.
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::field("", format!("is no message; {MESSAGE}")),
        StatusCode::BAD_REQUEST => ApiError::new(status, "mcp", said),
        _ => ApiError::busy("the server is about to stop"),
    }
    .into_response()
}

/// The bus, for what one request may.
#[derive(Debug, Clone)]
struct InProcess {
    state: EachAct,
    room: RoomName,
    /// The kind of problem that an act was refused with.
    refused: Arc<Mutex<Option<&'static str>>>,
}

impl Bus for InProcess {
    async fn ask(&self, ask: Ask) -> Result<Value, String> {
        self.answer(ask).await.map_err(|error| {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.kind());
            error.words()
        })
    }
}

impl InProcess {
    async fn answer(&self, ask: Ask) -> Result<Value, ApiError> {
        let query = Pairs::read(Some(&ask.query(&self.room)));
        let answer = match ask {
            Ask::Publish(event) => {
                let request =
                    Request::builder().method(Method::POST).header(header::CONTENT_TYPE, "application/json");
                let request = request.body(Body::from(event.to_string()));
                let request = request.map_err(|_| ApiError::busy("the event cannot be handed in"))?;
                publish::publish(self.state.may::<pass::Publish>()?, query, request).await?.into_response()
            }
            Ask::Roster => roster::roster(self.state.may::<pass::Subscribe>()?, query).await?,
            Ask::Events { .. } => history::history(self.state.may::<pass::Subscribe>()?, query).await?,
        };
        let bytes = axum::body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await;
        let read = |bytes: Bytes| serde_json::from_slice(&bytes).ok();
        bytes.ok().and_then(read).ok_or_else(|| ApiError::busy("the answer cannot be read; ask again"))
    }
}
