//! A file that is ours from the first to the last byte. Pure.

use serde_json::Value;

use super::flaw::Flaw;
use super::marked::Marked;
use super::undo::{Attached, Undo};

/// What such a file begins with: it is how it is known again.
pub(crate) const SIGN: &str = "// Written by `arcane attach`";

/// The file as it has to be.
///
/// # Errors
/// If there is a file of somebody else in its place.
pub(crate) fn attach(now: Option<&str>, wanted: &str) -> Result<Attached, Flaw> {
    if let Some(now) = now.filter(|now| !now.starts_with(SIGN)) {
        return Err(Flaw::at(now, 0, "this file is of somebody else; move it away"));
    }
    let undo = Undo { before: None, after: Marked::of(wanted), settings: Vec::new() };
    Ok(Attached { undo, foreign_settings: Vec::new() })
}

/// What stands in such a file of the server and the room.
pub(crate) fn said(now: &str) -> Option<Value> {
    let line = now.lines().find_map(|line| line.strip_prefix("const SAID = "))?;
    serde_json::from_str(line.trim_end_matches(';')).ok()
}

/// The file goes, if it is ours.
pub(crate) fn detach(now: &str) -> Option<String> {
    (!now.starts_with(SIGN)).then(|| now.to_owned())
}
