//! Who is present and not drawn: there is room for so many circles, and for so many moons beside each. Who waits for a human has room.

use super::{ACTORS_MAX, Stage};
use crate::actors::{Actor, BREAK_MS};
use crate::moons::{self, MOONS_MAX};

/// Most circles and moons together.
const DRAWN_MAX: usize = 2 * ACTORS_MAX;
/// Longest line of ancestors that is followed.
const DEPTH_MAX: usize = 32;

impl Stage {
    /// The circle that what a daemon starts belongs to, whether that is drawn or not.
    pub(super) fn circle_of(&self, parent: &str) -> Option<String> {
        let mut at = parent;
        for _ in 0..DEPTH_MAX {
            if self.actors.get(at).is_some_and(|actor| actor.vanished.is_none()) {
                return Some(moons::root_of(&self.actors, at).unwrap_or_else(|| at.to_owned()));
            }
            at = self.crowd.get(at)?;
        }
        None
    }

    /// Whether there is no room for another circle, or for another moon of one.
    pub(super) fn is_full(&self, root: Option<&str>) -> bool {
        let of = |actor: &&Actor| actor.moon.as_ref().map(|moon| moon.of.as_str()) == root;
        let beside = self.actors.values().filter(of).count();
        let most = if root.is_some() { MOONS_MAX } else { ACTORS_MAX };
        beside >= most || self.actors.len() >= DRAWN_MAX
    }

    /// Takes the place of one that is idle for one that waits, beside the same circle or as a circle; says whether there was one.
    pub(super) fn make_room(&mut self, root: Option<&str>, now: f64) -> bool {
        let has_moons = |name: &str| {
            self.actors.values().any(|other| other.moon.as_ref().is_some_and(|moon| moon.of == name))
        };
        let idle = self.actors.iter().find(|(name, actor)| {
            let is_there = actor.moon.as_ref().map(|moon| moon.of.as_str()) == root;
            let rests = actor.waiting.is_none() && actor.working.is_none() && now - actor.broke >= BREAK_MS;
            is_there && rests && actor.vanished.is_none() && !has_moons(name)
        });
        let name = idle.map(|(name, _)| name.to_owned());
        name.is_some_and(|name| {
            self.withdraw(&name);
            true
        })
    }

    /// No longer draws one that is present.
    fn withdraw(&mut self, name: &str) {
        if let Some(actor) = self.actors.remove(name) {
            self.ring.leave(name);
            self.crowd.insert(name, actor.parent.unwrap_or_default());
        }
    }

    /// Who belongs to whom may have changed.
    pub(crate) fn arrange(&mut self) {
        let circles = |stage: &Self| stage.actors.values().filter(|actor| actor.moon.is_none()).count();
        for (name, is_moon) in moons::arrange(&mut self.actors) {
            if is_moon {
                self.ring.leave(&name);
            } else if circles(self) > ACTORS_MAX {
                self.withdraw(&name);
            } else if let Some(actor) = self.actors.get_mut(&name) {
                actor.place = self.ring.seat(&name);
            }
        }
        let beyond = |actor: &Actor| actor.moon.as_ref().is_some_and(|moon| moon.slot >= MOONS_MAX);
        let names = self.actors.iter().filter(|(_, actor)| beyond(actor)).map(|(name, _)| name.to_owned());
        for name in names.collect::<Vec<_>>() {
            self.withdraw(&name);
        }
    }

    /// The circle of each that is not drawn and belongs to one.
    pub(super) fn beside(&self) -> Vec<String> {
        self.crowd.iter().filter_map(|(_, parent)| self.circle_of(parent)).collect()
    }

    /// How many are present and neither drawn nor counted on a label.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.crowd.len() - self.beside().len()
    }
}
