//! A session with a human in a terminal, who lets one call pass and refuses another.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::agent::Agent;
use super::play::Scene;
use super::programs;
use super::terminal::Terminal;
use super::told::Told;

/// How long a program may take until it takes prompts.
const STARTING_MAX: Duration = Duration::from_secs(60);
/// A screen that stands still for so long waits for its human.
pub(crate) const STILL: Duration = Duration::from_millis(1500);
/// How long a human looks at a screen that moves before a key is pressed.
pub(crate) const GLANCE_MAX: Duration = Duration::from_secs(4);
/// Between two keys that are not to be taken for a pasted text.
const KEY: Duration = Duration::from_millis(400);
/// How long a prompt may take until the next question, or its end.
pub(crate) const STEP_MAX: Duration = Duration::from_secs(40);
/// How long a wait may be lit after its end: telemetry that tells of it comes every 5 s.
pub(crate) const LIT_MAX: Duration = Duration::from_secs(12);

/// Keys: the first of the answers that an agent offers lets a call pass, and Escape refuses it.
pub(crate) const YES: &str = "\r";
pub(crate) const NO: &str = "\x1b";
const DOWN: &str = "\x1b[B";

/// What a human saw.
#[derive(Debug, Default)]
pub(crate) struct Sat {
    pub(crate) waits: u64,
    pub(crate) still_lit: u64,
    pub(crate) prompts: u64,
    pub(crate) refused: u64,
}

impl Sat {
    /// Adds what is expected of the session; gives how many of the model's calls nobody tells of.
    pub(crate) fn add_to(&self, agent: Agent, expected: &mut Told) -> u64 {
        expected.sessions += 1;
        expected.ends += u64::from(agent.limits().tells_end);
        expected.prompts += self.prompts;
        expected.waits += self.waits;
        let tells = agent.limits().tells_refused;
        expected.failed += if tells { self.refused } else { 0 };
        if tells { 0 } else { self.refused }
    }
}

/// Sits down at a terminal with the agent in it: yes, no, one more prompt, and goes.
pub(crate) fn sit_down(scene: &Scene<'_>) -> Result<Sat> {
    let mut terminal = open(scene)?;
    let mut sat = Sat::default();
    for answer in [YES, NO] {
        let before = turns(scene)?;
        say(&mut terminal, &mut sat, "Do as the steps say. (steps: ask)")?;
        scene.until("that the agent waits", STEP_MAX, is_waiting)?;
        sat.waits += 1;
        scene.consider();
        terminal.look(STILL, GLANCE_MAX);
        terminal.press(answer)?;
        let over =
            scene.until("that the wait is over", LIT_MAX, |scene| is_waiting(scene).map(|waits| !waits));
        sat.still_lit += u64::from(over.is_err());
        if answer == YES {
            scene.until("that the turn ended", STEP_MAX, |scene| Ok(turns(scene)? > before))?;
        }
        terminal.look(STILL, GLANCE_MAX);
    }
    sat.refused += 1;
    let before = turns(scene)?;
    say(&mut terminal, &mut sat, "Once more. (steps: run)")?;
    scene.until("that the turn ended", STEP_MAX, |scene| Ok(turns(scene)? > before))?;
    terminal.look(STILL, GLANCE_MAX);
    leave(scene, &mut terminal)?;
    Ok(sat)
}

/// Starts the agent in a terminal, and answers what it asks before the first prompt.
pub(crate) fn open(scene: &Scene<'_>) -> Result<Terminal> {
    start(scene, scene.agent.first_questions())
}

/// The same once more: what was answered is not asked again.
pub(crate) fn open_again(scene: &Scene<'_>) -> Result<Terminal> {
    start(scene, &[])
}

fn start(scene: &Scene<'_>, questions: &[(&str, &[&str])]) -> Result<Terminal> {
    let agent = scene.agent;
    let mut command = scene.home.command(programs::program(scene.stage.packages, agent)?);
    command.args(agent.terminal());
    let mut terminal = Terminal::start(&command, &scene.home.root.join("terminal.log"))?;
    for (question, answers) in questions {
        terminal.shows(question, 0, STARTING_MAX)?;
        for keys in *answers {
            terminal.look(STILL, GLANCE_MAX);
            terminal.press(keys)?;
        }
    }
    terminal.settle(STILL, STARTING_MAX)?;
    Ok(terminal)
}

/// Ends the session.
pub(crate) fn leave(scene: &Scene<'_>, terminal: &mut Terminal) -> Result<()> {
    for keys in scene.agent.goodbye() {
        terminal.press(keys)?;
        terminal.look(KEY, GLANCE_MAX);
    }
    terminal.ended(STEP_MAX)?;
    Ok(())
}

pub(crate) fn say(terminal: &mut Terminal, sat: &mut Sat, prompt: &str) -> Result<()> {
    let mark = terminal.mark();
    terminal.press(prompt)?;
    // Programs take a line break that comes with other keys for a part of a pasted text.
    let end: String = prompt.chars().filter(|c| !c.is_whitespace()).collect();
    terminal.shows(&end[end.len() - 6..], mark, STEP_MAX)?;
    terminal.look(KEY, GLANCE_MAX);
    sat.prompts += 1;
    terminal.press("\r")
}

pub(crate) fn is_waiting(scene: &Scene<'_>) -> Result<bool> {
    Ok(scene.daemons()?.iter().any(|daemon| daemon["doing"] == "waiting"))
}

/// How many turns the agent has told the end of.
pub(crate) fn turns(scene: &Scene<'_>) -> Result<usize> {
    let page = scene.ask("/events?limit=1000&spell=voice")?;
    let events = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_end = |event: &&Value| ["answer", "idle"].iter().any(|end| event["metadata"]["event"] == **end);
    Ok(events.iter().filter(is_end).count())
}

impl Agent {
    /// The arguments of a session in a terminal.
    fn terminal(self) -> &'static [&'static str] {
        match self {
            Self::Codex => &["--disable", "daemon_auto_start", "--sandbox", "workspace-write"],
            Self::Gemini => &["-m", "gemini-2.5-pro"],
            Self::Copilot => &["--no-auto-update"],
            Self::Qwen | Self::Claude | Self::Opencode => &[],
        }
    }

    /// What it asks before the first prompt, without blanks, and the keys that answer.
    fn first_questions(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            // The second choice: trust all.
            Self::Codex => &[("Hooksneedreview", &[DOWN, "\r"])],
            _ => &[],
        }
    }

    /// Ends the session.
    fn goodbye(self) -> &'static [&'static str] {
        match self {
            Self::Claude | Self::Copilot | Self::Opencode => &["/exit", "\r"],
            Self::Codex | Self::Gemini | Self::Qwen => &["/quit", "\r"],
        }
    }
}
