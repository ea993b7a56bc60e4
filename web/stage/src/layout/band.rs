//! The band: 128 slots around the court, on a superellipse.

use std::f32::consts::PI;

use crate::wave::{cos, sin};

/// Slots of the band, clockwise from the upper left. Their number never changes: a slot is an identity, and survives a resize.
pub const SLOTS: usize = 128;
/// How far in the odd slots stand, in measures.
const LANE: f32 = 26.0;
/// Pieces by which the length of the curve is measured.
const PIECES: usize = 1_024;

/// A slot, pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// Its middle.
    pub at: [f32; 2],
    /// Where the court is from there, of length one.
    pub inward: [f32; 2],
}

/// The half axes of the band of a stage of this size, pixels.
#[must_use]
pub fn axes([w, h]: [f32; 2], u: f32) -> [f32; 2] {
    [w / 2.0 - 40.0 * u, h / 2.0 - 24.0 * u]
}

/// A point of the superellipse with exponent three.
#[must_use]
pub fn point([a, b]: [f32; 2], angle: f32) -> [f32; 2] {
    let (c, s) = (cos(angle), sin(angle));
    let k = inverse_cube_root((c * c * c).abs() + (s * s * s).abs());
    [a * c * k, b * s * k]
}

/// All slots, at equal lengths of the curve.
pub(super) fn slots(middle: [f32; 2], size: [f32; 2], u: f32) -> Vec<Slot> {
    let axes = axes(size, u);
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let angle = |piece: usize| (piece as f32 / PIECES as f32 * 2.0 - 0.75) * PI;
    let points: Vec<[f32; 2]> = (0..=PIECES).map(|piece| point(axes, angle(piece))).collect();
    let lengths: Vec<f32> =
        points.windows(2).map(|ends| (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1])).collect();
    let whole: f32 = lengths.iter().sum();
    let (mut piece, mut before) = (0, 0.0);
    let slot = |slot: usize| {
        #[expect(clippy::cast_precision_loss, reason = "at most 128")]
        let far = slot as f32 / SLOTS as f32 * whole;
        while piece + 1 < PIECES && before + lengths[piece] < far {
            before += lengths[piece];
            piece += 1;
        }
        let (p, q, length) = (points[piece], points[piece + 1], lengths[piece].max(1e-6));
        let part = (far - before) / length;
        let on = [0, 1].map(|i| p[i] + (q[i] - p[i]) * part);
        // Clockwise, the court is on the right.
        let inward = [-(q[1] - p[1]) / length, (q[0] - p[0]) / length];
        let lane = if slot % 2 == 1 { LANE * u } else { 0.0 };
        Slot { at: [0, 1].map(|i| middle[i] + on[i] + inward[i] * lane), inward }
    };
    (0..SLOTS).map(slot).collect()
}

/// Newton's method from one; for numbers between 0.7 and 1 four steps are exact.
fn inverse_cube_root(x: f32) -> f32 {
    (0..4).fold(1.0, |y, _| y * (4.0 - x * y * y * y) / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_apart_and_point_to_the_court() {
        let slots = slots([436.0, 340.0], [872.0, 680.0], 1.0);
        assert_eq!(slots.len(), SLOTS);
        for (i, slot) in slots.iter().enumerate() {
            let next = slots[(i + 2) % SLOTS];
            let apart = (slot.at[0] - next.at[0]).hypot(slot.at[1] - next.at[1]);
            assert!((25.0..45.0).contains(&apart), "{i}: {apart}");
            let to_middle = [436.0 - slot.at[0], 340.0 - slot.at[1]];
            assert!(to_middle[0] * slot.inward[0] + to_middle[1] * slot.inward[1] > 0.0, "{i}");
        }
        // The first is in the upper left corner, and they go on clockwise.
        assert!(slots[0].at[0] < 200.0 && slots[0].at[1] < 200.0);
        assert!(slots[32].at[0] > 600.0 && slots[32].at[1] < 200.0, "{:?}", slots[32]);
    }
}
