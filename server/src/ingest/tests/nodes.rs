//! A session of which each hook comes to another process is told as by one: what a process has to know of it, its latest event carries.

use std::collections::HashMap;

use arcane_shared::roster::Roster;
use arcane_shared::{Epoch, RoomName, Timestamp};
use serde_json::{Value, json};

use super::super::dialect::{self, Agent};
use super::super::session::{Key, Table};
use super::super::sign::{Asked, What, drop_unusable};
use super::{Lab, Recorded, recording};
use crate::bus::SessionEnd;
use crate::config::Prices;
use crate::requests::Via;

/// What the log has of sessions.
#[derive(Default)]
struct Kept(HashMap<u64, SessionEnd>);

impl Kept {
    /// A payload comes to a process that knows of no session.
    fn replay(&mut self, lab: &mut Lab, one: &Recorded) {
        let (room, epoch) = (RoomName::default(), Epoch("9f3c01ab77de".into()));
        lab.context.event = Some(one.event.as_str().into());
        let mut signs = dialect::read(lab.agent, &one.payload, &lab.context).signs;
        drop_unusable(&mut signs);
        lab.now += 1_000;
        let now = Timestamp::from_unix_micros(lab.now);
        for sign in signs {
            let mut table = Table::new(Prices::none(), 5).shared();
            let roster = lab.roster();
            let Some(key) = table.key_of(&room, &sign, &roster) else { continue };
            table.note_root(&key, &sign);
            table.take_over(&key, &epoch, self.0.get(&key.digest()), || roster.clone());
            table.count_present(&key, &roster);
            let drafts = table.take_now(&room, &sign, now);
            if !drafts.is_empty() {
                let state = table.continues(&key, &epoch).state;
                assert!(state.is_some(), "it is carried");
                lab.publish(drafts);
                self.0.insert(key.digest(), SessionEnd { seq: lab.roster().seq(), state });
            }
        }
    }
}

fn told_by_one_and_by_many(agent: Agent, name: &str) -> (String, String) {
    let (mut one, mut many, mut kept) = (Lab::of(agent), Lab::of(agent), Kept::default());
    for hook in &recording(name) {
        one.replay(hook);
        kept.replay(&mut many, hook);
    }
    (one.told(), many.told())
}

#[test]
fn each_hook_of_a_recorded_session_may_come_to_a_process_that_knows_nothing_of_it() {
    for (agent, names) in [
        (Agent::Claude, &["auto", "headless", "http", "idle", "interrupts", "resume-signals", "tui"][..]),
        (Agent::Codex, &["headless", "tui-code", "tui"]),
        (Agent::Copilot, &["claude-settings", "deny", "headless", "pascal", "tui"]),
        (Agent::Gemini, &["headless", "tui"]),
        (Agent::Opencode, &["headless", "server"]),
        (Agent::Qwen, &["headless", "tui"]),
    ] {
        for name in names {
            let name = format!("{}/{name}", agent.name());
            let (one, many) = told_by_one_and_by_many(agent, &name);
            let differs = one.lines().zip(many.lines()).find(|(one, many)| one != many);
            assert_eq!((differs, many.lines().count()), (None, one.lines().count()), "{name}");
        }
    }
}

/// A process, and the session that all hooks of these tests are of.
struct Process {
    table: Table,
    now: i64,
}

const EPOCH: &str = "9f3c01ab77de";
const MINUTE: i64 = 60_000_000;

impl Process {
    fn new() -> Self {
        Self { table: Table::new(Prices::none(), 5).shared(), now: 1_800_000_000_000_000 }
    }

    fn key(&self) -> Key {
        let sign = dialect::read(Agent::Claude, &hook("SessionStart", &json!({})), &Default::default())
            .signs
            .remove(0);
        self.table.key_of(&RoomName::default(), &sign, &Roster::default()).unwrap()
    }

    /// A hook comes. How many events come of it.
    fn hear(&mut self, payload: &Value, asked: Option<&str>) -> usize {
        let mut signs = dialect::read(Agent::Claude, payload, &Default::default()).signs;
        if let Some(What::Waits(wait)) = signs.iter_mut().map(|sign| &mut sign.what).next() {
            wait.asked = asked.map(|id| {
                let expires_at = Timestamp::from_unix_micros(self.now + MINUTE);
                let (options, input, hash) = (Vec::new(), "".into(), "".into());
                Box::new(Asked { id: id.into(), expires_at, options, input, hash, is_ruled: false })
            });
        }
        let now = Timestamp::from_unix_micros(self.now);
        signs.iter().map(|sign| self.table.take_now(&RoomName::default(), sign, now).len()).sum()
    }

    fn pass(&mut self) -> usize {
        let key = self.key();
        self.table.pass_one(&key, Timestamp::from_unix_micros(self.now)).len()
    }

