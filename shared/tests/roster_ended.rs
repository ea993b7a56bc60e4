//! Ends of calls: one that is told twice counts once, and a duration that cannot be counts nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_shared::roster::{DaemonState, Doing, Dollars, ENDED_MAX, SECONDS_MAX, Sums};
use serde_json::{Value, json};
use support::Told;

impl Told {
    #[expect(clippy::needless_pass_by_value, reason = "tests write them with json!")]
    fn tell(&mut self, spell: &str, success: bool, metadata: Value) -> &mut Self {
        let event =
            json!({"spell_name": spell, "daemon_name": "codex", "success": success, "metadata": metadata});
        self.fold(event)
    }

    fn codex(&self) -> &DaemonState {
        self.roster.get("codex").unwrap()
    }

    fn sums(&self) -> Sums {
        self.codex().all
    }
}

fn dollars(sums: Sums) -> Option<f64> {
    sums.cost_usd.map(Dollars::get)
}

#[test]
fn an_end_that_is_told_twice_counts_once() {
    let end = |id: &str| json!({"call_id": id, "task": "t", "execution_time": 2.0, "session": "s"});
    let with = |mut end: Value, cost: f64| {
        end["cost_usd"] = cost.into();
        end
    };
    let mut told = Told::default();
    told.tell("summon", true, json!({"session": "s"})).tell("invoke", false, end("a")).tell(
        "reveal",
        true,
        json!({"query_type": "acknowledge"}),
    );
    // What the first did not tell counts, once.
    for _ in 0..2 {
        told.tell("invoke", false, with(end("a"), 0.5));
    }
    let figures = |sums: Sums| (sums.invocations, sums.failures, sums.seconds.get(), dollars(sums));
    assert_eq!((told.codex().doing, figures(told.sums())), (Doing::Idle, (1, 1, 2.0, Some(0.5))));
    let spent = told.codex().sessions[0].spent.unwrap();
    assert_eq!(spent.cost_usd.map(Dollars::get), Some(0.5));
    // An id that comes again with a beginning is another call's, and so is one of another session.
    let mut of_other = end("a");
    of_other["session"] = "other".into();
    told.tell("invoke", true, of_other);
    told.tell(
        "reveal",
        true,
        json!({"query_type": "progress", "phase": "begin", "call_id": "a", "session": "s"}),
    );
    told.tell("invoke", true, end("a"));
    assert_eq!(figures(told.sums()), (3, 1, 6.0, Some(0.5)));
    // As many are known as there is room for.
    for n in 0..=ENDED_MAX {
        told.tell("invoke", true, end(&n.to_string()));
    }
    assert_eq!(told.sums().invocations, 3 + 33);
    told.tell("invoke", true, end("32")).tell("invoke", true, end("0"));
    assert_eq!(told.sums().invocations, 3 + 33 + 1);
}

#[test]
fn a_duration_that_cannot_be_is_left_out_of_sums() {
    let mut told = Told::default();
    for seconds in [1e300, SECONDS_MAX + 1.0, 2.5] {
        told.tell("invoke", true, json!({"task": "t", "execution_time": seconds}));
    }
    assert_eq!((told.sums().invocations, told.sums().seconds.get()), (3, 2.5));
}

#[test]
fn a_call_that_was_denied_is_no_failure_that_lasts() {
    let end = |id: &str, denied: bool| json!({"call_id": id, "task": "t", "session": "s", "error": "no", "denied": denied});
    let mut told = Told::default();
    told.tell("summon", true, json!({"session": "s"})).tell("invoke", false, end("a", true));
    // It is counted, and who denied it knows of it.
    assert_eq!((told.sums().failures, told.codex().failure.as_ref()), (1, None));
    // One that lasts is not over because another call was denied.
    told.tell("invoke", false, end("b", false)).tell("invoke", false, end("c", true));
    assert_eq!(told.codex().failure.as_ref().map(|failure| failure.seq), Some(3));
    assert_eq!(told.codex().doing, Doing::Failed);
}
