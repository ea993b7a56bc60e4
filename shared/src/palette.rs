//! How a daemon without a fixed colour gets its own.
//!
//! A daemon's colour starts at an index hashed from its name in a list of 66 candidates of equal
//! chroma in OKLCH (Björn Ottosson, "A perceptual color space for image processing", 2020) and
//! moves on until it is far enough from every colour in use. Which candidates are near to which is worked out once:
//! after that a colour costs a few integer operations, whatever is in use.

use std::sync::LazyLock;

use crate::color::{CLAUDE, FAILURE, GEMINI, LIQUIDMETAL, Rgb, hash};

/// Least OKLab distance between two daemons' colours, while there is room.
pub const DISTANCE_MIN: f64 = 0.09;
/// How many colours there are to choose from.
const CANDIDATES: usize = 66;
const LIGHTNESSES: [f64; 3] = [0.70, 0.77, 0.84];
const CHROMA: f64 = 0.15;
/// Coprime with [`CANDIDATES`], so probing reaches every one.
const PROBE_STEP: usize = 25;
/// Least difference in hue to the fixed colours, degrees.
const HUE_GUARD: f64 = 18.0;
const RESERVED: [Rgb; 4] = [CLAUDE, GEMINI, LIQUIDMETAL, FAILURE];

/// The colours in use, as far as they keep a new daemon from having one near them.
#[derive(Debug, Clone)]
pub struct Crowding {
    /// For each candidate, how many colours in use are nearer to it than [`DISTANCE_MIN`].
    near: [u32; CANDIDATES],
    /// For each candidate, how many have it.
    used: [u32; CANDIDATES],
}

impl Default for Crowding {
    /// The colours that are always in use: the fixed ones of the seed, and the failure red.
    fn default() -> Self {
        let mut crowding = Self { near: [0; CANDIDATES], used: [0; CANDIDATES] };
        for color in RESERVED {
            crowding.add(color);
        }
        crowding
    }
}

impl Crowding {
    /// A colour is in use.
    pub fn add(&mut self, color: Rgb) {
        self.count(color, |n| n.saturating_add(1));
    }

    /// A colour that was added is in use no more.
    pub fn remove(&mut self, color: Rgb) {
        self.count(color, |n| n.saturating_sub(1));
    }

    fn count(&mut self, color: Rgb, change: impl Fn(u32) -> u32) {
        let palette = palette();
        let own = palette.colors.iter().position(|candidate| *candidate == color);
        if let Some(index) = own {
            self.used[index] = change(self.used[index]);
        }
        let foreign = if own.is_none() { near(&palette.oklab, color.oklab()) } else { Vec::new() };
        for &index in own.map_or(&foreign, |index| &palette.near[index]) {
            self.near[index] = change(self.near[index]);
        }
    }

    /// The colour of a new daemon.
    ///
    /// Fixed for claude, gemini and liquidmetal; otherwise probed as the module says. Where every candidate is near to
    /// a colour in use, it is the one that the fewest have, and of these the one with the fewest near it.
    #[must_use]
    pub fn pick(&self, name: &str) -> Rgb {
        if let Some(color) = fixed(name) {
            return color;
        }
        let start = usize::try_from(hash(name) % CANDIDATES as u64).unwrap_or(0);
        let probes = (0..CANDIDATES).map(|step| (start + step * PROBE_STEP) % CANDIDATES);
        // The first of equal ones wins.
        let rank = |index: &usize| (self.near[*index] > 0, self.used[*index], self.near[*index]);
        let index = probes.min_by_key(rank).unwrap_or(start);
        palette().colors[index]
    }
}

/// The colour of a daemon of the seed.
#[must_use]
pub fn fixed(name: &str) -> Option<Rgb> {
    match name {
        "claude" => Some(CLAUDE),
        "gemini" => Some(GEMINI),
        "liquidmetal" => Some(LIQUIDMETAL),
        _ => None,
    }
}

