//! The roster of daemons that run several times at once: each session has its own calls and waits.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use arcane_shared::roster::{Doing, Roster, SESSIONS_MAX, WAITS_IN_ALL_MAX};
use serde_json::{Value, json};
use support::Told;

impl Told {
    fn tell(&mut self, daemon: &str, spell: &str, success: bool, mut metadata: Value) -> &mut Self {
        self.passed_ms += 1.0;
        metadata["sync"] = json!({ "emitted_at": 1_769_896_800_000.0 + self.passed_ms });
        let event =
            json!({"spell_name": spell, "daemon_name": daemon, "success": success, "metadata": metadata});
        self.fold(event)
    }

    fn begin(&mut self, session: &str, call: &str) -> &mut Self {
        let metadata = json!({"query_type": "progress", "phase": "begin", "call_id": call, "task": call, "session": session});
        self.tell("claude", "reveal", true, metadata)
    }

    fn end(&mut self, session: &str, call: &str) -> &mut Self {
        self.tell("claude", "invoke", true, json!({"call_id": call, "task": call, "session": session}))
    }

    fn claude(&self) -> (Doing, usize, usize, usize) {
        let daemon = self.roster.get("claude").unwrap();
        (daemon.doing, daemon.sessions.len(), daemon.calls.len(), daemon.waiting.len())
    }
}

fn wait(session: &str, call: Option<&str>) -> Value {
    json!({"attention": true, "event": "await", "call_id": call, "session": session})
}

#[test]
fn what_one_session_does_puts_out_no_wait_of_another() {
    let mut told = Told::default();
    told.tell("claude", "summon", true, json!({"session": "a", "manifestations": 1}));
    told.begin("a", "a1").tell("claude", "voice", true, wait("a", Some("a1")));
    told.tell("claude", "summon", true, json!({"session": "b", "manifestations": 2}));
    told.begin("b", "b1").begin("b", "b2").end("b", "b1");
    told.tell("claude", "voice", true, json!({"event": "answer", "session": "b"}));
    assert_eq!(told.claude(), (Doing::Waiting, 2, 1, 1));
    told.end("a", "a1");
    assert_eq!(told.claude(), (Doing::Idle, 2, 0, 0));
}

#[test]
fn a_daemon_is_gone_with_its_last_session() {
    let mut told = Told::default();
    for session in ["a", "b"] {
        told.begin(session, session);
    }
    told.tell("claude", "banish", true, json!({"session": "a", "manifestations": 1}));
    assert_eq!(told.claude(), (Doing::Working, 1, 1, 0));
    told.tell("claude", "banish", true, json!({"session": "b", "manifestations": 0}));
    assert_eq!(told.claude(), (Doing::Gone, 0, 0, 0));
}

#[test]
fn a_call_that_is_let_go_is_not_counted() {
    let mut told = Told::default();
    let closed = json!({"query_type": "progress", "phase": "end", "call_id": "1", "session": "a"});
    told.begin("a", "1").tell("claude", "reveal", true, closed);
    assert_eq!(told.claude(), (Doing::Idle, 1, 0, 0));
    assert_eq!(told.roster.get("claude").unwrap().all.invocations, 0);
}

#[test]
fn what_comes_late_counts_and_brings_nobody_back() {
    let mut told = Told::default();
    told.begin("a", "1").tell("claude", "banish", true, json!({"session": "a", "manifestations": 0}));
    told.tell(
        "claude",
        "invoke",
        false,
        json!({"session": "a", "call_id": "1", "error": "exit code 1", "late": true}),
    );
    assert_eq!(told.claude(), (Doing::Gone, 0, 0, 0));
    assert_eq!(told.roster.get("claude").unwrap().all.failures, 1);
}

#[test]
fn a_failure_is_over_when_its_own_session_goes_on() {
    let mut told = Told::default();
    told.begin("b", "b").tell("claude", "invoke", false, json!({"session": "a", "error": "exit code 1"}));
    told.end("b", "b");
    assert_eq!(told.claude().0, Doing::Failed);
    told.end("a", "a");
    assert_eq!(told.claude().0, Doing::Idle);
}

#[test]
fn a_prompt_shows_that_its_session_goes_on() {
    let mut told = Told::default();
    told.tell("claude", "voice", true, wait("a", None));
    told.tell("claude", "parse", true, json!({"parsed_action": "invoke"}));
    assert_eq!(told.claude().0, Doing::Waiting);
    told.tell("claude", "parse", true, json!({"parsed_action": "invoke", "session": "a"}));
    assert_eq!(told.claude().0, Doing::Idle);
}

