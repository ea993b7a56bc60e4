//! What streams, subjects and buckets are called: a prefix, which tells apart clusters that share servers, and a room. Pure.

use std::fmt;

use arcane_shared::RoomName;

use crate::log::SessionId;

/// Longest prefix, in characters (all of them ASCII).
pub const PREFIX_LEN_MAX: usize = 32;
/// The prefix that is used where none is set.
pub const DEFAULT_PREFIX: &str = "arcane";
/// Between a prefix and a room in the name of a stream.
const ROOM: &str = "-room-";
/// The last token of the subjects of decisions.
const DECISIONS: &str = "sp";
/// Before the digest of a session, in the subject of its events.
const SESSIONS: &str = "se";
/// Stands for a dot of a room's name: streams have no dot in their names, and in a subject it ends a token. No room has it
/// in its name.
const DOT: char = '=';

/// What the names of all streams, subjects and buckets of one cluster begin with: 1 to 32 of `[a-z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(Box<str>);

/// Why a prefix was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// Nothing, or more than [`PREFIX_LEN_MAX`] characters.
    #[error("the prefix must have 1 to {PREFIX_LEN_MAX} characters, this one has {0}")]
    Length(usize),
    /// A character outside `[a-z0-9_-]`.
    #[error("the prefix consists of a-z, 0-9, '_' and '-', not {0:?}")]
    Character(char),
    /// With a room behind it, it could be another prefix with another room.
    #[error(
        "the prefix must not contain \"-room-\" or end with \"-room\": both are between a prefix and a room's name"
    )]
    Room,
}

impl Prefix {
    /// Checks a prefix.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        let is_of_a_prefix =
            |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if let Some(other) = text.chars().find(|c| !is_of_a_prefix(c)) {
            return Err(PrefixError::Character(other));
        }
        if text.is_empty() || text.len() > PREFIX_LEN_MAX {
            return Err(PrefixError::Length(text.len()));
        }
        if format!("{text}-").contains(ROOM) {
            return Err(PrefixError::Room);
        }
        Ok(Self(text.into()))
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self(DEFAULT_PREFIX.into())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    prefix: Prefix,
}

impl Names {
    /// The names that begin with a prefix.
    #[must_use]
    pub fn new(prefix: Prefix) -> Self {
        Self { prefix }
    }

    /// The prefix of all of them.
    #[must_use]
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The stream of a room.
    #[must_use]
    pub fn stream(&self, room: &RoomName) -> String {
        format!("{}{ROOM}{}", self.prefix, key(room))
    }

    /// The room of a stream; `None` if it is no stream of a room of this cluster.
    #[must_use]
    pub fn room_of_stream(&self, stream: &str) -> Option<RoomName> {
        room(stream.strip_prefix(&*self.prefix.0)?.strip_prefix(ROOM)?)
    }

    /// The subjects that a room's stream keeps.
    #[must_use]
    pub fn subjects(&self, room: &RoomName) -> String {
        format!("{}.room.{}.>", self.prefix, key(room))
    }

    /// The subject of a room's events, but decisions.
    #[must_use]
    pub fn events(&self, room: &RoomName) -> String {
        format!("{}.room.{}.ev", self.prefix, key(room))
    }

    /// The subject of a room's decisions: spells.
    #[must_use]
    pub fn decisions(&self, room: &RoomName) -> String {
        format!("{}.room.{}.{DECISIONS}", self.prefix, key(room))
    }

    /// The subject of the events of one agent's session.
    #[must_use]
    pub fn session(&self, room: &RoomName, session: SessionId) -> String {
        format!("{}.room.{}.{SESSIONS}.{session:016x}", self.prefix, key(room))
    }

    /// The subjects on which a room's stream says what it has taken.
    #[must_use]
    pub fn live(&self, room: &RoomName) -> String {
        format!("{}.live.{}.>", self.prefix, key(room))
    }

    /// The subject on which nodes tell each other how far their rooms are.
    #[must_use]
    pub fn heads(&self) -> String {
        format!("{}.heads", self.prefix)
    }

    /// The bucket of state that is kept beside the events.
    #[must_use]
    pub fn state_bucket(&self) -> String {
        format!("{}-state", self.prefix)
    }

    /// The bucket of rooms.
    #[must_use]
    pub fn rooms_bucket(&self) -> String {
        format!("{}-rooms", self.prefix)
    }
}

