//! An event in full, as text.

use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::dom::{Rows, click, follow, id, part, say, text};

/// Ties an event's detail to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    let copied = RwSignal::new(false);
    super::help::dialog("detail", move || views.detail.with(Option::is_some), move || views.detail.set(None));
    let mut facts = Rows::of("detail-fact");
    follow(move || {
        let Some(detail) = views.detail.get() else { return };
        copied.set(false);
        say(&id("detail-title"), &detail.title);
        say(&id("detail-sentence"), &detail.description);
        say(&id("detail-json"), &detail.json);
        let rows = facts.arrange(detail.facts.iter().map(|(name, _)| *name));
        for ((_, row), (name, value)) in rows.iter().zip(&detail.facts) {
            say(&part(row, "dt"), name);
            say(&part(row, "dd"), value);
        }
    });
    let pinned = move || {
        let id = views.detail.with(|detail| detail.as_ref().map(|detail| detail.id));
        views.pins.with(|pins| pins.iter().any(|pin| Some(pin.id) == id))
    };
    text("pin", move || if pinned() { "Unpin" } else { "Pin" }.into());
    click("pin", move || {
        if let Some(id) = views.detail.with_untracked(|detail| detail.as_ref().map(|detail| detail.id)) {
            app.toggle_pin(id);
        }
    });
    text("copy", move || if copied.get() { "Copied" } else { "Copy JSON" }.into());
    click("copy", move || {
        if let Some(detail) = views.detail.get_untracked() {
            let _ = window().navigator().clipboard().write_text(&detail.json);
            copied.set(true);
        }
    });
}
