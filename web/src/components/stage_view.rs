//! The stage: the canvas, labels that follow the circles, and what is said in the middle.

use leptos::html::Canvas as CanvasElement;
use leptos::prelude::*;

use crate::components::spell_bar::SpellBar;
use crate::components::visit::{VisitBanner, trouble};
use crate::reads::{click, flag, part, text, when};
use crate::realm::Realm;
use crate::views::{Canvas, LabelView, Quiet, Views};

/// See the module.
#[component]
pub(crate) fn StageView(canvas: NodeRef<CanvasElement>) -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    view! {
        <section class="stage" aria-label="stage">
            <div id="hole" class="hole"></div>
            <canvas
                class="scene"
                node_ref=canvas
                role="img"
                aria-label="Rune circles of the present daemons around the event bus. The daemons table says the same in words."
            ></canvas>
            <div class="labels">
                <For each=move || views.labels.get() key=|label| label.name.clone() let:label>
                    <Label name=label.name/>
                </For>
            </div>
            <div class="middle">
                <p
                    class="display"
                    class:shown=flag(move || views.display.with(Option::is_some))
                    data-testid="display-text"
                    data-shown=text(move || views.display.with(Option::is_some).to_string())
                >
                    {text(move || views.display.get().unwrap_or_default())}
                </p>
                {when(move || views.storm.with(Option::is_some), move || storm(views))}
                <Said/>
            </div>
            <VisitBanner/>
            <SpellBar/>
            <p class="subtitle" class:shown=move || views.subtitle.with(Option::is_some)>
                <b>{text(move || views.subtitle.get().map(|said| said.0).unwrap_or_default())}</b>
                <span>{text(move || views.subtitle.get().map(|said| said.1).unwrap_or_default())}</span>
            </p>
        </section>
    }
}

#[component]
fn Label(name: String) -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let own = name.clone();
    let label = Memo::new(move |_| {
        views.labels.with(|labels| labels.iter().find(|label| label.name == own).cloned())
    });
    let read = move |pick: fn(&LabelView) -> String| {
        move || label.with(|label| label.as_ref().map(pick).unwrap_or_default())
    };
    let target = name.clone();
    let shown = name.clone();
    view! {
        <button
            class="label"
            data-testid="daemon-label"
            data-daemon=name
            data-phase=text(move || label.with(|label| label.as_ref().map_or("", |label| label.phase)))
            style:transform=text(read(|label| label.transform.clone()))
            style:opacity=text(read(|label| label.opacity.clone()))
            style:--own=text(read(|label| label.color.clone()))
            on:click=click(move |_| realm.filter_daemon(&target))
        >
            <b>{shown}</b>
            <span>{text(read(|label| label.line.clone()))}</span>
        </button>
    }
}

/// What stands in the middle when there is nothing to see.
#[component]
fn Said() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let curl = move || {
        let server = realm.server().shown();
        let room = views.room.get();
        let (route, body) = if room == arcane_shared::room::DEFAULT_ROOM {
            ("summon".to_owned(), r#"{"daemon_name":"claude"}"#)
        } else {
            (format!("events?room={room}"), r#"{"spell_name":"summon","daemon_name":"claude"}"#)
        };
        format!("curl -X POST '{server}/{route}' -H 'content-type: application/json' -d '{body}'")
    };
    part(move || {
        match (views.canvas.get(), views.quiet.get()) {
        (Canvas::Lost, _) => view! {
            <div class="quiet"><h2>"The stage lost its light"</h2>
            <p>"The browser took the graphics context. It will be back; the tables go on."</p></div>
        }
        .into_any(),
        (Canvas::Absent, Quiet::No) => view! {
            <div class="quiet"><h2>"No canvas here"</h2><p>"This browser cannot paint the stage. The tables go on."</p></div>
        }
        .into_any(),
        (_, Quiet::No) => ().into_any(),
        (_, Quiet::Connecting) => view! { <div class="quiet"><h2>"Opening the gate …"</h2></div> }.into_any(),
        (_, Quiet::Empty) => view! {
            <div class="quiet" data-testid="empty-state">
                <h2>"The realm is quiet"</h2>
                <p>"Press " <kbd>"/"</kbd> " and type"</p>
                <p class="try">"summon claude"</p>
                <p>"or, from a shell:"</p>
                <code>{curl()}</code>
            </div>
        }
        .into_any(),
        (_, Quiet::Deserted(told)) => view! {
            <div class="quiet low" data-testid="empty-state">
                <h2>"Everybody has returned to the void"</h2>
                <p>{told}</p>
                <p>"Press " <kbd>"/"</kbd> " and type " <span class="try">"summon claude"</span></p>
            </div>
        }
        .into_any(),
        (_, Quiet::Before(what)) => view! {
            <div class="quiet low" data-testid="empty-past"><h2>{what}</h2></div>
        }
        .into_any(),
        (_, Quiet::Trouble(title, sentence)) => trouble(realm, title, sentence),
        (_, Quiet::Disconnected(reason)) => view! {
            <div class="quiet cutting">
                <h2>"The thread to the realm is cut"</h2>
                <p>{if reason.is_empty() { "Trying again; what was seen stays.".to_owned() } else { reason }}</p>
            </div>
        }
        .into_any(),
    }
    })
}

fn storm(views: Views) -> AnyView {
    view! {
        <p class="storm" data-testid="storm">
            <b>{text(move || views.storm.get().unwrap_or(0).to_string())}</b>
            " failures in this storm"
        </p>
    }
    .into_any()
}
