//! The Elder Futhark as line segments, and which runes a name is written in.
//!
//! Glyphs live in a box one unit high, y upwards, around the origin. Both painters and the page's
//! own small runes draw from this one table; there is no font to wait for.

use arcane_shared::color::hash;

use crate::summary::fixed;

/// From (x, y) to (x, y).
pub type Stroke = [f32; 4];

/// Runes on the rim of a daemon's circle.
pub const RIM_RUNES: usize = 16;
/// Most strokes of one rune.
pub const STROKES_MAX: usize = 5;

/// The 24 runes in their traditional order, each in the order in which one would write it.
pub const FUTHARK: [&[Stroke]; 24] = [
    &[[-0.18, -0.5, -0.18, 0.5], [-0.18, 0.18, 0.22, 0.5], [-0.18, -0.1, 0.22, 0.2]],
    &[[-0.22, -0.5, -0.22, 0.5], [-0.22, 0.5, 0.22, 0.12], [0.22, 0.12, 0.22, -0.5]],
    &[[-0.14, -0.5, -0.14, 0.5], [-0.14, 0.28, 0.2, 0.0], [0.2, 0.0, -0.14, -0.28]],
    &[[-0.16, -0.5, -0.16, 0.5], [-0.16, 0.5, 0.22, 0.22], [-0.16, 0.18, 0.22, -0.1]],
    &[[-0.2, -0.5, -0.2, 0.5], [-0.2, 0.5, 0.2, 0.24], [0.2, 0.24, -0.2, 0.0], [-0.2, 0.0, 0.22, -0.5]],
    &[[0.16, 0.42, -0.16, 0.0], [-0.16, 0.0, 0.16, -0.42]],
    &[[-0.26, -0.46, 0.26, 0.46], [-0.26, 0.46, 0.26, -0.46]],
    &[[-0.14, -0.5, -0.14, 0.5], [-0.14, 0.5, 0.2, 0.26], [0.2, 0.26, -0.14, 0.02]],
    &[[-0.22, -0.5, -0.22, 0.5], [0.22, -0.5, 0.22, 0.5], [-0.22, 0.14, 0.22, -0.14]],
    &[[0.0, -0.5, 0.0, 0.5], [-0.22, 0.16, 0.22, -0.16]],
    &[[0.0, -0.5, 0.0, 0.5]],
    &[
        [0.02, 0.46, -0.22, 0.18],
        [-0.22, 0.18, 0.02, -0.1],
        [-0.02, 0.1, 0.22, -0.18],
        [0.22, -0.18, -0.02, -0.46],
    ],
    &[[0.0, -0.5, 0.0, 0.5], [0.0, 0.5, 0.22, 0.24], [0.0, -0.5, -0.22, -0.24]],
    &[
        [-0.2, -0.5, -0.2, 0.5],
        [-0.2, 0.5, 0.04, 0.24],
        [0.04, 0.24, 0.22, 0.48],
        [-0.2, -0.5, 0.04, -0.24],
        [0.04, -0.24, 0.22, -0.48],
    ],
    &[[0.0, -0.5, 0.0, 0.5], [0.0, 0.06, -0.26, 0.42], [0.0, 0.06, 0.26, 0.42]],
    &[[0.18, 0.5, -0.16, 0.18], [-0.16, 0.18, 0.16, -0.14], [0.16, -0.14, -0.18, -0.5]],
    &[[0.0, -0.5, 0.0, 0.5], [0.0, 0.5, -0.26, 0.2], [0.0, 0.5, 0.26, 0.2]],
    &[
        [-0.18, -0.5, -0.18, 0.5],
        [-0.18, 0.5, 0.2, 0.25],
        [0.2, 0.25, -0.18, 0.0],
        [-0.18, 0.0, 0.2, -0.25],
        [0.2, -0.25, -0.18, -0.5],
    ],
    &[[-0.24, -0.5, -0.24, 0.5], [0.24, -0.5, 0.24, 0.5], [-0.24, 0.5, 0.0, 0.2], [0.0, 0.2, 0.24, 0.5]],
    &[[-0.24, -0.5, -0.24, 0.5], [0.24, -0.5, 0.24, 0.5], [-0.24, 0.5, 0.24, 0.08], [0.24, 0.5, -0.24, 0.08]],
    &[[-0.12, -0.5, -0.12, 0.5], [-0.12, 0.5, 0.2, 0.18]],
    &[[0.0, 0.32, 0.26, 0.0], [0.26, 0.0, 0.0, -0.32], [0.0, -0.32, -0.26, 0.0], [-0.26, 0.0, 0.0, 0.32]],
    &[
        [-0.26, -0.44, -0.26, 0.44],
        [0.26, -0.44, 0.26, 0.44],
        [-0.26, 0.44, 0.26, -0.44],
        [-0.26, -0.44, 0.26, 0.44],
    ],
    &[[-0.26, -0.5, 0.22, 0.12], [0.22, 0.12, 0.0, 0.5], [0.0, 0.5, -0.22, 0.12], [-0.22, 0.12, 0.26, -0.5]],
];

