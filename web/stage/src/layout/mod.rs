//! Where things stand: the court of eight seats around the bus, and the band of homes around the court.
//!
//! [`seating`] decides who stands where and knows no pixels; [`Court`] says where seats and homes are in a window;
//! [`labels`] finds room for names.

pub mod band;
pub mod groups;
pub mod labels;
pub mod seals;
pub mod seating;
mod yielding;

use crate::states::State;
use crate::wave::{cos, sin};

use self::band::Slot;

/// Seats of the court.
pub const SEATS: usize = 8;
/// Seats of the small court: the corners.
pub const CORNERS: usize = 4;
/// Places for moons beside a seat. From the fourth moon on, the last says how many more there are.
pub const MOONS: usize = 3;
/// How much larger the small court's circles are.
const SMALL_GROWS: f32 = 1.6;
/// Least width and height of a stage with a court, pixels. A smaller one has the strip.
pub const COURT_MIN: [f32; 2] = [560.0, 380.0];
/// How far apart circles of the strip stand, pixels.
const STRIP_STEP: f32 = 78.0;

/// Seats as parts of half the width and half the height, from the bus: the corners first.
const LARGE: [[f32; 2]; SEATS] = [
    [-0.578, -0.325],
    [0.578, -0.325],
    [-0.578, 0.180],
    [0.578, 0.180],
    [-0.232, -0.565],
    [0.232, -0.565],
    [-0.225, 0.500],
    [0.225, 0.500],
];
/// Seats of the small court, likewise.
const SMALL: [[f32; 2]; CORNERS] = [[-0.48, -0.42], [0.48, -0.42], [-0.48, 0.365], [0.48, 0.365]];
/// Where moons stand beside a seat on the left, degrees clockwise from the right; on the right they are mirrored. Never beneath
/// it, where its label is.
const TURNS: [[f32; MOONS]; 4] =
    [[-150.0, 180.0, -115.0], [-150.0, 180.0, -30.0], [-150.0, -30.0, 180.0], [-30.0, -90.0, 0.0]];

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

/// Which arrangement a stage has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Four large circles, while at most four daemons were ever present.
    Small,
    /// Eight seats.
    Large,
    /// One row, where there is no room for a court.
    Strip,
}

/// How stage coordinates (the bus at the origin, half the width and half the height of the stage as units) become pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mapping {
    /// The bus, pixels.
    pub centre: [f32; 2],
    /// One unit, pixels, along x and y.
    pub unit: [f32; 2],
    /// The measure of all lengths, pixels: 1.0 where the stage is 872 × 680.
    pub u: f32,
    /// Radius of the bus's circle, pixels.
    pub bus_radius: f32,
    /// How much larger than usual circles are.
    pub grown: f32,
}

impl Default for Mapping {
    fn default() -> Self {
        Self { centre: [0.0; 2], unit: [1.0; 2], u: 1.0, bus_radius: 0.0, grown: 1.0 }
    }
}

impl Mapping {
    /// Stage to pixels.
    #[must_use]
    pub fn px(&self, at: [f32; 2]) -> [f32; 2] {
        [self.centre[0] + at[0] * self.unit[0], self.centre[1] + at[1] * self.unit[1]]
    }

    /// Pixels to stage.
    #[must_use]
    pub fn stage(&self, px: [f32; 2]) -> [f32; 2] {
        [(px[0] - self.centre[0]) / self.unit[0], (px[1] - self.centre[1]) / self.unit[1]]
    }

    /// Radius of a circle in a state, pixels.
    #[must_use]
    pub fn radius(&self, state: State) -> f32 {
        self.u * self.grown * radius(state)
    }

    /// Radius of a working circle, pixels: what gestures are measured by.
    #[must_use]
    pub fn circle_radius(&self) -> f32 {
        self.radius(State::Working)
    }

    /// Radius of a moon, pixels.
    #[must_use]
    pub fn moon_radius(&self) -> f32 {
        (11.0 * self.u * self.grown).max(7.0)
    }
}

/// Radius of a circle in a state, in measures.
fn radius(state: State) -> f32 {
    match state {
        State::Waiting | State::Looping => 54.0,
        State::Failed | State::Working => 50.0,
        State::Silent | State::Idle => 38.0,
    }
}

/// Where seats and homes are in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Court {
    /// The window.
    pub view: View,
    /// The arrangement.
    pub form: Form,
    /// Its measures.
    pub mapping: Mapping,
    /// How much larger than on a desk type is: on a wall it is read from afar.
    pub type_scale: f32,
    /// How far the strip is scrolled, pixels.
    scrolled: f32,
    slots: Vec<Slot>,
}

