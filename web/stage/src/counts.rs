//! How many daemons are in which state, how many questions wait for a human, and which is the first.

use arcane_shared::roster::{DaemonState, Wait};
use arcane_shared::{Seq, Timestamp, UnixMillis};

use crate::daemons::Daemons;
use crate::duration::{Form, duration};
use crate::states::{State, state_of};

/// The daemons that are present, counted by the state that decides for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the order of [`State::ALL`].
    by_state: [usize; State::ALL.len()],
    /// Questions that wait for a human: a daemon may have several.
    questions: usize,
    /// How long the [first](first_wait) of them waits, see [`Form::Runs`]; empty: nobody waits.
    pub first: String,
}

impl Counts {
    /// Counts at a moment.
    #[must_use]
    pub fn of(daemons: &Daemons, at: UnixMillis) -> Self {
        let mut counts = Self::default();
        for daemon in daemons.present() {
            counts.by_state[state_of(daemon, at) as usize] += 1;
        }
        counts.questions = questions(daemons);
        let lasts = |wait: &Wait| duration((at - wait.since.unix_millis()).max(0.0), Form::Runs);
        counts.first = first_wait(daemons).map(|(_, wait)| lasts(wait)).unwrap_or_default();
        counts
    }

    /// How many are in a state.
    #[must_use]
    pub fn of_state(&self, state: State) -> usize {
        self.by_state[state as usize]
    }

    /// "2 wait for you", or "3 questions of 2 agents" where one has several; empty: nobody waits.
    #[must_use]
    pub fn waiting(&self) -> String {
        match (self.questions, self.of_state(State::Waiting)) {
            (0, _) => String::new(),
            (1, _) => "1 waits for you".into(),
            (n, agents) if n == agents => format!("{n} wait for you"),
            (n, 1) => format!("{n} questions of 1 agent"),
            (n, agents) => format!("{n} questions of {agents} agents"),
        }
    }
}

/// How many questions wait for a human.
#[must_use]
pub fn questions(daemons: &Daemons) -> usize {
    daemons.present().map(|daemon| daemon.waiting.len()).sum()
}

/// The wait that a human is led to first: the oldest that can be answered from here, or else the oldest; and whose it is.
#[must_use]
pub fn first_wait<'a>(daemons: &'a Daemons) -> Option<(&'a DaemonState, &'a Wait)> {
    let of = |daemon: &'a DaemonState| daemon.waiting.iter().map(move |wait| (daemon, wait));
    daemons.present().flat_map(of).min_by_key(|(_, wait)| order(wait))
}

/// In which order waits are answered: those that can be answered from here before the others, and the oldest first.
#[must_use]
pub fn order(wait: &Wait) -> (bool, Timestamp, Seq) {
    (wait.request_id.is_none(), wait.since, wait.seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use serde_json::{Value, json};

    fn event(name: &str, spell: &str, second: u32, metadata: &Value) -> Value {
        json!({"spell_name": spell, "daemon_name": name, "description": "d", "metadata": metadata,
            "success": metadata.get("error").is_none(), "timestamp": format!("1970-01-01T00:00:{second:02}")})
    }

    #[test]
    fn each_is_counted_once_by_what_is_most_urgent() {
        let mut daemons = Daemons::default();
        let (fails, begins) = (json!({"error": "exit 1"}), json!({"phase": "begin"}));
        let waits = json!({"attention": true});
        assert_eq!(Counts::of(&daemons, 0.0), Counts::default());
        for event in [
            event("a", "summon", 1, &json!({})),
            event("b", "summon", 1, &json!({})),
            event("c", "voice", 18, &waits),
            event("a", "summon", 1, &json!({})),
            event("a", "invoke", 2, &fails),
            event("a", "voice", 3, &waits),
            event("d", "summon", 1, &json!({})),
            event("d", "invoke", 20, &fails),
            event("e", "invoke", 20, &begins),
        ] {
            daemons.fold(&message::event(event, Timestamp::from_unix_micros(0)).unwrap());
        }
        let counts = Counts::of(&daemons, 105_000.0);
        assert_eq!(State::ALL.map(|state| counts.of_state(state)), [2, 0, 1, 0, 1, 1]);
        assert_eq!((counts.waiting().as_str(), counts.first.as_str()), ("2 wait for you", "1:42"));
        assert_eq!(first_wait(&daemons).unwrap().0.daemon_name.as_str(), "a");
        let later = Counts::of(&daemons, 140_000.0);
        assert_eq!(State::ALL.map(|state| later.of_state(state)), [2, 0, 1, 1, 0, 1]);
    }
    #[test]
    fn questions_are_counted_and_what_can_be_answered_from_here_is_the_first() {
        let mut daemons = Daemons::default();
        for event in [
            event("a", "voice", 3, &json!({"attention": true, "task": "one"})),
            event("b", "voice", 5, &json!({"attention": true, "session": "s", "request_id": "r1"})),
            event("b", "voice", 7, &json!({"attention": true, "session": "s", "request_id": "r2"})),
        ] {
            daemons.fold(&message::event(event, Timestamp::from_unix_micros(0)).unwrap());
        }
        let counts = Counts::of(&daemons, 105_000.0);
        assert_eq!((counts.waiting().as_str(), counts.first.as_str()), ("3 questions of 2 agents", "1:40"));
        let (who, wait) = first_wait(&daemons).unwrap();
        assert_eq!((who.daemon_name.as_str(), wait.request_id.as_deref()), ("b", Some("r1")));
    }
}
