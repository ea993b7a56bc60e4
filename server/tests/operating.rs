//! What an operator uses: probes, documents, files, the command line.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use arcane_server::config::{Config, Dashboard};
use serde_json::{Value, json};
use support::TestServer;

#[tokio::test]
async fn health_readiness_and_metrics() {
    let server = TestServer::start().await;
    assert_eq!(server.look("/health").await.1["status"], "healthy");
    assert_eq!(server.look("/ready").await, (200, json!({"ready": true})));
    server.publish(support::event("x")).await;
    let metrics = server.get("/metrics").await.text().await.unwrap();
    for line in [
        "arcane_events_total{spell=\"invoke\",success=\"true\"} 1",
        "arcane_subscribers{room=\"main\"} 0",
        "arcane_http_responses_total{route=\"/events\",status=\"201\"} 1",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn the_api_describes_itself() {
    let server = TestServer::start().await;
    let (_, document) = server.look("/openapi.json").await;
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in [
        "/events",
        "/events/recent",
        "/events/stats",
        "/events/stream",
        "/ws/events",
        "/summon",
        "/invoke",
        "/banish",
        "/daemons",
        "/daemons/active",
        "/daemons/{name}",
        "/statistics",
        "/spell/parse",
        "/spell/cast",
        "/spell/examples",
        "/voice",
        "/rooms",
        "/health",
        "/ready",
        "/metrics",
    ] {
        assert!(paths.iter().any(|known| known == path), "{path}");
    }
    let page = server.get("/docs").await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let html = page.text().await.unwrap();
    assert!(html.contains("/spell/cast") && html.contains("href=\"#CastAnswer\""));
    assert!(html.contains("id=\"problem-invalid\""), "where a problem's type points to");
    assert!(!html.contains("http://") && !html.contains("https://"), "works offline");
}

#[tokio::test]
async fn the_dashboard_is_served_compressed_cached_and_under_a_strict_policy() {
    let dist = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dist.path().join(name), text).unwrap();
    write("index.html", "<script type=\"module\">boot()</script>");
    write("page-0123456789abcdef.js", "plain");
    write("page-0123456789abcdef.js.br", "small");
    let dashboard = Dashboard::Folder(dist.path().into());
    let server = TestServer::with(Config { dashboard, ..Config::default() }).await;

    let page = server.get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe-inline"));
    assert_eq!(page.headers()["cache-control"], "no-cache");
    let etag = page.headers()["etag"].clone();
    let again = server.http.get(server.url("/")).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    let script =
        server.http.get(server.url("/page-0123456789abcdef.js")).header("accept-encoding", "gzip, br");
    let script = script.send().await.unwrap();
    assert_eq!(script.headers()["content-encoding"], "br");
    assert_eq!(script.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.text().await.unwrap(), "small");
    assert_eq!(server.get("/../Cargo.toml").await.status(), 404);
}

/// `arcane serve` as a process of its own.
struct Serve {
    child: Child,
    url: String,
    _data: tempfile::TempDir,
}

impl Serve {
    fn start(args: &[&str]) -> Self {
        Self::launch(&mut arcane(), args)
    }

    fn launch(command: &mut Command, args: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--otlp-listen",
                "off",
                "--no-dashboard",
                "--data-dir",
            ])
            .arg(data.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, url, _data: data }
    }

    fn client(&self, args: &[&str]) -> (bool, String, String) {
        let output = arcane().args(args).env("ARCANE_URL", &self.url).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that hears every signal, also where whoever runs the tests ignores some.
fn heard() -> Command {
    if !cfg!(target_os = "linux") {
        return arcane();
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", "--default-signal=INT", env!("CARGO_BIN_EXE_arcane")]);
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG");
    command
}

fn arcane() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG");
    command
}

#[test]
fn cast_publish_and_tail() {
    let server = Serve::start(&[]);
    let (ok, out, _) = server.client(&["cast", "summon", "claude"]);
    assert!(ok && out.contains("CLAUDE materializes"), "{out}");
    let (ok, _, err) = server.client(&["cast", "summon claude"]);
    assert!(!ok && err.contains("already walks the realm"), "{err}");
    let (ok, _, err) = server.client(&["cast", "sumon claude"]);
    assert!(!ok && err.contains("summon claude"), "suggestions: {err}");
    let (ok, out, _) = server.client(&[
        "publish",
        "invoke",
        "--daemon",
        "codex",
        "--task",
        "cargo build",
        "--meta",
        "execution_time=1.5",
        "--failed",
    ]);
    assert!(ok && out.starts_with("published "), "{out}");
    let (ok, out, _) = server.client(&["tail", "--json", "--daemon", "codex", "-n", "1"]);
    let event: Value = serde_json::from_str(out.trim()).unwrap();
    assert!(ok);
    assert_eq!(
        (&event["metadata"]["task"], &event["metadata"]["execution_time"]),
        (&json!("cargo build"), &json!(1.5))
    );
    let (_, out, _) = server.client(&["tail", "--daemon", "codex", "-n", "1"]);
    assert!(out.contains("✕ invoke  codex") && out.contains("«cargo build»"), "{out}");
    let (ok, out, err) = server.client(&["tail", "--from", "1", "--speed", "100", "--json"]);
    assert!(ok && out.lines().count() >= 3, "a replay ends by itself: {out}{err}");
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first["seq"], 1);
    let (ok, out, _) = server.client(&["tail", "--since", "1", "--json", "-n", "1"]);
    let second: Value = serde_json::from_str(out.trim()).unwrap();
    assert!(ok && second["seq"] == 2, "{out}");
    let consume = ["tail", "--consumer", "c", "--since", "0", "--json", "-n", "1"];
    for seq in [1, 2] {
        let (ok, out, _) = server.client(&consume);
        let event: Value = serde_json::from_str(out.trim()).unwrap();
        assert!(ok && event["seq"] == seq, "each run goes on after what it acknowledged: {out}");
    }
    let (ok, _, err) = server.client(&["tail", "--spell", "hex"]);
    assert!(!ok && err.contains("unknown spell"), "{err}");
}

