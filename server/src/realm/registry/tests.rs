//! The rules of the realm, as tables and laws.

use arcane_shared::color;
use proptest::prelude::*;

use super::*;

fn name(text: &str) -> DaemonName {
    DaemonName::parse(text).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_unix_micros(1_000_000)
}

/// Decides and applies.
fn cast(
    registry: &mut Registry,
    decide: impl FnOnce(&Registry) -> Result<Change, Refusal>,
) -> Result<(), Refusal> {
    let change = decide(registry)?;
    registry.apply(change);
    Ok(())
}

#[test]
fn a_new_presence_counts_from_zero_and_totals_go_on() {
    let mut registry = Registry::new(&BTreeMap::new(), 10);
    let claude = name("claude");
    cast(&mut registry, |registry| registry.summon(&claude, now())).unwrap();
    assert_eq!(registry.summon(&claude, now()).unwrap_err(), Refusal::AlreadyHere(claude.clone()));
    assert_eq!(
        cast(&mut registry, |registry| registry.begin(&claude, now()).map(|(_, change)| change)),
        Ok(())
    );
    cast(&mut registry, |registry| Ok(registry.finish(&claude, true, 2.0))).unwrap();
    let gone = registry.card(&claude, color::CLAUDE).unwrap();
    assert_eq!((gone.invocation_count, gone.total_time), (1, 2.0));
    cast(&mut registry, |registry| registry.banish(&claude, now())).unwrap();
    assert_eq!(registry.begin(&claude, now()).unwrap_err(), Refusal::NotHere(claude.clone()));
    cast(&mut registry, |registry| registry.summon(&claude, now())).unwrap();
    let back = registry.card(&claude, color::CLAUDE).unwrap();
    assert_eq!((back.invocation_count, back.total_invocations, back.total_execution_time), (0, 1, 2.0));
}

#[test]
fn a_decision_changes_nothing_before_it_is_applied() {
    let mut registry = Registry::new(&BTreeMap::new(), 10);
    let claude = name("claude");
    let summoning = registry.summon(&claude, now()).unwrap();
    assert!(!registry.card(&claude, color::CLAUDE).unwrap().is_active);
    assert!(summoning.card(color::CLAUDE).is_active);
    registry.apply(summoning);
    let before = registry.card(&claude, color::CLAUDE);
    drop(registry.banish(&claude, now()).unwrap());
    drop(registry.begin(&claude, now()).unwrap());
    drop(registry.finish(&claude, true, 1.0));
    assert_eq!(registry.card(&claude, color::CLAUDE), before);
}

#[test]
fn in_a_full_realm_the_daemon_that_was_absent_the_longest_makes_room() {
    let mut registry = Registry::new(&BTreeMap::new(), 5);
    for (at, daemon) in ["codex", "cursor"].into_iter().enumerate() {
        let at = Timestamp::from_unix_micros(i64::try_from(at).unwrap() + 1);
        cast(&mut registry, |registry| registry.summon(&name(daemon), at)).unwrap();
    }
    assert_eq!(registry.summon(&name("aider"), now()).unwrap_err(), Refusal::TooMany(5));
    cast(&mut registry, |registry| registry.banish(&name("cursor"), now())).unwrap();
    cast(&mut registry, |registry| registry.banish(&name("codex"), Timestamp::from_unix_micros(3))).unwrap();
    let change = registry.summon(&name("aider"), now()).unwrap();
    let kept: Vec<_> = change.kept().map(|(name, kept)| (name.to_string(), kept.is_some())).collect();
    assert_eq!(kept, [("codex".to_owned(), false), ("aider".to_owned(), true)]);
    registry.apply(change);
    let names: Vec<_> =
        registry.cards(|_| color::CLAUDE).iter().map(|card| card.daemon_name.to_string()).collect();
    assert_eq!(names, ["claude", "gemini", "liquidmetal", "aider", "cursor"], "the seed's own stay");
}

#[test]
fn where_all_are_present_the_one_that_is_idle_for_a_week_makes_room() {
    let mut registry = Registry::new(&BTreeMap::new(), 4);
    let (codex, aider) = (name("codex"), name("aider"));
    cast(&mut registry, |registry| registry.summon(&codex, Timestamp::from_unix_micros(0))).unwrap();
    let at = Timestamp::from_unix_micros;
    assert_eq!(registry.idle(&aider, at(IDLE_MICROS - 1)), None);
    assert_eq!(registry.idle(&codex, at(IDLE_MICROS)), None, "it is known");
    assert_eq!(registry.idle(&aider, at(IDLE_MICROS)), Some(&codex));
    cast(&mut registry, |registry| Ok(registry.begin(&codex, at(0))?.1)).unwrap();
    assert_eq!(registry.idle(&aider, at(IDLE_MICROS)), None, "it is at work");
}

#[test]
fn what_is_forgotten_is_unknown_and_what_belongs_to_the_realm_begins_anew() {
    let mut registry = Registry::new(&BTreeMap::new(), 10);
    let (claude, codex) = (name("claude"), name("codex"));
    assert!(registry.forget(&codex).is_none());
    for daemon in [&claude, &codex] {
        cast(&mut registry, |registry| registry.summon(daemon, now())).unwrap();
        cast(&mut registry, |registry| Ok(registry.finish(daemon, true, 1.0))).unwrap();
        assert_eq!(registry.forget(daemon).unwrap().unwrap_err(), Refusal::StillHere(daemon.clone()));
        cast(&mut registry, |registry| registry.banish(daemon, now())).unwrap();
        let forgetting = registry.forget(daemon).unwrap().unwrap();
        registry.forgotten(forgetting);
    }
    assert_eq!(registry.card(&claude, color::CLAUDE).unwrap().total_invocations, 0);
    assert_eq!(registry.card(&codex, color::CLAUDE), None);
}

proptest! {
    #[test]
    fn counts_are_what_happened(spells in proptest::collection::vec((0_u8..4, 0_u8..3, any::<bool>()), 0..200)) {
        let names = ["claude", "gemini", "x"].map(name);
        let mut registry = Registry::new(&BTreeMap::new(), 10);
        let mut present = [false; 3];
        let mut finished = [0_u64; 3];
        for (spell, who, success) in spells {
            let (at, daemon) = (usize::from(who), &names[usize::from(who)]);
            match spell {
                0 => prop_assert_eq!(cast(&mut registry, |registry| registry.summon(daemon, now())).is_ok(), !std::mem::replace(&mut present[at], true)),
                1 => prop_assert_eq!(cast(&mut registry, |registry| registry.banish(daemon, now())).is_ok(), std::mem::take(&mut present[at])),
                _ => {
                    prop_assert_eq!(registry.begin(daemon, now()).is_ok(), present[at]);
                    if present[at] {
                        cast(&mut registry, |registry| Ok(registry.finish(daemon, success, 1.0))).unwrap();
                        finished[at] += 1;
                    }
                }
            }
        }
        for (at, daemon) in names.iter().enumerate() {
            let card = registry.card(daemon, color::CLAUDE);
            prop_assert_eq!(card.as_ref().is_some_and(|card| card.is_active), present[at]);
            prop_assert_eq!(card.map_or(0, |card| card.total_invocations), finished[at]);
        }
    }
}
