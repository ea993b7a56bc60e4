//! One run from the first connection to the last delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use super::answers::Answers;
use super::histogram::Histogram;
use super::metric::{Figures, Metric};
use super::options::Options;
use super::publisher::{self, Progress};
use super::readers::Readers;
use super::report::Report;
use super::stop;
use super::usage::{self, Usage};
use super::way::Way;
use crate::host;

/// Share of the time that passes before measuring begins: windows of TCP grow, code gets warm.
const WARM_UP_SHARE: f64 = 0.2;
/// What every reader gets while it fills: more than the kernel keeps for a client that does not read.
const FILL_BYTES: u64 = 1 << 20;
/// Filling, and the rest after it, end after this time at the latest.
const FILL_TIME_MAX: Duration = Duration::from_secs(15);
/// A server has come to rest when, over this time, it used its core for no more than a tenth.
const REST: Duration = Duration::from_millis(200);
const REST_SHARE_MAX: f64 = 0.1;
/// Longest turn, so that the clock is looked at.
const TURN: Duration = Duration::from_millis(10);
/// What has not arrived after such a time without any arrival is missing.
const STALL: Duration = Duration::from_secs(3);
/// How long it is listened whether more arrives than was published.
const SURPLUS: Duration = Duration::from_millis(100);

/// What had happened at a moment.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Instant,
    usage: Option<Usage>,
    events: u64,
    delivered: u64,
    bytes: u64,
}

/// A publisher at work.
struct Publishing {
    thread: JoinHandle<Result<u64>>,
    progress: Arc<Progress>,
}

/// Does one run.
pub(crate) fn measure(options: &Options) -> Result<Report> {
    host::raise_open_files();
    let clock = Instant::now();
    let mut figures = Figures::new();
    let before = usage::read(options.pid);
    let mut readers = Readers::connect(options, clock)?;
    figures.insert(Metric::ConnectsPerS, options.clients as f64 / clock.elapsed().as_secs_f64());
    let idle = usage::settled(options.pid);
    memory(&mut figures, before, idle, options.clients);
    let published = if options.way == Way::None {
        hold(&mut readers, options)?;
        Published::default()
    } else {
        publish(&mut readers, options, clock, &mut figures)?
    };
    let lost = readers.tally.gone;
    let not_notified = if options.drain { stop::see_off(&mut readers, options, &mut figures)? } else { 0 };
    Ok(Report {
        published: published.events,
        expected: published.events * options.readers(),
        delivered: readers.tally.delivered,
        faults: readers.faults(),
        unanswered: published.unanswered,
        lost,
        not_notified,
        figures,
    })
}

/// What was published.
#[derive(Debug, Default, Clone, Copy)]
struct Published {
    events: u64,
    unanswered: u64,
}

fn hold(readers: &mut Readers, options: &Options) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < options.time {
        readers.turn(TURN, options.slow)?;
    }
    Ok(())
}

fn publish(
    readers: &mut Readers,
    options: &Options,
    clock: Instant,
    figures: &mut Figures,
) -> Result<Published> {
    let lanes = || (0..options.publishers).map(|_| AtomicU64::new(0)).collect();
    let progress =
        Arc::new(Progress { filling: options.fill.into(), answered: lanes(), ..Progress::default() });
    let streams = (0..options.publishers)
        .map(|_| readers.watch(publisher::connect(options)?, Answers::new(options.way)))
        .collect::<Result<_>>()?;
    let thread = publisher::start(options, streams, Arc::clone(&progress), clock);
    let publishing = Publishing { thread, progress };
    // A run of few events is measured from the first one on.
    let warm_up =
        if options.events_max.is_some() { Duration::ZERO } else { options.time.mul_f64(WARM_UP_SHARE) };
    publishing.fill(readers, options)?;
    publishing.wait(readers, options, warm_up)?;
    readers.tally.latency = Some(Histogram::new());
    let from = publishing.mark(readers, options);
    publishing.wait(readers, options, options.time.saturating_sub(warm_up))?;
    let to = publishing.mark(readers, options);
    let published = publishing.finish(readers, options)?;
    rates(figures, from, to);
    latencies(figures, readers.tally.latency.as_ref());
    Ok(published)
}

impl Publishing {
    fn turn(&self, readers: &mut Readers, options: &Options) -> Result<()> {
        readers.turn(TURN, options.slow)?;
        self.progress.delivered.store(readers.tally.delivered, Ordering::Relaxed);
        for (told, answered) in self.progress.answered.iter().zip(&readers.tally.answered) {
            told.store(*answered, Ordering::Relaxed);
        }
        self.thread.thread().unpark();
        Ok(())
    }

