//! Colours: `#rrggbb` on the wire, and how a daemon without a fixed colour gets its own.
//!
//! A daemon's colour starts at an index hashed from its name in a list of 66 candidates of equal
//! chroma in OKLCH (Björn Ottosson, "A perceptual color space for image processing", 2020) and
//! moves on until it is far enough from every colour in use.

use serde::{Deserialize, Serialize};

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rgb(
    /// Red, green and blue, 0–255 each.
    pub [u8; 3],
);

/// A text that is no colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a colour like #8B5CF6, found {0:?}")]
pub struct ColorError(pub String);

/// The colour of claude.
pub const CLAUDE: Rgb = Rgb([0x8B, 0x5C, 0xF6]);
/// The colour of gemini.
pub const GEMINI: Rgb = Rgb([0xF5, 0x9E, 0x0B]);
/// The colour of liquidmetal.
pub const LIQUIDMETAL: Rgb = Rgb([0x06, 0xB6, 0xD4]);
/// The seed's failure red. No daemon gets a colour near it.
pub const FAILURE: Rgb = Rgb([0xFF, 0x17, 0x44]);

/// Least OKLab distance between two daemons' colours, while there is room.
pub const DISTANCE_MIN: f64 = 0.09;
const LIGHTNESSES: [f64; 3] = [0.70, 0.77, 0.84];
const CHROMA: f64 = 0.15;
/// Coprime with 66, so probing reaches every candidate.
const PROBE_STEP: usize = 25;
/// Least difference in hue to the fixed colours, degrees.
const HUE_GUARD: f64 = 18.0;

impl Rgb {
    /// Reads `#rrggbb`, in either case.
    ///
    /// # Errors
    /// If `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, ColorError> {
        let error = || ColorError(text.into());
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii()).ok_or_else(error)?;
        let channel = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| error());
        Ok(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Relative luminance after WCAG 2.2, 0.0–1.0.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast ratio to another colour after WCAG 2.2, 1.0–21.0.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Euclidean distance in OKLab.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        let (a, b) = (self.oklab(), other.oklab());
        ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt()
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|channel| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn oklab(self) -> [f64; 3] {
        let [r, g, b] = self.linear();
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        ]
    }

    fn hue_degrees(self) -> f64 {
        let [_, a, b] = self.oklab();
        b.atan2(a).to_degrees().rem_euclid(360.0)
    }
}

/// The colour of a new daemon, given every colour that is taken.
///
/// Fixed for claude, gemini and liquidmetal; otherwise probed as the module says. Once all 66
/// candidates are too near to a taken colour it is the farthest of them.
#[must_use]
pub fn assign(name: &str, taken: &[Rgb]) -> Rgb {
    match name {
        "claude" => return CLAUDE,
        "gemini" => return GEMINI,
        "liquidmetal" => return LIQUIDMETAL,
        _ => {}
    }
    let candidates = candidates();
    let n = candidates.len();
    let start = usize::try_from(hash(name) % n as u64).unwrap_or(0);
    let mut farthest = (candidates[start], f64::MIN);
    for step in 0..n {
        let candidate = candidates[(start + step * PROBE_STEP) % n];
        let distance = taken
            .iter()
            .chain(&[CLAUDE, GEMINI, LIQUIDMETAL, FAILURE])
            .map(|other| candidate.distance(*other))
            .fold(f64::MAX, f64::min);
        if distance >= DISTANCE_MIN {
            return candidate;
        }
        if distance > farthest.1 {
            farthest = (candidate, distance);
        }
    }
    farthest.0
}

/// A stable hash of a name: FNV-1a, finished by splitmix64. Also seeds a daemon's runes.
#[must_use]
pub fn hash(name: &str) -> u64 {
    let mut h = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    h ^= h >> 30;
    h = h.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h ^= h >> 27;
    h = h.wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

fn candidates() -> Vec<Rgb> {
    let reserved = [CLAUDE, GEMINI, LIQUIDMETAL, FAILURE].map(Rgb::hue_degrees);
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

impl std::fmt::Display for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02X}{g:02X}{b:02X}")
    }
}

impl TryFrom<String> for Rgb {
    type Error = ColorError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Rgb> for String {
    fn from(color: Rgb) -> Self {
        color.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Rgb, assign, candidates};

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
        assert_eq!(candidates().len(), 66);
        assert!(candidates().iter().all(|color| color.contrast(background) >= 4.5));
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
    fn hex_only() {
        for text in ["", "8B5CF6", "#8B5CF", "#8B5CF6F", "#8B5CGG", "#ééé", "white"] {
            assert!(Rgb::parse(text).is_err(), "{text:?}");
        }
    }
}
