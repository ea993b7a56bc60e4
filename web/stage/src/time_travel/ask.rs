//! What a traveller asks of the log, and what comes back.

use arcane_shared::api::RosterAnswer;
use arcane_shared::lenient::Plain;
use arcane_shared::{Epoch, ReceivedEvent, Seq, UnixMillis};
use serde::Deserialize;
use serde_json::Value;

use crate::activity::Activity;
use crate::answers::epoch;
use crate::moment::written;

/// Events of one page.
pub const PAGE_EVENTS: u32 = 400;
/// Stretches of time asked for at once.
pub const BUCKETS: u32 = 400;

/// One question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// How much happened when, between two moments; `None`: as far as the log goes.
    Activity {
        /// From when.
        from: Option<UnixMillis>,
        /// Until when.
        to: Option<UnixMillis>,
    },
    /// The events before one, newest first; `None`: the latest.
    Before(Option<Seq>),
    /// The events after one, oldest first.
    After(Seq),
    /// Who was present and did what after an event.
    Roster(Seq),
}

impl Ask {
    /// The path and query that ask it.
    #[must_use]
    pub fn path(&self, room: &str, epoch: Option<&Epoch>) -> String {
        let at = |seq: Seq| epoch.map_or_else(|| seq.to_string(), |epoch| format!("{epoch}:{seq}"));
        match *self {
            Self::Activity { from, to } => {
                let part = |key: &str, at: Option<f64>| at.map(|at| format!("&{key}={}", written(at)));
                let from = part("from", from).unwrap_or_default();
                let to = part("to", to).unwrap_or_default();
                format!("/events/activity?room={room}{from}{to}&buckets={BUCKETS}")
            }
            Self::Before(before) => {
                let before = before.map(|seq| format!("&before={}", at(seq))).unwrap_or_default();
                format!("/events?room={room}{before}&order=desc&limit={PAGE_EVENTS}")
            }
            Self::After(after) => {
                format!("/events?room={room}&after={}&order=asc&limit={PAGE_EVENTS}", at(after))
            }
            Self::Roster(seq) => format!("/roster?room={room}&at={}", at(seq)),
        }
    }

    /// Reads the answer to it. `None`: it is none, so the server does not know the question.
    #[must_use]
    pub fn read(&self, answer: Value) -> Option<Answer> {
        match self {
            Self::Activity { .. } => Some(Answer::Activity(Activity::read(&answer)?)),
            Self::Roster(_) => Some(Answer::Roster(Box::new(RosterAnswer::deserialize(Plain(answer)).ok()?))),
            Self::Before(_) | Self::After(_) => Some(Answer::Page(Page::read(answer)?)),
        }
    }
}

/// What comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// How much happened when.
    Activity(Activity),
    /// Events.
    Page(Page),
    /// Who was present and did what.
    Roster(Box<RosterAnswer>),
}

/// One page of the log, in the order that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The run of numbers.
    pub epoch: Epoch,
    /// The latest event of the log.
    pub head: Seq,
    /// At most as many as were asked for.
    pub events: Vec<ReceivedEvent>,
    /// Whether there are more in that direction.
    pub more: bool,
}

impl Page {
    /// Reads the answer of `GET /events`.
    fn read(mut answer: Value) -> Option<Self> {
        let (epoch, head) = (epoch(&answer)?, answer["head"].as_u64()?);
        let more = !answer["next"].is_null();
        let Value::Array(events) = answer["events"].take() else { return None };
        let events = events.into_iter().filter_map(crate::message::mended).collect();
        Some(Self { epoch, head, events, more })
    }
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server has no such route: it keeps nothing.
    NoLog,
    /// The log began anew meanwhile.
    Anew,
    /// The server cannot look now, and perhaps says why.
    Busy(String),
    /// No answer.
    Unreachable,
}

impl Trouble {
    /// From the status of an answer that is none, and what it said. Status 0: there was no answer.
    #[must_use]
    pub fn of(status: u16, said: Option<String>) -> Self {
        match status {
            0 => Self::Unreachable,
            // An older server takes the address for a page of its dashboard, or only for a `POST`.
            200..=299 | 404 | 405 => Self::NoLog,
            410 => Self::Anew,
            _ => Self::Busy(said.unwrap_or_default()),
        }
    }

    /// A heading and a sentence.
    #[must_use]
    pub fn words(&self) -> (&'static str, String) {
        match self {
            Self::NoLog => (
                "This server keeps no history",
                "What this browser has seen can be replayed; what was before cannot.".into(),
            ),
            Self::Anew => (
                "The log began anew",
                "That moment is of a run of numbers that is gone. What came after can be visited.".into(),
            ),
            Self::Busy(said) if said.trim().is_empty() => {
                ("The log does not answer now", "The past is still there: try again in a moment.".into())
            }
            Self::Busy(said) => ("The log does not answer now", crate::summary::shorten(said, 200)),
            Self::Unreachable => {
                ("The past is out of reach", "The server does not answer. What is live goes on here.".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arcane_shared::api::HistoryAnswer;
    use serde_json::json;

    #[test]
    fn questions_are_asked_as_the_protocol_says() {
        let epoch = Epoch("k3".into());
        let path = |ask: Ask| ask.path("main", Some(&epoch));
        assert_eq!(path(Ask::Before(None)), "/events?room=main&order=desc&limit=400");
        assert_eq!(path(Ask::Before(Some(7))), "/events?room=main&before=k3:7&order=desc&limit=400");
        assert_eq!(path(Ask::After(0)), "/events?room=main&after=k3:0&order=asc&limit=400");
        assert_eq!(path(Ask::Roster(9)), "/roster?room=main&at=k3:9");
        assert_eq!(
            Ask::Activity { from: Some(1_764_158_400_000.5), to: None }.path("lab", None),
            "/events/activity?room=lab&from=2025-11-26T12:00:00.000500&buckets=400"
        );
    }

    #[test]
    fn a_page_is_read_as_it_is_written() {
        let event = json!({"spell_name": "voice", "daemon_name": null, "timestamp": "2026-01-01T00:00:00.000000",
            "success": true, "description": "x", "metadata": {}, "seq": 4, "room": "main"});
        let mut answer = HistoryAnswer {
            room: arcane_shared::RoomName::default(),
            epoch: Epoch("k".into()),
            oldest: 1,
            head: 9,
            events: vec![serde_json::from_value(event).unwrap()],
            next: Some(arcane_shared::Position { epoch: Epoch("k".into()), seq: 4 }),
        };
        let read = |answer: &HistoryAnswer| {
            let value = serde_json::to_value(answer).unwrap();
            let Some(Answer::Page(page)) = Ask::After(3).read(value) else { panic!() };
            page
        };
        let page = read(&answer);
        assert_eq!((page.events, page.head, page.more), (answer.events.clone(), 9, true));
        answer.next = None;
        assert!(!read(&answer).more);
        assert_eq!(Ask::After(3).read(json!({"events": []})), None);
    }

    #[test]
    fn every_refusal_has_its_words() {
        for (status, trouble) in [(0, Trouble::Unreachable), (404, Trouble::NoLog), (405, Trouble::NoLog)] {
            assert_eq!(Trouble::of(status, None), trouble);
        }
        assert_eq!(Trouble::of(410, None), Trouble::Anew);
        let busy = Trouble::of(503, Some("the disk is full".into()));
        assert_eq!(busy.words().1, "the disk is full");
        assert!(!Trouble::of(503, None).words().1.is_empty());
    }
}
