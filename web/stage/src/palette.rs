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

/// Least contrast of what tells a state with the ground that it stands on.
pub const SIGN_CONTRAST_MIN: f64 = 3.0;
/// The lightest ground that a circle stands on: the page's, where its middle is tinted.
pub const GROUND: Rgb = Rgb([0x16, 0x13, 0x26]);
/// The part of its light with which a circle is painted that does not glow, and how much white is in its lines: the shaders say the
/// same.
pub const RESTING: [f32; 2] = [0.72, 0.18];
/// The part of its light with which a line is painted: the shaders say the same.
pub const LINE: f32 = 1.35;

/// The colour of a circle: lightened until it stands out even where it rests.
#[must_use]
pub fn sign_color(color: Rgb) -> Rgb {
    let mut shown = color;
    let mut step = 0_u8;
    while least_light(shown)[0] > 1.0 && step < 20 {
        step += 1;
        shown = mix(color, Rgb([255; 3]), f32::from(step) / 20.0);
    }
    shown
}

/// The least light with which a circle and a line of a colour stand out from the ground by [`SIGN_CONTRAST_MIN`], 0.0 and up.
#[must_use]
pub fn least_light(color: Rgb) -> [f32; 2] {
    let wanted = SIGN_CONTRAST_MIN * (GROUND.luminance() + 0.05) - 0.05;
    // Luminance falls no faster than by this power of the light.
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    let least = |color: Rgb| (wanted / color.luminance().max(1e-6)).powf(1.0 / 2.4) as f32;
    let [share, white] = RESTING;
    [least(mix(color, Rgb([255; 3]), white)) / share, least(color) / LINE]
}

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
