//! Why a file of settings is left as it is. Pure.

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub(crate) struct Flaw {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// In a sentence, with what would be right.
    pub(crate) what: String,
}

impl Flaw {
    /// A flaw at a position in bytes.
    pub(crate) fn at(text: &str, position: usize, what: impl Into<String>) -> Self {
        let before = &text[..text.floor_char_boundary(position)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().filter(|c| *c != '\u{feff}').count() + 1;
        Self { line: before.matches('\n').count() + 1, column, what: what.into() }
    }
}
