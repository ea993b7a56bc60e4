//! Query strings of requests.

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::Method;
use axum::http::request::Parts;

use super::error::ApiError;
use super::parameters;
use crate::query::{Pairs, QueryError};
use crate::stream::StreamQuery;

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::parameter(&error.name, error.detail)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self::read(query.as_deref()))
    }
}

/// The parameters as the document describes them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "a description, read by nobody but the document")]
pub(crate) struct StreamParams {
    /// Default `main`; opens with its first reader.
    room: Option<String>,
    /// Only these spells, comma-separated.
    spell: Option<String>,
    /// Only these daemons, comma-separated.
    daemon: Option<String>,
    /// Only successes or only failures.
    success: Option<bool>,
    /// Events of the history in the connection message, 0–100; default 10.
    recent: Option<u32>,
    /// `true`: the connection message says who is present and does what, as `GET /roster`. Default `false`.
    roster: Option<bool>,
    /// `false`: no events come; for a WebSocket that only publishes. Default `true`.
    listen: Option<bool>,
    /// Goes on after this position: `EPOCH:SEQ` or `SEQ`.
    since: Option<String>,
    /// Replays history from here on: `SEQ`, or a time.
    from: Option<String>,
    /// How many times as fast as it was a replay is, 0.1–100; default 1.
    speed: Option<f64>,
    /// Cuts a replay's pauses to so many seconds, 0–86400.
    max_gap: Option<f64>,
    /// Goes on after the last event that was acknowledged in this name.
    consumer: Option<String>,
}

/// What a query of a route asks of a stream; refused where it asks for what the route does not have.
pub(super) fn of_stream(route: &str, query: Option<&str>) -> Result<StreamQuery, QueryError> {
    let known = parameters::of(route, &Method::GET).unwrap_or_default();
    let unknown = parameters::check(known, query).into_iter().next();
    let pairs = Pairs::read(query);
    match unknown {
        Some(error) => Err(QueryError::new(error.pointer, error.detail)),
        None => StreamQuery::read(&pairs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_does_not_have_is_refused() {
        let refused = |query: &str| of_stream("/ws/events", Some(query)).unwrap_err().to_string();
        insta::assert_snapshot!(refused("lastEventId=k:3"), @r#"lastEventId: there is no such parameter; did you mean "since"?"#);
        assert_eq!(of_stream("/ws/events", None).unwrap().recent, 10);
    }
}
