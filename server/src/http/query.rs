//! Query parameters that several routes share.

use arcane_shared::{EventFilter, RoomName};
use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;

use super::error::ApiError;

/// Most events in `recent_events`.
pub(crate) const RECENT_MAX: usize = 100;
/// Events in `recent_events` where nobody says.
const RECENT_DEFAULT: usize = 10;

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {detail}")]
pub(crate) struct QueryError {
    pub(crate) name: &'static str,
    pub(crate) detail: String,
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::parameter(error.name, error.detail)
    }
}

/// What a reader of a stream wants. WebSocket and SSE take the same.
#[derive(Debug, Clone, PartialEq, Eq, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The room; default `main`.
    #[param(value_type = Option<String>)]
    pub(crate) room: RoomName,
    /// `spell`, `daemon` and `success`: comma-separated values, combined with and.
    #[param(value_type = Option<String>, rename = "spell")]
    pub(crate) filter: EventFilter,
    /// Events of the history in the connection message, 0–100; default 10.
    #[param(value_type = Option<u32>)]
    pub(crate) recent: usize,
    /// `false`: no events come; for a WebSocket that only publishes. Default `true`.
    #[param(value_type = Option<bool>)]
    pub(crate) listen: bool,
}

impl StreamQuery {
    /// Reads a query string.
    pub(crate) fn read(query: Option<&str>) -> Result<Self, QueryError> {
        let query = Pairs::read(query);
        for name in ["since", "from", "speed", "consumer", "token"] {
            if query.get(name).is_some() {
                let detail = "this version does not have it yet; leave it out".to_owned();
                return Err(QueryError { name, detail });
            }
        }
        Ok(Self {
            room: query.room()?,
            filter: query.filter()?,
            recent: query.count("recent", 0, RECENT_DEFAULT)?,
            listen: match query.get("listen") {
                None | Some("true") => true,
                Some("false") => false,
                Some(other) => {
                    let detail = format!("is \"true\" or \"false\", not {other:?}");
                    return Err(QueryError { name: "listen", detail });
                }
            },
        })
    }
}

/// A query string's decoded pairs. Of a repeated name the last counts.
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(crate) fn read(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn room(&self) -> Result<RoomName, QueryError> {
        match self.get("room") {
            None => Ok(RoomName::default()),
            Some(text) => {
                RoomName::parse(text).map_err(|error| QueryError { name: "room", detail: error.to_string() })
            }
        }
    }

    pub(crate) fn filter(&self) -> Result<EventFilter, QueryError> {
        EventFilter::from_query(self.get("spell"), self.get("daemon"), self.get("success"))
            .map_err(|error| QueryError { name: error.field, detail: error.detail })
    }

    /// A whole number from `min` to [`RECENT_MAX`].
    pub(crate) fn count(&self, name: &'static str, min: usize, default: usize) -> Result<usize, QueryError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<usize>() {
            Ok(n) if (min..=RECENT_MAX).contains(&n) => Ok(n),
            _ => {
                let detail = format!("must be a whole number from {min} to {RECENT_MAX}, not {text:?}");
                Err(QueryError { name, detail })
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self::read(query.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        StreamQuery::read(Some(query)).unwrap_err().to_string()
    }

    #[test]
    fn defaults() {
        let query = StreamQuery::read(None).unwrap();
        assert_eq!((query.room.as_str(), query.recent, query.filter.is_empty()), ("main", 10, true));
    }

    #[test]
    fn each_wrong_value_is_named() {
        insta::assert_snapshot!(refused("room=two%20words"), @"room: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(refused("spell=summon,hex"), @r#"spell: unknown spell "hex"; known are summon, invoke, banish, reveal, parse and voice"#);
        insta::assert_snapshot!(refused("success=maybe"), @r#"success: success is "true" or "false", not "maybe""#);
        insta::assert_snapshot!(refused("recent=-3"), @r#"recent: must be a whole number from 0 to 100, not "-3""#);
        insta::assert_snapshot!(refused("listen=no"), @r#"listen: is "true" or "false", not "no""#);
        insta::assert_snapshot!(refused("since=4"), @"since: this version does not have it yet; leave it out");
    }
}
