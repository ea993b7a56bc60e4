use std::collections::{BTreeMap, BTreeSet};

use arcane_shared::roster::{Doing, Roster, Sign};
use arcane_shared::{SpellName, Timestamp};
use serde_json::{Value, json};

use super::cast::Who;
use super::script::{Beat, Deed, ROUND_S, SCRIPT};
use super::*;
use crate::config::BusConfig;
use crate::intake::Draft;

/// Most events in any second.
const PER_SECOND_MAX: usize = 4;

fn drafts(round: u64) -> Vec<Draft> {
    let at = |beat: &Beat| Timestamp::from_unix_micros((beat.at_ms * 1000).cast_signed());
    SCRIPT.iter().map(|beat| events::draft(beat, round, at(beat))).collect()
}

fn text<'a>(draft: &'a Draft, key: &str) -> Option<&'a str> {
    draft.metadata.get(key)?.as_str()
}

/// What the bus shows of the beats before a time, folded as every reader folds it.
fn roster_at(rounds: u64, until_ms: u64) -> Roster {
    let bus = ArcaneEventBus::new(BusConfig { history_size: 10_000, ..BusConfig::default() });
    for round in 0..rounds {
        let all = drafts(round).into_iter().zip(SCRIPT);
        let told =
            all.filter(|(_, beat)| round + 1 < rounds || beat.at_ms < until_ms).map(|(draft, _)| draft);
        intake::submit(&bus, &bus.default_room(), told.collect(), Submission::default()).unwrap();
    }
    folded(&bus)
}

/// What every reader makes of a bus's events.
fn folded(bus: &ArcaneEventBus) -> Roster {
    let mut roster = Roster::default();
    for event in bus.recent_events(10_000) {
        roster.fold(event.seq.unwrap(), Sign::read(&event).as_ref());
    }
    roster
}

fn doing(roster: &Roster) -> BTreeMap<&str, Doing> {
    roster.iter().map(|daemon| (daemon.daemon_name.as_str(), daemon.doing)).collect()
}

#[test]
fn a_round_is_in_order_ends_in_time_and_has_a_human_pace() {
    assert!(SCRIPT.is_sorted_by_key(|beat| beat.at_ms));
    assert!(SCRIPT.last().unwrap().at_ms < ROUND_S * 1000);
    let two_rounds: Vec<u64> =
        (0..2).flat_map(|n| SCRIPT.iter().map(move |beat| n * ROUND_S * 1000 + beat.at_ms)).collect();
    for (n, from) in two_rounds.iter().enumerate() {
        let in_second = two_rounds[n..].iter().take_while(|at| **at < from + 1000).count();
        assert!(in_second <= PER_SECOND_MAX, "{in_second} events in the second after {from}");
    }
}

