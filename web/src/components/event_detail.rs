//! An event in full, as text.

use leptos::html;
use leptos::prelude::*;

use super::dialog::{Actions, Dialog};
use crate::app_handle::AppHandle;
use crate::clipboard;
use crate::pick::Pick;

/// What the button says that copies.
const COPY: &str = "Copy JSON";

/// An event in full.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Detail {
    pub(crate) pinned: bool,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) json: String,
}

/// The event that is opened; `None`: none is.
#[component]
pub(crate) fn EventDetail(detail: RwSignal<Option<Detail>>, app: AppHandle) -> impl IntoView {
    let copied = RwSignal::new(COPY.to_owned());
    let json = NodeRef::<html::Pre>::new();
    // What was shown last stays until another event is opened: a dialog that closes is still seen.
    let shown = Memo::new(move |before: Option<&Detail>| {
        let now = detail.get();
        let is_closed = now.is_none();
        let shown = now.or_else(|| before.cloned()).unwrap_or_default();
        // Its figures may go on; what was copied is the event, until it is closed.
        if is_closed || before.is_none_or(|before| before.json != shown.json) {
            copied.set(COPY.to_owned());
        }
        shown
    });
    let copy = move |_| {
        let Some(json) = json.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            let is_copied = clipboard::copy(&json).await;
            copied.set(if is_copied { "Copied" } else { "Not copied: it is selected" }.to_owned());
        });
    };
    let facts = move || {
        let facts = shown.with(|d| d.facts.clone());
        facts
            .into_iter()
            .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
            .collect::<Vec<_>>()
    };
    view! {
        <Dialog
            open=detail.pick(Option::is_some)
            on_close=move |()| detail.set(None)
            class="detail"
            testid="event-detail"
            title=shown.pick(|d| d.title.clone())
        >
            <p class="sentence">{shown.pick(|d| d.description.clone())}</p>
            <dl>{facts}</dl>
            <pre tabindex="0" node_ref=json aria-label="the event as JSON">{shown.pick(|d| d.json.clone())}</pre>
            <Actions>
                <button
                    class="pill" data-testid="pin"
                    on:click=move |_| app.toggle_pin()
                >
                    {shown.pick(|d| if d.pinned { "Unpin" } else { "Pin" })}
                </button>
                <button class="pill" data-testid="copy" on:click=copy>
                    {copied}
                </button>
            </Actions>
        </Dialog>
    }
}
