//! Signs of states with paths and fills: discs, badges, crosses, dots.

use arcane_stage::palette;
use arcane_stage::picture::{Kind, Mark};

use super::canvas2d::{Canvas2d, TAU};

/// A cross, parts of its size, downwards.
const CROSS: [[f64; 4]; 2] = [[-0.4, -0.4, 0.4, 0.4], [-0.4, 0.4, 0.4, -0.4]];
/// Its splinters.
const SPLINTERS: [[f64; 4]; 4] = [
    [-0.62, -0.66, -0.86, -0.8],
    [-0.2, -0.8, -0.14, -0.98],
    [0.66, 0.62, 0.8, 0.86],
    [0.8, 0.2, 0.98, 0.14],
];

impl Canvas2d {
    /// A sign around the origin; `half` of its size, pixels; its colour.
    pub(super) fn sign(&self, mark: &Mark, half: f64, ink: &str) {
        let c = &self.context;
        c.set_fill_style_str(ink);
        match mark.kind {
            Kind::Badge => {
                let ground = self.forced.map_or(palette::BACKGROUND, |colors| colors.ground).to_string();
                c.set_global_composite_operation("source-over").ok();
                c.set_fill_style_str(&ground);
                self.disc(0.0, half * 0.94);
                c.set_fill_style_str(ink);
                self.disc(0.0, half * 0.76);
                c.set_fill_style_str(&ground);
                c.fill_rect(-half * 0.1, -half * 0.52, half * 0.2, half * 0.68);
                c.fill_rect(-half * 0.12, half * 0.36, half * 0.24, half * 0.24);
            }
            Kind::Cross => {
                c.set_line_width(half * 0.2);
                self.strokes(&CROSS, half);
                c.set_line_width(1.0);
                self.strokes(&SPLINTERS, half);
            }
            Kind::Dots => [-0.62, 0.0, 0.62].iter().for_each(|x| self.disc(x * half, half * 0.2)),
            _ if mark.flood > 0.5 => self.disc(0.0, half * 0.5),
            _ => {
                c.set_line_width(1.0);
                c.begin_path();
                let _ = c.arc(0.0, 0.0, half * 0.7, 0.0, TAU);
                c.stroke();
            }
        }
    }

    fn disc(&self, x: f64, radius: f64) {
        let c = &self.context;
        c.begin_path();
        let _ = c.arc(x, 0.0, radius, 0.0, TAU);
        c.fill();
    }

    /// Lines between points, parts of a size, downwards.
    fn strokes(&self, strokes: &[[f64; 4]], size: f64) {
        let c = &self.context;
        c.begin_path();
        for [x0, y0, x1, y1] in strokes {
            c.move_to(x0 * size, y0 * size);
            c.line_to(x1 * size, y1 * size);
        }
        c.stroke();
    }
}
