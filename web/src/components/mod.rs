//! The parts of the page, one a file: what each shows, and what it does when it is used.

pub(crate) mod card;
pub(crate) mod choice;
pub(crate) mod chronicle;
pub(crate) mod daemons;
mod dialog;
pub(crate) mod drawer;
pub(crate) mod event_detail;
pub(crate) mod header;
pub(crate) mod help;
pub(crate) mod recorder;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod spell_bar;
pub(crate) mod stage_view;
pub(crate) mod stats;
pub(crate) mod timeline;
