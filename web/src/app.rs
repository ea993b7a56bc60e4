//! The page: its parts, its keys, and what starts when it is there.

use arcane_shared::SpellName;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlCanvasElement, HtmlElement, KeyboardEvent};

use crate::app_handle::{AppHandle, query};
use crate::components::{
    chronicle, daemons, event_detail, header, help, recorder, settings, spell_bar, stage_view, stats,
    timeline,
};
use crate::dom::{attribute, class, id, text, the};
use crate::frame_loop;
use crate::page::Page;
use crate::painter::Painter;
use crate::time_travel::banner;
use crate::views::Canvas;

/// Ties the page to its state, and begins.
pub(crate) fn attach() {
    let app = AppHandle::of_page();
    let views = app.views;
    let settled = RwSignal::new(false);
    class("realm", "alive", move || settled.get());
    set_timeout(move || settled.set(true), std::time::Duration::from_millis(1_500));
    class("realm", "reduced", move || views.reduced.get());
    class("realm", "travelling", move || views.when.with(|when| when.visiting));
    attribute("realm", "data-mode", move || Some(views.when.with(|when| when.post.mode.into())));
    class("realm", "storming", move || views.storm.with(Option::is_some));
    class("realm", "cut", move || {
        views.header.with(|h| matches!(h.state, "reconnecting" | "disconnected"))
            && views.when.with(|when| !when.visiting)
    });
    class("realm", "wall", move || views.wall.get());
    text("notice", move || views.notice.get());
    class("realm", "badge", move || views.badge.get());
    text("announcement", move || views.announcement.get());
    text("alert", move || views.alert.get());
    header::attach(app);
    daemons::attach(app);
    stage_view::attach(app);
    banner::attach(app);
    spell_bar::attach(app);
    chronicle::attach(app);
    timeline::attach(app);
    event_detail::attach(app);
    help::attach(app);
    stats::attach(app);
    settings::attach(app);
    recorder::attach(app);
    window_event_listener(leptos::ev::keydown, move |event| on_key(app, &event));
    window_event_listener(leptos::ev::visibilitychange, move |_| {
        app.with(|page| page.turn_away(document().hidden()));
    });
    window_event_listener(leptos::ev::pagehide, move |_| {
        app.with(crate::page::Page::save);
    });
    begin(app, the("scene"));
}

/// A graphics context that is asked for while the first frame is being painted waits for it, and the page with it: a third of
/// a second where a CPU paints. So much later it takes a few milliseconds.
const GPU_RESTED_MS: u64 = 350;

fn begin(app: AppHandle, canvas: HtmlCanvasElement) {
    watch_context(app, &canvas);
    let set_the_stage = {
        let canvas = canvas.clone();
        move || {
            let plain = query().get("renderer").as_deref() == Some("2d");
            let painter = Painter::new(&canvas, plain);
            if painter.is_none() {
                app.views.canvas.set(Canvas::Absent);
            }
            app.with(|page| page.painter = painter);
        }
    };
    if crate::clock::is_manual() {
        set_the_stage();
    } else {
        set_timeout(set_the_stage, std::time::Duration::from_millis(GPU_RESTED_MS));
    }
    expose(app);
    app.settle_settings();
    if !crate::clock::is_manual() {
        app.connect();
        app.learn();
    }
    frame_loop::start(app, canvas);
}

/// The browser may take the graphics context away and give it back.
fn watch_context(app: AppHandle, canvas: &HtmlCanvasElement) {
    let lost = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        event.prevent_default();
        app.with(|page| page.context_lost = true);
        app.views.canvas.set(Canvas::Lost);
    });
    let restored = Closure::<dyn FnMut()>::new(move || {
        let back = app.with(|page| {
            let (_, particles) = page.stage.painted();
            let back = page.painter.as_mut().is_some_and(|painter| painter.restore(particles).is_ok());
            page.context_lost = !back;
            back
        });
        app.views.canvas.set(if back == Some(true) { Canvas::Painting } else { Canvas::Absent });
    });
    let _ = canvas.add_event_listener_with_callback("webglcontextlost", lost.as_ref().unchecked_ref());
    let _ =
        canvas.add_event_listener_with_callback("webglcontextrestored", restored.as_ref().unchecked_ref());
    lost.forget();
    restored.forget();
}

/// `window.__arcane`: what tests and the curious ask. `state()`, `open(recording)`, and `tick(ms)` of a manual clock.
fn expose(app: AppHandle) {
    let state = Closure::<dyn FnMut() -> JsValue>::new(move || {
        app.with(crate::page::Page::describe).map_or(JsValue::NULL, |text| JsValue::from_str(&text))
    });
    let open = Closure::<dyn FnMut(String)>::new(move |text: String| app.open_recording(&text));
    let object = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&object, &"open".into(), open.as_ref());
    open.forget();
    let _ = js_sys::Reflect::set(&object, &"state".into(), state.as_ref());
    let _ = js_sys::Reflect::set(&window(), &"__arcane".into(), &object);
    state.forget();
}

fn on_key(app: AppHandle, event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let tag = target.map(|element| element.tag_name()).unwrap_or_default();
    let visiting = app.views.when.with_untracked(|when| when.visiting);
    let in_dialog = document().query_selector("dialog[open]").is_ok_and(|open| open.is_some());
    if event.key() == "Escape" && !in_dialog && tag != "INPUT" {
        if visiting {
            app.travel(|page| page.leave(true));
        } else if app.views.wall.get_untracked() {
            app.toggle_wall();
        }
        return;
    }
    let typing = matches!(tag.as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    if typing || in_dialog || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    match event.key().as_str() {
        "/" => {
            event.prevent_default();
            focus("spell");
        }
        "t" => focus("scrubber"),
        "?" => app.views.help.set(true),
        "s" => app.toggle_sound(),
        "m" => app.toggle_motion(),
        "f" => app.filter(|filter| filter.failures = !filter.failures),
        "r" => app.travel(crate::page::Page::replay),
        // A button that has the focus is pressed by it.
        " " if !matches!(tag.as_str(), "BUTTON" | "A") => {
            event.prevent_default();
            app.travel(if visiting { Page::toggle_play } else { Page::pause_live });
        }
        "w" => app.toggle_wall(),
        "i" => {
            app.views.stats_open.set(true);
            app.refresh();
        }
        "," => app.views.settings_open.set(true),
        "d" => recorder::save(app),
        key => {
            let spell =
                key.parse::<usize>().ok().and_then(|n| SpellName::ALL.get(n.checked_sub(1)?).copied());
            if let Some(spell) = spell {
                app.filter_spell(spell.as_str());
            }
        }
    }
}

fn focus(name: &str) {
    let _ = id(name).focus();
}
