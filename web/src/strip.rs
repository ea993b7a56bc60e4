//! The strip at the bottom: events per second by spell, drawn on a small canvas of its own.

use arcane_shared::SpellName;
use arcane_stage::timeline::{Bucket, KINDS, SECONDS, Timeline};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Colours of the six spells and of unknown ones: brightness differs as well as hue.
const COLORS: [&str; KINDS] = ["#a78bfa", "#f59e0b", "#0891b2", "#34d399", "#f9a8d4", "#e2e8f0", "#64748b"];

/// Draws the strip.
pub(crate) fn draw(timeline: &Timeline) {
    let Some(canvas) =
        document().get_element_by_id("timeline").and_then(|e| e.dyn_into::<HtmlCanvasElement>().ok())
    else {
        return;
    };
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
    let Some(c) =
        canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok())
    else {
        return;
    };
    let _ = c.set_transform(dpr, 0.0, 0.0, dpr, 0.0, 0.0);
    c.clear_rect(0.0, 0.0, width, height);
    let peak = timeline.buckets().map(Bucket::total).max().unwrap_or(0).max(4);
    #[expect(clippy::cast_precision_loss, reason = "300")]
    let step = width / SECONDS as f64;
    let base = height - 1.0;
    c.set_fill_style_str("#2a2a3c");
    c.fill_rect(0.0, base, width, 1.0);
    let mut x = 0.0;
    for bucket in timeline.buckets() {
        let mut y = base;
        // A root, so that one event is seen beside a thousand.
        let tall = (f64::from(bucket.total()) / f64::from(peak)).sqrt() * (height - 6.0);
        for (kind, count) in bucket.by_kind.iter().enumerate().filter(|(_, count)| **count > 0) {
            let part = tall * f64::from(*count) / f64::from(bucket.total());
            c.set_fill_style_str(COLORS[kind]);
            c.fill_rect(x, y - part, (step - 1.0).max(1.0), part);
            y -= part;
        }
        if bucket.failures > 0 {
            c.set_fill_style_str("#fb7185");
            c.fill_rect(x, y - 4.0, (step - 1.0).max(1.0), 3.0);
        }
        x += step;
    }
}

/// One second in words: `back` seconds before the newest.
pub(crate) fn describe(timeline: &Timeline, back: usize) -> String {
    let Some(bucket) = timeline.buckets().nth(SECONDS - 1 - back.min(SECONDS - 1)) else {
        return String::new();
    };
    if bucket.total() == 0 {
        return format!("{back} s ago: nothing");
    }
    let parts: Vec<String> = bucket
        .by_kind
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(kind, count)| {
            format!("{count} {}", SpellName::ALL.get(kind).map_or("unknown", |spell| spell.as_str()))
        })
        .collect();
    let failed = if bucket.failures > 0 { format!(", {} failed", bucket.failures) } else { String::new() };
    format!("{back} s ago: {}{failed}", parts.join(", "))
}
