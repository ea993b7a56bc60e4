//! The chronicle: recycled rows over a bounded history, filters that live in the URL.

use arcane_stage::feed::Row;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlSelectElement, KeyboardEvent};

use crate::app_handle::AppHandle;
use crate::dom::{
    Rows, attribute, choices, click, follow, id, named, on, part, say, set, shown, style, styled, text, the,
};
use crate::project;

/// Height of a row, pixels; the style sheet says the same.
const ROW: usize = 33;

/// Ties the chronicle to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    let list = id("feed");
    let hold = move |held: bool| {
        let newest =
            app.with(|page| page.shown().newest_first().next().map(arcane_stage::store::Entry::id)).flatten();
        if held {
            if views.feed_pin.get_untracked().is_none() {
                views.feed_pin.set(newest);
            }
        } else if views.feed_first.get_untracked() == 0 {
            views.feed_pin.set(None);
        }
    };
    on(&list, "mouseenter", move |_| hold(true));
    on(&list, "mouseleave", move |_| hold(false));
    {
        let element = list.clone();
        on(&list, "scroll", move |_| {
            let top = usize::try_from(element.scroll_top().max(0)).unwrap_or(0);
            hold(top > 4);
            views.feed_first.set((top / ROW).saturating_sub(2));
            app.with(|page| project::project_feed(page, views));
        });
    }
    on(&list, "click", move |event| {
        if let Some(entry) = named(&event, "data-id").and_then(|text| text.parse().ok()) {
            app.open(entry);
        }
    });
    on(&list, "keydown", {
        let list = list.clone();
        move |event| step(&list, event.unchecked_ref())
    });
    click("new", move || {
        views.feed_pin.set(None);
        views.feed_first.set(0);
        list.set_scroll_top(0);
        app.with(|page| project::project_feed(page, views));
    });
    shown("new", move || views.feed_newer.get() > 0);
    text("new", move || format!("{} new", views.feed_newer.get()));
    styled("spacer", "height", move || format!("{}px", views.feed_total.get() * ROW));
    shown("nothing", move || views.feed_total.get() == 0);
    text("nothing", move || {
        let all = views.filter.with(arcane_stage::filter::Filter::is_empty);
        if all { "Nothing has happened yet." } else { "Nothing passes the filter." }.into()
    });
    recycle(app);
    pins(app);
    filters(app);
}

/// From row to row by arrow keys: one stop for the tab key instead of fifty.
fn step(list: &HtmlElement, event: &KeyboardEvent) {
    let Some(focused) = document().active_element() else { return };
    let within = |row: Option<Element>| row.filter(|row| !row.has_attribute("hidden"));
    let next = match event.key().as_str() {
        "ArrowDown" if focused == **list => within(part(list, "#spacer").first_element_child()),
        "ArrowDown" => within(focused.next_element_sibling()),
        "ArrowUp" => within(focused.previous_element_sibling()),
        _ => return,
    };
    event.prevent_default();
    match next {
        Some(row) => drop(row.unchecked_ref::<HtmlElement>().focus()),
        None => drop(list.focus()),
    }
}

/// Events that stay in sight above the list.
fn pins(app: AppHandle) {
    let views = app.views;
    let mut rows = Rows::of("pin-row");
    follow(move || {
        let pins = views.pins.get();
        let ids: Vec<String> = pins.iter().map(|pin| pin.id.to_string()).collect();
        for ((_, element), row) in rows.arrange(ids.iter().map(String::as_str)).iter().zip(&pins) {
            fill(element, row, 0);
            set(element, "data-testid", Some("pin-row"));
        }
    });
    on(&id("pins"), "click", move |event| {
        if let Some(entry) = named(&event, "data-id").and_then(|text| text.parse().ok()) {
            app.open(entry);
        }
    });
}

/// Rows stay in their slots and show whatever the slot holds.
fn recycle(app: AppHandle) {
    let views = app.views;
    let slots: Vec<String> = (0..crate::views::FEED_ROWS).map(|slot| slot.to_string()).collect();
    let mut rows = Rows::of("feed-row");
    let mut before: (usize, Vec<Row>) = (0, Vec::new());
    follow(move || {
        let after = (views.feed_first.get(), views.rows.get());
        let moved = before.0 != after.0;
        let elements = rows.arrange(slots.iter().take(after.1.len()).map(String::as_str));
        for (slot, ((_, element), row)) in elements.iter().zip(&after.1).enumerate() {
            if moved || before.1.get(slot) != Some(row) {
                fill(element, row, (after.0 + slot) * ROW);
            }
        }
        before = after;
    });
}

fn fill(element: &HtmlElement, row: &Row, top: usize) {
    let ok = row.success.map(|ok| if ok { "true" } else { "false" });
    set(element, "class", Some(if row.historical { "row past" } else { "row" }));
    set(element, "data-testid", Some(if ok.is_some() { "feed-row" } else { "feed-note" }));
    set(element, "data-id", Some(&row.id.to_string()));
    set(element, "data-spell", Some(&row.spell));
    set(element, "data-daemon", Some(&row.daemon));
    set(element, "data-success", ok);
    set(element, "data-seq", row.seq.map(|seq| seq.to_string()).as_deref());
    style(element, "transform", &format!("translateY({top}px)"));
    style(element, "--own", &row.color.to_string());
    say(&part(element, ".sign"), row.sign);
    say(&part(element, "b"), &row.daemon);
    say(&part(element, ".unseen"), &row.spell);
    say(&part(element, ".text"), &row.text);
    say(&part(element, ".aside"), &row.aside);
}

fn filters(app: AppHandle) {
    let views = app.views;
    let chosen = |select: &HtmlSelectElement| Some(select.value()).filter(|value| !value.is_empty());
    let spells: HtmlSelectElement = the("filter-spell");
    {
        let spells = spells.clone();
        follow(move || {
            spells.set_value(&views.filter.with(|filter| filter.spell.clone()).unwrap_or_default());
        });
    }
    let select = spells.clone();
    on(&spells, "change", move |_| {
        let value = chosen(&select);
        app.filter(|filter| filter.spell = value);
    });
    let daemons: HtmlSelectElement = the("filter-daemon");
    {
        let daemons = daemons.clone();
        follow(move || {
            let current = views.filter.with(|filter| filter.daemon.clone()).unwrap_or_default();
            let mut names = views.names.get();
            if !current.is_empty() && !names.contains(&current) {
                names.push(current.clone());
            }
            choices(&daemons, 1, &names, &current);
        });
    }
    let select = daemons.clone();
    on(&daemons, "change", move |_| {
        let value = chosen(&select);
        app.filter(|filter| filter.daemon = value);
    });
    attribute("filter-failures", "aria-pressed", move || {
        Some(views.filter.with(|filter| filter.failures).to_string())
    });
    click("filter-failures", move || app.filter(|filter| filter.failures = !filter.failures));
}
