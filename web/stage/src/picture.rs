//! One frame, described flatly: what both painters draw and neither decides.

use crate::layout::Mapping;

/// What a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A daemon's circle or seal.
    Circle = 0,
    /// The bus in the middle.
    Bus = 1,
    /// A small disc; an empty chair is a ring: `flood` 0.
    Dot = 2,
    /// A voice: a ring of bars that swing.
    Voice = 3,
    /// A daemon waits for a human: a disc with a sign in it.
    Badge = 4,
    /// The veil: a band of light that sweeps.
    Veil = 5,
    /// A single rune.
    Rune = 6,
    /// A call failed: a cross, and four splinters around it.
    Cross = 7,
    /// No sign of life: three dots.
    Dots = 8,
}

/// A shape that the shader draws as a signed distance field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// What it is.
    pub kind: Kind,
    /// Its middle, pixels.
    pub centre: [f32; 2],
    /// Half its width and height, pixels. Circles: the radius of the outer ring is [`RIM`] of it.
    pub half: [f32; 2],
    /// Colour and brightness.
    pub color: [f32; 4],
    /// Radians.
    pub turn: f32,
    /// 0.0–1.0: how much of it is inscribed, or how far it has come.
    pub progress: f32,
    /// Extra light, 0.0 and up.
    pub glow: f32,
    /// 0.0–1.0: how much of it has become dust.
    pub dissolve: f32,
    /// 0.0–1.0: how full of colour it is.
    pub flood: f32,
    /// 3–6: corners of the inner figure.
    pub corners: f32,
    /// See [`crate::runes::Inscription::packed`]. The last word says how a circle's lines are: see [`OPEN`], [`DOTTED`], [`SEAL`];
    /// its upper bits are their weight, sixteenths of a pixel.
    pub runes: [u32; 4],
    /// Draws what is random about it.
    pub seed: f32,
}

/// A circle whose ring is open from one to two o'clock.
pub const OPEN: u32 = 1;
/// A circle whose ring is dots.
pub const DOTTED: u32 = 2;
/// A seal: a ring and the heart alone.
pub const SEAL: u32 = 4;
/// A circle without the figure inside.
pub const PLAIN: u32 = 8;

/// Radius of a circle's outer ring as a part of [`Mark::half`]: the rest is room for ticks and glow.
pub const RIM: f32 = 0.66;
/// Bytes of an encoded mark.
pub const MARK_BYTES: usize = 80;
/// Most marks in one frame.
pub const MARKS_MAX: usize = 320;
/// Bytes of an encoded link.
pub const LINK_BYTES: usize = 48;
/// Most links and rings in one frame.
pub const LINKS_MAX: usize = 288;
/// Bytes of all of them.
pub const SHAPES_BYTES: usize = MARKS_MAX * MARK_BYTES + LINKS_MAX * LINK_BYTES;

/// A curve between a daemon and the bus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Pixels.
    pub from: [f32; 2],
    /// Pixels.
    pub control: [f32; 2],
    /// Pixels.
    pub to: [f32; 2],
    /// Colour and brightness.
    pub color: [f32; 4],
    /// 0.0–1.0: what flows through it; negative: it is dashes.
    pub energy: f32,
    /// 0.0–1.0: how much of it is there, from the daemon on.
    pub progress: f32,
}

/// A thin ring of light or a part of one; drawn as a ribbon, so that a large one costs no more than a small one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    /// Its middle, pixels.
    pub centre: [f32; 2],
    /// Pixels.
    pub radius: f32,
    /// Colour and brightness.
    pub color: [f32; 4],
    /// 0.0–1.0: how wide its glow is.
    pub energy: f32,
    /// Where it begins and ends, turns clockwise from the top.
    pub arc: [f32; 2],
    /// 0.0–1.0: how much it fades towards its beginning.
    pub fade: f32,
}

impl Ring {
    /// A whole one.
    #[must_use]
    pub fn whole(centre: [f32; 2], radius: f32, color: [f32; 4], energy: f32) -> Self {
        Self { centre, radius, color, energy, arc: [0.0, 1.0], fade: 0.0 }
    }
}

/// One frame.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Where stage coordinates are on the canvas.
    pub mapping: Mapping,
    /// Canvas, CSS pixels.
    pub size: [f32; 2],
    /// What covers the background: colour and how much of it (the governor's doing).
    pub veil: [f32; 4],
    /// Back to front.
    pub links: Vec<Link>,
    /// Over the links.
    pub rings: Vec<Ring>,
    /// The band: its half axes and its middle, pixels, and its colour.
    pub band: Option<([[f32; 2]; 2], [f32; 4])>,
    /// Back to front.
    pub marks: Vec<Mark>,
    /// Particle time, seconds. It stands still while particles are halted.
    pub particle_time: f32,
    /// Brightness of particles, 0.0–1.0.
    pub particle_glow: f32,
    /// Time for idle motion, seconds.
    pub time: f32,
    /// 0.0–1.0: how busy the realm is.
    pub energy: f32,
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            mapping: Mapping::default(),
            size: [0.0; 2],
            veil: [0.0; 4],
            links: Vec::new(),
            rings: Vec::new(),
            band: None,
            marks: Vec::new(),
            particle_time: 0.0,
            particle_glow: 1.0,
            time: 0.0,
            energy: 0.0,
        }
    }
}

