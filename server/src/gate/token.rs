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
    let Claims { exp, iat, nbf, aud, sub, jti, rooms, can, filter, limits, link: _ } = claims;
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
mod tests {
    use std::collections::BTreeSet;

    use arcane_shared::EventFilter;

    use super::super::keys::{KeyEntry, KeyFile};
    use super::super::own_limits::OwnLimits;
    use super::super::revocation::Revocation;
    use super::super::signing::sign;
    use super::*;
    use jsonwebtoken::Header;

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
            nbf: None,
            aud: Audience::One(AUDIENCE.into()),
            sub: "ci".into(),
            jti: Some("t1".into()),
            rooms: vec!["main".into(), "team-*".into()],
            can: vec!["publish".into(), "a-later-right".into(), "metrics ".into()],
            filter: EventFilter::default(),
            link: None,
            limits: OwnLimits::default(),
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

    /// A token that says what it says in its own words.
    fn raw(head: &serde_json::Value, body: &serde_json::Value) -> Result<Grant, TokenError> {
        let keys = keys(&[entry(1, false)]);
        verify(&raw_token(head, body), &keys, AUDIENCE, NOW)
    }

    fn raw_token(head: &serde_json::Value, body: &serde_json::Value) -> String {
        use base64::Engine as _;
        let encode = |value: &serde_json::Value| {
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let signed = format!("{}.{}", encode(head), encode(body));
        let keys = keys(&[entry(1, false)]);
        let signs = keys.keys[0].signs.as_ref().unwrap();
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), signs, Algorithm::EdDSA).unwrap();
        format!("{signed}.{signature}")
    }

    #[test]
    fn times_are_read_to_the_safe_side() {
        use serde_json::json;
        let head = json!({"alg": "EdDSA", "kid": "k1"});
        let with = |changes: serde_json::Value| {
            let mut body = json!({"exp": NOW + 60, "aud": AUDIENCE, "sub": "ci"});
            body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            raw(&head, &body)
        };
        let now = 1_700_000_000.0;
        assert_eq!(with(json!({"nbf": NOW + 61})), Err(TokenError::Early));
        assert_eq!(with(json!({"nbf": now + 60.5})), Err(TokenError::Early));
        assert!(with(json!({"nbf": NOW + 60})).is_ok(), "clocks are apart");
        let grant = with(json!({"exp": now + 9.9, "iat": now - 0.5, "nbf": now - 0.5})).unwrap();
        assert_eq!((grant.expires_at, grant.issued_at), (Some(NOW + 9), NOW - 1));
        assert_eq!(with(json!({"exp": now + 0.9})), Err(TokenError::Expired));
        for wrong in [json!({"exp": "soon"}), json!({"exp": -1}), json!({"iat": []}), json!({"nbf": "x"})] {
            let Err(TokenError::Claims(detail)) = with(wrong.clone()) else { panic!("{wrong}") };
            assert!(detail.contains("a number of seconds since 1970"), "{wrong}: {detail}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_passed_over() {
        use serde_json::json;
        let body = json!({"exp": NOW + 60, "aud": AUDIENCE, "sub": "ci"});
        assert!(raw(&json!({"alg": "EdDSA", "kid": "k1"}), &body).is_ok());
        for crit in [json!(["exp"]), json!([]), json!(null)] {
            let head = json!({"alg": "EdDSA", "kid": "k1", "crit": crit});
            assert_eq!(raw(&head, &body), Err(TokenError::Critical), "{head}");
        }
        // A structure's fields in their order are no object.
        let head = json!({"alg": "EdDSA", "kid": "k1"});
        for filter in [json!([]), json!([["voice"]])] {
            let mut body = body.clone();
            body["filter"] = filter;
            assert!(matches!(raw(&head, &body), Err(TokenError::Claims(_))), "{body}");
        }
        let list = json!([NOW + 60, NOW, AUDIENCE, "ci", null, ["*"], ["publish"]]);
        assert!(matches!(raw(&head, &list), Err(TokenError::Claims(_))));
    }

    #[test]
    fn a_key_without_a_name_is_tried_for_every_token() {
        let mut json = serde_json::to_value(entry(1, false)).unwrap();
        json.as_object_mut().unwrap().remove("kid");
        let nameless = Keys::parse(&serde_json::json!({"keys": [json]}).to_string()).unwrap();
        assert!(read(&claims(), &keys(&[entry(1, false)]), &nameless).is_ok());
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