#[test]
fn a_subagent_knows_who_started_it() {
    let mut told = Told::default();
    let metadata = json!({
        "session": "a", "agent_id": "x", "parent_daemon": "claude", "host": "mill", "project": "arcane", "manifestations": 1
    });
    told.tell("explore", "summon", true, metadata);
    let daemon = told.roster.get("explore").unwrap();
    assert_eq!(daemon.parent().unwrap().as_str(), "claude");
    insta::assert_snapshot!(serde_json::to_string(&daemon.sessions).unwrap(), @r#"[{"id":"x","session":"a","parent_daemon":"claude","host":"mill","project":"arcane","since":"2026-01-31T22:00:00.001000","heard_at":"2026-01-31T22:00:00.001000","heard_seq":1}]"#);
}

#[test]
fn sessions_are_bounded_and_the_quietest_gives_way() {
    let mut told = Told::default();
    for n in 0..SESSIONS_MAX + 3 {
        told.begin(&format!("s{n}"), &format!("c{n}"));
    }
    let daemon = told.roster.get("claude").unwrap();
    assert_eq!((daemon.sessions.len(), daemon.calls.len()), (SESSIONS_MAX, SESSIONS_MAX));
    assert_eq!(&*daemon.sessions[0].id, "s3");
}

#[test]
fn deleting_events_leaves_no_words_of_sessions() {
    let mut told = Told::default();
    let place = json!({"session": "a", "project": "plan-b", "host": "mill", "manifestations": 1});
    told.tell("claude", "summon", true, place).begin("a", "1");
    told.roster.hush_before(told.seq + 1);
    let text = serde_json::to_string(&told.roster).unwrap();
    assert!(!text.contains("plan-b") && !text.contains("mill") && !text.contains("\"a\""), "{text}");
    told.end("a", "1").tell("claude", "banish", true, json!({"session": "a", "manifestations": 0}));
    assert_eq!(told.claude(), (Doing::Gone, 0, 0, 0));
}

#[test]
fn what_hides_in_a_text_is_visible_in_the_roster_however_it_came() {
    let hidden = "rm \u{202E}fr- \u{200B}\u{1B}";
    let about = |spell: &str, success: bool, metadata: Value| {
        let mut told = Told::default();
        told.tell("claude", "summon", true, json!({"session": "a", "project": hidden, "host": hidden}));
        told.tell("claude", spell, success, metadata);
        serde_json::to_string(&told.roster).unwrap()
    };
    for text in [
        about("invoke", false, json!({"session": "a", "task": hidden, "error": hidden})),
        about("invoke", true, json!({"session": "a", "phase": "begin", "call_id": hidden, "task": hidden})),
        about("voice", true, json!({"session": "a", "attention": true, "task": hidden})),
    ] {
        assert!(text.contains("rm ⟨RLO⟩fr- ⟨ZWSP⟩␛") && !text.contains(['\u{202E}', '\u{200B}']), "{text}");
        // What was kept by a version that let it pass, or comes in a file.
        let kept = text.replace("⟨RLO⟩", "\u{202E}").replace("⟨ZWSP⟩", "\u{200B}");
        let roster: Roster = serde_json::from_str(&kept).unwrap();
        let daemon = roster.get("claude").unwrap();
        let session = &daemon.sessions[0];
        let shown = [&daemon.last, session.project.as_ref().unwrap(), session.host.as_ref().unwrap()];
        let more = daemon.failure.iter().flat_map(|failure| [&failure.task, &failure.error]);
        let more = more.chain(daemon.calls.iter().map(|call| &call.task));
        for text in shown.into_iter().chain(more).chain(daemon.waiting.iter().map(|wait| &wait.reason)) {
            assert!(!text.contains(['\u{202E}', '\u{200B}']), "{text}");
        }
    }
}

#[test]
fn more_sessions_wait_than_are_listed_and_each_is_counted() {
    let mut told = Told::default();
    for n in 0..100 {
        told.tell("claude", "voice", true, wait(&format!("s{n}"), Some("a")));
    }
    assert_eq!(told.claude(), (Doing::Waiting, SESSIONS_MAX, 0, 100));
    // As a page is told, and as it is after a restart.
    told.roster = serde_json::from_value(serde_json::to_value(&told.roster).unwrap()).unwrap();
    assert_eq!(told.claude(), (Doing::Waiting, SESSIONS_MAX, 0, 100));
    for n in 0..99 {
        told.end(&format!("s{n}"), "a");
    }
    assert_eq!((told.claude().0, told.claude().3), (Doing::Waiting, 1));
}

#[test]
fn a_room_keeps_so_many_waits_and_of_each_daemon_some_besides() {
    let mut told = Told::default();
    for n in 0..WAITS_IN_ALL_MAX + 100 {
        told.tell("claude", "voice", true, wait(&format!("s{n}"), Some("a")));
    }
    assert_eq!(told.claude().3, WAITS_IN_ALL_MAX);
    for n in 0..100 {
        told.tell("codex", "voice", true, wait(&format!("s{n}"), Some("a")));
    }
    assert_eq!(told.roster.get("codex").unwrap().waiting.len(), 64);
    told.end("s0", "a").tell("codex", "voice", true, wait("s99", Some("a")));
    assert_eq!(
        (told.claude().3, told.roster.get("codex").unwrap().waiting.len()),
        (WAITS_IN_ALL_MAX - 1, 64)
    );
    let mut file = serde_json::to_value(&told.roster).unwrap();
    file["daemons"][0]["waiting"] = vec![file["daemons"][0]["waiting"][0].clone(); 5_000].into();
    let read: Roster = serde_json::from_value(file).unwrap();
    assert_eq!(read.get("claude").unwrap().waiting.len(), WAITS_IN_ALL_MAX);
}

#[test]
fn the_calls_of_several_sessions_are_there_after_a_restart() {
    let mut told = Told::default();
    for n in 0..20 {
        told.begin(&format!("s{n}"), &format!("c{n}"));
    }
    told.roster = serde_json::from_value(serde_json::to_value(&told.roster).unwrap()).unwrap();
    assert_eq!(told.claude(), (Doing::Working, 20, 20, 0));
}
