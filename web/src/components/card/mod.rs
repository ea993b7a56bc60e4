//! The card that shows what an agent asks, and takes the answer.

mod always;
mod asked;
mod form;
mod options;
mod style;

use arcane_stage::asking::end::Outcome;
use arcane_stage::asking::wait::Asked;
use arcane_stage::shortcut::Key;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use self::always::Always;
use self::asked::WholeInput;
use self::options::Options;
use crate::app_handle::AppHandle;
use crate::card::{Card, OtherView, where_it_runs};
use crate::pick::Pick;
use crate::rows::{Each, Row};

/// The card, while it is open.
#[component]
pub(crate) fn AnswerCard(app: AppHandle) -> impl IntoView {
    style::adopt();
    let card = Card::of(app.views);
    Effect::new(move || {
        let Some(dialog) = card.dialog.get() else { return };
        if !card.open.get() {
            dialog.close();
        } else if !dialog.open() {
            let _ = dialog.show_modal();
            card.focus();
        }
    });
    Effect::new(move || {
        card.requests.track();
        if card.question.with(Option::is_some) {
            card.look_alike(app);
        }
    });
    crate::card::linked::follow(app);
    let is_over = card.over.pick(|(_, said)| !said.is_empty());
    view! {
        <dialog
            class="card" data-testid="card" aria-labelledby="card-title" aria-describedby="card-place" tabindex="-1" node_ref=card.dialog
            data-request=card.asked.pick(|asked| asked.request_id.clone()) style:--at=card.view.pick(|view| view.at.clone()) style:--own=card.view.pick(|view| view.color.clone())
            on:close=move |_| card.close(app) on:keydown=move |event| press(app, card, &event) on:scroll=move |_| card.settle()
        >
            <Head card/>
            <Place card/>
            <Asks card app/>
            <div class="outcome" role="status" data-testid="card-over" data-outcome=card.over.pick(|(outcome, _)| outcome.word()) class:shown=is_over>
                {card.over.pick(|(_, said)| said.clone())}
            </div>
            <Always card app/>
            <div class="trouble" role="alert" data-testid="card-trouble" hidden=card.trouble.pick(String::is_empty)>{card.trouble}</div>
            <Elsewhere card app/>
            <Others card app/>
        </dialog>
    }
}

/// Who asks, since when, and how long it can still be answered.
#[component]
fn Head(card: Card) -> impl IntoView {
    let loops = move || {
        card.question
            .with(|question| question.as_ref().is_some_and(|question| &*question.request.why == "loop"))
    };
    let asks = move || {
        let why =
            card.question.with(|question| question.as_ref().map(|question| question.request.why.clone()));
        match why.as_deref() {
            Some("permission") => " for permission",
            Some("question") => "",
            Some("input") => " for something",
            Some("loop") => " whether to go on: one call, one result, again and again",
            _ => " for an answer",
        }
    };
    view! {
        <div class="asker">
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=card.view.pick(|view| view.rune.clone())></path></svg>
            <h2 id="card-title"><b>{card.asked.pick(|asked| asked.daemon.clone())}</b>" asks"<span class="why" class:loops=loops>{asks}</span></h2>
            <span class="nth" data-testid="card-nth">{card.view.pick(|view| view.place.clone())}</span>
            <span class="since" data-testid="card-since" aria-label="it waits for">{card.view.pick(|view| view.since.clone())}</span>
            <form method="dialog"><button class="close" aria-label="close">"✕"</button></form>
        </div>
    }
}

/// Where it asks.
#[component]
fn Place(card: Card) -> impl IntoView {
    let fact = move |name: &'static str, fact: fn(&Asked) -> String| {
        let fact = card.asked.pick(fact);
        view! { <span hidden=move || fact.with(String::is_empty)>{name}" "<b>{fact}</b></span> }
    };
    view! {
        <p class="place" id="card-place">
            {fact("project", |asked| asked.place[0].clone())} {fact("machine", |asked| asked.place[1].clone())}
            {fact("session", |asked| asked.session.chars().take(8).collect())}
            <span class="left" data-testid="card-left" hidden=card.view.pick(|view| view.left.is_empty())>
                <b>{card.view.pick(|view| view.left.clone())}</b>" left to answer here"
            </span>
        </p>
    }
}

/// What it asks, and what can be answered; without its server only the line that was told.
#[component]
fn Asks(card: Card, app: AppHandle) -> impl IntoView {
    let can_answer = Signal::derive(move || {
        card.elsewhere.with(String::is_empty) && card.over.with(|(_, said)| said.is_empty())
    });
    move || match card.question.get() {
        None => {
            let line = card.asked.pick(|asked| asked.reason.clone());
            view! { <p class="line" data-testid="card-line" hidden=move || line.with(String::is_empty)>{line}</p> }.into_any()
        }
        Some(question) => {
            let asked = question.clone();
            view! {
                <WholeInput question=&asked card/>
                {move || can_answer.get().then(|| view! { <Options question=question.clone() card app/> })}
            }
            .into_any()
        }
    }
}

