//! The drawer of one daemon, over the chronicle: who it is, what it does, and what it has done and spent.

use arcane_shared::Seq;
use arcane_stage::dictionary::Term;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Row, Rows};

/// A row of texts, as lists of the statistics have them.
type Texts = Vec<String>;

/// What the drawer says of its daemon.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DrawerView {
    pub(crate) color: String,
    pub(crate) rune: String,
    pub(crate) state: &'static str,
    /// The event of a failure that lasts and can be said to be seen; 0: there is none.
    pub(crate) failure: Seq,
    /// Project and machine; empty: no event says.
    pub(crate) place: String,
    pub(crate) sentence: String,
    /// What it is at or did last, and for how long; empty: nothing.
    pub(crate) task: [String; 2],
    /// Cost and tokens, and how many tasks.
    pub(crate) took: [String; 2],
    /// What of its budget of the day is spent; empty: nothing was told.
    pub(crate) budget: String,
    /// How many more files there are, in words; empty: none.
    pub(crate) more_files: String,
}

/// What the drawer shows.
#[derive(Clone, Copy, Default)]
pub(crate) struct DrawerState {
    /// Whose it is; empty: it is closed.
    pub(crate) name: RwSignal<String>,
    pub(crate) view: RwSignal<DrawerView>,
    /// Why it cannot be said here that a failure was seen; empty: it can.
    pub(crate) refused: RwSignal<String>,
    /// Task, reason, and how long ago.
    pub(crate) failures: Rows<Texts>,
    /// Name, what it does, since when.
    pub(crate) children: Rows<Texts>,
    /// Path, and what was done with it.
    pub(crate) files: Rows<Texts>,
}

/// The drawer, while it is open. It takes the focus and gives it back.
#[component]
pub(crate) fn Drawer(state: DrawerState, app: AppHandle) -> impl IntoView {
    let DrawerState { name, view, failures, children, files, .. } = state;
    let own = NodeRef::<html::Div>::new();
    let before = StoredValue::new_local(None::<HtmlElement>);
    Effect::new(move |was: Option<bool>| {
        let is_open = name.with(|name| !name.is_empty());
        let focused =
            || document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
        if is_open && was != Some(true) {
            before.set_value(focused());
            // It is to be seen by then.
            request_animation_frame(move || drop(own.get_untracked().map(|own| own.focus())));
        } else if !is_open && was == Some(true) {
            before.update_value(|before| drop(before.take().map(|element| element.focus())));
        }
        is_open
    });
    let part =
        move |part: fn(&DrawerView) -> &String| Signal::derive(move || view.with(|view| part(view).clone()));
    let absent = move |part: fn(&DrawerView) -> &String| {
        Signal::derive(move || view.with(|view| part(view).is_empty()))
    };
    view! {
        <div
            class="drawer" class:failing=view.pick(|view| view.failure > 0) data-testid="drawer" role="dialog" aria-labelledby="drawer-name" tabindex="-1" node_ref=own
            data-state=view.pick(|view| view.state) hidden=name.pick(String::is_empty) style:--own=part(|view| &view.color)
        >
            <div class="who">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <path d=part(|view| &view.rune)></path>
                </svg>
                <div>
                    <h2 id="drawer-name">{name}</h2>
                    <p class="dim">{part(|view| &view.place)}</p>
                    <p class="sentence" data-testid="drawer-sentence">{part(|view| &view.sentence)}</p>
                </div>
                <button class="pill round" aria-label="close" on:click=move |_| app.open_daemon("")>"✕"</button>
            </div>
            <Choices state own app/>
            <section hidden=absent(|view| &view.task[0])>
                <h3>"Task"</h3>
                <p><span>{part(|view| &view.task[0])}</span><b>{part(|view| &view.task[1])}</b></p>
            </section>
            <List title="Last failures" rows=failures/>
            <section>
                <h3>"Cost today"</h3>
                <p><span>{part(|view| &view.took[0])}</span><b>{part(|view| &view.took[1])}</b></p>
                <p data-testid="drawer-budget" hidden=absent(|view| &view.budget)>{part(|view| &view.budget)}</p>
            </section>
            <List title="Children" rows=children/>
            <List title="Files" rows=files/>
            <p class="dim">{part(|view| &view.more_files)}</p>
        </div>
    }
}

/// What can be done with it.
#[component]
fn Choices(state: DrawerState, own: NodeRef<html::Div>, app: AppHandle) -> impl IntoView {
    let refused = state.refused;
    let (rests, is_past) =
        (state.view.pick(|view| view.state != "waiting"), app.views.when.pick(|when| when.visiting));
    let has_no_failure = state.view.pick(|view| view.failure == 0);
    view! {
        <p class="choices">
                <button
                    class="pill" data-testid="to-card" hidden=Signal::derive(move || rests.get() || is_past.get())
                    on:click=move |_| app.open_daemon(&state.name.get_untracked())
                >
                    "What it asks"
                </button>
                <button
                    class="pill" data-testid="seen"
                    hidden=Signal::derive(move || has_no_failure.get() || !refused.with(String::is_empty))
                    on:click=move |_| {
                        app.acknowledge();
                        // The button goes away, and the focus with it.
                        drop(own.get_untracked().map(|own| own.focus()));
                    }
                >
                    "OK, seen"
                </button>
                <button class="pill" data-testid="show-in-chronicle" on:click=move |_| app.show_in_chronicle()>
                    {app.views.say(Term::ShowInChronicle)}
                </button>
            </p>
            <p class="dim" data-testid="seen-refused" hidden=has_no_failure>{refused}</p>
    }
}

/// A list with a title; nothing where it is empty. The last text of a row stands at its end.
#[component]
fn List(title: &'static str, rows: Rows<Texts>) -> impl IntoView {
    let text = |row: Row<Texts>, at: usize| {
        Signal::derive(move || row.with(|row| row.get(at).cloned().unwrap_or_default()))
    };
    view! {
        <section data-of=title hidden=move || rows.is_empty()>
            <h3>{title}</h3>
            <ul>
                <Each rows let:row>
                    <li><span>{text(row, 0)} " " <i>{text(row, 1)}</i></span><b>{text(row, 2)}</b></li>
                </Each>
            </ul>
        </section>
    }
}
