//! What `cargo xtask bench` is told.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

use super::scenario;
use crate::load::peer::Peer;

const ROUNDS_MAX: u32 = 100;
const SECS_MAX: f64 = 20.0;

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) time: Duration,
    /// None: all.
    only: Option<Vec<String>>,
    pub(crate) peers: Vec<Peer>,
    /// Whether the page is written.
    pub(crate) write: bool,
    /// What one types to repeat it.
    pub(crate) line: String,
}

impl Plan {
    /// Reads the flags; nothing if somebody asked for help.
    pub(crate) fn read(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let mut plan = Self {
            rounds: 5,
            time: Duration::from_secs(5),
            only: None,
            peers: Peer::ALL.to_vec(),
            write: false,
            line: "cargo xtask bench".to_owned(),
        };
        let (mut quick, mut write) = (false, false);
        while let Some(arg) = args.next()? {
            match arg {
                Long("rounds") => plan.rounds = args.value()?.parse()?,
                Long("secs") => plan.time = seconds(args.value()?.parse()?)?,
                Long("only") => plan.only = Some(scenarios(&args.value()?.string()?)?),
                Long("peers") => plan.peers = peers(&args.value()?.string()?)?,
                Long("quick") => quick = true,
                Long("write") => write = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        if quick {
            (plan.rounds, plan.time) = (1, Duration::from_secs(1));
        }
        if !(1..=ROUNDS_MAX).contains(&plan.rounds) {
            bail!("--rounds takes 1 to {ROUNDS_MAX}, not {}", plan.rounds);
        }
        let whole = !quick && plan.only.is_none() && plan.peers == Peer::ALL;
        plan.write = whole || write;
        plan.line.push_str(&format!(" --rounds {} --secs {}", plan.rounds, plan.time.as_secs_f64()));
        if let Some(only) = &plan.only {
            plan.line.push_str(&format!(" --only {}", only.join(",")));
        }
        if plan.peers != Peer::ALL {
            let names: Vec<&str> = plan.peers.iter().map(|peer| peer.name()).collect();
            plan.line.push_str(&format!(" --peers {}", names.join(",")));
        }
        Ok(Some(plan))
    }

    /// Whether a scenario is wanted.
    pub(crate) fn wants(&self, scenario: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|name| name == scenario))
    }
}

fn seconds(secs: f64) -> Result<Duration> {
    if !(0.5..=SECS_MAX).contains(&secs) {
        bail!("--secs takes 0.5 to {SECS_MAX}, not {secs}");
    }
    Duration::try_from_secs_f64(secs).context("--secs takes seconds")
}

fn scenarios(list: &str) -> Result<Vec<String>> {
    let known: Vec<&str> = scenario::all().iter().map(|scenario| scenario.name).collect();
    let named: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    match named.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => bail!("there is no scenario {unknown:?}: {}", known.join(", ")),
        None => Ok(named),
    }
}

fn peers(list: &str) -> Result<Vec<Peer>> {
    let named: Vec<Peer> = list.split(',').map(|name| Peer::parse(name.trim())).collect::<Result<_>>()?;
    Ok(Peer::ALL.into_iter().filter(|peer| named.contains(peer)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Plan>> {
        Plan::read(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn only_a_whole_run_renews_the_page_by_itself() {
        let table = [
            ("", true),
            ("--rounds 3 --secs 2", true),
            ("--peers redis,raw,nats,bun,arcane,ephemeral", true),
            ("--quick", false),
            ("--only ingest", false),
            ("--peers arcane,bun", false),
            ("--quick --write", true),
        ];
        for (line, write) in table {
            assert_eq!(read(line).unwrap().unwrap().write, write, "{line}");
        }
    }

    #[test]
    fn scenarios_are_chosen_by_name() {
        let plan = read("--only ingest,idle-5000 --peers bun,arcane --quick").unwrap().unwrap();
        assert!(plan.wants("ingest") && plan.wants("idle-5000") && !plan.wants("fanout-200"));
        let line = "cargo xtask bench --rounds 1 --secs 1 --only ingest,idle-5000 --peers arcane,bun";
        assert_eq!(plan.line, line);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in
            ["--only fanout", "--peers kafka", "--rounds 0", "--rounds 101", "--secs 0", "--loud", "now"]
        {
            assert!(read(line).is_err(), "{line}");
        }
        assert_eq!(read("-h").unwrap(), None);
    }
}
