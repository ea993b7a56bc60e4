//! What tokens say, and what does not hold.

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
        until: None,
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
        with(move |claims| claims.aud = Audience::Several(BTreeSet::from(["other".into(), AUDIENCE.into()])))
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
    for token in [format!("{none}.{body}."), format!("{none}.{body}.{signature}"), good.replace('.', "")] {
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
