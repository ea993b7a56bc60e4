//! The spell bar: natural language in, a spell or the reason against it out.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::app_handle::AppHandle;
use crate::dom::{Rows, attribute, class, follow, id, named, on, say, set, shown, text, the};

/// Spells remembered for the arrow keys.
const PAST_MAX: usize = 50;

/// What the server made of the last spell.
#[derive(Clone, Default, PartialEq)]
struct Feedback {
    failed: bool,
    text: String,
    suggestions: Vec<String>,
}

/// Ties the spell bar to the page's state.
#[expect(
    clippy::too_many_lines,
    reason = "becomes a component of its own when the page is made of components"
)]
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    let typed = RwSignal::new(String::new());
    let feedback = RwSignal::new(Feedback::default());
    let casting = RwSignal::new(false);
    let focused = RwSignal::new(false);
    let chosen = RwSignal::new(None::<usize>);
    let past = StoredValue::new(Vec::<String>::new());
    let input: HtmlInputElement = the("spell");
    let offers = Memo::new(move |_| views.lexicon.with(|lexicon| lexicon.complete(&typed.get())));
    let ghost = move || {
        let text = typed.get();
        views.lexicon.with(|lexicon| lexicon.ghost(&text)).unwrap_or_default()
    };
    let fill = move |text: String| {
        typed.set(text);
        chosen.set(None);
        let _ = id("spell").focus();
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
            app.travel(|page| page.leave(true));
        }
        leptos::task::spawn_local(async move {
            let outcome = app.server().cast(&spell).await;
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
                Err(failure) => feedback.set(match failure.problem {
                    Some(problem) => Feedback {
                        failed: true,
                        text: problem.sentence().to_owned(),
                        suggestions: problem.suggestions,
                    },
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
            let input: HtmlInputElement = the("spell");
            let at_end = input.selection_start().ok().flatten()
                == Some(u32::try_from(input.value().encode_utf16().count()).unwrap_or(0));
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
            // From nothing, or from a spell of before, to the one before that.
            let text = typed.get_untracked();
            let last = past.with_value(|past| {
                let before =
                    past.iter().position(|spell| *spell == text).or(text.is_empty().then_some(past.len()));
                past.get(before?.checked_sub(1)?).cloned()
            });
            match last {
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
            if typed.with_untracked(String::is_empty) {
                let _ = id("spell").blur();
            }
            typed.set(String::new());
            feedback.set(Feedback::default());
        }
        _ => {}
    };
    let input_too = input.clone();
    follow(move || {
        let typed = typed.get();
        if input_too.value() != typed {
            input_too.set_value(&typed);
        }
    });
    text("ghost-typed", move || typed.get());
    text("ghost-tail", ghost);
    on(&input, "input", {
        let input = input.clone();
        move |_| {
            typed.set(input.value());
            chosen.set(None);
        }
    });
    on(&input, "keydown", move |event| on_key(event.unchecked_into()));
    on(&input, "focus", move |_| focused.set(true));
    on(&input, "blur", move |_| focused.set(false));
    on(&id("bar"), "submit", move |event| {
        event.prevent_default();
        cast();
    });
    text("cast", move || if casting.get() { "…" } else { "Cast" }.into());
    attribute("cast", "disabled", move || casting.get().then(String::new));
    attribute("spell", "placeholder", move || {
        let main = views.room.with(|room| room == arcane_shared::room::DEFAULT_ROOM);
        Some(if main { "speak a spell: summon claude" } else { "spells act in the room main" }.into())
    });
    attribute("spell", "aria-expanded", move || Some(offering().to_string()));
    attribute("spell", "aria-activedescendant", move || chosen.get().map(|at| format!("offer-{at}")));
    shown("offers", offering);
    let mut rows = Rows::of("offer");
    follow(move || {
        let (offers, chosen) = (offers.get(), chosen.get());
        let rows = rows.arrange(offers.iter().map(String::as_str));
        for (at, (offer, row)) in rows.iter().enumerate() {
            say(row, offer);
            set(row, "id", Some(&format!("offer-{at}")));
            set(row, "data-offer", Some(offer));
            set(row, "aria-selected", Some(if chosen == Some(at) { "true" } else { "false" }));
        }
    });
    // Before the click takes the focus away, and with it the list.
    on(&id("offers"), "mousedown", move |event| {
        event.prevent_default();
        if let Some(offer) = named(&event, "data-offer") {
            fill(offer);
        }
    });
    class("feedback", "failed", move || feedback.with(|f| f.failed));
    class("feedback", "shown", move || feedback.with(|f| !f.text.is_empty()));
    attribute("feedback-text", "role", move || {
        Some(if feedback.with(|f| f.failed) { "alert" } else { "status" }.into())
    });
    text("feedback-text", move || feedback.with(|f| f.text.clone()));
    let mut rows = Rows::of("suggestion");
    follow(move || {
        feedback.with(|feedback| {
            for (suggestion, row) in rows.arrange(feedback.suggestions.iter().map(String::as_str)) {
                say(row, suggestion);
                set(row, "data-offer", Some(suggestion));
            }
        });
    });
    on(&id("feedback"), "click", move |event| {
        if let Some(suggestion) = named(&event, "data-offer") {
            fill(suggestion);
        }
    });
}
