//! One persistent animation-frame closure, and a slow beat that goes on while nobody looks.

use std::cell::RefCell;
use std::rc::Rc;

use arcane_stage::layout::View;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::HtmlCanvasElement;

use crate::project;
use crate::realm::Realm;
use crate::{clock, past_view, strip};

/// Milliseconds between projections of what moves with the circles.
const STAGE_EVERY_MS: f64 = 100.0;
/// Milliseconds between projections of tables and lists.
const TEXT_EVERY_MS: f64 = 250.0;
/// Milliseconds between drawings of the timeline.
const STRIP_EVERY_MS: f64 = 500.0;
/// Milliseconds between polite sentences.
const ANNOUNCE_EVERY_MS: f64 = 5_000.0;
/// Milliseconds between looks at the page's geometry.
const MEASURE_EVERY_MS: f64 = 400.0;
/// Milliseconds between frames where a CPU paints: busy, and idle.
const SOFTWARE_FRAME_MS: [f64; 2] = [40.0, 90.0];
/// Most pixels of the canvas where a CPU paints.
const SOFTWARE_PIXELS: f64 = 700_000.0;

type Tick = Rc<RefCell<Option<Closure<dyn FnMut(f64)>>>>;

/// Starts both. They run as long as the page does.
pub(crate) fn start(realm: Realm, canvas: HtmlCanvasElement) {
    let mut frame = Frame::new(realm, canvas);
    let tick: Tick = Rc::default();
    let again = Rc::clone(&tick);
    *tick.borrow_mut() = Some(Closure::new(move |now: f64| {
        frame.run(now);
        request(&again);
    }));
    request(&tick);
    let beat = Closure::<dyn FnMut()>::new(move || beat(realm));
    let _ =
        window().set_interval_with_callback_and_timeout_and_arguments_0(beat.as_ref().unchecked_ref(), 1_000);
    beat.forget();
}

fn request(tick: &Tick) {
    if let Some(closure) = tick.borrow().as_ref() {
        let _ = window().request_animation_frame(closure.as_ref().unchecked_ref());
    }
}

fn beat(realm: Realm) {
    if realm.with(crate::page::Page::beat) == Some(true) {
        realm.connect();
    }
}

struct Frame {
    realm: Realm,
    canvas: HtmlCanvasElement,
    scale: f32,
    software: bool,
    painted: f64,
    due: [f64; 5],
    labels: Vec<arcane_stage::stage::Label>,
    counts: (u64, u64),
    pace: Pace,
}

/// How fast frames come, and what that costs the picture where a CPU paints.
struct Pace {
    last: f64,
    interval: f64,
    changed: f64,
    tier: usize,
}

impl Pace {
    /// Parts of the full width and height that are painted.
    const SCALES: [f64; 3] = [1.0, 0.75, 0.55];

    /// Takes the time of a frame: slow ones for two seconds cost a tier, fast ones for ten win it back.
    fn take(&mut self, now: f64) {
        let interval = (now - self.last).clamp(0.0, 1_000.0);
        self.last = now;
        self.interval += (interval - self.interval) * 0.1;
        if self.interval > 110.0 && now - self.changed > 2_000.0 && self.tier + 1 < Self::SCALES.len() {
            self.tier += 1;
            self.changed = now;
        } else if self.interval < 30.0 && now - self.changed > 10_000.0 && self.tier > 0 {
            self.tier -= 1;
            self.changed = now;
        }
    }
}

impl Frame {
    fn new(realm: Realm, canvas: HtmlCanvasElement) -> Self {
        let software = realm
            .with(|page| page.painter.as_ref().is_some_and(crate::painter::Painter::is_software))
            == Some(true);
        Self {
            realm,
            canvas,
            scale: 1.0,
            software,
            painted: 0.0,
            due: [0.0; 5],
            labels: Vec::new(),
            counts: (0, 0),
            pace: Pace { last: clock::now(), interval: 16.0, changed: clock::now(), tier: 0 },
        }
    }

    fn run(&mut self, now: f64) {
        // The callback's own time may lie before events that were heard since.
        let now = now.max(clock::now());
        beat(self.realm);
        self.realm.ask_log();
        self.pace.take(now);
        if self.is_due(0, now, MEASURE_EVERY_MS) {
            self.measure();
        }
        let busy = self.realm.with(|page| page.stage.is_busy(now)) == Some(true);
        if !self.software || now - self.painted >= SOFTWARE_FRAME_MS[usize::from(!busy)] {
            self.painted = now;
            let scale = self.scale;
            self.realm.with(|page| page.frame(now, scale));
        }
        let views = self.realm.views;
        if self.is_due(1, now, STAGE_EVERY_MS) {
            let labels = &mut self.labels;
            self.realm.with(|page| {
                project::project_stage(page, views, labels);
                past_view::project(page, views, page.traveller.point);
            });
        }
        if self.is_due(2, now, TEXT_EVERY_MS) {
            self.realm.with(|page| project::project_text(page, views));
        }
        if self.is_due(3, now, STRIP_EVERY_MS) {
            self.realm.with(|page| strip::draw(page));
        }
        if self.is_due(4, now, ANNOUNCE_EVERY_MS) {
            let counts = &mut self.counts;
            self.realm.with(|page| project::announce(page, views, counts));
        }
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
        let Some(hole) = document().get_element_by_id("hole") else { return };
        let (whole, hole) = (self.canvas.get_bounding_client_rect(), hole.get_bounding_client_rect());
        let (width, height) = (whole.width().max(1.0), whole.height().max(1.0));
        let dpr = window().device_pixel_ratio();
        let scale = if self.software {
            (SOFTWARE_PIXELS / (width * height)).sqrt().min(1.0) * Pace::SCALES[self.pace.tier]
        } else {
            dpr.clamp(1.0, 2.0)
        };
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
        self.realm.with(|page| page.stage.set_view(view));
    }
}