impl Default for Court {
    fn default() -> Self {
        Self::new(View::default(), false)
    }
}

impl Court {
    /// For a view; `is_large`: more than four daemons were there.
    #[must_use]
    pub fn new(view: View, is_large: bool) -> Self {
        let [x, y, w, h] = view.stage;
        let (w, h) = (w.max(80.0), h.max(60.0));
        let form = match is_large {
            _ if w < COURT_MIN[0] || h < COURT_MIN[1] => Form::Strip,
            true => Form::Large,
            false => Form::Small,
        };
        let mut mapping = Mapping {
            centre: [x + w / 2.0, y + h / 2.0],
            unit: [w / 2.0, h / 2.0],
            u: (w / 872.0).min(h / 680.0),
            bus_radius: 40.0,
            grown: if form == Form::Small { SMALL_GROWS } else { 1.0 },
        };
        let mut slots = Vec::new();
        if form == Form::Strip {
            // Circles and their two lines of words fill the strip.
            mapping.u = ((h - 40.0) / 150.0).clamp(0.3, 0.55);
            mapping.bus_radius = 0.0;
        } else {
            slots = band::slots(mapping.centre, [w, h], mapping.u);
            mapping.bus_radius *= mapping.u;
            mapping.centre[1] -= 6.0 * mapping.u;
        }
        Self { view, form, mapping, type_scale: 1.0, scrolled: 0.0, slots }
    }

    /// The middle of a seat, stage coordinates. `order`: how many are before it in the strip.
    #[must_use]
    pub fn seat(&self, seat: usize, order: usize) -> [f32; 2] {
        match self.form {
            Form::Small => SMALL[seat % CORNERS],
            Form::Large => LARGE[seat % SEATS],
            Form::Strip => {
                let [x, y, _, h] = self.view.stage;
                #[expect(clippy::cast_precision_loss, reason = "at most 8")]
                let order = order as f32;
                self.mapping.stage([x + STRIP_STEP * (order + 0.5) - self.scrolled, y + (h - 40.0) / 2.0])
            }
        }
    }

    /// Scrolls the strip by so many pixels, as far as there are circles; says whether it moved.
    pub fn scroll(&mut self, by: f32, circles: usize) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "at most 8")]
        let most = (STRIP_STEP * circles as f32 - self.view.stage[2]).max(0.0);
        let scrolled = (self.scrolled + by).clamp(0.0, most);
        let moves = self.form == Form::Strip && (scrolled - self.scrolled).abs() > 0.1;
        if moves {
            self.scrolled = scrolled;
        }
        moves
    }

    /// A slot of the band; `None`: this stage has no band.
    #[must_use]
    pub fn slot(&self, slot: usize) -> Option<&Slot> {
        self.slots.get(slot)
    }

    /// The half axes of the band and its middle, pixels.
    #[must_use]
    pub fn band(&self) -> Option<[[f32; 2]; 2]> {
        let [x, y, w, h] = self.view.stage;
        let middle = [x + w / 2.0, y + h / 2.0];
        (!self.slots.is_empty()).then(|| [band::axes([w, h], self.mapping.u), middle])
    }

    /// The middle of a moon's place beside a seat, stage coordinates.
    #[must_use]
    pub fn moon(&self, seat: usize, order: usize, place: usize) -> [f32; 2] {
        let at = self.mapping.px(self.seat(seat, order));
        let turns = TURNS[if self.form == Form::Strip { 0 } else { seat / 2 % TURNS.len() }];
        let turn = turns[place.min(MOONS - 1)].to_radians();
        let far = 80.0 * self.mapping.u * self.mapping.grown;
        let side = if seat % 2 == 1 && self.form != Form::Strip { -1.0 } else { 1.0 };
        self.mapping.stage([at[0] + side * cos(turn) * far, at[1] + sin(turn) * far])
    }

    /// How much room labels of seats have.
    #[must_use]
    pub fn lines(&self) -> Lines {
        match self.view.stage[3] / self.type_scale {
            _ if self.form == Form::Strip => Lines::Two,
            h if h < 480.0 => Lines::One,
            h if h < 620.0 => Lines::Tight,
            _ => Lines::Two,
        }
    }
}

/// How much room labels of seats have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// A name with its figure, and a second line.
    Two,
    /// The same in smaller type.
    Tight,
    /// A name with its figure.
    One,
}

impl Lines {
    /// Height of a label, pixels; the style sheet says the same.
    #[must_use]
    pub fn high(self) -> f32 {
        match self {
            Self::Two => 36.0,
            Self::Tight => 28.0,
            Self::One => 18.0,
        }
    }
}

#[cfg(test)]
mod tests;