/// The rune of a letter; digits and signs have one too, so that any name can be written.
#[must_use]
pub fn of_letter(letter: char) -> u8 {
    match letter.to_ascii_lowercase() {
        'f' => 0,
        'u' | 'v' => 1,
        'a' => 3,
        'r' => 4,
        'k' | 'c' | 'q' => 5,
        'g' => 6,
        'w' => 7,
        'h' => 8,
        'n' => 9,
        'i' => 10,
        'j' | 'y' => 11,
        'p' => 13,
        'z' | 'x' => 14,
        's' => 15,
        't' => 16,
        'b' => 17,
        'e' => 18,
        'm' => 19,
        'l' => 20,
        'd' => 22,
        'o' => 23,
        other => u8::try_from(u32::from(other) % 24).unwrap_or(0),
    }
}

/// How a daemon is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inscription {
    /// Around the rim, clockwise.
    pub rim: [u8; RIM_RUNES],
    /// In the middle: the three of old have theirs, others draw one.
    pub heart: u8,
    /// Corners of the figure inside: 3–6.
    pub corners: u8,
}

/// The inscription of a name: its letters once, then runes drawn from its hash.
#[must_use]
pub fn inscribe(name: &str) -> Inscription {
    let mut rim = [0; RIM_RUNES];
    let mut state = hash(name);
    let mut letters = name.chars().filter(char::is_ascii_alphanumeric);
    for slot in &mut rim {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        *slot = letters.next().map_or_else(|| u8::try_from((state >> 33) % 24).unwrap_or(0), of_letter);
    }
    // Insight, gift and water; the bare stave is too plain for a heart.
    let heart = match name {
        "claude" => 3,
        "gemini" => 6,
        "liquidmetal" => 20,
        other => match u8::try_from((hash(other) >> 41) % 24).unwrap_or(0) {
            10 => 23,
            rune => rune,
        },
    };
    let corners = 3 + u8::try_from((hash(name) >> 7) % 3).unwrap_or(0);
    Inscription { rim, heart, corners: if name == "claude" { 3 } else { corners } }
}

impl Inscription {
    /// Five bits a rune, six runes a word: what the shader reads. The heart follows the rim.
    #[must_use]
    pub fn packed(&self) -> [u32; 4] {
        let mut words = [0_u32; 4];
        for (slot, rune) in self.rim.iter().chain(std::iter::once(&self.heart)).enumerate() {
            words[slot / 6] |= u32::from(*rune & 31) << (5 * (slot % 6));
        }
        words
    }
}

/// A rune as an SVG path in a box 24 units wide and high, for the page's own small runes.
#[must_use]
pub fn svg_path(rune: u8) -> String {
    let mut path = String::new();
    for [x0, y0, x1, y1] in FUTHARK[usize::from(rune % 24)] {
        for (sign, part) in [("M", *x0), (" ", -y0), ("L", *x1), (" ", -y1)] {
            path.push_str(sign);
            path.push_str(&fixed(f64::from(12.0 + part * 20.0), 1));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_rune_stays_in_its_box() {
        for strokes in FUTHARK {
            assert!(!strokes.is_empty() && strokes.len() <= STROKES_MAX);
            assert!(strokes.iter().flatten().all(|v| v.abs() <= 0.5));
        }
    }

    #[test]
    fn all_strokes_fit_the_least_uniform_space_of_webgl2() {
        let strokes: usize = FUTHARK.iter().map(|rune| rune.len()).sum();
        assert!(strokes + 24 + 16 <= 224, "{strokes}");
    }

    #[test]
    fn claude_begins_with_its_own_letters() {
        let claude = inscribe("claude");
        assert_eq!(claude.rim[..6], [5, 20, 3, 1, 22, 18]);
        assert_eq!(claude.heart, 3);
    }

    proptest! {
        #[test]
        fn any_name_has_one_inscription(name in ".{0,80}") {
            let once = inscribe(&name);
            prop_assert_eq!(once, inscribe(&name));
            prop_assert!(once.rim.iter().all(|rune| *rune < 24) && once.heart < 24);
            prop_assert!((3..=6).contains(&once.corners));
        }
    }
}
