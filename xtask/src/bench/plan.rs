//! What `cargo xtask bench` is told.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

use super::clustered;
use super::scenario::{self, Scenario};
use crate::load::peer::Peer;

const ROUNDS_MAX: u32 = 100;
const SECS_MAX: f64 = 20.0;
/// Rounds of a cluster, and how long a run of it takes, unless said.
const CLUSTER_ROUNDS: u32 = 1;
const CLUSTER_TIME: Duration = Duration::from_secs(5);

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) time: Duration,
    /// None: all.
    only: Option<Vec<String>>,
    pub(crate) peers: Vec<Peer>,
    /// Whether a cluster is measured, and not one server.
    pub(crate) of_a_cluster: bool,
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
            peers: Vec::new(),
            of_a_cluster: false,
            write: false,
            line: "cargo xtask bench".to_owned(),
        };
        let (mut quick, mut write, mut is_timed) = (false, false, (false, false));
        let (mut only, mut named) = (None, None);
        while let Some(arg) = args.next()? {
            match arg {
                Long("rounds") => (plan.rounds, is_timed.0) = (args.value()?.parse()?, true),
                Long("secs") => (plan.time, is_timed.1) = (seconds(args.value()?.parse()?)?, true),
                Long("only") => only = Some(args.value()?.string()?),
                Long("peers") => named = Some(args.value()?.string()?),
                Long("cluster") => plan.of_a_cluster = true,
                Long("quick") => quick = true,
                Long("write") => write = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        // Rounds of a cluster are long: its rooms are made anew in each.
        if plan.of_a_cluster {
            plan.line.push_str(" --cluster");
            plan.rounds = if is_timed.0 { plan.rounds } else { CLUSTER_ROUNDS };
            plan.time = if is_timed.1 { plan.time } else { CLUSTER_TIME };
        }
        let all: &[Peer] = if plan.of_a_cluster { &Peer::OF_A_CLUSTER } else { &Peer::OF_ONE_SERVER };
        plan.only = only.map(|only| scenarios(&only, &plan.scenarios())).transpose()?;
        plan.peers = named.map_or_else(|| Ok(all.to_vec()), |named| peers(&named, all))?;
        if quick {
            (plan.rounds, plan.time) = (1, Duration::from_secs(1));
        }
        if !(1..=ROUNDS_MAX).contains(&plan.rounds) {
            bail!("--rounds takes 1 to {ROUNDS_MAX}, not {}", plan.rounds);
        }
        let whole = !quick && plan.only.is_none() && plan.peers == all;
        plan.write = whole || write;
        plan.line.push_str(&format!(" --rounds {} --secs {}", plan.rounds, plan.time.as_secs_f64()));
        if let Some(only) = &plan.only {
            plan.line.push_str(&format!(" --only {}", only.join(",")));
        }
        if plan.peers != all {
            let names: Vec<&str> = plan.peers.iter().map(|peer| peer.name()).collect();
            plan.line.push_str(&format!(" --peers {}", names.join(",")));
        }
        Ok(Some(plan))
    }

    /// What may be measured.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        if self.of_a_cluster { clustered::all() } else { scenario::all() }
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

fn scenarios(list: &str, all: &[Scenario]) -> Result<Vec<String>> {
    let known: Vec<&str> = all.iter().map(|scenario| scenario.name).collect();
    let named: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    match named.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => bail!("there is no scenario {unknown:?}: {}", known.join(", ")),
        None => Ok(named),
    }
}

fn peers(list: &str, all: &[Peer]) -> Result<Vec<Peer>> {
    let named: Vec<Peer> = list.split(',').map(|name| Peer::parse(name.trim())).collect::<Result<_>>()?;
    if let Some(other) = named.iter().find(|peer| !all.contains(peer)) {
        let all: Vec<&str> = all.iter().map(|peer| peer.name()).collect();
        bail!(
            "{} is not measured here, but {}: --cluster has peers of its own",
            other.name(),
            all.join(", ")
        );
    }
    Ok(all.iter().copied().filter(|peer| named.contains(peer)).collect())
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
            ("--cluster", true),
            ("--cluster --peers arcane,cluster", false),
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
    fn a_cluster_has_scenarios_and_peers_of_its_own() {
        let plan = read("--cluster --only cluster-ingest --peers synced,arcane").unwrap().unwrap();
        let line =
            "cargo xtask bench --cluster --rounds 1 --secs 5 --only cluster-ingest --peers arcane,synced";
        assert_eq!(plan.line, line);
        assert!(plan.scenarios().iter().all(|scenario| scenario.name.starts_with("cluster-")));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in [
            "--cluster --only ingest",
            "--peers cluster",
            "--cluster --peers bun",
            "--only fanout",
            "--peers kafka",
            "--rounds 0",
            "--rounds 101",
            "--secs 0",
            "--loud",
            "now",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        assert_eq!(read("-h").unwrap(), None);
    }
}
