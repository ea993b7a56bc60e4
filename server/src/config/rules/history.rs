//! What was asked before, and what a person said to it: what rules are tried on and learnt from. Pure.

use super::Question;

/// Most questions that rules are tried on or learnt from. Those after them are left out, so the newest come first.
pub(super) const HISTORY_MAX: usize = 10_000;

/// A question that a person answered.
#[derive(Debug, Clone, Copy)]
pub struct Past<'p> {
    /// What tells it from all others: the id of its request.
    pub id: &'p str,
    /// The question, whole: of an input of which a part is not known any more, nothing can be said.
    pub question: Question<'p>,
    /// The answer.
    pub answer: Answer,
}

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The tool may run.
    Allowed,
    /// The tool may not run.
    Denied,
}
