//! One frame, described flatly: what both painters draw and neither decides.

use crate::layout::Mapping;

/// What a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A daemon's circle.
    Circle = 0,
    /// The bus in the middle.
    Bus = 1,
    /// A voice: a ring of bars that swing.
    Voice = 3,
    /// A daemon waits for a human: rings that call.
    Beacon = 4,
    /// The veil: a band of light that sweeps.
    Veil = 5,
    /// A single rune.
    Rune = 6,
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
    /// See [`crate::runes::Inscription::packed`].
    pub runes: [u32; 4],
    /// Draws what is random about it.
    pub seed: f32,
}

/// Radius of a circle's outer ring as a part of [`Mark::half`]: the rest is room for ticks and glow.
pub const RIM: f32 = 0.66;
/// Bytes of an encoded mark.
pub const MARK_BYTES: usize = 80;
/// Most marks in one frame.
pub const MARKS_MAX: usize = 128;
/// Bytes of an encoded link.
pub const LINK_BYTES: usize = 48;
/// Most links and rings in one frame.
pub const LINKS_MAX: usize = 128;
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
    /// 0.0–1.0: what flows through it.
    pub energy: f32,
    /// 0.0–1.0: how much of it is there, from the daemon on.
    pub progress: f32,
}

/// A thin ring of light; drawn as a ribbon, so that a large one costs no more than a small one.
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
            mapping: Mapping::new(crate::layout::View::default(), 4),
            size: [0.0; 2],
            veil: [0.0; 4],
            links: Vec::new(),
            rings: Vec::new(),
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
        (self.links.len() + self.rings.len() + self.veils().count()).min(LINKS_MAX)
    }

    /// Marks, links and rings as the shaders read them, into `bytes`: links begin behind [`MARKS_MAX`] marks. A ring is
    /// a link whose progress is -1, a veil one whose progress is -2.
    pub fn encode_shapes(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        for mark in self.shapes() {
            let floats = [
                mark.centre[0],
                mark.centre[1],
                mark.half[0],
                mark.half[1],
                mark.color[0],
                mark.color[1],
                mark.color[2],
                mark.color[3],
                mark.turn,
                mark.progress,
                mark.glow,
                mark.dissolve,
                f32::from(mark.kind as u8),
                mark.flood,
                mark.corners,
                mark.seed,
            ];
            for float in floats {
                bytes.extend_from_slice(&float.to_le_bytes());
            }
            for word in mark.runes {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        bytes.resize(MARKS_MAX * MARK_BYTES, 0);
        for link in self.links.iter().take(LINKS_MAX) {
            let ends = link.from.iter().chain(&link.control).chain(&link.to).chain(&link.color);
            for float in ends.chain([&link.energy, &link.progress]) {
                bytes.extend_from_slice(&float.to_le_bytes());
            }
        }
        let left = LINKS_MAX - self.links.len().min(LINKS_MAX);
        for ring in self.rings.iter().take(left) {
            let place = [ring.centre[0], ring.centre[1], ring.radius, 0.0, 0.0, 0.0];
            for float in place.iter().chain(&ring.color).chain([&ring.energy, &-1.0]) {
                bytes.extend_from_slice(&float.to_le_bytes());
            }
        }
        let left = left - self.rings.len().min(left);
        for veil in self.veils().take(left) {
            let place = [veil.centre[0], veil.centre[1], veil.half[0], veil.half[1], 0.0, 0.0];
            for float in place.iter().chain(&veil.color).chain([&veil.progress, &-2.0]) {
                bytes.extend_from_slice(&float.to_le_bytes());
            }
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
        let ring = Ring { centre: [1.0; 2], radius: 9.0, color: [0.0; 4], energy: 0.0 };
        picture.rings = vec![ring; 3 * LINKS_MAX];
        picture.encode_shapes(&mut bytes);
        assert_eq!(bytes.len(), SHAPES_BYTES);
        assert_eq!(picture.link_count(), LINKS_MAX);
    }
}
