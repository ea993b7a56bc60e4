//! `arcane hook --agent NAME`: hands a payload to the server. An agent waits for this, so nothing is started that is not needed.
//!
//! It goes before everything else that the command line does: no runtime, no file of settings, no description of all
//! commands. TLS is there for an address that wants it.

mod payload;
mod post;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{anyhow, bail};
use arcane_shared::control::Bearer;
use clap::{Args, Parser};

use super::print::{reasons, remark};
use super::{Target, remembered};

/// The name of the command.
const NAME: &str = "hook";
/// After so long the agent goes on, whatever has become of the payload; with the start of the process and its end below 300 ms.
const LIMIT: Duration = Duration::from_millis(250);
/// How long an answer may take beyond the time that the server holds a hook for.
const BEYOND_HOLD: Duration = Duration::from_secs(5);
/// Where test events of `arcane doctor` go, whatever the line says that an agent runs.
const DOCTOR_VARIABLE: &str = "ARCANE_DOCTOR_ROOM";
/// Where a server is, if nobody said so.
const HERE: &str = "http://127.0.0.1:8000";

/// Hand a payload of an agent's hook from standard input to the server: for settings of agents.
///
/// It prints nothing, ends with 0 and gives up after 250 ms, whatever happens, so that no agent is disturbed. A person
/// who wants to know what becomes of a payload adds --verbose. With --hold it waits for an answer of a human, if one looks, and prints that.
#[derive(Debug, Clone, Args)]
pub(super) struct Hook {
    /// Whose hook it is: claude, codex, gemini, copilot, qwen, cursor, opencode, antigravity, or auto: as the payload says.
    #[arg(long, default_value = "auto")]
    agent: String,
    /// The hook's event, for agents whose payloads do not name it.
    #[arg(long)]
    event: Option<String>,
    /// Where the events go; otherwise the room main.
    #[arg(long, env = "ARCANE_ROOM")]
    room: Option<String>,
    /// The server's address; otherwise the one that `arcane connect` remembers, or http://127.0.0.1:8000.
    #[arg(long, env = "ARCANE_URL")]
    url: Option<String>,
    /// A token, for servers that want one; otherwise the one that is remembered for the same address.
    #[arg(long, env = "ARCANE_TOKEN", hide_env_values = true)]
    token: Option<Bearer>,
    /// An authority whose certificates are trusted besides the system's, a file of PEM.
    #[arg(long, env = "ARCANE_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// For how many seconds an answer may be waited for to what the agent asks, if somebody looks who may give one.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    hold: Option<u64>,
    /// Say on standard error what became of the payload, and end with 1 if the server did not take it.
    #[arg(long)]
    verbose: bool,
}

// The command line of this command alone: the whole one takes longer to describe than a payload to be sent. Its help is that of `Hook`.
#[derive(Debug, Parser)]
#[command(name = "arcane hook", bin_name = "arcane hook", disable_help_subcommand = true)]
struct Alone {
    #[command(flatten)]
    hook: Hook,
}

/// Runs this command, if the process was started for it.
pub(super) fn run_if_asked(raw: &[OsString]) -> Option<ExitCode> {
    (raw.get(1)? == NAME).then(|| match Alone::try_parse_from(&raw[1..]) {
        Ok(Alone { hook }) => hook.run(),
        // A person sees what is wrong. An agent does not: it would show it to its user, or stop for it.
        Err(error) if !error.use_stderr() || io::stdin().is_terminal() => error.exit(),
        Err(_) => ExitCode::SUCCESS,
    })
}

/// What became of a payload.
struct Delivered {
    /// In words.
    told: String,
    /// What a human decided, as the agent takes it: JSON.
    decision: Option<String>,
}

