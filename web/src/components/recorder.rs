//! Recordings: the visible history as a file, and a file as history.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, DragEvent, Event, File, HtmlElement, HtmlInputElement, Url};

use crate::app_handle::AppHandle;
use crate::dom::{class, click, made, on, the};

/// Ties *Save* and *Open* to the page.
pub(crate) fn attach(app: AppHandle) {
    let dropping = RwSignal::new(false);
    class("realm", "dropping", move || dropping.get());
    click("save", move || save(app));
    let input: HtmlInputElement = the("open");
    let chosen = input.clone();
    on(&input, "change", move |_| {
        let file = chosen.files().and_then(|files| files.get(0));
        open(app, file);
        // The same file may be chosen again.
        chosen.set_value("");
    });
    let page = document().document_element().unwrap_or_else(|| made("div"));
    on(&page, "dragover", move |event| {
        event.prevent_default();
        dropping.set(true);
    });
    on(&page, "dragleave", move |event| {
        // Out of the window, not from one element to the next.
        if event.unchecked_ref::<DragEvent>().related_target().is_none() {
            dropping.set(false);
        }
    });
    on(&page, "drop", move |event: Event| {
        event.prevent_default();
        dropping.set(false);
        let files = event.unchecked_ref::<DragEvent>().data_transfer().and_then(|data| data.files());
        open(app, files.and_then(|files| files.get(0)));
    });
}

/// Offers the visible history as a file.
pub(crate) fn save(app: AppHandle) {
    let Some((name, text, count)) = app.with(crate::page::Page::recording) else { return };
    if handed(&name, &text).is_some() {
        app.tell(&format!("{count} events saved as {name}: drop the file here to see them again."));
    }
}

fn handed(name: &str, text: &str) -> Option<()> {
    let kind = BlobPropertyBag::new();
    kind.set_type("application/x-ndjson");
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link = made("a");
    link.set_attribute("href", &url).ok()?;
    link.set_attribute("download", name).ok()?;
    link.unchecked_ref::<HtmlElement>().click();
    // The browser may still be reading it.
    set_timeout(move || drop(Url::revoke_object_url(&url)), std::time::Duration::from_secs(60));
    Some(())
}

fn open(app: AppHandle, file: Option<File>) {
    let Some(file) = file else { return };
    leptos::task::spawn_local(async move {
        #[expect(clippy::cast_precision_loss, reason = "a limit")]
        let fits = file.size() <= arcane_stage::recording::BYTES_MAX as f64;
        let text = if fits {
            JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string())
        } else {
            None
        };
        match text {
            Some(text) => app.open_recording(&text),
            None => app.tell("This file cannot be read: it is larger than 32 MB, or no text."),
        }
    });
}
