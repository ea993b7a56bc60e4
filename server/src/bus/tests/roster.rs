//! The bus folds what it takes; a page folds what it is sent: the same, whatever was published.

use arcane_shared::roster::{Roster, Sign};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn any_draft() -> impl Strategy<Value = Value> {
    let field = prop_oneof![
        prop::sample::select(vec!["progress", "enrich", "acknowledge", "forget"])
            .prop_map(|q| json!({"query_type": q})),
        prop::sample::select(vec!["begin", "end"]).prop_map(|phase| json!({"phase": phase})),
        prop::sample::select(vec![json!("a"), json!("b"), json!(7), json!(null)])
            .prop_map(|id| json!({"call_id": id})),
        prop::sample::select(vec!["test", "\u{202e}x\ny", ""])
            .prop_map(|task| json!({"task": task, "error": task})),
        prop_oneof![Just(json!(0.1)), Just(json!(1e300)), Just(json!(-1)), Just(json!("2")), Just(json!(3))]
            .prop_map(|n| json!({"cost_usd": n, "output_tokens": n})),
        (0.0..50.0_f64).prop_map(|seconds| json!({"execution_time": seconds})),
        Just(json!({"attention": true})),
        Just(json!({"color": "#123456", "sync": {"emitted_at": 5, "deadline_ms": 9}})),
    ];
    let spell = prop::sample::select(SpellName::ALL.map(SpellName::as_str).to_vec());
    let daemon = prop::option::weighted(0.9, prop::sample::select(vec!["claude", "codex", "new"]));
    (spell, daemon, prop::bool::weighted(0.8), prop::collection::vec(field, 0..4)).prop_map(
        |(spell, daemon, success, fields)| {
            let mut metadata = serde_json::Map::new();
            fields.iter().for_each(|field| metadata.extend(field.as_object().unwrap().clone()));
            json!({"spell_name": spell, "daemon_name": daemon, "success": success, "metadata": metadata})
        },
    )
}

fn histories() -> u32 {
    std::env::var("ARCANE_HISTORIES").map_or(500, |n| n.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(histories()))]

    #[test]
    fn what_the_bus_folds_is_what_a_page_folds(drafts in prop::collection::vec(any_draft(), 1..25)) {
        let bus = bus();
        let HeldRoom(room) = bus.default_room();
        let mut page = Roster::after(0, room.roster().day_offset_minutes());
        for draft in drafts {
            let draft = intake::read_one(draft.to_string().as_bytes()).unwrap();
            let emitted = intake::emit(&bus, &bus.default_room(), draft, Submission::default()).unwrap();
            let Events::Numbered(frames) = emitted.events else { unreachable!() };
            let event: arcane_shared::ReceivedEvent = serde_json::from_slice(frames[0].json()).unwrap();
            page.fold(frames[0].seq(), Sign::read(&event).as_ref());
            prop_assert_eq!(&room.roster(), &page);
        }
    }
}
