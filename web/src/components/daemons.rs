//! The table of daemons.

use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::app_handle::AppHandle;
use crate::dom::{Rows, follow, named, on, part, say, set, shown, style, text};
use crate::views::DaemonView;

/// Ties the table of daemons to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    text("present", move || format!("{} present", views.present.get()));
    shown("nobody", move || views.daemons.with(Vec::is_empty));
    shown("mana", move || views.mana.with(Option::is_some));
    for (at, name) in ["mana-tokens", "mana-cost", "mana-waited"].into_iter().enumerate() {
        text(name, move || {
            views.mana.with(|mana| mana.as_ref().map(|mana| mana[at].clone()).unwrap_or_default())
        });
    }
    text("last-heard", move || views.last_heard.get());
    let mut rows = Rows::of("daemon-row");
    let mut before: Vec<DaemonView> = Vec::new();
    follow(move || {
        let after = views.daemons.get();
        let elements = rows.arrange(after.iter().map(|row| row.name.as_str()));
        for ((_, element), row) in elements.iter().zip(&after) {
            if !before.contains(row) {
                fill(element, row);
            }
        }
        before = after;
    });
    let table = part(&crate::dom::id("realm"), ".daemons tbody");
    on(&table, "click", move |event| {
        if let Some(name) = named(&event, "data-show") {
            app.filter_daemon(&name);
        }
    });
}

fn fill(element: &HtmlElement, row: &DaemonView) {
    set(element, "data-daemon", Some(&row.name));
    set(element, "data-state", Some(row.state));
    style(element, "--own", &row.color);
    set(&part(element, "path"), "d", Some(&row.rune));
    let name = part(element, ".name");
    say(&name, &row.name);
    set(&name, "data-show", Some(&row.name));
    set(&name, "title", Some(&format!("show only {}", row.name)));
    say(&part(element, ".what"), &row.last);
    say(&part(element, "b"), &row.invocations);
    say(&part(element, ".state"), row.state);
    say(&part(element, ".means"), &format!("{} · {}", row.rate, row.mean));
}
