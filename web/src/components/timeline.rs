//! The strip at the bottom: what happened when, and the scrubber that leads there.

use arcane_shared::SpellName;
use arcane_stage::span::{Range, Step};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, PointerEvent};

use crate::app_handle::AppHandle;
use crate::dom::{self, Rows, follow, id, named, on};
use crate::views::When;

/// Ties the strip of time to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let when = app.views.when;
    let scrubber = id("scrubber");
    let read = |attribute, pick: fn(&When) -> String| {
        dom::attribute("scrubber", attribute, move || Some(when.with(pick)));
    };
    read("aria-valuemax", |when| when.seconds[0].clone());
    read("aria-valuenow", |when| when.seconds[1].clone());
    read("aria-valuetext", |when| when.said.clone());
    on(&scrubber, "pointerdown", move |event| press(app, event.unchecked_ref()));
    on(&scrubber, "pointermove", move |event| point(app, event.unchecked_ref()));
    on(&scrubber, "pointerleave", move |_| leave(app));
    on(&scrubber, "keydown", move |event| on_key(app, event.unchecked_ref()));
    dom::class("needle", "live", move || when.with(|when| !when.visiting));
    dom::styled("needle", "left", move || when.with(|when| when.needle.clone()));
    dom::shown("point", move || when.with(|when| !when.hint[1].is_empty()));
    dom::text("point", move || when.with(|when| when.hint[1].clone()));
    dom::styled("point", "left", move || when.with(|when| when.hint[0].clone()));
    dom::styled("point", "transform", move || when.with(|when| format!("translateX(-{})", when.hint[0])));
    dom::click("replay", move || app.travel(crate::page::Page::replay));
    ranges(app);
    legend(app);
}

/// The legend is a filter, too.
fn legend(app: AppHandle) {
    let filter = app.views.filter;
    let legend = id("legend");
    for spell in SpellName::ALL.iter().map(|spell| spell.as_str()).chain(["failed"]) {
        let key = dom::part(&legend, &format!("[data-spell={spell}]"));
        follow(move || {
            let on = filter
                .with(|f| if spell == "failed" { f.failures } else { f.spell.as_deref() == Some(spell) });
            dom::set(&key, "aria-pressed", Some(if on { "true" } else { "false" }));
        });
    }
    on(&legend, "click", move |event| match named(&event, "data-spell").as_deref() {
        Some("failed") => app.filter(|filter| filter.failures = !filter.failures),
        Some(spell) => app.filter_spell(spell),
        None => {}
    });
}

fn ranges(app: AppHandle) {
    let when = app.views.when;
    let mut rows = Rows::of("range");
    follow(move || {
        let chosen = when.with(|when| when.range);
        let chips = rows.arrange(Range::ALL.iter().map(|range| range.word()));
        for ((word, chip), range) in chips.iter().zip(Range::ALL) {
            dom::say(chip, word);
            dom::set(chip, "data-range", Some(word));
            dom::set(chip, "aria-pressed", Some(if range == chosen { "true" } else { "false" }));
        }
    });
    on(&id("ranges"), "click", move |event| {
        let word = named(&event, "data-range").unwrap_or_default();
        if let Some(range) = Range::ALL.into_iter().find(|range| range.word() == word) {
            app.travel(|page| page.choose(range));
        }
    });
}

/// The scrubber and the part of its width where the pointer is.
fn part(event: &PointerEvent) -> Option<(Element, f64)> {
    let element: Element = event.current_target()?.dyn_into().ok()?;
    let place = element.get_bounding_client_rect();
    let part = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    Some((element, part.clamp(0.0, 1.0)))
}

fn press(app: AppHandle, event: &PointerEvent) {
    if event.button() != 0 {
        return;
    }
    if let Some((element, part)) = part(event) {
        // The pointer may leave the strip while it drags.
        let _ = element.set_pointer_capture(event.pointer_id());
        app.travel(|page| page.visit(page.span().moment(part)));
    }
}

fn point(app: AppHandle, event: &PointerEvent) {
    let Some((element, part)) = part(event) else { return };
    let drags = element.has_pointer_capture(event.pointer_id());
    app.with(|page| page.time_travel.point = Some(part));
    if drags {
        app.travel(|page| page.visit(page.span().moment(part)));
    } else {
        app.show_when();
    }
}

fn leave(app: AppHandle) {
    app.with(|page| page.time_travel.point = None);
    app.show_when();
}

fn on_key(app: AppHandle, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    if let Some(step) = Step::of_key(&event.key()) {
        event.prevent_default();
        app.travel(|page| page.step(step));
    }
}
