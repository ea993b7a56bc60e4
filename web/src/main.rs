//! The dashboard: thin shells around `arcane-stage`, which decides everything.
#![allow(unreachable_pub, reason = "the component macro writes pub")]

mod api;
mod app;
mod clock;
mod components;
mod frame_loop;
mod page;
mod painter;
mod past_view;
mod project;
mod reads;
mod realm;
mod socket;
mod speaker;
mod storage;
mod strip;
mod traveller;
mod views;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
    // The static shell has done its duty.
    if let Some(shell) = leptos::prelude::document().get_element_by_id("shell") {
        shell.remove();
    }
}
