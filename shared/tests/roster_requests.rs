//! The roster of daemons whose questions can be answered from elsewhere: a wait with a request ends with the request.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_shared::roster::Doing;
use serde_json::{Value, json};
use support::Told;

impl Told {
    #[expect(clippy::needless_pass_by_value, reason = "tests write them with json!")]
    fn tell(&mut self, spell: &str, metadata: Value) -> &mut Self {
        self.fold(json!({"spell_name": spell, "daemon_name": "claude", "metadata": metadata}))
    }

    fn asks(&mut self, request: &str, call: &str) -> &mut Self {
        self.tell(
            "voice",
            json!({"attention": true, "event": "await", "call_id": call, "session": "s", "request_id": request,
                "expires_at": "2026-01-31T22:10:00.000000"}),
        )
    }

    fn ends(&mut self, request: &str, waits_on: bool) -> &mut Self {
        self.tell(
            "voice",
            json!({"event": "await_end", "session": "s", "request_id": request, "waits_on": waits_on}),
        )
    }

    /// What it does, and the requests of its waits.
    fn waits(&self) -> (Doing, Vec<Option<&str>>) {
        let daemon = self.roster.get("claude").unwrap();
        (daemon.doing, daemon.waiting.iter().map(|wait| wait.request_id.as_deref()).collect())
    }
}

#[test]
fn requests_of_one_session_end_each_by_itself() {
    let mut told = Told::default();
    told.tell("summon", json!({"session": "s"})).asks("r1", "c1").asks("r2", "c1").asks("r2", "c1");
    assert_eq!(told.waits(), (Doing::Waiting, vec![Some("r1"), Some("r2")]));
    let expires_at = told.roster.get("claude").unwrap().waiting[0].expires_at.unwrap();
    assert_eq!(expires_at.to_string(), "2026-01-31T22:10:00.000000");
    told.ends("r2", false);
    assert_eq!(told.waits(), (Doing::Waiting, vec![Some("r1")]));
    told.ends("r9", false).ends("r1", false);
    assert_eq!(told.waits(), (Doing::Idle, vec![]));
}

#[test]
fn where_the_agents_own_prompt_has_the_word_the_wait_goes_on() {
    let mut told = Told::default();
    told.asks("r1", "c1").ends("r1", true);
    assert_eq!(told.waits(), (Doing::Waiting, vec![None]));
    // From then on it ends like any other.
    told.tell("reveal", json!({"query_type": "progress", "phase": "continue", "session": "s"}));
    assert_eq!(told.waits(), (Doing::Idle, vec![]));
}

#[test]
fn a_sign_of_life_that_names_no_call_is_no_answer() {
    let mut told = Told::default();
    told.asks("r1", "c1")
        .tell("reveal", json!({"query_type": "progress", "phase": "continue", "session": "s"}));
    told.tell("reveal", json!({"query_type": "progress", "phase": "begin", "call_id": "c2", "session": "s"}));
    assert_eq!(told.waits(), (Doing::Waiting, vec![Some("r1")]));
    told.tell("invoke", json!({"call_id": "c1", "task": "push", "session": "s"}));
    assert_eq!(told.waits(), (Doing::Working, vec![]));
}

#[test]
fn the_end_of_its_session_is_the_end_of_a_request() {
    let mut told = Told::default();
    told.tell("summon", json!({"session": "s"})).asks("r1", "c1");
    told.tell("banish", json!({"session": "s", "manifestations": 0}));
    assert_eq!(told.waits(), (Doing::Gone, vec![]));
    // An end that comes late brings nobody back.
    told.ends("r1", false);
    assert_eq!(told.waits(), (Doing::Gone, vec![]));
}
