//! What can be answered: the agent's own options, in its order and words.

use std::sync::Arc;

use arcane_shared::api::{Choice, ChoiceKind, RequestAnswer};
use arcane_shared::visible::lines;
use arcane_stage::asking::guard::Dead;
use arcane_stage::asking::request::{Request, descriptions};
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::card::{Card, Question};
use crate::components::card::form::SendAnswers;
use crate::pick::Pick;

/// Most characters of a message: the server takes four bytes for each.
const MESSAGE_CHARS_MAX: &str = "1000";

#[component]
pub(super) fn Options(question: Arc<Question>, card: Card, app: AppHandle) -> impl IntoView {
    let request = &question.request;
    let about = request.input.as_ref().map(descriptions).unwrap_or_default();
    let mut about = about.into_iter();
    let is_form = !question.fields.is_empty();
    let accept = request.allows().filter(|_| is_form).map(|choice| lines(&choice.label).into_owned());
    let option = |choice: &Choice| {
        let about =
            if choice.kind == ChoiceKind::Answer { about.next().unwrap_or_default() } else { String::new() };
        match () {
            // The form's own button sends it.
            () if is_form && *choice.id == *"allow" => ().into_any(),
            () if *choice.id == *"deny" && request.takes_message => {
                view! { <Deny choice=choice.clone() request card app/> }.into_any()
            }
            () => view! { <OptionButton choice=choice.clone() about card app/> }.into_any(),
        }
    };
    let mut options = request.options.iter().map(option).collect::<Vec<_>>();
    if is_form {
        // Before what refuses.
        let refusal = request.options.iter().position(|choice| choice.kind == ChoiceKind::Deny);
        let at = refusal.unwrap_or(options.len());
        options.insert(at, view! { <SendAnswers question=question.clone() accept card app/> }.into_any());
    }
    view! {
        <div class="rests">
            <div data-testid="card-hint" id="card-hint" role="status">{card.dead.pick(hint)}</div>
            <span class="keys" aria-hidden="true" hidden=card.dead.pick(Option::is_some)>"Y leads to yes, N to no"</span>
        </div>
        <div class="options" data-testid="card-options" class:dead=card.dead.pick(Option::is_some)>{options}<AlikeRow question card app/></div>
    }
}

/// Why the buttons rest, where that is not over in a moment.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "picked from a signal")]
fn hint(dead: &Option<Dead>) -> &'static str {
    match dead {
        Some(Dead::EndUnseen) => "The buttons work once you have scrolled to its end.",
        Some(Dead::UnderWay) => "On its way …",
        Some(Dead::Early | Dead::Over) | None => "",
    }
}

#[component]
fn OptionButton(choice: Choice, about: String, card: Card, app: AppHandle) -> impl IntoView {
    let (word, sign) = kind(choice.kind);
    let id = choice.id.clone();
    let send = move |_| {
        card.decide(app, &id, false);
    };
    let tells = (choice.kind == ChoiceKind::Allow).then_some("click, or ⇥ and Enter");
    view! {
        <button
            class="option" data-kind=word data-option=choice.id.to_string() aria-describedby="card-hint"
            aria-disabled=card.dead.pick(|dead| dead.is_some().to_string()) on:click=send
        >
            <i aria-hidden="true">{sign}</i>
            <span>{lines(&choice.label).into_owned()}<small>{lines(&about).into_owned()}</small></span>
            <em aria-hidden="true">{tells}</em>
        </button>
    }
}

fn kind(kind: ChoiceKind) -> (&'static str, &'static str) {
    match kind {
        ChoiceKind::Allow => ("allow", "✓"),
        ChoiceKind::AllowAlways => ("allow_always", "✓✓"),
        ChoiceKind::Deny => ("deny", "✕"),
        ChoiceKind::Answer => ("answer", "❯"),
    }
}

/// A refusal that may say what to do instead.
#[component]
fn Deny<'a>(choice: Choice, request: &'a Request, card: Card, app: AppHandle) -> impl IntoView {
    let send = move || {
        let text = card.message.get_untracked().map(|field| field.value()).unwrap_or_default();
        let message = Some(text.trim()).filter(|text| !text.is_empty()).map(Into::into);
        card.send(
            app,
            RequestAnswer { decision: "deny".into(), message, answers: serde_json::Map::new() },
            false,
        );
    };
    let instead = ["tell ", &request.daemon, " what to do instead"].concat();
    let dead = card.dead.pick(|dead| dead.is_some().to_string());
    view! {
        <form
            class="denial"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <button class="option" type="button" data-kind="deny" data-option="deny" aria-describedby="card-hint" aria-disabled=dead on:click=move |_| send()>
                <i aria-hidden="true">"✕"</i><span>{lines(&choice.label).into_owned()}</span><kbd aria-hidden="true">"N"</kbd>
            </button>
            <div>
                <input
                    data-testid="deny-message" aria-label=instead.clone() placeholder=instead maxlength=MESSAGE_CHARS_MAX autocomplete="off" node_ref=card.message
                />
                <button class="send" data-testid="send-no" aria-describedby="card-hint" aria-disabled=dead>"Send no"</button>
            </div>
        </form>
    }
}

/// Those that ask the very same, answered with one press.
#[component]
fn AlikeRow(question: Arc<Question>, card: Card, app: AppHandle) -> impl IntoView {
    let alike = card.alike;
    let count = Signal::derive(move || (alike.with(Vec::len) + 1).to_string());
    let who = move || {
        let mut names = vec![card.asked.with(|asked| asked.daemon.clone())];
        alike.with(|alike| {
            alike.iter().for_each(|[_, name]| {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            });
        });
        names.join(", ")
    };
    let button = move |choice: &Choice| {
        let (id, label) = (choice.id.clone(), lines(&choice.label).into_owned());
        let send = move |_| {
            card.decide(app, &id, true);
        };
        view! {
            <button
                class="option" data-kind=kind(choice.kind).0 data-all=choice.id.to_string() aria-describedby="card-hint"
                aria-disabled=card.dead.pick(|dead| dead.is_some().to_string()) on:click=send
            >
                {label}" to all "{count}
            </button>
        }
    };
    let buttons = [question.request.allows(), question.request.denies()]
        .into_iter()
        .flatten()
        .map(button)
        .collect::<Vec<_>>();
    view! {
        <div class="alike" data-testid="card-alike" hidden=alike.pick(Vec::is_empty)>
            <p><b>{count}</b>" ask exactly this: "{who}</p>
            <div>{buttons}</div>
        </div>
    }
}
