use proptest::prelude::*;
use proptest::sample::Index;

use crate::check::{Rule, check};
use crate::history::{Card, Cast, Decision, History, Moment, Read, Source, Spell, digest};

const NODES: [&str; 3] = ["n1", "n2", "n3"];
const DAEMONS: [&str; 2] = ["ada", "bob"];

fn read(node: &str, seq: u64, spell: Spell, daemon: &str, is_accepted: bool) -> Read {
    let content = format!("{} {daemon}, {is_accepted}", spell.as_str());
    let source = Source::Spell { spell, daemon: daemon.into(), is_accepted };
    let digest = digest(content.as_bytes());
    let (reader, room, epoch, content) = (node.into(), "main".into(), "e1".into(), content.into());
    Read { reader, room, epoch, seq, content, digest, source }
}

fn card(node: &str, daemon: &str, is_present: bool, invocations: u64) -> Card {
    let whole = format!("{daemon} {is_present} {invocations}").into();
    Card { node: node.into(), daemon: daemon.into(), is_present, invocations, whole }
}

/// A history as it must be, of spells on two daemons one after the other; of some there is no answer.
fn history(spells: &[(usize, usize, bool)]) -> History {
    let mut history = History { nodes: NODES.map(Into::into).into(), ..History::default() };
    let mut daemons = [(false, 0, false); 2];
    for (seq, (spell, daemon, is_answered)) in (1..).zip(spells) {
        let (spell, state) = (Spell::ALL[*spell], &mut daemons[*daemon]);
        let is_accepted = (spell == Spell::Summon) != state.0;
        if is_accepted {
            *state = (spell != Spell::Banish, state.1 + u64::from(spell == Spell::Invoke), true);
        }
        let decision = match (is_answered, is_accepted) {
            (false, _) => Decision::Unknown,
            (true, true) => Decision::Accepted { seq },
            (true, false) => Decision::Refused,
        };
        let (sent, answered) = (Moment::from_millis(seq * 10), Moment::from_millis(seq * 10 + 5));
        let (room, name) = ("main".into(), DAEMONS[*daemon]);
        history.casts.push(Cast { room, spell, daemon: name.into(), sent, answered, decision });
        history.kept.extend(NODES.map(|node| read(node, seq, spell, name, is_accepted)));
    }
    for (name, (is_present, invocations, is_known)) in DAEMONS.into_iter().zip(daemons) {
        if is_known {
            history.cards.extend(NODES.map(|node| card(node, name, is_present, invocations)));
        }
    }
    history
}

fn spells() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    let is_answered = proptest::bool::weighted(0.9);
    proptest::collection::vec((0..Spell::ALL.len(), 0..DAEMONS.len(), is_answered), 4..40)
}

fn rules(history: &History) -> Vec<Rule> {
    let mut rules: Vec<Rule> = check(history).into_iter().map(|finding| finding.rule).collect();
    rules.sort();
    rules.dedup();
    rules
}

/// The number of some spell that was answered as accepted.
fn accepted(history: &History, which: Index) -> Option<u64> {
    let accepted = history.casts.iter().filter_map(|cast| match cast.decision {
        Decision::Accepted { seq } => Some(seq),
        _ => None,
    });
    let accepted: Vec<u64> = accepted.collect();
    (!accepted.is_empty()).then(|| *which.get(&accepted))
}