/// The colour of a new daemon, given every colour that is taken; see [`Crowding::pick`].
#[must_use]
pub fn assign(name: &str, taken: &[Rgb]) -> Rgb {
    let mut crowding = Crowding::default();
    for color in taken {
        crowding.add(*color);
    }
    crowding.pick(name)
}

/// What [`assign`] gives a name where no other daemon is known. Looked up: a page that only needs this holds no colour science.
#[must_use]
pub fn preferred(name: &str) -> Rgb {
    if let Some(color) = fixed(name) {
        return color;
    }
    let start = usize::try_from(hash(name) % CANDIDATES as u64).unwrap_or(0);
    let mut probes = (0..CANDIDATES).map(|step| (start + step * PROBE_STEP) % CANDIDATES);
    let [_, red, green, blue] =
        WORKED_OUT[probes.find(|index| NEAR_RESERVED >> index & 1 == 0).unwrap_or(start)].to_be_bytes();
    Rgb([red, green, blue])
}

/// What [`candidates`] works out, as 0xRRGGBB; a test says so.
const WORKED_OUT: [u32; CANDIDATES] = [
    0xE7729B, 0xFE8AB0, 0xFFB1C8, 0xEB7A52, 0xFF936D, 0xFEB79E, 0xE77F3E, 0xFD9659, 0xFEB993, 0xC09910,
    0xD9AF21, 0xF0C543, 0xB49F03, 0xCBB528, 0xE2CC47, 0xA5A50E, 0xBBBC36, 0xD1D351, 0x93AB2C, 0xA8C247,
    0xBED95F, 0x7FB042, 0x94C759, 0xAADE70, 0x68B457, 0x7ECB6C, 0x94E282, 0x4CB86A, 0x64CF80, 0x7CE695,
    0x23BA7D, 0x46D193, 0x61E8A8, 0x17B991, 0x14D2A5, 0x42E9BC, 0x10B7A1, 0x20D0B7, 0x17EACE, 0x08B6AF,
    0x19CEC6, 0x01E8DF, 0x26A9F1, 0x5CBEFE, 0x97D3FD, 0x4BA3F7, 0x76BAFE, 0xA3CFFD, 0x659DFB, 0x89B5FD,
    0xAECCFC, 0x7A97FB, 0x98B0FE, 0xB7C9FC, 0xC77DD8, 0xDE93EF, 0xEFB0FD, 0xD179CA, 0xE98FE1, 0xFEA8F6,
    0xDA76BB, 0xF28CD2, 0xFDADE2, 0xE274AB, 0xFA8AC2, 0xFDB0D4,
];
/// A bit for each candidate that is near to a reserved colour.
const NEAR_RESERVED: u128 = 0x2d90000024d0;

/// The candidates, and which of them are near to each other.
struct Palette {
    colors: Vec<Rgb>,
    oklab: Vec<[f64; 3]>,
    near: Vec<Vec<usize>>,
}

fn palette() -> &'static Palette {
    static PALETTE: LazyLock<Palette> = LazyLock::new(|| {
        let colors = candidates();
        let oklab: Vec<_> = colors.iter().map(|color| color.oklab()).collect();
        let near = oklab.iter().map(|color| near(&oklab, *color)).collect();
        Palette { colors, oklab, near }
    });
    &PALETTE
}

