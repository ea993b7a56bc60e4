//! Test events: each goes the way of a real one, by the line that the agent runs, and is waited for at the other end.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use super::super::Target;
use super::super::client::EventSocket;
use super::super::print::reasons;
use super::super::which_agents::on_path;
use super::{Report, attach};
use crate::attach::agents::Wish;
use crate::attach::command;
use crate::attach::hooked::Hooked;
use crate::ingest::Agent;

/// Where test events go.
pub(super) const ROOM: &str = "doctor";
/// Tells `arcane hook` so, whatever its line says.
pub(super) const ROOM_VARIABLE: &str = "ARCANE_DOCTOR_ROOM";
/// How often a line is run, to measure it.
const RUNS: usize = 5;
/// How long a line may take; agents wait no longer, either.
const RUN_MAX: Duration = Duration::from_secs(2);
/// How long an event is waited for that was sent.
const ARRIVAL_MAX: Duration = Duration::from_secs(3);

/// Sends test events, and sees which arrive.
pub(super) struct Prober {
    target: Target,
    /// The room of test events, or why it cannot be read.
    arrivals: Result<EventSocket, String>,
}

impl Prober {
    pub(super) async fn open(target: &Target) -> Self {
        let query = [("room", ROOM.to_owned()), ("recent", "0".to_owned())];
        let opened = tokio::time::timeout(ARRIVAL_MAX, target.stream(&query)).await;
        let arrivals = match opened {
            Ok(opened) => opened.map_err(|error| reasons(&error)),
            Err(_) => Err("the server opens no stream".to_owned()),
        };
        Self { target: target.clone(), arrivals }
    }

    /// Sends a test event by an agent's own hook.
    pub(super) async fn probe(&mut self, report: &mut Report, agent: Agent, hooked: &[Hooked], wish: &Wish) {
        let id = format!(
            "doctor-{:x}",
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
        );
        let (begins, ends) = events(agent);
        let plugin = format!("'{}' hook --agent {} --url '{}'", wish.program, agent.name(), self.target.url);
        let line_of = |event: &str| {
            let line = hooked.iter().find(|one| one.event == event).map(|one| one.line.clone());
            line.filter(|line| !line.is_empty()).unwrap_or_else(|| plugin.clone())
        };
        let program = command::program(&line_of(begins)).unwrap_or_default();
        if !Path::new(&program).is_file() && on_path(&program).is_none() {
            let why = format!("its hooks run {program}, which is not there");
            return report.problem("test event", why, attach(agent, hooked));
        }
        let mut took = Vec::new();
        for _ in 0..RUNS {
            match run(&line_of(begins), &payload(agent, begins, &id)).await {
                Ok(ran) => took.push(ran),
                Err(why) => {
                    return report.problem("test event", why, attach(agent, hooked));
                }
            }
        }
        let arrived = self.arrived(&id).await;
        // The session of the test ends, too.
        let _ = run(&line_of(ends), &payload(agent, ends, &id)).await;
        took.sort_unstable();
        let cost = took[took.len() / 2].as_secs_f64() * 1000.0;
        let cost = if agent == Agent::Opencode {
            "its plugin is not waited for".to_owned()
        } else {
            format!("it costs the agent {cost:.1} ms")
        };
        match arrived {
            Ok(true) => report.say("test event", format!("arrived; {cost}")),
            Ok(false) => {
                let why = self.reason(agent, &payload(agent, begins, &id), wish).await;
                report.problem("test event", format!("did not arrive; {cost}"), why);
            }
            Err(why) => {
                report.say("test event", format!("sent; {cost}. Whether it arrived cannot be seen: {why}"));
            }
        }
    }

    async fn arrived(&mut self, id: &str) -> Result<bool, String> {
        let socket = self.arrivals.as_mut().map_err(|why| why.clone())?;
        let looked = async {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message
                    && text.contains(id)
                {
                    return true;
                }
            }
            false
        };
        Ok(tokio::time::timeout(ARRIVAL_MAX, looked).await.unwrap_or(false))
    }

    /// Why nothing arrived, as the hook itself says.
    async fn reason(&self, agent: Agent, payload: &Value, wish: &Wish) -> String {
        let mut command = tokio::process::Command::new(&wish.program);
        command.args([
            "hook",
            "--verbose",
            "--agent",
            agent.name(),
            "--room",
            ROOM,
            "--url",
            &self.target.url,
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let told = async {
            let mut child = command.spawn()?;
            if let Some(mut input) = child.stdin.take() {
                input.write_all(payload.to_string().as_bytes()).await?;
            }
            child.wait_with_output().await
        };
        match tokio::time::timeout(RUN_MAX, told).await {
            Ok(Ok(output)) if !output.stderr.is_empty() => {
                let said = String::from_utf8_lossy(&output.stderr)
                    .trim()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                if output.status.success() {
                    format!(
                        "the server took it, and told nothing in the room {ROOM}: a token needs that room among its --rooms, or *"
                    )
                } else {
                    said
                }
            }
            _ => "arcane hook --verbose says why".to_owned(),
        }
    }
}

/// Runs a line as an agent does; says how long it was waited for.
async fn run(line: &str, payload: &Value) -> Result<Duration, String> {
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", line]).env(ROOM_VARIABLE, ROOM);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let begun = Instant::now();
    let ran = async {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A line that cannot be run does not read.
            let _ = input.write_all(payload.to_string().as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = match tokio::time::timeout(RUN_MAX, ran).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("sh cannot be run: {error}")),
        Err(_) => return Err(format!("its hook did not end within {} s", RUN_MAX.as_secs())),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("its hook fails ({}): {said}", output.status));
    }
    Ok(begun.elapsed())
}

/// The events that begin and end a session.
fn events(agent: Agent) -> (&'static str, &'static str) {
    match agent {
        Agent::Copilot | Agent::Cursor => ("sessionStart", "sessionEnd"),
        Agent::Antigravity => ("PreInvocation", "Stop"),
        Agent::Opencode => ("session.created", "session.deleted"),
        _ => ("SessionStart", "SessionEnd"),
    }
}

/// A payload as the agent sends it.
fn payload(agent: Agent, event: &str, id: &str) -> Value {
    let transcript = |folder: &str| json!({"session_id": id, "hook_event_name": event, "transcript_path": format!("/{folder}/{id}.jsonl"), "source": "startup", "reason": "other"});
    match agent {
        Agent::Claude => transcript(".claude/projects"),
        Agent::Codex => transcript(".codex/sessions"),
        Agent::Gemini => transcript(".gemini/tmp"),
        Agent::Qwen => transcript(".qwen/projects"),
        Agent::Copilot => json!({"sessionId": id, "source": "new", "reason": "complete"}),
        Agent::Cursor => json!({"conversation_id": id, "hook_event_name": event}),
        Agent::Antigravity => json!({"conversationId": id, "stepIdx": 0}),
        Agent::Opencode => json!({"type": event, "properties": {"sessionID": id, "info": {"id": id}}}),
    }
}