/// Where else it is answered, and the way to its drawer.
#[component]
fn Elsewhere(card: Card, app: AppHandle) -> impl IntoView {
    let is_over = card.over.pick(|(_, said)| !said.is_empty());
    let words = move || {
        let elsewhere = card.elsewhere.get();
        let is_loop =
            card.question.with(|asked| asked.as_ref().is_some_and(|asked| asked.request.why == "loop"));
        if elsewhere.is_empty() && is_loop {
            "without an answer it goes on".into()
        } else if elsewhere.is_empty() && card.asked.with(Asked::hides_prompt) {
            ["without an answer here it asks ", &card.asked.with(where_it_runs)].concat()
        } else if elsewhere.is_empty() {
            ["or answer ", &card.asked.with(where_it_runs), " · whoever answers first counts"].concat()
        } else {
            elsewhere
        }
    };
    let details = move |_| {
        let name = card.asked.with_untracked(|asked| asked.daemon.clone());
        app.open_drawer(name);
        card.close(app);
    };
    view! {
        <p class="elsewhere">
            <span data-testid="card-elsewhere" hidden=is_over>{words}</span>
            <button class="plain" aria-label=card.asked.pick(|asked| ["details of ", &asked.daemon].concat()) data-testid="card-details" on:click=details>"Details"</button>
        </p>
    }
}

/// The others who wait, the oldest first.
#[component]
fn Others(card: Card, app: AppHandle) -> impl IntoView {
    let others = card.others;
    view! {
        <section class="others" data-testid="card-others" hidden=move || others.is_empty()>
            <h3>
                "Others wait"
                <span><button class="plain" on:click=move |_| card.step(app, true)><kbd>"J"</kbd>" next"</button>
                <button class="plain" on:click=move |_| card.step(app, false)><kbd>"K"</kbd>" previous"</button></span>
            </h3>
            <ul><Each rows=others let:row><Other row card app/></Each></ul>
        </section>
    }
}

#[component]
fn Other(row: Row<OtherView>, card: Card, app: AppHandle) -> impl IntoView {
    let open = move |_| card.show(app, row.with_untracked(|row| row.asked.clone()));
    view! {
        <li data-testid="card-other" data-daemon=row.pick(|row| row.name.clone()) style:--own=row.pick(|row| row.color.clone())>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=row.pick(|row| row.rune.clone())></path></svg>
            <b class="name">{row.pick(|row| row.name.clone())}</b>
            <span class="what">{row.pick(|row| row.text.clone())}" "<i>{row.pick(|row| row.project.clone())}</i></span>
            <b class="clock">{row.pick(|row| row.since.clone())}</b>
            <button class="pill" aria-label=row.pick(|row| ["open what ", &row.name, " asks"].concat()) on:click=open>"Open"</button>
        </li>
    }
}

/// The keys of the card. None of them allows: `y` leads to the button that does.
fn press(app: AppHandle, card: Card, event: &KeyboardEvent) {
    let on = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_of = |names: &str| on.as_ref().is_some_and(|on| on.matches(names).unwrap_or(false));
    let is_typed = is_of("input:not([type=radio], [type=checkbox]), textarea, select");
    let (key, code) = (event.key(), event.code());
    if crate::keys::is_composed(event) {
        return;
    }
    if event.repeat() && matches!(&*key, "Enter" | " ") {
        // A key that is held answers nothing.
        return event.prevent_default();
    }
    if is_typed && key == "Escape" {
        event.prevent_default();
        return card.focus();
    }
    if is_typed || event.repeat() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let Some(dialog) = card.dialog.get_untracked() else { return };
    let focus = |selector: &str| {
        let found = dialog
            .query_selector(selector)
            .ok()
            .flatten()
            .and_then(|found| found.dyn_into::<HtmlElement>().ok());
        event.prevent_default();
        found.map(|found| found.focus()).is_some()
    };
    match (Key { key: &key, code: &code, shift: event.shift_key(), ..Key::default() }).shortcut() {
        Some('j') => card.step(app, true),
        Some('k') => card.step(app, false),
        Some('y') => drop(focus("[data-option=allow], [data-kind=answer], [data-testid=send-answers]")),
        Some('n') if !focus("[data-testid=deny-message]") => deny(app, card),
        _ => {}
    }
}

/// Says no without a message.
fn deny(app: AppHandle, card: Card) {
    let offers = card
        .question
        .with_untracked(|question| question.as_ref().is_some_and(|asked| asked.request.denies().is_some()));
    if offers
        && card.over.with_untracked(|(outcome, said)| (*outcome, said.is_empty()) == (Outcome::Other, true))
    {
        card.decide(app, "deny", false);
    }
}
