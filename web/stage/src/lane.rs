//! The message lane: the one place where words are written over the stage.

use std::collections::VecDeque;

/// How long a message stands once it is seen, milliseconds.
pub const STANDS_MS: f64 = 6_000.0;
/// How long one waits to be seen before it is nobody's news, milliseconds.
pub const STALE_MS: f64 = 20_000.0;
/// Messages that wait, at most; beyond that the oldest of the least important gives way.
pub const WAITING_MAX: usize = 12;

/// What a message is, the most important first. An open request is none of these: it stands as long as it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something failed.
    Failure,
    /// A daemon says something.
    Said,
    /// What else an event wants to have shown.
    Hint,
}

impl Kind {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Said => "said",
            Self::Hint => "hint",
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// Whose; empty: nobody's.
    pub speaker: String,
    /// What it says.
    pub text: String,
    /// When it came.
    came: f64,
    /// Since when it stands.
    stands: Option<f64>,
}

/// What stands, and what waits behind it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lane {
    /// The most important first, then in the order in which they came.
    messages: VecDeque<Message>,
}

impl Lane {
    /// A message comes. One that says what already waits says nothing new; one more important than what stands takes its place.
    pub fn tell(&mut self, kind: Kind, speaker: &str, text: &str, now: f64) {
        if let Some(same) =
            self.messages.iter_mut().find(|m| m.kind == kind && m.speaker == speaker && m.text == text)
        {
            same.came = now;
            same.stands = same.stands.map(|_| now);
            return;
        }
        let at = self.messages.partition_point(|message| message.kind <= kind);
        let message =
            Message { kind, speaker: speaker.to_owned(), text: text.to_owned(), came: now, stands: None };
        self.messages.insert(at, message);
        if self.messages.len() > WAITING_MAX {
            // The oldest of the last kind, but never what stands.
            let last = self.messages.back().map_or(kind, |message| message.kind);
            let at = self.messages.partition_point(|message| message.kind < last).max(1);
            self.messages.remove(at);
        }
    }

    /// Time goes on. `hidden`: something that is no message stands before all of them.
    pub fn advance(&mut self, now: f64, hidden: bool) {
        self.messages.retain(|message| match message.stands {
            Some(since) => now - since < STANDS_MS,
            None => now - message.came < STALE_MS,
        });
        if !hidden && let Some(first) = self.messages.front_mut() {
            first.stands.get_or_insert(now);
        }
    }

    /// What stands, and how many wait behind it.
    #[must_use]
    pub fn now(&self) -> Option<(&Message, usize)> {
        Some((self.messages.front()?, self.messages.len() - 1))
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether nothing is to be said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stands(lane: &Lane) -> (String, usize) {
        lane.now().map(|(message, more)| (message.text.clone(), more)).unwrap_or_default()
    }

    #[test]
    fn a_failure_goes_before_what_is_said_and_each_has_its_six_seconds() {
        let mut lane = Lane::default();
        lane.tell(Kind::Said, "qwen", "I rise", 0.0);
        lane.advance(0.0, false);
        lane.tell(Kind::Failure, "codex", "exit 101", 1_000.0);
        lane.advance(1_000.0, false);
        assert_eq!(stands(&lane), ("exit 101".into(), 1));
        lane.advance(6_900.0, false);
        assert_eq!(stands(&lane), ("exit 101".into(), 0));
        lane.advance(7_000.0, false);
        assert!(lane.is_empty());
    }

    #[test]
    fn what_waits_behind_a_request_is_not_told_when_it_is_old() {
        let mut lane = Lane::default();
        lane.tell(Kind::Said, "a", "1", 0.0);
        lane.advance(19_000.0, true);
        assert_eq!(lane.len(), 1);
        lane.tell(Kind::Said, "b", "2", 19_000.0);
        lane.advance(21_000.0, true);
        assert_eq!(stands(&lane), ("2".into(), 0));
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_in_order(told in proptest::collection::vec((0..3_usize, "[a-c]{1,2}", 0.0..3_000.0_f64), 0..60)) {
            let mut lane = Lane::default();
            let mut now = 0.0;
            for (kind, text, wait) in told {
                now += wait;
                lane.tell([Kind::Failure, Kind::Said, Kind::Hint][kind], "x", &text, now);
                lane.advance(now, false);
                prop_assert!(lane.len() <= WAITING_MAX);
                let kinds: Vec<Kind> = lane.messages.iter().map(|message| message.kind).collect();
                prop_assert!(kinds.is_sorted());
            }
            lane.advance(now + STALE_MS, false);
            lane.advance(now + STALE_MS + STANDS_MS, false);
            prop_assert!(lane.is_empty());
        }
    }
}
