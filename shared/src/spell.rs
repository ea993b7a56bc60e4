//! What is asked of the realm or has happened in it.

use serde::{Deserialize, Serialize};

/// The six spells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SpellName {
    /// A daemon appears in the realm.
    Summon,
    /// A daemon performed a task.
    Invoke,
    /// A daemon leaves the realm.
    Banish,
    /// A look: lists, states, statistics, progress.
    Reveal,
    /// Natural language was read as a spell.
    Parse,
    /// A daemon speaks.
    Voice,
}

impl SpellName {
    /// All of them, in the order in which the seed lists them.
    pub const ALL: [Self; 6] =
        [Self::Summon, Self::Invoke, Self::Banish, Self::Reveal, Self::Parse, Self::Voice];

    /// Its name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summon => "summon",
            Self::Invoke => "invoke",
            Self::Banish => "banish",
            Self::Reveal => "reveal",
            Self::Parse => "parse",
            Self::Voice => "voice",
        }
    }
}

impl std::fmt::Display for SpellName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is none of the six spells.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown spell {0:?}; known are summon, invoke, banish, reveal, parse and voice")]
pub struct UnknownSpell(pub String);

impl std::str::FromStr for SpellName {
    type Err = UnknownSpell;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|spell| spell.as_str() == lower).ok_or(UnknownSpell(text.into()))
    }
}

/// A spell as a reader meets it: a later version may know more than six.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AnySpell {
    /// One of the six.
    Known(SpellName),
    /// Anything else, as it came.
    Unknown(String),
}

impl AnySpell {
    /// The spell, if it is one of the six.
    #[must_use]
    pub fn known(&self) -> Option<SpellName> {
        match self {
            Self::Known(spell) => Some(*spell),
            Self::Unknown(_) => None,
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(spell) => spell.as_str(),
            Self::Unknown(name) => name,
        }
    }
}

impl From<String> for AnySpell {
    fn from(name: String) -> Self {
        SpellName::ALL
            .into_iter()
            .find(|spell| spell.as_str() == name)
            .map_or(Self::Unknown(name), Self::Known)
    }
}

impl From<AnySpell> for String {
    fn from(spell: AnySpell) -> Self {
        spell.as_str().to_owned()
    }
}

impl From<SpellName> for AnySpell {
    fn from(spell: SpellName) -> Self {
        Self::Known(spell)
    }
}
