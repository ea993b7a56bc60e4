//! A session in a terminal in which the model makes one call again and again: the next of them is refused, left alone, allowed, and ends the agent's turn, each from elsewhere.

use anyhow::{Result, ensure};

use super::agent::Agent;
use super::answering::{Answered, HELD_MAX, MESSAGE, end_of, next_deed, open_request};
use super::human::{self, GLANCE_MAX, LIT_MAX, STEP_MAX, STILL, Sat, say, turns};
use super::page::Page;
use super::play::Scene;

/// Agents whose calls can be answered before they are made.
pub(crate) const AGENTS: [Agent; 2] = [Agent::Claude, Agent::Codex];
/// One call more often than it takes to be told as a loop (five times), and as often as it is asked about.
const TWICE: &str = "Do as the steps say. (steps: run, run, run, run, run, run, run)";
const ONCE: &str = "Do as the steps say. (steps: run, run, run, run, run, run)";

/// What is done about a call of a loop.
#[derive(Debug, Clone, Copy)]
struct Deed {
    name: &'static str,
    /// What the page answers; `None`: nothing.
    answer: Option<(&'static str, Option<&'static str>)>,
    end: &'static str,
    /// Whether the call is made after that.
    is_made: bool,
}

const REFUSED: Deed = Deed {
    name: "a loop's call refused",
    answer: Some(("deny", Some(MESSAGE))),
    end: "deny stage",
    is_made: false,
};
const LEFT: Deed =
    Deed { name: "a loop's call left alone", answer: None, end: "none expired", is_made: true };
const ALLOWED: Deed =
    Deed { name: "a loop goes on", answer: Some(("allow", None)), end: "allow stage", is_made: true };
const STOPPED: Deed =
    Deed { name: "a loop's agent stopped", answer: Some(("stop", None)), end: "stop stage", is_made: false };

/// Sits down at a terminal and a page at once.
pub(crate) fn sit_down(scene: &Scene<'_>) -> Result<Vec<Answered>> {
    let mut terminal = human::open_again(scene)?;
    let mut sat = Sat::default();
    let page = Page::open(scene.port())?;
    let mut all = Vec::new();
    // Another prompt lets the count begin anew. Codex does not know how to stop here.
    let prompts: &[(&str, &[Deed])] = &[(TWICE, &[REFUSED, LEFT]), (ONCE, &[ALLOWED]), (ONCE, &[STOPPED])];
    let known = if scene.agent == Agent::Claude { prompts.len() } else { prompts.len() - 1 };
    for (prompt, deeds) in &prompts[..known] {
        let before = turns(scene)?;
        say(&mut terminal, &mut sat, prompt)?;
        for deed in *deeds {
            all.push(deed.perform(scene, &page)?);
        }
        if deeds.iter().all(|deed| deed.end != STOPPED.end) {
            scene.until("that the turn ended", STEP_MAX, |scene| Ok(turns(scene)? > before))?;
        }
        terminal.look(STILL, GLANCE_MAX);
    }
    human::leave(scene, &mut terminal)?;
    Ok(all)
}

impl Deed {
    fn perform(self, scene: &Scene<'_>, page: &Page) -> Result<Answered> {
        let open = scene.wait_for("that a call waits", STEP_MAX, open_request)?;
        let card = scene.ask(&format!("/requests/{open}"))?;
        ensure!(card["why"] == "loop", "it is asked about {}, and not about a loop", card["why"]);
        let (heard, answered) = (scene.head()?, std::time::Instant::now());
        if let Some((decision, message)) = self.answer {
            page.answer(&open, decision, message)?;
        }
        let limit = if self.answer.is_none() { HELD_MAX } else { LIT_MAX };
        let end = scene.wait_for("how the question ended", limit, |scene| end_of(scene, &open))?;
        let mut reacted_ms = None;
        if self.is_made {
            scene.wait_for("that the call is made", STEP_MAX, |scene| next_deed(scene, heard))?;
            reacted_ms = self.answer.map(|_| answered.elapsed().as_millis());
        }
        let word = |name: &str, none: &str| end[name].as_str().unwrap_or(none).to_owned();
        Ok(Answered {
            deed: self.name,
            expected: self.end.into(),
            seen: format!("{} {}", word("decision", "none"), word("via", "?")),
            reacted_ms,
        })
    }
}
