//! The chronicle: recycled rows over a bounded history, filters that live in the URL.

use arcane_shared::SpellName;
use arcane_stage::feed::Row;
use leptos::html::Div;
use leptos::prelude::*;

use crate::project;
use crate::reads::{choice, click, flag, maybe, part, text, when};
use crate::realm::Realm;
use crate::views::{FEED_ROWS, Views};

/// Height of a row, pixels; the style sheet says the same.
const ROW: usize = 33;

/// See the module.
#[component]
pub(crate) fn Chronicle() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let list = NodeRef::<Div>::new();
    let hold = move |held: bool| {
        let newest = realm
            .with(|page| page.shown().newest_first().next().map(arcane_stage::store::Entry::id))
            .flatten();
        if held {
            if views.feed_pin.get_untracked().is_none() {
                views.feed_pin.set(newest);
            }
        } else if views.feed_first.get_untracked() == 0 {
            views.feed_pin.set(None);
        }
    };
    let scrolled = move || {
        let Some(element) = list.get_untracked() else { return };
        let top = usize::try_from(element.scroll_top().max(0)).unwrap_or(0);
        hold(top > 4);
        views.feed_first.set((top / ROW).saturating_sub(2));
        realm.with(|page| project::project_feed(page, views));
    };
    let release = move |_| {
        views.feed_pin.set(None);
        views.feed_first.set(0);
        if let Some(element) = list.get_untracked() {
            element.set_scroll_top(0);
        }
        realm.with(|page| project::project_feed(page, views));
    };
    view! {
        <section class="panel chronicle" aria-labelledby="chronicle-title">
            <div class="panel-head">
                <h2 id="chronicle-title">"Chronicle"</h2>
                <Filters/>
            </div>
            <div
                class="scroll feed"
                data-testid="feed"
                role="log"
                aria-live="off"
                aria-label="events, newest first"
                tabindex="0"
                node_ref=list
                on:scroll=move |_| scrolled()
                on:mouseenter=click(move |_| hold(true))
                on:mouseleave=click(move |_| hold(false))
            >
                <div class="spacer" style:height=text(move || format!("{}px", views.feed_total.get() * ROW))>
                    {(0..FEED_ROWS).map(|slot| view! { <FeedRow at=slot/> }).collect_view()}
                </div>
                {when(move || views.feed_total.get() == 0, move || nothing(views))}
            </div>
            {when(
                move || { views.feed_newer.get() > 0 },
                move || {
                    view! {
                        <button class="pill new" data-testid="new-pill" on:click=click(release)>
                            {text(move || format!("{} new", views.feed_newer.get()))}
                        </button>
                    }
                        .into_any()
                },
            )}
        </section>
    }
}

fn nothing(views: Views) -> AnyView {
    let why = move || {
        if views.filter.with(arcane_stage::filter::Filter::is_empty) {
            "Nothing has happened yet."
        } else {
            "Nothing passes the filter."
        }
    };
    view! { <p class="hint">{text(why)}</p> }.into_any()
}

#[component]
fn Filters() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let chosen = |value: String| Some(value).filter(|value| !value.is_empty());
    view! {
        <div class="filters">
            <select
                data-testid="filter-spell"
                aria-label="spell"
                prop:value=text(move || views.filter.with(|filter| filter.spell.clone().unwrap_or_default()))
                on:change=move |event| {
                    let value = chosen(event_target_value(&event));
                    realm.filter(|filter| filter.spell = value);
                }
            >
                <option value="">"spells"</option>
                {SpellName::ALL
                    .into_iter()
                    .map(|spell| {
                        let selected = views.filter.with_untracked(|f| f.spell.as_deref() == Some(spell.as_str()));
                        choice(spell.as_str().to_owned(), selected)
                    })
                    .collect_view()}
            </select>
            <select
                data-testid="filter-daemon"
                aria-label="daemon"
                on:change=move |event| {
                    let value = chosen(event_target_value(&event));
                    realm.filter(|filter| filter.daemon = value);
                }
            >
                <option value="">"daemons"</option>
                {part(move || daemon_options(views))}
            </select>
            <button
                class="chip"
                data-testid="filter-failures"
                aria-label="failures only"
                aria-pressed=text(move || views.filter.with(|filter| filter.failures).to_string())
                on:click=click(move |_| realm.filter(|filter| filter.failures = !filter.failures))
            >
                "✕ "
                <span class="word">"failures"</span>
            </button>
        </div>
    }
}

fn daemon_options(views: Views) -> AnyView {
    let current = views.filter.with(|filter| filter.daemon.clone());
    let mut names = views.names.get();
    if let Some(name) = current.as_ref().filter(|name| !names.contains(name)) {
        names.push(name.clone());
    }
    names
        .into_iter()
        .map(|name| {
            let selected = current.as_ref() == Some(&name);
            choice(name, selected)
        })
        .collect_view()
        .into_any()
}

/// One of the recycled rows: it stays in place and shows whatever its slot holds.
#[component]
fn FeedRow(at: usize) -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let Some(row) = views.rows.with_value(|rows| rows.get(at).copied()) else { return ().into_any() };
    let read =
        move |pick: fn(&Row) -> String| move || row.with(|row| row.as_ref().map(pick).unwrap_or_default());
    view! {
        <button
            class="row"
            class:past=flag(move || row.with(|row| row.as_ref().is_some_and(|row| row.historical)))
            hidden=flag(move || row.with(Option::is_none))
            data-testid=maybe(move || row.with(|row| row.as_ref().map(|row| if row.success.is_some() { "feed-row" } else { "feed-note" })))
            data-spell=text(read(|row| row.spell.clone()))
            data-daemon=text(read(|row| row.daemon.clone()))
            data-success=maybe(move || row.with(|row| row.as_ref().and_then(|row| row.success).map(|ok| ok.to_string())))
            data-seq=maybe(move || row.with(|row| row.as_ref().and_then(|row| row.seq).map(|seq| seq.to_string())))
            style:transform=text(move || format!("translateY({}px)", (views.feed_first.get() + at) * ROW))
            style:--own=text(read(|row| row.color.to_string()))
            on:click=click(move |_| {
                if let Some(id) = row.with_untracked(|row| row.as_ref().map(|row| row.id)) {
                    realm.open(id);
                }
            })
        >
            <span class="sign" aria-hidden="true">{text(move || row.with(|row| row.as_ref().map_or("", |row| row.sign)))}</span>
            <b>{text(read(|row| row.daemon.clone()))}</b>
            <span class="unseen">{text(read(|row| row.spell.clone()))}</span>
            <span class="text">{text(read(|row| row.text.clone()))}</span>
            <span class="aside">{text(read(|row| row.aside.clone()))}</span>
        </button>
    }
    .into_any()
}
