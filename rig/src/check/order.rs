//! Real time: what was acknowledged before something else was sent stands before it.

use std::collections::BTreeMap;

use super::quoted;
use crate::history::{History, Moment, Outcome, Published};

/// What was acknowledged.
struct Taken<'h> {
    sent: Moment,
    answered: Moment,
    first: u64,
    last: u64,
    of: &'h Published,
}

/// Publications that stand before what was acknowledged before they were sent. What is sent under a key that was used before is no new one.
pub(super) fn real_time(history: &History) -> Vec<String> {
    let mut rooms: BTreeMap<&str, Vec<Taken<'_>>> = BTreeMap::new();
    for of in &history.published {
        if let Outcome::Taken { first } = of.outcome {
            let last = first + of.contents.len() as u64 - 1;
            let taken = Taken { sent: of.sent, answered: of.answered, first, last, of };
            rooms.entry(&of.room).or_default().push(taken);
        }
    }
    rooms.into_iter().flat_map(|(room, taken)| of_room(room, &first_uses(taken))).collect()
}

/// Without those that only repeat an earlier use of their key.
fn first_uses(mut taken: Vec<Taken<'_>>) -> Vec<Taken<'_>> {
    taken.sort_by_key(|taken| taken.sent);
    let mut used = std::collections::BTreeSet::new();
    taken.retain(|taken| taken.of.key.as_ref().is_none_or(|key| used.insert(key.clone())));
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
                quoted(&taken.of.contents[0]),
                taken.first,
                quoted(&latest.of.contents[0]),
                latest.last
            ));
        }
    }
    wrong
}
