//! Seals: daemons at their homes, as large as their neighbours leave room for.

use super::Court;
use super::band::SLOTS;

/// Up to so many homes, seals are large and bear names.
pub const SPARSE: usize = 24;

/// Radii of the seals at these homes, pixels: half the distance to the nearest taken slot less three measures, bounded by how
/// many there are. `taken`: which slots have a home or an empty chair.
#[must_use]
pub fn radius(court: &Court, home: usize, taken: &[bool; SLOTS]) -> f32 {
    let u = court.mapping.u;
    let Some(own) = court.slot(home) else { return 0.0 };
    let count = taken.iter().filter(|taken| **taken).count();
    let cap: f32 = if count <= SPARSE { 22.0 } else { 15.0 };
    let cap = if home % 2 == 1 { cap.min(16.0) } else { cap };
    let near = (1..=8).flat_map(|k| [(home + k) % SLOTS, (home + SLOTS - k) % SLOTS]);
    let nearest =
        near.filter(|slot| taken[*slot]).filter_map(|slot| court.slot(slot)).fold(48.0 * u, |m, other| {
            let apart = (own.at[0] - other.at[0]).hypot(own.at[1] - other.at[1]);
            m.min(apart - 6.0 * u)
        });
    (cap * u).min(nearest / 2.0)
}
