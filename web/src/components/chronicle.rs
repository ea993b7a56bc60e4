//! The chronicle: recycled rows over a bounded history, filters that live in the URL.

use std::cell::Cell;

use arcane_shared::SpellName;
use arcane_stage::cut::ends;
use arcane_stage::dictionary::Term;
use arcane_stage::feed::Row as Entry;
use arcane_stage::filter::Filter;
use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement, Node};

use super::choice::Choice;
use super::search::SearchChip;
use crate::app_handle::AppHandle;
use crate::later::Slot;
use crate::pick::Pick;
use crate::rows::{Each, Row, Rows};

/// Recycled rows.
pub(crate) const FEED_ROWS: usize = 48;
/// Where a row stands below the first, or how tall so many rows are: the style sheet says how tall one is.
pub(super) fn rows_tall(rows: usize) -> String {
    format!("calc(var(--row) * {rows})")
}
/// Rows above those in sight.
const ROWS_ABOVE: usize = 2;

/// Pixels that a pointer moves before it drags.
const DRAG_MIN: i32 = 4;

/// What the chronicle shows.
#[derive(Clone, Copy)]
pub(crate) struct ChronicleState {
    /// By slot: an entry, and its place in the list.
    pub(crate) rows: Rows<(usize, Entry)>,
    pub(crate) total: RwSignal<usize>,
    /// The first entry that has a row.
    pub(crate) first: RwSignal<usize>,
    /// How many entries came since the list stands still, in words; empty: none.
    pub(crate) newer: RwSignal<String>,
    pub(crate) list: NodeRef<html::Div>,
    /// Daemons to choose from.
    pub(crate) names: RwSignal<Vec<String>>,
    pub(crate) filter: RwSignal<Filter>,
    /// Whether looks, parses and voices have rows, too.
    pub(crate) all: RwSignal<bool>,
    /// How many of them have none, in words; empty: there are none.
    pub(crate) hidden: RwSignal<String>,
    /// Events that stay in sight, by their id.
    pub(crate) pins: Rows<(usize, Entry)>,
}

impl ChronicleState {
    pub(crate) fn new(filter: Filter) -> Self {
        Self {
            rows: Rows::default(),
            total: RwSignal::default(),
            first: RwSignal::default(),
            newer: RwSignal::default(),
            list: NodeRef::new(),
            names: RwSignal::default(),
            filter: RwSignal::new(filter),
            all: RwSignal::default(),
            hidden: RwSignal::default(),
            pins: Rows::default(),
        }
    }
}

/// What has happened, newest first.
#[component]
pub(crate) fn Chronicle(state: ChronicleState, app: AppHandle) -> impl IntoView {
    let to_newest = move |_| {
        app.to_newest();
        app.refresh_feed();
    };
    view! {
        <section class="panel chronicle" aria-labelledby="chronicle-title">
            <div class="panel-head">
                <h2 id="chronicle-title">{app.views.say(Term::Chronicle)}</h2>
                <Filters filter=state.filter names=state.names app/>
            </div>
            <div class="pins" role="group" aria-label="pinned events">
                <Each rows=state.pins let:pin>
                    <FeedRow entry=pin testid="pin-row" on_open=move |id| app.open(id)/>
                </Each>
            </div>
            <Slot app part=|later| later.search/>
            <Feed state app/>
            <Hidden state app/>
            <button
                class="pill new" data-testid="new-pill"
                hidden=state.newer.pick(String::is_empty) on:click=to_newest
            >
                {state.newer}
            </button>
        </section>
    }
}

/// How many looks, parses and voices have no row, and the way to them.
#[component]
fn Hidden(state: ChronicleState, app: AppHandle) -> impl IntoView {
    let ChronicleState { all, hidden, .. } = state;
    let toggle = move |_| {
        all.update(|all| *all = !*all);
        app.to_newest();
        app.refresh_feed();
    };
    view! {
        <p class="foot hidden-rows" hidden=hidden.pick(String::is_empty)>
            <span data-testid="hidden-rows">{hidden}</span>
            <button data-testid="show-all" aria-pressed=all.pick(ToString::to_string) on:click=toggle>
                {all.pick(|all| if *all { "hide" } else { "show" })}
            </button>
        </p>
    }
}

