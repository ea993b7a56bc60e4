//! Real servers: their leader is killed, nothing is lost; and what is taken out behind everybody's back is found. Needs `nats-server` (`ARCANE_NATS_SERVER`).
#![cfg(unix)]

use std::time::Duration;

use arcane_rig::check::Rule;
use arcane_rig::fault::Fault;
use arcane_rig::nats::config::Sync;
use arcane_rig::nats::program;
use arcane_rig::raw::{Options, run};

const OPTIONS: Options = Options {
    kinds: Vec::new(),
    faults: 0,
    seed: 0,
    sync: Sync::Default,
    publishers: 2,
    rate: None,
    time: Duration::ZERO,
    plants_loss: false,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_loses_nothing() {
    let options = Options { kinds: vec![Fault::Kill], faults: 1, ..OPTIONS };
    let report = run(&program(), &options).await.unwrap();
    assert!(report.taken > 0 && report.read >= 3 * report.taken, "{report}");
    assert_eq!(report.findings, [], "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_that_is_planted_is_found() {
    let options = Options { kinds: vec![Fault::StepDown], faults: 1, plants_loss: true, ..OPTIONS };
    let report = run(&program(), &options).await.unwrap();
    let mut rules: Vec<Rule> = report.findings.iter().map(|finding| finding.rule).collect();
    rules.dedup();
    assert_eq!(rules, [Rule::Acknowledged, Rule::Unbroken], "{report}");
}
