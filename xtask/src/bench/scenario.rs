//! What is measured and what it must reach. All of it is data; `cargo xtask bench --help` prints it.

use std::time::Duration;

use super::goal::{Bound, Cell, Goal};
use crate::load::metric::Metric::{self, *};
use crate::load::options::{Options, Pace};
use crate::load::peer::Peer::{self, *};
use crate::load::way::Way;

/// Longest wait of a run that ends with its events.
const UNTIL_DONE: Duration = Duration::from_secs(20);
/// How long the server has to see its clients off: its own `drain_timeout`.
const DRAIN_MS_MAX: f64 = 5000.0;
/// Clients that never read.
const STUCK: u16 = 1000;
/// What a client that never reads may cost, MiB for all of them: 8 KiB each.
const STUCK_MIB_MAX: f64 = STUCK as f64 * 8.0 / 1024.0;

/// A kind of work.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) runs: Vec<Run>,
    pub(crate) columns: Vec<Metric>,
    pub(crate) goals: Vec<Goal>,
}

/// One way of doing it.
pub(crate) struct Run {
    /// Tells it from the others of its scenario; empty if there are none.
    pub(crate) label: &'static str,
    pub(crate) peers: &'static [Peer],
    /// Sets what is not usual.
    pub(crate) load: fn(&mut Options),
}

/// All of them, in the order of the page.
pub(crate) fn all() -> Vec<Scenario> {
    vec![
        fanout_200(),
        fanout_1000(),
        steady_100(),
        idle_5000(),
        ingest(),
        compressed(),
        slow_1000(),
        many_10000(),
    ]
}

/// Those that have readers.
const BUSES: [Peer; 5] = [Arcane, Ephemeral, Bun, Nats, Raw];
const OURS: [Peer; 2] = [Arcane, Ephemeral];

/// Publishers as users have them: each on a connection of its own with one event on its way, or one that sends on without
/// waiting.
const CONNECTIONS: &str = "many connections";
const SOCKET: &str = "one WebSocket";

const FAN_OUT: [Metric; 6] = [CpuUsPerDelivery, DeliveriesPerS, BytesPerDelivery, P50Ms, P99Ms, P999Ms];

fn times(cell: Cell, factor: f64, peer: Peer) -> Goal {
    Goal { cell, bound: Bound::Times(factor, Cell { peer, ..cell }) }
}

fn cheaper_than_bun_and_nats() -> Vec<Goal> {
    let cpu = |run| Cell { run, ..Cell::of(Arcane, CpuUsPerDelivery) };
    let of = |run| [times(cpu(run), 1.0, Bun), times(cpu(run), 0.7, Nats)];
    [of(CONNECTIONS), of(SOCKET)].concat()
}

/// On one connection without waiting: a WebSocket, or what nats-server has of the kind.
fn on_one_socket(load: &mut Options) {
    load.way = if load.peer == Nats { Way::Nats } else { Way::Ws };
}

fn fanout_200() -> Scenario {
    let connections = |load: &mut Options| {
        load.clients = 200;
        load.pace = Pace::Window(64);
        load.publishers = 64;
    };
    let socket = |load: &mut Options| {
        load.clients = 200;
        load.pace = Pace::Window(64);
        on_one_socket(load);
    };
    Scenario {
        name: "fanout-200",
        about: "200 readers, as fast as the server can: 64 events on their way, one on each of 64 connections or all on one \
                WebSocket",
        runs: vec![
            Run { label: CONNECTIONS, peers: &BUSES, load: connections },
            Run { label: SOCKET, peers: &BUSES, load: socket },
        ],
        columns: FAN_OUT.to_vec(),
        goals: cheaper_than_bun_and_nats(),
    }
}

fn fanout_1000() -> Scenario {
    let connections = |load: &mut Options| {
        load.clients = 1000;
        load.pace = Pace::Window(8);
        load.publishers = 8;
    };
    let socket = |load: &mut Options| {
        load.clients = 1000;
        load.pace = Pace::Window(8);
        on_one_socket(load);
    };
    Scenario {
        name: "fanout-1000",
        about: "1,000 readers, as fast as the server can: 8 events on their way, one on each of 8 connections or all on one \
                WebSocket",
        runs: vec![
            Run { label: CONNECTIONS, peers: &BUSES, load: connections },
            Run { label: SOCKET, peers: &BUSES, load: socket },
        ],
        columns: FAN_OUT.to_vec(),
        goals: cheaper_than_bun_and_nats(),
    }
}

