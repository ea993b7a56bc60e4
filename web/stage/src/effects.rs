//! What passes over the stage: waves, voices, the veil, and letters that become runes.

use arcane_shared::Rgb;

use crate::actors::part;
use crate::layout::Mapping;
use crate::palette;
use crate::picture::{Kind, Mark, Picture, Ring};
use crate::wave::fading;

/// Most effects at a time, whatever the tier; the oldest give way.
pub const EFFECTS_MAX: usize = 64;
/// Most letters of an incantation that become runes.
pub const LETTERS_MAX: usize = 14;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Effect {
    /// What.
    pub shape: Shape,
    /// When it began.
    pub since: f64,
    /// Where, stage coordinates.
    pub at: [f32; 2],
    /// Its colour.
    pub color: Rgb,
}

/// What passes.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A ring that runs outwards; how far, in radii of a circle.
    Wave(f32),
    /// A ring that swings.
    Voice,
    /// A band of light from left to right.
    Veil,
    /// Letters on their way to the bus.
    Incantation {
        /// Their runes.
        runes: [u8; LETTERS_MAX],
        /// How many.
        count: usize,
    },
}

impl Shape {
    fn length_ms(self) -> f64 {
        match self {
            Self::Wave(_) => 1_200.0,
            Self::Voice => 2_600.0,
            Self::Veil => 1_900.0,
            Self::Incantation { .. } => 2_200.0,
        }
    }
}

impl Effect {
    /// Whether it has passed.
    #[must_use]
    pub fn is_over(&self, now: f64) -> bool {
        now - self.since >= self.shape.length_ms()
    }

    /// Draws it into a frame.
    pub fn draw(&self, stage: [f32; 4], now: f64, reduced: bool, picture: &mut Picture) {
        let mapping = &picture.mapping;
        let into = &mut picture.marks;
        let t = part(now - self.since, self.shape.length_ms());
        let still = if reduced { 0.4 } else { t };
        let centre = mapping.px(self.at);
        let radius = mapping.circle_radius();
        match self.shape {
            Shape::Wave(reach) => {
                let eased = 1.0 - (1.0 - still).powi(3);
                let color = palette::floats(self.color, (1.0 - t) * 0.75);
                picture.rings.push(Ring::whole(centre, radius * (1.05 + reach * eased), color, 1.0 - t));
            }
            Shape::Voice => {
                let light = (t * 8.0).min(1.0) * fading(1.0 - t);
                into.push(mark(
                    Kind::Voice,
                    centre,
                    [radius * 1.5; 2],
                    palette::floats(self.color, light),
                    still,
                ));
            }
            Shape::Veil => {
                let light = (t * 5.0).min(1.0) * (1.0 - t);
                let x = stage[0] + stage[2] * (if reduced { 0.5 } else { t * 1.2 - 0.1 });
                let half = [stage[2] * if reduced { 0.5 } else { 0.13 }, stage[3] * 0.55];
                let middle = [x, stage[1] + stage[3] * 0.5];
                into.push(mark(Kind::Veil, middle, half, palette::floats(self.color, light * 0.5), t));
            }
            Shape::Incantation { runes, count } => {
                draw_incantation(self, mapping, &runes[..count.min(LETTERS_MAX)], t, reduced, into);
            }
        }
    }
}

/// Letters stand in a row above the bus, rise, turn and fall into it one after the other.
fn draw_incantation(
    effect: &Effect,
    mapping: &Mapping,
    runes: &[u8],
    t: f32,
    reduced: bool,
    into: &mut Vec<Mark>,
) {
    #[expect(clippy::cast_precision_loss, reason = "at most 14")]
    let count = runes.len().max(1) as f32;
    let size = mapping.bus_radius * 0.24;
    for (i, rune) in runes.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most 14")]
        let order = i as f32 / count;
        let own = ((t - order * 0.45) / 0.55).clamp(0.0, 1.0);
        let fall = if reduced { 0.0 } else { own * own };
        let row = (order - 0.5 + 0.5 / count) * count * size * 2.2;
        let start = [mapping.centre[0] + row, mapping.centre[1] - mapping.bus_radius * 1.8];
        let at = [
            start[0] + (mapping.centre[0] - start[0]) * fall,
            start[1] + (mapping.centre[1] - start[1]) * fall,
        ];
        let light = (t * 6.0).min(1.0) * (1.0 - own.powi(4));
        let mut glyph =
            mark(Kind::Rune, at, [size * (1.0 - 0.5 * fall); 2], palette::floats(effect.color, light), own);
        glyph.runes = [u32::from(*rune), 0, 0, 0];
        glyph.turn = fall * 2.0;
        into.push(glyph);
    }
}

/// A mark with everything at rest.
#[must_use]
pub fn mark(kind: Kind, centre: [f32; 2], half: [f32; 2], color: [f32; 4], progress: f32) -> Mark {
    Mark {
        kind,
        centre,
        half,
        color,
        turn: 0.0,
        progress,
        glow: 0.0,
        dissolve: 0.0,
        flood: 1.0,
        corners: 3.0,
        runes: [0; 4],
        seed: 0.0,
    }
}