impl Hook {
    /// Hands the payload over, or gives up in time.
    pub(super) fn run(self) -> ExitCode {
        let (tell, told) = mpsc::sync_channel::<Option<anyhow::Result<Delivered>>>(2);
        let verbose = self.verbose;
        let end = Instant::now() + LIMIT;
        // Standard input that never ends, or a name that is never found, would hold up the one who waits.
        let patience = self.patience().unwrap_or_default();
        let working = std::thread::Builder::new().spawn(move || {
            // It is not received by a process that has ended.
            let delivered = self.deliver(end, &|| drop(tell.send(None)));
            let _ = tell.send(Some(delivered));
        });
        let late = |limit: Duration| anyhow!("no answer within {} ms", limit.as_millis());
        let delivered = working.map_err(anyhow::Error::from).and_then(|_| {
            match told.recv_timeout(LIMIT).map_err(|_| late(LIMIT))? {
                Some(delivered) => delivered,
                // It is with a server that answers: from here on a human is waited for.
                None => match told.recv_timeout(patience) {
                    Ok(Some(delivered)) => delivered,
                    _ => Err(late(patience)),
                },
            }
        });
        match delivered {
            Ok(Delivered { told, decision }) => {
                if verbose {
                    remark(&told);
                }
                if let Some(decision) = decision {
                    // An agent that no longer listens was answered elsewhere.
                    let _ = writeln!(io::stdout(), "{decision}");
                }
            }
            Err(error) if verbose => {
                remark(&format!("arcane hook: {}", reasons(&error)));
                return ExitCode::FAILURE;
            }
            _ => {}
        }
        ExitCode::SUCCESS
    }

    /// How long an answer is waited for.
    fn patience(&self) -> Option<Duration> {
        self.hold.map(|seconds| Duration::from_secs(seconds) + BEYOND_HOLD)
    }

    /// `waits` is called before an answer is waited for.
    fn deliver(mut self, end: Instant, waits: &dyn Fn()) -> anyhow::Result<Delivered> {
        let sent_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let payload::Payload { body, is_whole } = payload::read(&mut io::stdin().lock())?;
        // What is not shown whole is not to be answered.
        self.hold = self.hold.filter(|_| is_whole);
        let target = self.target()?;
        if self.hold.is_some() {
            post::is_there(&target, end)?;
            waits();
        }
        let route = self.route(sent_at);
        let post::Answer { status, reason, body: decision } =
            post::post(&target, &route, &body, end, self.patience())?;
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let told = match status {
            200 if decision.is_some() => Ok(format!("{} answered with a decision", target.url)),
            // The server answers 204 whatever comes, and drops what it cannot read.
            204 if self.verbose && serde_json::from_slice::<serde_json::Map<_, _>>(&body).is_err() => {
                bail!("standard input is no object of JSON: {} drops it", target.url)
            }
            204 => Ok(format!("{} took {} bytes", target.url, body.len())),
            401 | 403 => {
                bail!(
                    "{}: the token does not hold, or does not allow to publish ({status}){reason}",
                    target.url
                )
            }
            status if reason.is_empty() => {
                bail!("{} answered {status}, and not 204: is it an Arcane server?", target.url)
            }
            status => bail!("{} answered {status}{reason}", target.url),
        };
        told.map(|told| Delivered { told, decision })
    }

    /// The server, and what it is shown. A file that others can read is as if it were not there: its token is not used.
    fn target(&self) -> anyhow::Result<Target> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => remembered::read()?.map_or_else(|| HERE.to_owned(), |remembered| remembered.url),
        };
        Ok(Target { url, token: self.token.clone(), ca: self.ca.clone() })
    }

    fn route(&self, sent_at: Duration) -> String {
        let agent = if self.agent == "auto" { payload::agent_of_environment() } else { &*self.agent };
        let agent: String = form_urlencoded::byte_serialize(agent.as_bytes()).collect();
        let mut query = form_urlencoded::Serializer::new(format!("/hooks/{agent}?"));
        let sent_at = sent_at.as_micros();
        query.append_pair("sent_at", &format!("{}.{:03}", sent_at / 1000, sent_at % 1000));
        if let Some(event) = &self.event {
            query.append_pair("event", event);
        }
        if let Some(hold) = self.hold {
            query.append_pair("hold", &hold.to_string());
        }
        if let Some(room) = std::env::var(DOCTOR_VARIABLE).ok().or_else(|| self.room.clone()) {
            query.append_pair("room", &room);
        }
        if let Some(host) = payload::host() {
            query.append_pair("host", &host);
        }
        if payload::is_unattended() {
            query.append_pair("attended", "false");
        }
        query.finish()
    }
}