/// The list: as many rows as are in sight, over the height of all.
#[component]
fn Feed(state: ChronicleState, app: AppHandle) -> impl IntoView {
    let ChronicleState { rows, total, list, .. } = state;
    let reading = StoredValue::new(Reading::default());
    let read = move |change: fn(&mut Reading, bool), whether: bool| {
        reading.update_value(|reading| change(reading, whether));
        app.hold(reading.get_value().is_any());
    };
    // A selection is over, and the pointer may be elsewhere.
    window_event_listener(leptos::ev::pointerup, move |_| {
        let is_over = list.get_untracked().is_some_and(|list| list.matches(":hover").unwrap_or(false));
        if reading.with_value(|reading| reading.pointed) && !is_over && !is_selecting() {
            read(|reading, it| reading.pointed = it, false);
        }
    });
    let scroll = move |_| {
        let top = list.get_untracked().map_or(0, |list| list.scroll_top().max(0));
        read(|reading, whether| reading.scrolled = whether, top > 4);
        let tall = list
            .get_untracked()
            .and_then(|list| list.first_element_child())
            .map_or(0, |all| all.client_height());
        let total = total.get_untracked();
        let above = usize::try_from(top).unwrap_or(0) * total / usize::try_from(tall).unwrap_or(0).max(1);
        state.first.set(above.min(total).saturating_sub(ROWS_ABOVE));
        app.refresh_feed();
    };
    let nothing = state.filter.pick(|filter| {
        if filter.is_empty() { "Nothing has happened yet." } else { "Nothing passes the filter." }
    });
    view! {
        <div
            class="scroll feed" data-testid="feed" tabindex="0" hidden=app.views.search.open
            role="log" aria-live="off" aria-label="events, newest first" node_ref=list
            // A finger points at nothing once it is lifted.
            on:pointermove=move |event| read(|reading, it| reading.pointed = it, event.pointer_type() != "touch")
            on:pointerleave=move |_| read(|reading, it| reading.pointed = it, is_selecting())
            on:scroll=scroll
            on:keydown=move |event| {
                if list.get_untracked().is_some_and(|list| step(&list, &event)) {
                    read(|reading, it| reading.stepped = it, true);
                }
            }
            // An event that is opened takes the focus, and gives it back.
            on:focusout=move |event| {
                if !crate::views::in_dialog() && !is_within(list, event.related_target()) {
                    read(|reading, it| reading.stepped = it, false);
                }
            }
        >
            <div class="spacer" style:height=total.pick(|total| rows_tall(*total))>
                <Each rows let:row>
                    <FeedRow entry=row on_open=move |id| app.open(id)/>
                </Each>
            </div>
            <p class="hint" hidden=total.pick(|total| *total > 0)>{nothing}</p>
        </div>
    }
}

/// Why a reader is looking at something, so that the list has to stand still.
#[derive(Clone, Copy, Default)]
struct Reading {
    /// A mouse is over it.
    pointed: bool,
    /// Keys led to a row.
    stepped: bool,
    /// The newest is out of sight.
    scrolled: bool,
}

impl Reading {
    fn is_any(self) -> bool {
        self.pointed || self.stepped || self.scrolled
    }
}

/// Whether what gets the focus is in the list.
fn is_within(list: NodeRef<html::Div>, target: Option<EventTarget>) -> bool {
    let target = target.and_then(|target| target.dyn_into::<Node>().ok());
    list.get_untracked().is_some_and(|list| target.is_some() && list.contains(target.as_ref()))
}