    /// Goes on for some time, or until the publisher has no more to say.
    fn wait(&self, readers: &mut Readers, options: &Options, time: Duration) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < time && !self.thread.is_finished() {
            self.turn(readers, options)?;
        }
        Ok(())
    }

    /// Goes on until clients that do not read cannot be sent any more, and the server has noticed.
    fn fill(&self, readers: &mut Readers, options: &Options) -> Result<()> {
        if !options.fill {
            return Ok(());
        }
        let start = Instant::now();
        let enough = |readers: &Readers| readers.tally.bytes >= FILL_BYTES * options.readers();
        while !enough(readers) && start.elapsed() < FILL_TIME_MAX {
            self.turn(readers, options)?;
        }
        self.progress.resting.store(true, Ordering::Relaxed);
        self.progress.filling.store(false, Ordering::Relaxed);
        loop {
            let before = usage::read(options.pid);
            self.wait(readers, options, REST)?;
            let used = usage::read(options.pid).zip(before).map_or(0.0, |(now, then)| now.cpu_s - then.cpu_s);
            if used <= REST.as_secs_f64() * REST_SHARE_MAX || start.elapsed() > FILL_TIME_MAX {
                break;
            }
        }
        self.progress.resting.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn mark(&self, readers: &Readers, options: &Options) -> Mark {
        Mark {
            at: Instant::now(),
            usage: usage::read(options.pid),
            events: self.progress.sent_events.load(Ordering::Relaxed),
            delivered: readers.tally.delivered,
            bytes: readers.tally.bytes,
        }
    }

    /// Stops publishing and waits for what is still on its way, and for what should not come.
    fn finish(self, readers: &mut Readers, options: &Options) -> Result<Published> {
        self.progress.stop.store(true, Ordering::Relaxed);
        let (mut last, mut at) = (0, Instant::now());
        loop {
            self.turn(readers, options)?;
            let seen = readers.tally.delivered + readers.tally.answered.iter().sum::<u64>();
            if seen > last {
                (last, at) = (seen, Instant::now());
            }
            let expected = self.progress.sent_events.load(Ordering::Relaxed) * options.readers();
            let complete = self.thread.is_finished()
                && readers.tally.delivered >= expected
                && self.unanswered(readers) == 0;
            if at.elapsed() > if complete { SURPLUS } else { STALL } {
                break;
            }
        }
        let unanswered = self.unanswered(readers);
        if !self.thread.is_finished() {
            return Err(anyhow!("the server took no more of what was published"));
        }
        let events = self.thread.join().map_err(|_| anyhow!("the publisher broke down"))?;
        Ok(Published { events: events.context("the publisher stopped")?, unanswered })
    }

    fn unanswered(&self, readers: &Readers) -> u64 {
        let requests = self.progress.sent_requests.load(Ordering::Relaxed);
        requests.saturating_sub(readers.tally.answered.iter().sum())
    }
}

fn memory(figures: &mut Figures, before: Option<Usage>, idle: Option<Usage>, clients: usize) {
    let (Some(before), Some(idle)) = (before, idle) else { return };
    figures.insert(Metric::RssBeforeMib, before.rss_kib / 1024.0);
    figures.insert(Metric::RssIdleMib, idle.rss_kib / 1024.0);
    if clients > 0 {
        figures.insert(Metric::KibPerConnection, (idle.rss_kib - before.rss_kib) / clients as f64);
    }
}

fn rates(figures: &mut Figures, from: Mark, to: Mark) {
    let secs = (to.at - from.at).as_secs_f64();
    let (events, delivered) = ((to.events - from.events) as f64, (to.delivered - from.delivered) as f64);
    figures.insert(Metric::EventsPerS, events / secs);
    if delivered > 0.0 {
        figures.insert(Metric::DeliveriesPerS, delivered / secs);
        figures.insert(Metric::BytesPerDelivery, (to.bytes - from.bytes) as f64 / delivered);
    }
    let (Some(used_before), Some(used)) = (from.usage, to.usage) else { return };
    let cpu_us = (used.cpu_s - used_before.cpu_s) * 1e6;
    figures.insert(Metric::RssLoadMib, used.rss_kib / 1024.0);
    if let Some(idle_mib) = figures.get(&Metric::RssIdleMib) {
        figures.insert(Metric::RssGrowthMib, used.rss_kib / 1024.0 - idle_mib);
    }
    if delivered > 0.0 {
        figures.insert(Metric::CpuUsPerDelivery, cpu_us / delivered);
    }
    if events > 0.0 {
        figures.insert(Metric::CpuUsPerEvent, cpu_us / events);
    }
}

fn latencies(figures: &mut Figures, histogram: Option<&Histogram>) {
    let Some(histogram) = histogram else { return };
    let quantiles = [(Metric::P50Ms, 0.5), (Metric::P99Ms, 0.99), (Metric::P999Ms, 0.999)];
    for (metric, share) in quantiles {
        figures.extend(histogram.quantile_us(share).map(|us| (metric, us / 1000.0)));
    }
    figures.extend(histogram.max_us().map(|us| (Metric::MaxMs, us / 1000.0)));
}
