//! Nodes of ours on servers of NATS: they are published to and read by ordinary clients while they and their servers suffer faults, and the checker says what of that must not be.

mod answer;
mod caster;
mod client;
mod consumer;
mod node;
mod publisher;
mod reader;
mod realm;
mod report;
mod same_key;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::board::Board;
use crate::fault::{Fault, schedule};
use crate::history::{Moment, Read, digest};
use crate::nats::config::Sync;
use crate::nats::stream::Stream;
use crate::suffering::Patients;
use client::{Client, Event};
pub use node::Node;
use publisher::{Load, Publisher};
use reader::Reader;
pub use realm::Realm;
pub use report::{Report, Spells, Suffered};

/// What names the program of nodes.
pub const PROGRAM: &str = "ARCANE_BINARY";
/// How many nodes there are.
pub const NODES: usize = 3;
/// How long readers and nodes may take until they have everything, once nothing fails any more.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether they have.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// The room that is published to.
const ROOM: &str = "main";
/// Its stream.
const STREAM: &str = "arcane-room-main";

/// What is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Kinds of faults.
    pub kinds: Vec<Fault>,
    /// How many; none: faults follow each other until [`Options::time`] is over.
    pub faults: Option<usize>,
    /// How long it lasts at least.
    pub time: Duration,
    /// How many events are published at least.
    pub events: u64,
    /// Decides what happens in which order.
    pub seed: u64,
    /// When servers write through.
    pub sync: Sync,
    /// Events a second, of all publishers together.
    pub rate: u32,
    /// Publishers of each node.
    pub publishers: usize,
    /// Readers of each node.
    pub readers: usize,
    /// Whether readers of a durable consumer take over from each other meanwhile.
    pub consumes: bool,
    /// Casters of each node, which cast spells on three daemons, one after the other without a pause.
    pub casters: usize,
    /// Of 100 publications so many are arrays.
    pub arrays: u32,
    /// Of 100 live messages to nodes so many are lost.
    pub drop_percent: f64,
    /// Whether one key is sent to all nodes at once meanwhile.
    pub races: bool,
    /// Whether the nodes' files stay.
    pub keeps: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kinds: vec![Fault::Kill, Fault::NodeKill, Fault::NodeStop],
            faults: Some(3),
            time: Duration::from_secs(30),
            events: 0,
            seed: 0,
            sync: Sync::Default,
            rate: 500,
            publishers: 2,
            readers: 1,
            consumes: true,
            casters: 1,
            arrays: 2,
            drop_percent: 0.0,
            races: true,
            keeps: false,
        }
    }
}

/// The name of node `n`, from 0 on.
fn name(n: usize) -> String {
    format!("node{}", n + 1)
}

/// The program of nodes: what [`PROGRAM`] names.
#[must_use]
pub fn program() -> Option<PathBuf> {
    std::env::var_os(PROGRAM).map(PathBuf::from)
}

/// Starts servers and nodes, publishes and reads while they suffer, and checks what came of it. `say` is told of each fault when it is over.
///
/// # Errors
/// If something cannot be started, or does not come back.
pub async fn run(nats: &Path, program: &Path, options: &Options, say: impl Fn(&str)) -> Result<Report> {
    let (sync, between) = (options.sync, crate::fault::between(&options.kinds));
    let mut realm = Realm::start(nats, program, sync, between, options.drop_percent, options.seed).await?;
    if options.keeps {
        realm.keep();
    }
    let mut report = play(&mut realm, options, say).await?;
    report.failed_starts = realm.nodes.iter().map(Node::failed_starts).sum();
    report.lost = realm.lost();
    report.folder = options.keeps.then(|| realm.folder().to_owned());
    Ok(report)
}

async fn play(realm: &mut Realm, options: &Options, say: impl Fn(&str)) -> Result<Report> {
    let (client, board) = (Client::new(realm.addresses())?, Board::new());
    let stream = Stream::of(STREAM, &realm.cluster, 0).await?;
    let (end, ends) = watch::channel(None);
    let reading = read(options, &client, &board, &ends).await?;
    let (stop, stops) = watch::channel(false);
    let (acked, acks) = watch::channel(Moment::ZERO);
    let publishing = publish(options, &client, &board, &acked, &stops);
    let consuming = options.consumes.then(|| consumer::start(&client, &board, &stops));
    let casting = caster::start(options, &client, &board, &stops);
    let race = (client.clone(), board.clone(), acked.clone(), stops.clone());
    let racing =
        options.races.then(|| tokio::spawn(same_key::race(race.0, race.1, ROOM.into(), race.2, race.3)));

    let mut patients = Patients { cluster: &mut realm.cluster, stream: &stream, nodes: &mut realm.nodes };
    let (faults, is_whole) = suffer(&mut patients, options, &board, &acks, say).await;
    while is_whole && (board.notes.now() < options.time || board.taken() < options.events) {
        tokio::time::sleep(ASK_EVERY).await;
    }
    stop.send_replace(true);
    let published_in = board.notes.now();
    for publishing in publishing {
        publishing.await.context("a publisher")?;
    }
    for task in casting.into_iter().chain(consuming) {
        task.await.context("a caster or consumer")?;
    }
    let races = match racing {
        Some(racing) => racing.await.context("the race of one key")?,
        None => 0,
    };
    let head = stream.head().await?;
    end.send_replace(Some(head));
    finish(reading).await?;
    for node in 0..client.nodes() {
        keep_whole(&client, &board, node, head).await?;
    }
    if options.casters > 0 {
        caster::keep_cards(&client, &board).await?;
    }
    let history = board.notes.history();
    Ok(Report::of(&history, faults, board.times(&history), races, published_in))
}