fn steady_100() -> Scenario {
    let load = |load: &mut Options| {
        load.clients = 100;
        load.pace = Pace::Rate(1000.0);
        load.publishers = 64;
    };
    Scenario {
        name: "steady-100",
        about: "100 readers, 1,000 events a second from 64 connections",
        runs: vec![Run { label: "", peers: &BUSES, load }],
        columns: FAN_OUT.to_vec(),
        goals: vec![
            times(Cell::of(Arcane, CpuUsPerDelivery), 1.1, Raw),
            times(Cell::of(Arcane, P99Ms), 1.0, Bun),
        ],
    }
}

fn idle_5000() -> Scenario {
    let load = |load: &mut Options| {
        load.clients = 5000;
        load.way = Way::None;
    };
    Scenario {
        name: "idle-5000",
        about: "5,000 connections on which nothing happens",
        runs: vec![Run { label: "", peers: &BUSES, load }],
        columns: vec![KibPerConnection, RssBeforeMib, RssIdleMib, ConnectsPerS],
        goals: vec![Goal { cell: Cell::of(Arcane, KibPerConnection), bound: Bound::AtMost(3.5) }],
    }
}

fn ingest() -> Scenario {
    const ARRAYS: &str = "POST, arrays of 100";
    const MESSAGES: &str = "WebSocket, 100 a message";
    const SINGLES: &str = "one at a time on 64 connections";
    let singles = Cell::of(Arcane, EventsPerS);
    let at_least =
        |run| Goal { cell: Cell { run, ..Cell::of(Arcane, EventsPerS) }, bound: Bound::AtLeast(50_000.0) };
    Scenario {
        name: "ingest",
        about: "Publishing varied events while nobody listens, on one connection or, one at a time, on 64. Every event is \
                checked, numbered and kept. Redis only keeps it",
        runs: vec![
            Run { label: ARRAYS, peers: &OURS, load: |load| in_batches(load, Way::Http, 100) },
            Run { label: MESSAGES, peers: &OURS, load: |load| in_batches(load, Way::Ws, 100) },
            Run { label: "POST, one at a time", peers: &OURS, load: |load| in_batches(load, Way::Http, 1) },
            Run {
                label: SINGLES,
                peers: &[Arcane, Ephemeral, Redis],
                load: |load| {
                    in_batches(load, load.peer.way(), 1);
                    (load.pace, load.publishers) = (Pace::Window(64), 64);
                },
            },
        ],
        columns: vec![EventsPerS, CpuUsPerEvent],
        goals: vec![
            at_least(ARRAYS),
            at_least(MESSAGES),
            Goal {
                cell: Cell { run: SINGLES, ..singles },
                bound: Bound::Share(0.7, Cell { run: SINGLES, peer: Redis, ..singles }),
            },
        ],
    }
}

fn in_batches(load: &mut Options, way: Way, batch: u64) {
    load.clients = 0;
    load.varied = true;
    load.pace = Pace::Window(8);
    (load.way, load.batch) = (way, batch);
}

fn compressed() -> Scenario {
    const PLAIN: &str = "plain";
    const DEFLATED: &str = "deflated";
    const PEERS: &[Peer] = &[Arcane, Ephemeral, Bun, Nats];
    let plain = |load: &mut Options| {
        load.clients = 100;
        load.varied = true;
        load.pace = Pace::Window(8);
    };
    let deflated = |load: &mut Options| {
        load.clients = 100;
        load.varied = true;
        load.pace = Pace::Window(8);
        load.compress = true;
    };
    let bytes = Cell::of(Arcane, BytesPerDelivery);
    Scenario {
        name: "compressed",
        about: "100 readers of varied events, with and without permessage-deflate: 8 events on their way",
        runs: vec![
            Run { label: PLAIN, peers: PEERS, load: plain },
            Run { label: DEFLATED, peers: PEERS, load: deflated },
        ],
        columns: vec![BytesPerDelivery, CpuUsPerDelivery, DeliveriesPerS, P50Ms, P99Ms],
        goals: vec![Goal {
            cell: Cell { run: DEFLATED, ..bytes },
            bound: Bound::Times(0.25, Cell { run: PLAIN, ..bytes }),
        }],
    }
}

