//! From the page's state to the statistics, while they are shown.

use arcane_shared::plural;
use arcane_shared::roster::{DaemonState, Spent, Sums, Window};
use arcane_stage::daemons::{self, Daemons, ROWS_MAX};
use arcane_stage::duration::{Form, duration};
use arcane_stage::latency::BOUNDS_MS;
use arcane_stage::palette;
use arcane_stage::summary::{self, fixed};

use crate::components::daemons::Figure;
use crate::components::stats::StatsState;
use crate::page::Page;

/// The usual deadline, milliseconds.
pub(crate) const DEADLINE_MS: f64 = 200.0;

/// What the dialog shows. `unix`: the moment shown.
pub(crate) fn project(page: &Page, stats: StatsState, window: Window, unix: f64) {
    let store = page.shown();
    stats
        .facts
        .put(facts(page).map(|(name, value, means)| (name, vec![name.to_owned(), value, means.to_owned()])));
    stats.bins.put(bins(page).enumerate());
    stats.daemons.put(
        daemons::listed(store.daemons())
            .take(ROWS_MAX)
            .map(|daemon| (daemon.daemon_name.to_string(), row(store.daemons(), daemon, window, unix))),
    );
}

/// Name, value, and what it means.
fn facts(page: &Page) -> [(&'static str, String, &'static str); 12] {
    let store = page.shown();
    let report = page.latency.report();
    let events = store.events_total();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let rate = if events == 0 { 1.0 } else { 1.0 - store.failures_total() as f64 / events as f64 };
    let count = |n: u64| n.to_string();
    [
        (
            "events",
            count(events),
            "events of this room that the page was sent since it was opened, history included",
        ),
        ("succeeded", percent(rate), "the part of all these events that tells of no failure"),
        ("failures", count(store.failures_total()), "events that tell of a failure"),
        ("measured", count(report.painted), "events whose way from the server to the screen was measured"),
        ("missed on the way", count(report.transport), "events that reached the page after their deadline"),
        (
            "missed in the page",
            count(report.missed - report.transport),
            "events that were here in time, and that the page showed after their deadline",
        ),
        ("missing", count(store.missing()), "events whose numbers were skipped: they never arrived"),
        (
            "twice, left out",
            count(store.duplicates()),
            "events that arrived again after a reconnection, and count once",
        ),
        ("unreadable", count(store.undecodable()), "messages that are no event this page understands"),
        (
            "play-out delay",
            fixed(page.playout.delay(), 0) + " ms",
            "how long an event waits in the page, so that early and late ones are shown at an even pace",
        ),
        ("frame", fixed(page.quality.interval(), 0) + " ms", "the time between two pictures of the stage"),
        (
            "stage",
            page.quality.tier().name.into(),
            "how richly the stage is drawn, as this machine allows; settings fix it",
        ),
    ]
}

/// The bars of the histogram.
fn bins(page: &Page) -> impl Iterator<Item = Vec<String>> {
    let counts = page.latency.histogram();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    counts.iter().enumerate().map(move |(at, n)| {
        let bound = BOUNDS_MS.get(at);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let part = *n as f64 / most;
        let is_late = bound.is_none_or(|bound| *bound > DEADLINE_MS);
        vec![
            bound.map_or_else(|| "more".into(), |bound| fixed(*bound, 0)),
            n.to_string(),
            fixed(part * 100.0, 1) + "%",
            if is_late { "late".into() } else { String::new() },
        ]
    })
}

/// What all daemons took within a window that ends at a moment, and milliseconds that they waited.
fn together(daemons: &Daemons, window: Window, unix: f64) -> (Sums, f64) {
    let (mut all, mut waited) = (Sums::default(), 0.0);
    for daemon in daemons.iter() {
        let sums = daemons.figures(daemon, window, unix);
        waited += daemons::waited_until(daemon, &sums, unix);
        all.merge(&sums);
    }
    (all, waited)
}

/// What the day of a moment cost until then; empty where no event says.
pub(crate) fn cost_today(daemons: &Daemons, unix: f64) -> String {
    cost(&together(daemons, Window::Today, unix).0.spent()).unwrap_or_default()
}

