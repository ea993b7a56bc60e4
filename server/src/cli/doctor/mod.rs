//! `arcane doctor`: whether what agents do gets here, what that costs them, and what to do if it does not.

mod probe;
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::bail;
use arcane_shared::RoomName;
use arcane_shared::counted;
use clap::Args;

use super::print::print;
use super::which_agents::{self, Said, Which, executable, is_found};
use super::{Target, screen};
use crate::attach::agents::{self, Folders, Wish};
use crate::attach::command;
use crate::attach::hooked::Hooked;
use crate::attach::state::{self, State};
use crate::attach::{Place, files};
use crate::ingest::Agent;
use probe::Prober;
use server::Server;

/// For how long the version of an agent's program is waited for.
const VERSION_WAIT: Duration = Duration::from_secs(5);

/// Say whether what agents do gets here, what it costs them, and what to do if it does not.
///
/// Every hook that is attached is tried: a test event goes the way of a real one, into the room doctor.
#[derive(Debug, Clone, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    which: Which,
    /// Do not send test events.
    #[arg(long)]
    no_test: bool,
    #[command(flatten)]
    target: Target,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let folders = self.which.folders()?;
        // Its settings are looked at wherever it goes.
        let telemetry = Some(server::TELEMETRY.to_owned());
        let said = Said { url: Some(self.target.url.clone()), telemetry, ..Said::default() };
        let wish = said.wish(&folders)?;
        let server = Server::look(&self.target).await;
        let mut problems = tell(&server.report())?;
        let mut prober =
            if self.no_test || server.is_away() { None } else { Some(Prober::open(&self.target).await) };
        let agents = match self.which.agents(&folders) {
            Ok(agents) => agents,
            // Asked without a name it is about all of them.
            Err(_) if self.which.agents.is_empty() => Agent::ALL.to_vec(),
            Err(error) => return Err(error),
        };
        let store = which_agents::store(&folders);
        let is_asked = |agent: &Agent| {
            let mut places = agents::places(*agent, &folders, &wish).into_iter();
            self.which.agents.contains(agent)
                || places.any(|place| matches!(store.read(&place.file), Ok(Some(_))))
        };
        for agent in agents {
            if !is_asked(&agent) && !is_found(agent, &folders) {
                print(&format!("\n{}\n  not found on this machine", agent.name()))?;
                continue;
            }
            let patient = Patient { agent, folders: &folders, wish: &wish, server: &server };
            problems += tell(&patient.examine(prober.as_mut()).await)?;
        }
        if problems > 0 {
            bail!("{}", counted(problems, "problem"));
        }
        Ok(())
    }
}

/// Prints what was found; says how many problems there were.
fn tell(report: &Report) -> anyhow::Result<u64> {
    print(&screen::lines(&report.lines.join("\n")))?;
    Ok(report.problems)
}

/// What was found, as lines.
#[derive(Debug, Default)]
pub(super) struct Report {
    lines: Vec<String>,
    problems: u64,
}

impl Report {
    fn head(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn say(&mut self, what: &str, found: impl AsRef<str>) {
        self.lines.push(format!("  {what:<11}{}", found.as_ref()));
    }

    /// Something that does not work, and what to do.
    fn problem(&mut self, what: &str, found: impl AsRef<str>, remedy: impl AsRef<str>) {
        self.problems += 1;
        self.lines.push(format!("! {what:<11}{}", found.as_ref()));
        self.advise(remedy);
    }

    fn advise(&mut self, remedy: impl AsRef<str>) {
        self.lines.push(format!("  {:<11}→ {}", "", remedy.as_ref()));
    }
}

/// One agent.
struct Patient<'a> {
    agent: Agent,
    folders: &'a Folders,
    wish: &'a Wish,
    server: &'a Server,
}