fn near(candidates: &[[f64; 3]], color: [f64; 3]) -> Vec<usize> {
    let distance = |other: &[f64; 3]| {
        let squares = other.iter().zip(color).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let near = candidates.iter().enumerate().filter(|(_, other)| distance(other) < DISTANCE_MIN);
    near.map(|(index, _)| index).collect()
}

fn candidates() -> Vec<Rgb> {
    let reserved = RESERVED.map(Rgb::hue_degrees);
    let clear = |hue: &f64| {
        reserved.iter().all(|other| {
            let apart = (hue - other).abs();
            apart.min(360.0 - apart) >= HUE_GUARD
        })
    };
    (0..36_u8)
        .map(|slot| f64::from(slot) * 10.0)
        .filter(clear)
        .flat_map(|hue| LIGHTNESSES.map(|lightness| from_oklch(lightness, hue)))
        .collect()
}

/// The colour of this lightness and hue with the largest chroma up to [`CHROMA`] that sRGB holds.
fn from_oklch(lightness: f64, hue_degrees: f64) -> Rgb {
    let mut chroma = CHROMA;
    loop {
        let linear = oklch_to_linear(lightness, chroma, hue_degrees);
        if chroma <= 0.0 || linear.iter().all(|c| (-1e-4..=1.0001).contains(c)) {
            return Rgb(linear.map(encode));
        }
        chroma = (chroma - 0.005).max(0.0);
    }
}

fn oklch_to_linear(lightness: f64, chroma: f64, hue_degrees: f64) -> [f64; 3] {
    let (sin, cos) = hue_degrees.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0-255 before")]
fn encode(linear: f64) -> u8 {
    let c = linear.clamp(0.0, 1.0);
    let srgb = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
    (srgb * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_is_what_is_worked_out() {
        let numbers = candidates().into_iter().map(|Rgb([r, g, b])| u32::from_be_bytes([0, r, g, b]));
        assert!(numbers.eq(WORKED_OUT));
        for n in 0..1_000 {
            let name = format!("daemon-{n}");
            assert_eq!(preferred(&name), assign(&name, &[]), "{name}");
        }
        assert_eq!(preferred("claude"), CLAUDE);
    }

    #[test]
    fn twelve_agents_get_twelve_known_colors() {
        let expected = [
            ("codex", "#97D3FD"),
            ("cursor", "#E7729B"),
            ("copilot", "#C09910"),
            ("opencode", "#42E9BC"),
            ("aider", "#FEB993"),
            ("qwen", "#23BA7D"),
            ("mistral", "#7A97FB"),
            ("grok", "#A8C247"),
            ("deepseek", "#FEA8F6"),
            ("llama", "#F0C543"),
            ("explore", "#EB7A52"),
            ("plan", "#C77DD8"),
        ];
        let mut taken = Vec::new();
        for (name, hex) in expected {
            let color = assign(name, &taken);
            assert_eq!(color.to_string(), hex, "{name}");
            taken.push(color);
        }
    }

    #[test]
    fn every_candidate_is_readable_on_the_stage() {
        let background = Rgb::parse("#0B0B14").unwrap();
        assert_eq!(palette().colors.len(), 66);
        assert!(palette().colors.iter().all(|color| color.contrast(background) >= 4.5));
    }

    #[test]
    fn colors_never_run_out() {
        let mut taken = Vec::new();
        for n in 0..200 {
            taken.push(assign(&format!("daemon-{n}"), &taken));
        }
        assert_eq!(taken.len(), 200);
    }

    #[test]
    fn what_is_no_longer_in_use_crowds_no_more() {
        let mut crowding = Crowding::default();
        let own = crowding.pick("codex");
        crowding.add(own);
        assert_ne!(crowding.pick("codex"), own);
        let foreign = Rgb([0x10, 0x20, 0x30]);
        crowding.add(foreign);
        crowding.remove(foreign);
        crowding.remove(own);
        assert_eq!(crowding.pick("codex"), own);
    }

    #[test]
    fn a_crowded_realm_spreads_over_the_palette() {
        let mut crowding = Crowding::default();
        let mut given = std::collections::BTreeSet::new();
        for n in 0..200 {
            let color = crowding.pick(&format!("daemon-{n}"));
            crowding.add(color);
            given.insert(color);
        }
        assert_eq!(given.len(), CANDIDATES, "200 daemons have every colour there is");
        assert!(
            given.iter().all(|color| color.distance(FAILURE) >= DISTANCE_MIN),
            "and none is near failure"
        );
    }
}
