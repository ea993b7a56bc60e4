//! Forced colours: a frame in the colours that a system forces on every page. No glow, no blending; what is faint is thin.

use arcane_shared::Rgb;

use crate::palette;
use crate::picture::{Kind, Picture};

/// How much thicker than on a dark stage lines are.
pub(crate) const THICK: f32 = 1.6;

/// The colours of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forced {
    /// `Canvas`: what everything stands on.
    pub ground: Rgb,
    /// `CanvasText`: lines and words.
    pub ink: Rgb,
    /// `Highlight`: who waits.
    pub chosen: Rgb,
}

impl Picture {
    /// The frame in these colours. The light of a line becomes its weight: [`Picture::forced`] says so to a painter.
    pub(crate) fn force(&mut self, forced: Option<Forced>) {
        self.forced = forced;
        let Some(colors) = forced else { return };
        self.veil = [0.0; 4];
        self.marks.retain(|mark| mark.kind != Kind::Veil && mark.color[3] > 0.02);
        for mark in &mut self.marks {
            mark.color = colors.of(mark.color, 1.0);
        }
        let links = self.links.iter_mut().map(|link| &mut link.color);
        let rings = self.rings.iter_mut().map(|ring| &mut ring.color);
        let band = self.band.iter_mut().map(|(_, color)| color);
        for color in links.chain(rings).chain(band) {
            let weight = if color[3] > 0.02 { 0.4 + 0.6 * color[3].min(1.0) } else { 0.0 };
            *color = colors.of(*color, weight);
        }
    }
}

impl Forced {
    fn of(self, color: [f32; 4], weight: f32) -> [f32; 4] {
        let beacon = palette::floats(palette::BEACON, 1.0);
        let waits = (0..3).all(|part| (color[part] - beacon[part]).abs() < 0.001);
        palette::floats(if waits { self.chosen } else { self.ink }, weight)
    }
}