impl Patient<'_> {
    async fn examine(&self, prober: Option<&mut Prober>) -> Report {
        let (mut report, name) = (Report::default(), self.agent.name());
        report.head(format!("\n{name}"));
        match executable(self.agent) {
            Some(program) => {
                report.say("program", format!("{} ({})", version(&program).await, program.display()));
            }
            None => report.say("program", "not on the PATH; its folder is there, or it was asked for"),
        }
        let places = agents::places(self.agent, self.folders, self.wish);
        let mut hooked = Vec::new();
        for place in &places {
            let state =
                files::read(&place.file).and_then(|now| Ok(state::look(&place.content, now.as_deref())?));
            match state {
                Ok(state) => {
                    self.hooks(&mut report, place, &state);
                    self.telemetry(&mut report, place, &state);
                    hooked.extend(state.hooked);
                }
                Err(error) => report.problem(
                    "file",
                    format!("{}: {}", place.file.display(), super::print::reasons(&error)),
                    "its agent would not take it either: mend it, then try again",
                ),
            }
        }
        self.answers(&mut report, &hooked);
        if self.agent == Agent::Codex && !hooked.is_empty() {
            self.trust(&mut report, &places[0], &hooked);
        }
        report.say("last event", self.server.last_event(name));
        self.room(&mut report, &hooked);
        let speaks_here = self.address(&mut report, &hooked);
        // What goes elsewhere does not arrive here.
        if let Some(prober) = prober.filter(|_| speaks_here && !hooked.is_empty()) {
            prober.probe(&mut report, self.agent, &hooked, self.wish).await;
        }
        report
    }

    /// Whether hooks speak to the server that was asked.
    fn address(&self, report: &mut Report, hooked: &[Hooked]) -> bool {
        let here = &self.server.url;
        let said = Said { url: std::env::var("ARCANE_URL").ok(), ..Said::default() };
        let otherwise = said.server().unwrap_or_else(|_| which_agents::HERE.to_owned());
        let elsewhere = hooked.iter().find_map(|one| {
            let url = one.url.as_deref().unwrap_or(&otherwise);
            (place_of(url) != place_of(here)).then(|| (one.url.is_some(), url.to_owned()))
        });
        let Some((is_written, url)) = elsewhere else { return true };
        let remedy = if is_written {
            let answer = if is_answered(hooked) { " --answer" } else { "" };
            format!("arcane attach {}{answer} --url {here}; or arcane doctor --url {url}", self.agent.name())
        } else {
            format!("arcane connect {here}; or arcane doctor --url {url}")
        };
        report.problem("server", format!("its hooks speak to {url}, not to {here}"), remedy);
        false
    }

    /// Whether what the agent asks is answered from elsewhere.
    fn answers(&self, report: &mut Report, hooked: &[Hooked]) {
        if hooked.is_empty() || !agents::can_be_answered(self.agent) {
            return;
        }
        let held: Vec<&str> = hooked.iter().filter(|one| holds(one)).map(|one| &*one.event).collect();
        if held.is_empty() {
            report.say("answers", "where it runs");
            report.advise(format!(
                "{} --answer lets a page that is open answer, too",
                attach(self.agent, hooked)
            ));
        } else {
            report.say("answers", format!("from a page that is open, too ({})", held.join(", ")));
        }
    }

    /// Whether hooks name rooms that can be.
    fn room(&self, report: &mut Report, hooked: &[Hooked]) {
        let wrong = hooked.iter().find_map(|one| {
            let room = one.room.as_deref()?;
            RoomName::parse(room).err().map(|error| (one, room, error))
        });
        let Some((one, room, error)) = wrong else { return };
        let url = one.url.iter().map(|url| format!(" --url {url}")).collect::<String>();
        report.problem(
            "room",
            format!("its hooks name the room {room:?}: {error}"),
            format!("arcane attach {} --room NAME{url}", self.agent.name()),
        );
    }

    fn hooks(&self, report: &mut Report, place: &Place, state: &State) {
        if state.wanted == 0 {
            return;
        }
        // A user may have written others by hand, besides.
        let events: BTreeSet<&str> = state.hooked.iter().map(|hooked| &*hooked.event).collect();
        let (there, file, name) = (events.len(), place.file.display(), self.agent.name());
        let what = if place.what == "plugin" { "plugin" } else { "hooks" };
        if there == 0 {
            report.say(what, format!("none in {file}"));
            report.advise(format!("arcane attach {name}"));
        } else if there < state.wanted {
            report.problem(
                what,
                format!("{there} of {} in {file}", state.wanted),
                attach(self.agent, &state.hooked),
            );
        } else {
            report.say(what, format!("{there} of {} in {file}", state.wanted));
        }
        if let Some(switch) = state.switched_off {
            report.problem(
                what,
                format!("{switch} in the same file turns all of them off"),
                format!("take {switch} out of it"),
            );
        }
    }

    fn telemetry(&self, report: &mut Report, place: &Place, state: &State) {
        let (has_setting, name) = (place.what.contains("telemetry"), self.agent.name());
        let again = attach(self.agent, &state.hooked);
        match &state.telemetry {
            Some(endpoint) => {
                let taken =
                    self.server.telemetry.iter().find(|(one, _)| one == endpoint).map(|(_, taken)| taken);
                match taken {
                    Some(Ok(())) => report.say("telemetry", format!("to {endpoint}: the server takes it")),
                    Some(Err(why)) if state.hooked.is_empty() && state.wanted > 0 => {
                        report.say("telemetry", format!("to {endpoint}: {why}"));
                    }
                    Some(Err(why)) if why == server::WANTS_A_TOKEN => report.problem(
                        "telemetry",
                        format!("to {endpoint}: {why}"),
                        format!(
                            "export OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN where {name} is started, with a token that may \
                             publish; or {again} --telemetry off"
                        ),
                    ),
                    Some(Err(why)) => {
                        let elsewhere = self.server.telemetry.iter().find(|(_, taken)| taken.is_ok());
                        let there = match elsewhere {
                            Some((there, _)) => {
                                format!("{again} --telemetry {there}, which takes it")
                            }
                            None => "arcane serve takes it at --otlp-listen".to_owned(),
                        };
                        let remedy = format!("{there}; or {again} --telemetry off");
                        report.problem("telemetry", format!("to {endpoint}: {why}"), &remedy);
                    }
                    None => report.say("telemetry", format!("to {endpoint}, which is not this server's")),
                }
            }
            None if has_setting => report.say("telemetry", "off: no tokens, no cost"),
            None if matches!(self.agent, Agent::Copilot | Agent::Opencode) => {
                report.say(
                    "telemetry",
                    "has no setting: OTEL_EXPORTER_OTLP_ENDPOINT in its environment switches it on",
                );
            }
            None => {}
        }
    }

    fn trust(&self, report: &mut Report, hooks: &Place, hooked: &[Hooked]) {
        let settings = agents::folder(Agent::Codex, self.folders).join("config.toml");
        let settings = files::read(&settings).ok().flatten().unwrap_or_default();
        let file = hooks.file.display().to_string();
        match state::trusted(&settings, &file, hooked) {
            n if n == hooked.len() => report.say("trust", "all of them"),
            n => report.problem(
                "trust",
                format!("{n} of {}: Codex skips the others in silence", hooked.len()),
                "start codex, and trust the hooks that it asks about",
            ),
        }
    }
}

