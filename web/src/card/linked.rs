//! What a link of a notification leads to: the card of a request (`?request=ID`), or what there is to say of a daemon (`?open=NAME`).

use std::time::Duration;

use arcane_stage::asking::linked;
use arcane_stage::link::State;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{Card, open_daemon};
use crate::address::query;
use crate::app_handle::AppHandle;
use crate::clock;

/// Time between two looks whether what is wanted is there.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long it is waited for once the page is connected, milliseconds: who is present, and what the viewer may, is told by answers of their own.
const WAIT_MS: f64 = 3_000.0;
/// How long the page may take to connect: somebody may have to sign in.
const CONNECT_MS: f64 = 600_000.0;

/// Where a link leads.
enum Wanted {
    Request(String),
    Daemon(String),
}

/// Goes where the page's address leads, once. The address does not say so any more then.
pub(crate) fn follow(app: AppHandle) {
    let query = query();
    let request = query.get("request").map(Wanted::Request);
    let Some(wanted) = request.or_else(|| query.get("open").map(Wanted::Daemon)) else { return };
    query.delete("request");
    query.delete("open");
    let (text, location): (String, _) = (query.to_string().into(), window().location());
    let path = location.pathname().unwrap_or_else(|_| "/".into());
    let sign = if text.is_empty() { "" } else { "?" };
    let url = [&path, sign, &text, &location.hash().unwrap_or_default()].concat();
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&url));
    }
    look(app, wanted, clock::now(), None);
}

/// Looks again and again for what is wanted. `live_at`: since when the page has been connected.
fn look(app: AppHandle, wanted: Wanted, began: f64, live_at: Option<f64>) {
    let now = clock::now();
    let is_live = app.with(|page| *page.link.state() == State::Live) == Some(true);
    let live_at = live_at.or(is_live.then_some(now));
    let is_late = live_at.is_some_and(|at| now - at > WAIT_MS);
    let is_done = live_at.is_some() && arrive(app, &wanted, is_late);
    if !is_done && !is_late && now - began < CONNECT_MS {
        set_timeout(move || look(app, wanted, began, live_at), LOOK_EVERY);
    }
}

/// Shows what is wanted, if it is there; says whether nothing is left to be done.
fn arrive(app: AppHandle, wanted: &Wanted, is_late: bool) -> bool {
    match wanted {
        Wanted::Daemon(name) => {
            let is_known = app.with(|page| page.store.daemons().get(name).is_some()) == Some(true);
            if is_known {
                open_daemon(app, name.clone());
            } else if is_late {
                app.tell("The agent of that link is not here any more.");
            }
            is_known
        }
        Wanted::Request(id) => {
            let found =
                app.with(|page| linked::find(&page.store, id).filter(|_| page.presence.may() || is_late));
            let Some(asked) = found.flatten() else {
                if is_late {
                    app.tell("What that link asks was answered already, or has ended.");
                }
                return false;
            };
            Card::of(app.views).show(app, asked);
            true
        }
    }
}
