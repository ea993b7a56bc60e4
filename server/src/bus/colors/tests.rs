//! Colours over many events, refusals and restarts.

use arcane_shared::{Metadata, Timestamp};
use proptest::prelude::*;

use futures_util::FutureExt as _;

use super::*;
use crate::log::EventLog;
use crate::log::memory::MemoryLog;
use crate::log::retention::Retention;

fn event(daemon: &str, spell_name: SpellName, success: bool) -> ArcaneEvent {
    ArcaneEvent {
        spell_name,
        daemon_name: Some(DaemonName::parse(daemon).unwrap()),
        timestamp: Timestamp::from_unix_micros(0),
        success,
        description: String::new(),
        metadata: Metadata::new(),
        seq: None,
        room: None,
    }
}

/// What can be seen of the colours: who has which, and what a newcomer would get.
fn shown(colors: &Colors) -> (BTreeMap<DaemonName, (Rgb, bool)>, Rgb) {
    let known = colors.known.iter().map(|(daemon, known)| (daemon.clone(), (known.color, known.is_present)));
    (known.collect(), colors.crowding.pick("newcomer"))
}

proptest! {
    #[test]
    fn refusals_change_nothing_and_a_restart_changes_nothing(
        events in proptest::collection::vec((0_u16..400, 0_u8..4, any::<bool>(), any::<bool>()), 0..900),
    ) {
        let room = RoomName::parse("lab").unwrap();
        let log = MemoryLog::new(Retention::default());
        let mut colors = Colors::default();
        let mut seq = 0;
        for (daemon, spell, success, taken) in events {
            let spell = [SpellName::Summon, SpellName::Invoke, SpellName::Banish, SpellName::Reveal][usize::from(spell)];
            let event = event(&format!("d{daemon}"), spell, success);
            let (before, mut records) = (shown(&colors), Vec::new());
            let would = colors.color(event.daemon_name.as_ref().unwrap());
            let full = colors.known.len() >= DAEMONS_MAX;
            let color = colors.take(&room, &event, seq + 1, &mut records).unwrap();
            prop_assert!(full || color == would, "a look says what it will be");
            if taken {
                seq += 1;
                colors.keep();
                log.remember(records).unwrap();
            } else {
                colors.undo();
                prop_assert_eq!(shown(&colors), before);
            }
        }
        let recalled = Colors::recall(&room, &log.recall("color/lab/").now_or_never().unwrap().unwrap());
        prop_assert!(colors.known.len() <= DAEMONS_MAX);
        prop_assert_eq!(shown(&recalled), shown(&colors));
    }
}

#[test]
fn present_daemons_are_told_apart_and_those_that_left_are_in_nobodys_way() {
    let room = RoomName::default();
    let (mut colors, mut records) = (Colors::default(), Vec::new());
    let mut take =
        |daemon: &str, spell| colors.take(&room, &event(daemon, spell, true), 1, &mut records).unwrap();
    for n in 0..60 {
        take(&format!("worker-{n}"), SpellName::Summon);
        take(&format!("worker-{n}"), SpellName::Banish);
    }
    let present: Vec<Rgb> = ["codex", "cursor", "copilot", "opencode", "aider", "qwen", "mistral", "grok"]
        .iter()
        .map(|daemon| take(daemon, SpellName::Summon))
        .collect();
    for (at, color) in present.iter().enumerate() {
        for other in &present[at + 1..] {
            assert!(color.distance(*other) >= arcane_shared::color::DISTANCE_MIN, "{color} {other}");
        }
    }
}

#[test]
fn a_daemon_keeps_its_colour_when_it_comes_back() {
    let room = RoomName::default();
    let (mut colors, mut records) = (Colors::default(), Vec::new());
    let mut take =
        |daemon: &str, spell| colors.take(&room, &event(daemon, spell, true), 1, &mut records).unwrap();
    let first = take("codex", SpellName::Summon);
    take("codex", SpellName::Banish);
    for n in 0..30 {
        take(&format!("worker-{n}"), SpellName::Summon);
    }
    assert_eq!(take("codex", SpellName::Summon), first);
}

#[test]
fn fixed_colours_win_and_crowd() {
    let codex = DaemonName::parse("codex").unwrap();
    let mut colors = Colors::default();
    let own = colors.color(&codex);
    let other = DaemonName::parse("other").unwrap();
    colors.fix(&Arc::new(BTreeMap::from([(other.clone(), own)])));
    assert_eq!(colors.color(&other), own);
    assert_ne!(colors.color(&codex), own);
    assert_eq!(colors.color(&DaemonName::parse("claude").unwrap()), arcane_shared::color::CLAUDE);
}

#[test]
fn the_list_that_earlier_versions_kept_is_read_for_the_default_room() {
    let records = [
        ("color/codex".to_owned(), "#123456".to_owned()),
        ("color/lab/codex".to_owned(), "#654321".to_owned()),
    ];
    let codex = DaemonName::parse("codex").unwrap();
    assert_eq!(Colors::recall(&RoomName::default(), &records).color(&codex), Rgb([0x12, 0x34, 0x56]));
    assert_eq!(
        Colors::recall(&RoomName::parse("lab").unwrap(), &records).color(&codex),
        Rgb([0x65, 0x43, 0x21])
    );
}
