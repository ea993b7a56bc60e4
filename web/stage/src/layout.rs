//! Where things stand: a fixed place for every daemon on the ring around the bus.
//!
//! A daemon keeps its place while it is present. The ring has a number of places that grows in
//! steps, so places move only when it is full.

use std::f32::consts::TAU;

use crate::names::Names;
use crate::wave::{cos, sin};

/// Places on the ring, step by step. More daemons than the last share its places' order but are
/// not drawn; the page says how many.
pub const RINGS: [usize; 6] = [4, 6, 8, 12, 18, 28];

/// The page's geometry, CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The canvas.
    pub width: f32,
    /// The canvas.
    pub height: f32,
    /// The part of it that nothing covers: x, y, width, height.
    pub stage: [f32; 4],
}

impl Default for View {
    fn default() -> Self {
        Self { width: 800.0, height: 600.0, stage: [0.0, 0.0, 800.0, 600.0] }
    }
}

/// How stage coordinates (bus at the origin, ring at one) become pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mapping {
    /// The bus, pixels.
    pub centre: [f32; 2],
    /// One unit, pixels, along x and y.
    pub unit: [f32; 2],
    /// Radius of the bus's circle, pixels.
    pub bus_radius: f32,
    /// Radius of a daemon's circle, pixels.
    pub circle_radius: f32,
}

impl Mapping {
    /// For a view and so many places.
    #[must_use]
    pub fn new(view: View, places: usize) -> Self {
        let [x, y, w, h] = view.stage;
        let (w, h) = (w.max(80.0), h.max(80.0));
        let least = w.min(h);
        #[expect(clippy::cast_precision_loss, reason = "at most 28")]
        let crowd = (4.0 / places.max(1) as f32).sqrt();
        // The circle, its glow and its two lines of label have to fit.
        let circle_radius = (least * 0.135 * (0.35 + 0.65 * crowd)).clamp(14.0, 118.0);
        let label = 46.0;
        let unit_x = (w / 2.0 - circle_radius * 1.25).max(30.0) * if places <= 4 { 1.18 } else { 1.0 };
        let unit_y =
            (h / 2.0 - circle_radius * 1.1 - label * 0.5).max(30.0) * if places <= 4 { 1.22 } else { 1.0 };
        Self {
            centre: [x + w / 2.0, y + h / 2.0 - label * 0.25],
            unit: [unit_x.min(unit_y * 1.9), unit_y.min(unit_x * 1.5)],
            bus_radius: (least * 0.115).clamp(22.0, 100.0),
            circle_radius,
        }
    }

    /// Radius of a moon, pixels.
    #[must_use]
    pub fn moon_radius(&self) -> f32 {
        (self.circle_radius * 0.27).max(8.0)
    }

    /// Stage to pixels.
    #[must_use]
    pub fn px(&self, at: [f32; 2]) -> [f32; 2] {
        [self.centre[0] + at[0] * self.unit[0], self.centre[1] + at[1] * self.unit[1]]
    }
}

/// Who stands where.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    places: Names<usize>,
}

impl Ring {
    /// Gives `name` a place, its own if it has one. The first choice is hashed from the name.
    pub fn seat(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let n = Self::capacity(self.places.len() + 1);
        let taken = |place: usize| self.places.values().any(|other| *other == place);
        let own = match name {
            "claude" => Some(0),
            "gemini" => Some(1),
            "liquidmetal" => Some(2),
            _ => None,
        };
        // Others leave the first three places to those who own them, for as long as there are others.
        let rest = (n - 3) as u64;
        let first = usize::try_from(arcane_shared::color::hash(name) % rest).unwrap_or(0);
        let free = (0..n - 3).map(|step| 3 + (first + step) % (n - 3)).chain(0..n);
        let place = own.into_iter().chain(free).find(|place| !taken(*place)).unwrap_or(self.places.len());
        self.places.insert(name, place);
        place
    }

    /// Frees the place of `name`.
    pub fn leave(&mut self, name: &str) {
        self.places.remove(name);
    }

    /// Everybody leaves.
    pub fn clear(&mut self) {
        self.places.clear();
    }

    /// How many places the ring shows now.
    #[must_use]
    pub fn size(&self) -> usize {
        let highest = self.places.values().max().map_or(0, |place| place + 1);
        Self::capacity(highest.max(self.places.len()))
    }

    /// Where a place is, stage coordinates.
    #[must_use]
    pub fn at(place: usize, size: usize) -> [f32; 2] {
        #[expect(clippy::cast_precision_loss, reason = "at most a few dozen")]
        let turn = |k: usize| (k % size.max(1)) as f32 / size.max(1) as f32;
        // Four stand in the corners, in the order of reading; more begin at the top, clockwise.
        let angle = if size <= 4 {
            [-0.375, -0.125, 0.125, 0.375][place % 4] * TAU
        } else {
            (turn(place) - 0.25) * TAU + TAU / 24.0
        };
        [cos(angle), sin(angle)]
    }

    fn capacity(count: usize) -> usize {
        RINGS.into_iter().find(|n| *n >= count).unwrap_or(RINGS[RINGS.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_three_of_old_have_their_corners() {
        let mut ring = Ring::default();
        assert_eq!(["claude", "gemini", "liquidmetal", "codex"].map(|name| ring.seat(name)), [0, 1, 2, 3]);
        assert_eq!(ring.size(), 4);
        ring.leave("gemini");
        assert_eq!(ring.seat("claude"), 0);
    }

    proptest! {
        #[test]
        fn nobody_shares_a_place(names in proptest::collection::btree_set("[a-z]{1,8}", 1..28)) {
            let mut ring = Ring::default();
            let mut places: Vec<usize> = names.iter().map(|name| ring.seat(name)).collect();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), names.len());
            prop_assert!(ring.size() <= 28);
        }

        #[test]
        fn circles_stay_inside_the_stage(
            w in 300.0..3_000.0_f32, h in 320.0..1_600.0_f32, count in 1..28_usize
        ) {
            let view = View { width: w, height: h, stage: [0.0, 0.0, w, h] };
            let size = Ring::capacity(count);
            let mapping = Mapping::new(view, size);
            for place in 0..size {
                let [x, y] = mapping.px(Ring::at(place, size));
                let r = mapping.circle_radius;
                prop_assert!(x - r >= 0.0 && x + r <= w, "{x} {r} {w}");
                prop_assert!(y - r >= 0.0 && y + r <= h, "{y} {r} {h}");
            }
        }
    }
}