/// Lets faults follow each other. Gives them, and whether everything was whole again after each.
async fn suffer(
    patients: &mut Patients<'_>,
    options: &Options,
    board: &Board,
    acks: &watch::Receiver<Moment>,
    say: impl Fn(&str),
) -> (Vec<Suffered>, bool) {
    let mut faults = Vec::new();
    let count = options.faults.unwrap_or(usize::MAX);
    for planned in schedule(&options.kinds, options.seed).take(count) {
        if options.faults.is_none() && board.notes.now() >= options.time {
            break;
        }
        let began = board.notes.now();
        let outage = match patients.suffer(planned, &board.notes, acks.clone()).await {
            Ok(outage) => outage,
            // What happened until then is worth checking all the same.
            Err(error) => {
                let line = format!("after {} nothing is whole again: {error:#}", planned.fault.as_str());
                board.notes.write(|history| history.unexpected.push(line));
                return (faults, false);
            }
        };
        let healed = board.notes.now();
        let suffered = Suffered { planned, began, healed, outage, longest: Duration::ZERO }
            .with_longest(&board.notes.history().published);
        say(&suffered.to_string());
        faults.push(suffered);
    }
    (faults, true)
}

async fn read(
    options: &Options,
    client: &Client,
    board: &Board,
    ends: &watch::Receiver<Option<u64>>,
) -> Result<Vec<JoinHandle<()>>> {
    let mut reading = Vec::new();
    for n in 0..options.readers * client.nodes() {
        let (name, addresses) = (format!("r{n}").into(), client.addresses.clone());
        let reader = Reader::connect(name, ROOM.into(), n % client.nodes(), addresses, board.clone()).await?;
        board.notes.write(|history| history.followers.push((reader.name(), ROOM.into())));
        reading.push(tokio::spawn(reader.follow(ends.clone())));
    }
    Ok(reading)
}

fn publish(
    options: &Options,
    client: &Client,
    board: &Board,
    acked: &watch::Sender<Moment>,
    stops: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let count = options.publishers * client.nodes();
    let each = Duration::from_secs(count as u64) / options.rate.max(1);
    let load = Load { each, arrays: options.arrays };
    let publishers = (0..count).map(|n| {
        let (room, client, board) = (ROOM.into(), client.clone(), board.clone());
        let first = Duration::from_secs(n as u64) / options.rate.max(1);
        let publisher = Publisher { first, n, room, client, board, load, acked: acked.clone() };
        tokio::spawn(publisher.publish(options.seed.wrapping_add(n as u64), stops.clone()))
    });
    publishers.collect()
}

/// Waits until all readers have everything; what one of them does not have by then, the checker finds.
async fn finish(reading: Vec<JoinHandle<()>>) -> Result<()> {
    let until = Instant::now() + CATCH_UP_MAX;
    for mut reading in reading {
        match tokio::time::timeout_at(until.into(), &mut reading).await {
            Ok(read) => read.context("a reader")?,
            Err(_) => reading.abort(),
        }
    }
    Ok(())
}

/// Reads the room whole from a node, as soon as the node has the last event.
async fn keep_whole(client: &Client, board: &Board, node: usize, head: u64) -> Result<()> {
    let until = Instant::now() + CATCH_UP_MAX;
    let whole = loop {
        match client.whole(node, ROOM).await {
            Ok(whole) if whole.events.len() as u64 >= head || Instant::now() > until => break whole,
            Err(error) if Instant::now() > until => return Err(error.context(name(node))),
            _ => tokio::time::sleep(ASK_EVERY).await,
        }
    };
    let (reader, room): (Arc<str>, Arc<str>) = (name(node).into(), ROOM.into());
    let mut kept = Vec::with_capacity(whole.events.len());
    for json in &whole.events {
        let event =
            Event::read(json.get()).with_context(|| format!("an event that is none: {}", json.get()))?;
        // What daemons say comes after their spells, and after the last of them nothing waits for it.
        if event.seq > head {
            break;
        }
        kept.push(Read {
            reader: reader.clone(),
            room: room.clone(),
            epoch: whole.epoch.clone(),
            seq: event.seq,
            content: board.words(&event.words()),
            digest: digest(json.get().as_bytes()),
            source: event.source(),
        });
    }
    board.notes.write(|history| {
        history.nodes.push(reader);
        history.kept.extend(kept);
    });
    Ok(())
}
