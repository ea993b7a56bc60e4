//! Where a request carries its token. Pure.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, header};

/// The subprotocol that a WebSocket client asks for beside its token, and that the server agrees to.
pub(crate) const SUBPROTOCOL: &str = "arcane";
/// What comes before the token in a subprotocol: browsers let a page set no other header.
const BEARER_PREFIX: &str = "bearer.";
/// The query parameter, for clients that can set neither header nor subprotocol.
pub(crate) const PARAMETER: &str = "token";

/// A request that carries a token in a way that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("Authorization is not Bearer TOKEN")]
    Scheme,
    #[error("the request carries two tokens, and they differ")]
    Several,
}

/// The token that a request carries: in `Authorization`, or as a WebSocket subprotocol, or as a query parameter. Where a proxy names
/// the user, it may pass on what it has checked itself: an `Authorization` of another scheme.
pub(crate) fn find<'a>(
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    beside_user: bool,
) -> Result<Option<Cow<'a, str>>, CredentialsError> {
    let mut tokens = in_authorization(headers, beside_user)?;
    tokens.extend(in_subprotocols(headers));
    tokens.extend(in_query(query));
    let mut tokens = tokens.into_iter();
    let first = tokens.next();
    if tokens.any(|other| Some(&other) != first.as_ref()) {
        return Err(CredentialsError::Several);
    }
    Ok(first)
}

/// Whether a WebSocket client asks for the server's subprotocol.
pub(crate) fn offers_subprotocol(headers: &HeaderMap) -> bool {
    subprotocols(headers).any(|name| name == SUBPROTOCOL)
}

fn in_authorization(headers: &HeaderMap, beside_user: bool) -> Result<Vec<Cow<'_, str>>, CredentialsError> {
    let is_bearer = |value: &HeaderValue| {
        value.as_bytes().get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"bearer"))
    };
    let values = headers.get_all(header::AUTHORIZATION).iter();
    values
        .filter(|value| !beside_user || is_bearer(value))
        .map(|value| {
            let text = value.to_str().map_err(|_| CredentialsError::Scheme)?;
            let (scheme, token) = text.trim().split_once(' ').ok_or(CredentialsError::Scheme)?;
            let token = Some(token.trim()).filter(|token| !token.is_empty());
            let token = token.filter(|_| scheme.eq_ignore_ascii_case("bearer"));
            token.map(Cow::Borrowed).ok_or(CredentialsError::Scheme)
        })
        .collect()
}

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',')).map(str::trim)
}

fn in_subprotocols(headers: &HeaderMap) -> impl Iterator<Item = Cow<'_, str>> {
    subprotocols(headers).filter_map(|name| name.strip_prefix(BEARER_PREFIX)).map(Cow::Borrowed)
}

fn in_query(query: Option<&str>) -> impl Iterator<Item = Cow<'_, str>> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(|(name, value)| name == PARAMETER && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        pairs: &[(header::HeaderName, &str)],
        query: Option<&str>,
    ) -> Result<Option<String>, CredentialsError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        find(&headers, query, false).map(|token| token.map(Cow::into_owned))
    }

    #[test]
    fn a_token_comes_in_one_of_three_ways() {
        let token = Ok(Some("a.b.c".to_owned()));
        assert_eq!(found(&[(header::AUTHORIZATION, "Bearer a.b.c")], None), token);
        assert_eq!(found(&[(header::AUTHORIZATION, "bearer  a.b.c ")], None), token);
        assert_eq!(found(&[(header::SEC_WEBSOCKET_PROTOCOL, "arcane, bearer.a.b.c")], None), token);
        assert_eq!(found(&[], Some("room=lab&token=a.b.c")), token);
        assert_eq!(found(&[(header::AUTHORIZATION, "Bearer a.b.c")], Some("token=a.b.c")), token, "the same");
        assert_eq!(found(&[], Some("room=lab&token=")), Ok(None));
        assert_eq!(found(&[(header::SEC_WEBSOCKET_PROTOCOL, "arcane")], None), Ok(None));
    }

    #[test]
    fn or_it_is_not_clear_which() {
        for value in ["Basic dXNlcg==", "a.b.c", "Bearer", "Bearer "] {
            assert_eq!(
                found(&[(header::AUTHORIZATION, value)], None),
                Err(CredentialsError::Scheme),
                "{value}"
            );
        }
        let two = [(header::AUTHORIZATION, "Bearer a.b.c"), (header::AUTHORIZATION, "Bearer d.e.f")];
        assert_eq!(found(&two, None), Err(CredentialsError::Several));
        assert_eq!(found(&two[..1], Some("token=d.e.f")), Err(CredentialsError::Several));
    }
}
