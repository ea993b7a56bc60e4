//! `arcane login`: a link that signs a browser in.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::guarded::Guarded;

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
    let (address, token) = text.trim_end().split_once("/#token=").unwrap();
    (address.into(), token.into())
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
    let mut answer = who(&guarded, &token).await;
    assert!(answer["expires_at"].take().is_string());
    let expected =
        json!({"subject": "ada", "can": ["subscribe", "cast", "answer"], "rooms": ["*"], "expires_at": null});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_link_is_for_what_was_said() {
    let guarded = Guarded::start().await;
    let args =
        ["--url", "https://bus.example/arcane/", "--sub", "wall", "--can", "subscribe", "--rooms", "team-*"];
    let (address, token) = link(&login(&guarded.file, &args));
    assert_eq!(address, "https://bus.example/arcane");
    let answer = who(&guarded, &token).await;
    assert_eq!(
        (&answer["subject"], &answer["can"], &answer["rooms"]),
        (&json!("wall"), &json!(["subscribe"]), &json!(["team-*"]))
    );
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
