//! A hook that stands in a file. Pure.

/// A hook that runs this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hooked {
    /// Its event.
    pub(crate) event: String,
    /// Where it stands among the event's entries, and in its entry.
    pub(crate) place: (usize, usize),
    /// What it runs.
    pub(crate) line: String,
    /// The server that it speaks to, where it says one.
    pub(crate) url: Option<String>,
    /// The room that its events go to, where it says one; it need not be a name.
    pub(crate) room: Option<String>,
    /// It is a plugin that takes answers from elsewhere.
    pub(crate) answers: bool,
}
