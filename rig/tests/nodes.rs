//! Real nodes on real servers: what clients see holds while a leader and a node are killed and live messages are lost. Needs `nats-server` (`ARCANE_NATS_SERVER`) and the
//! server's program (`ARCANE_BINARY`).
#![cfg(unix)]

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use arcane_rig::fault::Fault;
use arcane_rig::nats;
use arcane_rig::nodes::{self, Options, Spells, run};

/// The programs, if both are named.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let nats = std::env::var_os(nats::PROGRAM).map(PathBuf::from);
    let found = nats.zip(nodes::program());
    if found.is_none() {
        let line =
            format!("not tested here: nodes ({} or {} names no program)", nats::PROGRAM, nodes::PROGRAM);
        // What eprintln! writes is kept back where a test passes.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_at_any_node_have_every_event_once_through_kills_and_losses() {
    let Some((nats, node)) = programs() else { return };
    let options = Options {
        kinds: vec![Fault::Kill, Fault::NodeKill],
        faults: Some(2),
        time: Duration::from_secs(10),
        seed: 18,
        rate: 300,
        drop_percent: 1.0,
        casters: 2,
        ..Options::default()
    };
    let report = run(&nats, &node, &options, |line| println!("{line}")).await.unwrap();
    println!("{report}");
    assert_eq!(report.findings, [], "{report}");
    let Spells { accepted, refused, .. } = report.spells;
    assert!(accepted > 20 && refused > 20, "{report}");
    assert!(report.events > 500 && report.races > 0 && report.resumes > 0 && report.lost > 0, "{report}");
    assert!(report.takeovers > 0, "{report}");
}