#[test]
fn every_call_begins_once_and_ends_once_of_the_same_agent() {
    let mut open = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for beat in SCRIPT {
        match beat.deed {
            Deed::Begins { call, .. } => {
                assert!(seen.insert(call), "{call} begins twice");
                open.insert(call, beat.who);
            }
            Deed::Ends { call } | Deed::Fails { call, .. } => {
                assert_eq!(open.remove(call), Some(beat.who), "{call} ends without a beginning");
            }
            Deed::Comes { call, .. } | Deed::Waits { call, .. } | Deed::GoesOn { call } => {
                assert_eq!(open.get(call), Some(&beat.who), "{call} is not open");
            }
            Deed::Says { .. } | Deed::Leaves => {
                assert!(!open.values().any(|who| *who == beat.who), "{beat:?} would close calls");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_wait_is_answered() {
    let mut waits = BTreeMap::new();
    for beat in SCRIPT {
        match beat.deed {
            Deed::Waits { call, .. } => assert_eq!(waits.insert(call, beat.at_ms), None),
            Deed::GoesOn { call } => {
                let waited_ms = beat.at_ms - waits.remove(call).unwrap();
                assert!((5_000..=15_000).contains(&waited_ms), "{call} waits {waited_ms} ms");
            }
            Deed::Ends { call } | Deed::Fails { call, .. } => assert!(!waits.contains_key(call)),
            _ => {}
        }
    }
    assert!(waits.is_empty(), "{waits:?}");
}

#[test]
fn agents_are_told_of_while_they_are_there_and_leave_before_the_next_round() {
    let mut here = BTreeSet::new();
    let mut came = BTreeSet::new();
    for beat in SCRIPT {
        let Some(who) = beat.who else { continue };
        match beat.deed {
            Deed::Arrives => {
                assert!(here.insert(who) && came.insert(who));
                assert!(who.parent().is_none_or(|parent| here.contains(&parent)));
            }
            Deed::Leaves => assert!(here.remove(&who)),
            _ => assert!(here.contains(&who), "{beat:?}"),
        }
    }
    assert!(here.is_empty(), "{here:?}");
    assert_eq!(came, Who::ALL.into());
}

#[test]
fn a_newcomer_sees_each_state_early_and_calm_at_the_end() {
    let failed_at = |ms| doing(&roster_at(1, ms)).get("codex").copied() == Some(Doing::Failed);
    assert!(!failed_at(8_000) && failed_at(9_000) && failed_at(28_000) && !failed_at(29_000));
    let at_10 = roster_at(1, 10_000);
    assert!(doing(&at_10).values().any(|doing| *doing == Doing::Working), "{at_10:?}");
    let at_25 = roster_at(1, 25_000);
    let expected = [
        ("claude", Doing::Working),
        ("codex", Doing::Failed),
        ("gemini", Doing::Waiting),
        ("liquidmetal", Doing::Working),
        ("reviewer", Doing::Idle),
    ];
    assert_eq!(doing(&at_25), expected.into());
    for at_ms in [46_000, 49_000, 82_000, 88_000] {
        let resting = roster_at(1, at_ms);
        let present = doing(&resting).into_values().filter(|doing| *doing != Doing::Gone);
        assert_eq!(present.collect::<Vec<_>>(), [Doing::Idle; 4], "at {at_ms}");
    }
}

#[test]
fn the_last_word_is_the_demos_own_and_names_both_steps() {
    let says = |deed: &Deed| matches!(deed, Deed::Says { .. } | Deed::Explains { .. });
    let at = SCRIPT.iter().rposition(|beat| says(&beat.deed)).unwrap();
    assert_eq!(SCRIPT[at].at_ms, (ROUND_S - 6) * 1000);
    let Deed::Explains { line } = SCRIPT[at].deed else { panic!("{:?}", SCRIPT[at]) };
    assert!(line.contains("invented") && line.contains("arcane serve, then arcane attach claude"), "{line}");
    let said = &drafts(0)[at];
    assert_eq!(said.daemon_name.as_ref().unwrap().as_str(), cast::NARRATOR);
    assert!(roster_at(1, u64::MAX).get(cast::NARRATOR).is_none(), "it is no agent");
}

#[test]
fn each_round_begins_on_an_empty_stage_and_costs_the_same() {
    let (one, three) = (roster_at(1, u64::MAX), roster_at(3, u64::MAX));
    for roster in [&one, &three] {
        assert!(doing(roster).values().all(|doing| *doing == Doing::Gone), "{roster:?}");
    }
    let figures = |roster: &Roster| {
        let of = |name: &str| roster.get(name).unwrap().all;
        Who::ALL.map(|who| {
            let sums = json!(of(who.name()));
            assert!(sums["cost_usd"].as_f64().is_some_and(|cost| cost > 0.0 && cost < 1.0), "{sums}");
            (sums["invocations"].as_u64().unwrap(), of(who.name()).cost_usd.unwrap())
        })
    };
    for (once, thrice) in figures(&one).into_iter().zip(figures(&three)) {
        assert_eq!(thrice.0, 3 * once.0);
        assert_eq!(thrice.1, once.1.plus(once.1).plus(once.1));
    }
}

#[test]
fn an_agent_that_is_really_there_is_neither_sent_away_nor_hurried() {
    let bus = ArcaneEventBus::new(BusConfig { history_size: 10_000, ..BusConfig::default() });
    let begins = SCRIPT.iter().position(|beat| matches!(beat.deed, Deed::Begins { .. })).unwrap();
    let mut told = drafts(0);
    let mut real = told[begins].clone();
    real.metadata.insert("session".into(), "real".into());
    real.metadata.insert("call_id".into(), "real-call".into());
    told.insert(begins, real);
    intake::submit(&bus, &bus.default_room(), told, Submission::default()).unwrap();
    let roster = folded(&bus);
    let claude = roster.get("claude").unwrap();
    assert_eq!(claude.doing, Doing::Working);
    assert_eq!(
        claude.calls.iter().map(|call| call.call_id.as_deref()).collect::<Vec<_>>(),
        [Some("real-call")]
    );
    assert_eq!(doing(&roster)["codex"], Doing::Gone);
}

#[test]
fn events_have_the_fields_that_adapters_give_them() {
    let all = drafts(7);
    let of = |deed: fn(&Deed) -> bool| {
        let at = SCRIPT.iter().position(|beat| deed(&beat.deed)).unwrap();
        json!(all[at].metadata)
    };
    assert_eq!(
        of(|deed| matches!(deed, Deed::Fails { .. })),
        json!({
            "session": "demo-7-codex", "host": "forge-2", "project": "ledger", "model": "gpt-6.2-sol", "source": "demo",
            "call_id": "demo-7-test", "tool": "exec_command", "task": "cargo test -p ledger", "execution_time": 3.9,
            "invocation_number": 1, "error": "exit 101: balances_add_up: left 99.98, right 100.00"
        })
    );
    let wait = of(|deed| matches!(deed, Deed::Waits { .. }));
    assert_eq!(wait["since"], "1970-01-01T00:00:16.000000");
    let moon = all.iter().find(|draft| draft.daemon_name == Some(Who::Reviewer.daemon())).unwrap();
    assert_eq!(text(moon, "session"), Some("demo-7-claude"));
    assert_eq!(text(moon, "agent_id"), Some("demo-7-reviewer"));
    assert_eq!(text(moon, "parent_daemon"), Some("claude"));
    for draft in &all {
        crate::event::metadata::check(draft.spell_name, &draft.metadata).unwrap();
        assert_eq!(text(draft, "source"), Some("demo"));
        let is_failure = draft.spell_name == SpellName::Invoke && draft.metadata.contains_key("error");
        assert_eq!(draft.success, !is_failure);
    }
    let calls: Vec<Option<&Value>> = all.iter().map(|draft| draft.metadata.get("call_id")).collect();
    assert!(drafts(8).iter().all(|draft| {
        let id = draft.metadata.get("call_id");
        id.is_none() || !calls.contains(&id)
    }));
}

#[tokio::test]
async fn it_is_played_in_the_default_room_at_its_own_pace() {
    let bus = ArcaneEventBus::new(BusConfig::default());
    let mut events = bus.subscribe();
    let playing = tokio::spawn(play(bus.clone()));
    let began = Instant::now();
    let crate::bus::Delivery::Event(first) = events.next().await else { panic!("no event") };
    playing.abort();
    assert_eq!(
        first.event().description,
        "✨ The runes pulse with purple energy as CLAUDE materializes from the aether! ✨"
    );
    assert!(began.elapsed() >= std::time::Duration::from_millis(SCRIPT[0].at_ms));
}
