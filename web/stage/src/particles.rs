//! Stateless particles: a particle is a spawn record, and its place a function of record and time.
//!
//! Records go into a ring once and are uploaded once; the vertex shader does the rest. [`Record::at`]
//! is the same function in Rust: the Canvas2D painter and the tests use it. The two must agree.

use std::ops::Range;

use arcane_shared::Rgb;

use crate::layout::Mapping;
use crate::wave::{cos, fading, sin};

/// Records in the ring where a GPU moves them. Beyond that the oldest give way.
pub const CAPACITY: usize = 131_072;
/// Records in the ring where a CPU does.
pub const SOFTWARE_CAPACITY: usize = 16_384;
/// Bytes of one record on the GPU.
pub const RECORD_BYTES: usize = 32;
/// Stage coordinates are stored in 16 bits between -4 and 4.
const FIXED: f32 = 8_191.0;

/// How a particle moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Motion {
    /// Along a curve from `from` over `control` to `to`.
    Stream = 0,
    /// Outwards from `from`, fast and then slow; `spread` is the distance.
    Burst = 1,
    /// Inwards to `from` with a swirl; `spread` is the radius at the start.
    Implode = 2,
    /// Around `from` at radius `spread`.
    Orbit = 3,
    /// A star: `from` is its place on the canvas between -1 and 1. Lives for ever.
    Star = 4,
}

/// What is uploaded for a particle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// Stage coordinates.
    pub from: [f32; 2],
    /// Stage coordinates; of [`Motion::Stream`] only.
    pub control: [f32; 2],
    /// Stage coordinates; of [`Motion::Stream`] only.
    pub to: [f32; 2],
    /// When it appears, seconds of particle time.
    pub born: f32,
    /// Seconds.
    pub life: f32,
    /// Its colour.
    pub color: Rgb,
    /// Brightness, 0–255.
    pub alpha: u8,
    /// Diameter, pixels.
    pub size: f32,
    /// How it moves.
    pub motion: Motion,
    /// Pixels: how far it strays from its curve, or see [`Motion`].
    pub spread: u16,
    /// Draws everything that is random about it.
    pub seed: u16,
}

/// A particle at one moment, pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dot {
    /// Where.
    pub at: [f32; 2],
    /// Diameter.
    pub size: f32,
    /// 0.0–1.0.
    pub alpha: f32,
}

/// A number between 0 and 1 from a seed; the shader has the same function.
#[must_use]
pub fn unit(seed: u32) -> f32 {
    let mut x = seed.wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^= x >> 16;
    #[expect(clippy::cast_precision_loss, reason = "24 bits")]
    let fraction = (x >> 8) as f32 / 16_777_216.0;
    fraction
}

