//! The commands that make and change keys and revocations, as their users run them.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

struct Keys {
    file: PathBuf,
    _dir: tempfile::TempDir,
}

fn arcane(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.args(arguments).env_remove("ARCANE_KEYS_FILE").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

impl Keys {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        std::fs::write(&file, arcane(&["keys", "new"]).output().unwrap().stdout).unwrap();
        Self { file, _dir: dir }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = arcane(arguments);
        command.arg("--keys").arg(&self.file);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn works(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }

    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        text(&output.stderr)
    }

    fn content(&self) -> Value {
        read(&self.file)
    }
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn commands_that_run_side_by_side_all_change_the_file() {
    let keys = Keys::new();
    let run = |arguments: &[&str]| {
        keys.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut running: Vec<_> = (0..24).map(|n| run(&["token", "revoke", &format!("tok-{n}")])).collect();
    running.push(run(&["keys", "rotate"]));
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    let content = keys.content();
    assert_eq!(content["revoked"].as_array().unwrap().len(), 24, "{content}");
    assert_eq!(content["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_revoked_is_what_was_meant() {
    let keys = Keys::new();
    let token = keys.works(&["token", "new", "--sub", "ci", "--can", "publish"]);
    keys.works(&["token", "revoke", &token]);
    let revoked = keys.content()["revoked"].clone();
    assert!(revoked[0]["jti"].as_str().unwrap().starts_with("tok-"), "{revoked}");
    assert!(!std::fs::read_to_string(&keys.file).unwrap().contains(&token), "no token is kept");
    assert!(keys.fails(&["token", "inspect", &token]).contains("was revoked"));
    for name in ["", &"a".repeat(129), "a\u{7}b", "eyJ.rubbish.x"] {
        keys.fails(&["token", "revoke", name]);
    }
    assert!(keys.fails(&["token", "new", "--sub", "tok-a", "--can", "publish"]).contains("tok-"));
    keys.fails(&["token", "new", "--sub", "a\u{7}b", "--can", "publish"]);
    keys.works(&["token", "revoke", "tok-of-another", "--sub"]);
    assert_eq!(keys.content()["revoked"][1]["sub"], "tok-of-another");
    let without = arcane(&["token", "new", "--sub", "ci", "--can", "publish"]).output().unwrap();
    let error = text(&without.stderr);
    assert!(error.contains("ARCANE_KEYS_FILE") && error.contains("arcane keys new"), "{error}");
}

#[test]
fn a_token_may_have_limits_of_its_own() {
    let keys = Keys::new();
    fn new<'a>(limits: &[&'a str]) -> Vec<&'a str> {
        let limits = limits.iter().flat_map(|limit| ["--limit", limit]);
        ["token", "new", "--sub", "ci", "--can", "publish"].into_iter().chain(limits).collect()
    }
    let token = keys.works(&new(&["events-per-s=100", "streams=0"]));
    let told: Value = serde_json::from_str(&keys.works(&["token", "inspect", &token])).unwrap();
    assert_eq!(told["limits"], json!({"events_per_s": 100, "streams": 0}));
    let told: Value =
        serde_json::from_str(&keys.works(&["token", "inspect", &keys.works(&new(&[]))])).unwrap();
    assert_eq!(told["limits"], Value::Null);
    for (limits, why) in [
        (&["event=1"][..], "there is no limit \"event\"; there are events_per_s, "),
        (&["streams=some"], "streams is \"some\", and not a whole number from 0"),
        (&["streams"], "is not NAME=VALUE"),
        (&["streams=1", "streams=2"], "--limit: streams is there twice"),
    ] {
        let error = keys.fails(&new(limits));
        assert!(error.contains(why), "{limits:?}: {error}");
    }
}

#[test]
fn a_subject_gets_a_new_token_right_after_its_old_ones_were_revoked() {
    let keys = Keys::new();
    let new = ["token", "new", "--sub", "ci", "--can", "publish"];
    for _ in 0..3 {
        let before = keys.works(&new);
        keys.works(&["token", "revoke", "ci"]);
        let after = keys.works(&new);
        keys.works(&["token", "inspect", &after]);
        assert!(keys.fails(&["token", "inspect", &before]).contains("was revoked"));
    }
    let mut content = keys.content();
    content["revoked"] = json!([{"sub": "x", "before": 4_000_000_000_u64, "note": "for ever"}]);
    std::fs::write(&keys.file, content.to_string()).unwrap();
    keys.works(&["token", "revoke", "x"]);
    assert_eq!(keys.content()["revoked"], content["revoked"], "never narrower, and its note stays");
    assert!(keys.fails(&["token", "new", "--sub", "x", "--can", "publish"]).contains("was revoked"));
}

#[test]
fn rotating_leaves_keys_of_others_and_says_what_went() {
    let keys = Keys::new();
    let mut content = keys.content();
    let mut other = content["keys"][0].clone();
    other.as_object_mut().unwrap().remove("d");
    (other["kid"], other["use"]) = (json!("theirs"), json!("sig"));
    content["keys"].as_array_mut().unwrap().push(other);
    std::fs::write(&keys.file, content.to_string()).unwrap();
    keys.works(&["keys", "rotate"]);
    let first = content["keys"][0]["kid"].as_str().unwrap();
    let output = keys.run(&["keys", "rotate"]);
    assert!(text(&output.stderr).contains(first), "{}", text(&output.stderr));
    let content = keys.content();
    let last = content["keys"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (content["keys"].as_array().unwrap().len(), &last["kid"], &last["use"]),
        (3, &json!("theirs"), &json!("sig"))
    );
}
