//! What a token says, and whether that holds: JSON Web Tokens (RFC 7519), signed with EdDSA or HS256.

use std::sync::Arc;

use arcane_shared::filter::FILTER_VALUES_MAX;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};

pub(crate) use super::claims::{Audience, Claims};
use super::keys::{CLOCKS_APART_MAX_S, Key, Keys};
use super::names::{NAME_FORM, is_name};
use super::pass::Grant;
use super::rights::Right;
use super::scope::RoomPattern;

/// Longest token, bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 4096;
/// Longest that a browser stays signed in by a link, seconds: 90 days.
const SIGNED_IN_MAX_S: u64 = 90 * 86_400;
/// Most patterns of rooms.
const ROOMS_MAX: usize = 64;
/// For whom tokens are, unless the server is told otherwise.
pub(crate) const AUDIENCE: &str = "arcane";

/// Why a token does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("this server wants a token: Authorization: Bearer TOKEN")]
    Missing,
    #[error(
        "the request comes from a trusted proxy and has no header {header}, in which the proxy names the user whose login it has \
         checked{}", if *.takes_tokens { "; a token does as well: Authorization: Bearer TOKEN" } else { "" }
    )]
    NoUser { header: String, takes_tokens: bool },
    #[error(
        "this server takes the users of its proxy alone, and the request does not come from there: ask at the proxy's address"
    )]
    NotByProxy,
    #[error("{0}")]
    Credentials(#[from] super::credentials::CredentialsError),
    #[error("the token is no JSON Web Token of at most {TOKEN_BYTES_MAX} bytes")]
    Malformed,
    #[error("the token's header has crit: it wants what this server does not know")]
    Critical,
    #[error("the token was not signed with a key of this server")]
    Signature,
    #[error("the token is not for this server: its aud must have {0:?}")]
    Audience(String),
    #[error(transparent)]
    User(#[from] super::proxy::UserError),
    #[error("the token has expired")]
    Expired,
    #[error("the token does not hold yet; the clocks of its maker and of this server are apart")]
    Early,
    #[error("the token was revoked")]
    Revoked,
    #[error("the token is a link's: it signs a browser in, once, and does nothing else")]
    Link,
    #[error("the token is no link's; it can be used as it is")]
    NoLink,
    #[error("the link was not signed with the key that this server signs with")]
    LinkKey,
    #[error("the link was opened before; `arcane login` prints another")]
    Used,
    #[error("the token's claims cannot be used: {0}")]
    Claims(String),
}

impl TokenError {
    /// Whether nothing was shown, and not something that does not hold.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::NoUser { .. } | Self::NotByProxy)
    }
}

/// Finds out what a token allows at a time, Unix seconds.
pub(crate) fn verify(token: &str, keys: &Keys, audience: &str, now: u64) -> Result<Grant, TokenError> {
    let (claims, key) = read(token, keys)?;
    match claims.link {
        None => grant(claims, key, keys, audience, now),
        Some(_) => Err(TokenError::Link),
    }
}

/// What the token of a link says, if it holds at a time, Unix seconds.
pub(crate) fn verify_link(token: &str, keys: &Keys, audience: &str, now: u64) -> Result<Claims, TokenError> {
    let (claims, key) = read(token, keys)?;
    let Some(lifetime) = claims.link else { return Err(TokenError::NoLink) };
    // What it is exchanged for is signed with the first key: no other issuer, and no key from before, may have its tokens made that way.
    if keys.keys.first().is_none_or(|first| first.fingerprint != key.fingerprint) {
        return Err(TokenError::LinkKey);
    }
    if lifetime > SIGNED_IN_MAX_S {
        return Err(TokenError::Claims(format!("link is at most {SIGNED_IN_MAX_S} s")));
    }
    grant(claims.clone(), key, keys, audience, now).map(|_| claims)
}

/// What a token says, if a key has signed it.
fn read<'a>(token: &str, keys: &'a Keys) -> Result<(Claims, &'a Key), TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    // RFC 7515, section 4.1.11: what has to be understood and is not makes the token invalid.
    if members(token).ok_or(TokenError::Malformed)?.contains_key("crit") {
        return Err(TokenError::Critical);
    }
    let is_meant = |key: &Key| key.kid.is_none() || header.kid.is_none() || key.kid == header.kid;
    let fits = |key: &&Key| key.algorithm == header.alg && is_meant(key);
    let mut error = TokenError::Signature;
    for key in keys.keys.iter().filter(fits) {
        match jsonwebtoken::decode::<Map<String, Value>>(token, &key.verifies, &validation(key.algorithm)) {
            Ok(token) => {
                let claims = serde_json::from_value(Value::Object(token.claims));
                let claims = claims.map_err(|error| TokenError::Claims(error.to_string()))?;
                return Ok((claims, key));
            }
            Err(other) => match other.kind() {
                ErrorKind::InvalidSignature => {}
                ErrorKind::Json(detail) => error = TokenError::Claims(detail.to_string()),
                _ => error = TokenError::Malformed,
            },
        }
    }
    Err(error)
}

/// The signature alone: times and audience are looked at here, by the server's own clock.
fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// What the header has.
fn members(token: &str) -> Option<Map<String, Value>> {
    let head = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    serde_json::from_slice(&head).ok()
}

fn grant(claims: Claims, key: &Key, keys: &Keys, audience: &str, now: u64) -> Result<Grant, TokenError> {
    let Claims { exp, iat, nbf, aud, sub, jti, rooms, can, filter, limits, link: _, until: _ } = claims;
    let is_meant = match &aud {
        Audience::One(one) => one == audience,
        Audience::Several(several) => several.contains(audience),
    };
    if !is_meant {
        return Err(TokenError::Audience(audience.into()));
    }
    if exp <= now {
        return Err(TokenError::Expired);
    }
    if iat.max(nbf).is_some_and(|at| at > now.saturating_add(CLOCKS_APART_MAX_S)) {
        return Err(TokenError::Early);
    }
    if !is_name(&sub) || jti.as_deref().is_some_and(|jti| !is_name(jti)) {
        return Err(TokenError::Claims(format!("sub and jti have {NAME_FORM}")));
    }
    if rooms.len() > ROOMS_MAX || filter.spell.len().max(filter.daemon.len()) > FILTER_VALUES_MAX {
        let detail =
            format!("there are at most {ROOMS_MAX} rooms, and {FILTER_VALUES_MAX} values in a filter");
        return Err(TokenError::Claims(detail));
    }
    if keys.is_revoked(jti.as_deref(), &sub, iat.unwrap_or(0)) {
        return Err(TokenError::Revoked);
    }
    let patterns = rooms.iter().map(|room| room.parse::<RoomPattern>());
    let rooms = patterns.collect::<Result<_, _>>();
    Ok(Grant {
        subject: sub.into(),
        token_id: jti.map(Arc::from),
        rights: can.iter().filter_map(|name| Right::named(name)).collect(),
        rooms: rooms.map_err(|error| TokenError::Claims(format!("rooms: {error}")))?,
        filter,
        limits: (!limits.is_empty()).then(|| Arc::new(limits)),
        issued_at: iat.unwrap_or(0),
        expires_at: Some(exp),
        key: Some(key.fingerprint),
    })
}

#[cfg(test)]
mod tests;