impl Record {
    /// The 32 bytes that the vertex shader reads, little endian.
    #[must_use]
    pub fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        for (slot, v) in self.from.iter().chain(&self.control).chain(&self.to).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits before")]
            let fixed = (v.clamp(-4.0, 4.0) * FIXED) as i16;
            bytes[slot * 2..slot * 2 + 2].copy_from_slice(&fixed.to_le_bytes());
        }
        bytes[12..16].copy_from_slice(&self.born.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.life.to_le_bytes());
        bytes[20..23].copy_from_slice(&self.color.0);
        bytes[23] = self.alpha;
        bytes[24..28].copy_from_slice(&self.size.to_le_bytes());
        let style =
            (self.motion as u32) | (u32::from(self.spread.min(4_095)) << 4) | (u32::from(self.seed) << 16);
        bytes[28..32].copy_from_slice(&style.to_le_bytes());
        bytes
    }

    /// The particle at particle time `t`; `None` before its birth and after its death.
    #[must_use]
    pub fn at(&self, t: f32, mapping: &Mapping) -> Option<Dot> {
        let age = if self.motion == Motion::Star { 0.5 } else { (t - self.born) / self.life.max(0.001) };
        if !(0.0..1.0).contains(&age) {
            return None;
        }
        let seed = u32::from(self.seed);
        let (r0, r1, r2) = (unit(seed), unit(seed + 7_919), unit(seed + 15_485));
        let spread = f32::from(self.spread);
        let mut alpha = (age * 8.0).min(1.0) * fading(1.0 - age);
        let at = match self.motion {
            Motion::Stream => {
                let e = age * age * (3.0 - 2.0 * age);
                let (a, c, b) = (mapping.px(self.from), mapping.px(self.control), mapping.px(self.to));
                let u = 1.0 - e;
                let lerp = |i: usize| u * u * a[i] + 2.0 * u * e * c[i] + e * e * b[i];
                let stray = spread * sin(age * std::f32::consts::PI);
                [lerp(0) + (r0 - 0.5) * 2.0 * stray, lerp(1) + (r1 - 0.5) * 2.0 * stray]
            }
            Motion::Burst => {
                let e = 1.0 - (1.0 - age).powi(3);
                let angle = r0 * std::f32::consts::TAU;
                let radius = spread * e * (0.35 + 0.65 * r1);
                let centre = mapping.px(self.from);
                [centre[0] + cos(angle) * radius, centre[1] + sin(angle) * radius]
            }
            Motion::Implode => {
                let e = 1.0 - age * age;
                let angle = r0 * std::f32::consts::TAU + age * age * (2.0 + 2.0 * r2);
                let radius = spread * e * (0.8 + 0.35 * r1);
                let centre = mapping.px(self.from);
                [centre[0] + cos(angle) * radius, centre[1] + sin(angle) * radius]
            }
            Motion::Orbit => {
                let angle = r0 * std::f32::consts::TAU + age * self.life * (1.6 + r1);
                let centre = mapping.px(self.from);
                let radius = spread * (1.0 + 0.12 * (r2 - 0.5));
                [centre[0] + cos(angle) * radius, centre[1] + sin(angle) * radius]
            }
            Motion::Star => {
                alpha = 0.55 + 0.45 * sin(t * (0.3 + r0) + r1 * std::f32::consts::TAU);
                self.from
            }
        };
        Some(Dot { at, size: self.size * (0.6 + 0.8 * r2), alpha: alpha * f32::from(self.alpha) / 255.0 })
    }
}

/// The ring of records: what may be alive, and what has not been uploaded yet.
#[derive(Debug, Clone)]
pub struct Particles {
    records: Vec<Record>,
    capacity: usize,
    spawned: usize,
    /// The first that may be alive.
    oldest: usize,
    fresh: usize,
}

impl Default for Particles {
    fn default() -> Self {
        Self { records: Vec::new(), capacity: CAPACITY, spawned: 0, oldest: 0, fresh: 0 }
    }
}

impl Particles {
    /// A ring with room for so many; what was in it is gone.
    pub fn resize(&mut self, capacity: usize) {
        *self = Self { capacity: capacity.clamp(1, CAPACITY), ..Self::default() };
    }

    /// Puts a record in; the oldest gives way when the ring is full.
    pub fn spawn(&mut self, record: Record) {
        if self.records.len() < self.capacity {
            self.records.push(record);
        } else {
            self.records[self.spawned % self.capacity] = record;
        }
        self.spawned += 1;
        self.oldest = self.oldest.max(self.spawned.saturating_sub(self.capacity));
        self.fresh = (self.fresh + 1).min(self.capacity);
    }

    /// Leaves out of what is drawn those that came first and are over at particle time `t`.
    pub fn retire(&mut self, t: f32) {
        while self.oldest < self.spawned {
            let record = &self.records[self.oldest % self.capacity];
            if t < record.born + record.life {
                break;
            }
            self.oldest += 1;
        }
    }

    /// Records that may be alive: slots of the ring, in two pieces when it wraps; a piece may be empty.
    #[must_use]
    pub fn living(&self) -> [Range<usize>; 2] {
        self.pieces(self.oldest)
    }

