//! `arcane login`: a link that signs a browser in.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use support::TestServer;
use support::guarded::{Guarded, OTHER_SECRET, now, signed, token};

fn login(keys: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_URL").env("USER", "ada");
    command.arg("login").arg("--keys").arg(keys).args(args).output().unwrap()
}

#[test]
fn without_keys_it_says_where_to_get_some() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    let output = command.arg("login").env_remove("ARCANE_KEYS_FILE").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("ARCANE_KEYS_FILE") && said.contains("arcane keys new"),
        "{said}"
    );
}

/// Address and token of the link.
fn link(output: &Output) -> (String, String) {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let (address, token) = text.trim_end().split_once("/#login=").unwrap();
    (address.into(), token.into())
}

/// What a link's token is exchanged for, or why not.
async fn exchanged(guarded: &Guarded, link: &str) -> Result<String, (u16, String)> {
    let (status, answer) = guarded.status(link, reqwest::Method::POST, "/login", None).await;
    match answer["token"].as_str() {
        Some(token) => Ok(token.into()),
        None => Err((status, answer["detail"].as_str().unwrap().into())),
    }
}

/// What a token says.
fn said(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

async fn who(guarded: &Guarded, token: &str) -> Value {
    let (status, answer) = guarded.status(token, reqwest::Method::GET, "/whoami", None).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn a_link_carries_a_token_of_what_a_person_does() {
    let guarded = Guarded::start().await;
    let (address, token) = link(&login(&guarded.file, &[]));
    assert_eq!(address, "http://127.0.0.1:8000");
    let token = exchanged(&guarded, &token).await.unwrap();
    let mut answer = who(&guarded, &token).await;
    assert!(answer["expires_at"].take().is_string());
    let expected =
        json!({"subject": "ada", "can": ["subscribe", "cast", "answer"], "rooms": ["*"], "expires_at": null});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_link_may_be_narrowed() {
    let guarded = Guarded::start().await;
    let args = ["--only-daemon", "claude", "--limit", "streams=1"];
    let (_, token) = link(&login(&guarded.file, &args));
    let token = said(&exchanged(&guarded, &token).await.unwrap());
    assert_eq!(token["filter"]["daemon"], json!(["claude"]));
    assert_eq!(token["limits"], json!({"streams": 1}));
    let refused = login(&guarded.file, &["--only-success", "perhaps"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && text.contains("--only-success"), "{text}");
}

#[tokio::test]
async fn who_signed_in_is_told_in_the_audit_log() {
    let guarded = Guarded::start().await;
    let (_, link) = link(&login(&guarded.file, &["--sub", "grace"]));
    exchanged(&guarded, &link).await.unwrap();
    let admin = token(&json!({"sub": "root"}));
    let entry = loop {
        let path = "/events/recent?room=audit&count=10";
        let (_, answer) = guarded.status(&admin, reqwest::Method::GET, path, None).await;
        if let Some(event) = answer["events"].as_array().and_then(|events| events.first().cloned()) {
            break event;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (&entry["metadata"]["asked"], &entry["metadata"]["subject"]),
        (&json!("POST /login"), &json!("grace"))
    );
    assert!(!entry.to_string().contains(&link), "the link is in no entry");
}

#[tokio::test]
async fn a_link_is_for_what_was_said() {
    let guarded = Guarded::start().await;
    let args =
        ["--url", "https://bus.example/arcane/", "--sub", "wall", "--can", "subscribe", "--rooms", "team-*"];
    let (address, token) = link(&login(&guarded.file, &args));
    assert_eq!(address, "https://bus.example/arcane");
    let answer = who(&guarded, &exchanged(&guarded, &token).await.unwrap()).await;
    assert_eq!(
        (&answer["subject"], &answer["can"], &answer["rooms"]),
        (&json!("wall"), &json!(["subscribe"]), &json!(["team-*"]))
    );
}

#[tokio::test]
async fn a_link_opens_once_does_nothing_else_and_takes_its_token_with_it() {
    let guarded = Guarded::start().await;
    let (_, link) = link(&login(&guarded.file, &["--expires", "2h"]));
    let (status, answer) = guarded.status(&link, reqwest::Method::GET, "/events", None).await;
    assert_eq!((status, answer["detail"].as_str().unwrap().contains("once")), (401, true), "{answer}");
    let (first, second) = tokio::join!(exchanged(&guarded, &link), exchanged(&guarded, &link));
    let (token, refused) = match (first, second) {
        (Ok(token), Err(refused)) | (Err(refused), Ok(token)) => (token, refused),
        both => panic!("a link is opened once: {both:?}"),
    };
    assert_eq!(refused, (401, "the link was opened before; `arcane login` prints another".into()));
    let [of_link, of_token] = [&link, &token].map(|token| said(token));
    assert_eq!(of_link["jti"], of_token["jti"]);
    let lasts = of_token["exp"].as_u64().unwrap() - of_link["iat"].as_u64().unwrap();
    assert!((7_200..7_260).contains(&lasts), "{lasts}");
    let again = exchanged(&guarded, &token).await.unwrap_err();
    assert_eq!(again, (401, "the token is no link's; it can be used as it is".into()));
    who(&guarded, &token).await;
}

#[tokio::test]
async fn a_link_that_does_not_hold_opens_nothing() {
    let guarded = Guarded::start().await;
    let open = TestServer::start().await;
    assert_eq!(open.http.post(open.url("/login")).send().await.unwrap().status(), 409);
    let none = guarded.server.http.post(guarded.server.url("/login")).send().await.unwrap();
    assert_eq!(none.status(), 401);
    let link = |claims: Value| token(&claims);
    let whole = || json!({"exp": now() + 60, "link": 60});
    let with = |name: &str, value: Value| {
        let mut claims = whole();
        claims[name] = value;
        link(claims)
    };
    for (token, why) in [
        (with("exp", json!(now() - 1)), "expired"),
        (with("aud", json!("other")), "aud"),
        (with("jti", Value::Null), "a link has a jti"),
        (with("exp", json!(now() + 86_400)), "within an hour"),
        (with("link", json!(-1)), "claims cannot be used"),
        (with("link", json!(90 * 86_400 + 1)), "link is at most 7776000 s"),
        (with("link", json!(u64::MAX)), "link is at most"),
        (signed(OTHER_SECRET, &whole()), "not signed"),
        ("rubbish".into(), "no JSON Web Token"),
    ] {
        let (status, detail) = exchanged(&guarded, &token).await.unwrap_err();
        assert!(status == 401 && detail.contains(why), "{why}: {detail}");
    }
    exchanged(&guarded, &link(whole())).await.unwrap();
}

#[tokio::test]
async fn a_key_that_does_not_sign_any_more_opens_nothing() {
    let guarded = Guarded::start().await;
    let (_, opened) = link(&login(&guarded.file, &[]));
    exchanged(&guarded, &opened).await.unwrap();
    let (_, before) = link(&login(&guarded.file, &[]));
    let rotated = Command::new(env!("CARGO_BIN_EXE_arcane"))
        .args(["keys", "rotate", "--keys"])
        .arg(&guarded.file)
        .output()
        .unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    let (_, after) = link(&login(&guarded.file, &[]));
    while exchanged(&guarded, &after).await.is_err_and(|(_, why)| why.contains("was not signed")) {
        tokio::task::yield_now().await;
    }
    let refused = exchanged(&guarded, &before).await.unwrap_err();
    assert_eq!(refused, (401, "the link was not signed with the key that this server signs with".into()));
}

#[test]
fn what_makes_no_link_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (none, public) = (dir.path().join("none.json"), dir.path().join("public.json"));
    std::fs::write(&public, json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}).to_string())
        .unwrap();
    for (keys, args, why) in [
        (&none, &[][..], "cannot read the keys"),
        (&public, &[], "cannot sign with the keys"),
        (&public, &["--url", "bus"], "http://HOST:PORT"),
    ] {
        let output = login(keys, args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(why), "{text}");
    }
}