/// What all daemons took within a window that ends at a moment: tokens, cost, time that they waited. Empty where no event says anything of it.
pub(crate) fn mana(page: &Page, window: Window, unix: f64) -> Vec<String> {
    let (all, waited) = together(page.shown().daemons(), window, unix);
    let any = tokens(&all).is_some() || all.cost_usd.is_some() || waited > 0.0;
    if !any {
        return Vec::new();
    }
    let [read, written] = [all.input_tokens, all.output_tokens].map(|n| n.map_or_else(none, amount));
    let cost = cost(&all.spent()).unwrap_or_else(none);
    vec![
        format!("{read} · {written}"),
        cost,
        if waited > 0.0 { duration(waited, Form::Runs) } else { none() },
    ]
}

/// One daemon's figures in a line.
pub(crate) fn line(daemons: &Daemons, daemon: &DaemonState, window: Window, unix: f64) -> String {
    let sums = daemons.figures(daemon, window, unix);
    let mut line = calls(&sums, "call") + " · ";
    line += &tokens(&sums).map_or_else(none, amount);
    line += " tokens · ";
    line += &cost(&sums.spent()).unwrap_or_else(none);
    line += " ";
    line += &daemons.words(window);
    line
}

fn calls(sums: &Sums, what: &str) -> String {
    [&summary::count(sums.invocations), " ", &plural(sums.invocations, what)].concat()
}

/// What a daemon took: cost and tokens, and how many tasks succeeded.
pub(crate) fn took(sums: &Sums) -> [String; 2] {
    let [read, written] = [sums.input_tokens, sums.output_tokens].map(|n| n.map_or_else(none, amount));
    let cost = cost(&sums.with_subagents()).unwrap_or_else(none);
    let rate = daemons::success_rate(sums).map_or_else(String::new, |rate| [" · ", &percent(rate)].concat());
    [format!("{cost} · {read} in · {written} out"), calls(sums, "task") + &rate]
}

/// One figure of a daemon; "–": no event says.
pub(crate) fn figure(sums: &Sums, figure: Figure) -> String {
    let told = match figure {
        Figure::Success => daemons::success_rate(sums).map(percent),
        Figure::Mean => daemons::mean_seconds(sums).map(mean),
        Figure::Tokens => tokens(sums).map(amount),
        // What its subagents cost is its own cost, too.
        Figure::Cost => cost(&sums.with_subagents()),
        Figure::Since | Figure::Tasks => None,
    };
    told.unwrap_or_else(none)
}

fn row(daemons: &Daemons, daemon: &DaemonState, window: Window, unix: f64) -> Vec<String> {
    let sums = daemons.figures(daemon, window, unix);
    let waited = daemons::waited_until(daemon, &sums, unix);
    vec![
        daemon.daemon_name.to_string(),
        palette::text_color(daemons::color_of(daemon)).to_string(),
        sums.invocations.to_string(),
        daemons::success_rate(&sums).map_or_else(none, percent),
        daemons::mean_seconds(&sums).map_or_else(none, mean),
        tokens(&sums).map_or_else(none, amount),
        cost(&sums.spent()).unwrap_or_else(none),
        waited_in_words(waited),
    ]
}

/// Tokens read and written; `None` where no event says.
fn tokens(sums: &Sums) -> Option<u64> {
    match (sums.input_tokens, sums.output_tokens) {
        (None, None) => None,
        (read, written) => Some(read.unwrap_or(0).saturating_add(written.unwrap_or(0))),
    }
}

fn waited_in_words(ms: f64) -> String {
    if ms > 0.0 { duration(ms, Form::Runs) } else { none() }
}

fn mean(seconds: f64) -> String {
    duration(seconds * 1e3, Form::Took)
}

/// What is not known.
fn none() -> String {
    "–".into()
}

fn percent(part: f64) -> String {
    fixed(part * 100.0, 1) + " %"
}

/// What something cost, as far as that is known: "≈" where prices of models say it and no agent, and that some of it has no price.
/// `None`: no event says anything of it.
fn cost(spent: &Spent) -> Option<String> {
    let Some(cost) = spent.cost_usd else { return spent.unpriced_tokens.map(|_| "unpriced".into()) };
    let computed = if spent.cost_computed_usd.is_some() { "≈ $ " } else { "$ " };
    let unpriced = if spent.unpriced_tokens.is_some() { " + ?" } else { "" };
    Some([computed, &fixed(cost.get(), 2), unpriced].concat())
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn amount(count: u64) -> String {
    match count as f64 {
        n if n < 10_000.0 => fixed(n, 0),
        n if n < 1e6 => fixed(n / 1e3, 0) + " k",
        n => fixed(n / 1e6, 2) + " M",
    }
}
