//! What a token says, and whether that holds: JSON Web Tokens (RFC 7519), signed with EdDSA or HS256.

use std::collections::BTreeSet;
use std::sync::Arc;

use arcane_shared::EventFilter;
use arcane_shared::filter::FILTER_VALUES_MAX;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::keys::{CLOCKS_APART_MAX_S, Key, Keys};
use super::pass::Grant;
use super::rights::Right;
use super::scope::RoomPattern;

/// Longest token, bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 4096;
/// Longest `sub` and `jti`, characters.
const NAME_CHARS_MAX: usize = 128;
/// What such names are made of.
pub(crate) const NAME_FORM: &str = "1 to 128 characters, none of them a control character";
/// Most patterns of rooms.
const ROOMS_MAX: usize = 64;
/// For whom tokens are, unless the server is told otherwise.
pub(crate) const AUDIENCE: &str = "arcane";

/// The claims of a token. What others put there is left alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// When it ends, Unix seconds.
    pub(crate) exp: u64,
    /// When it was made, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<u64>,
    /// For whom it is: one or several.
    pub(crate) aud: Audience,
    /// Whose it is.
    pub(crate) sub: String,
    /// Its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
    /// Rooms: names, beginnings (`team-*`), or all (`*`). None, if it does not say.
    #[serde(default)]
    pub(crate) rooms: Vec<String>,
    /// What it allows. A right that this version does not know allows nothing.
    #[serde(default)]
    pub(crate) can: Vec<String>,
    /// Which events its reader gets, whatever the reader asks for.
    #[serde(default, skip_serializing_if = "EventFilter::is_empty")]
    pub(crate) filter: EventFilter,
}

/// `aud` is a text or a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(BTreeSet<String>),
}

/// Why a token does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("this server wants a token: Authorization: Bearer TOKEN")]
    Missing,
    #[error("{0}")]
    Credentials(#[from] super::credentials::CredentialsError),
    #[error("the token is no JSON Web Token of at most {TOKEN_BYTES_MAX} bytes")]
    Malformed,
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
    #[error("the token's claims cannot be used: {0}")]
    Claims(String),
}

/// Finds out what a token allows at a time, Unix seconds.
pub(crate) fn verify(token: &str, keys: &Keys, audience: &str, now: u64) -> Result<Grant, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    let fits = |key: &&Key| key.algorithm == header.alg && (header.kid.is_none() || key.kid == header.kid);
    let mut error = TokenError::Signature;
    for key in keys.keys.iter().filter(fits) {
        match jsonwebtoken::decode::<Claims>(token, &key.verifies, &validation(key.algorithm)) {
            Ok(token) => return grant(token.claims, key, keys, audience, now),
            Err(other) => match other.kind() {
                ErrorKind::InvalidSignature => {}
                ErrorKind::Json(detail) => error = TokenError::Claims(detail.to_string()),
                ErrorKind::MissingRequiredClaim(name) => {
                    error = TokenError::Claims(format!("missing field `{name}`"));
                }
                _ => error = TokenError::Malformed,
            },
        }
    }
    Err(error)
}

/// Whether a text may be a `sub`, a `jti` or a user's name.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

/// The signature alone: times and audience are looked at here, by the server's own clock.
fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn grant(claims: Claims, key: &Key, keys: &Keys, audience: &str, now: u64) -> Result<Grant, TokenError> {
    let Claims { exp, iat, aud, sub, jti, rooms, can, filter } = claims;
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
    if iat.is_some_and(|iat| iat > now.saturating_add(CLOCKS_APART_MAX_S)) {
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
        rights: can.iter().filter_map(|name| name.parse::<Right>().ok()).collect(),
        rooms: rooms.map_err(|error| TokenError::Claims(format!("rooms: {error}")))?,
        filter,
        issued_at: iat.unwrap_or(0),
        expires_at: Some(exp),
        key: Some(key.fingerprint),
    })
}

/// Why no token can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("the first key can only verify: it has no private half")]
    NoPrivateKey,
    #[error(transparent)]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Makes a token with the first key.
pub(crate) fn sign(claims: &Claims, keys: &Keys) -> Result<String, SignError> {
    let signer = keys.keys.first().and_then(|key| Some((key, key.signs.as_ref()?)));
    let (key, signs) = signer.ok_or(SignError::NoPrivateKey)?;
    let header = Header { kid: key.kid.clone(), ..Header::new(key.algorithm) };
    Ok(jsonwebtoken::encode(&header, claims, signs)?)
}

#[cfg(test)]
mod tests {
    use super::super::keys::{KeyEntry, KeyFile, Revocation};
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn keys(entries: &[KeyEntry]) -> Keys {
        revoking(entries, vec![])
    }

    fn revoking(entries: &[KeyEntry], revoked: Vec<Revocation>) -> Keys {
        let file = KeyFile { keys: entries.to_vec(), revoked, ..KeyFile::default() };
        Keys::parse(&serde_json::to_string(&file).unwrap()).unwrap()
    }

    fn entry(byte: u8, hs256: bool) -> KeyEntry {
        KeyEntry::new([byte; 32], format!("k{byte}"), hs256)
    }

    fn claims() -> Claims {
        Claims {
            exp: NOW + 60,
            iat: Some(NOW),
            aud: Audience::One(AUDIENCE.into()),
            sub: "ci".into(),
            jti: Some("t1".into()),
            rooms: vec!["main".into(), "team-*".into()],
            can: vec!["publish".into(), "a-later-right".into()],
            filter: EventFilter::default(),
        }
    }

