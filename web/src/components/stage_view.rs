//! What stands over the canvas: labels that follow the circles, and what is said in the middle.

use arcane_stage::summary::fixed;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, PointerEvent};

use crate::app_handle::AppHandle;
use crate::dom::{Rows, attribute, class, click, follow, id, named, on, part, say, set, shown, style, text};
use crate::views::{Canvas, LabelView, Quiet};

/// Ties the stage to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    class("display", "shown", move || views.display.with(Option::is_some));
    attribute("display", "data-shown", move || Some(views.display.with(Option::is_some).to_string()));
    text("display", move || views.display.get().unwrap_or_default());
    shown("storm", move || views.storm.with(Option::is_some));
    text("storm-count", move || views.storm.get().unwrap_or(0).to_string());
    class("subtitle", "shown", move || views.subtitle.with(Option::is_some));
    text("speaker", move || views.subtitle.get().unwrap_or_default().0);
    text("spoken", move || views.subtitle.get().unwrap_or_default().1);
    shown("ratio", move || views.ratio.with(|ratio| !ratio.is_empty()));
    text("ratio", move || views.ratio.get());
    labels(app);
    said(app);
    point(app);
}

/// What the pointer or the focus is on names its event; a click opens it.
fn point(app: AppHandle) {
    let tip = app.views.tip;
    let scene = id("scene");
    let stage = part(&id("realm"), ".stage");
    let labels = part(&stage, ".labels");
    shown("tip", move || tip.with(Option::is_some));
    text("tip", move || tip.with(|tip| tip.as_ref().map(|tip| tip.text.clone()).unwrap_or_default()));
    let element = id("tip");
    follow(move || {
        if let Some([x, y]) = tip.with(|tip| tip.as_ref().map(|tip| tip.at)) {
            // Away from the edges, on the side where there is room.
            let [x, y] = [x, y].map(f64::from);
            let wide = stage.client_width();
            let left = (x + 14.0).min(f64::from(wide) - 330.0).max(0.0);
            let top = (y + 16.0).max(0.0);
            style(&element, "transform", &format!("translate({}px, {}px)", fixed(left, 0), fixed(top, 0)));
        }
    });
    for layer in [scene.clone().into(), labels.clone()] {
        let scene = scene.clone();
        on(&layer, "pointermove", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            let place = scene.get_bounding_client_rect();
            let at = [f64::from(event.client_x()) - place.left(), f64::from(event.client_y()) - place.top()];
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
            app.point_at(Some(at.map(|v| v as f32)));
        });
        on(&layer, "pointerleave", move |_| app.point_at(None));
    }
    on(&scene, "click", move |_| {
        if let Some(id) = tip.with_untracked(|tip| tip.as_ref().map(|tip| tip.id)) {
            app.open(id);
        }
    });
    on(&labels, "focusin", move |event| {
        let centre =
            named(&event, "data-daemon").and_then(|name| app.with(|page| page.centre(&name)).flatten());
        app.point_at(centre);
    });
    on(&labels, "focusout", move |_| app.point_at(None));
}

fn labels(app: AppHandle) {
    let views = app.views;
    let mut rows = Rows::of("label");
    let mut before: Vec<LabelView> = Vec::new();
    follow(move || {
        let after = views.labels.get();
        let elements = rows.arrange(after.iter().map(|label| label.name.as_str()));
        for ((_, element), label) in elements.iter().zip(&after) {
            if !before.contains(label) {
                fill(element, label);
            }
        }
        before = after;
    });
    on(&part(&id("realm"), ".labels"), "click", move |event| {
        if let Some(name) = named(&event, "data-daemon") {
            app.filter_daemon(&name);
        }
    });
}

fn fill(element: &HtmlElement, label: &LabelView) {
    set(element, "data-daemon", Some(&label.name));
    set(element, "data-phase", Some(label.phase));
    style(element, "transform", &label.transform);
    style(element, "opacity", &label.opacity);
    style(element, "--own", &label.color);
    say(&part(element, "b"), &label.name);
    say(&part(element, "span"), &label.line);
}

/// What stands in the middle when there is nothing to see.
#[derive(Default)]
struct Said {
    kind: &'static str,
    testid: Option<&'static str>,
    title: String,
    told: String,
    how: bool,
    curl: bool,
    actions: bool,
}

impl Said {
    fn of(quiet: Quiet, canvas: Canvas) -> Option<Self> {
        let title =
            |title: &str, told: &str| Self { title: title.into(), told: told.into(), ..Self::default() };
        Some(match (canvas, quiet) {
            (Canvas::Lost, _) => title(
                "The stage lost its light",
                "The browser took the graphics context. It will be back; the tables go on.",
            ),
            (Canvas::Absent, Quiet::No) => {
                title("No canvas here", "This browser cannot paint the stage. The tables go on.")
            }
            (_, Quiet::No) => return None,
            (_, Quiet::Connecting) => title("Opening the gate …", ""),
            (_, Quiet::Empty) => {
                Self { testid: Some("empty-state"), how: true, curl: true, ..title("The realm is quiet", "") }
            }
            (_, Quiet::Deserted(told)) => Self {
                kind: "low",
                testid: Some("empty-state"),
                how: true,
                ..title("Everybody has returned to the void", &told)
            },
            (_, Quiet::Before(what)) => Self { kind: "low", testid: Some("empty-past"), ..title(what, "") },
            (_, Quiet::Trouble(what, sentence)) => Self {
                kind: "cutting",
                testid: Some("travel-trouble"),
                actions: true,
                ..title(what, &sentence)
            },
            (_, Quiet::Disconnected(reason)) => {
                let reason = if reason.is_empty() { "Trying again; what was seen stays." } else { &reason };
                Self { kind: "cutting", ..title("The thread to the realm is cut", reason) }
            }
        })
    }
}

fn said(app: AppHandle) {
    let views = app.views;
    let quiet = id("quiet");
    follow(move || {
        let said = Said::of(views.quiet.get(), views.canvas.get());
        set(&quiet, "hidden", said.is_none().then_some(""));
        let said = said.unwrap_or_default();
        set(&quiet, "class", Some(&format!("quiet {}", said.kind)));
        set(&quiet, "data-testid", said.testid);
        set(&quiet, "role", said.actions.then_some("alert"));
        let part = |name: &str, shown: bool, text: Option<&str>| {
            let element = id(name);
            set(&element, "hidden", (!shown).then_some(""));
            if let Some(text) = text {
                say(&element, text);
            }
        };
        part("quiet-title", true, Some(&said.title));
        part("quiet-told", !said.told.is_empty(), Some(&said.told));
        part("quiet-how", said.how, None);
        part("quiet-shell", said.curl, None);
        part("quiet-curl", said.curl, Some(&if said.curl { curl(app) } else { String::new() }));
        part("quiet-actions", said.actions, None);
    });
    click("retry", move || app.travel(crate::page::Page::retry));
    click("give-up", move || app.travel(|page| page.leave(true)));
}

/// What one types into a shell to see something here.
fn curl(app: AppHandle) -> String {
    let server = app.server().shown();
    let room = app.views.room.get();
    let (route, body) = if room == arcane_shared::room::DEFAULT_ROOM {
        ("summon".to_owned(), r#"{"daemon_name":"claude"}"#)
    } else {
        (format!("events?room={room}"), r#"{"spell_name":"summon","daemon_name":"claude"}"#)
    };
    format!("curl -X POST '{server}/{route}' -H 'content-type: application/json' -d '{body}'")
}
