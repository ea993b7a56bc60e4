//! The server's log on standard error, which nobody may be reading.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use futures_util::StreamExt;
use serde_json::json;
use support::{PATIENCE, event, process};
use tokio_tungstenite::connect_async;

const CONFIG: &str = "[daemons.broken]\nconduit = \"command\"\nprogram = \"/bin/sh\"\n\
    args = [\"-c\", \"echo sorry >&2; exit 3\"]\n";
/// More connections than a pipe holds lines for.
const SOCKETS: usize = 500;

struct Serve {
    child: Child,
    address: String,
    http: reqwest::Client,
}

impl Serve {
    fn start(dir: &Path, level: &str, stderr: Stdio) -> Self {
        Self::bounded(dir, level, stderr, 0)
    }

    fn bounded(dir: &Path, level: &str, stderr: Stdio, lines_per_s: u32) -> Self {
        std::fs::write(dir.join("arcane.toml"), CONFIG).unwrap();
        let mut command: Command = process::command(&dir.join("data"));
        command.env("ARCANE_LOG", level).arg("--config").arg(dir.join("arcane.toml"));
        command.arg("--max-log-lines-per-s").arg(lines_per_s.to_string());
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address, http: support::http_client() }
    }

    async fn post(&self, path: &str, body: serde_json::Value) -> u16 {
        let post = self.http.post(format!("http://{}{path}", self.address)).json(&body).send();
        tokio::time::timeout(PATIENCE, post).await.expect("an answer in time").unwrap().status().as_u16()
    }

    /// Everything that logs, and what shows that it works nevertheless.
    async fn works(&self, sockets: usize) {
        for _ in 0..sockets {
            let opened = connect_async(format!("ws://{}/ws/events?recent=0", self.address));
            let (mut socket, _) =
                tokio::time::timeout(PATIENCE, opened).await.expect("a socket in time").unwrap();
            let first = tokio::time::timeout(PATIENCE, socket.next()).await.expect("a message in time");
            assert!(first.unwrap().unwrap().is_text());
        }
        assert_eq!(self.post("/events", event("x")).await, 201);
        assert_eq!(self.post("/summon", json!({"daemon_name": "broken"})).await, 200);
        assert_eq!(self.post("/invoke", json!({"daemon_name": "broken", "task": "x"})).await, 502);
    }

    async fn lost(&self) -> u64 {
        self.count("arcane_diagnostics_lost_total").await
    }

    async fn count(&self, name: &str) -> u64 {
        let metrics = self.http.get(format!("http://{}/metrics", self.address)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_reader_that_is_gone_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Serve::start(dir.path(), "info", Stdio::piped());
    drop(server.child.stderr.take());
    server.works(3).await;
    assert!(server.lost().await > 0);
    server.stop();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_under_the_log_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let server = Serve::start(dir.path(), "info", full.into());
    server.works(3).await;
    assert!(server.lost().await > 0);
    server.stop();
}

#[tokio::test]
async fn a_pipe_that_nobody_empties_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Serve::start(dir.path(), "debug", Stdio::piped());
    let mut stderr = server.child.stderr.take().unwrap();
    server.works(SOCKETS).await;
    let before = flood(&server).await;
    let server = tokio::task::spawn_blocking(move || {
        let said = read_past_notice(&mut stderr, before);
        assert_eq!(said.matches("were lost").count(), 1, "it is said once");
        // And is full again from here on.
        (server, stderr)
    });
    let (server, stderr) = server.await.unwrap();
    flood(&server).await;
    server.stop();
    drop(stderr);
}

#[tokio::test]
async fn what_is_beyond_its_bound_is_left_out_counted_and_said() {
    let (dir, log) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let server = Serve::bounded(dir.path(), "info", log.reopen().unwrap().into(), 5);
    server.works(SOCKETS / 10).await;
    let left_out = server.count("arcane_diagnostics_left_out_total").await;
    assert!(left_out > 0);
    server.stop();
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("more than 5 a second (--max-log-lines-per-s)"), "{log}");
    let said = log.lines().filter_map(|line| Some(line.split_once(" lines of this log were left out")?.0));
    let said: u64 = said.map(|before| before.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    // Together with what was left out while the server stopped.
    assert!(said >= left_out, "{said} of {left_out}: {log}");
    assert!(log.contains("request failed"), "an error is not left out: {log}");
}

/// Logs until lines are lost. Returns how many.
async fn flood(server: &Serve) -> u64 {
    let before = server.lost().await;
    let events: Vec<_> = (0..1000).map(|n| event(&n.to_string())).collect();
    loop {
        assert_eq!(server.post("/events", json!(events)).await, 201);
        let lost = server.lost().await;
        if lost > before {
            return lost;
        }
    }
}

fn read_past_notice(stderr: &mut ChildStderr, lost: u64) -> String {
    let mut said = String::new();
    let mut chunk = [0; 65_536];
    while !said.contains("were lost") {
        let n = stderr.read(&mut chunk).unwrap();
        assert!(n > 0, "{lost} lines were lost and nothing said");
        said.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    said
}
