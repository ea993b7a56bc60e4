//! The page: its parts, its keys, and what starts when it is there.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlCanvasElement;

use crate::address::query;
use crate::app_handle::AppHandle;
use crate::components::chronicle::Chronicle;
use crate::components::daemons::Daemons;
use crate::components::header::Header;
use crate::components::recorder::take_drops;
use crate::components::stage_view::{Canvas, StageView};
use crate::components::timeline::Timeline;
use crate::later::Slot;
use crate::painter::Painter;
use crate::pick::Pick;
use crate::views::Told;
use crate::{frame_loop, keys};

/// When nothing of the page moves any more that moves while it begins: what is fetched then delays nothing.
const SETTLED_AFTER: Duration = Duration::from_millis(1_500);

/// The dashboard.
#[component]
pub(crate) fn App() -> impl IntoView {
    let app = AppHandle::of_page();
    let is_signing_in = app.take_link();
    let views = app.views;
    let dropping = take_drops(app);
    let alive = RwSignal::new(false);
    let settle = move || {
        alive.set(true);
        app.fetch_later();
    };
    set_timeout(settle, SETTLED_AFTER);
    window_event_listener(leptos::ev::keydown, move |event| {
        keys::press(app, &event);
        app.wake_sound();
    });
    window_event_listener(leptos::ev::pointerdown, move |_| app.wake_sound());
    window_event_listener(leptos::ev::visibilitychange, move |_| {
        app.wake_sound();
        app.with(|page| page.turn_away(document().hidden()));
    });
    window_event_listener(leptos::ev::hashchange, move |_| {
        app.take_link();
    });
    window_event_listener(leptos::ev::online, move |_| app.try_now());
    window_event_listener(leptos::ev::focus, move |_| app.try_now());
    window_event_listener(leptos::ev::pagehide, move |_| {
        app.with(crate::page::Page::save);
    });
    views.stage.scene.on_load(move |scene| begin(app, scene, is_signing_in));
    let visiting = views.when.pick(|when| when.visiting);
    let is_down =
        views.header.figures.pick(|figures| matches!(figures.state, "reconnecting" | "disconnected"));
    let cut = Signal::derive(move || is_down.get() && !visiting.get());
    view! {
        <div
            class="realm"
            class:alive=alive
            class:reduced=views.header.reduced
            class:travelling=visiting
            class:storming=views.stage.storm.pick(|storm| !storm.is_empty())
            class:cut=cut
            class:wall=views.wall
            class:badge=views.badge
            class:dropping=dropping
            data-mode=views.when.pick(|when| when.post.mode)
            // Names, and text that the program changes: a translation would take its place, and stand there for ever.
            translate="no"
        >
            <Header state=views.header when=views.when app/>
            <main class="floor">
                <Daemons state=views.daemons app/>
                <StageView state=views.stage app/>
                <Chronicle state=views.chronicle app/>
            </main>
            <Timeline state=views.strip when=views.when app/>
            <Slot app part=|later| later.dialogs/>
            <i class="edge"></i><i class="edge"></i><i class="edge"></i><i class="edge"></i>
            <Corners app/>
            <Messages told=views.told/>
        </div>
    }
}

/// The ways out of the wall for a finger: its corners. Keys have Escape.
#[component]
fn Corners(app: AppHandle) -> impl IntoView {
    let corner = move |place: &'static str| {
        view! { <button class=place aria-label="leave the wall" on:click=move |_| app.toggle_wall()></button> }
    };
    ["corner", "corner right", "corner low", "corner right low"].map(corner)
}

/// What is told in passing, and to those who listen.
#[component]
fn Messages(told: Told) -> impl IntoView {
    view! {
        <p class="notice" data-testid="notice" role="status">{told.notice}</p>
        <p class="unseen" role="status">{told.announcement}</p>
        <p class="unseen" role="alert">{told.alert}</p>
    }
}

/// A graphics context that is asked for while the first frame is being painted waits for it, and the page with it: a third of
/// a second where a CPU paints. So much later it takes a few milliseconds.
const GPU_RESTED_MS: u64 = 350;

fn begin(app: AppHandle, canvas: HtmlCanvasElement, is_signing_in: bool) {
    watch_context(app, &canvas);
    let set_the_stage = {
        let canvas = canvas.clone();
        move || {
            let plain = query().get("renderer").as_deref() == Some("2d");
            let painter = if plain { None } else { Painter::new(&canvas) };
            if painter.is_some() {
                app.with(|page| page.painter = painter);
                return;
            }
            app.with_later(move |later| {
                app.with(|page| {
                    page.painter = (later.plain_painter)(&canvas);
                    if page.painter.is_none() {
                        page.canvas = Canvas::Absent;
                    }
                });
            });
        }
    };
    if crate::clock::is_manual() {
        set_the_stage();
    } else {
        set_timeout(set_the_stage, std::time::Duration::from_millis(GPU_RESTED_MS));
    }
    expose(app);
    app.settle_settings();
    if !crate::clock::is_manual() && !is_signing_in {
        if app.has_room() {
            app.connect();
        }
        app.learn();
    }
    frame_loop::start(app, canvas);
}

/// A graphics context that has not come back until then does not, as a rule.
const GONE_AFTER: Duration = Duration::from_secs(8);

/// The browser may take the graphics context away and give it back.
fn watch_context(app: AppHandle, canvas: &HtmlCanvasElement) {
    let lost = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        event.prevent_default();
        app.with(|page| (page.context_lost, page.canvas) = (true, Canvas::Lost));
        let give_up = move || {
            app.with(|page| {
                if page.canvas == Canvas::Lost {
                    page.canvas = Canvas::Gone;
                }
            });
        };
        set_timeout(give_up, GONE_AFTER);
    });
    let restored = Closure::<dyn FnMut()>::new(move || {
        app.with(|page| {
            let (_, particles) = page.stage.painted();
            let back = page.painter.as_mut().is_some_and(|painter| painter.restore(particles).is_ok());
            page.context_lost = !back;
            page.canvas = if back { Canvas::Painting } else { Canvas::Absent };
        });
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
    let open = Closure::<dyn FnMut(String)>::new(move |text: String| {
        app.with_later(move |later| (later.open_recording)(app, &text));
    });
    let object = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&object, &"open".into(), open.as_ref());
    open.forget();
    let _ = js_sys::Reflect::set(&object, &"state".into(), state.as_ref());
    let _ = js_sys::Reflect::set(&window(), &"__arcane".into(), &object);
    state.forget();
}
