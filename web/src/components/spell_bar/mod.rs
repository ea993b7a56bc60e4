//! The spell bar: natural language in, a spell or the reason against it out.

mod casting;

use arcane_stage::completion::Lexicon;
use arcane_stage::dictionary::Term;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

pub(crate) use self::casting::Bar;
use self::casting::Feedback;
use crate::app_handle::AppHandle;
use crate::keys::is_composed;
use crate::later::Slot;
use crate::pick::Pick;
use crate::rows::EachName;

/// What the bar completes with, and its field.
#[derive(Clone, Copy, Default)]
pub(crate) struct SpellState {
    pub(crate) lexicon: RwSignal<Lexicon>,
    pub(crate) field: NodeRef<html::Input>,
    /// Who may not cast spells, and why; `None`: they are offered.
    pub(crate) refused: RwSignal<Option<(String, Term)>>,
    /// What it knows and does, once it is there.
    bar: StoredValue<Option<Bar>>,
}

/// Where spells are typed.
#[component]
pub(crate) fn SpellBar(state: SpellState, app: AppHandle) -> impl IntoView {
    let bar = Bar::new(state, app);
    state.bar.set_value(Some(bar));
    let word = app.views.say(Term::Cast);
    let cast = Signal::derive(move || if bar.casting.get() { "…" } else { word.get() });
    let tongue = app.views.tongue;
    let refused =
        Signal::derive(move || state.refused.get().map(|(who, why)| [&who, tongue.get().say(why)].concat()));
    view! {
        <div class="spellbar">
            <p class="dim" data-testid="refused">{refused}</p>
            <Slot app part=|later| later.spells/>
            <form
                class="bar" hidden=state.refused.pick(Option::is_some)
                on:submit=move |event| {
                    event.prevent_default();
                    bar.cast();
                }
            >
                <kbd aria-hidden="true">"/"</kbd>
                <Field bar/>
                <button class="pill cast" type="submit" data-testid="spell-submit" disabled=bar.casting>
                    {cast}
                </button>
            </form>
        </div>
    }
}

/// What could be meant, and what came of the last spell.
pub(crate) fn answers(app: AppHandle) -> AnyView {
    let answers = |bar: Bar| {
        view! {
            <FeedbackView feedback=bar.feedback on_choice=move |spell| bar.fill(spell)/>
            <Offers bar/>
        }
    };
    app.views.spells.bar.get_value().map(answers).into_any()
}

/// The field, and behind it what would complete it.
#[component]
fn Field(bar: Bar) -> impl IntoView {
    let Bar { typed, chosen, .. } = bar;
    let room = bar.app.views.header.room;
    let speak = bar.app.views.say(Term::Speak);
    let elsewhere = bar.app.views.say(Term::ActElsewhere);
    let placeholder = Signal::derive(move || {
        let acts_here = room.with(|room| room == arcane_shared::room::DEFAULT_ROOM);
        if acts_here { speak.get() } else { elsewhere.get() }
    });
    view! {
        <div class="field">
            <span class="ghost" aria-hidden="true"><span>{typed}</span><i>{Signal::derive(move || bar.ghost())}</i></span>
            <input
                data-testid="spell-input" type="text" maxlength="2000"
                autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-label=bar.app.views.say(Term::Command) role="combobox" aria-autocomplete="list" aria-controls="offers"
                placeholder=placeholder
                aria-expanded=Signal::derive(move || bar.is_offering().to_string())
                aria-activedescendant=chosen.pick(|at| offer_id(*at))
                node_ref=bar.field
                prop:value=typed
                on:input:target=move |event| {
                    typed.set(event.target().value());
                    chosen.set(0);
                }
                on:keydown=move |event| on_key(bar, &event)
                on:focus=move |_| {
                    bar.focused.set(true);
                    bar.app.fetch_later();
                }
                on:blur=move |_| bar.focused.set(false)
            />
        </div>
    }
}

/// How an offer is known to those who listen; nothing for none.
fn offer_id(at: usize) -> Option<String> {
    (at > 0).then(|| format!("offer-{at}"))
}

/// What could be meant.
#[component]
fn Offers(bar: Bar) -> impl IntoView {
    let offer = move |text: String| {
        let own = text.clone();
        let sought = text.clone();
        let at = Signal::derive(move || {
            bar.offers.with(|offers| offers.iter().position(|offer| *offer == sought).map_or(0, |at| at + 1))
        });
        view! {
            <li
                id=at.pick(|at| offer_id(*at)) role="option"
                aria-selected=Signal::derive(move || (bar.chosen.get() == at.get()).to_string())
                // Before the click takes the focus away, and with it the list.
                on:mousedown=move |event| {
                    event.prevent_default();
                    bar.fill(own.clone());
                }
            >
                {text}
            </li>
        }
    };
    view! {
        <ul id="offers" class="offers" role="listbox" aria-label="completions" hidden=Signal::derive(move || !bar.is_offering())>
            <EachName names=bar.offers children=offer/>
        </ul>
    }
}

/// What the server made of the last spell, and what it would have understood.
#[component]
fn FeedbackView(
    #[prop(into)] feedback: Signal<Feedback>,
    #[prop(into)] on_choice: Callback<String>,
) -> impl IntoView {
    let suggestion = move |spell: String| {
        let own = spell.clone();
        view! {
            <button class="chip" data-testid="suggestion" on:click=move |_| on_choice.run(own.clone())>
                {spell}
            </button>
        }
    };
    view! {
        <div
            id="feedback"
            class="feedback" class:failed=feedback.pick(|f| f.failed)
            class:shown=feedback.pick(|f| !f.text.is_empty())
        >
            <p
                data-testid="spell-feedback"
                role=feedback.pick(|f| if f.failed { "alert" } else { "status" })
            >
                {feedback.pick(|f| f.text.clone())}
            </p>
            <EachName names=feedback.pick(|f| f.suggestions.clone()) children=suggestion/>
        </div>
    }
}

/// Whether a key does nothing more while it is held. What would write into an empty field was pressed outside of it: it led here.
fn acts_once(key: &str, is_empty: bool) -> bool {
    matches!(key, "Enter" | "Escape") || is_empty && key.chars().count() == 1
}

fn on_key(bar: Bar, event: &KeyboardEvent) {
    let key = event.key();
    if is_composed(event) {
        return;
    }
    if event.repeat() && acts_once(&key, bar.typed.with_untracked(String::is_empty)) {
        event.prevent_default();
        return;
    }
    match key.as_str() {
        "Tab" | "ArrowRight" if !event.shift_key() && bar.complete() => event.prevent_default(),
        "ArrowDown" => {
            event.prevent_default();
            bar.choose(true);
        }
        "ArrowUp" => {
            event.prevent_default();
            match bar.earlier() {
                Some(spell) => bar.fill(spell),
                None => bar.choose(false),
            }
        }
        "Enter" => {
            event.prevent_default();
            match bar.chosen_offer() {
                Some(offer) => bar.fill(offer),
                None => bar.cast(),
            }
        }
        // The key that leads here is no beginning of a spell.
        "/" if bar.typed.with_untracked(String::is_empty) => event.prevent_default(),
        "Escape" => bar.clear(),
        _ => {}
    }
}