/// Whether a hook may wait for an answer from elsewhere.
fn holds(hooked: &Hooked) -> bool {
    command::option(&hooked.line, "--hold").is_some() || hooked.answers
}

/// `arcane attach` with all that an agent's hooks say now, so that none of it is lost by following an advice.
fn attach(agent: Agent, hooked: &[Hooked]) -> String {
    let answer = if is_answered(hooked) { " --answer" } else { "" };
    let option =
        |name: &str, value: Option<&str>| value.map(|value| format!(" {name} {value}")).unwrap_or_default();
    let url = option("--url", hooked.iter().find_map(|one| one.url.as_deref()));
    let room = option("--room", hooked.iter().find_map(|one| one.room.as_deref()));
    format!("arcane attach {}{answer}{url}{room}", agent.name())
}

fn is_answered(hooked: &[Hooked]) -> bool {
    hooked.iter().any(holds)
}

/// An address as it is compared: this machine has two names.
fn place_of(url: &str) -> String {
    url.trim_end_matches('/').to_ascii_lowercase().replacen("://localhost", "://127.0.0.1", 1)
}

/// What a program says of its version, in a line.
async fn version(program: &std::path::Path) -> String {
    let mut command = tokio::process::Command::new(program);
    command.arg("--version").stdin(std::process::Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(VERSION_WAIT, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            let text =
                String::from_utf8_lossy(&output.stdout).trim().lines().next().unwrap_or_default().to_owned();
            if text.is_empty() { "no version told".into() } else { text.chars().take(60).collect() }
        }
        _ => "no version told".into(),
    }
}
