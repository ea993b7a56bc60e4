//! What is remembered of a file of settings, so that it can be as it was. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::marked::Marked;

/// What a file was, and what was made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    /// The text before; `None`: there was no file.
    pub(crate) before: Option<String>,
    /// The text that was written, with what is new in it.
    pub(crate) after: Marked,
    /// Settings that were not set before.
    pub(crate) settings: Vec<Setting>,
}

/// A setting: the names that lead to it, and its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
}

/// What came of adding to a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attached {
    /// The new text, and how it is undone.
    pub(crate) undo: Undo,
    /// Settings that have another value already, which was left alone.
    pub(crate) foreign_settings: Vec<String>,
}
