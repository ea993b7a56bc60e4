//! One server with its honest clients, measured at peace and under attack.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::options::{Attack, From, Options};
use super::publisher::{self, Published};
use super::reader::{self, Shared, Told};
use super::server::{Held, Server, Starter};
use super::verdict::{Measured, Outcome};
use crate::load::histogram::Histogram;
use crate::load::peer::Peer;

/// Honest readers.
pub(crate) const READERS: usize = 50;
/// All readers are ready, or back, after this time.
const READY_MAX: Duration = Duration::from_secs(30);
/// All attackers have connected once after this time.
const ATTACK_MAX: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Readers and publisher of one server.
pub(crate) struct Honest {
    published: Arc<Published>,
    told: Vec<Arc<Told>>,
    ends: Arc<AtomicBool>,
    latencies: Receiver<u64>,
    threads: Vec<JoinHandle<()>>,
}

impl Honest {
    /// Connects all readers; the publisher does not publish yet.
    pub(crate) fn start(peer: Peer, port: u16) -> Result<Self> {
        let (sender, latencies) = mpsc::channel();
        let (clock, ends) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        let shared = Shared { peer, port, clock, ends: Arc::clone(&ends), latencies: sender };
        let told: Vec<Arc<Told>> = std::iter::repeat_with(Arc::default).take(READERS).collect();
        let mut threads: Vec<_> = told
            .iter()
            .map(|told| {
                let (shared, told) = (shared.clone(), Arc::clone(told));
                thread::spawn(move || reader::run(&shared, &told))
            })
            .collect();
        let published = Arc::new(Published::default());
        let publishes = Arc::clone(&published);
        threads.push(thread::spawn(move || publisher::run(peer, port, clock, &publishes)));
        let honest = Self { published, told, ends, latencies, threads };
        honest.wait_for(|told| told.ready.load(Ordering::Relaxed), "ready")?;
        Ok(honest)
    }

    /// Publishes for a time and tells the latencies of what arrived.
    pub(crate) fn measure(&self, time: Duration) -> Histogram {
        self.publish();
        thread::sleep(time);
        self.pause();
        let mut histogram = Histogram::new();
        self.latencies.try_iter().for_each(|us| histogram.count(us));
        histogram
    }

    /// Lets the publisher publish.
    pub(crate) fn publish(&self) {
        self.published.runs.store(true, Ordering::Relaxed);
    }

    /// Stops publishing and waits until every reader has everything, up to a limit.
    pub(crate) fn pause(&self) {
        self.published.runs.store(false, Ordering::Relaxed);
        // An event may be on its way.
        let mut last = self.acknowledged();
        loop {
            thread::sleep(3 * LOOK_EVERY);
            let now = self.acknowledged();
            if now == last {
                break;
            }
            last = now;
        }
        // What is missing after this time is counted as lost, not waited for.
        let _ = self.wait_for(|told| told.next.load(Ordering::Relaxed) >= last, "at the end");
    }

    /// Events that were answered so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.published.acknowledged.load(Ordering::Relaxed)
    }

    /// What became of everything so far.
    pub(crate) fn outcome(&self) -> Outcome {
        let sum = |of: fn(&Told) -> u64| self.told.iter().map(|told| of(told)).sum();
        let acknowledged = self.acknowledged();
        let missing =
            self.told.iter().map(|told| acknowledged.saturating_sub(told.next.load(Ordering::Relaxed)));
        Outcome {
            acknowledged,
            missing: missing.sum(),
            faults: sum(|told| told.faults.load(Ordering::Relaxed)),
            cuts: sum(|told| told.cuts.load(Ordering::Relaxed)),
            resumed: self.told.iter().filter(|told| told.resumed.load(Ordering::Relaxed) > 0).count() as u64,
            again: self.published.again.load(Ordering::Relaxed),
        }
    }

    fn wait_for(&self, done: impl Fn(&Told) -> bool, what: &str) -> Result<()> {
        let start = Instant::now();
        while !self.told.iter().all(|told| done(told)) {
            if start.elapsed() > READY_MAX {
                let count = self.told.iter().filter(|told| done(told)).count();
                bail!("{count} of {READERS} readers are {what} after {READY_MAX:?}");
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Honest {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        self.published.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// The attackers' process.
pub(crate) struct Attackers {
    process: Child,
    said: Arc<Mutex<String>>,
}

impl Attackers {
    /// Starts them and waits until each has connected once.
    pub(crate) fn start(
        starter: &Starter<'_>,
        options: &Options,
        server: &Server,
        from: From,
    ) -> Result<Self> {
        let attack = Attack { port: server.port, path: server.peer.stream_path().to_owned(), from };
        let mut command = starter.attackers();
        command.args(options.flags(&attack)).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().context("starting the attackers")?;
        let lines = BufReader::new(process.stdout.take().context("listening to the attackers")?).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let attackers = Self { process, said: Arc::clone(&said) };
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(mut said) = said.lock() {
                    *said = line;
                }
            }
        });
        let start = Instant::now();
        while attackers.said().is_empty() {
            if start.elapsed() > ATTACK_MAX {
                bail!("not every attacker has connected after {ATTACK_MAX:?}");
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(attackers)
    }

    /// Connections that are held, were opened, were let go by the server, and failed.
    pub(crate) fn said(&self) -> String {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Measures one phase; with attackers where they come from somewhere.
pub(crate) fn measure(
    starter: &Starter<'_>,
    options: &Options,
    server: &Server,
    honest: &Honest,
    from: Option<From>,
) -> Result<Measured> {
    let before = server.held();
    let attackers = from.map(|from| Attackers::start(starter, options, server, from)).transpose()?;
    let ends = AtomicBool::new(false);
    let (start, cpu_s) = (Instant::now(), server.cpu_s());
    let (most, histogram) = thread::scope(|scope| {
        let watch = scope.spawn(|| most(server, &ends));
        let histogram = honest.measure(options.time);
        ends.store(true, Ordering::Relaxed);
        (watch.join().unwrap_or_default(), histogram)
    });
    let cpu_percent = (server.cpu_s() - cpu_s) / start.elapsed().as_secs_f64() * 100.0;
    let attackers = attackers.map(|attackers| attackers.said()).unwrap_or_default();
    let ms = |us: Option<f64>| us.map_or(f64::INFINITY, |us| us / 1000.0);
    Ok(Measured {
        peer: server.peer,
        from,
        p50_ms: ms(histogram.quantile_us(0.5)),
        p99_ms: ms(histogram.quantile_us(0.99)),
        max_ms: ms(histogram.max_us()),
        cpu_percent,
        before,
        most,
        after: Held::default(),
        attackers,
    })
}

fn most(server: &Server, ends: &AtomicBool) -> Held {
    let mut most = Held::default();
    while !ends.load(Ordering::Relaxed) {
        most = most.most(server.held());
        thread::sleep(3 * LOOK_EVERY);
    }
    most
}
