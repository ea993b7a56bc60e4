//! The order in which hooks arrive, and how often, changes nothing of what holds in the end.
//!
//! Hooks run side by side and are sent again, so a recording is shuffled and doubled. What has to be the same afterwards: who is
//! present, that nothing is open and nobody waits, and how many calls ended well or failed.
//!
//! What cannot be the same where an agent gives no times (Claude Code, Codex): calls that a prompt or an interruption closes, and turns that fail, are
//! told only if they come after their beginning; they are not compared. opencode names a subagent's session only where it is made, and its plugin posts in
//! order: it is doubled, not shuffled. A session that ends and is resumed is in no recording that is shuffled: without times nobody can tell which came first.

use std::collections::BTreeMap;

use arcane_shared::SpellName;
use arcane_shared::roster::Doing;
use proptest::prelude::*;

use super::super::dialect::Agent;
use super::{Lab, Recorded, recording};

/// What holds of a daemon in the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    doing: Option<Doing>,
    sessions: usize,
    calls: usize,
    waits: usize,
    /// Calls that ended well, and that failed.
    done: usize,
    failed: usize,
}

fn held(lab: &Lab) -> BTreeMap<String, Held> {
    let mut all: BTreeMap<String, Held> = BTreeMap::new();
    for draft in lab.drafts().iter().filter(|draft| draft.spell_name == SpellName::Invoke) {
        let is = |key: &str| draft.metadata.contains_key(key);
        if is("denied") || is("interrupted") || draft.metadata["tool"] == "turn" {
            continue;
        }
        let held = all.entry(draft.daemon_name.as_ref().unwrap().to_string()).or_default();
        *(if draft.success { &mut held.done } else { &mut held.failed }) += 1;
    }
    for daemon in lab.roster().iter() {
        // A turn that failed lasts as a failure; whether one was told depends on the order.
        let doing = if daemon.doing == Doing::Failed { Doing::Idle } else { daemon.doing };
        let name = daemon.daemon_name.to_string();
        if doing == Doing::Gone && !all.contains_key(&name) {
            continue;
        }
        let held = all.entry(name).or_default();
        held.doing = Some(doing);
        (held.sessions, held.calls, held.waits) =
            (daemon.sessions.len(), daemon.calls.len(), daemon.waiting.len());
    }
    all
}

/// A recording without what is told of the same calls a second time.
fn installed(name: &str) -> Vec<Recorded> {
    recording(name).into_iter().filter(|one| one.event != "PostToolBatch").collect()
}

fn plays(agent: Agent, all: &[Recorded], order: &[usize]) -> BTreeMap<String, Held> {
    let mut lab = Lab::of(agent);
    for at in order {
        lab.replay(&all[*at]);
    }
    held(&lab)
}

/// An order of so many payloads, some of them twice.
fn orders(len: usize) -> impl Strategy<Value = Vec<usize>> {
    let doubled = proptest::collection::vec(0..len, 0..len);
    doubled.prop_flat_map(move |doubled| {
        let all: Vec<usize> = (0..len).chain(doubled).collect();
        Just(all).prop_shuffle()
    })
}

/// Every payload in its order, some of them again at a later moment.
fn doublings(len: usize) -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec((0..len, 1..4_usize), 0..len).prop_map(move |again| {
        let mut order: Vec<(usize, usize)> = (0..len).map(|at| (at, at)).collect();
        order.extend(again.into_iter().map(|(at, later)| ((at + later).min(len - 1), at)));
        order.sort_by_key(|(when, _)| *when);
        order.into_iter().map(|(_, at)| at).collect()
    })
}

fn same(agent: Agent, name: &str, orders: impl Fn(usize) -> BoxedStrategy<Vec<usize>>) {
    let all = installed(name);
    let expected = plays(agent, &all, &(0..all.len()).collect::<Vec<_>>());
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(order in orders(all.len()))| {
        let found = plays(agent, &all, &order);
        prop_assert_eq!(&found, &expected, "{} {:?}", name, order);
    });
}

#[test]
fn shuffled_and_doubled_recordings_end_alike() {
    for (agent, name) in [
        (Agent::Claude, "claude/headless"),
        (Agent::Claude, "claude/tui"),
        (Agent::Claude, "claude/auto"),
        (Agent::Claude, "claude/interrupts"),
        (Agent::Claude, "claude/idle"),
        (Agent::Codex, "codex/headless"),
        (Agent::Codex, "codex/tui"),
        (Agent::Codex, "codex/tui-code"),
        (Agent::Gemini, "gemini/headless"),
        (Agent::Gemini, "gemini/tui"),
        (Agent::Copilot, "copilot/headless"),
        (Agent::Copilot, "copilot/pascal"),
        (Agent::Copilot, "copilot/tui"),
        (Agent::Copilot, "copilot/deny"),
        (Agent::Qwen, "qwen/headless"),
        (Agent::Qwen, "qwen/tui"),
    ] {
        same(agent, name, |len| orders(len).boxed());
    }
}

#[test]
fn doubled_recordings_of_opencode_end_alike() {
    for name in ["opencode/headless", "opencode/server"] {
        same(Agent::Opencode, name, |len| doublings(len).boxed());
    }
}
