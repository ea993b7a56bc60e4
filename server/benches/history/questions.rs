//! What is asked, and how long it takes.

use std::time::Instant;

use arcane_server::log::history::ActivityQuery;
use arcane_server::log::history::Allowance;
use arcane_server::log::history::HistoryQuery;
use arcane_server::log::history::Order;
use arcane_server::log::history::Search;
use arcane_server::log::sqlite::index::Index;
use arcane_shared::{DaemonName, EventFilter, SpellName, Timestamp};

use crate::log::{DAEMONS, Log, ROOM, chance, word};

const REPETITIONS: u64 = 40;

/// A kind of question; the number makes each repetition another one.
struct Kind {
    name: &'static str,
    filter: fn(u64) -> EventFilter,
    text: fn(u64) -> Option<String>,
    limit: usize,
}

fn no_filter(_: u64) -> EventFilter {
    EventFilter::default()
}

fn daemons(names: impl IntoIterator<Item = String>) -> EventFilter {
    let daemon = names.into_iter().filter_map(|name| DaemonName::parse(&name).ok()).collect();
    EventFilter { daemon, ..EventFilter::default() }
}

fn daemon(n: u64) -> EventFilter {
    daemons([format!("daemon-{}", n % DAEMONS)])
}

fn many(n: u64) -> EventFilter {
    daemons((0..50).map(|at| format!("daemon-{}", (n + at) % DAEMONS)))
}

fn rare(_: u64) -> EventFilter {
    daemons(["rare-one".to_owned()])
}

fn combined(n: u64) -> EventFilter {
    let spell = [SpellName::Voice, SpellName::Banish].into();
    EventFilter { spell, success: Some(false), ..many(n) }
}

fn invoke(_: u64) -> EventFilter {
    EventFilter { spell: [SpellName::Invoke].into(), ..EventFilter::default() }
}

fn failures(_: u64) -> EventFilter {
    EventFilter { success: Some(false), ..EventFilter::default() }
}

fn nobody(n: u64) -> EventFilter {
    daemons((0..64).map(|at| format!("nobody-{n}-{at}")))
}

fn no_text(_: u64) -> Option<String> {
    None
}

fn kinds() -> Vec<Kind> {
    let kind = |name, filter, text| Kind { name, filter, text, limit: 100 };
    vec![
        kind("no filter", no_filter, no_text),
        Kind { limit: 1000, ..kind("no filter, 1000", no_filter, no_text) },
        kind("one spell (50 %)", invoke, no_text),
        kind("failures (2 %)", failures, no_text),
        kind("one daemon (0.1 to 3 %)", daemon, no_text),
        kind("50 daemons", many, no_text),
        kind("50 daemons, 2 spells, failures", combined, no_text),
        Kind { limit: 1000, ..kind("50 daemons, 2 spells, failures, 1000", combined, no_text) },
        kind("one in 100,000", rare, no_text),
        kind("nothing, 64 daemons", nobody, no_text),
        kind("q rare word", no_filter, |_| Some("\"chrysopoeia\"".into())),
        kind("q rare beginning", no_filter, |_| Some("chryso".into())),
        kind("q one number of 200,000", no_filter, |n| Some(format!("\"{}\"", chance(n) % 200_000))),
        kind("q beginning of numbers", no_filter, |n| Some(format!("{}", 1000 + chance(n) % 9000))),
        kind("q word of 50 %", no_filter, |_| Some("\"arcane\"".into())),
        kind("q beginning of 50 %", no_filter, |_| Some("arcan".into())),
        kind("q beginning of 1 to 3", no_filter, |n| {
            Some(word(n % 48).chars().take(1 + usize::try_from(n % 3).unwrap_or(0)).collect())
        }),
        kind("q any word as beginning", no_filter, |n| Some(word(n % 48).into())),
        kind("q two words", no_filter, |n| Some(format!("{} {}", word(n % 48), word(chance(n) % 48)))),
        kind("q four words", no_filter, |n| {
            Some((0..4).map(|at| word(chance(n * 4 + at) % 48)).collect::<Vec<_>>().join(" "))
        }),
        kind("q phrase", no_filter, |n| Some(format!("\"{} {}\"", word(n % 48), word(chance(n) % 48)))),
        kind("q phrase that is nowhere", no_filter, |_| Some("\"performs plain arcane\"".into())),
        kind("q two of 50 %, never together", no_filter, |_| Some("\"arcane\" \"plain\"".into())),
        kind("q 50 % and failures", failures, |_| Some("arcane".into())),
        kind("q 50 % and 50 daemons etc.", combined, |_| Some("arcane".into())),
        kind("q 50 % and one in 100,000", rare, |_| Some("arcane".into())),
        kind("q 50 % and nothing", nobody, |_| Some("arcane".into())),
        kind("q 50 % and a spell that never has it", invoke, |_| Some("spoken".into())),
    ]
}

/// Asks everything from the beginning, from the end and from in between, and prints how long it takes.
pub(crate) fn table(index: &Index, log: &Log) -> anyhow::Result<()> {
    println!("\n{:<40} {:>7} {:>9} {:>9} {:>9}", "question", "events", "median ms", "p99 ms", "max ms");
    for kind in kinds() {
        for (direction, order) in [("", Order::Ascending), (", latest first", Order::Descending)] {
            let mut found = 0;
            let times = (0..REPETITIONS).map(|n| {
                let query = query(&kind, n, order, log)?;
                let began = Instant::now();
                let page = index.history(&query)?;
                let took = began.elapsed().as_secs_f64() * 1e3;
                found += page.events.len();
                Ok(took)
            });
            let times = times.collect::<anyhow::Result<Vec<f64>>>()?;
            print(&format!("{}{direction}", kind.name), found / times.len(), times);
        }
    }
    let (from, to) = log.span();
    for buckets in [30, 300, 1000] {
        for (name, part) in [("a year", 1), ("a week", 52), ("a day", 365)] {
            let mut found = 0;
            let times = (0..REPETITIONS).map(|n| {
                let length = (to - from) / part;
                let to = to - ((to - from - length) / 40) * n.cast_signed();
                let query = ActivityQuery {
                    room: ROOM,
                    from: Some(Timestamp::from_unix_micros(to - length)),
                    to: Timestamp::from_unix_micros(to),
                    buckets,
                    time: Allowance::default(),
                };
                let began = Instant::now();
                found += index.activity(&query)?.buckets.len();
                Ok(began.elapsed().as_secs_f64() * 1e3)
            });
            let times = times.collect::<anyhow::Result<Vec<f64>>>()?;
            print(&format!("activity of {name} in {buckets}"), found / times.len(), times);
        }
    }
    Ok(())
}

fn query(kind: &Kind, n: u64, order: Order, log: &Log) -> anyhow::Result<HistoryQuery> {
    // A quarter begins at an end, the others somewhere.
    let place = log.first + chance(n) % (log.head - log.first);
    let place = (!n.is_multiple_of(4)).then_some(place);
    let (after, before) = match order {
        Order::Ascending => (place, None),
        Order::Descending => (None, place),
    };
    let text = (kind.text)(n).map(|text| Search::parse(&text)).transpose()?;
    Ok(HistoryQuery {
        bytes_max: None,
        room: ROOM,
        after,
        before,
        limit: kind.limit,
        order,
        filter: (kind.filter)(n),
        text,
        time: Allowance::default(),
    })
}

fn print(name: &str, found: usize, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len() - 1)).copied().unwrap_or(0.0)
    };
    println!("{name:<40} {found:>7} {:>9.2} {:>9.2} {:>9.2}", at(50), at(99), at(100));
}
