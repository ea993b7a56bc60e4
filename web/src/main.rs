//! The dashboard: thin shells around `arcane-stage`, which decides everything.
#![allow(unreachable_pub, reason = "the component macro writes pub")]

mod api;
mod app;
mod clock;
mod components;
mod dom;
mod frame_loop;
mod page;
mod painter;
mod past_view;
mod project;
mod realm;
mod socket;
mod speaker;
mod statistics;
mod storage;
mod strip;
mod traveller;
mod views;

fn main() {
    console_error_panic_hook::set_once();
    // Leptos renders nothing: signals and effects live as long as what is mounted.
    leptos::mount::mount_to_body(app::attach);
}
