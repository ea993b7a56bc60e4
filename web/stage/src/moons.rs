//! Subagents: small circles beside the one that they belong to. Whose child's child it is, a moon stands beside the circle that
//! started it all; its thread leads to who started it.

use crate::actors::Actor;
use crate::layout::{Mapping, View};
use crate::names::Names;
use crate::wave::{cos, sin};

/// Moons of a circle that are drawn; its label says how many more there are.
pub const MOONS_MAX: usize = 6;
/// Longest line of ancestors that is followed.
const DEPTH_MAX: usize = 32;
/// How far a moon stands from the middle of its circle, in the circle's radii.
const DISTANCE: f32 = 1.62;
/// Where moons stand, degrees clockwise from the right, of a circle on the left: never beneath it, where its label is. On the right
/// they are mirrored.
const TURNS: [f32; MOONS_MAX] = [-150.0, 180.0, -115.0, -75.0, 145.0, -30.0];

/// A place beside a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moon {
    /// Whose circle.
    pub of: String,
    /// Which place; from [`MOONS_MAX`] on there is none.
    pub slot: usize,
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
            let slot = (0..).find(|slot| !is_taken(*slot)).unwrap_or(MOONS_MAX);
            Moon { of, slot }
        });
        if let Some(actor) = actors.get_mut(&name) {
            actor.moon = moon;
        }
    }
    changed
}

/// Where a moon stands beside a circle, stage coordinates: in a place of its own, inside the stage.
#[must_use]
pub fn place(mapping: &Mapping, view: View, at: [f32; 2], slot: usize) -> [f32; 2] {
    let [x, y] = mapping.px(at);
    let turn = TURNS[slot.min(MOONS_MAX - 1)].to_radians();
    let far = mapping.circle_radius * DISTANCE;
    let side = if at[0] > 0.0 { -1.0 } else { 1.0 };
    let room = mapping.moon_radius() * 1.2;
    let [left, top, wide, high] = view.stage;
    let px = [
        (x + side * cos(turn) * far).min(left + wide - room).max(left + room),
        (y + sin(turn) * far).min(top + high - room).max(top + room),
    ];
    [0, 1].map(|i| (px[i] - mapping.centre[i]) / mapping.unit[i].max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arcane_shared::Rgb;
    use proptest::prelude::*;

    fn cast(line: &[(&str, Option<&str>)]) -> Names<Actor> {
        let mut actors = Names::default();
        for (name, parent) in line {
            let actor = actors.insert(name, Actor::new(name, Rgb([9; 3]), 0, [0.0; 2], 0.0));
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
        actors.insert("plan", Actor::new("plan", Rgb([9; 3]), 0, [0.0; 2], 0.0)).parent =
            Some("claude".into());
        arrange(&mut actors);
        assert_eq!(moon(&actors, "plan").map(|moon| moon.slot), Some(0));
    }

    #[test]
    fn lines_that_end_nowhere_or_in_themselves_are_nobodys() {
        let mut actors = cast(&[("a", Some("b")), ("b", Some("a")), ("c", Some("c")), ("d", Some("gone"))]);
        assert_eq!(arrange(&mut actors), []);
    }

    proptest! {
        #[test]
        fn moons_are_inside_the_stage_and_apart(
            w in 400.0..3_000.0_f32, h in 400.0..1_600.0_f32, x in -1.0..1.0_f32, y in -1.0..1.0_f32
        ) {
            let view = View { width: w, height: h, stage: [0.0, 0.0, w, h] };
            let mapping = Mapping::new(view, 4);
            let circle = [x * 0.7, y * 0.7];
            let px: Vec<[f32; 2]> =
                (0..MOONS_MAX).map(|slot| mapping.px(place(&mapping, view, circle, slot))).collect();
            for (i, [x, y]) in px.iter().copied().enumerate() {
                let r = mapping.moon_radius();
                prop_assert!(x - r >= 0.0 && x + r <= w && y - r >= 0.0 && y + r <= h, "{x} {y}");
                let own = mapping.px(circle);
                prop_assert!((x - own[0]).hypot(y - own[1]) > mapping.circle_radius + r, "{i} on its circle");
                for [a, b] in px[..i].iter().copied() {
                    prop_assert!((x - a).hypot(y - b) > r * 2.0, "{i}");
                }
            }
        }
    }
}
