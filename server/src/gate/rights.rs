//! What a token may allow. Pure.

use std::fmt;
use std::str::FromStr;

/// One thing that a token may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Right {
    /// Reading events, past and present, and what is folded from them.
    Subscribe = 1,
    /// Publishing events.
    Publish = 2,
    /// Casting spells: summoning, invoking, banishing, speaking.
    Cast = 4,
    /// Answering for a human: what agents ask, and that a failure was seen.
    Answer = 8,
    /// Reading the server's metrics.
    Metrics = 16,
    /// Administrative acts: closing rooms, purging events, forgetting daemons and consumers, adding and removing rules.
    Admin = 32,
}

impl Right {
    /// All of them, in the order in which they are named.
    pub(crate) const ALL: [Self; 6] =
        [Self::Subscribe, Self::Publish, Self::Cast, Self::Answer, Self::Metrics, Self::Admin];

    /// The right of exactly this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == name)
    }

    /// Its name in a token's `can`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Publish => "publish",
            Self::Cast => "cast",
            Self::Answer => "answer",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }
}

/// A word that is no right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no right {0:?}; there are subscribe, publish, cast, answer, metrics and admin")]
pub(crate) struct RightError(String);

impl FromStr for Right {
    type Err = RightError;

    fn from_str(text: &str) -> Result<Self, RightError> {
        // In a list that a person types there may be spaces.
        Self::named(text.trim()).ok_or_else(|| RightError(text.into()))
    }
}

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rights(u8);

impl Rights {
    /// Every right.
    pub(crate) fn all() -> Self {
        Right::ALL.into_iter().collect()
    }

    pub(crate) fn has(self, right: Right) -> bool {
        self.0 & right as u8 != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |set, right| set | right as u8))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Right::as_str).collect();
        f.write_str(if names.is_empty() { "nothing" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}
