//! Settings: how rich the stage is, how loud, how often a summary is spoken. The browser keeps them.

use leptos::prelude::*;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use crate::app_handle::AppHandle;
use crate::dom::{click, on, text, the};
use crate::storage;

/// Ties the settings to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    let open = views.settings_open;
    super::help::dialog("settings", move || open.get(), move || open.set(false));
    click("settings-open", move || open.set(true));
    text("quality-now", move || views.quality_now.get());

    let quality: HtmlSelectElement = the("quality");
    quality.set_value(&storage::read(storage::QUALITY_KEY).unwrap_or_else(|| "auto".into()));
    keep(app, &quality, storage::QUALITY_KEY);
    let summaries: HtmlSelectElement = the("summaries");
    summaries.set_value(&storage::read(storage::SUMMARY_KEY).unwrap_or_else(|| "5".into()));
    keep(app, &summaries, storage::SUMMARY_KEY);

    let volume: HtmlInputElement = the("volume");
    volume.set_value(&storage::read(storage::VOLUME_KEY).unwrap_or_else(|| "60".into()));
    let slider = volume.clone();
    on(&volume, "input", move |_| {
        storage::write(storage::VOLUME_KEY, &slider.value());
        app.settle_settings();
    });
    click("wall", move || {
        open.set(false);
        app.toggle_wall();
    });
}

fn keep(app: AppHandle, select: &HtmlSelectElement, key: &'static str) {
    let chosen = select.clone();
    on(select, "change", move |_| {
        storage::write(key, &chosen.value());
        app.settle_settings();
    });
}
