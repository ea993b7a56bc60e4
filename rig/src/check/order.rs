//! Real time: what was acknowledged before something else was sent stands before it.

use std::collections::BTreeMap;

use super::quoted;
use crate::history::{Cast, Decision, History, Moment, Outcome, Published};

/// What was acknowledged.
struct Taken<'h> {
    sent: Moment,
    answered: Moment,
    first: u64,
    last: u64,
    of: Of<'h>,
}

/// What it is.
enum Of<'h> {
    Published(&'h Published),
    Cast(&'h Cast),
}

impl std::fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Published(published) => f.write_str(&quoted(&published.contents[0])),
            Self::Cast(cast) => write!(f, "{} {}", cast.spell.as_str(), cast.daemon),
        }
    }
}

/// Publications that stand before what was acknowledged before they were sent. What is sent under a key that was used before is no new one.
pub(super) fn real_time(history: &History) -> Vec<String> {
    let mut rooms: BTreeMap<&str, Vec<Taken<'_>>> = BTreeMap::new();
    for of in &history.published {
        if let Outcome::Taken { first } = of.outcome {
            let last = first + of.contents.len() as u64 - 1;
            let taken = Taken { sent: of.sent, answered: of.answered, first, last, of: Of::Published(of) };
            rooms.entry(&of.room).or_default().push(taken);
        }
    }
    for of in &history.casts {
        if let Decision::Accepted { seq } = of.decision {
            let taken =
                Taken { sent: of.sent, answered: of.answered, first: seq, last: seq, of: Of::Cast(of) };
            rooms.entry(&of.room).or_default().push(taken);
        }
    }
    rooms.into_iter().flat_map(|(room, taken)| of_room(room, &first_uses(taken))).collect()
}

/// Without those that only repeat an earlier use of their key.
fn first_uses(mut taken: Vec<Taken<'_>>) -> Vec<Taken<'_>> {
    taken.sort_by_key(|taken| taken.sent);
    let mut used = std::collections::BTreeSet::new();
    taken.retain(|taken| match taken.of {
        Of::Published(Published { key: Some(key), .. }) => used.insert(key.clone()),
        Of::Published(_) | Of::Cast(_) => true,
    });
    taken
}

fn of_room(room: &str, by_sent: &[Taken<'_>]) -> Vec<String> {
    let mut by_answer: Vec<&Taken<'_>> = by_sent.iter().collect();
    by_answer.sort_by_key(|taken| taken.answered);
    let (mut answered, mut latest): (_, Option<&Taken<'_>>) = (by_answer.into_iter().peekable(), None);
    let mut wrong = Vec::new();
    for taken in by_sent {
        while let Some(earlier) = answered.next_if(|earlier| earlier.answered < taken.sent) {
            if latest.is_none_or(|latest| latest.last < earlier.last) {
                latest = Some(earlier);
            }
        }
        if let Some(latest) = latest.filter(|latest| latest.last >= taken.first) {
            wrong.push(format!(
                "{room}: {} is {}, and was sent after {} was acknowledged as {}",
                taken.of, taken.first, latest.of, latest.last
            ));
        }
    }
    wrong
}
