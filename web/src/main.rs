//! The dashboard: thin shells around `arcane-stage`, which decides everything.
#![allow(unreachable_pub, reason = "the component macro writes pub")]

mod api;
mod app;
mod app_handle;
mod clock;
mod components;
mod dom;
mod frame_loop;
mod page;
mod painter;
mod project;
mod socket;
mod speaker;
mod statistics;
mod storage;
mod strip;
mod time_travel;
mod views;

use leptos::prelude::{document, request_animation_frame, set_timeout};

fn main() {
    console_error_panic_hook::set_once();
    // Leptos renders nothing: signals and effects live as long as what is mounted.
    let begin = || leptos::mount::mount_to_body(app::attach);
    if document().hidden() {
        begin();
        return;
    }
    // The document is complete without the program: it is painted first.
    request_animation_frame(move || set_timeout(begin, std::time::Duration::ZERO));
}
