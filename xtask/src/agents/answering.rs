//! A session in a terminal whose questions are answered from elsewhere: one allowed, one refused with a message, one answered at the
//! terminal while it is open, and one that nobody answers in time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::agent::Agent;
use super::human::{self, GLANCE_MAX, LIT_MAX, NO, STEP_MAX, STILL, Sat, YES};
use super::page::Page;
use super::play::Scene;

/// Agents that `arcane attach --answer` lets be answered from elsewhere, and which are driven in a terminal.
pub(crate) const AGENTS: [Agent; 3] = [Agent::Claude, Agent::Codex, Agent::Qwen];
/// What an agent is told that is refused.
pub(crate) const MESSAGE: &str = "not today";
/// How long an agent that hides its own prompt is held, and a moment more.
pub(crate) const HELD_MAX: Duration = Duration::from_secs(24);

/// What came of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// What was done about it.
    pub(crate) deed: &'static str,
    /// How it should have ended: the decision, and which way.
    pub(crate) expected: String,
    /// How it did.
    pub(crate) seen: String,
    /// From the answer to the next thing that the agent told, milliseconds.
    pub(crate) reacted_ms: Option<u128>,
}

/// Sits down at a terminal and a page at once.
pub(crate) fn sit_down(scene: &Scene<'_>) -> Result<Vec<Answered>> {
    let mut terminal = human::open(scene)?;
    let mut sat = Sat::default();
    let mut all = Vec::new();
    let mut page = Some(Page::open(scene.port())?);
    for deed in ["allowed on the page", "refused on the page", "answered at the terminal", "left alone"] {
        let begun = all.len();
        human::say(&mut terminal, &mut sat, "Do as the steps say. (steps: ask)")?;
        let open = scene.wait_for("that the agent asks", STEP_MAX, open_request)?;
        let (decision, via) = match deed {
            "allowed on the page" => ("allow", "stage"),
            "refused on the page" => ("deny", "stage"),
            "answered at the terminal" => ("none", "terminal"),
            // Where its own prompt is there, too, nobody needs to wait for long: nobody looks any more.
            _ if scene.agent == Agent::Claude => ("none", "withdrawn"),
            _ => ("none", "expired"),
        };
        let heard = scene.head()?;
        let answered = Instant::now();
        match (deed, &page) {
            ("allowed on the page", Some(page)) => page.answer(&open, "allow", None)?,
            ("refused on the page", Some(page)) => page.answer(&open, "deny", Some(MESSAGE))?,
            ("answered at the terminal", _) => {
                terminal.look(STILL, GLANCE_MAX);
                // Where its own prompt is hidden, what can be done there is to stop.
                terminal.press(if scene.agent == Agent::Claude { YES } else { NO })?;
            }
            _ if scene.agent == Agent::Claude => drop(page.take()),
            _ => {}
        }
        let limit = if via == "expired" { HELD_MAX } else { LIT_MAX };
        let end = scene.wait_for("how the question ended", limit, |scene| end_of(scene, &open))?;
        let reacted = || scene.wait_for("that the agent goes on", STEP_MAX, |scene| next_deed(scene, heard));
        let reacted_ms = if decision == "allow" {
            reacted()?;
            Some(answered.elapsed().as_millis())
        } else {
            None
        };
        if matches!(via, "withdrawn" | "expired") {
            // Its own prompt has the word.
            terminal.look(STILL, GLANCE_MAX);
            terminal.press(YES)?;
        }
        terminal.look(STILL, GLANCE_MAX);
        let seen =
            format!("{} {}", end["decision"].as_str().unwrap_or("none"), end["via"].as_str().unwrap_or("?"));
        all.push(Answered { deed, expected: format!("{decision} {via}"), seen, reacted_ms });
        ensure!(all.len() == begun + 1, "each question has one end");
    }
    human::leave(scene, &mut terminal)?;
    Ok(all)
}

/// The request that is open, if there is one.
pub(crate) fn open_request(scene: &Scene<'_>) -> Result<Option<String>> {
    let open = scene.ask("/requests")?;
    let id = open["requests"][0]["request_id"].as_str();
    Ok(id.map(str::to_owned))
}

/// The metadata of the event that ends a request. Two of them are an error.
pub(crate) fn end_of(scene: &Scene<'_>, request: &str) -> Result<Option<Value>> {
    let page = scene.ask("/events?limit=1000&spell=voice")?;
    let events = page["events"].as_array().context("a page has events")?;
    let ends = events.iter().filter(|event| {
        event["metadata"]["event"] == "await_end" && event["metadata"]["request_id"] == *request
    });
    let ends: Vec<&Value> = ends.collect();
    ensure!(ends.len() < 2, "{request} has {} ends", ends.len());
    Ok(ends.first().map(|event| event["metadata"].clone()))
}

/// The end of a call that was told since.
pub(crate) fn next_deed(scene: &Scene<'_>, since: u64) -> Result<Option<()>> {
    let page = scene.ask(&format!("/events?limit=100&after={since}&spell=invoke"))?;
    Ok(page["events"].as_array().is_some_and(|events| !events.is_empty()).then_some(()))
}
