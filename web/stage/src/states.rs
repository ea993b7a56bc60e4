//! The six states of a daemon at a moment, in words: what the stage, the table, the header and the drawer call them.

use arcane_shared::UnixMillis;
use arcane_shared::roster::{DaemonState, SILENCE_MICROS, SessionState};

use crate::daemons;
use crate::dictionary::{Term, Tongue};
use crate::duration::{Form, duration};
use crate::guarded;

/// What a daemon is doing at a moment, the most urgent first where several hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It waits for a human.
    Waiting,
    /// It makes one call again and again, each time with one result.
    Looping,
    /// A call failed, and since then none succeeded and nobody said that it was seen.
    Failed,
    /// A call goes on of which there was no sign for [`SILENCE_MICROS`].
    Silent,
    /// A call has begun and not ended.
    Working,
    /// Nothing of the above.
    Idle,
}

impl State {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Looping, Self::Failed, Self::Silent, Self::Working, Self::Idle];

    /// One word, the same in fantasy and in plain words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Looping => "looping",
            Self::Failed => "failed",
            Self::Silent => "silent",
            Self::Working => "working",
            Self::Idle => "idle",
        }
    }
}

/// The state of a daemon at a moment. One that is not present is idle. A failure may last beside the state:
/// see [`DaemonState::failure`].
#[must_use]
pub fn state_of(daemon: &DaemonState, at: UnixMillis) -> State {
    if !daemon.is_present() {
        State::Idle
    } else if !daemon.waiting.is_empty() {
        State::Waiting
    } else if daemon.looping.is_some() {
        State::Looping
    } else if daemon.failure.is_some() {
        State::Failed
    } else if daemon.calls.is_empty() {
        State::Idle
    } else if at - daemon.heard_at.unix_millis() >= SILENCE_MS {
        State::Silent
    } else {
        State::Working
    }
}

#[expect(clippy::cast_precision_loss, reason = "a constant far below 2^52")]
const SILENCE_MS: f64 = SILENCE_MICROS as f64 / 1000.0;

/// Milliseconds that a daemon has been in its state until a moment, at least 0: since it waits, since its loop began, since its failure, since its
/// oldest open call began, or since the latest sign of its life.
#[must_use]
pub fn lasts(daemon: &DaemonState, at: UnixMillis) -> f64 {
    let since = match state_of(daemon, at) {
        State::Waiting => daemon.waiting_since,
        State::Looping => daemon.looping.as_ref().map(|looping| looping.since),
        State::Failed => daemon.failure.as_ref().map(|failure| failure.at),
        State::Working => daemon.calls.first().map(|call| call.since),
        State::Silent | State::Idle => None,
    };
    (at - since.unwrap_or(daemon.heard_at).unix_millis()).max(0.0)
}

/// How long a daemon has been in its state, without the state's name: "1:42" of what runs, "6 min" of what rests.
#[must_use]
pub fn since(daemon: &DaemonState, at: UnixMillis) -> String {
    let lasts = lasts(daemon, at);
    match state_of(daemon, at) {
        State::Failed | State::Idle => duration(lasts, Form::Passed),
        State::Waiting | State::Looping | State::Silent | State::Working => duration(lasts, Form::Runs),
    }
}

/// What stands behind a daemon's name: "1:42" while it waits or works, "3 min" after a failure, "idle 6 min",
/// "no sign for 2:10".
#[must_use]
pub fn figure(daemon: &DaemonState, at: UnixMillis) -> String {
    let since = since(daemon, at);
    match state_of(daemon, at) {
        State::Idle => format!("idle {since}"),
        State::Silent => format!("no sign for {since}"),
        State::Waiting | State::Looping | State::Failed | State::Working => since,
    }
}

/// The second line of a daemon: what it waits for, what failed and why, or what it is at; empty while it is idle. In full:
/// whoever shows it cuts it.
#[must_use]
pub fn task_line(daemon: &DaemonState, at: UnixMillis) -> String {
    match (state_of(daemon, at), &daemon.failure) {
        (State::Idle, _) => String::new(),
        (State::Looping, _) => guarded::looping(daemon),
        (State::Waiting, _) => waits_for(daemons::line(daemon)),
        (State::Failed, Some(failure)) if failure.task.is_empty() => failure.error.to_string(),
        (State::Failed, Some(failure)) => format!("{}: {}", failure.task, failure.error),
        _ => daemon.calls.first().map(|call| call.task.to_string()).unwrap_or_default(),
    }
}

/// For what a daemon waits, in words.
#[must_use]
pub fn waits_for(reason: &str) -> String {
    if reason.is_empty() { "waits for you".into() } else { ["waits for you: ", reason].concat() }
}

/// What a daemon does, in a sentence: "failed 3 min ago: exit 101", "waits for you for 1:42", "works for 0:46".
#[must_use]
pub fn sentence(daemon: &DaemonState, at: UnixMillis, tongue: Tongue) -> String {
    let since = since(daemon, at);
    match (state_of(daemon, at), &daemon.failure) {
        _ if !daemon.is_present() => tongue.say(Term::NotPresent).into(),
        (State::Waiting, _) => format!("waits for you for {since}"),
        (State::Looping, _) => format!("does the same for {since}"),
        (State::Failed, Some(failure)) => format!("failed {since} ago: {}", failure.error),
        (State::Working, _) => format!("works for {since}"),
        _ => figure(daemon, at),
    }
}

