//! Groups of daemons, by project and machine, and where on the band each begins.

use super::band::SLOTS;

/// Homes of a group, at most.
pub const HOMES_MAX: usize = 32;
/// How far from its anchor a home may be, slots.
const REACH: usize = 14;
/// Groups without daemons whose anchors are remembered, at most.
const EMPTY_MAX: usize = 16;

/// Project and machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// As people write it; empty: no event says.
    pub name: String,
    /// The slot around which its homes are; `None`: there was no room, its daemons share the crest of the rest.
    pub anchor: Option<usize>,
    /// Its daemons that have a place on the stage or are folded.
    pub count: usize,
}

/// All groups, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Groups(pub(super) Vec<Group>);

/// Who owns each slot: a group by its place in the list; `None`: it is free.
pub(super) type Owners = [Option<u16>; SLOTS];

/// How far apart two slots are.
pub(super) fn distance(a: usize, b: usize) -> usize {
    let on = (a + SLOTS - b) % SLOTS;
    on.min(SLOTS - on)
}

/// Slots so many steps around one.
fn around(slot: usize) -> impl Iterator<Item = usize> {
    (0..5).map(move |step| (slot + SLOTS + step - 2) % SLOTS)
}

/// Multiples of four in bit-reversed order: 0, 64, 32, 96, 16, 80 … So three groups stand far apart and a fourth fits between them.
fn anchors() -> impl Iterator<Item = usize> {
    (0..32_u8).map(|i| usize::from(i.reverse_bits() >> 3) * 4)
}

/// Slots around an anchor, the first choice first: every fourth, then every second, then the inner lane.
fn candidates(anchor: usize) -> impl Iterator<Item = usize> {
    let steps = |step: usize, first: usize| (first..=REACH).step_by(step);
    let order = steps(4, 0).chain(steps(4, 2)).chain(steps(2, 1));
    let both = order.flat_map(|k| [k, SLOTS - k].into_iter().take(if k == 0 { 1 } else { 2 }));
    both.map(move |k| (anchor + k) % SLOTS)
}

impl Groups {
    /// The group of this name; a new one gets an anchor that has no homes of others near it.
    pub(super) fn join(&mut self, name: &str, owners: &Owners) -> usize {
        let known = self.0.iter().position(|group| group.name == name);
        let at = known.unwrap_or_else(|| {
            if self.0.iter().filter(|group| group.count == 0).count() > EMPTY_MAX
                && let Some(empty) =
                    self.0.iter_mut().find(|group| group.count == 0 && group.anchor.is_some())
            {
                empty.anchor = None;
            }
            // The place in the list is what owners know: one that has nobody and nothing is given again.
            let fresh = Group { name: name.to_owned(), anchor: None, count: 0 };
            match self.0.iter().position(|group| group.count == 0 && group.anchor.is_none()) {
                Some(free) => {
                    self.0[free] = fresh;
                    free
                }
                None => {
                    self.0.push(fresh);
                    self.0.len() - 1
                }
            }
        });
        self.0[at].count += 1;
        self.anchor(at, owners);
        at
    }

    /// Gives a group an anchor if it has none and there is one: what is left of a group without daemons is given away.
    fn anchor(&mut self, at: usize, owners: &Owners) {
        if self.0[at].anchor.is_some() {
            return;
        }
        let is_free = |slot: &usize| around(*slot).all(|near| owners[near].is_none());
        let of = |slot: usize| self.0.iter().position(|group| group.anchor == Some(slot));
        let unused = anchors().filter(is_free).find(|slot| of(*slot).is_none());
        let deserted =
            || anchors().filter(is_free).find(|slot| of(*slot).is_some_and(|other| self.0[other].count == 0));
        let Some(slot) = unused.or_else(deserted) else { return };
        if let Some(other) = of(slot) {
            self.0[other].anchor = None;
        }
        self.0[at].anchor = Some(slot);
    }

    /// The free slot for another home of a group.
    pub(super) fn home(&mut self, at: usize, owners: &Owners) -> Option<usize> {
        self.anchor(at, owners);
        let anchor = self.0[at].anchor?;
        let own = u16::try_from(at).ok()?;
        if owners.iter().filter(|owner| **owner == Some(own)).count() >= HOMES_MAX {
            return None;
        }
        candidates(anchor).find(|slot| self.suits(at, *slot, owners))
    }

    /// Whether a slot is free for a group: not nearer to the anchor of another, two empty slots from others' homes.
    pub(super) fn suits(&self, at: usize, slot: usize, owners: &Owners) -> bool {
        let Some(anchor) = self.0[at].anchor else { return false };
        let own = distance(slot, anchor);
        let mut others = self.0.iter().enumerate().filter(|(other, group)| *other != at && group.count > 0);
        owners[slot].is_none()
            && own <= REACH
            && others.all(|(_, group)| group.anchor.is_none_or(|other| distance(slot, other) >= own))
            && around(slot).all(|near| owners[near].is_none_or(|owner| usize::from(owner) == at))
    }
}
