//! The HTTP side: every route on one screen.

mod ag_ui;
mod allowed;
mod assets;
mod audited;
mod base;
mod beside;
mod body;
mod cloudevents;
mod consumers;
mod daemons;
mod days;
mod docs;
mod document;
mod encoding;
pub(crate) mod error;
mod events;
mod exposition;
mod handed_in;
mod health;
mod history;
mod hooks;
mod keyed;
mod lines;
mod login;
mod mapped;
mod mcp;
mod metrics_alone;
mod named;
mod otlp;
mod otlp_alone;
mod otlp_status;
mod parameters;
mod pieces;
mod publish;
mod query;
mod requests;
mod roster;
mod rules;
mod seen;
mod site;
mod sockets;
mod spells;
mod sse;
mod upload;
mod voice;
mod whoami;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{connect, get};
use futures_util::FutureExt;
use hyper::body::Incoming;
use tower::{Layer, ServiceExt, service_fn};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::budget::Budget;
use crate::connection::RequestPermit;
use crate::gate::{cors, host, origin};
use crate::state::AppState;
use allowed::Identified;
use error::ApiError;
pub(crate) use site::Site;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What the OpenAPI document describes.
fn api() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(publish::publish, history::history, history::purge))
        .routes(routes!(history::activity))
        .routes(routes!(hooks::take))
        .routes(routes!(otlp::logs))
        .routes(routes!(otlp::traces))
        .routes(routes!(otlp::metrics))
        .routes(routes!(cloudevents::take, cloudevents::handshake))
        .routes(routes!(mapped::take))
        .routes(routes!(ag_ui::take))
        .routes(routes!(mcp::take))
        .routes(routes!(events::recent))
        .routes(routes!(events::stats))
        .routes(routes!(events::rooms))
        .routes(routes!(events::close_room))
        .routes(routes!(consumers::list))
        .routes(routes!(consumers::delete))
        .routes(routes!(consumers::ack))
        .routes(routes!(sse::stream_events))
        .routes(routes!(sockets::upgrade))
        .routes(routes!(spells::summon))
        .routes(routes!(spells::invoke))
        .routes(routes!(spells::banish))
        .routes(routes!(spells::parse))
        .routes(routes!(spells::cast))
        .routes(routes!(spells::examples))
        .routes(routes!(voice::speak))
        .routes(routes!(daemons::all))
        .routes(routes!(daemons::active, daemons::forget_active))
        .routes(routes!(daemons::by_name, daemons::forget))
        .routes(routes!(seen::seen))
        .routes(routes!(requests::list))
        .routes(routes!(requests::one))
        .routes(routes!(requests::answer))
        .routes(routes!(rules::list, rules::add))
        .routes(routes!(rules::remove))
        .routes(routes!(rules::test))
        .routes(routes!(daemons::statistics))
        .routes(routes!(days::days))
        .routes(routes!(roster::roster))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(whoami::who_am_i))
        .routes(routes!(login::login))
}

/// Answers requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    state: AppState,
    router: Router,
    /// Whether events can be published there.
    takes_events: bool,
}

impl Routes {
    pub(crate) fn new(site: Site) -> Self {
        Self { state: site.state.clone(), router: router(site), takes_events: true }
    }

    /// `GET /metrics` and nothing else.
    pub(crate) fn metrics_alone(site: Site) -> Self {
        Self { state: site.state.clone(), router: metrics_alone::router(site), takes_events: false }
    }

    /// What takes OpenTelemetry, and nothing else.
    pub(crate) fn otlp_alone(site: Site) -> Self {
        Self { state: site.state.clone(), router: otlp_alone::router(site), takes_events: false }
    }

    /// The memory that answers draw on.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        self.state.bus.budget()
    }

    /// Answers a request. Publications come by the thousand, so they go straight to their handler: a router copies the
    /// service of each of its layers, and allocates its future, for every request.
    pub(crate) async fn answer(
        self,
        mut request: axum::http::Request<Incoming>,
        permit: &RequestPermit,
    ) -> Response {
        let Self { state, router, takes_events } = self;
        if let Err(elsewhere) = base::enter(&state.config.net.base_path, request.uri_mut()) {
            let answer = async |_| elsewhere.into_response();
            return Box::pin(around(state, NO_ROUTE, request.map(Body::new), answer)).await;
        }
        let publishes = request.method() == Method::POST && request.uri().path() == publish::ROUTE;
        if !(publishes && takes_events) {
            request.extensions_mut().insert(permit.clone());
            let Ok(response) = router.oneshot(request).await;
            return response;
        }
        let publish = {
            let state = state.clone();
            move |request| publish::answer(state, request)
        };
        request.extensions_mut().insert(permit.clone());
        // Boxed: idle connections would pay for its place.
        Box::pin(around(state, publish::ROUTE, request.map(Body::new), publish)).await
    }
}

/// Every route, and around them what holds for all.
fn router(site: Site) -> Router {
    let (routes, _) = api().split_for_parts();
    routes
        // A WebSocket over HTTP/2 is opened by CONNECT (RFC 8441).
        .route(sockets::ROUTE, connect(sockets::upgrade))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::docs))
        .route("/docs.css", get(docs::docs_css))
        // What orchestrators ask for by habit.
        .route("/healthz", get(health::health))
        .route("/livez", get(health::health))
        .route("/readyz", get(health::ready))
        .route("/arcane_audio/{file}", get(voice::audio))
        .fallback(assets::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(site.state.clone(), around_route))
        .with_state(site)
}

