//! What the GPU is told once: where the stars are, and how runes are written.

use arcane_shared::Rgb;
use arcane_stage::particles::{Motion, RECORD_BYTES, Record, unit};
use arcane_stage::runes::FUTHARK;
use web_sys::{WebGl2RenderingContext as Gl, WebGlProgram};

/// Stars behind the stage.
pub(super) const STARS: usize = 260;

/// The same sky for everybody.
pub(super) fn stars() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(STARS * RECORD_BYTES);
    for n in 0..u16::try_from(STARS).unwrap_or(u16::MAX) {
        let at = |salt: u32| unit(u32::from(n) * 3 + salt);
        let tint = if at(9_001) > 0.8 { Rgb([0xC4, 0xB5, 0xFD]) } else { Rgb([0xE4, 0xE8, 0xFF]) };
        let star = Record {
            // Stored as a part of four, as all stage coordinates are.
            from: [(at(1) * 2.0 - 1.0) * 4.0, (at(2) * 2.0 - 1.0) * 4.0],
            control: [0.0; 2],
            to: [0.0; 2],
            born: 0.0,
            life: 1.0,
            color: tint,
            alpha: if at(5_003) > 0.88 { 235 } else { 120 },
            size: 0.6 + at(7_001) * 0.85,
            motion: Motion::Star,
            spread: 0,
            seed: n,
        };
        bytes.extend_from_slice(&star.encode());
    }
    bytes
}

/// Gives the mark shader all strokes, and for each rune where its own begin (<< 8) and how many.
pub(super) fn teach_runes(gl: &Gl, program: &WebGlProgram) {
    let strokes: Vec<f32> = FUTHARK.iter().flat_map(|rune| rune.iter().flatten().copied()).collect();
    let mut first = 0;
    let ranges: Vec<i32> = FUTHARK
        .iter()
        .map(|rune| {
            let range = (first << 8) | count(rune.len());
            first += count(rune.len());
            range
        })
        .collect();
    gl.use_program(Some(program));
    gl.uniform4fv_with_f32_array(gl.get_uniform_location(program, "u_strokes").as_ref(), &strokes);
    gl.uniform4iv_with_i32_array(gl.get_uniform_location(program, "u_runes").as_ref(), &ranges);
}

/// Gives the circles' shader five strokes of each rune: what has fewer repeats its last.
pub(super) fn teach_five(gl: &Gl, program: &WebGlProgram) {
    let five = |rune: &&'static [[f32; 4]]| {
        let last = rune.last().copied().unwrap_or_default();
        rune.iter().copied().chain(std::iter::repeat(last)).take(5)
    };
    let strokes: Vec<f32> = FUTHARK.iter().flat_map(|rune| five(rune).flatten()).collect();
    gl.use_program(Some(program));
    gl.uniform4fv_with_f32_array(gl.get_uniform_location(program, "u_strokes").as_ref(), &strokes);
}

/// A number as WebGL takes it.
pub(super) fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
