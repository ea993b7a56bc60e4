//! Questions and forms of an agent, as fields; and what was said to them.

use std::sync::Arc;

use arcane_shared::api::{ChoiceKind, RequestAnswer};
use arcane_shared::visible::lines;
use arcane_stage::asking::form::{Field, Kind, Said, answers};
use arcane_stage::asking::request::Request;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use crate::app_handle::AppHandle;
use crate::card::{Card, Question};
use crate::pick::Pick;

/// Most characters of a text.
const TEXT_CHARS_MAX: &str = "4000";

/// The fields. Where the agent's options are the choices of its one question, they are buttons and stand below.
#[component]
pub(super) fn Fields<'a>(fields: Vec<Field>, request: &'a Request) -> impl IntoView + use<> {
    let has_buttons = request.options.iter().any(|choice| choice.kind == ChoiceKind::Answer);
    let field = |(n, field): (usize, Field)| view! { <OneField field n has_buttons/> };
    view! { <div class="fields">{fields.into_iter().enumerate().map(field).collect::<Vec<_>>()}</div> }
}

#[component]
fn OneField(field: Field, n: usize, has_buttons: bool) -> impl IntoView {
    let name = ["field-", &n.to_string()].concat();
    let title = lines(&field.title).into_owned();
    let choices = if has_buttons { Vec::new() } else { field.choices.clone() };
    let kind = if field.kind == Kind::Several { "checkbox" } else { "radio" };
    let choice = |(at, [value, label, about]): (usize, [String; 3])| {
        view! {
            <label class="choice">
                <input type=kind name=name.clone() data-field=n data-at=at checked=value == field.default/>
                <span>{lines(&label).into_owned()}<small>{lines(&about).into_owned()}</small></span>
            </label>
        }
    };
    let choices = choices.into_iter().enumerate().map(choice).collect::<Vec<_>>();
    let truth = (field.kind == Kind::Truth).then(|| {
        view! { <label class="choice"><input type="checkbox" data-field=n data-at="0" checked=field.default == "true"/><span>"yes"</span></label> }
    });
    let is_text = matches!(field.kind, Kind::Text | Kind::Number) || field.takes_text;
    let written = is_text.then(|| {
        let hint = if field.takes_text && !field.choices.is_empty() { "or in your own words" } else { "" };
        let mode = if field.kind == Kind::Number { "decimal" } else { "text" };
        view! {
            <input
                class="own" data-field=n data-testid=["own-", &n.to_string()].concat() aria-label=title.clone() placeholder=hint maxlength=TEXT_CHARS_MAX
                inputmode=mode autocomplete="off" value=if field.choices.is_empty() { field.default.clone() } else { String::new() }
            />
        }
    });
    view! {
        <fieldset>
            <legend>{title}<small>{lines(&field.about).into_owned()}</small></legend>
            {choices}{truth}{written}
        </fieldset>
    }
}

/// The button that sends what was filled in.
#[component]
pub(super) fn SendAnswers(
    question: Arc<Question>,
    accept: Option<String>,
    card: Card,
    app: AppHandle,
) -> impl IntoView {
    let wrong = RwSignal::new(String::new());
    let send = move |_| match answers(&question.fields, &said(card, &question.fields)) {
        Ok(answers) => {
            wrong.set(String::new());
            card.send(app, RequestAnswer { decision: "allow".into(), message: None, answers }, false);
        }
        Err(why) => wrong.set(why),
    };
    view! {
        <div class="trouble" role="alert" data-testid="card-wrong" hidden=wrong.pick(String::is_empty)>{wrong}</div>
        <button
            class="option" data-kind="allow" data-testid="send-answers" aria-describedby="card-hint"
            aria-disabled=card.dead.pick(|dead| dead.is_some().to_string()) on:click=send
        >
            <i aria-hidden="true">"✓"</i><span>{accept.unwrap_or_else(|| "Send the answer".into())}</span>
        </button>
    }
}

/// What was said to the fields.
fn said(card: Card, fields: &[Field]) -> Vec<Said> {
    let region = card.region.get_untracked();
    let input = |n: usize, which: &str| {
        let selector = ["[data-field=\"", &n.to_string(), "\"]", which].concat();
        let region: &Element = region.as_ref()?.unchecked_ref();
        region.query_selector(&selector).ok()??.dyn_into::<HtmlInputElement>().ok()
    };
    let of = |(n, field): (usize, &Field)| {
        let is_chosen = |at: &usize| {
            input(n, &["[data-at=\"", &at.to_string(), "\"]"].concat()).is_some_and(|input| input.checked())
        };
        let text = input(n, ":not([data-at])").map(|input| input.value());
        Said {
            chosen: (0..field.choices.len().max(1)).filter(is_chosen).collect(),
            text: text.unwrap_or_default(),
        }
    };
    fields.iter().enumerate().map(of).collect()
}
