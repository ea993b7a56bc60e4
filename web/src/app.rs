//! The page: its parts, its keys, and what starts when it is there.

use arcane_shared::SpellName;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlCanvasElement, HtmlElement, KeyboardEvent};

use crate::components::{
    chronicle, daemons, event_detail, header, help, recorder, settings, spell_bar, stage_view, stats,
    timeline, visit,
};
use crate::dom::{attribute, class, id, text, the};
use crate::frame_loop;
use crate::page::Page;
use crate::painter::Painter;
use crate::realm::{Realm, query};
use crate::views::Canvas;

/// Ties the page to its state, and begins.
pub(crate) fn attach() {
    let realm = Realm::of_page();
    let views = realm.views;
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
    header::attach(realm);
    daemons::attach(realm);
    stage_view::attach(realm);
    visit::attach(realm);
    spell_bar::attach(realm);
    chronicle::attach(realm);
    timeline::attach(realm);
    event_detail::attach(realm);
    help::attach(realm);
    stats::attach(realm);
    settings::attach(realm);
    recorder::attach(realm);
    window_event_listener(leptos::ev::keydown, move |event| on_key(realm, &event));
    document_listener("visibilitychange", move || {
        realm.with(|page| page.turn_away(document().hidden()));
    });
    window_event_listener(leptos::ev::pagehide, move |_| {
        realm.with(crate::page::Page::save);
    });
    begin(realm, the("scene"));
}

/// A graphics context that is asked for while the first frame is being painted waits for it, and the page with it: a third of
/// a second where a CPU paints. So much later it takes a few milliseconds.
const GPU_RESTED_MS: u64 = 350;

fn begin(realm: Realm, canvas: HtmlCanvasElement) {
    watch_context(realm, &canvas);
    let set_the_stage = {
        let canvas = canvas.clone();
        move || {
            let plain = query().get("renderer").as_deref() == Some("2d");
            let painter = Painter::new(&canvas, plain);
            if painter.is_none() {
                realm.views.canvas.set(Canvas::Absent);
            }
            realm.with(|page| page.painter = painter);
        }
    };
    if crate::clock::is_manual() {
        set_the_stage();
    } else {
        set_timeout(set_the_stage, std::time::Duration::from_millis(GPU_RESTED_MS));
    }
    expose(realm);
    realm.settle_settings();
    if !crate::clock::is_manual() {
        realm.connect();
        realm.learn();
    }
    frame_loop::start(realm, canvas);
}

/// The browser may take the graphics context away and give it back.
fn watch_context(realm: Realm, canvas: &HtmlCanvasElement) {
    let lost = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        event.prevent_default();
        realm.with(|page| page.context_lost = true);
        realm.views.canvas.set(Canvas::Lost);
    });
    let restored = Closure::<dyn FnMut()>::new(move || {
        let back = realm.with(|page| {
            let (_, particles) = page.stage.painted();
            let back = page.painter.as_mut().is_some_and(|painter| painter.restore(particles).is_ok());
            page.context_lost = !back;
            back
        });
        realm.views.canvas.set(if back == Some(true) { Canvas::Painting } else { Canvas::Absent });
    });
    let _ = canvas.add_event_listener_with_callback("webglcontextlost", lost.as_ref().unchecked_ref());
    let _ =
        canvas.add_event_listener_with_callback("webglcontextrestored", restored.as_ref().unchecked_ref());
    lost.forget();
    restored.forget();
}

/// `window.__arcane`: what tests and the curious ask. `state()`, `open(recording)`, and `tick(ms)` of a manual clock.
fn expose(realm: Realm) {
    let state = Closure::<dyn FnMut() -> JsValue>::new(move || {
        realm.with(crate::page::Page::describe).map_or(JsValue::NULL, |text| JsValue::from_str(&text))
    });
    let open = Closure::<dyn FnMut(String)>::new(move |text: String| realm.open_recording(&text));
    let object = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&object, &"open".into(), open.as_ref());
    open.forget();
    let _ = js_sys::Reflect::set(&object, &"state".into(), state.as_ref());
    let _ = js_sys::Reflect::set(&window(), &"__arcane".into(), &object);
    state.forget();
}

fn on_key(realm: Realm, event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let tag = target.map(|element| element.tag_name()).unwrap_or_default();
    let visiting = realm.views.when.with_untracked(|when| when.visiting);
    let in_dialog = document().query_selector("dialog[open]").is_ok_and(|open| open.is_some());
    if event.key() == "Escape" && !in_dialog && tag != "INPUT" {
        if visiting {
            realm.travel(|page| page.leave(true));
        } else if realm.views.wall.get_untracked() {
            realm.toggle_wall();
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
        "?" => realm.views.help.set(true),
        "s" => realm.toggle_sound(),
        "m" => realm.toggle_motion(),
        "f" => realm.filter(|filter| filter.failures = !filter.failures),
        "r" => realm.travel(crate::page::Page::replay),
        // A button that has the focus is pressed by it.
        " " if !matches!(tag.as_str(), "BUTTON" | "A") => {
            event.prevent_default();
            realm.travel(if visiting { Page::toggle_play } else { Page::pause_live });
        }
        "w" => realm.toggle_wall(),
        "i" => {
            realm.views.stats_open.set(true);
            realm.refresh();
        }
        "," => realm.views.settings_open.set(true),
        "d" => recorder::save(realm),
        key => {
            let spell =
                key.parse::<usize>().ok().and_then(|n| SpellName::ALL.get(n.checked_sub(1)?).copied());
            if let Some(spell) = spell {
                realm.filter_spell(spell.as_str());
            }
        }
    }
}

fn document_listener(kind: &str, act: impl FnMut() + 'static) {
    let act = Closure::<dyn FnMut()>::new(act);
    let _ = document().add_event_listener_with_callback(kind, act.as_ref().unchecked_ref());
    act.forget();
}

fn focus(name: &str) {
    let _ = id(name).focus();
}
