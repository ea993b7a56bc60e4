//! Colours: `#rrggbb` on the wire, and what can be said of one. [`crate::palette`] gives daemons theirs.

use serde::{Deserialize, Serialize};

pub use crate::palette::{DISTANCE_MIN, assign, preferred};

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

    pub(crate) fn oklab(self) -> [f64; 3] {
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

    pub(crate) fn hue_degrees(self) -> f64 {
        let [_, a, b] = self.oklab();
        b.atan2(a).to_degrees().rem_euclid(360.0)
    }
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
    use super::Rgb;

    #[test]
    fn hex_only() {
        for text in ["", "8B5CF6", "#8B5CF", "#8B5CF6F", "#8B5CGG", "#ééé", "white"] {
            assert!(Rgb::parse(text).is_err(), "{text:?}");
        }
    }
}