fn slow_1000() -> Scenario {
    const ALONE: &str = "200 readers";
    const BESIDE: &str = "and 1,000 that never read";
    let alone = |load: &mut Options| {
        load.clients = 200;
        load.pace = Pace::Rate(500.0);
        load.fill = true;
    };
    let beside = |load: &mut Options| {
        load.slow = usize::from(STUCK);
        load.clients = 200 + usize::from(STUCK);
        load.pace = Pace::Rate(500.0);
        load.fill = true;
    };
    let (late, growth) = (Cell::of(Arcane, P99Ms), Cell::of(Arcane, RssGrowthMib));
    Scenario {
        name: "slow-1000",
        about: "200 readers at 500 events a second, alone and beside 1,000 clients that never read. What memory grows \
                by in both is the ring, which is bounded; the rest is what stuck clients cost",
        runs: vec![
            Run { label: ALONE, peers: &OURS, load: alone },
            Run { label: BESIDE, peers: &OURS, load: beside },
        ],
        columns: vec![P50Ms, P99Ms, MaxMs, RssIdleMib, RssLoadMib, RssGrowthMib],
        goals: vec![
            Goal {
                cell: Cell { run: BESIDE, ..late },
                bound: Bound::Times(1.5, Cell { run: ALONE, ..late }),
            },
            Goal {
                cell: Cell { run: BESIDE, ..growth },
                bound: Bound::Plus(STUCK_MIB_MAX, Cell { run: ALONE, ..growth }),
            },
        ],
    }
}

fn many_10000() -> Scenario {
    let load = |load: &mut Options| {
        load.clients = 10_000;
        load.pace = Pace::Window(1);
        load.events_max = Some(5);
        load.time = UNTIL_DONE;
        load.drain = load.peer.is_ours();
    };
    Scenario {
        name: "many-10000",
        about: "10,000 readers connect; five events, one after the other, go to all of them; then the server is told to \
                stop, and every reader must be told so by close code 4501",
        runs: vec![Run { label: "", peers: &BUSES, load }],
        columns: vec![ConnectsPerS, RssIdleMib, KibPerConnection, P50Ms, MaxMs, DrainNotifiedMs, DrainGoneMs],
        goals: vec![
            Goal { cell: Cell::of(Arcane, ConnectsPerS), bound: Bound::AtLeast(2000.0) },
            Goal { cell: Cell::of(Arcane, DrainGoneMs), bound: Bound::AtMost(DRAIN_MS_MAX) },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::super::clustered;
    use super::*;

    #[test]
    fn every_goal_is_about_something_that_is_run() {
        for scenario in all().into_iter().chain(clustered::all()) {
            let has = |cell: &Cell| {
                let run = scenario.runs.iter().find(|run| run.label == cell.run);
                run.is_some_and(|run| run.peers.contains(&cell.peer))
                    && scenario.columns.contains(&cell.metric)
            };
            assert!(!scenario.goals.is_empty());
            for goal in &scenario.goals {
                assert!(has(&goal.cell), "{}: {:?}", scenario.name, goal.cell);
                if let Bound::Times(_, other) | Bound::Plus(_, other) = &goal.bound {
                    assert!(has(other), "{}: {other:?}", scenario.name);
                }
            }
        }
    }

    #[test]
    fn every_run_can_be_asked_for() {
        for scenario in all().into_iter().chain(clustered::all()) {
            for (run, peer) in
                scenario.runs.iter().flat_map(|run| run.peers.iter().map(move |peer| (run, *peer)))
            {
                let mut options = Options::new(peer);
                (run.load)(&mut options);
                options.pid = Some(1);
                let read = Options::read(lexopt::Parser::from_args(options.flags())).unwrap();
                assert_eq!(read, Some(options), "{} {}", scenario.name, run.label);
            }
        }
    }
}
