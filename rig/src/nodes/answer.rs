//! What a node's answer to a publication says of it. Pure.

use serde::Deserialize;

use crate::history::{Decision, Outcome};

/// What is in a 503 of which it is not known whether it was published.
const UNKNOWN: &str = "it is not known whether";

/// What came of sending a publication to a node once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is in the log: its first event has this number.
    Taken {
        /// The number.
        first: u64,
    },
    /// Nothing was published: the node says so, or could not be reached.
    NotPublished,
    /// The first use of its key is not over yet.
    UnderWay,
    /// The node says that it does not know, or gave no answer.
    Unknown,
    /// What no node may answer.
    Unexpected(String),
}

/// What a publisher does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// That is its outcome.
    Over(Outcome),
    /// It sends the publication again to the node: in a moment there is an answer.
    Again,
    /// It sends the publication again, to another node.
    Elsewhere,
}

#[derive(Deserialize)]
struct Published {
    events: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// The answer to a spell.
#[derive(Deserialize)]
struct Accepted {
    seq: u64,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// Reads the answer to a publication of so many events.
pub(super) fn read(status: u16, body: &[u8], count: usize) -> Said {
    let shown = || Said::Unexpected(format!("{status}: {}", String::from_utf8_lossy(body)));
    match status {
        201 => {
            let Ok(Published { events }) = serde_json::from_slice(body) else { return shown() };
            let is_run = events.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1);
            match events.first() {
                Some(event) if is_run && events.len() == count => Said::Taken { first: event.seq },
                _ => shown(),
            }
        }
        409 => Said::UnderWay,
        503 => match serde_json::from_slice(body) {
            Ok(Problem { detail }) if detail.contains(UNKNOWN) => Said::Unknown,
            Ok(_) => Said::NotPublished,
            Err(_) => shown(),
        },
        _ => shown(),
    }
}

/// Reads the answer to a spell: what was decided, and the answer if no node may give it.
pub(super) fn decision(status: u16, body: &[u8]) -> (Decision, Option<String>) {
    let shown = || (Decision::Unknown, Some(format!("{status}: {}", String::from_utf8_lossy(body))));
    match status {
        200 => match serde_json::from_slice(body) {
            Ok(Accepted { seq }) => (Decision::Accepted { seq }, None),
            Err(_) => shown(),
        },
        409 => (Decision::Refused, None),
        503 => match serde_json::from_slice(body) {
            Ok(Problem { detail }) if detail.contains(UNKNOWN) => (Decision::Unknown, None),
            Ok(_) => (Decision::NotCast, None),
            Err(_) => shown(),
        },
        _ => shown(),
    }
}

impl Said {
    /// What a publisher does that was told this. With a key it sends again whatever is not known; without one that would be another event.
    pub(super) fn next(&self, has_key: bool) -> Next {
        match self {
            Self::Taken { first } => Next::Over(Outcome::Taken { first: *first }),
            Self::UnderWay if has_key => Next::Again,
            Self::Unknown | Self::NotPublished if has_key => Next::Elsewhere,
            Self::NotPublished => Next::Over(Outcome::Refused),
            Self::Unknown | Self::UnderWay | Self::Unexpected(_) => Next::Over(Outcome::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_what_became_of_a_publication() {
        let problem = |detail: &str| format!(r#"{{"status":503,"detail":"{detail}"}}"#);
        let unknown = problem("it is not known whether this is in the event log; send it again");
        let shown = |status, body: &str| Said::Unexpected(format!("{status}: {body}"));
        let two = r#"{"events":[{"seq":7},{"seq":8}]}"#;
        let hole = r#"{"events":[{"seq":7},{"seq":9}]}"#;
        for (status, body, count, said) in [
            (201, two, 2, Said::Taken { first: 7 }),
            (201, two, 3, shown(201, two)),
            (201, hole, 2, shown(201, hole)),
            (409, "{}", 1, Said::UnderWay),
            (422, "{}", 1, shown(422, "{}")),
            (503, &unknown, 1, Said::Unknown),
            (503, &problem("there is no connection"), 1, Said::NotPublished),
            (503, "", 1, shown(503, "")),
        ] {
            assert_eq!(read(status, body.as_bytes(), count), said, "{status} {body}");
        }
    }

    #[test]
    fn answers_say_what_was_decided_of_a_spell() {
        let unknown = r#"{"status":503,"detail":"it is not known whether this is in the event log"}"#;
        let accepted = Decision::Accepted { seq: 7 };
        for (status, body, decided) in [
            (200, r#"{"status":"summoned","seq":7}"#, accepted),
            (409, r#"{"detail":"the daemon ada is not here"}"#, Decision::Refused),
            (503, unknown, Decision::Unknown),
            (503, r#"{"detail":"there is no connection"}"#, Decision::NotCast),
        ] {
            assert_eq!(decision(status, body.as_bytes()), (decided, None), "{status} {body}");
        }
        assert_eq!(decision(200, b"{}"), (Decision::Unknown, Some("200: {}".into())));
        assert_eq!(decision(429, b"wait"), (Decision::Unknown, Some("429: wait".into())));
    }

    #[test]
    fn only_what_has_a_key_is_sent_again() {
        let taken = Outcome::Taken { first: 7 };
        for (said, with_key, without) in [
            (Said::Taken { first: 7 }, Next::Over(taken), Next::Over(taken)),
            (Said::NotPublished, Next::Elsewhere, Next::Over(Outcome::Refused)),
            (Said::UnderWay, Next::Again, Next::Over(Outcome::Unknown)),
            (Said::Unknown, Next::Elsewhere, Next::Over(Outcome::Unknown)),
            (Said::Unexpected("x".into()), Next::Over(Outcome::Unknown), Next::Over(Outcome::Unknown)),
        ] {
            assert_eq!((said.next(true), said.next(false)), (with_key, without), "{said:?}");
        }
    }
}