    /// What the log has once it has taken what was told.
    fn tell(&mut self, seq: u64) -> SessionEnd {
        let (key, epoch) = (self.key(), Epoch(EPOCH.into()));
        let state = self.table.continues(&key, &epoch).state;
        self.table.is_told(&key, &epoch, seq);
        SessionEnd { seq, state }
    }

    fn take_over(&mut self, end: &SessionEnd) {
        let key = self.key();
        self.table.take_over(&key, &Epoch(EPOCH.into()), Some(end), Roster::default);
    }

    fn is_due(&self) -> bool {
        !self.table.due(Timestamp::from_unix_micros(self.now)).is_empty()
    }
}

fn hook(event: &str, more: &Value) -> Value {
    let mut payload = json!({"session_id": "s1", "cwd": "/home/jane/orchard", "hook_event_name": event});
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

fn call(event: &str, command: &str) -> Value {
    hook(
        event,
        &json!({"tool_name": "Bash", "tool_use_id": "t1", "tool_input": {"command": command}, "tool_response": {}}),
    )
}

#[test]
fn a_session_that_gives_no_sign_leaves_once_whoever_finds_it_out() {
    let (mut one, mut other) = (Process::new(), Process::new());
    assert_eq!(one.hear(&hook("SessionStart", &json!({"source": "startup"})), None), 1);
    other.take_over(&one.tell(1));
    (one.now, other.now) = (one.now + 16 * MINUTE, other.now + 16 * MINUTE);
    assert!(one.is_due() && other.is_due());
    assert_eq!(one.pass(), 1);
    let end = one.tell(2);
    // The other one is beaten: what it has folded is undone, and nothing comes of it anew.
    let key = other.key();
    let before = other.table.before(&key);
    assert_eq!(other.pass(), 1);
    other.table.undo(&key, before);
    other.take_over(&end);
    assert!(!other.is_due());
    assert_eq!(other.pass(), 0);
}

#[test]
fn a_fold_that_is_undone_leaves_everything_as_it_was() {
    let mut one = Process::new();
    one.hear(&hook("SessionStart", &json!({"source": "startup"})), None);
    one.hear(&call("PreToolUse", "ls"), None);
    let (key, end) = (one.key(), one.tell(2));
    let before = one.table.before(&key);
    assert_eq!(one.hear(&call("PostToolUse", "ls"), None), 1);
    assert_ne!(one.tell(2), end);
    one.table.undo(&key, before);
    assert_eq!(one.tell(2), end);
    let unknown = Process::new();
    assert_eq!(unknown.table.told_at(&key, &Epoch(EPOCH.into())), None);
    assert_eq!(one.table.told_at(&key, &Epoch(EPOCH.into())), Some(2));
    assert_eq!(one.table.told_at(&key, &Epoch("000000000000".into())), None, "another run of numbers");
}

#[test]
fn a_request_is_over_when_its_session_goes_on_at_another_process() {
    let (mut one, mut other) = (Process::new(), Process::new());
    one.hear(&hook("SessionStart", &json!({"source": "startup"})), None);
    one.hear(&call("PreToolUse", "ls"), None);
    assert_eq!(one.hear(&call("PermissionRequest", "ls"), Some("abcdefghjkm")), 1);
    assert_eq!(one.table.asking(), [one.key()]);
    other.take_over(&one.tell(3));
    assert_eq!(other.table.asking(), [one.key()]);
    other.hear(&call("PostToolUse", "ls"), None);
    assert_eq!(other.table.overtaken(), [("abcdefghjkm".into(), Via::Terminal)]);
    one.take_over(&other.tell(4));
    assert_eq!(one.table.overtaken(), [("abcdefghjkm".into(), Via::Terminal)]);
    assert_eq!(one.table.asking(), []);
}

#[test]
fn a_state_has_no_secrets_and_no_folders() {
    let mut one = Process::new();
    one.hear(&hook("SessionStart", &json!({"source": "startup"})), None);
    one.hear(
        &call("PreToolUse", "curl -H 'Authorization: Bearer abcdef0123456789abcdef0123456789' x.example"),
        None,
    );
    let state = one.tell(2).state.unwrap();
    assert!(state.contains("curl") && state.contains("orchard"), "{state}");
    assert!(!state.contains("0123456789abcdef") && !state.contains("jane"), "{state}");
}

#[test]
fn a_state_has_a_bound_however_much_a_session_does() {
    let mut one = Process::new();
    one.hear(&hook("SessionStart", &json!({"source": "startup"})), None);
    let mut most = 0;
    for n in 0..400 {
        for event in ["PreToolUse", "PostToolUse"] {
            let mut payload = call(event, &format!("echo {n}"));
            payload["tool_use_id"] = json!(format!("toolu_0123456789abcdef{n}"));
            one.hear(&payload, None);
        }
        most = most.max(one.tell(2).state.unwrap().len());
    }
    assert!(most < 8 * 1024, "{most} bytes");
}
