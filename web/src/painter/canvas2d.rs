//! The fallback painter: the same picture with paths and fills.

use arcane_stage::forced::Forced;
use arcane_stage::layout::band;
use arcane_stage::palette::LINE;
use arcane_stage::particles::{Particles, unit};
use arcane_stage::picture::{DOTTED, Kind, Mark, OPEN, PLAIN, Picture, RIM, SEAL};
use arcane_stage::runes::FUTHARK;
use arcane_stage::summary::fixed;
use arcane_stage::wave::{cos, sin};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d as Context, HtmlCanvasElement};

pub(super) const TAU: f64 = std::f64::consts::TAU;
/// Particles drawn at most; the newest come first.
const DOTS_MAX: usize = 700;
const STARS: u32 = 120;
/// Slices of the veil.
const VEIL_SLICES: f64 = 24.0;

/// The painter that uses a plain canvas.
pub(crate) struct Canvas2d {
    pub(super) context: Context,
    /// The system's colours, if it forces them: nothing is blended.
    pub(super) forced: Option<Forced>,
}

impl Canvas2d {
    pub(crate) fn new(canvas: &HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { context, forced: None })
    }

    pub(crate) fn paint(&mut self, picture: &Picture, particles: &mut Particles, scale: f32) {
        self.forced = picture.forced;
        let is_forced = self.forced.is_some();
        let c = &self.context;
        let [width, height] = picture.size.map(f64::from);
        let _ = c.set_transform(f64::from(scale), 0.0, 0.0, f64::from(scale), 0.0, 0.0);
        c.clear_rect(0.0, 0.0, width, height);
        if picture.veil[3] > 0.0 {
            c.set_fill_style_str(&self.css(picture.veil, picture.veil[3]));
            c.fill_rect(0.0, 0.0, width, height);
        }
        if !is_forced {
            self.stars(picture);
            c.set_global_composite_operation("lighter").ok();
        }
        if let Some(([axes, middle], color)) = picture.band {
            c.set_stroke_style_str(&self.css(color, color[3]));
            c.set_line_width(0.75 * self.weight(color));
            c.begin_path();
            for step in 0..=96_u8 {
                let [x, y] = band::point(axes, f32::from(step) / 96.0 * std::f32::consts::TAU);
                c.line_to((middle[0] + x).into(), (middle[1] + y).into());
            }
            c.stroke();
        }
        self.links(picture);
        self.dashes(0.0);
        for ring in &picture.rings {
            c.set_line_width((1.1 + 3.0 * f64::from(ring.energy)) * self.weight(ring.color));
            let [from, to] = ring.arc;
            // What fades is drawn piece by piece.
            let pieces = if ring.fade > 0.0 { 6_u8 } else { 1 };
            for piece in 0..pieces {
                let part = |piece: u8| f64::from(from + (to - from) * f32::from(piece) / f32::from(pieces));
                let light = 1.0 - ring.fade * (1.0 - (f32::from(piece) + 0.5) / f32::from(pieces));
                let light = if ring.fade > 0.0 { light } else { 1.0 };
                if is_forced {
                    c.set_line_width(
                        (1.1 + 3.0 * f64::from(ring.energy)) * self.weight(ring.color) * f64::from(light),
                    );
                }
                c.set_stroke_style_str(&self.css(ring.color, ring.color[3] * light));
                c.begin_path();
                let [x, y] = ring.centre.map(f64::from);
                let angle = |turn: f64| turn * TAU - TAU / 4.0;
                let _ = c.arc(x, y, ring.radius.max(0.0).into(), angle(part(piece)), angle(part(piece + 1)));
                c.stroke();
            }
        }
        for mark in &picture.marks {
            self.mark(mark);
        }
        if !is_forced {
            self.dots(picture, particles);
        }
        c.set_global_composite_operation("source-over").ok();
    }

    fn links(&self, picture: &Picture) {
        let c = &self.context;
        for link in &picture.links {
            c.set_stroke_style_str(&self.css(link.color, link.color[3] * LINE));
            c.set_line_width((1.2 + 1.6 * f64::from(link.energy.max(0.0))) * self.weight(link.color));
            self.dashes(if link.energy < 0.0 { 4.0 } else { 0.0 });
            c.begin_path();
            let [from, control, to] = [link.from, link.control, link.to].map(|at| at.map(f64::from));
            c.move_to(from[0], from[1]);
            c.quadratic_curve_to(control[0], control[1], to[0], to[1]);
            c.stroke();
        }
    }

    /// How thick a line of a colour is: forced colours have one light, and lines that are thinner instead.
    fn weight(&self, color: [f32; 4]) -> f64 {
        if self.forced.is_some() { 1.6 * f64::from(color[3]) } else { 1.0 }
    }

    /// A colour as a canvas takes it; one that is forced is whole.
    fn css(&self, color: [f32; 4], alpha: f32) -> String {
        let alpha = if self.forced.is_some() { 1.0 } else { alpha };
        let [r, g, b, _] = color.map(|v| v.clamp(0.0, 1.0) * 255.0);
        let [r, g, b] = [r, g, b].map(|part| fixed(part.into(), 0));
        format!("rgba({r},{g},{b},{})", fixed(alpha.clamp(0.0, 1.0).into(), 3))
    }

    fn stars(&self, picture: &Picture) {
        let c = &self.context;
        for n in 0..STARS {
            let x = f64::from(unit(n * 3 + 1)) * f64::from(picture.size[0]);
            let y = f64::from(unit(n * 3 + 2)) * f64::from(picture.size[1]);
            let light =
                0.25 + 0.2 * sin(picture.time * (0.3 + unit(n)) + unit(n + 7) * std::f32::consts::TAU);
            c.set_fill_style_str(&self.css([0.9, 0.91, 1.0, 1.0], light));
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
            c.set_fill_style_str(&self.css([r, g, b, 1.0], dot.alpha));
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
        let ink = self.css(mark.color, alpha);
        c.set_stroke_style_str(&ink);
        c.set_line_width(1.6);
        match mark.kind {
            Kind::Circle | Kind::Bus => self.circle(mark, half * f64::from(RIM), alpha),
            Kind::Voice => self.voice(mark, half * 0.8),
            Kind::Dot | Kind::Badge | Kind::Cross | Kind::Dots => self.sign(mark, half, &ink),
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
        let whole = 1.0 - f64::from(mark.dissolve);
        let style = if mark.kind == Kind::Bus { 0 } else { mark.runes[3] };
        let is_forced = self.forced.is_some();
        if !is_forced {
            c.set_fill_style_str(
                &self.css(mark.color, alpha * (0.05 + 0.07 * mark.glow.min(2.0)) * mark.flood),
            );
            c.begin_path();
            let _ = c.arc(0.0, 0.0, radius * whole, 0.0, TAU);
            c.fill();
        }
        if style >> 8 > 0 {
            c.set_line_width(f64::from(style >> 8) / 16.0);
        }
        self.dashes(if style & DOTTED != 0 { 2.0 } else { 0.0 });
        let drawn = stage(mark, 0.0, 0.35) * whole;
        if style & OPEN != 0 {
            // From two o'clock on to one o'clock.
            self.arc(radius, 1.0 / 6.0, 1.0 / 6.0 + drawn * 11.0 / 12.0);
        } else {
            self.ring(radius, drawn);
        }
        self.dashes(0.0);
        if style & SEAL == 0 {
            c.set_line_width(0.9);
            self.ring(radius * 0.76, stage(mark, 0.12, 0.35) * whole);
            self.rim(mark, radius, style);
        }
        if mark.kind == Kind::Bus {
            self.ring(radius * 0.7, 1.0);
            if is_forced {
                return;
            }
            c.set_fill_style_str(&self.css(mark.color, alpha * 0.35 * mark.glow.min(1.6)));
            c.begin_path();
            let _ = c.arc(0.0, 0.0, radius * 0.24, 0.0, TAU);
            c.fill();
        } else {
            self.heart(mark, radius, style, alpha);
        }
    }

    /// Runes around the rim.
    fn rim(&self, mark: &Mark, radius: f64, style: u32) {
        let c = &self.context;
        let whole = 1.0 - f64::from(mark.dissolve);
        c.save();
        let _ = c.rotate(-f64::from(mark.turn));
        for slot in 0..16_u32 {
            let rune = (mark.runes[slot as usize / 6] >> (5 * (slot % 6))) & 31;
            let shown = stage(mark, 0.18 + 0.02 * f64::from(slot), 0.2);
            let in_gap = style & OPEN != 0 && slot == 2;
            if shown > 0.0 && f64::from(slot) / 16.0 <= whole && !in_gap {
                c.save();
                let _ = c.translate(0.0, -radius * 0.88);
                c.set_line_width(1.3);
                self.rune(rune as usize, radius * 0.155, shown);
                c.restore();
            }
            let _ = c.rotate(TAU / 16.0);
        }
        c.restore();
    }

    /// The rune in the middle, in its figure; alone where the circle is plain or a seal.
    fn heart(&self, mark: &Mark, radius: f64, style: u32, alpha: f32) {
        let c = &self.context;
        let whole = 1.0 - f64::from(mark.dissolve);
        let (rune, written) = (((mark.runes[2] >> 20) & 31) as usize, stage(mark, 0.6, 0.3));
        let shown = stage(mark, 0.6, 0.1) * whole;
        if style & (SEAL | PLAIN) != 0 {
            c.set_global_alpha(shown);
            c.set_line_width(1.2);
            self.rune(rune, if style & SEAL != 0 { radius } else { radius * 0.52 }, written);
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
        c.set_global_alpha(0.6 * stage(mark, 0.5, 0.3) * whole);
        c.stroke();
        c.restore();
        if self.forced.is_none() {
            c.set_stroke_style_str("#ffffff");
        }
        c.set_line_width(3.0);
        // White is as dim as the circle is.
        c.set_global_alpha(shown * f64::from(alpha));
        self.rune(rune, radius * 0.52, written);
    }

    /// Lines are dashes of this length from now on, pixels; 0.0: they are whole.
    fn dashes(&self, length: f64) {
        let pattern = js_sys::Array::new();
        if length > 0.0 {
            pattern.push(&length.into());
        }
        let _ = self.context.set_line_dash(&pattern);
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
        self.arc(radius, 0.0, part);
    }

    /// From where to where, turns clockwise from the top.
    fn arc(&self, radius: f64, from: f64, to: f64) {
        if to > from && radius > 0.0 {
            let c = &self.context;
            c.begin_path();
            let _ = c.arc(0.0, 0.0, radius, (from - 0.25) * TAU, (to - 0.25) * TAU);
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

/// How much of a part of a mark is drawn: of what begins at some progress and takes so much of it.
fn stage(mark: &Mark, from: f64, length: f64) -> f64 {
    ((f64::from(mark.progress) - from) / length).clamp(0.0, 1.0)
}

/// Sine and cosine of a part of a turn.
fn turn(part: f32) -> (f64, f64) {
    let angle = part * std::f32::consts::TAU;
    (sin(angle).into(), cos(angle).into())
}