/// A project on a machine. Both may be empty: no event says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group<'a> {
    /// The last part of the folder that is worked in.
    pub project: &'a str,
    /// The machine.
    pub machine: &'a str,
}

impl Group<'_> {
    /// Whether no event says where it is.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.project.is_empty() && self.machine.is_empty()
    }

    /// Project and machine, as people write them.
    #[must_use]
    pub fn words(self) -> String {
        let between = if self.project.is_empty() || self.machine.is_empty() { "" } else { " · " };
        [self.project, between, self.machine].concat()
    }
}

/// The group of a daemon: where the oldest of its sessions is that says so. It stays while that session is present, whatever
/// other sessions of the daemon do.
#[must_use]
pub fn group_of(daemon: &DaemonState) -> Group<'_> {
    daemon.sessions.iter().map(group_in).find(|group| !group.is_empty()).unwrap_or_default()
}

/// Where what needs a human is: where the session is that waits first, or of which a failure lasts; of a daemon that needs nobody, its group.
#[must_use]
pub fn group_in_need(daemon: &DaemonState) -> Group<'_> {
    let session = match (daemon.waiting.first(), &daemon.failure) {
        (Some(wait), _) => wait.session.as_ref(),
        (None, Some(failure)) => failure.session.as_ref(),
        (None, None) => None,
    };
    let own = daemon.sessions.iter().find(|own| Some(&own.id) == session).map(group_in);
    own.filter(|group| !group.is_empty()).unwrap_or_else(|| group_of(daemon))
}

/// Where a session is.
#[must_use]
pub fn group_in(session: &SessionState) -> Group<'_> {
    Group {
        project: session.project.as_deref().unwrap_or_default(),
        machine: session.host.as_deref().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemons::told;
    use serde_json::{Value, json};

    fn event(spell: &str, second: u32, success: bool, metadata: &Value) -> Value {
        json!({"spell_name": spell, "daemon_name": "claude", "description": "d", "success": success,
            "timestamp": format!("1970-01-01T00:{:02}:{:02}", second / 60, second % 60), "metadata": metadata})
    }

    /// State, figure and line at a second.
    fn at(events: &[Value], second: u32) -> (State, String, String) {
        let daemons = told(events);
        let (daemon, at) = (daemons.get("claude").unwrap(), f64::from(second) * 1000.0);
        (state_of(daemon, at), figure(daemon, at), task_line(daemon, at))
    }

    #[test]
    fn the_most_urgent_state_decides() {
        let said = |state, figure: &str, line: &str| (state, figure.to_owned(), line.to_owned());
        let mut events = vec![event("summon", 0, true, &json!({}))];
        assert_eq!(at(&events, 400), said(State::Idle, "idle 6 min", ""));
        events.push(event(
            "invoke",
            400,
            true,
            &json!({"phase": "begin", "call_id": "1", "task": "cargo test"}),
        ));
        assert_eq!(at(&events, 446), said(State::Working, "0:46", "cargo test"));
        assert_eq!(at(&events, 519), said(State::Working, "1:59", "cargo test"));
        assert_eq!(at(&events, 530), said(State::Silent, "no sign for 2:10", "cargo test"));
        events.push(event("invoke", 530, false, &json!({"task": "cargo build", "error": "exit 101"})));
        assert_eq!(at(&events, 730), said(State::Failed, "3 min", "cargo build: exit 101"));
        events.push(event("voice", 730, true, &json!({"attention": true, "task": "git push"})));
        assert_eq!(at(&events, 832), said(State::Waiting, "1:42", "waits for you: git push"));
        events.push(event("banish", 840, true, &json!({})));
        assert_eq!(at(&events, 900).0, State::Idle);
    }

    #[test]
    fn a_group_is_that_of_the_oldest_session_that_says_one() {
        let session = |id: &str, more: &Value| {
            let mut metadata = json!({"session": id});
            metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event("summon", 1, true, &metadata)
        };
        let webshop = json!({"project": "webshop", "host": "kestrel"});
        let daemons = told(&[
            session("a", &json!({})),
            session("b", &webshop),
            session("c", &json!({"project": "atlas"})),
        ]);
        let group = group_of(daemons.get("claude").unwrap());
        assert_eq!(
            (group.project, group.machine, group.words().as_str()),
            ("webshop", "kestrel", "webshop · kestrel")
        );
        assert!(group_of(told(&[event("summon", 1, true, &json!({}))]).get("claude").unwrap()).is_empty());
        // What needs a human is where its own session is.
        let waits = event("voice", 2, true, &json!({"session": "c", "attention": true, "task": "git push"}));
        let told = told(&[session("b", &webshop), session("c", &json!({"project": "atlas"})), waits]);
        assert_eq!(group_in_need(told.get("claude").unwrap()).project, "atlas");
        assert_eq!(group_in_need(daemons.get("claude").unwrap()).project, "webshop");
    }
}
