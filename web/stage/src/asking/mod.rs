//! What agents ask a human, as the page's answer card shows it: what is asked, what may be said, when, and how it ended. Pure.

pub mod always;
pub mod diff;
pub mod end;
pub mod form;
pub mod guard;
pub mod input;
pub mod linked;
pub mod request;
pub mod rules;
pub mod wait;
