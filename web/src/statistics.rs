//! From the page's state to the statistics, while they are shown.

use arcane_stage::daemons::Daemon;
use arcane_stage::latency::BOUNDS_MS;
use arcane_stage::palette;
use arcane_stage::summary::{self, fixed};

use crate::page::Page;
use crate::views::{Bin, StatRow, Stats};

/// Daemons listed; the rest is in the server's own statistics.
const ROWS_MAX: usize = 100;
/// The usual deadline, milliseconds.
const DEADLINE_MS: f64 = 200.0;

/// What the dialog shows. `unix`: the moment shown.
pub(crate) fn of(page: &Page, unix: f64) -> Stats {
    let store = page.shown();
    let report = page.latency.report();
    let events = store.events_total();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let rate = if events == 0 { 1.0 } else { 1.0 - store.failures_total() as f64 / events as f64 };
    let count = |n: u64| n.to_string();
    let facts = vec![
        ("events", count(events)),
        ("succeeded", percent(rate)),
        ("failures", count(store.failures_total())),
        ("measured", count(report.painted)),
        ("missed on the way", count(report.transport)),
        ("missed in the page", count(report.missed - report.transport)),
        ("missing", count(store.missing())),
        ("twice, left out", count(store.duplicates())),
        ("unreadable", count(store.undecodable())),
        ("play-out delay", fixed(page.playout.delay(), 0) + " ms"),
        ("frame", fixed(page.quality.interval(), 0) + " ms"),
        ("stage", page.quality.tier().name.into()),
    ];
    let counts = page.latency.histogram();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bins = counts.iter().enumerate().map(|(at, n)| {
        let bound = BOUNDS_MS.get(at);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let part = *n as f64 / most;
        Bin {
            bound: bound.map_or_else(|| "more".into(), |bound| fixed(*bound, 0)),
            count: n.to_string(),
            part: fixed(part * 100.0, 1) + "%",
            late: bound.is_none_or(|bound| *bound > DEADLINE_MS),
        }
    });
    let daemons = store.daemons().iter().filter(|daemon| daemon.is_present() || daemon.invocations > 0);
    Stats {
        facts,
        bins: bins.collect(),
        rows: daemons.take(ROWS_MAX).map(|daemon| row(daemon, unix)).collect(),
    }
}

/// What all of it took: tokens, cost, time that daemons waited. `None` where no event says anything of it.
pub(crate) fn mana(page: &Page, unix: f64) -> Option<[String; 3]> {
    let (mut tokens, mut cost, mut waited) = ([0.0; 2], 0.0, 0.0);
    for daemon in page.shown().daemons().iter() {
        tokens = [tokens[0] + daemon.tokens[0], tokens[1] + daemon.tokens[1]];
        cost += daemon.cost;
        waited += daemon.waited_until(unix);
    }
    let any = tokens[0] + tokens[1] + cost + waited > 0.0;
    any.then(|| {
        let [read, written] = tokens.map(amount);
        [format!("{read} · {written}"), dollars(cost), crate::project::ago(waited)]
    })
}

fn row(daemon: &Daemon, unix: f64) -> StatRow {
    let none = || "–".to_owned();
    let tokens = daemon.tokens[0] + daemon.tokens[1];
    let waited = daemon.waited_until(unix);
    StatRow {
        name: daemon.name.clone(),
        color: palette::text_color(daemon.color).to_string(),
        cells: [
            daemon.invocations.to_string(),
            daemon.success_rate().map_or_else(none, percent),
            daemon.mean_seconds().map_or_else(none, summary::seconds),
            if tokens > 0.0 { amount(tokens) } else { none() },
            if daemon.cost > 0.0 { dollars(daemon.cost) } else { none() },
            if waited > 0.0 { crate::project::ago(waited) } else { none() },
        ],
    }
}

fn percent(part: f64) -> String {
    fixed(part * 100.0, 1) + " %"
}

fn dollars(cost: f64) -> String {
    format!("$ {}", fixed(cost, 2))
}

fn amount(n: f64) -> String {
    match n {
        n if n < 10_000.0 => fixed(n, 0),
        n if n < 1e6 => fixed(n / 1e3, 0) + " k",
        n => fixed(n / 1e6, 2) + " M",
    }
}
