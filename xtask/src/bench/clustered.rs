//! What is measured of a cluster, and what it must reach: data. A node is measured that readers are at, while publishers are at another one.

use super::goal::{Bound, Cell, Goal};
use super::scenario::{Run, Scenario};
use crate::load::metric::Metric::*;
use crate::load::options::{Options, Pace};
use crate::load::peer::Peer::{self, *};
use crate::load::way::Way;

/// As they are asked for by ways of publishing.
const ARRAYS: &str = "arrays of 100 on 8 connections";
const SINGLES: &str = "one at a time on 64 connections";
/// What 1,000 rooms may cost a node, `main` included: 20 MB, in MiB, and percent of a core.
const ROOMS_MIB_MAX: f64 = 20e6 / 1024.0 / 1024.0;
const ROOMS_CPU_PERCENT_MAX: f64 = 1.0;

/// All of them, in the order of the page.
pub(crate) fn all() -> Vec<Scenario> {
    vec![delivery(), ingest(), rooms_200(), fanout_200(), rooms_1000()]
}

fn goal(run: &'static str, peer: Peer, metric: crate::load::metric::Metric, bound: Bound) -> Goal {
    Goal { cell: Cell { run, peer, metric }, bound }
}

fn delivery() -> Scenario {
    let load = |load: &mut Options| {
        load.clients = 1;
        load.pace = Pace::Rate(500.0);
        load.publishers = 16;
    };
    Scenario {
        name: "cluster-delivery",
        about: "500 events a second, one at a time on 16 connections to one node, until a reader of another node has them. \
                Arcane: one server. Jetstream: events of some 10 bytes, to readers at other servers",
        runs: vec![Run { label: "", peers: &Peer::OF_A_CLUSTER, load }],
        columns: vec![P50Ms, P99Ms, P999Ms],
        goals: vec![
            goal("", Cluster, P50Ms, Bound::AtMost(1.5)),
            goal("", Cluster, P99Ms, Bound::AtMost(8.0)),
            goal("", Synced, P50Ms, Bound::AtMost(4.0)),
        ],
    }
}

fn in_batches(load: &mut Options, batch: u64, publishers: usize) {
    load.clients = 0;
    load.varied = true;
    load.batch = batch;
    (load.pace, load.publishers) = (Pace::Window(publishers as u64), publishers);
}

fn ingest() -> Scenario {
    Scenario {
        name: "cluster-ingest",
        about: "Publishing varied events into one room, at one node, while nobody reads: each request waits for the answer \
                to the one before it on its connection",
        runs: vec![
            Run { label: ARRAYS, peers: &[Arcane, Cluster, Synced], load: |load| in_batches(load, 100, 8) },
            Run { label: SINGLES, peers: &Peer::OF_A_CLUSTER, load: |load| in_batches(load, 1, 64) },
        ],
        columns: vec![EventsPerS, CpuUsPerEvent],
        goals: vec![
            goal(ARRAYS, Cluster, EventsPerS, Bound::AtLeast(20_000.0)),
            goal(SINGLES, Cluster, EventsPerS, Bound::AtLeast(2000.0)),
            goal(ARRAYS, Synced, EventsPerS, Bound::AtLeast(8000.0)),
        ],
    }
}

fn rooms_200() -> Scenario {
    let load = |load: &mut Options| {
        in_batches(load, 1, 64);
        load.rooms = 200;
    };
    Scenario {
        name: "cluster-rooms-200",
        about: "Publishing varied events into 200 rooms in turn, one at a time on 64 connections to one node",
        runs: vec![Run { label: "", peers: &[Arcane, Cluster, Synced], load }],
        columns: vec![EventsPerS, CpuUsPerEvent],
        goals: vec![
            goal("", Cluster, EventsPerS, Bound::AtLeast(3000.0)),
            goal("", Synced, EventsPerS, Bound::AtLeast(1200.0)),
        ],
    }
}

fn fanout_200() -> Scenario {
    const STEADY: &str = "500 events a second";
    const FAST: &str = "as fast as it can, 64 on their way";
    const PEERS: &[Peer] = &[Arcane, Cluster];
    let steady = |load: &mut Options| {
        load.clients = 200;
        (load.pace, load.publishers) = (Pace::Rate(500.0), 16);
    };
    let fast = |load: &mut Options| {
        load.clients = 200;
        (load.pace, load.publishers) = (Pace::Window(64), 64);
    };
    let within = |run| {
        let single = Cell { run, peer: Arcane, metric: CpuUsPerDelivery };
        goal(run, Cluster, CpuUsPerDelivery, Bound::Times(1.05, single))
    };
    Scenario {
        name: "cluster-fanout-200",
        about: "200 readers of one node, whose time on the processor is counted; publishers are at another node. Arcane: one \
                server for both",
        runs: vec![
            Run { label: STEADY, peers: PEERS, load: steady },
            Run { label: FAST, peers: PEERS, load: fast },
        ],
        columns: vec![CpuUsPerDelivery, DeliveriesPerS, P50Ms, P99Ms],
        goals: vec![within(STEADY), within(FAST)],
    }
}

fn rooms_1000() -> Scenario {
    let load = |load: &mut Options| {
        (load.clients, load.rooms, load.way) = (0, 999, Way::None);
    };
    Scenario {
        name: "cluster-rooms-1000",
        about: "What 999 rooms with one event each and nobody at them cost a node more than none: the node that was published \
                to, which has them open, and another one, which only knows of them",
        runs: vec![Run { label: "", peers: &[Arcane, Cluster], load }],
        columns: vec![OpenRoomsMib, OpenRoomsCpuPercent, KnownRoomsMib, KnownRoomsCpuPercent],
        goals: vec![
            goal("", Cluster, OpenRoomsMib, Bound::AtMost(ROOMS_MIB_MAX)),
            goal("", Cluster, OpenRoomsCpuPercent, Bound::AtMost(ROOMS_CPU_PERCENT_MAX)),
            goal("", Cluster, KnownRoomsMib, Bound::AtMost(ROOMS_MIB_MAX)),
            goal("", Cluster, KnownRoomsCpuPercent, Bound::AtMost(ROOMS_CPU_PERCENT_MAX)),
        ],
    }
}
