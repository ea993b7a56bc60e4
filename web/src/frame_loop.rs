//! One persistent animation-frame closure, and a slow beat that goes on while nobody looks.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use arcane_shared::Rgb;
use arcane_stage::forced::Forced;
use arcane_stage::layout::View;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlCanvasElement, MessageChannel, MessagePort};

use crate::app_handle::AppHandle;
use crate::clock;
use crate::project;
use crate::storage;
use crate::time_travel::past_view;

/// Milliseconds between projections of tables and lists while little goes on.
const TEXT_EVERY_MS: f64 = 250.0;
/// Milliseconds between looks at who waits for a human, while that changes.
const ATTENTION_MS: f64 = 100.0;
/// Milliseconds between drawings of the timeline.
const STRIP_EVERY_MS: f64 = 500.0;
/// Milliseconds between polite sentences, at least: settings may say more.
const ANNOUNCE_EVERY_MS: f64 = 5_000.0;
/// Milliseconds between looks at the page's geometry.
const MEASURE_EVERY_MS: f64 = 400.0;
/// Milliseconds between frames of a manual clock.
const MANUAL_FRAME_MS: f64 = 1_000.0 / 60.0;

/// Between beats.
const BEAT_EVERY: Duration = Duration::from_secs(1);

type Tick = Rc<RefCell<Option<Closure<dyn FnMut(f64)>>>>;

/// Starts both. They run as long as the page does.
pub(crate) fn start(app: AppHandle, canvas: HtmlCanvasElement) {
    let mut frame = Frame::new(app, canvas);
    if clock::is_manual() {
        by_hand(app, frame);
        return;
    }
    let tick: Tick = Rc::default();
    let again = Rc::clone(&tick);
    *tick.borrow_mut() = Some(Closure::new(move |now: f64| {
        frame.run(now);
        request(&again);
    }));
    request(&tick);
    set_interval(move || beat(app), BEAT_EVERY);
}

/// `window.__arcane.tick(ms)`: time passes by so much, a frame at a time, and the last one is on the canvas.
fn by_hand(app: AppHandle, mut frame: Frame) {
    let tick = Closure::<dyn FnMut(f64)>::new(move |ms: f64| {
        let mut left = ms.clamp(0.0, 600_000.0);
        while left > 0.0 {
            let step = left.min(MANUAL_FRAME_MS);
            left -= step;
            clock::turn(step);
            frame.run(clock::now());
        }
        frame.painted = f64::NEG_INFINITY;
        frame.due = [0.0; 7];
        frame.run(clock::now());
    });
    if let Ok(object) = js_sys::Reflect::get(&window(), &"__arcane".into()) {
        let _ = js_sys::Reflect::set(&object, &"tick".into(), tick.as_ref());
    }
    tick.forget();
    app.refresh();
}

fn request(tick: &Tick) {
    if let Some(closure) = tick.borrow().as_ref() {
        let _ = window().request_animation_frame(closure.as_ref().unchecked_ref());
    }
}

/// A port whose messages arrive when the frame that posted them is done.
fn after_frames(app: AppHandle) -> Option<MessagePort> {
    let channel = MessageChannel::new().ok()?;
    let done = Closure::<dyn FnMut()>::new(move || {
        app.with(crate::page::Page::measure);
    });
    channel.port1().set_onmessage(Some(done.as_ref().unchecked_ref()));
    done.forget();
    Some(channel.port2())
}

fn beat(app: AppHandle) {
    let hidden = document().hidden();
    if app.with(|page| page.beat(hidden)) == Some(true) {
        app.connect();
    }
}

struct Frame {
    app: AppHandle,
    canvas: HtmlCanvasElement,
    scale: f32,
    painted: f64,
    /// The tier that the style sheet knows.
    tier: &'static str,
    due: [f64; 7],
    /// Who waits has changed since it was last told.
    called: bool,
    labels: Vec<arcane_stage::stage::Label>,
    counts: (u64, u64),
    /// Says when a frame has been handed on: what is posted comes after it.
    handed: Option<MessagePort>,
}

impl Frame {
    fn new(app: AppHandle, canvas: HtmlCanvasElement) -> Self {
        Self {
            app,
            canvas,
            scale: 1.0,
            painted: 0.0,
            tier: "",
            due: [0.0; 7],
            called: false,
            labels: Vec::new(),
            counts: (0, 0),
            handed: after_frames(app),
        }
    }

