//! One frame, described flatly: what both painters draw and neither decides.

use crate::forced::Forced;
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
/// Words of an encoded mark.
const MARK_WORDS: usize = 20;
/// Most marks in one frame.
pub const MARKS_MAX: usize = 320;
/// Most of them that have many pieces, and one.
pub const WIDE_MAX: usize = 64;
/// Rings below this radius have few pieces, pixels.
const NARROW_RADIUS: f32 = 26.0;
/// Words of an encoded link.
const LINK_WORDS: usize = 12;
/// Most links and rings in one frame.
pub const LINKS_MAX: usize = 288;
/// Width and height of the texture that all of them are encoded into; a texel has four words. Ribbons begin in its line 10.
pub const SHAPES_SIZE: [usize; 2] = [160, 16];
/// Words of that texture.
pub const SHAPES_WORDS: usize = SHAPES_SIZE[0] * SHAPES_SIZE[1] * 4;
const _: () = assert!(MARKS_MAX * MARK_WORDS == 10 * SHAPES_SIZE[0] * 4);
const _: () = assert!(MARKS_MAX * MARK_WORDS + LINKS_MAX * LINK_WORDS <= SHAPES_WORDS);

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
    /// The system's colours, if it forces them: then the alpha of links, rings and the band is the weight of their lines,
    /// nothing glows, and there are neither particles nor stars.
    pub forced: Option<Forced>,
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
            forced: None,
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

    /// Ribbons that are drawn: of many pieces, and of few. A thread is almost straight and a small ring is small, so that
    /// they need few.
    #[must_use]
    pub fn ribbon_counts(&self) -> [usize; 2] {
        let (mut wide, mut narrow) = (0, 0);
        self.ribbons(|is_narrow, _| if is_narrow { narrow += 1 } else { wide += 1 });
        [wide.min(WIDE_MAX - 1), narrow.min(LINKS_MAX - WIDE_MAX)]
    }

    /// All of them: whether few pieces do, and what the shader reads. A ring is a link whose progress is -1, a veil one whose
    /// progress is -2, the band one whose progress is -3.
    fn ribbons(&self, mut each: impl FnMut(bool, [f32; LINK_WORDS])) {
        let mut put = |is_narrow: bool, ends: [f32; 6], color: [f32; 4], [energy, progress]: [f32; 2]| {
            let ([a, b, c, d, e, f], [r, g, blue, alpha]) = (ends, color);
            each(is_narrow, [a, b, c, d, e, f, r, g, blue, alpha, energy, progress]);
        };
        if let Some(([[a, b], [x, y]], color)) = self.band {
            // A ribbon has few pieces where a CPU paints: each quarter has its own.
            for quarter in [0.0, 0.25, 0.5, 0.75] {
                put(false, [x, y, a, b, quarter, quarter + 0.25], color, [0.0, -3.0]);
            }
        }
        for veil in self.veils() {
            let ([x, y], [w, h]) = (veil.centre, veil.half);
            put(false, [x, y, w, h, 0.0, 0.0], veil.color, [veil.progress, -2.0]);
        }
        for ring in &self.rings {
            let ([x, y], [from, to]) = (ring.centre, ring.arc);
            let is_narrow = ring.radius < NARROW_RADIUS;
            put(is_narrow, [x, y, ring.radius, ring.fade, from, to], ring.color, [ring.energy, -1.0]);
        }
        for link in &self.links {
            let ([a, b], [c, d], [e, f]) = (link.from, link.control, link.to);
            put(true, [a, b, c, d, e, f], link.color, [link.energy, link.progress]);
        }
    }

    /// Marks and ribbons as the shaders read them, into [`SHAPES_WORDS`] `words`: ribbons begin behind [`MARKS_MAX`] marks, those of
    /// many pieces from place [`WIDE_MAX`] backwards, those of few from there on, so that one stretch of vertices has both.
    pub fn encode_shapes(&self, words: &mut Vec<u32>) {
        words.clear();
        let mut put = |floats: &[f32]| words.extend(floats.iter().map(|float| float.to_bits()));
        for mark in self.shapes() {
            put(&mark.centre);
            put(&mark.half);
            put(&mark.color);
            put(&[mark.turn, mark.progress, mark.glow, mark.dissolve]);
            put(&[f32::from(mark.kind as u8), mark.flood, mark.corners, mark.seed]);
            // The bits of words are those of floats here.
            put(&mark.runes.map(f32::from_bits));
        }
        words.resize(SHAPES_WORDS, 0);
        let (mut wide, mut narrow) = (WIDE_MAX, WIDE_MAX..LINKS_MAX);
        self.ribbons(|is_narrow, floats| {
            let place = if is_narrow {
                narrow.next()
            } else {
                wide = wide.saturating_sub(1);
                (wide > 0).then_some(wide)
            };
            let first = place.map_or(SHAPES_WORDS, |place| MARKS_MAX * MARK_WORDS + place * LINK_WORDS);
            for (word, float) in words.iter_mut().skip(first).zip(floats) {
                *word = float.to_bits();
            }
        });
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
        let mut words = Vec::new();
        picture.encode_shapes(&mut words);
        assert_eq!(words.len(), SHAPES_WORDS);
        // The kind of the first mark, and how much of the first link is there.
        let at = |word: usize| f32::from_bits(words[word]);
        let ribbon = |place: usize, word: usize| at(MARKS_MAX * MARK_WORDS + place * LINK_WORDS + word);
        assert_eq!([at(12), ribbon(WIDE_MAX, 11)], [3.0, 1.0]);
        assert_eq!((picture.mark_count(), picture.ribbon_counts()), (MARKS_MAX, [0, 1]));
        picture.rings.push(Ring::whole([5.0; 2], 90.0, [0.0; 4], 0.0));
        picture.encode_shapes(&mut words);
        let ribbon = |place: usize, word: usize| {
            f32::from_bits(words[MARKS_MAX * MARK_WORDS + place * LINK_WORDS + word])
        };
        assert_eq!([ribbon(WIDE_MAX - 1, 2), ribbon(WIDE_MAX, 11)], [90.0, 1.0]);
        for radius in [9.0, 90.0] {
            picture.rings.extend(vec![Ring::whole([1.0; 2], radius, [0.0; 4], 0.0); 2 * LINKS_MAX]);
        }
        picture.encode_shapes(&mut words);
        assert_eq!(words.len(), SHAPES_WORDS);
        assert_eq!(picture.ribbon_counts(), [WIDE_MAX - 1, LINKS_MAX - WIDE_MAX]);
    }
}
