//! Room for names: that of a seat is kept free for it; every other label takes the first place where it touches nothing, or is
//! not shown.

use super::band::SLOTS;
use super::{Court, Form};

/// A rectangle, pixels: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room(pub [f32; 4]);

impl Room {
    /// So wide and high around a middle.
    #[must_use]
    pub fn around(middle: [f32; 2], size: [f32; 2]) -> Self {
        Self([middle[0] - size[0] / 2.0, middle[1] - size[1] / 2.0, size[0], size[1]])
    }

    /// Whether a disc touches it.
    #[must_use]
    pub fn touches(&self, at: [f32; 2], r: f32) -> bool {
        let near = self.nearest(at);
        (at[0] - near[0]).hypot(at[1] - near[1]) < r
    }

    /// The place on its edge, or in it, that is nearest to another.
    #[must_use]
    pub fn nearest(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [left, top, wide, high] = self.0;
        [x.min(left + wide).max(left), y.min(top + high).max(top)]
    }

    /// Whether another has a part in common with it.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let ([x, y, w, h], [ox, oy, ow, oh]) = (self.0, other.0);
        x < ox + ow && ox < x + w && y < oy + oh && oy < y + h
    }

    /// Whether all of it is in a rectangle.
    #[must_use]
    pub fn is_within(&self, [left, top, wide, high]: [f32; 4]) -> bool {
        let [x, y, w, h] = self.0;
        x >= left && y >= top && x + w <= left + wide && y + h <= top + high
    }

    /// Its middle.
    #[must_use]
    pub fn middle(&self) -> [f32; 2] {
        let [x, y, w, h] = self.0;
        [x + w / 2.0, y + h / 2.0]
    }
}

/// The room below a seat that its label has: a name and its figure, and in a high stage a second line.
#[must_use]
pub fn seat_room(court: &Court, seat: usize) -> Room {
    room_below(court, court.mapping.px(court.seat(seat, 0)))
}

/// The room below a circle at a place, pixels.
#[must_use]
pub fn room_below(court: &Court, at: [f32; 2]) -> Room {
    let (u, grown) = (court.mapping.u, court.mapping.grown);
    let wide = match court.form {
        // As far as the bus leaves room.
        Form::Small => (court.mapping.unit[0] * 0.96 - 88.0 * u).min(240.0),
        Form::Large => 162.0 * u,
        Form::Strip => 74.0,
    };
    Room([at[0] - wide / 2.0, at[1] + 62.0 * u * grown, wide, court.lines().high() * court.type_scale])
}

/// Places for the name of a seal: outside of the band, inside, above, below.
#[must_use]
pub fn beside_seal(at: [f32; 2], inward: [f32; 2], r: f32, size: [f32; 2]) -> [Room; 4] {
    let far = r + 4.0 + (inward[0] * size[0]).abs() / 2.0 + (inward[1] * size[1]).abs() / 2.0;
    let along =
        |sign: f32| Room::around([at[0] + sign * inward[0] * far, at[1] + sign * inward[1] * far], size);
    let [above, below] = above_and_below(at, r, size);
    [along(-1.0), along(1.0), above, below]
}

/// Places for the name of a moon: away from its circle, above, below.
#[must_use]
pub fn beside_moon(at: [f32; 2], circle: [f32; 2], r: f32, size: [f32; 2]) -> [Room; 3] {
    let side = if at[0] < circle[0] { -1.0 } else { 1.0 };
    let away = Room::around([at[0] + side * (r + 4.0 + size[0] / 2.0), at[1]], size);
    let [above, below] = above_and_below(at, r, size);
    [away, above, below]
}

fn above_and_below(at: [f32; 2], r: f32, size: [f32; 2]) -> [Room; 2] {
    [-1.0, 1.0].map(|sign| Room::around([at[0], at[1] + sign * (r + 3.0 + size[1] / 2.0)], size))
}

/// How far along the band a crest may stand from its anchor, slots: the first choice first.
const CREST_STEPS: [usize; 13] = [0, 4, 124, 6, 122, 8, 120, 10, 118, 12, 116, 2, 126];

/// Places for a crest: the corner outside of the band that is nearest to its anchor, or inside, on the anchor's axis or near it.
#[must_use]
pub fn crest(court: &Court, anchor: usize, size: [f32; 2]) -> Vec<Room> {
    let Some(slot) = court.slot(anchor) else { return Vec::new() };
    let [x, y, w, h] = court.view.stage;
    let end = |at: f32, from: f32, length: f32, own: f32| {
        if at < from + length / 2.0 { from + 4.0 } else { from + length - own - 4.0 }
    };
    let corner = Room([end(slot.at[0], x, w, size[0]), end(slot.at[1], y, h, size[1]), size[0], size[1]]);
    let inside = |step: &usize, far: f32| {
        let slot = court.slot((anchor + step) % SLOTS)?;
        let far = far * court.mapping.u
            + (slot.inward[0] * size[0]).abs() / 2.0
            + (slot.inward[1] * size[1]).abs() / 2.0;
        Some(Room::around([0, 1].map(|i| slot.at[i] + slot.inward[i] * far), size))
    };
    let near = CREST_STEPS.iter().flat_map(|step| [46.0, 30.0, 76.0].map(|far| inside(step, far)));
    std::iter::once(corner).chain(near.flatten()).collect()
}

/// A disc that no label may touch: its middle and its radius, pixels.
pub type Disc = ([f32; 2], f32);

/// What is taken while labels are placed.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// Circles, seals, moons, the bus.
    pub discs: Vec<Disc>,
    /// Labels that have their room.
    pub rooms: Vec<Room>,
}

impl Taken {
    /// Gives a label the place that it had, if that is free, or else the first free one; `None`: it is not shown.
    pub fn place(&mut self, stage: [f32; 4], places: &[Room], had: Option<usize>) -> Option<usize> {
        let is_free = |at: &usize| {
            let Some(room) = places.get(*at) else { return false };
            room.is_within(stage)
                && !self.discs.iter().any(|(middle, r)| room.touches(*middle, *r))
                && !self.rooms.iter().any(|other| room.meets(other))
        };
        let at = had.into_iter().chain(0..places.len()).find(is_free)?;
        self.rooms.push(places[at]);
        Some(at)
    }
}

/// How wide a text is about, in ems of a proportional type: the page says the width, this says which room to look for.
#[must_use]
pub fn width_of(text: &str, px: f32) -> f32 {
    let ems = text.chars().map(|c| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | '\'' | '|' | ' ' => 0.33_f32,
        'm' | 'w' | 'M' | 'W' => 0.88,
        c if c.is_ascii_uppercase() => 0.7,
        c if c.is_ascii() => 0.59,
        _ => 1.0,
    });
    ems.sum::<f32>() * px
}