    fn run(&mut self, now: f64) {
        // The callback's own time may lie before events that were heard since.
        let now = now.max(clock::now());
        beat(self.app);
        self.app.ask_log();
        if self.is_due(0, now, MEASURE_EVERY_MS) {
            self.measure();
        }
        let busy = self.paint(now);
        let views = self.app.views;
        self.called |= self.app.with(|page| std::mem::take(&mut page.attention)) == Some(true);
        if self.called && self.is_due(6, now, ATTENTION_MS) {
            self.called = self.app.with(|page| project::project_attention(page, views)) == Some(true);
        }
        let Some([stage_ms, text_ms]) = self.app.with(|page| page.quality.tier().words_ms) else { return };
        let text_ms = if busy { text_ms } else { TEXT_EVERY_MS };
        let texts = self.is_due(2, now, text_ms);
        if texts {
            self.app.with(|page| project::project_text(page, views));
        }
        // Not in one frame with the tables, where a frame has enough to do.
        if (!texts || !busy || clock::is_manual()) && self.is_due(5, now, text_ms) {
            self.app.with(|page| project::project_feed(page, views));
        }
        if texts || self.is_due(1, now, stage_ms) {
            let labels = &mut self.labels;
            self.app.with(|page| {
                project::project_stage(page, views, labels);
                past_view::project(page, views, page.time_travel.point);
            });
        }
        if self.is_due(3, now, STRIP_EVERY_MS) {
            self.app.with(|page| self.app.draw_strip(page));
        }
        if now >= self.due[4] {
            let chosen = storage::read(storage::SUMMARY_KEY).and_then(|seconds| seconds.parse::<u8>().ok());
            self.due[4] =
                now + chosen.map_or(0.0, |seconds| f64::from(seconds) * 1_000.0).max(ANNOUNCE_EVERY_MS);
            let counts = &mut self.counts;
            if chosen != Some(0) {
                self.app.with(|page| project::announce(page, views, counts));
            }
        }
    }

    /// Paints if it is time to: as often as the tier allows, sooner when a cue is due. Says whether much is going on.
    fn paint(&mut self, now: f64) -> bool {
        let (scale, rested) = (self.scale, now - self.painted);
        let (busy, painted, waits) = self
            .app
            .with(|page| {
                let busy = page.stage.is_busy(now);
                let [least, idle] = page.quality.tier().frame_ms;
                if rested < if busy || page.is_due(now) { least } else { idle } {
                    return (busy, false, false);
                }
                page.quality.frame(now);
                (busy, true, page.frame(now, scale))
            })
            .unwrap_or_default();
        if painted {
            self.painted = now;
        }
        if waits && let Some(port) = &self.handed {
            let _ = port.post_message(&JsValue::NULL);
        }
        busy
    }

    fn is_due(&mut self, which: usize, now: f64, every: f64) -> bool {
        let due = now >= self.due[which];
        if due {
            self.due[which] = now + every;
        }
        due
    }

    /// Where the canvas is and which part of it nothing covers.
    fn measure(&mut self) {
        let Some(hole) = self.app.views.stage.hole.get_untracked() else { return };
        let (whole, hole) = (self.canvas.get_bounding_client_rect(), hole.get_bounding_client_rect());
        let (width, height) = (whole.width().max(1.0), whole.height().max(1.0));
        let Some(tier) = self.app.with(|page| page.quality.tier()) else { return };
        if self.tier != tier.name
            && let Some(root) = document().document_element()
        {
            self.tier = tier.name;
            let _ = root.set_attribute("data-tier", tier.name);
        }
        let dpr = window().device_pixel_ratio().min(tier.scale_max).max(1.0);
        let scale = dpr.min((tier.pixels_max / (width * height)).sqrt());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
        let (w, h) = ((width * scale).round() as u32, (height * scale).round() as u32);
        if self.canvas.width() != w || self.canvas.height() != h {
            self.canvas.set_width(w);
            self.canvas.set_height(h);
        }
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
        let view = View {
            width: width as f32,
            height: height as f32,
            stage: [
                (hole.left() - whole.left()) as f32,
                (hole.top() - whole.top()) as f32,
                hole.width() as f32,
                hole.height() as f32,
            ],
        };
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        {
            self.scale = scale as f32;
        }
        let stark = crate::switches::asks_for("(prefers-contrast: more)");
        // Names are 2.4 % of a wall's height, where 16 pixels are less; the style sheet says the same.
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        let type_scale = if self.app.views.wall.get_untracked() && width > 900.0 {
            (height * 0.0015).max(1.0) as f32
        } else {
            1.0
        };
        let forced = forced_colors(&self.canvas);
        self.app.with(|page| {
            page.stage.set_forced(forced);
            page.stage.set_type_scale(type_scale);
            page.stage.set_stark(stark);
            page.stage.set_view(view);
        });
    }
}

/// The system's colours, if it forces them: those that the style sheet gives to the canvas.
fn forced_colors(canvas: &HtmlCanvasElement) -> Option<Forced> {
    if !crate::switches::asks_for("(forced-colors: active)") {
        return None;
    }
    let style = window().get_computed_style(canvas).ok()??;
    let color = |name: &str| {
        let text = style.get_property_value(name).ok()?;
        let mut parts =
            text.split(|char: char| !char.is_ascii_digit()).filter_map(|part| part.parse::<u8>().ok());
        Some(Rgb([parts.next()?, parts.next()?, parts.next()?]))
    };
    Some(Forced {
        ground: color("background-color")?,
        ink: color("color")?,
        chosen: color("border-top-color")?,
    })
}
