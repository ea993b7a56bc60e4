//! The parts of the page, one a file: each ties elements of `index.html` to what they show and do.

pub(crate) mod chronicle;
pub(crate) mod daemons;
pub(crate) mod event_detail;
pub(crate) mod header;
pub(crate) mod help;
pub(crate) mod recorder;
pub(crate) mod settings;
pub(crate) mod spell_bar;
pub(crate) mod stage_view;
pub(crate) mod stats;
pub(crate) mod timeline;
