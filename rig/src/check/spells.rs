//! Spells: each is decided on those before it in its room, and its caster was told what is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Card, Cast, Decision, History, Read, Source, Spell};

/// A spell in a room.
struct Told<'h> {
    room: &'h str,
    seq: u64,
    spell: Spell,
    daemon: &'h str,
    is_accepted: bool,
}

/// Spells in their order, as the first of the nodes has them: other rules say whether all nodes have one thing.
fn told(history: &History) -> Vec<Told<'_>> {
    let Some(node) = history.nodes.first() else { return Vec::new() };
    let of_node = history.kept.iter().filter(|read| read.reader == *node);
    let spells = of_node.filter_map(|Read { room, seq, source, .. }| match source {
        Source::Spell { spell, daemon, is_accepted } => {
            Some(Told { room, seq: *seq, spell: *spell, daemon, is_accepted: *is_accepted })
        }
        Source::Publisher | Source::Narration => None,
    });
    let mut spells: Vec<Told<'_>> = spells.collect();
    spells.sort_by_key(|told| (told.room, told.seq));
    spells
}

/// What spells have made of a daemon.
#[derive(Debug, Clone, Copy, Default)]
struct Daemon {
    is_present: bool,
    invocations: u64,
    /// Whether a spell on it was accepted ever.
    is_known: bool,
}

impl Daemon {
    /// Whether a spell on it is to be accepted.
    fn allows(self, spell: Spell) -> bool {
        match spell {
            Spell::Summon => !self.is_present,
            Spell::Invoke | Spell::Banish => self.is_present,
        }
    }

    fn after(self, spell: Spell) -> Self {
        let known = Self { is_known: true, ..self };
        match spell {
            Spell::Summon => Self { is_present: true, ..known },
            Spell::Invoke => Self { invocations: self.invocations + 1, ..known },
            Spell::Banish => Self { is_present: false, ..known },
        }
    }
}

/// Replays spells. Gives the daemons after them, and each spell that was not to be decided as it was.
fn replay<'h>(spells: &[Told<'h>]) -> (BTreeMap<&'h str, Daemon>, Vec<String>) {
    let mut daemons: BTreeMap<&str, Daemon> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Told { room, seq, spell, daemon, is_accepted } in spells {
        let state = daemons.entry(daemon).or_default();
        if state.allows(*spell) != *is_accepted {
            let (word, place) = (spell.as_str(), if state.is_present { "present" } else { "absent" });
            wrong.push(format!(
                "{room}: {seq}, {word} {daemon}, is {}, and it was {place}",
                how(*is_accepted)
            ));
        }
        if *is_accepted {
            *state = state.after(*spell);
        }
    }
    (daemons, wrong)
}

fn how(is_accepted: bool) -> &'static str {
    if is_accepted { "accepted" } else { "refused" }
}

/// Spells that the spells before them do not allow and that were accepted, or the other way round.
pub(super) fn decided(history: &History) -> Vec<String> {
    replay(&told(history)).1
}

/// Spells that are not in the room as their casters were told, and spells in the room that no caster cast.
pub(super) fn cast(history: &History) -> Vec<String> {
    let told = told(history);
    let at: BTreeMap<(&str, u64), &Told<'_>> =
        told.iter().map(|told| ((told.room, told.seq), told)).collect();
    let mut wrong = Vec::new();
    let mut answered = BTreeSet::new();
    for Cast { room, spell, daemon, decision, .. } in &history.casts {
        let Decision::Accepted { seq } = *decision else { continue };
        let word = format!("{} {daemon}", spell.as_str());
        match at.get(&(&**room, seq)) {
            None => wrong.push(format!("{room}: {seq} is no spell, and was answered as {word}, accepted")),
            Some(there) if (there.spell, there.daemon, there.is_accepted) != (*spell, daemon, true) => {
                let (found, how) = (there.spell.as_str(), how(there.is_accepted));
                let found = format!("{found} {}, {how}", there.daemon);
                wrong.push(format!("{room}: {seq} is {found}, and was answered as {word}, accepted"));
            }
            Some(_) if !answered.insert((&**room, seq)) => {
                wrong.push(format!("{room}: {seq}, {word}, was answered to two casters"));
            }
            Some(_) => {}
        }
    }
    wrong.extend(counted(history, &told));
    wrong
}

/// How many spells of one kind on one daemon there are.
#[derive(Debug, Default)]
struct Count {
    accepted: usize,
    refused: usize,
    unknown: usize,
    /// In the room.
    stored_accepted: usize,
    stored_refused: usize,
}

/// Kinds of spells of which there are more or fewer in the room than casters know of.
fn counted(history: &History, told: &[Told<'_>]) -> Vec<String> {
    let mut counts: BTreeMap<(&str, Spell, &str), Count> = BTreeMap::new();
    for cast in &history.casts {
        let count = counts.entry((&cast.room, cast.spell, &cast.daemon)).or_default();
        match cast.decision {
            Decision::Accepted { .. } => count.accepted += 1,
            Decision::Refused => count.refused += 1,
            Decision::Unknown => count.unknown += 1,
            Decision::NotCast => {}
        }
    }
    for told in told {
        let count = counts.entry((told.room, told.spell, told.daemon)).or_default();
        *if told.is_accepted { &mut count.stored_accepted } else { &mut count.stored_refused } += 1;
    }
    let mut wrong = Vec::new();
    for ((room, spell, daemon), count) in counts {
        let Count { accepted, refused, unknown, stored_accepted, stored_refused } = count;
        let word = format!("{room}: {} {daemon}", spell.as_str());
        if stored_refused < refused {
            wrong.push(format!(
                "{word} is there {stored_refused} times as refused, and was answered so {refused} times"
            ));
        }
        // What nobody was told of may be there, accepted or refused.
        let surplus = stored_accepted.saturating_sub(accepted) + stored_refused.saturating_sub(refused);
        if surplus > unknown {
            wrong.push(format!(
                "{word} is there {surplus} times more than it was answered, and {unknown} casts have no answer"
            ));
        }
    }
    wrong
}

/// Daemons of which nodes say different things, or something else than the spells in the room have made of them.
pub(super) fn cards(history: &History) -> Vec<String> {
    let (daemons, _) = replay(&told(history));
    let mut first: BTreeMap<&str, &Card> = BTreeMap::new();
    let mut wrong = Vec::new();
    for card in &history.cards {
        let Card { node, daemon, is_present, invocations, whole } = card;
        let Daemon { is_present: present, invocations: times, .. } =
            daemons.get(&**daemon).copied().unwrap_or_default();
        if (*is_present, *invocations) != (present, times) {
            let place = |is_present| if is_present { "present" } else { "absent" };
            wrong.push(format!(
                "{node} says of {daemon}: {} with {invocations} invocations; the spells in the room say: {} with {times}",
                place(*is_present),
                place(present)
            ));
        }
        let known = *first.entry(daemon).or_insert(card);
        if known.whole != *whole {
            wrong.push(format!("of {daemon} {} says {}, and {node} {whole}", known.node, known.whole));
        }
    }
    let nodes: BTreeSet<&str> = history.cards.iter().map(|card| &*card.node).collect();
    let known = daemons.iter().filter(|(_, state)| state.is_known).map(|(daemon, _)| *daemon);
    let known: Vec<&str> = known.collect();
    for (node, daemon) in nodes.iter().flat_map(|node| known.iter().map(move |daemon| (*node, *daemon))) {
        if !history.cards.iter().any(|card| &*card.node == node && &*card.daemon == daemon) {
            wrong.push(format!("{node} does not know {daemon}, on which spells were cast"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests;
