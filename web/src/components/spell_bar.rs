//! The spell bar: natural language in, a spell or the reason against it out.

use leptos::html::Input;
use leptos::prelude::*;

use crate::reads::{click, flag, maybe, part, text};
use crate::realm::Realm;

/// Spells remembered for the arrow keys.
const PAST_MAX: usize = 50;

/// What the server made of the last spell.
#[derive(Clone, Default, PartialEq)]
struct Feedback {
    failed: bool,
    text: String,
    suggestions: Vec<String>,
}

/// See the module.
#[component]
pub(crate) fn SpellBar() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let typed = RwSignal::new(String::new());
    let feedback = RwSignal::new(Feedback::default());
    let casting = RwSignal::new(false);
    let focused = RwSignal::new(false);
    let chosen = RwSignal::new(None::<usize>);
    let past = StoredValue::new(Vec::<String>::new());
    let input = NodeRef::<Input>::new();
    let offers = Memo::new(move |_| views.lexicon.with(|lexicon| lexicon.complete(&typed.get())));
    let ghost = move || {
        let text = typed.get();
        views.lexicon.with(|lexicon| lexicon.ghost(&text)).unwrap_or_default()
    };
    let fill = move |text: String| {
        typed.set(text);
        chosen.set(None);
        if let Some(element) = input.get_untracked() {
            let _ = element.focus();
        }
    };
    let cast = move || {
        let spell = typed.get_untracked().trim().to_owned();
        if spell.is_empty() || casting.get_untracked() {
            return;
        }
        past.update_value(|past| {
            past.retain(|other| *other != spell);
            past.push(spell.clone());
            if past.len() > PAST_MAX {
                past.remove(0);
            }
        });
        casting.set(true);
        chosen.set(None);
        // A spell acts now.
        if views.when.with_untracked(|when| when.visiting) {
            realm.travel(|page| page.leave(true));
        }
        leptos::task::spawn_local(async move {
            let room = views.room.get_untracked();
            let outcome = realm.server().cast(&spell, &room).await;
            casting.set(false);
            match outcome {
                Ok(message) => {
                    typed.set(String::new());
                    let done = Feedback { failed: false, text: message, suggestions: Vec::new() };
                    feedback.set(done.clone());
                    if done.text.contains('\n') {
                        // An answer stays until it was read.
                        return;
                    }
                    let fade = move || {
                        if feedback.with_untracked(|shown| *shown == done) {
                            feedback.set(Feedback::default());
                            focused.set(false);
                        }
                    };
                    set_timeout(fade, std::time::Duration::from_secs(8));
                }
                Err(failure) => feedback.set(match failure.refusal {
                    Some(refusal) => {
                        Feedback { failed: true, text: refusal.text, suggestions: refusal.suggestions }
                    }
                    None => Feedback {
                        failed: true,
                        text: "The server did not answer. The spell was not cast, as far as this page knows."
                            .into(),
                        suggestions: Vec::new(),
                    },
                }),
            }
        });
    };
    // Openings are offered until the first answer; afterwards only what goes on from something typed.
    let offering = move || {
        let fresh = feedback.with(|f| f.text.is_empty()) || !typed.with(String::is_empty);
        focused.get() && fresh && !offers.with(Vec::is_empty)
    };
    let step = move |forward: bool| {
        let count = offers.with_untracked(Vec::len);
        if count == 0 {
            return;
        }
        chosen.update(|at| {
            *at = Some(match (*at, forward) {
                (None, true) => 0,
                (None, false) => count - 1,
                (Some(i), true) => (i + 1) % count,
                (Some(i), false) => (i + count - 1) % count,
            });
        });
    };
    let on_key = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "Tab" | "ArrowRight" if !event.shift_key() => {
            let at_end = input.get_untracked().is_none_or(|i| {
                i.selection_start().ok().flatten()
                    == Some(u32::try_from(i.value().encode_utf16().count()).unwrap_or(0))
            });
            let tail = ghost();
            if at_end && !tail.is_empty() {
                event.prevent_default();
                typed.update(|text| text.push_str(&tail));
            }
        }
        "ArrowDown" => {
            event.prevent_default();
            step(true);
        }
        "ArrowUp" => {
            event.prevent_default();
            let last = past.with_value(|past| past.last().cloned());
            match last.filter(|_| typed.with_untracked(String::is_empty)) {
                Some(spell) => fill(spell),
                None => step(false),
            }
        }
        "Enter" => {
            event.prevent_default();
            let offer =
                chosen.get_untracked().and_then(|at| offers.with_untracked(|list| list.get(at).cloned()));
            match offer {
                Some(offer) => fill(offer),
                None => cast(),
            }
        }
        "Escape" => {
            if typed.with_untracked(String::is_empty)
                && let Some(element) = input.get_untracked()
            {
                let _ = element.blur();
            }
            typed.set(String::new());
            feedback.set(Feedback::default());
        }
        _ => {}
    };
    view! {
        <div class="spellbar">
            <div
                class="feedback"
                class:failed=flag(move || feedback.with(|f| f.failed))
                class:shown=flag(move || feedback.with(|f| !f.text.is_empty()))
            >
                <p data-testid="spell-feedback" role=text(move || if feedback.with(|f| f.failed) { "alert" } else { "status" })>
                    {text(move || feedback.with(|f| f.text.clone()))}
                </p>
                {part(move || {
                    feedback
                        .with(|f| f.suggestions.clone())
                        .into_iter()
                        .map(|suggestion| {
                            let spell = suggestion.clone();
                            view! {
                                <button
                                    class="chip"
                                    data-testid="suggestion"
                                    on:click=click(move |_| fill(spell.clone()))
                                >
                                    {suggestion}
                                </button>
                            }
                        })
                        .collect_view()
                        .into_any()
                })}
            </div>
            <ul
                id="offers"
                class="offers"
                role="listbox"
                aria-label="completions"
                hidden=flag(move || !offering())
            >
                {part(move || {
                    offers
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, offer)| {
                            let spell = offer.clone();
                            view! {
                                <li
                                    role="option"
                                    id=format!("offer-{at}")
                                    aria-selected=text(move || (chosen.get() == Some(at)).to_string())
                                    on:mousedown=click(move |event| {
                                        event.prevent_default();
                                        fill(spell.clone());
                                    })
                                >
                                    {offer}
                                </li>
                            }
                        })
                        .collect_view()
                        .into_any()
                })}
            </ul>
            <form
                class="bar"
                on:submit=move |event| {
                    event.prevent_default();
                    cast();
                }
            >
                <kbd aria-hidden="true">"/"</kbd>
                <div class="field">
                    <span class="ghost" aria-hidden="true">
                        <span>{text(move || typed.get())}</span>
                        {text(ghost)}
                    </span>
                    <input
                        id="spell"
                        data-testid="spell-input"
                        type="text"
                        maxlength="2000"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder=text(move || {
                            if views.room.with(|room| room == arcane_shared::room::DEFAULT_ROOM) {
                                "speak a spell: summon claude"
                            } else {
                                "spells act in the room main"
                            }
                        })
                        aria-label="spell"
                        role="combobox"
                        aria-autocomplete="list"
                        aria-controls="offers"
                        aria-expanded=text(move || offering().to_string())
                        aria-activedescendant=maybe(move || chosen.get().map(|at| format!("offer-{at}")))
                        node_ref=input
                        prop:value=text(move || typed.get())
                        on:input=move |event| {
                            typed.set(event_target_value(&event));
                            chosen.set(None);
                        }
                        on:keydown=on_key
                        on:focus=move |_| focused.set(true)
                        on:blur=move |_| focused.set(false)
                    />
                </div>
                <button class="pill cast" type="submit" data-testid="spell-submit" disabled=flag(move || casting.get())>
                    {text(move || if casting.get() { "…" } else { "Cast" })}
                </button>
            </form>
        </div>
    }
}
