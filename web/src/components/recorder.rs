//! Recordings: the visible history as a file, and a file as history.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use arcane_shared::api::RosterAnswer;
use arcane_shared::counted;
use arcane_shared::lenient::Plain;
use leptos::ev::DragEvent;
use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, FileList, HtmlAnchorElement, Url};

use crate::app_handle::AppHandle;
use crate::page::recordings::Saving;

/// How long a recording waits for what was known before it; then it is saved without.
const ROSTER_WAIT: Duration = Duration::from_secs(3);

/// *Save* and *Open*.
#[component]
pub(crate) fn Recorder(app: AppHandle) -> impl IntoView {
    view! {
        <button
            class="chip" data-testid="save-recording" title="this history as one file"
            on:click=move |_| app.with_later(move |later| (later.save_recording)(app))
        >
            "↓ Save"
        </button>
        <label class="chip">
            "↑ Open"
            <input
                class="unseen" type="file" accept=".ndjson,.jsonl,.json" data-testid="open-recording"
                on:change:target=move |event| {
                    take(app, event.target().files());
                    // The same file may be chosen again.
                    event.target().set_value("");
                    let _ = event.target().blur();
                }
            />
        </label>
    }
}

/// A file may be dropped anywhere on the page. Says while one is over it.
pub(crate) fn take_drops(app: AppHandle) -> ReadSignal<bool> {
    let (dropping, set_dropping) = signal(false);
    window_event_listener(leptos::ev::dragover, move |event| {
        event.prevent_default();
        set_dropping.set(true);
    });
    window_event_listener(leptos::ev::dragleave, move |event| {
        // Out of the window, not from one element to the next.
        if event.related_target().is_none() {
            set_dropping.set(false);
        }
    });
    window_event_listener(leptos::ev::drop, move |event: DragEvent| {
        event.prevent_default();
        set_dropping.set(false);
        take(app, event.data_transfer().and_then(|data| data.files()));
    });
    dropping
}

/// Offers the visible history as a file. What is not known of the time before it is asked of the server first.
pub(crate) fn save(app: AppHandle) {
    let Some(mut saving) = app.with(crate::page::Page::draft) else { return };
    let Some((path, epoch)) = saving.ask.take() else {
        offer(app, saving);
        return;
    };
    let waits = Rc::new(Cell::new(Some(saving)));
    let other = Rc::clone(&waits);
    let give_up = move || other.take().into_iter().for_each(|saving| offer(app, saving));
    set_timeout(give_up, ROSTER_WAIT);
    leptos::task::spawn_local(async move {
        let answer = app.server().look(&path).await;
        let answer = RosterAnswer::deserialize(Plain(answer)).ok().filter(|answer| answer.epoch == epoch);
        if let Some(saving) = waits.take() {
            offer(app, Saving { roster: answer.map(|answer| answer.roster), ..saving });
        }
    });
}

fn offer(app: AppHandle, saving: Saving) {
    let Saving { name, draft, roster, .. } = saving;
    let count = draft.count();
    if handed(&name, &draft.text(roster)).is_some() {
        let events = counted(count as u64, "event");
        app.tell(&format!("{events} saved as {name}: drop the file here to see them again."));
    }
}

fn handed(name: &str, text: &str) -> Option<()> {
    let kind = BlobPropertyBag::new();
    kind.set_type("application/x-ndjson");
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser may still be reading it.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(60));
    Some(())
}

fn take(app: AppHandle, files: Option<FileList>) {
    if let Some(file) = files.and_then(|files| files.get(0)) {
        app.with_later(move |later| (later.open_file)(app, file));
    }
}

/// Shows the recording in a file.
pub(crate) fn open_file(app: AppHandle, file: File) {
    leptos::task::spawn_local(async move {
        match read(&file).await {
            Some(text) => open(app, &text),
            None => app.tell("This file cannot be read: it is larger than 32 MB, or no text."),
        }
    });
}

async fn read(file: &File) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "a limit")]
    if file.size() > arcane_stage::recording::BYTES_MAX as f64 {
        return None;
    }
    JsFuture::from(file.text()).await.ok()?.as_string()
}

/// Shows a recording.
pub(crate) fn open(app: AppHandle, text: &str) {
    match arcane_stage::recording::decode(text) {
        Ok(recording) => {
            let unread = recording.unread;
            app.with(|page| page.open_recording(recording));
            app.arrive();
            let said = app.with(|page| Some(page.recorded.as_ref()?.words(unread))).flatten();
            app.tell(&said.unwrap_or_default());
        }
        Err(why) => app.tell(&why),
    }
}

/// Shows another room of the recording.
pub(crate) fn show_room(app: AppHandle, room: &str) {
    app.with(|page| {
        let at = page
            .recorded
            .as_ref()
            .and_then(|recorded| recorded.rooms().position(|name| name.as_str() == room));
        page.show_recorded(at.unwrap_or_default());
    });
    app.arrive();
}
