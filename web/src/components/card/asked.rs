//! What is asked, whole. Text is text: nothing of it is markup, and what is not seen stands as a sign.

use arcane_shared::counted;
use arcane_shared::visible::{Part, line};
use arcane_stage::asking::input::{Kind, Line, code};
use leptos::prelude::*;

use crate::card::{Card, Question};
use crate::components::card::form::Fields;

/// Most characters of a tool's name.
const NAME_CHARS_MAX: usize = 60;

#[component]
pub(super) fn WholeInput<'a>(question: &'a Question, card: Card) -> impl IntoView + use<> {
    let Question { request, shown, fields } = question;
    let hidden = shown.hidden.clone();
    let what = if request.why == "question" { "question" } else { "field" };
    let says = if fields.is_empty() { shown.says.clone() } else { counted(fields.len() as u64, what) };
    let tool = if request.tool.is_empty() { "Input".to_owned() } else { line(&request.tool, NAME_CHARS_MAX) };
    let is_form = !fields.is_empty();
    let message = request.input.as_ref().and_then(|input| input["message"].as_str()).filter(|_| is_form);
    let message =
        message.map(|text| view! { <p class="about">{parts(&arcane_shared::visible::parts(text))}</p> });
    let body = if is_form {
        view! { {message}<Fields fields=fields.clone() request/> }.into_any()
    } else {
        view! { <code class="lines">{shown.lines.iter().map(one_line).collect::<Vec<_>>()}</code> }.into_any()
    };
    let digits = shown
        .lines
        .iter()
        .map(|line| line.number)
        .max()
        .unwrap_or(0)
        .checked_ilog10()
        .map_or(0, |log| log + 1);
    let is_signed = shown.lines.iter().any(|line| matches!(line.kind, Kind::Added | Kind::Removed));
    let is_numbered = digits > 0;
    let has_no_note = shown.note.is_empty();
    view! {
        <div class="asked" class:numbered=is_numbered class:signed=is_signed style:--digits=[&digits.to_string(), "ch"].concat() class:is-form=is_form>
            <p class="tool"><b data-testid="card-tool">{tool}</b><span data-testid="card-says">{says}</span></p>
            <div
                class="region" data-testid="card-region" tabindex="0" role="region" aria-label="all that it asks" node_ref=card.region
                on:scroll=move |_| card.settle()
            >
                {body}
                <p class="mark" data-testid="card-end" node_ref=card.mark><span aria-hidden="true">"⏎ "</span>"end"</p>
            </div>
            <p class="hidden" data-testid="card-hidden" hidden=hidden.is_empty()>{hidden.clone()}</p>
        </div>
        <p class="note" data-testid="card-note" hidden=has_no_note>
            {request.daemon.clone()}"’s note: “"{parts(&shown.note)}"”"
        </p>
    }
}

fn one_line(line: &Line) -> impl IntoView + use<> {
    let (class, sign) = match line.kind {
        Kind::Plain => ("", ""),
        Kind::Added => ("added", "+"),
        Kind::Removed => ("removed", "−"),
        Kind::Head => ("head", ""),
    };
    let number = if line.number > 0 { line.number.to_string() } else { String::new() };
    view! {
        <span class=class>
            <i aria-hidden="true">{number}</i><i class="sign">{sign}</i><span class="text" dir="ltr">{parts(&line.parts)}</span>
        </span>
    }
}

/// Text, and signs of what is not seen.
pub(super) fn parts(parts: &[Part]) -> Vec<AnyView> {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone().into_any(),
        Part::Hidden(c, count) => {
            let count = if *count > 1 { [" ×", &count.to_string()].concat() } else { String::new() };
            view! { <b class="sign-of">{code(*c)}{count}</b> }.into_any()
        }
    };
    parts.iter().map(part).collect()
}