/// Whether a message of a room's stream, or what is told of it, is a decision.
#[must_use]
pub fn is_of_decisions(subject: &str) -> bool {
    subject.rsplit('.').next() == Some(DECISIONS)
}

/// A room as a token of a subject, or as a key of the bucket of rooms.
#[must_use]
pub fn key(room: &RoomName) -> String {
    room.as_str().chars().map(|c| if c == '.' { DOT } else { c }).collect()
}

/// The room that is written so; `None` if none is.
#[must_use]
pub fn room(key: &str) -> Option<RoomName> {
    let name: String = key.chars().map(|c| if c == DOT { '.' } else { c }).collect();
    // A name that is mended, upper-cased or with spaces around it, is another one.
    RoomName::parse(&name).ok().filter(|room| room.as_str() == name && !key.contains('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "[a-z0-9._-]{1,64}";

    #[test]
    fn names_say_what_they_are_of() {
        let (names, room) = (Names::default(), RoomName::parse("team.a").unwrap());
        let all = [
            names.stream(&room),
            names.subjects(&room),
            names.events(&room),
            names.decisions(&room),
            names.session(&room, 0xab),
            names.live(&room),
            names.heads(),
            names.state_bucket(),
            names.rooms_bucket(),
            key(&room),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        arcane-room-team=a
        arcane.room.team=a.>
        arcane.room.team=a.ev
        arcane.room.team=a.sp
        arcane.room.team=a.se.00000000000000ab
        arcane.live.team=a.>
        arcane.heads
        arcane-state
        arcane-rooms
        team=a
        ");
    }

    #[test]
    fn a_prefix_that_is_none_is_refused() {
        let refused = ["", "a.b", "Arcane", "a b", &"a".repeat(33), "a-room-b", "a-room", "a="]
            .map(|text| Prefix::parse(text).unwrap_err().to_string());
        insta::assert_snapshot!(refused.join("\n"), @r#"
        the prefix must have 1 to 32 characters, this one has 0
        the prefix consists of a-z, 0-9, '_' and '-', not '.'
        the prefix consists of a-z, 0-9, '_' and '-', not 'A'
        the prefix consists of a-z, 0-9, '_' and '-', not ' '
        the prefix must have 1 to 32 characters, this one has 33
        the prefix must not contain "-room-" or end with "-room": both are between a prefix and a room's name
        the prefix must not contain "-room-" or end with "-room": both are between a prefix and a room's name
        the prefix consists of a-z, 0-9, '_' and '-', not '='
        "#);
        assert_eq!(Prefix::parse(DEFAULT_PREFIX), Ok(Prefix::default()));
    }

    #[test]
    fn what_is_no_room_of_the_cluster_is_none() {
        let names = Names::default();
        for stream in
            ["KV_arcane-state", "arcane-room-", "arcane-room-A", "other-room-main", "arcane-room-a.b"]
        {
            assert_eq!(names.room_of_stream(stream), None, "{stream}");
        }
    }

    proptest! {
        #[test]
        fn a_room_is_read_from_its_stream_and_its_key(text in NAME) {
            let (names, name) = (Names::default(), RoomName::parse(&text).unwrap());
            prop_assert_eq!(names.room_of_stream(&names.stream(&name)), Some(name.clone()));
            prop_assert_eq!(room(&key(&name)), Some(name.clone()));
            prop_assert!(!names.stream(&name).contains(['.', ' ', '*', '>']));
            prop_assert_eq!(names.events(&name).split('.').count(), 4);
        }

        #[test]
        fn no_two_rooms_of_two_clusters_have_one_stream(
            a in "[a-z]{1,3}(-room|-){0,2}[a-z]{0,3}", b in "[a-z]{1,3}(-room|-){0,2}[a-z]{0,3}",
            c in "(room|-|[a-z.]){1,6}", d in "(room|-|[a-z.]){1,6}",
        ) {
            if let (Ok(a), Ok(b)) = (Prefix::parse(&a), Prefix::parse(&b)) {
                let (c, d) = (RoomName::parse(&c).unwrap(), RoomName::parse(&d).unwrap());
                let (one, other) = (Names::new(a).stream(&c), Names::new(b.clone()).stream(&d));
                prop_assert!(one != other || (one == Names::new(b).stream(&c) && c == d));
            }
        }
    }
}
