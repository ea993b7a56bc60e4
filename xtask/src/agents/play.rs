//! One agent, from its attachment to what was told of it: a session without a terminal, then one with a human who says yes and no.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::agent::Agent;
use super::answering::{self, Answered};
use super::home::Home;
use super::options::Options;
use super::running::{self, Running};
use super::told::{Tokens, Told};
use super::verdict::Played;
use super::{human, looping, programs, remote};
use crate::http;
use crate::project::Project;

/// How long a session without a terminal may take.
const HEADLESS_MAX: Duration = Duration::from_secs(150);
/// How long `arcane attach` and `arcane detach` may take.
const COMMAND_MAX: Duration = Duration::from_secs(20);
/// Nothing more is told when nothing was told for so long: telemetry comes in batches 5 s apart, and sums of metrics wait 5 s in the server.
const QUIET: Duration = Duration::from_secs(12);
/// How long the rest of what is told is waited for.
const TOLD_MAX: Duration = Duration::from_secs(60);
/// How long a question stands for who looks on.
const CONSIDERED: Duration = Duration::from_secs(6);
/// How often the server is asked by who measures.
const GLANCE: Duration = Duration::from_millis(20);
/// How often the server is asked.
const LOOK: Duration = Duration::from_millis(200);

/// The steps of the session without a terminal: calls that work, one that fails, two at once, a subagent.
const PROMPT: &str = "Do as the steps say. (steps: run, fail, write, read, edit, both, delegate, wait)";

/// What every agent is played with.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) project: &'a Project,
    pub(crate) arcane: &'a Path,
    pub(crate) packages: &'a Path,
    pub(crate) options: &'a Options,
}

/// A server, a model endpoint, and an agent's home between them.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) agent: Agent,
    pub(crate) stage: &'a Stage<'a>,
    pub(crate) home: Home,
    server: Running,
    model: Running,
}

impl Stage<'_> {
    /// Plays an agent.
    pub(crate) fn play(&self, agent: Agent) -> Result<Played> {
        let folder = self.folder(agent)?;
        let scene = Scene::set(self, agent, folder.path())?;
        scene.attach()?;
        scene.headless()?;
        let mut expected = scene.expected_of_headless();
        let (mut still_lit, mut untold) = (0, 0);
        if !self.options.headless {
            let sat = match agent {
                Agent::Opencode => remote::sit_down(&scene),
                _ => human::sit_down(&scene),
            };
            let waits = sat.inspect_err(|_| drop(scene.keep_events()))?;
            still_lit = waits.still_lit;
            untold = waits.add_to(agent, &mut expected);
        }
        let events = scene.events_when_all_is_told()?;
        let calls = scene.calls()? - untold;
        (expected.begun, expected.ended) = (calls, calls);
        expected.tokens = scene.tokens()?;
        let mut faults = scene.left_over(&events)?;
        faults.extend(scene.detach()?);
        Ok(Played { expected, seen: Told::of(&events), still_lit, faults })
    }
}

impl Stage<'_> {
    /// Plays an agent whose questions are answered from elsewhere.
    pub(crate) fn play_answered(&self, agent: Agent) -> Result<Vec<Answered>> {
        let folder = self.folder(agent)?;
        let scene = Scene::set(self, agent, folder.path())?;
        scene.attach()?;
        let mut answered = answering::sit_down(&scene).inspect_err(|_| drop(scene.keep_events()))?;
        if looping::AGENTS.contains(&agent) {
            answered.extend(looping::sit_down(&scene).inspect_err(|_| drop(scene.keep_events()))?);
        }
        scene.keep_events()?;
        let faults = scene.detach()?;
        ensure!(faults.is_empty(), "{}", faults.join("; "));
        Ok(answered)
    }

    fn folder(&self, agent: Agent) -> Result<tempfile::TempDir> {
        let mut folder =
            tempfile::Builder::new().prefix("arcane-agents-").tempdir().context("making a folder")?;
        folder.disable_cleanup(self.options.keep);
        if self.options.keep {
            println!("{} is in {}", agent.name(), folder.path().display());
        }
        Ok(folder)
    }
}

