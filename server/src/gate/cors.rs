//! What a page of another origin that may come in is told (the CORS protocol of the Fetch standard). Pure.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// What any route takes.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE");
/// What a page may send if it does not say what it would.
const HEADERS: HeaderValue = HeaderValue::from_static("content-type, idempotency-key, last-event-id");
/// How long a browser need not ask again, seconds.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");
const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Whether a browser asks, before a request of a page, whether that may be sent.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(header::ORIGIN)
}

/// What a preflight is answered. The page may come in, so it may send whatever it has: headers have no power here.
pub(crate) fn answer_preflight(request: &HeaderMap) -> HeaderMap {
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut headers = HeaderMap::from_iter([
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(HEADERS)),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
        (header::VARY, HeaderValue::from_static("access-control-request-headers")),
    ]);
    if request.get(REQUEST_PRIVATE_NETWORK).is_some_and(|asked| asked == "true") {
        headers.insert(ALLOW_PRIVATE_NETWORK, TRUE);
    }
    headers
}

/// Lets a page of `origin` read an answer with all of its headers.
pub(crate) fn allow(origin: HeaderValue, answer: &mut HeaderMap) {
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // No credentials are ever allowed, so the star means every header: Retry-After, Content-Range and what else there is.
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_is_told_all_that_it_asks_for() {
        let mut request = HeaderMap::new();
        request.insert(header::ORIGIN, "https://wall.example".parse().unwrap());
        assert!(is_preflight(&Method::OPTIONS, &request));
        assert!(!is_preflight(&Method::GET, &request));
        let headers = answer_preflight(&request);
        assert_eq!(headers["access-control-allow-methods"], "GET, HEAD, POST, DELETE");
        assert_eq!(headers["access-control-allow-headers"], "content-type, idempotency-key, last-event-id");
        assert!(!headers.contains_key("access-control-allow-private-network"));

        let asked = HeaderValue::from_static("cache-control,content-type,traceparent");
        request.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, asked.clone());
        request.insert(REQUEST_PRIVATE_NETWORK, TRUE);
        let headers = answer_preflight(&request);
        assert_eq!(headers["access-control-allow-headers"], asked);
        assert_eq!(headers["access-control-allow-private-network"], "true");
    }
}
