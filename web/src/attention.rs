//! What calls a human who looks elsewhere: the page's title and icon, a sound, a notification of the system.

use arcane_shared::Seq;
use arcane_stage::counts;
use arcane_stage::daemons;
use arcane_stage::sounds::{Sound, Stinger};
use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::page::Page;
use crate::views::{Views, put};
use crate::{clock, storage};

/// What the setting is when the system tells, too.
pub(crate) const BY_SYSTEM: &str = "on";

/// Least milliseconds between two titles: whether an agent waits is told sooner than how many do.
const TITLE_EVERY_MS: [f64; 2] = [200.0, 1_000.0];

/// Shows how many questions wait for a human, and tells of who has begun to wait. Also while nobody looks. Says whether the title is to
/// follow later.
pub(crate) fn attend(page: &mut Page, views: Views) -> bool {
    let waiting = counts::questions(page.shown().daemons());
    let name = if page.is_demo { "Arcane demo" } else { "Arcane" };
    let name = if waiting == 0 { name.into() } else { format!("({waiting}) {name}") };
    let when = views.when.with_untracked(|when| when.visiting.then(|| format!("◷ {} · ", when.post.when)));
    let title = when.unwrap_or_default() + &name;
    let now = clock::now();
    let differs = document().title() != title;
    let turns = page.titled_waiting != (waiting > 0);
    // The browser draws its own window anew for each title and icon. Of a page that nobody looks at nothing would follow.
    let rests = now - page.titled < TITLE_EVERY_MS[usize::from(!turns)];
    let follows = differs && rests && !document().hidden();
    if differs && !follows {
        page.titled = now;
        document().set_title(&title);
        if turns && let Ok(Some(link)) = document().query_selector("link[rel=icon]") {
            let icon = ["icon.svg", "icon-waiting.svg"][usize::from(waiting > 0)];
            let _ = link.set_attribute("href", icon);
            page.titled_waiting = waiting > 0;
        }
    }
    // A visitor of the past is called by the present.
    if page.recorded.is_none() {
        let since = page.store.daemons().present().filter_map(|one| one.waiting_since).min();
        page.waits.note(since.map(|since| since.unix_millis()), page.present());
        call(page, views);
    }
    follows
}

/// Calls if a daemon has begun to wait since the last time, and the page is not looked at.
fn call(page: &mut Page, views: Views) {
    let waits = page.store.daemons().present().filter_map(|one| Some((one.waiting.last()?.seq, one)));
    let Some((seq, who)) = waits.max_by_key(|(seq, _)| *seq) else {
        page.called.get_or_insert(0);
        return;
    };
    let (title, reason) = (format!("{} waits for you", who.daemon_name), daemons::line(who).to_owned());
    let known: Option<Seq> = page.called.replace(seq.max(page.called.unwrap_or(0)));
    let is_new = known.is_some_and(|known| seq > known);
    if is_new {
        put(views.told.alert, [&title, ": ", &reason].concat());
    }
    if !is_new || !document().hidden() && document().has_focus().unwrap_or(true) {
        return;
    }
    if document().hidden() {
        // No frame comes that would sound.
        let call = Sound { stinger: Stinger::Call, pitch: 0, weight: 1, due: f64::INFINITY };
        page.speaker.play(&[call], clock::now());
    }
    if storage::read(storage::NOTIFY_KEY).as_deref() == Some(BY_SYSTEM) && is_allowed() {
        notify(&title, &reason);
    }
}

/// Whether the browser has notifications at all: without https it has none but for this machine.
fn is_known() -> bool {
    Reflect::has(&window(), &"Notification".into()).unwrap_or(false)
}

fn is_allowed() -> bool {
    is_known() && Notification::permission() == NotificationPermission::Granted
}

fn notify(title: &str, reason: &str) {
    let options = NotificationOptions::new();
    options.set_body(reason);
    // The next one takes its place.
    options.set_tag("arcane");
    // Some browsers have them for service workers only, and say so by throwing.
    if let Ok(notification) = Notification::new_with_options(title, &options) {
        let look = Closure::once_into_js(|| drop(window().focus()));
        notification.set_onclick(Some(look.unchecked_ref()));
    }
}

/// Asks the user whether the system may tell. Without an answer, and where it cannot be asked, nothing is told.
pub(crate) fn ask() {
    if is_known() {
        let _ = Notification::request_permission();
    }
}

/// Why the system tells nothing although it is to; empty: it tells.
pub(crate) fn trouble() -> &'static str {
    let wished = storage::read(storage::NOTIFY_KEY).as_deref() == Some(BY_SYSTEM);
    match () {
        () if !wished || is_allowed() => "",
        () if !is_known() => "This browser has no notifications here: it wants https.",
        () => "The browser does not allow notifications of this page.",
    }
}