impl<'a> Scene<'a> {
    fn set(stage: &'a Stage<'a>, agent: Agent, folder: &Path) -> Result<Self> {
        let mut home = Home::make(folder)?;
        // It ends with this program, however that ends.
        let mut server =
            stage.project.pinned(&std::env::current_exe().context("finding this program")?, None);
        let port = stage.options.watch.unwrap_or(0);
        server.arg(stage.arcane).args(["serve", "--otlp-listen", "127.0.0.1:0"]);
        server.args(["--listen", &format!("127.0.0.1:{port}")]);
        match stage.options.watch {
            Some(_) => server.arg("--dashboard").arg(stage.project.dist()),
            None => server.arg("--no-dashboard"),
        };
        server
            .arg("--data-dir")
            .arg(home.root.join("data"))
            .env_remove("ARCANE_CONFIG")
            .current_dir(&home.root);
        let server = Running::start(&mut server, 2, &home.root.join("server.log"))?;
        let mut model = stage.project.command("node");
        model.arg(stage.project.root.join("xtask/agents/model.mjs")).arg(&home.project).arg(agent.subagent());
        if stage.options.keep {
            model.env("MODEL_LOG", "1");
        }
        let model = Running::start(&mut model, 1, &home.root.join("model.log"))?;
        home.settle(agent, model.ports[0], server.ports[1])?;
        Ok(Self { agent, stage, home, server, model })
    }

    /// Runs `arcane` with the agent's home.
    fn arcane(&self, words: &[&str]) -> Result<()> {
        let mut command = self.home.command(self.stage.arcane);
        command.args(words);
        let log = format!("{}.log", words[0]);
        let status = self.run(command, &log, COMMAND_MAX)?;
        let said = || std::fs::read_to_string(self.home.root.join(&log)).unwrap_or_default();
        ensure!(status == 0, "`arcane {}` ended with {status}: {}", words.join(" "), said());
        Ok(())
    }

    /// Takes as long as a human to answer, if somebody looks on.
    pub(crate) fn consider(&self) {
        if self.stage.options.watch.is_some() {
            thread::sleep(CONSIDERED);
        }
    }

    fn attach(&self) -> Result<()> {
        let [url, telemetry] = [0, 1].map(|nth| format!("http://127.0.0.1:{}", self.server.ports[nth]));
        let mut words = vec!["attach", self.agent.name(), "--url", &url, "--telemetry", &telemetry];
        if self.stage.options.answer {
            words.push("--answer");
        }
        self.arcane(&words)
    }

    /// The server's port.
    pub(crate) fn port(&self) -> u16 {
        self.server.ports[0]
    }

    /// The number of the latest event.
    pub(crate) fn head(&self) -> Result<u64> {
        self.ask("/events?limit=1&order=desc")?["head"].as_u64().context("a page has a head")
    }