    fn read(claims: &Claims, signer: &Keys, keys: &Keys) -> Result<Grant, TokenError> {
        verify(&sign(claims, signer).unwrap(), keys, AUDIENCE, NOW)
    }

    #[test]
    fn a_token_says_what_it_allows() {
        for hs256 in [false, true] {
            let keys = keys(&[entry(1, hs256)]);
            let grant = read(&claims(), &keys, &keys).unwrap();
            assert_eq!((&*grant.subject, grant.rights.to_string()), ("ci", "publish".to_owned()));
        }
    }

    #[test]
    fn a_key_from_before_still_verifies_and_one_that_was_taken_out_does_not() {
        let before = keys(&[entry(1, false)]);
        let both = keys(&[entry(2, false), entry(1, false)]);
        let after = keys(&[entry(2, false)]);
        assert!(read(&claims(), &before, &both).is_ok());
        assert_eq!(read(&claims(), &before, &after), Err(TokenError::Signature));
        // Another key of the same name.
        let other = keys(&[KeyEntry::new([9; 32], "k1".into(), false)]);
        assert_eq!(read(&claims(), &before, &other), Err(TokenError::Signature));
    }

    #[test]
    fn what_does_not_hold_says_why() {
        let keys = keys(&[entry(1, false)]);
        let with = |change: fn(&mut Claims)| {
            let mut claims = claims();
            change(&mut claims);
            read(&claims, &keys, &keys)
        };
        assert_eq!(with(|claims| claims.exp = NOW), Err(TokenError::Expired));
        assert_eq!(with(|claims| claims.iat = Some(NOW + 61)), Err(TokenError::Early));
        assert!(with(|claims| claims.iat = Some(NOW + 60)).is_ok());
        let wrong = Err(TokenError::Audience(AUDIENCE.into()));
        assert_eq!(with(|claims| claims.aud = Audience::One("other".into())), wrong);
        let both = BTreeSet::from(["other".to_owned(), AUDIENCE.to_owned()]);
        assert!(
            with(move |claims| claims.aud =
                Audience::Several(BTreeSet::from(["other".into(), AUDIENCE.into()])))
            .is_ok(),
            "{both:?}"
        );
        assert!(matches!(with(|claims| claims.sub = String::new()), Err(TokenError::Claims(_))));
        assert!(matches!(with(|claims| claims.rooms = vec!["a b".into()]), Err(TokenError::Claims(_))));
        assert!(matches!(with(|claims| claims.rooms = vec!["a".into(); 65]), Err(TokenError::Claims(_))));
        let one = with(|claims| claims.rooms = vec![]).unwrap();
        assert!(!one.rooms.has(&arcane_shared::RoomName::default()), "no rooms are none");
    }

    #[test]
    fn a_revoked_token_does_not_hold() {
        let signer = keys(&[entry(1, false)]);
        for revoked in [Revocation::token("t1"), Revocation::subject("ci", NOW)] {
            let keys = revoking(&[entry(1, false)], vec![revoked]);
            assert_eq!(read(&claims(), &signer, &keys), Err(TokenError::Revoked));
        }
        let earlier = Revocation::subject("ci", NOW - 1);
        assert!(read(&claims(), &signer, &revoking(&[entry(1, false)], vec![earlier])).is_ok());
    }

    #[test]
    fn no_trick_with_the_algorithm_works() {
        let (eddsa, hs256) = (keys(&[entry(1, false)]), keys(&[entry(1, true)]));
        let good = sign(&claims(), &eddsa).unwrap();
        let [_, body, signature] = good.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
        for token in [format!("{none}.{body}."), format!("{none}.{body}.{signature}"), good.replace('.', "")]
        {
            assert_eq!(verify(&token, &eddsa, AUDIENCE, NOW), Err(TokenError::Malformed), "{token}");
        }
        // Signed with what everybody knows of the server's key, as if that were a secret.
        let jwk = serde_json::to_value(entry(1, false)).unwrap();
        let public = jwk["x"].as_str().unwrap();
        let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
        let forged = jsonwebtoken::EncodingKey::from_secret(public.as_bytes());
        let forged = jsonwebtoken::encode(&header, &claims(), &forged).unwrap();
        assert_eq!(verify(&forged, &eddsa, AUDIENCE, NOW), Err(TokenError::Signature));
        assert_eq!(verify(&good, &hs256, AUDIENCE, NOW), Err(TokenError::Signature));
        let longer = encode(&serde_json::to_string(&Claims { exp: NOW + 9_999, ..claims() }).unwrap());
        let head = good.split('.').next().unwrap();
        let changed = format!("{head}.{longer}.{signature}");
        assert_eq!(verify(&changed, &eddsa, AUDIENCE, NOW), Err(TokenError::Signature));
        assert_eq!(verify(&"a".repeat(5000), &eddsa, AUDIENCE, NOW), Err(TokenError::Malformed));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_not_left_out() {
        let keys = keys(&[entry(1, false)]);
        let signs = keys.keys[0].signs.clone().unwrap();
        let mut json = serde_json::to_value(claims()).unwrap();
        for filter in [
            serde_json::json!({"spells": ["voice"]}),
            serde_json::json!({"spell": ["hex"]}),
            serde_json::json!("x"),
        ] {
            json["filter"] = filter;
            let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::EdDSA) };
            let token = jsonwebtoken::encode(&header, &json, &signs).unwrap();
            assert!(matches!(verify(&token, &keys, AUDIENCE, NOW), Err(TokenError::Claims(_))), "{json}");
        }
    }
}
