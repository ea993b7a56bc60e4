//! The fallback painter: the same picture with paths and fills.

use arcane_stage::particles::{Particles, unit};
use arcane_stage::picture::{Kind, Mark, Picture, RIM};
use arcane_stage::runes::FUTHARK;
use arcane_stage::summary::fixed;
use arcane_stage::wave::{cos, sin};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d as Context, HtmlCanvasElement};

const TAU: f64 = std::f64::consts::TAU;
/// Particles drawn at most; the newest come first.
const DOTS_MAX: usize = 700;
const STARS: u32 = 120;
/// Slices of the veil.
const VEIL_SLICES: f64 = 24.0;

/// The painter that uses a plain canvas.
pub(crate) struct Canvas2d {
    context: Context,
}

impl Canvas2d {
    pub(crate) fn new(canvas: &HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { context })
    }

    pub(crate) fn paint(&mut self, picture: &Picture, particles: &mut Particles, scale: f32) {
        let c = &self.context;
        let [width, height] = picture.size.map(f64::from);
        let _ = c.set_transform(f64::from(scale), 0.0, 0.0, f64::from(scale), 0.0, 0.0);
        c.clear_rect(0.0, 0.0, width, height);
        if picture.veil[3] > 0.0 {
            c.set_fill_style_str(&css(picture.veil, picture.veil[3]));
            c.fill_rect(0.0, 0.0, width, height);
        }
        self.stars(picture);
        c.set_global_composite_operation("lighter").ok();
        for link in &picture.links {
            c.set_stroke_style_str(&css(link.color, link.color[3]));
            c.set_line_width(1.2 + 1.6 * f64::from(link.energy));
            c.begin_path();
            let [from, control, to] = [link.from, link.control, link.to].map(|at| at.map(f64::from));
            c.move_to(from[0], from[1]);
            c.quadratic_curve_to(control[0], control[1], to[0], to[1]);
            c.stroke();
        }
        for ring in &picture.rings {
            c.set_stroke_style_str(&css(ring.color, ring.color[3]));
            c.begin_path();
            let _ =
                c.arc(f64::from(ring.centre[0]), f64::from(ring.centre[1]), f64::from(ring.radius), 0.0, TAU);
            c.stroke();
        }
        for mark in &picture.marks {
            self.mark(mark);
        }
        self.dots(picture, particles);
        c.set_global_composite_operation("source-over").ok();
    }

    fn stars(&self, picture: &Picture) {
        let c = &self.context;
        for n in 0..STARS {
            let x = f64::from(unit(n * 3 + 1)) * f64::from(picture.size[0]);
            let y = f64::from(unit(n * 3 + 2)) * f64::from(picture.size[1]);
            let light =
                0.25 + 0.2 * sin(picture.time * (0.3 + unit(n)) + unit(n + 7) * std::f32::consts::TAU);
            c.set_fill_style_str(&css([0.9, 0.91, 1.0, 1.0], light));
            c.fill_rect(x, y, 1.2, 1.2);
        }
    }

    fn dots(&self, picture: &Picture, particles: &Particles) {
        let c = &self.context;
        let alive = particles
            .records()
            .rev()
            .filter_map(|record| record.at(picture.particle_time, &picture.mapping).map(|dot| (record, dot)));
        for (record, dot) in alive.take(DOTS_MAX) {
            let [r, g, b] = record.color.0.map(|v| f32::from(v) / 255.0);
            c.set_fill_style_str(&css([r, g, b, 1.0], dot.alpha));
            c.begin_path();
            let _ = c.arc(f64::from(dot.at[0]), f64::from(dot.at[1]), f64::from(dot.size) * 0.75, 0.0, TAU);
            c.fill();
        }
    }

    fn mark(&self, mark: &Mark) {
        let c = &self.context;
        let alpha = mark.color[3].clamp(0.0, 1.0);
        if alpha <= 0.004 {
            return;
        }
        c.save();
        let _ = c.translate(f64::from(mark.centre[0]), f64::from(mark.centre[1]));
        let half = f64::from(mark.half[0]);
        let ink = css(mark.color, alpha);
        c.set_stroke_style_str(&ink);
        c.set_line_width(1.6);
        match mark.kind {
            Kind::Circle | Kind::Bus => self.circle(mark, half * f64::from(RIM), alpha),
            Kind::Voice => self.voice(mark, half * 0.8),
            Kind::Beacon => {
                for n in 0..3_u8 {
                    let phase = (mark.progress + f32::from(n) / 3.0).fract();
                    c.set_global_alpha(f64::from(1.0 - phase));
                    self.ring(half * f64::from(0.6 + 0.38 * phase), 1.0);
                }
            }
            Kind::Veil => {
                // Slices that fade to the sides: no gradient has to be made for it.
                let tall = f64::from(mark.half[1]);
                let wide = half * 2.0 / VEIL_SLICES;
                let mut at = -half;
                while at < half {
                    let from_middle = (at + wide / 2.0) / half;
                    let light = 1.0 - from_middle * from_middle;
                    c.set_global_alpha(light * light * 0.3);
                    c.set_fill_style_str(&ink);
                    c.fill_rect(at, -tall, wide, tall * 2.0);
                    at += wide;
                }
            }
            Kind::Rune => {
                let _ = c.rotate(f64::from(mark.turn));
                self.rune((mark.runes[0] & 31) as usize, half * 1.6, 1.0);
            }
        }
        c.restore();
    }

    fn circle(&self, mark: &Mark, radius: f64, alpha: f32) {
        let c = &self.context;
        let progress = f64::from(mark.progress);
        let whole = 1.0 - f64::from(mark.dissolve);
        let stage = |from: f64, length: f64| ((progress - from) / length).clamp(0.0, 1.0);
        c.set_fill_style_str(&css(mark.color, alpha * (0.05 + 0.07 * mark.glow.min(2.0)) * mark.flood));
        c.begin_path();
        let _ = c.arc(0.0, 0.0, radius * whole, 0.0, TAU);
        c.fill();
        self.ring(radius, stage(0.0, 0.35) * whole);
        c.set_line_width(0.9);
        self.ring(radius * 0.76, stage(0.12, 0.35) * whole);
        c.save();
        let _ = c.rotate(-f64::from(mark.turn));
        for slot in 0..16_u32 {
            let rune = (mark.runes[slot as usize / 6] >> (5 * (slot % 6))) & 31;
            let shown = stage(0.18 + 0.02 * f64::from(slot), 0.2);
            if shown > 0.0 && f64::from(slot) / 16.0 <= whole {
                c.save();
                let _ = c.translate(0.0, -radius * 0.88);
                c.set_line_width(1.3);
                self.rune(rune as usize, radius * 0.155, shown);
                c.restore();
            }
            let _ = c.rotate(TAU / 16.0);
        }
        c.restore();
        if mark.kind == Kind::Bus {
            self.ring(radius * 0.7, 1.0);
            c.set_fill_style_str(&css(mark.color, alpha * 0.35 * mark.glow.min(1.6)));
            c.begin_path();
            let _ = c.arc(0.0, 0.0, radius * 0.24, 0.0, TAU);
            c.fill();
            return;
        }
        c.save();
        let _ = c.rotate(f64::from(mark.turn) * 1.7);
        c.begin_path();
        let corners = mark.corners.clamp(3.0, 6.0);
        let mut corner = 0.0_f32;
        while corner < corners {
            let (sin, cos) = turn(corner / corners);
            c.line_to(sin * radius * 0.68, -cos * radius * 0.68);
            corner += 1.0;
        }
        c.close_path();
        c.set_global_alpha(0.6 * stage(0.5, 0.3) * whole);
        c.stroke();
        c.restore();
        c.set_global_alpha(stage(0.6, 0.1) * whole);
        c.set_line_width(3.0);
        c.set_stroke_style_str("#ffffff");
        self.rune(((mark.runes[2] >> 20) & 31) as usize, radius * 0.52, stage(0.6, 0.3));
    }

    fn voice(&self, mark: &Mark, radius: f64) {
        let c = &self.context;
        let t = mark.progress * 26.0;
        c.begin_path();
        for step in 0..=90_u8 {
            let part = f32::from(step) / 90.0;
            let angle = part * std::f32::consts::TAU;
            let wave = sin(angle * 9.0 + t) * sin(angle * 4.0 - t * 0.7);
            let r = radius * f64::from(1.0 + 0.06 * wave);
            let (sin, cos) = turn(part);
            c.line_to(sin * r, -cos * r);
        }
        c.stroke();
    }

    fn ring(&self, radius: f64, part: f64) {
        if part > 0.0 && radius > 0.0 {
            let c = &self.context;
            c.begin_path();
            let _ = c.arc(0.0, 0.0, radius, -TAU / 4.0, part * TAU - TAU / 4.0);
            c.stroke();
        }
    }

    fn rune(&self, rune: usize, size: f64, written: f64) {
        let c = &self.context;
        let strokes = FUTHARK[rune % 24];
        #[expect(clippy::cast_precision_loss, reason = "at most 5")]
        let total = strokes.len() as f64;
        c.begin_path();
        for (n, stroke) in strokes.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "at most 5")]
            let part = (written * total - n as f64).clamp(0.0, 1.0);
            if part > 0.0 {
                let [x0, y0, x1, y1] = stroke.map(f64::from);
                c.move_to(x0 * size, -y0 * size);
                c.line_to((x0 + (x1 - x0) * part) * size, -(y0 + (y1 - y0) * part) * size);
            }
        }
        c.stroke();
    }
}

/// Sine and cosine of a part of a turn.
fn turn(part: f32) -> (f64, f64) {
    let angle = part * std::f32::consts::TAU;
    (sin(angle).into(), cos(angle).into())
}

fn css(color: [f32; 4], alpha: f32) -> String {
    let [r, g, b, _] = color.map(|v| v.clamp(0.0, 1.0) * 255.0);
    let [r, g, b] = [r, g, b].map(|part| fixed(part.into(), 0));
    format!("rgba({r},{g},{b},{})", fixed(alpha.clamp(0.0, 1.0).into(), 3))
}
