//! `cargo xtask bench-log`: how fast events are kept, beside Redis streams and NATS JetStream in the same run.

mod protocol;
mod server;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::bench::load;
use crate::host;
use crate::process;
use crate::project::{Build, Project};
use protocol::Lane;
use server::Server;

/// Of each store in each round.
const TIME: Duration = Duration::from_secs(3);
/// Before that, to let buffers, files and caches come to be.
const WARM_UP: Duration = Duration::from_millis(500);
/// Rounds where nobody says.
const ROUNDS: usize = 3;

/// A store; `true`: it answers once the event is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Arcane(bool),
    Redis(bool),
    Nats(bool),
}

impl Store {
    const ALL: [Self; 6] = [
        Self::Arcane(false),
        Self::Redis(false),
        Self::Nats(false),
        Self::Arcane(true),
        Self::Redis(true),
        Self::Nats(true),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Arcane(false) => "arcane, logged",
            Self::Arcane(true) => "arcane, synced",
            Self::Redis(false) => "redis, everysec",
            Self::Redis(true) => "redis, always",
            Self::Nats(false) => "nats, file",
            Self::Nats(true) => "nats, file, always",
        }
    }

    fn is_nats(self) -> bool {
        matches!(self, Self::Nats(_))
    }
}

/// A kind of work: connections, and events of a request.
const WORK: [(&str, usize, usize); 2] = [("8 × batches of 100", 8, 100), ("64 × one at a time", 64, 1)];

/// Measures. `rounds`: how often each has its turn.
pub(crate) fn perform(project: &Project, rounds: usize) -> Result<()> {
    let cores = host::two_cores();
    if cfg!(debug_assertions) {
        // The load has to be the faster side: the same again, optimised and on the other core.
        let mut again = project.command(load(project)?);
        again.arg("pinned");
        if let Some([_, core]) = cores {
            again.args(["--core", &core.to_string()]);
        }
        again.arg("--").arg(load(project)?).args(["bench-log", "--rounds", &rounds.to_string()]);
        return process::run(&mut again, "what it says above helps");
    }
    let arcane = project.server(Build::Release);
    if !arcane.is_file() {
        bail!("{} is missing: cargo build --release --package arcane-server", arcane.display());
    }
    let at = project.target().join("bench-log");
    fs::create_dir_all(&at).context("making a directory for servers")?;
    println!("disk: {:.0} fsyncs/s of 4 KiB, one after the other", fsyncs(&at)?);
    println!("each figure: median of {rounds} rounds of {} s, events/s", TIME.as_secs());
    let server_core = server_core(cores);
    for (work, connections, batch) in WORK {
        let mut figures = vec![Vec::new(); Store::ALL.len()];
        for _ in 0..rounds {
            for (store, figures) in Store::ALL.into_iter().zip(&mut figures) {
                match measure(store, &arcane, &at, server_core, connections, batch) {
                    Ok(figure) => figures.push(figure),
                    Err(error) => println!("{}: SKIPPED: {error:#}", store.name()),
                }
            }
        }
        println!("\n{work}");
        for (store, figures) in Store::ALL.into_iter().zip(&mut figures) {
            figures.sort_by(f64::total_cmp);
            if let Some(median) = figures.get(figures.len() / 2) {
                println!("  {:<20} {median:>10.0}", store.name());
            }
        }
    }
    Ok(())
}

/// This process is pinned to the core of the load, so the other one is the server's.
fn server_core(cores: Option<[usize; 2]>) -> Option<usize> {
    match cores {
        Some([server, _]) => Some(server),
        None if cfg!(target_os = "linux") => Some(0),
        None => None,
    }
}

fn measure(
    store: Store,
    arcane: &Path,
    at: &Path,
    core: Option<usize>,
    connections: usize,
    batch: usize,
) -> Result<f64> {
    let server = Server::start(store, arcane, at, core)?;
    let event = event();
    let (appended, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let lanes: Vec<Lane> = (0..connections)
        .map(|number| Lane::open(store, server.port, number, batch, &event))
        .collect::<Result<_>>()?;
    std::thread::scope(|scope| {
        let (appended, stop) = (&appended, &stop);
        let lanes: Vec<_> = lanes
            .into_iter()
            .map(|mut lane| {
                scope.spawn(move || -> Result<()> {
                    while !stop.load(Ordering::Relaxed) {
                        lane.append()?;
                        appended.fetch_add(batch as u64, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        std::thread::sleep(WARM_UP);
        let (before, began) = (appended.load(Ordering::Relaxed), Instant::now());
        std::thread::sleep(TIME);
        let events = appended.load(Ordering::Relaxed) - before;
        #[expect(clippy::cast_precision_loss, reason = "a number of events")]
        let figure = events as f64 / began.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        for lane in lanes {
            lane.join().map_err(|_| anyhow::anyhow!("a connection's thread ended in a panic"))??;
        }
        Ok(figure)
    })
}

/// As a publisher sends it: about what a real one has.
fn event() -> String {
    format!(
        "{{\"spell_name\":\"invoke\",\"daemon_name\":\"codex\",\"description\":\"{}\",\"metadata\":{{\"task\":\"cargo build \
         --workspace\",\"execution_time\":3.125,\"parameters\":{{\"profile\":\"release\"}}}}}}",
        "The runes shimmer over the forge while the work is done. ".repeat(2).trim_end()
    )
}

/// What the disk gives.
fn fsyncs(at: &Path) -> Result<f64> {
    let path = at.join("fsync");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&[0x5A; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    fs::remove_file(&path)?;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// Reads the arguments; nothing if somebody asked for help.
pub(crate) fn read(mut args: lexopt::Parser) -> Result<Option<usize>> {
    use lexopt::prelude::*;
    let mut rounds = ROUNDS;
    while let Some(arg) = args.next()? {
        match arg {
            Long("rounds") => rounds = args.value()?.parse().context("--rounds takes a number")?,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(rounds.clamp(1, 20)))
}
