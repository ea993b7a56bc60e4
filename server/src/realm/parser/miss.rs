//! Why an input is no spell, in words.

use std::fmt;

use super::SPELL_LEN_MAX;
use super::names::NoTarget;

/// Why an input is no spell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// Empty or too long; how long.
    Length(usize),
    /// It says no.
    Negated,
    /// It begins with no form that is known.
    NoForm,
    /// A form without a daemon.
    NoTarget(NoTarget),
    /// An invocation without a task.
    NoTask(String),
    /// Something follows that does not belong to the form.
    Leftover(String),
    /// A parameter given twice.
    Repeated(String),
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(0) => write!(f, "A spell has 1 to {SPELL_LEN_MAX} characters, this one is empty."),
            Self::Length(n) if *n <= SPELL_LEN_MAX => write!(f, "There is nothing but white space here."),
            Self::Length(n) => write!(f, "A spell has 1 to {SPELL_LEN_MAX} characters, this one has {n}."),
            Self::Negated => {
                write!(f, "This spell contains a negation, so nothing was done: say what should happen.")
            }
            Self::NoForm => {
                write!(f, "No spell begins like this: try summon, invoke, banish, status of or list daemons.")
            }
            Self::NoTarget(NoTarget::Missing(None)) => write!(f, "The name of a daemon is missing."),
            Self::NoTarget(NoTarget::Missing(Some(word))) => {
                write!(f, "The name of a daemon is missing: “{}” is none.", short(word))
            }
            Self::NoTarget(NoTarget::Invalid(word)) => write!(
                f,
                "“{}” cannot be a daemon's name: a name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and a letter.",
                short(word)
            ),
            Self::NoTarget(NoTarget::Doubtful(word)) => write!(
                f,
                "“{0}” is no daemon that is known, and here it could be any word: say “the {0} daemon” if it is one.",
                short(word)
            ),
            Self::NoTask(name) => write!(f, "A task is missing: say what {name} should do, after “to”."),
            Self::Leftover(text) => {
                write!(f, "“{}” was not understood here: a spell names one daemon.", short(text))
            }
            Self::Repeated(name) => write!(f, "The parameter “{}” is given twice.", short(name)),
        }
    }
}

fn short(text: &str) -> String {
    let mut chars = text.chars();
    let mut cut: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

impl From<NoTarget> for Miss {
    fn from(no: NoTarget) -> Self {
        Self::NoTarget(no)
    }
}
