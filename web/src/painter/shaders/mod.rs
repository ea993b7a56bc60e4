//! The shaders. They draw what a [`arcane_stage::picture::Picture`] says and decide nothing.
//!
//! All of them read one block: `u_view` is the canvas in CSS pixels, its scale and the time of what breathes; `u_map` the
//! bus and one unit of the stage, pixels; `u_time` the particles' time and brightness, and the pieces of a ribbon.

pub(crate) mod links;
pub(crate) mod marks;
pub(crate) mod particles;
mod terse;