async fn wrong_method(method: Method) -> ApiError {
    let detail = format!("this route does not take {method}; GET /docs lists what it takes");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
}

/// Why a request is refused that asks for what its route does not have.
fn unknown_parameters(route: &str, request: &Request) -> Option<ApiError> {
    // A browser's page sees why a WebSocket was closed, but not why its handshake was refused.
    // And an agent that is told of a mistake may take it for one of its own.
    if route == sockets::ROUTE || route == hooks::ROUTE {
        return None;
    }
    let known = parameters::of(route, request.method())?;
    let errors = parameters::check(known, request.uri().query());
    (!errors.is_empty()).then(|| ApiError::invalid(errors))
}

/// What stands for the route where there is none: the dashboard's files, and mistakes.
const NO_ROUTE: &str = "other";
/// What everybody may ask for: nothing of it is about events.
const PUBLIC: [&str; 10] = [
    "/health",
    "/healthz",
    "/livez",
    "/login",
    "/ready",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/docs.css",
    NO_ROUTE,
];

/// The layer around every route.
async fn around_route(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    around(state, route, request, move |request| next.run(request)).await
}

/// Checks host, origin and parameters, counts the answer, and sets the headers that every answer has.
async fn around<F: Future<Output = Response>>(
    state: AppState,
    route: &str,
    request: Request,
    run: impl FnOnce(Request) -> F + Clone,
) -> Response {
    let from_page = request.headers().contains_key(header::ORIGIN);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = audited::Asked::of(&state, &request);
    let telemetry = otlp_status::wanted(route, request.method(), request.headers());
    let mut response = match admit(&state, route, &request) {
        Err(refusal) => refusal.into_response(),
        Ok(()) if otlp_status::is_grpc(&request) => otlp_status::no_grpc(),
        Ok(()) if from_page => answer_page(&state, route, request, run).await,
        Ok(()) => answer(&state, route, request, run).await,
    };
    state.metrics.responded(route, response.status().as_u16());
    if let Some(asked) = asked {
        asked.tell(&state.audit, &response);
    }
    if let Some(encoding) = telemetry {
        response = otlp_status::told(encoding, response).await;
    }
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if reads && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        guard_data(response.headers_mut());
    }
    response
}

/// What is neither the dashboard nor a page of the documentation is data: no browser keeps it, and none that is led to it runs or
/// frames it.
fn guard_data(headers: &mut HeaderMap) {
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
}

/// Finds out what a request may do, for its handler. A WebSocket without a token that holds is opened, to be closed with the reason:
/// a browser's page sees that, but not why a handshake was refused.
fn identify(state: &AppState, route: &str, request: &mut Request) -> Result<(), ApiError> {
    if PUBLIC.contains(&route) {
        return Ok(());
    }
    let peer = request.extensions().get::<RequestPermit>().and_then(RequestPermit::peer);
    let pass = state.gate.admit(request.headers(), request.uri().query(), peer);
    if route != sockets::ROUTE
        && let Err(error) = &pass
    {
        state.metrics.refused("token");
        return Err(error.clone().into());
    }
    let peer = state.gate.client(request.headers(), peer);
    request.extensions_mut().insert(Identified { pass, peer });
    Ok(())
}

/// The route's answer, if the request may ask, asks for what the route has, and its body can be read.
async fn answer<F: Future<Output = Response>>(
    state: &AppState,
    route: &str,
    mut request: Request,
    run: impl FnOnce(Request) -> F,
) -> Response {
    if let Err(refusal) = identify(state, route, &mut request) {
        return refusal.into_response();
    }
    let whose = audited::Whose::of(&state.audit, &request);
    let mut answer = match unknown_parameters(route, &request) {
        Some(refusal) => refusal.into_response(),
        None => match encoding::restored(request) {
            Ok(request) => run(request).await,
            Err(_) if route == hooks::ROUTE => hooks::drop_one(state, "encoding").into_response(),
            Err(refusal) => ([(header::ACCEPT_ENCODING, encoding::READABLE)], refusal).into_response(),
        },
    };
    if let Some(whose) = whose {
        whose.sign(&mut answer);
    }
    answer
}

/// The same for a page that may come in, with leave to read it; a preflight is answered with that leave alone.
async fn answer_page<F: Future<Output = Response>>(
    state: &AppState,
    route: &str,
    request: Request,
    run: impl FnOnce(Request) -> F + Clone,
) -> Response {
    let preflight = cors::is_preflight(request.method());
    let inner = service_fn(|request| answer(state, route, request, run.clone()).map(Ok));
    let Ok::<_, Infallible>(mut response) = cors::layer().layer(inner).oneshot(request).await;
    if preflight {
        cors::complete_preflight(&mut response);
    }
    cors::expose(&mut response);
    response
}

/// Whether a request is for this server, and nobody's page sends it that may not.
fn admit(state: &AppState, route: &str, request: &Request) -> Result<(), ApiError> {
    let host = host::of(request.version(), request.uri(), request.headers())?;
    // The dashboard's files are what no route is for.
    let is_page = matches!(route, NO_ROUTE | "/docs" | "/docs.css" | "/openapi.json");
    let (method, headers) = (request.method(), request.headers());
    let is_lasting =
        matches!(route, "/rules" | "/rules/{name}") && !matches!(*method, Method::GET | Method::HEAD);
    let asked = origin::Asked { host, method, headers, is_page, is_lasting };
    Ok(origin::check(asked, &state.config.net)?)
}
