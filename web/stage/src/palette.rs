//! Colours of the page and how a daemon's colour becomes readable text.

use arcane_shared::Rgb;

/// The page's background, `#0B0B14`.
pub const BACKGROUND: Rgb = Rgb([0x0B, 0x0B, 0x14]);
/// Where a panel lies over the background.
pub const PANEL: Rgb = Rgb([0x12, 0x12, 0x1E]);
/// The background at the height of a soft inversion: below WCAG's flash threshold.
pub const SOFT_INVERT: Rgb = Rgb([0x50, 0x50, 0x5A]);
/// Failures: a rose, not a red, so that no flash of it is a red flash.
pub const ROSE: Rgb = Rgb([0xFB, 0x71, 0x85]);
/// The bus and what concerns the realm as a whole.
pub const REALM: Rgb = Rgb([0xC4, 0xB5, 0xFD]);
/// A daemon of which no colour is known.
pub const UNKNOWN: Rgb = Rgb([0xE8, 0xE8, 0xF0]);
/// A daemon waits for a human.
pub const BEACON: Rgb = Rgb([0xFB, 0xBF, 0x24]);

/// Least contrast of text.
pub const CONTRAST_MIN: f64 = 4.5;

/// The colour as text on a panel: lightened until it can be read.
///
/// claude's own `#8B5CF6` misses the threshold there and becomes its lighter sister `#A78BFA`.
#[must_use]
pub fn text_color(color: Rgb) -> Rgb {
    if color == arcane_shared::color::CLAUDE {
        return Rgb([0xA7, 0x8B, 0xFA]);
    }
    let mut shown = color;
    for step in 1..=20_u8 {
        // Half a step of room, since panels are translucent.
        if shown.contrast(PANEL) >= CONTRAST_MIN + 0.5 {
            break;
        }
        shown = mix(color, Rgb([255, 255, 255]), f32::from(step) / 20.0);
    }
    shown
}

/// Between `a` (0.0) and `b` (1.0), in sRGB.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0-255 before")]
pub fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
    let channel = |i: usize| {
        (f32::from(a.0[i]) + (f32::from(b.0[i]) - f32::from(a.0[i])) * t).round().clamp(0.0, 255.0) as u8
    };
    Rgb([channel(0), channel(1), channel(2)])
}

/// As four floats for a shader.
#[must_use]
pub fn floats(color: Rgb, alpha: f32) -> [f32; 4] {
    let [r, g, b] = color.0.map(|c| f32::from(c) / 255.0);
    [r, g, b, alpha]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn claude_reads_as_its_lighter_sister() {
        assert_eq!(text_color(arcane_shared::color::CLAUDE).to_string(), "#A78BFA");
    }

    #[test]
    fn a_soft_inversion_is_no_flash() {
        assert!((SOFT_INVERT.luminance() - BACKGROUND.luminance()).abs() < 0.10);
    }

    #[test]
    fn a_failure_is_no_saturated_red() {
        let [r, g, b] = ROSE.0.map(f64::from);
        assert!(r / (r + g + b) < 0.8);
    }

    proptest! {
        #[test]
        fn any_colour_can_be_read(r: u8, g: u8, b: u8) {
            prop_assert!(text_color(Rgb([r, g, b])).contrast(PANEL) >= CONTRAST_MIN);
        }
    }
}
