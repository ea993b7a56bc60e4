//! What a name may look like: the rule that daemons and rooms share.

/// Longest name, in characters (all of them ASCII).
pub const NAME_LEN_MAX: usize = 64;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("a name must have 1 to {NAME_LEN_MAX} characters, this one is empty")]
    Empty,
    /// More than [`NAME_LEN_MAX`] characters.
    #[error("a name must have 1 to {NAME_LEN_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside `[a-z0-9._-]`.
    #[error("a name consists of a-z, 0-9, '.', '_' and '-', not {0:?}")]
    Character(char),
}

/// Lower-cases and trims `text` and checks it: 1–64 of `[a-z0-9._-]`.
pub(crate) fn normalize(text: &str) -> Result<Box<str>, NameError> {
    let trimmed = text.trim();
    let len = trimmed.chars().count();
    if len == 0 {
        return Err(NameError::Empty);
    }
    if len > NAME_LEN_MAX {
        return Err(NameError::TooLong(len));
    }
    let lower = trimmed.to_ascii_lowercase();
    match lower.chars().find(|c| !is_name_char(*c)) {
        Some(other) => Err(NameError::Character(other)),
        None => Ok(lower.into_boxed_str()),
    }
}

/// Whether a lower-cased character may stand in a name.
#[must_use]
pub fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
}

/// Declares a newtype over a checked name: parsing, display and serde.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Lower-cases, trims and checks `text`.
            ///
            /// # Errors
            /// Says what is wrong with it.
            pub fn parse(text: &str) -> Result<Self, $crate::name::NameError> {
                Ok(Self($crate::name::normalize(text)?.into()))
            }

            /// The name, lower case.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::NameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::name::NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}
pub(crate) use checked_name;
