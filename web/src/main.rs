//! The dashboard: thin shells around `arcane-stage`, which decides everything.
#![allow(unreachable_pub, reason = "the component macro writes pub")]

mod address;
mod api;
mod app;
mod app_handle;
mod attention;
mod card;
mod clipboard;
mod clock;
mod components;
mod daemon_rows;
mod drawer;
mod frame_loop;
mod keys;
mod later;
mod opened;
mod page;
mod painter;
mod pick;
mod project;
mod rows;
mod sign_in;
mod socket;
mod speaker;
mod statistics;
mod storage;
mod strip;
mod switches;
mod time_travel;
mod views;
mod voice;

use leptos::prelude::*;

fn main() {
    console_error_panic_hook::set_once();
    if document().hidden() {
        begin();
        return;
    }
    // The shell is complete without the program: it is painted first.
    request_animation_frame(|| set_timeout(begin, std::time::Duration::ZERO));
}

/// Puts the page where the shell was.
fn begin() {
    let shell = document().body().and_then(|body| body.first_element_child());
    leptos::mount::mount_to_body(app::App);
    if let Some(shell) = shell {
        shell.remove();
    }
}