impl Picture {
    /// Marks that are drawn.
    #[must_use]
    pub fn mark_count(&self) -> usize {
        self.shapes().count()
    }

    /// Marks that are shapes: veils are wide ribbons, drawn with the links.
    fn shapes(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| mark.kind != Kind::Veil).take(MARKS_MAX)
    }

    fn veils(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| mark.kind == Kind::Veil)
    }

    /// Links and rings that are drawn.
    #[must_use]
    pub fn link_count(&self) -> usize {
        (usize::from(self.band.is_some()) * 4 + self.links.len() + self.rings.len() + self.veils().count())
            .min(LINKS_MAX)
    }

    /// Marks, links and rings as the shaders read them, into `bytes`: links begin behind [`MARKS_MAX`] marks. A ring is
    /// a link whose progress is -1, a veil one whose progress is -2, the band one whose progress is -3.
    pub fn encode_shapes(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        let mut put =
            |floats: &[f32]| floats.iter().for_each(|float| bytes.extend_from_slice(&float.to_le_bytes()));
        for mark in self.shapes() {
            put(&mark.centre);
            put(&mark.half);
            put(&mark.color);
            put(&[mark.turn, mark.progress, mark.glow, mark.dissolve]);
            put(&[f32::from(mark.kind as u8), mark.flood, mark.corners, mark.seed]);
            // The bits of words are those of floats here.
            put(&mark.runes.map(f32::from_bits));
        }
        bytes.resize(MARKS_MAX * MARK_BYTES, 0);
        let mut put = |ends: [f32; 6], color: [f32; 4], flow: [f32; 2]| {
            if bytes.len() < SHAPES_BYTES {
                let floats = ends.iter().chain(&color).chain(&flow);
                floats.for_each(|float| bytes.extend_from_slice(&float.to_le_bytes()));
            }
        };
        if let Some(([[a, b], [x, y]], color)) = self.band {
            // A ribbon has few pieces where a CPU paints: each quarter has its own.
            for quarter in [0.0, 0.25, 0.5, 0.75] {
                put([x, y, a, b, quarter, quarter + 0.25], color, [0.0, -3.0]);
            }
        }
        for ring in &self.rings {
            let [from, to] = ring.arc;
            let [x, y] = ring.centre;
            put([x, y, ring.radius, ring.fade, from, to], ring.color, [ring.energy, -1.0]);
        }
        for veil in self.veils() {
            put(
                [veil.centre[0], veil.centre[1], veil.half[0], veil.half[1], 0.0, 0.0],
                veil.color,
                [veil.progress, -2.0],
            );
        }
        for link in &self.links {
            let ([a, b], [c, d], [e, f]) = (link.from, link.control, link.to);
            put([a, b, c, d, e, f], link.color, [link.energy, link.progress]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_sizes_are_what_the_painter_binds() {
        let mut picture = Picture::default();
        let mark = Mark {
            kind: Kind::Voice,
            centre: [1.0, 2.0],
            half: [3.0, 4.0],
            color: [0.0; 4],
            turn: 0.0,
            progress: 0.0,
            glow: 0.0,
            dissolve: 0.0,
            flood: 0.0,
            corners: 3.0,
            runes: [7; 4],
            seed: 0.0,
        };
        picture.marks = vec![mark; MARKS_MAX + 5];
        let link = Link {
            from: [0.0; 2],
            control: [0.0; 2],
            to: [0.0; 2],
            color: [0.0; 4],
            energy: 0.0,
            progress: 1.0,
        };
        picture.links.push(link);
        let mut bytes = Vec::new();
        picture.encode_shapes(&mut bytes);
        assert_eq!(bytes.len(), MARKS_MAX * MARK_BYTES + LINK_BYTES);
        assert_eq!(bytes[48..52], 3.0_f32.to_le_bytes());
        assert_eq!((picture.mark_count(), picture.link_count()), (MARKS_MAX, 1));
        let ring = Ring::whole([1.0; 2], 9.0, [0.0; 4], 0.0);
        picture.rings = vec![ring; 3 * LINKS_MAX];
        picture.encode_shapes(&mut bytes);
        assert_eq!(bytes.len(), SHAPES_BYTES);
        assert_eq!(picture.link_count(), LINKS_MAX);
    }
}
