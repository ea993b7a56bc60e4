//! A stream of JetStream by itself, without a node of ours: it is published to and read while its servers suffer faults. What the checker says of that is what can be
//! built on, and a loss that is planted shows that the checker looks.

mod publisher;
mod reader;
mod stream;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use crate::board::{Board, Times};
use crate::check::{Finding, check};
use crate::fault::{Fault, schedule};
use crate::history::Moment;
use crate::nats::Cluster;
use crate::nats::config::Sync;
use crate::nats::stream::Stream;
use crate::suffering::Patients;
use publisher::{Pace, Publisher};
use reader::Reader;
use stream::NAME;

/// How many servers there are.
const SERVERS: usize = 3;
/// How long readers may take until they have everything, once nothing fails any more.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);

/// What is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Kinds of faults.
    pub kinds: Vec<Fault>,
    /// How many.
    pub faults: usize,
    /// Decides their order.
    pub seed: u64,
    /// When servers write through.
    pub sync: Sync,
    /// Publishers, each of which waits for an answer before it sends again.
    pub publishers: usize,
    /// Events a second, of all publishers together; none: as many as are answered.
    pub rate: Option<u32>,
    /// How long it lasts at least.
    pub time: Duration,
    /// Whether an acknowledged event is deleted in the end, which the checker has to find.
    pub plants_loss: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Faults, and how long each kept publishers from being answered.
    pub faults: Vec<(Fault, Duration)>,
    /// Publications that were acknowledged.
    pub taken: usize,
    /// Publications of which nobody knows.
    pub unknown: usize,
    /// For how long it was published.
    pub took: Duration,
    /// How long it took.
    pub times: Times,
    /// Events that readers were given.
    pub read: usize,
    /// Of them those that had to be asked for, because they were not told.
    pub asked_for: usize,
    /// What must not be.
    pub findings: Vec<Finding>,
}

/// Starts three servers, publishes and reads while they suffer, and checks what came of it.
///
/// # Errors
/// If the servers cannot be started, or do not come back.
pub async fn run(program: &Path, options: &Options) -> Result<Report> {
    let mut cluster =
        Cluster::start(program, SERVERS, options.sync, crate::fault::between(&options.kinds)).await?;
    let stream = Stream::create(&cluster, !options.plants_loss).await?;
    let board = Board::new();
    let notes = board.notes.clone();
    let (stop, stops) = watch::channel(false);
    let (acked, acks) = watch::channel(Moment::ZERO);
    let (end, ends) = watch::channel(None);
    let mut reading = Vec::new();
    for n in 0..SERVERS {
        let reader = Reader::connect(n, &cluster, board.clone()).await?;
        notes.write(|history| history.followers.push((reader.name(), NAME.into())));
        reading.push(tokio::spawn(reader.follow(ends.clone())));
    }
    let mut publishing = Vec::new();
    for n in 0..options.publishers {
        let pace = options.rate.map(|rate| Pace::of(n, options.publishers, rate));
        let publisher = Publisher::connect(n, &cluster, board.clone(), pace).await?;
        publishing.push(tokio::spawn(publisher.publish(acked.clone(), stops.clone())));
    }

    let mut faults = Vec::new();
    let mut patients = Patients { cluster: &mut cluster, stream: &stream, nodes: &mut [] };
    for planned in schedule(&options.kinds, options.seed).take(options.faults) {
        faults.push((planned.fault, patients.suffer(planned, &notes, acks.clone()).await?));
    }
    tokio::time::sleep(options.time.saturating_sub(notes.now())).await;
    stop.send_replace(true);
    let took = notes.now();
    for publishing in publishing {
        publishing.await.context("a publisher")??;
    }
    let head = stream.head().await?;
    end.send_replace(Some(head));
    let mut asked_for = 0;
    for reading in reading {
        let reading = tokio::time::timeout(CATCH_UP_MAX, reading).await;
        asked_for += reading.context("a reader did not come to the end")?.context("a reader")??;
    }
    if options.plants_loss {
        stream.delete(head / 2).await?;
    }
    for n in 0..SERVERS {
        let kept = stream.read_whole(&cluster, n, head).await?;
        notes.write(|history| {
            history.nodes.push(cluster.servers()[n].name().into());
            history.kept.extend(kept);
        });
    }
    Ok(report(&board, faults, took, asked_for))
}

fn report(board: &Board, faults: Vec<(Fault, Duration)>, took: Duration, asked_for: usize) -> Report {
    use crate::history::Outcome;
    let history = board.notes.history();
    let count = |is: fn(&Outcome) -> bool| history.published.iter().filter(|of| is(&of.outcome)).count();
    Report {
        faults,
        taken: count(|outcome| matches!(outcome, Outcome::Taken { .. })),
        unknown: count(|outcome| *outcome == Outcome::Unknown),
        read: history.reads.len(),
        asked_for,
        findings: check(&history),
        took,
        times: board.times(&history),
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (fault, outage) in &self.faults {
            writeln!(f, "{:<10} no answers for {:.2} s", fault.as_str(), outage.as_secs_f64())?;
        }
        let Self { taken, unknown, read, asked_for, findings, .. } = self;
        writeln!(
            f,
            "acknowledged {taken}, unknown {unknown}, given to readers {read}, of them asked for {asked_for}"
        )?;
        let rate = *taken as u128 * 1000 / self.took.as_millis().max(1);
        writeln!(f, "{rate} acknowledged a second\n{}", self.times)?;
        for finding in findings {
            writeln!(f, "{finding}")?;
        }
        write!(f, "{} findings", findings.len())
    }
}
