//! Subagents: small circles beside the one that they belong to. Whose child's child it is, a moon stands beside the circle that
//! started it all; its thread leads to who started it.

use crate::actors::Actor;
use crate::layout::MOONS;
use crate::names::Names;
use crate::states::State;

/// Longest line of ancestors that is followed.
const DEPTH_MAX: usize = 32;
/// A place beside a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moon {
    /// Whose circle.
    pub of: String,
    /// Which place; from [`MOONS`] on there is none.
    pub slot: usize,
}

/// How many moons a circle has.
#[must_use]
pub fn count(actors: &Names<Actor>, circle: &str) -> usize {
    of(actors, circle).count()
}

/// The moons of a circle.
pub fn of<'a>(actors: &'a Names<Actor>, circle: &'a str) -> impl Iterator<Item = (&'a str, &'a Actor)> {
    let belongs = move |actor: &Actor| actor.moon.as_ref().is_some_and(|moon| moon.of == circle);
    actors.iter().filter(move |(_, actor)| actor.vanished.is_none() && belongs(actor))
}

/// How many places moons of a circle are drawn in: from the fourth on, the last says how many more there are.
#[must_use]
pub fn drawn(count: usize) -> usize {
    if count > MOONS { MOONS - 1 } else { MOONS }
}

/// A moon that waits for a human takes the place of one that does not, if it has none. Says whether one did.
pub fn promote(actors: &mut Names<Actor>, circle: &str) -> bool {
    let places = drawn(count(actors, circle));
    let find = |out: bool| {
        let mut moons = of(actors, circle);
        moons.find_map(|(name, actor)| {
            let slot = actor.moon.as_ref()?.slot;
            ((slot >= places) == out && (actor.state == State::Waiting) == out)
                .then(|| (name.to_owned(), slot))
        })
    };
    let (Some((waits, far)), Some((yields, near))) = (find(true), find(false)) else { return false };
    for (name, slot) in [(waits, near), (yields, far)] {
        if let Some(moon) = actors.get_mut(&name).and_then(|actor| actor.moon.as_mut()) {
            moon.slot = slot;
        }
    }
    true
}

/// The circle that a daemon belongs to: the first of its line that is here. `None`: it has one of its own.
#[must_use]
pub fn root_of(actors: &Names<Actor>, name: &str) -> Option<String> {
    let mut at = name;
    for depth in 0..DEPTH_MAX {
        let parent = actors.get(at).and_then(|actor| actor.parent.as_deref());
        let here = parent.filter(|parent| actors.get(parent).is_some_and(|actor| actor.vanished.is_none()));
        match here {
            Some(parent) => at = parent,
            None => return (depth > 0).then(|| at.to_owned()),
        }
    }
    None
}

/// Gives each moon its place, and keeps those that have one. Says who became a moon, and who is one no longer.
pub fn arrange(actors: &mut Names<Actor>) -> Vec<(String, bool)> {
    let mut changed = Vec::new();
    let roots: Vec<(String, Option<String>)> = actors
        .iter()
        .filter(|(_, actor)| actor.vanished.is_none())
        .map(|(name, _)| (name.to_owned(), root_of(actors, name)))
        .collect();
    for (name, root) in roots {
        let now = actors.get(&name).and_then(|actor| actor.moon.clone());
        if now.as_ref().map(|moon| &moon.of) == root.as_ref() {
            continue;
        }
        if now.is_some() != root.is_some() {
            changed.push((name.clone(), root.is_some()));
        }
        let moon = root.map(|of| {
            let is_taken = |slot: usize| {
                actors.values().any(|other| other.moon.as_ref().is_some_and(|m| m.of == of && m.slot == slot))
            };
            let slot = (0..).find(|slot| !is_taken(*slot)).unwrap_or(MOONS);
            Moon { of, slot }
        });
        if let Some(actor) = actors.get_mut(&name) {
            actor.moon = moon;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use arcane_shared::Rgb;

    fn cast(line: &[(&str, Option<&str>)]) -> Names<Actor> {
        let mut actors = Names::default();
        for (name, parent) in line {
            let actor = actors.insert(name, Actor::new(name, Rgb([9; 3]), 0.0));
            actor.parent = parent.map(str::to_owned);
        }
        actors
    }

    #[test]
    fn a_grandchild_stands_beside_the_first_of_its_line() {
        let mut actors = cast(&[
            ("claude", None),
            ("explore", Some("claude")),
            ("grep", Some("explore")),
            ("codex", None),
        ]);
        assert_eq!(arrange(&mut actors), [("explore".to_owned(), true), ("grep".to_owned(), true)]);
        let moon = |actors: &Names<Actor>, name: &str| actors.get(name).unwrap().moon.clone();
        assert_eq!(moon(&actors, "grep"), Some(Moon { of: "claude".into(), slot: 1 }));
        assert_eq!((moon(&actors, "claude"), moon(&actors, "codex")), (None, None));
        // A place is kept, and one that is free is taken.
        actors.remove("explore");
        assert_eq!(arrange(&mut actors), [("grep".to_owned(), false)]);
        actors.insert("plan", Actor::new("plan", Rgb([9; 3]), 0.0)).parent = Some("claude".into());
        arrange(&mut actors);
        assert_eq!(moon(&actors, "plan").map(|moon| moon.slot), Some(0));
    }

    #[test]
    fn lines_that_end_nowhere_or_in_themselves_are_nobodys() {
        let mut actors = cast(&[("a", Some("b")), ("b", Some("a")), ("c", Some("c")), ("d", Some("gone"))]);
        assert_eq!(arrange(&mut actors), []);
    }
}
