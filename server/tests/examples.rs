//! The examples that wrap a function, against a real server, and without one.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{PATIENCE, TestServer, not_tested_here};
use tokio::process::Command;
use tokio::time::timeout;

const PYTHON: &str = r#"
import asyncio, threading, time
from invocation import flush, invocation, lost

@invocation(daemon="helper")
def fetch(what):
    if what == "nothing":
        raise ValueError("there is " + what)
    return what

@invocation(daemon="planner", task=lambda goal: f"plan {goal}")
async def plan(goal):
    await asyncio.sleep(0.02)
    try:
        fetch("nothing")
    except ValueError as error:
        assert str(error) == "there is nothing"
    return fetch(goal)

@invocation(daemon="broken", task=lambda: 1 / 0)
def no_task():
    return 5

assert asyncio.run(plan("lunch")) == "lunch" and plan.__name__ == "plan"
assert no_task() == 5
began = time.monotonic()
for _ in range(1500):
    fetch("more")
assert time.monotonic() - began < 5, "calls wait for nobody"
flush(10)
print(lost())
"#;

const JAVASCRIPT: &str = r#"
import { flush, invocation, lost } from "./invocation.mjs";
import assert from "node:assert";

const fetchIt = invocation(function fetch(what) {
  if (what === "nothing") throw new Error(`there is ${what}`);
  return what;
}, { daemon: "helper" });
const plan = invocation(async (goal) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.throws(() => fetchIt("nothing"), /there is nothing/);
  return fetchIt(goal);
}, { daemon: "planner", task: (goal) => `plan ${goal}` });
const noTask = invocation(() => 5, { daemon: "broken", task: () => { throw new Error("no"); } });

assert.equal(await plan("lunch"), "lunch");
assert.equal(noTask(), 5);
await flush(10_000);
const began = Date.now();
for (let n = 0; n < 1500; n += 1) fetchIt("more");
assert.ok(Date.now() - began < 5000, "calls wait for nobody");
await flush(10_000);
console.log(lost());
"#;

/// A program beside the module that it uses. `None`: its interpreter is not here.
struct Program {
    command: Command,
    _dir: tempfile::TempDir,
}

fn program(interpreter: &str, module: &str, name: &str, text: &str, url: &str) -> Option<Program> {
    let found = std::process::Command::new(interpreter).arg("--version").output();
    if !found.is_ok_and(|found| found.status.success()) {
        not_tested_here(&format!("{interpreter} is not here"));
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let examples: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(module);
    std::fs::copy(&examples, dir.path().join(examples.file_name().unwrap())).unwrap();
    std::fs::write(dir.path().join(name), text).unwrap();
    let mut command = Command::new(interpreter);
    command.arg(name).current_dir(dir.path()).env("ARCANE_URL", url).env_remove("ARCANE_TOKEN");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Some(Program { command, _dir: dir })
}

impl Program {
    /// What it says at its end: how many events were lost.
    async fn lost(mut self) -> usize {
        let output = timeout(PATIENCE, self.command.output()).await.expect("it ends").unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{said}");
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
    }
}

fn python(url: &str) -> Option<Program> {
    program("python3", "python/invocation.py", "program.py", PYTHON, url)
}

fn javascript(url: &str) -> Option<Program> {
    program("node", "javascript/invocation.mjs", "program.mjs", JAVASCRIPT, url)
}

/// The first calls, as the log has them.
async fn told(program: Program) -> String {
    let server = TestServer::start().await;
    let url = server.url("");
    let mut program = program;
    program.command.env("ARCANE_URL", url);
    let lost = program.lost().await;
    let (_, page) = server.look("/events?limit=1000&daemon=planner,helper,broken").await;
    let events = page["events"].as_array().unwrap();
    let (_, recent) = server.look("/events/recent?count=1").await;
    let all = usize::try_from(recent["events"][0]["seq"].as_u64().unwrap()).unwrap();
    assert_eq!(all + lost, 8 + 3000, "each is in the log or counted");
    assert!(events.iter().all(|event| event["metadata"]["session"] == events[0]["metadata"]["session"]));
    let took = events[5]["metadata"]["execution_time"].as_f64().unwrap();
    assert!((0.01..20.0).contains(&took), "{took}");
    events.iter().take(8).map(line).collect()
}

fn line(event: &Value) -> String {
    let metadata = &event["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let told = [&event["spell_name"], &event["daemon_name"], &metadata["task"], &metadata["error"]].map(text);
    format!("{} {} parent={}\n", told.join(" "), event["success"], text(&metadata["parent_daemon"]))
}

#[tokio::test]
async fn calls_of_a_python_function_are_told() {
    let Some(program) = python("") else { return };
    insta::assert_snapshot!(told(program).await, @r"
    reveal planner plan lunch - true parent=-
    reveal helper fetch - true parent=planner
    invoke helper fetch ValueError: there is nothing false parent=planner
    reveal helper fetch - true parent=planner
    invoke helper fetch - true parent=planner
    invoke planner plan lunch - true parent=-
    reveal broken no_task - true parent=-
    invoke broken no_task - true parent=-
    ");
}

#[tokio::test]
async fn calls_of_a_javascript_function_are_told() {
    let Some(program) = javascript("") else { return };
    insta::assert_snapshot!(told(program).await, @r"
    reveal planner plan lunch - true parent=-
    reveal helper fetch - true parent=planner
    invoke helper fetch Error: there is nothing false parent=planner
    reveal helper fetch - true parent=planner
    invoke helper fetch - true parent=planner
    invoke planner plan lunch - true parent=-
    reveal broken call - true parent=-
    invoke broken call - true parent=-
    ");
}

#[tokio::test]
async fn functions_go_on_without_a_server_and_with_one_that_does_not_answer() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    // Takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silence = format!("http://{}", silent.local_addr().unwrap());
    for url in [&nobody, &silence] {
        for program in [python(url), javascript(url)].into_iter().flatten() {
            let began = Instant::now();
            assert_eq!(program.lost().await, 8 + 3000, "{url}");
            assert!(began.elapsed() < Duration::from_secs(15), "{url}");
        }
    }
}
