//! What a gate does beside verifying: users of a proxy, changes of the keys, and what it keeps to itself.

use super::*;
use crate::config::ProxyConfig;
use crate::gate::keys::{KeyEntry, KeyFile};
use crate::gate::revocation::Revocation;

#[test]
fn a_proxy_passes_on_what_it_checked_itself() {
    let peer: IpAddr = "10.0.0.1".parse().unwrap();
    let config = ProxyConfig {
        addresses: vec![peer],
        user_header: Some("x-remote-user".into()),
        user_can: vec!["subscribe".into()],
        user_rooms: vec!["*".into()],
    };
    let gate = Gate::new(None, LimitsConfig::none(), Proxies::new(&config).unwrap());
    let mut headers = HeaderMap::new();
    headers.insert("x-remote-user", "ada".parse().unwrap());
    for scheme in ["Basic YWRhOng=", "Negotiate abc"] {
        headers.insert("authorization", scheme.parse().unwrap());
        let pass = gate.admit(&headers, None, Some(peer)).unwrap();
        assert_eq!(&*pass.grant().subject, "ada", "{scheme}");
        let elsewhere = gate.admit(&headers, None, Some("10.0.0.9".parse().unwrap()));
        assert_eq!(elsewhere, Err(credentials::CredentialsError::Scheme.into()), "{scheme}");
    }
    headers.insert("authorization", "Bearer rubbish".parse().unwrap());
    assert!(gate.admit(&headers, None, Some(peer)).is_err(), "a request with a token is the token's");
}

#[test]
fn a_token_is_not_in_what_is_said_of_the_gate() {
    let file = KeyFile { keys: vec![KeyEntry::new([1; 32], "k1".into(), false)], ..KeyFile::default() };
    let keys = || Keys::parse(&serde_json::to_string(&file).unwrap()).unwrap();
    let claims = serde_json::json!({"exp": unix_seconds() + 60, "aud": "arcane", "sub": "ci"});
    let token = super::super::signing::sign(&serde_json::from_value(claims).unwrap(), &keys()).unwrap();
    let gate = Gate::new(Some((keys(), "arcane".into())), LimitsConfig::none(), Proxies::none());
    let pass = gate.verify(&token).unwrap();
    assert!(gate.held.recall(&token).is_some());
    let signature = token.rsplit('.').next().unwrap();
    let said = format!("{gate:?} {pass:?} {:?}", gate.watch(pass.clone()));
    assert!(said.contains("ci") && !said.contains(signature), "{said}");
}

#[tokio::test]
async fn what_changed_between_the_first_read_and_the_first_look_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let keys = vec![KeyEntry::new([1; 32], "k1".into(), false)];
    let mut file = KeyFile { keys, ..KeyFile::default() };
    std::fs::write(&path, serde_json::to_string(&file).unwrap()).unwrap();
    let read_at = Stamp::of(&path);
    let keys = read(&path).unwrap();
    file.revoke(Revocation::token("t1"));
    std::fs::write(&path, serde_json::to_string(&file).unwrap()).unwrap();
    let gate = Gate::new(Some((keys, "arcane".into())), LimitsConfig::none(), Proxies::none());
    let mut changes = gate.changes();
    tokio::select! {
        () = gate.follow(path, read_at) => {}
        changed = changes.changed() => changed.unwrap(),
    }
    assert!(gate.held.keys().is_revoked(Some("t1"), "ci", 0));
}
