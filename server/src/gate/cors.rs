//! What a page of another origin that may come in is told (the CORS protocol of the Fetch standard). Pure.
//!
//! The layer of tower-http says back what the page asks for: its origin, its headers, the private network. It goes around the requests
//! of pages that `origin` let in, and around no others: it refuses nobody and takes every OPTIONS for a preflight, a program's too. The
//! rest is here because the layer would say it in other bytes. A preflight would be 200 and not 204, its methods without the space
//! after each comma, its headers none if the page names none, both names of its `Vary` on one line, its fields in another order; and
//! what a page may read it would not be told.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tower_http::cors::{AllowHeaders, AllowOrigin, AllowPrivateNetwork, CorsLayer};

/// What any route takes.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE");
/// What a page may send if it does not say what it would.
const HEADERS: HeaderValue = HeaderValue::from_static("content-type, idempotency-key, last-event-id");
/// How long a browser need not ask again, seconds.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// Allows a page what it asks for. It may come in, so it may send whatever it has: headers have no power here.
pub(crate) fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_private_network(AllowPrivateNetwork::predicate(|_, page| is_preflight(&page.method)))
        .vary([])
}

/// Whether a page's browser asks before a request whether that may be sent.
pub(crate) fn is_preflight(method: &Method) -> bool {
    *method == Method::OPTIONS
}

/// Adds to what the layer says in answer to a preflight.
pub(crate) fn complete_preflight(answer: &mut Response) {
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let own = HeaderMap::from_iter([
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
        (header::VARY, HeaderValue::from_static("access-control-request-headers")),
    ]);
    let said = std::mem::replace(answer.headers_mut(), own);
    answer.headers_mut().extend(said);
}

/// Lets a page read an answer with all of its headers.
pub(crate) fn expose(answer: &mut Response) {
    // No credentials are ever allowed, so the star means every header: Retry-After, Content-Range and what else there is.
    answer.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
}
