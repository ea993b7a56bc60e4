//! The search in the chronicle: in all that the log keeps, not only in what the page holds.

use arcane_stage::feed::Row as Entry;
use arcane_stage::search::QUERY_LEN_MAX;
use leptos::html;
use leptos::prelude::*;

use super::chronicle::{FeedRow, rows_tall};
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Rows};

/// What the search shows.
#[derive(Clone, Copy, Default)]
pub(crate) struct SearchState {
    /// Whether it stands in the chronicle's place.
    pub(crate) open: RwSignal<bool>,
    pub(crate) rows: Rows<(usize, Entry)>,
    pub(crate) total: RwSignal<usize>,
    pub(crate) more: RwSignal<bool>,
    /// What there is to say about it.
    pub(crate) said: RwSignal<String>,
}

/// Shows the search, or the chronicle again.
#[component]
pub(super) fn SearchChip(state: SearchState, app: AppHandle) -> impl IntoView {
    view! {
        <button
            class="chip" data-testid="search" aria-label="search" title="search the log"
            aria-pressed=state.open.pick(bool::to_string)
            on:click=move |_| app.open_search(!state.open.get_untracked())
        >
            "⌕"
        </button>
    }
    .into_any()
}

/// The field, and what was found.
#[component]
pub(crate) fn Search(state: SearchState, app: AppHandle) -> impl IntoView {
    let SearchState { open, rows, total, more, said } = state;
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get().filter(|_| open.get()) {
            let _ = field.focus();
        }
    });
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            app.search(&field.value());
        }
    };
    view! {
        <form class="search" role="search" hidden=open.pick(|open| !open) on:submit=search>
            <input
                type="search" data-testid="search-field" aria-label="words to search for" placeholder="search the log"
                maxlength=QUERY_LEN_MAX.to_string() autocomplete="off" node_ref=field
                on:keydown=move |event| {
                    if event.key() == "Escape" && !crate::keys::is_composed(&event) {
                        app.open_search(false);
                    }
                }
            />
            <button class="chip" type="submit">"Search"</button>
        </form>
        <div class="scroll feed" data-testid="found" tabindex="0" role="region" aria-label="found events" hidden=open.pick(|open| !open)>
            <div class="spacer" style:height=total.pick(|total| rows_tall(*total))>
                <Each rows let:row>
                    <FeedRow entry=row testid="found-row" on_open=move |id| app.open(id)/>
                </Each>
            </div>
            <p class="hint" role="status" data-testid="search-said" hidden=said.pick(String::is_empty)>{said}</p>
            <button class="chip more" data-testid="search-more" hidden=more.pick(|more| !more) on:click=move |_| app.ask_search()>
                "older ones"
            </button>
        </div>
    }
    .into_any()
}

impl AppHandle {
    /// Shows the search, or the chronicle again.
    pub(crate) fn open_search(self, open: bool) {
        let is_open = self.views.search.open;
        if open {
            self.with_later(move |_| is_open.set(true));
        } else if is_open.get_untracked() {
            is_open.set(false);
            self.search("");
        }
    }

    /// Searches for words.
    pub(crate) fn search(self, words: &str) {
        self.with(|page| page.search.begin(words));
        self.ask_search();
    }

    /// Searches for the same words: what else has to be so has changed.
    pub(crate) fn search_again(self) {
        if self.views.search.open.get_untracked() {
            self.with(|page| page.search.begin_again());
            self.ask_search();
        }
    }

    /// Asks for what was not asked for yet.
    pub(crate) fn ask_search(self) {
        self.with_later(move |later| (later.ask_search)(self));
    }
}

/// Asks for what was not asked for yet.
pub(crate) fn ask(app: AppHandle) {
    let filter = app.views.chronicle.filter.get_untracked();
    let asked = app.with(|page| {
        if let Some(recorded) = &page.recorded {
            page.search.look_here(&mut recorded.newest_first(), &filter);
            return None;
        }
        page.search.ask(page.room.as_str(), &filter)
    });
    show_found(app);
    let Some((turn, path)) = asked.flatten() else { return };
    leptos::task::spawn_local(async move {
        let answer = app.server().log(path).await;
        app.with(|page| {
            let mut search = std::mem::take(&mut page.search);
            search.answer(turn, answer, &page.store, &filter);
            page.search = search;
        });
        show_found(app);
    });
}

fn show_found(app: AppHandle) {
    let SearchState { rows, total, more, said, .. } = app.views.search;
    app.with(|page| {
        let found = page.search.found();
        let viewer = page.viewer();
        let row = |stored| arcane_stage::feed::event_row(stored, page.store.daemons(), viewer);
        rows.put(found.iter().enumerate().map(|(at, stored)| (stored.id, (at, row(stored)))));
        crate::views::put(total, found.len());
        crate::views::put(more, page.search.has_more());
        crate::views::put(said, page.search.words(page.viewer().tongue));
    });
}
