//! `arcane connect`: a server and a token that commands need not be told.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use arcane_server::config::NetConfig;
use serde_json::json;
use support::TestServer;
use support::authority::Authority;
use support::guarded::{Guarded, token};

/// Somebody's settings.
struct User(tempfile::TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("arcane/client.toml")
    }

    /// Runs a command, with something on its standard input, while the server goes on.
    async fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
        for variable in ["ARCANE_URL", "ARCANE_TOKEN", "ARCANE_CA", "ARCANE_CLIENT_CONFIG"] {
            command.env_remove(variable);
        }
        command.current_dir(self.0.path()).env("XDG_CONFIG_HOME", self.0.path()).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let running = move || {
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        };
        tokio::task::spawn_blocking(running).await.unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_talk_to_the_server_that_is_remembered_with_its_token() {
    let (guarded, user) = (Guarded::start().await, User::new());
    let url = guarded.server.url("");
    let secret = token(&json!({"sub": "ci", "rooms": ["main"]}));
    let connected = user.run(&["connect", &url, "--token", "-"], &format!("{secret}\n")).await;
    assert!(connected.status.success(), "{}", said(&connected));
    let told = said(&connected);
    assert!(
        told.starts_with(&format!("ci at {url} may subscribe, publish")) && !told.contains(&secret),
        "{told}"
    );
    assert_eq!((mode(&user.file()), mode(user.file().parent().unwrap())), (0o600, 0o700));
    let published = user.run(&["publish", "summon", "--daemon", "claude"], "").await;
    assert!(published.status.success(), "{}", said(&published));
    let help = user.run(&["publish", "--help"], "").await;
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains(&url) && !help.contains(&secret), "{help}");
    let gone = user.run(&["disconnect"], "").await;
    assert!(gone.status.success() && !user.file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_to_the_server_that_it_is_for_and_no_other() {
    let (guarded, other, user) = (Guarded::start().await, Guarded::start().await, User::new());
    let secret = token(&json!({}));
    user.run(&["connect", &guarded.server.url(""), "--token", &secret], "").await;
    // The other server's keys are the same: it would take the token.
    let refused = user.run(&["publish", "reveal", "--url", &other.server.url("")], "").await;
    assert!(!refused.status.success() && said(&refused).contains("wants a token"), "{}", said(&refused));
    let named = user.run(&["publish", "reveal", "--url", &guarded.server.url("/")], "").await;
    assert!(named.status.success(), "{}", said(&named));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_of_a_server_over_tls_is_remembered_with_it() {
    let (authority, other, user) = (Authority::new(), Authority::new(), User::new());
    let net = NetConfig { tls: Some(authority.files()), trust_local_pages: false, ..NetConfig::default() };
    let guarded = Guarded::with(net).await;
    let (url, secret) = (guarded.server.url(""), token(&json!({"sub": "ci"})));
    let connect = async |ca: &Path| {
        user.run(&["connect", &url, "--token", "-", "--ca", &ca.display().to_string()], &secret).await
    };
    let distrusted = connect(&other.file()).await;
    let told = said(&distrusted);
    assert!(!distrusted.status.success() && told.contains("no authority that is trusted here"), "{told}");
    let missing = connect(Path::new("nowhere.pem")).await;
    assert!(said(&missing).contains("--ca: cannot read nowhere.pem"), "{}", said(&missing));
    assert!(!user.file().exists());
    // A path that is said from where the user happens to be.
    std::fs::copy(authority.file(), user.0.path().join("ca.pem")).unwrap();
    let connected = connect(Path::new("ca.pem")).await;
    assert!(
        connected.status.success() && said(&connected).starts_with("ci at https://"),
        "{}",
        said(&connected)
    );
    let kept = std::fs::read_to_string(user.file()).unwrap();
    assert!(kept.contains(&format!("{}/ca.pem", user.0.path().canonicalize().unwrap().display())), "{kept}");
    for command in [&["publish", "reveal"][..], &["tail", "-n", "1"]] {
        let output = user.run(command, "").await;
        assert!(output.status.success(), "{command:?}: {}", said(&output));
    }
    // The server that is remembered, in the clear.
    let plain = user.run(&["publish", "reveal", "--url", &url.replace("https", "http")], "").await;
    assert!(!plain.status.success() && !said(&plain).contains(&secret), "{}", said(&plain));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_not_remembered() {
    let (guarded, user) = (Guarded::start().await, User::new());
    for (url, secret, why) in [
        (guarded.server.url(""), "rubbish", "token"),
        (guarded.server.url(""), "", "token"),
        ("http://127.0.0.1:9".to_owned(), "x", "no server answers"),
        ("nowhere".to_owned(), "x", "http://HOST:PORT"),
    ] {
        let output = user.run(&["connect", &url, "--token", "-"], secret).await;
        assert!(!output.status.success() && said(&output).contains(why), "{url}: {}", said(&output));
        assert!(!user.file().exists());
    }
    let open = TestServer::start().await;
    let connected = user.run(&["connect", &open.url("")], "").await;
    assert!(
        connected.status.success() && said(&connected).starts_with("anonymous at"),
        "{}",
        said(&connected)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_can_read_or_that_is_wrong_is_refused() {
    let user = User::new();
    std::fs::create_dir_all(user.file().parent().unwrap()).unwrap();
    let write = |text: &str, mode: u32| {
        std::fs::write(user.file(), text).unwrap();
        std::fs::set_permissions(user.file(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("url = 'http://127.0.0.1:9'\ntoken = 'secret'\n", 0o640);
    let output = user.run(&["publish", "reveal"], "").await;
    assert!(!output.status.success() && said(&output).contains("chmod 600"), "{}", said(&output));
    write("url = 'http://127.0.0.1:9'\ntoken = secret\n", 0o600);
    let output = user.run(&["publish", "reveal"], "").await;
    let told = said(&output);
    assert!(!output.status.success() && told.contains("client.toml") && !told.contains("secret"), "{told}");
    // What talks to no server does not mind.
    assert!(user.run(&["keys", "new"], "").await.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_server_is_written_into_a_users_hooks_and_not_into_a_projects() {
    let (user, server) = (User::new(), TestServer::start().await);
    user.run(&["connect", &server.url("")], "").await;
    let written = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap().contains("--url");
    // Nothing is written: the difference is shown.
    let args = ["attach", "opencode", "claude", "--dry-run", "--telemetry", "off"];
    assert!(written(&user.run(&args, "").await));
    for project in ["--project", "--project=."] {
        let output = user.run(&[&args[..], &[project]].concat(), "").await;
        assert!(output.status.success() && !written(&output), "{output:?}");
    }
    let said = ["--project", "--url", "http://10.0.0.1:8000"];
    assert!(written(&user.run(&[&args[..], &said].concat(), "").await));
}