proptest! {
    #[test]
    fn a_history_as_it_must_be_has_no_findings(spells in spells()) {
        prop_assert_eq!(check(&history(&spells)), []);
    }

    #[test]
    fn an_accepted_spell_that_all_nodes_lost_is_found(spells in spells(), which: Index) {
        let mut history = history(&spells);
        let Some(lost) = accepted(&history, which) else { return Ok(()) };
        history.kept.retain(|read| read.seq != lost);
        prop_assert!(rules(&history).contains(&Rule::Cast));
    }

    #[test]
    fn a_spell_that_was_decided_the_other_way_is_found(spells in spells(), which: Index) {
        let mut history = history(&spells);
        let seq = which.index(spells.len()) as u64 + 1;
        for read in history.kept.iter_mut().filter(|read| read.seq == seq) {
            if let Source::Spell { is_accepted, .. } = &mut read.source {
                *is_accepted = !*is_accepted;
            }
        }
        prop_assert!(rules(&history).contains(&Rule::Decided));
    }

    #[test]
    fn a_spell_that_no_caster_cast_is_found(spells in spells(), which: Index) {
        let mut history = history(&spells);
        history.casts.remove(which.index(spells.len()));
        prop_assert!(rules(&history).contains(&Rule::Cast));
    }

    #[test]
    fn spells_in_the_wrong_order_are_found(spells in spells(), which: Index) {
        let mut history = history(&spells);
        let Some(seq) = accepted(&history, which) else { return Ok(()) };
        let is_later = |cast: &&Cast| matches!(cast.decision, Decision::Accepted { seq: other } if other > seq);
        let Some(later) = history.casts.iter().find(is_later).map(|cast| cast.answered) else { return Ok(()) };
        let late = |cast: &&mut Cast| cast.decision == Decision::Accepted { seq };
        let late = history.casts.iter_mut().find(late).unwrap();
        (late.sent, late.answered) = (later + Moment::from_millis(1), later + Moment::from_millis(2));
        prop_assert_eq!(rules(&history), [Rule::RealTime]);
    }
}

fn told(history: &History) -> String {
    check(history).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Summon, summon again, invoke and banish one daemon; summon another.
const SPELLS: [(usize, usize, bool); 5] =
    [(0, 0, true), (0, 0, true), (1, 0, true), (2, 0, true), (0, 1, true)];

#[test]
fn a_summon_that_is_accepted_twice_is_found() {
    let mut history = history(&SPELLS);
    for read in history.kept.iter_mut().filter(|read| read.seq == 2) {
        read.source = Source::Spell { spell: Spell::Summon, daemon: "ada".into(), is_accepted: true };
    }
    history.casts[1].decision = Decision::Accepted { seq: 2 };
    insta::assert_snapshot!(told(&history), @"Decided: main: 2, summon ada, is accepted, and it was present");
}

#[test]
fn a_banish_that_was_accepted_and_lost_is_found() {
    let mut history = history(&SPELLS);
    for read in history.kept.iter_mut().filter(|read| read.seq == 4) {
        read.source = Source::Narration;
    }
    insta::assert_snapshot!(told(&history), @"
    Cast: main: 4 is no spell, and was answered as banish ada, accepted
    Cards: n1 says of ada: absent with 1 invocations; the spells in the room say: present with 1
    Cards: n2 says of ada: absent with 1 invocations; the spells in the room say: present with 1
    Cards: n3 says of ada: absent with 1 invocations; the spells in the room say: present with 1
    ");
}

#[test]
fn an_answer_for_two_and_a_refusal_without_an_event_are_found() {
    let mut history = history(&SPELLS);
    let again = history.casts[0].clone();
    history.casts.push(Cast { sent: Moment::ZERO, ..again });
    let refused = Cast { decision: Decision::Refused, ..history.casts[1].clone() };
    history.casts.push(refused);
    insta::assert_snapshot!(told(&history), @"
    Cast: main: 1, summon ada, was answered to two casters
    Cast: main: summon ada is there 1 times as refused, and was answered so 2 times
    ");
}

#[test]
fn cards_that_differ_or_are_wrong_or_missing_are_found() {
    let mut history = history(&SPELLS);
    history.cards[1].whole = "ada, as another node has it".into();
    history.cards[2] = card("n3", "ada", true, 1);
    history.cards.remove(3);
    insta::assert_snapshot!(told(&history), @"
    Cards: of ada n1 says ada false 1, and n2 ada, as another node has it
    Cards: n3 says of ada: present with 1 invocations; the spells in the room say: absent with 1
    Cards: of ada n1 says ada false 1, and n3 ada true 1
    Cards: n1 does not know bob, on which spells were cast
    ");
}
