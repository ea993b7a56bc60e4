//! How many daemons are in which state, and who has waited for a human for longest.

use arcane_shared::UnixMillis;
use arcane_shared::roster::DaemonState;

use crate::daemons::Daemons;
use crate::duration::{Form, duration};
use crate::states::{State, lasts, state_of};

/// The daemons that are present, counted by the state that decides for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the order of [`State::ALL`].
    by_state: [usize; State::ALL.len()],
    /// How long the longest wait goes on, see [`Form::Runs`]; empty: nobody waits.
    pub longest: String,
}

impl Counts {
    /// Counts at a moment.
    #[must_use]
    pub fn of(daemons: &Daemons, at: UnixMillis) -> Self {
        let mut counts = Self::default();
        for daemon in daemons.present() {
            counts.by_state[state_of(daemon, at) as usize] += 1;
        }
        counts.longest =
            longest_wait(daemons).map(|who| duration(lasts(who, at), Form::Runs)).unwrap_or_default();
        counts
    }

    /// How many are in a state.
    #[must_use]
    pub fn of_state(&self, state: State) -> usize {
        self.by_state[state as usize]
    }

    /// "2 wait for you"; empty: nobody waits.
    #[must_use]
    pub fn waiting(&self) -> String {
        match self.of_state(State::Waiting) {
            0 => String::new(),
            1 => "1 waits for you".into(),
            n => format!("{n} wait for you"),
        }
    }
}

/// Who has waited for a human for longest.
#[must_use]
pub fn longest_wait(daemons: &Daemons) -> Option<&DaemonState> {
    let waiting = daemons.present().filter(|daemon| !daemon.waiting.is_empty());
    waiting.min_by_key(|daemon| (daemon.waiting_since, daemon.waiting.first().map(|wait| wait.seq)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
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
        assert_eq!((counts.waiting().as_str(), counts.longest.as_str()), ("2 wait for you", "1:42"));
        assert_eq!(longest_wait(&daemons).unwrap().daemon_name.as_str(), "a");
        let later = Counts::of(&daemons, 140_000.0);
        assert_eq!(State::ALL.map(|state| later.of_state(state)), [2, 0, 1, 1, 0, 1]);
    }
}
