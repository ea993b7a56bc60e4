//! The strip at the bottom: how much happened when, what failed, and when somebody waited for a human, on a small canvas of its own.

use arcane_shared::SpellName;
use arcane_stage::dictionary::Tongue;
use arcane_stage::moment::tick;
use arcane_stage::timeline::Bucket;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::clock::offset_ms;
use crate::page::Page;

/// The one colour of events, that of failures, that of waits, that of times and that of the line below all: hues of the style sheet.
const HUES: [&str; 5] = ["#6d5bb0", "#fb7185", "#fbbf24", "#a3a3b8", "#2a2a3c"];
/// Room for signs of failures above the bars, pixels.
const TOP: f64 = 11.0;
/// Height of the line of times, pixels.
const TICKS: f64 = 15.0;

/// Draws the strip.
pub(crate) fn draw(page: &Page, canvas: &HtmlCanvasElement) {
    let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    let dpr = window().device_pixel_ratio().clamp(1.0, 2.0);
    if width < 2.0 || height < 2.0 {
        return;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let (w, h) = ((width * dpr) as u32, (height * dpr) as u32);
    if canvas.width() != w || canvas.height() != h {
        canvas.set_width(w);
        canvas.set_height(h);
    }
    let Some(c) = context(canvas) else { return };
    let _ = c.set_transform(dpr, 0.0, 0.0, dpr, 0.0, 0.0);
    c.clear_rect(0.0, 0.0, width, height);
    let hues = match page.stage.forced() {
        // A failure is a cross, and waits have a line of their own.
        Some(colors) => {
            let [ink, chosen] = [colors.ink, colors.chosen].map(|color| color.to_string());
            [ink.clone(), ink.clone(), chosen, ink.clone(), ink]
        }
        None => HUES.map(str::to_owned),
    };
    draw_bars(&c, page, &hues, width, height - TICKS);
    c.set_fill_style_str(&hues[3]);
    draw_ticks(&c, page, width, height);
}

/// A few hundred rectangles twice a second are painted sooner than they are sent to a GPU.
fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    let options = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&options, &"willReadFrequently".into(), &true.into());
    canvas.get_context_with_context_options("2d", &options).ok()??.dyn_into().ok()
}

fn draw_bars(
    c: &CanvasRenderingContext2d,
    page: &Page,
    [events, failures, waits, _, line]: &[String; 5],
    width: f64,
    base: f64,
) {
    let (span, activity) = (page.span(), page.time_travel.activity());
    let slots = activity.slots().iter().filter(|slot| slot.at + activity.step_ms > span.from);
    let peak = slots.clone().map(|slot| slot.bucket.total()).max().unwrap_or(0).max(4);
    let step = (activity.step_ms / span.length() * width).max(3.0);
    c.set_fill_style_str(line);
    c.fill_rect(0.0, base, width, 1.0);
    for slot in slots {
        let (bucket, x) = (&slot.bucket, span.part(slot.at) * width);
        // A root, so that one event is seen beside a thousand.
        let tall = (f64::from(bucket.total()) / f64::from(peak)).sqrt() * (base - TOP);
        c.set_fill_style_str(events);
        c.fill_rect(x, base - tall, (step - 1.0).max(1.0), tall);
        if bucket.failures > 0 {
            let x = (x + step / 2.0).round();
            c.set_fill_style_str(failures);
            c.fill_rect(x, TOP - 2.0, 1.0, base - TOP + 2.0);
            cross(c, failures, x + 0.5);
        }
    }
    // Waits are of this page's present, and of no recording.
    c.set_fill_style_str(waits);
    for [from, to] in page.waits.spans().iter().filter(|_| page.recorded.is_none()) {
        let [from, to] = [from, to].map(|at| (span.part(*at) * width).clamp(0.0, width));
        if to > 0.0 && from < width {
            c.fill_rect(from, base + 1.0, (to - from).max(2.0), 3.0);
        }
    }
}

/// The sign of a failure, at the top.
fn cross(c: &CanvasRenderingContext2d, hue: &str, x: f64) {
    c.set_stroke_style_str(hue);
    c.set_line_width(2.0);
    c.begin_path();
    for (x0, x1) in [(x - 3.0, x + 3.0), (x + 3.0, x - 3.0)] {
        c.move_to(x0, 1.0);
        c.line_to(x1, 7.0);
    }
    c.stroke();
}

fn draw_ticks(c: &CanvasRenderingContext2d, page: &Page, width: f64, height: f64) {
    let span = page.span();
    let offset = offset_ms(span.to);
    c.set_font("11px system-ui, sans-serif");
    let last =
        if page.time_travel.travel.is_some() { tick(span.to, span.length(), offset) } else { "now".into() };
    c.set_text_align("right");
    let _ = c.fill_text(&last, width, height - 3.0);
    c.set_text_align("center");
    for at in span.ticks(offset) {
        let x = span.part(at) * width;
        if (20.0..width - 50.0).contains(&x) {
            c.fill_rect(x.round(), height - TICKS, 1.0, 4.0);
            let _ = c.fill_text(&tick(at, span.length(), offset), x, height - 2.0);
        }
    }
}

/// What happened around a moment, in words.
pub(crate) fn describe(page: &Page, at: f64) -> String {
    match page.time_travel.activity().slot_at(at) {
        Some(slot) => described(&slot.bucket, page.viewer().tongue),
        None => "nothing".into(),
    }
}

fn described(bucket: &Bucket, tongue: Tongue) -> String {
    let parts: Vec<String> = bucket
        .by_kind
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(kind, count)| {
            format!("{count} {}", SpellName::ALL.get(kind).map_or("unknown", |spell| tongue.kind(*spell)))
        })
        .collect();
    let failed = if bucket.failures > 0 { format!(", {} failed", bucket.failures) } else { String::new() };
    format!("{}{failed}", parts.join(", "))
}
