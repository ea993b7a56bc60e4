//! Settings of agents: what has to stand in them so that an agent tells of itself, put there and taken out again.
//!
//! Everything is decided on texts: what a file is and what is wanted make what it has to be, and how that is undone.
//! `files` and `store` read and write. A text that its agent would not take is refused, and nothing is written.

pub(crate) mod agents;
pub(crate) mod command;
pub(crate) mod files;
mod flaw;
pub(crate) mod hooked;
pub(crate) mod json;
mod marked;
pub(crate) mod state;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod toml;
pub(crate) mod undo;
mod whole;

use std::path::PathBuf;

use flaw::Flaw;
use undo::{Attached, Undo};

/// A file of an agent, and what has to stand in it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// What it is for: `hooks`, `telemetry`, `hooks and telemetry`, `plugin`.
    pub(crate) what: &'static str,
    /// What has to stand in it.
    pub(crate) content: Content,
}

/// What has to stand in a file.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Json(json::Wanted),
    Toml(toml::Wanted),
    Whole(String),
}

impl Content {
    /// A text with everything that is wanted.
    ///
    /// # Errors
    /// If the agent would not take the text as it is.
    pub(crate) fn attach(&self, now: Option<&str>, undo: Option<&Undo>) -> Result<Attached, Flaw> {
        match self {
            Self::Json(wanted) => json::attach(now, undo, wanted),
            Self::Toml(wanted) => toml::attach(now, undo, wanted),
            Self::Whole(wanted) => whole::attach(now, wanted),
        }
    }

    /// A text without anything that was put there; `None`: the file goes.
    ///
    /// # Errors
    /// If the agent would not take the text as it is.
    pub(crate) fn detach(&self, now: &str, undo: Option<&Undo>) -> Result<Option<String>, Flaw> {
        match self {
            Self::Json(wanted) => json::detach(now, undo, wanted),
            Self::Toml(wanted) => toml::detach(now, undo, wanted),
            Self::Whole(_) => Ok(whole::detach(now)),
        }
    }
}
