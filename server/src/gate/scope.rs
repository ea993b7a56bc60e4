//! Which rooms a token is for. Pure.

use std::str::FromStr;

use arcane_shared::RoomName;

/// The room in which the server tells of administrative acts and refusals: administrators read it, and nobody writes to it.
const AUDIT_ROOM: &str = "audit";

/// The room of the audit log.
pub(crate) fn audit_room() -> RoomName {
    #[expect(clippy::expect_used, reason = "a constant that a test checks")]
    RoomName::parse(AUDIT_ROOM).expect("a room's name")
}

/// Whether a room is the server's own.
pub(super) fn is_audit(room: &RoomName) -> bool {
    room.as_str() == AUDIT_ROOM
}

/// A room's name, the beginning of several (`team-*`), or all of them (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoomPattern {
    Name(RoomName),
    Prefix(String),
}

/// What is no pattern of rooms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a room's name, nor the beginning of one with * behind it, nor *")]
pub(crate) struct RoomPatternError(String);

impl FromStr for RoomPattern {
    type Err = RoomPatternError;

    fn from_str(text: &str) -> Result<Self, RoomPatternError> {
        let wrong = || RoomPatternError(text.into());
        match text.trim().strip_suffix('*') {
            Some("") => Ok(Self::Prefix(String::new())),
            Some(prefix) => {
                // The beginning of a name is one as well, and is written as a name is: in lower case.
                let name = RoomName::parse(prefix).map_err(|_| wrong())?;
                Ok(Self::Prefix(name.as_str().to_owned()))
            }
            None => RoomName::parse(text).map(Self::Name).map_err(|_| wrong()),
        }
    }
}

impl std::fmt::Display for RoomPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// The rooms that any of some patterns is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RoomScope(Vec<RoomPattern>);

impl RoomScope {
    /// Every room.
    pub(crate) fn all() -> Self {
        Self(vec![RoomPattern::Prefix(String::new())])
    }

    pub(crate) fn has(&self, room: &RoomName) -> bool {
        self.0.iter().any(|pattern| match pattern {
            RoomPattern::Name(name) => name == room,
            RoomPattern::Prefix(prefix) => room.as_str().starts_with(prefix.as_str()),
        })
    }

    /// Whether every room is in it, whatever its name.
    pub(crate) fn is_all(&self) -> bool {
        self.0.iter().any(|pattern| *pattern == RoomPattern::Prefix(String::new()))
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

impl FromIterator<RoomPattern> for RoomScope {
    fn from_iter<I: IntoIterator<Item = RoomPattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(patterns: &[&str]) -> RoomScope {
        patterns.iter().map(|pattern| pattern.parse::<RoomPattern>().unwrap()).collect()
    }

    fn has(patterns: &[&str], room: &str) -> bool {
        scope(patterns).has(&RoomName::parse(room).unwrap())
    }

    #[test]
    fn a_name_is_one_room_and_a_beginning_is_many() {
        assert!(has(&["main"], "main"));
        assert!(!has(&["main"], "main2"));
        assert!(has(&["team-*"], "team-a") && has(&["team-*"], "team-"));
        assert!(!has(&["team-*"], "team") && !has(&["team-*"], "main"));
        assert!(has(&["Team-*"], "team-a"), "names do not distinguish case");
        assert!(has(&["*"], "anything"));
        assert!(!has(&[], "main"), "no rooms are none, not all");
        assert!(scope(&["main", "*"]).is_all() && !scope(&["m*"]).is_all());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "a b", "*a", "a*b", "**", "a/"] {
            assert!(text.parse::<RoomPattern>().is_err(), "{text}");
        }
    }
}