    /// Waits for something that the server says, and gives that.
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                bail!("the server did not tell within {limit:?} {what}");
            }
            thread::sleep(GLANCE);
        }
    }

    /// Detaches, and looks whether anything stayed.
    fn detach(&self) -> Result<Vec<String>> {
        self.arcane(&["detach", self.agent.name()])?;
        let mut grep = self.home.command("grep");
        let home = &self.home.home;
        grep.args([
            "-rlF",
            "--exclude-dir=project",
            "--include=*.json",
            "--include=*.toml",
            "--include=*.js",
            "arcane hook",
        ]);
        let found = grep.arg(home).stderr(Stdio::null()).output().context("grep does not run")?;
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        Ok(found.lines().map(|file| format!("hooks stay in {file} after `arcane detach`")).collect())
    }

    fn headless(&self) -> Result<()> {
        let mut command = self.home.command(programs::program(self.stage.packages, self.agent)?);
        command.args(self.agent.headless(PROMPT));
        let status = self.run(command, "headless.log", HEADLESS_MAX)?;
        ensure!(
            status == 0,
            "its session without a terminal ended with {status}: {}",
            self.tail("headless.log")
        );
        Ok(())
    }

    /// Runs a program to its end, in a process group of its own; what it says is in a file.
    fn run(&self, mut command: Command, log: &str, limit: Duration) -> Result<i32> {
        use std::os::unix::process::CommandExt as _;
        let file = File::create(self.home.root.join(log)).with_context(|| log.to_owned())?;
        let errors = file.try_clone().context("sharing a log")?;
        command.process_group(0).stdin(Stdio::null()).stdout(file).stderr(errors);
        let name = running::name(&command);
        let mut process = command.spawn().with_context(|| format!("starting {name}"))?;
        running::wait(&mut process, limit).with_context(|| self.tail(log))
    }

    /// The last lines of a log.
    fn tail(&self, log: &str) -> String {
        let said = std::fs::read_to_string(self.home.root.join(log)).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn expected_of_headless(&self) -> Told {
        Told {
            sessions: 1,
            ends: u64::from(self.agent.limits().tells_end),
            prompts: 1,
            failed: 1,
            subagents: 1,
            subagents_gone: 1,
            ..Told::default()
        }
    }

    /// Every event of the room, once nothing more is told.
    fn events_when_all_is_told(&self) -> Result<Vec<Value>> {
        let deadline = Instant::now() + TOLD_MAX;
        let (mut head, mut since) = (Value::Null, Instant::now());
        while since.elapsed() < QUIET && Instant::now() < deadline {
            let now = self.ask("/events?limit=1&order=desc")?["head"].clone();
            if now != head {
                (head, since) = (now, Instant::now());
            }
            thread::sleep(LOOK);
        }
        self.keep_events()
    }

    /// Every event of the room so far; in a file, too.
    fn keep_events(&self) -> Result<Vec<Value>> {
        let page = self.ask("/events?limit=1000")?;
        ensure!(page["next"].is_null(), "more than 1,000 events were told");
        std::fs::write(self.home.root.join("events.json"), format!("{page:#}")).context("keeping events")?;
        page["events"].as_array().cloned().context("a page has events")
    }

    /// Who is there still, and what is open still.
    fn left_over(&self, events: &[Value]) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let is_silent = |event: &&Value| event["metadata"]["query_type"] == "silent";
        faults
            .extend(events.iter().filter(is_silent).map(|event| format!("silent: {}", event["description"])));
        for daemon in self.daemons()? {
            let (name, doing) = (&daemon["daemon_name"], &daemon["doing"]);
            let calls = daemon["calls"].as_array().map_or(0, Vec::len);
            if calls > 0 {
                faults.push(format!("{name} has {calls} open calls in the end"));
            }
            if self.agent.limits().tells_end && doing != "gone" {
                faults.push(format!("{name} is {doing} in the end, and not gone"));
            }
        }
        Ok(faults)
    }

    /// The roster's daemons that are this agent and its subagents.
    pub(crate) fn daemons(&self) -> Result<Vec<Value>> {
        let roster = self.ask("/roster")?;
        let daemons = roster["roster"]["daemons"].as_array().cloned().unwrap_or_default();
        Ok(daemons
            .into_iter()
            .filter(|daemon| !daemon["present_since"].is_null() || !daemon["heard_at"].is_null())
            .collect())
    }

    /// Asks the server.
    pub(crate) fn ask(&self, path: &str) -> Result<Value> {
        http::get(self.server.ports[0], path)
    }

    /// Waits for something that the server says.
    pub(crate) fn until(
        &self,
        what: &str,
        limit: Duration,
        holds: impl Fn(&Self) -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !holds(self)? {
            if Instant::now() > deadline {
                bail!("the server did not tell within {limit:?} {what}");
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// How many calls the model has made.
    fn calls(&self) -> Result<u64> {
        let tally = http::get(self.model.ports[0], "/tally")?;
        let calls = tally["calls"].as_object().context("a tally has calls")?;
        Ok(calls.values().filter_map(Value::as_u64).sum())
    }

    /// What the model has charged.
    fn tokens(&self) -> Result<Tokens> {
        let tally = http::get(self.model.ports[0], "/tally")?;
        let without = !self.agent.limits().tells_asides;
        let of = |name: &str| {
            let [all, aside] = ["tokens", "aside"].map(|sum| tally[sum][name].as_u64().unwrap_or(0));
            if without { all - aside } else { all }
        };
        Ok(Tokens {
            input: of("input"),
            output: of("output"),
            cache_read: of("cache_read"),
            cache_write: of("cache_write"),
        })
    }
}
