//! A cluster that is measured: the rig starts it, and ends it when its input does, however this process ends.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::server::last_words;
use crate::load::metric::{Figures, Metric};
use crate::load::options::{Options, Pace};

/// How long a cluster may take to end, before its rig is killed: a thousand streams are some ten thousand files to remove.
const ENDING_MAX: Duration = Duration::from_secs(90);
/// Between two looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How many nodes there are.
const NODES: usize = 3;

/// A node that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) port: u16,
    pub(crate) pid: u32,
}

/// Three servers of NATS and three nodes, which run until this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    rig: Child,
    /// What the rig says. It is kept open: the rig ends where it cannot say anything.
    said: BufReader<ChildStdout>,
    pub(crate) nodes: Vec<Node>,
}

impl Cluster {
    /// Starts it with a command for the rig, and waits until its nodes take events.
    pub(crate) fn start(mut rig: Command, is_synced: bool, log: &Path) -> Result<Self> {
        rig.args(["up", "--until-closed"]).args(is_synced.then_some("--synced"));
        rig.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(log).context("making a log")?);
        let mut rig = rig.spawn().context("starting the rig")?;
        let output = BufReader::new(rig.stdout.take().context("the rig's output")?);
        let mut cluster = Self { rig, said: output, nodes: Vec::new() };
        let (mut line, mut last) = (String::new(), String::new());
        while cluster.said.read_line(&mut line).context("reading what the rig says")? > 0 {
            cluster.nodes.extend(node(&line));
            if cluster.nodes.len() == NODES {
                return Ok(cluster);
            }
            last = std::mem::take(&mut line);
        }
        bail!("the rig started no cluster: {} {}", last.trim(), last_words(log))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.rig.stdin.take());
        let began = Instant::now();
        while began.elapsed() < ENDING_MAX {
            if !matches!(self.rig.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let _ = self.rig.kill();
        let _ = self.rig.wait();
    }
}

/// Reads where a node is: `node1 http://127.0.0.1:4000 process 7, log …`.
fn node(line: &str) -> Option<Node> {
    let (_, rest) = line.strip_prefix("node")?.split_once(" http://127.0.0.1:")?;
    let (port, rest) = rest.split_once(" process ")?;
    let (pid, _) = rest.split_once(',')?;
    Some(Node { port: port.parse().ok()?, pid: pid.parse().ok()? })
}

/// Publishes to a stream without nodes, with a command for the rig.
pub(crate) fn jetstream(mut rig: Command, options: &Options) -> Result<Figures> {
    let secs = options.time.as_secs().max(1).to_string();
    rig.args(["--raw", "--faults", "none", "--seconds", &secs]);
    rig.args(["--publishers", &options.publishers.to_string()]);
    if let Pace::Rate(rate) = options.pace {
        rig.args(["--rate", &format!("{rate:.0}")]);
    }
    let output = rig.stdin(Stdio::null()).output().context("starting the rig")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the rig ended with {}: {}", output.status, said.trim());
    figures(&said, options).context("reading the report of the rig")
}

/// Reads the report of a run without nodes.
fn figures(said: &str, options: &Options) -> Option<Figures> {
    let rate = said.lines().find_map(|line| line.strip_suffix(" acknowledged a second"))?;
    let mut figures = Figures::from([(Metric::EventsPerS, rate.parse().ok()?)]);
    if options.clients > 0 {
        let delays = said.lines().find_map(|line| line.strip_prefix("sent until read elsewhere: "))?;
        for (name, metric) in [("p50 ", Metric::P50Ms), ("p99 ", Metric::P99Ms)] {
            let of = delays.split(", ").find_map(|part| part.strip_prefix(name)?.strip_suffix(" ms"))?;
            figures.insert(metric, of.parse().ok()?);
        }
    }
    Some(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::peer::Peer;

    #[test]
    fn nodes_are_found_in_what_the_rig_says() {
        let line = "node2 http://127.0.0.1:4000 process 7, log /folder/node2/log";
        assert_eq!(node(line), Some(Node { port: 4000, pid: 7 }));
        assert_eq!(node("n1 nats://127.0.0.1:4222 process 7"), None);
        assert_eq!(node("Ctrl-C ends them, and removes what they have kept."), None);
    }

    #[test]
    fn a_report_of_the_rig_is_read() {
        let said = "seed 7\nacknowledged 70, unknown 0, given to readers 210, of them asked for 0\n\
                    2670 acknowledged a second\n\
                    sent until acknowledged: p50 0.33 ms, p99 1.40 ms, most 3 ms (70 times)\n\
                    sent until read elsewhere: p50 0.78 ms, p99 2.60 ms, most 9 ms (140 times)\n0 findings\n";
        let options = Options::new(Peer::Jetstream);
        let all = [(Metric::EventsPerS, 2670.0), (Metric::P50Ms, 0.78), (Metric::P99Ms, 2.6)];
        assert_eq!(figures(said, &options), Some(Figures::from(all)));
        assert_eq!(figures("error: no", &options), None);
    }
}