#[test]
fn nobody_there() {
    let output = arcane().args(["cast", "list daemons", "--url", "http://127.0.0.1:1"]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && err.contains("start one with `arcane serve`"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_in_peace() {
    let mut server = Serve::start(&[]);
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(server.child.wait().unwrap().success());
}

#[cfg(unix)]
impl Serve {
    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// A connection that has said half of a publication, and that the server knows of.
    fn half_sent(&self) -> std::net::TcpStream {
        let mut stream = std::net::TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        let head = "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
                    Content-Length: 100\r\nExpect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut go_on = [0; 12];
        stream.read_exact(&mut go_on).unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100");
        stream.write_all(b"{").unwrap();
        stream
    }
}

#[cfg(unix)]
#[test]
fn one_half_sent_body_does_not_keep_it_longer_than_is_said() {
    let mut server = Serve::start(&[]);
    let _half_sent = server.half_sent();
    let since = Instant::now();
    server.signal(rustix::process::Signal::TERM);
    assert!(server.child.wait().unwrap().success());
    assert!(since.elapsed() < Duration::from_secs(7), "it waited once: {:?}", since.elapsed());
}

#[cfg(unix)]
#[test]
fn asked_again_it_ends_at_once() {
    use rustix::process::Signal;
    for (first, second) in
        [(Signal::INT, Signal::INT), (Signal::TERM, Signal::TERM), (Signal::HUP, Signal::INT)]
    {
        let mut server = Serve::launch(&mut heard(), &[]);
        let mut half_sent = server.half_sent();
        let mut idle = server.half_sent();
        // An answered connection shows that the first signal was heard: it is closed.
        idle.write_all(&[b' '; 99]).unwrap();
        let since = Instant::now();
        server.signal(first);
        idle.read_to_end(&mut Vec::new()).unwrap();
        server.signal(second);
        half_sent.read_to_end(&mut Vec::new()).ok();
        assert!(server.child.wait().unwrap().success());
        assert!(since.elapsed() < Duration::from_secs(4), "{first:?} {second:?}: {:?}", since.elapsed());
    }
}

#[cfg(unix)]
#[test]
fn a_terminal_that_goes_away_stops_it_in_peace_but_not_under_nohup() {
    let mut server = Serve::launch(&mut heard(), &[]);
    server.signal(rustix::process::Signal::HUP);
    assert!(server.child.wait().unwrap().success());

    let mut server = Serve::launch(Command::new("nohup").arg(env!("CARGO_BIN_EXE_arcane")), &[]);
    server.signal(rustix::process::Signal::HUP);
    let (ok, _, err) = server.client(&["cast", "list daemons"]);
    assert!(ok, "{err}");
    server.signal(rustix::process::Signal::TERM);
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn one_name_in_three_forms() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("arcane.toml");
    std::fs::write(&file, "history_size = 7\nmax_rooms = 3\nrooms = [\"main\", \"lab\"]\n").unwrap();
    let print = |args: &[&str]| {
        let output = arcane()
            .args(["serve", "--print-config", "--config", file.to_str().unwrap()])
            .args(args)
            .env("ARCANE_MAX_ROOMS", "5")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let table = print(&["--listen", "127.0.0.1:9"]);
    let row = |name: &str| {
        table.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("listen")[1..], ["127.0.0.1:9", "flag"]);
    assert_eq!(row("max-rooms")[1..], ["5", "environment"]);
    assert_eq!(row("history-size")[1..], ["7", "file"]);
    assert_eq!(row("rooms")[1..], ["main,lab", "file"]);
    assert_eq!(row("ephemeral")[1..], ["false", "default"]);
    std::fs::write(&file, "histori_size = 7").unwrap();
    assert!(print(&[]).contains("did you mean \"history_size\"?"));
}

#[test]
fn the_command_line_explains_itself() {
    let completions = arcane().args(["manual", "--shell", "bash"]).output().unwrap();
    assert!(String::from_utf8(completions.stdout).unwrap().contains("history-size"));
    let dir = tempfile::tempdir().unwrap();
    assert!(arcane().args(["manual", "--man"]).arg(dir.path()).status().unwrap().success());
    assert!(dir.path().join("arcane-serve.1").is_file());
}

#[test]
fn an_origin_that_is_none_is_refused_at_the_start_with_what_to_write() {
    for (written, remedy) in [
        ("*", "name each in full"),
        ("wall.example", "write https://wall.example"),
        ("https://a.example, https://wall.example/app", "write https://wall.example"),
        ("wss://wall.example", "write https://wall.example"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let serve = ["serve", "--listen", "127.0.0.1:0", "--no-dashboard", "--allowed-origins", written];
        let output = arcane().args(serve).arg("--data-dir").arg(data.path()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{written}");
        assert!(err.contains("--allowed-origins") && err.contains(remedy), "{written}: {err}");
        // Whoever looks at the settings is told the same.
        let output = arcane().args(serve).arg("--print-config").output().unwrap();
        assert!(!output.status.success(), "{written}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("allowed-origins"), "{written}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(remedy), "{written}");
    }
}

#[test]
fn a_folder_without_a_dashboard_is_told_of_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("nope");
    let folder = folder.to_str().unwrap();
    // It ends at once: somebody else has the address.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let start = |more: &[&str]| {
        let serve = ["serve", "--ephemeral", "--listen", &listen];
        String::from_utf8(arcane().args(serve).args(more).output().unwrap().stderr).unwrap()
    };
    let warned = start(&["--dashboard", folder]);
    assert!(warned.contains("there is no dashboard in the folder") && warned.contains(folder), "{warned}");
    assert!(!start(&["--dashboard", folder, "--no-dashboard"]).contains("no dashboard"));
}

#[test]
fn an_address_that_others_reach_needs_a_decision() {
    let output = arcane().args(["serve", "--listen", "0.0.0.0:0", "--no-dashboard"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("--insecure"));
}

#[test]
fn a_daemon_is_forgotten_and_a_room_closed_from_the_command_line() {
    let server = Serve::start(&[]);
    assert!(server.client(&["publish", "invoke", "--daemon", "codex", "--room", "lab"]).0);
    assert!(server.client(&["cast", "summon codex"]).0);
    let (done, _, said) = server.client(&["forget", "codex"]);
    assert!(!done && said.contains("banish it first"), "{said}");
    assert!(server.client(&["cast", "banish codex"]).0);
    assert!(server.client(&["forget", "codex"]).0);
    assert!(server.client(&["close", "lab"]).0);
    let (done, _, said) = server.client(&["close", "lab"]);
    assert!(!done && said.contains("there is no room \"lab\""), "{said}");
    // Names that are something else in a path.
    for name in ["active", ".", ".."] {
        let invoked = server.client(&["publish", "invoke", "--daemon", name, "--room", name]);
        assert!(invoked.0, "{name}: {}", invoked.2);
        assert!(server.client(&["publish", "banish", "--daemon", name]).0, "{name}");
        let closed = server.client(&["close", name]);
        assert!(closed.0, "{name}: {}", closed.2);
        let (done, _, said) = server.client(&["forget", name]);
        assert!(done || said.contains(&format!("nobody has heard of {name};")), "{name}: {said}");
    }
}