/// One entry, wherever it stands. It takes part in no tab order: arrow keys lead from row to row.
#[component]
pub(super) fn FeedRow(
    /// Its place in the list, and what it is.
    entry: Row<(usize, Entry)>,
    /// What tests find it by; without one it is a row or a note of the feed.
    #[prop(optional)]
    testid: Option<&'static str>,
    #[prop(into)] on_open: Callback<u64>,
) -> impl IntoView {
    let kind = entry.pick(|(_, entry)| if entry.success.is_some() { "feed-row" } else { "feed-note" });
    let tabindex = if testid.is_some() { "0" } else { "-1" };
    let open = move || on_open.run(entry.with_untracked(|(_, entry)| entry.id));
    let testid = testid.map_or(kind, Signal::stored);
    view! {
        // No button: a browser selects no text in one.
        <div
            class="row" role="button"
            class:going=entry.pick(|(_, entry)| entry.goes_on)
            class:waits=entry.pick(|(_, entry)| entry.waits)
            class:past=entry.pick(|(_, entry)| entry.historical)
            tabindex=tabindex
            data-testid=testid
            data-id=entry.pick(|(_, entry)| entry.id.to_string())
            data-spell=entry.pick(|(_, entry)| entry.spell.clone())
            data-daemon=entry.pick(|(_, entry)| entry.daemon.clone())
            data-success=entry.pick(|(_, entry)| entry.success.map(|ok| ok.to_string()))
            data-seq=entry.pick(|(_, entry)| entry.seq.map(|seq| seq.to_string()))
            style:transform=entry.pick(|(at, _)| format!("translateY({})", rows_tall(*at)))
            style:--own=entry.pick(|(_, entry)| entry.color.to_string())
            on:pointerdown=|event| PRESSED_AT.set([event.client_x(), event.client_y()])
            on:click=move |event| {
                if !has_dragged(&event) {
                    open();
                }
            }
            on:keydown=move |event| {
                if matches!(event.key().as_str(), "Enter" | " ") && !event.repeat() {
                    event.prevent_default();
                    open();
                }
            }
        >
            <time>{entry.pick(|(_, entry)| entry.time.clone())}</time>
            <span class="sign" aria-hidden="true">{entry.pick(|(_, entry)| entry.sign)}</span>
            <b>{entry.pick(|(_, entry)| entry.daemon.clone())}</b>
            <span class="unseen">{entry.pick(|(_, entry)| entry.kind.clone())}</span>
            <span class="text ends">
                <span>{entry.pick(|(_, entry)| ends(&entry.text, END_EMS).0.to_owned())}</span>
                <span>{entry.pick(|(_, entry)| ends(&entry.text, END_EMS).1.to_owned())}</span>
            </span>
            <span class="aside">{entry.pick(|(_, entry)| entry.aside.clone())}</span>
        </div>
    }
}

/// Width of the widest end of a line that stays where the line is cut, ems.
const END_EMS: f32 = 5.0;

thread_local! {
    /// Where the pointer was pressed last, pixels of the window.
    static PRESSED_AT: Cell<[i32; 2]> = const { Cell::new([0; 2]) };
}

/// Whether a click ends a drag, which selects text: it opens nothing.
fn has_dragged(click: &MouseEvent) -> bool {
    let [x, y] = PRESSED_AT.get();
    is_selecting() && (click.client_x() - x).abs() + (click.client_y() - y).abs() > DRAG_MIN
}

/// Whether text is selected.
fn is_selecting() -> bool {
    window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed())
}

/// From row to row by arrow keys: one stop for the tab key instead of fifty. Returns whether a row has the focus then.
fn step(list: &HtmlElement, event: &KeyboardEvent) -> bool {
    let Some(focused) = document().active_element() else { return false };
    let first = || list.first_element_child()?.first_element_child();
    let next: Option<Element> = match event.key().as_str() {
        "ArrowDown" if focused == **list => first(),
        "ArrowDown" => focused.next_element_sibling(),
        "ArrowUp" => focused.previous_element_sibling(),
        _ => return false,
    };
    event.prevent_default();
    match &next {
        Some(row) => drop(row.unchecked_ref::<HtmlElement>().focus()),
        None => drop(list.focus()),
    }
    next.is_some()
}

/// By spell, by daemon, and failures only.
#[component]
fn Filters(filter: RwSignal<Filter>, names: RwSignal<Vec<String>>, app: AppHandle) -> impl IntoView {
    let chosen = |value: String| Some(value).filter(|value| !value.is_empty());
    let spells: Vec<String> = SpellName::ALL.iter().map(SpellName::to_string).collect();
    view! {
        <div class="filters">
            <Choice
                testid="filter-spell" label=app.views.say(Term::Spell) tongue=app.views.tongue none=app.views.say(Term::Spells) options=Signal::stored(spells)
                chosen=filter.pick(|filter| filter.spell.clone().unwrap_or_default())
                on_choice=move |value| app.filter(|filter| filter.spell = chosen(value))
            />
            <Choice
                testid="filter-daemon" label=app.views.say(Term::Daemon) none=app.views.say(Term::EachDaemon) options=names
                chosen=filter.pick(|filter| filter.daemon.clone().unwrap_or_default())
                on_choice=move |value| app.filter(|filter| filter.daemon = chosen(value))
            />
            <button
                class="chip" data-testid="filter-failures" aria-label="failures only" title="failures only"
                aria-pressed=filter.pick(|filter| filter.failures.to_string())
                on:click=move |_| app.filter(|filter| filter.failures = !filter.failures)
            >
                "✕"
            </button>
            <SearchChip state=app.views.search app/>
        </div>
    }
}