    /// The records that may be alive, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.living().into_iter().flat_map(|piece| &self.records[piece])
    }

    /// What is new since the last call: slots of the ring, in two pieces when it wraps; a piece may be empty.
    pub fn take_fresh(&mut self) -> [Range<usize>; 2] {
        let fresh = std::mem::take(&mut self.fresh);
        self.pieces(self.spawned - fresh)
    }

    /// The records of some slots as the shader reads them, into `bytes`.
    pub fn encode(&self, slots: Range<usize>, bytes: &mut Vec<u8>) {
        bytes.clear();
        for record in &self.records[slots] {
            bytes.extend_from_slice(&record.encode());
        }
    }

    fn pieces(&self, first: usize) -> [Range<usize>; 2] {
        let count = self.spawned - first;
        let start = first % self.capacity;
        let straight = count.min(self.capacity - start);
        [start..start + straight, 0..count - straight]
    }

    /// Marks everything as new: the GPU forgot.
    pub fn forget_uploads(&mut self) {
        self.fresh = self.records.len();
    }

    /// Sets all times back by `seconds` and uploads everything again.
    pub fn rebase(&mut self, seconds: f32) {
        for record in &mut self.records {
            record.born -= seconds;
        }
        self.forget_uploads();
    }

    /// Particles alive at particle time `t`.
    #[must_use]
    pub fn alive(&self, t: f32) -> usize {
        self.records().filter(|record| t >= record.born && t < record.born + record.life).count()
    }

    /// Ever spawned.
    #[must_use]
    pub fn spawned(&self) -> usize {
        self.spawned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Court;
    use proptest::prelude::*;

    fn record(motion: Motion, seed: u16) -> Record {
        Record {
            from: [-0.7, -0.7],
            control: [-0.2, -0.6],
            to: [0.0, 0.0],
            born: 1.0,
            life: 1.5,
            color: Rgb([1, 2, 3]),
            alpha: 255,
            size: 2.0,
            motion,
            spread: 40,
            seed,
        }
    }

    #[test]
    fn a_stream_begins_and_ends_where_it_says() {
        let mapping = Court::default().mapping;
        let r = record(Motion::Stream, 9);
        assert_eq!(r.at(0.99, &mapping), None);
        assert_eq!(r.at(2.5, &mapping), None);
        let near = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 3.0;
        assert!(near(r.at(1.0, &mapping).unwrap().at, mapping.px(r.from)));
        assert!(near(r.at(2.499, &mapping).unwrap().at, mapping.px(r.to)));
    }

    #[test]
    fn a_full_ring_uploads_in_two_pieces() {
        let mut particles = Particles::default();
        particles.resize(1_000);
        for seed in 0..990 {
            particles.spawn(record(Motion::Burst, seed));
        }
        assert_eq!(particles.take_fresh(), [0..990, 0..0]);
        for seed in 0..30 {
            particles.spawn(record(Motion::Burst, seed));
        }
        assert_eq!(particles.take_fresh(), [990..1_000, 0..20]);
        assert!(particles.take_fresh().iter().all(Range::is_empty));
    }

    #[test]
    fn what_is_over_is_not_drawn() {
        let mut particles = Particles::default();
        particles.resize(100);
        for born in 0..150_u16 {
            particles.spawn(Record { born: f32::from(born), ..record(Motion::Burst, 1) });
        }
        assert_eq!(particles.living(), [50..100, 0..50]);
        particles.retire(120.0);
        assert_eq!(particles.living(), [19..50, 0..0]);
        assert_eq!(particles.alive(120.0), 2);
        particles.retire(1_000.0);
        assert_eq!(particles.records().count(), 0);
    }

    proptest! {
        #[test]
        fn the_ring_is_bounded(count in 0..5_000_usize, capacity in 1..2_000_usize) {
            let mut particles = Particles::default();
            particles.resize(capacity);
            for _ in 0..count {
                particles.spawn(record(Motion::Orbit, 1));
            }
            prop_assert_eq!(particles.records().count(), count.min(capacity));
            prop_assert_eq!(particles.spawned(), count);
            let fresh = particles.take_fresh();
            prop_assert!(fresh.iter().all(|slots| slots.end <= capacity));
            prop_assert_eq!(fresh.map(|slots| slots.len()).iter().sum::<usize>(), count.min(capacity));
        }

        #[test]
        fn a_particle_is_somewhere(seed: u16, t in -10.0..100.0_f32, kind in 0..4_u8) {
            let motion = [Motion::Stream, Motion::Burst, Motion::Implode, Motion::Orbit][usize::from(kind)];
            let mapping = Court::default().mapping;
            if let Some(dot) = record(motion, seed).at(t, &mapping) {
                prop_assert!(dot.at.iter().all(|v| v.is_finite()));
                prop_assert!((0.0..=1.0).contains(&dot.alpha));
            }
        }
    }
}
