//! What happened, as publishers and readers saw it: a line for everything that was sent, answered and read. Plain data.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

/// A moment: time since the run began.
pub type Moment = Duration;

/// What an event says. Each publication has words of its own, so that an event tells which publication it is of.
pub type Content = Arc<str>;

/// All that was seen.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What was sent, in any order.
    pub published: Vec<Published>,
    /// What readers were given while they followed a room: of each reader in the order in which it was given them.
    pub reads: Vec<Read>,
    /// The nodes that were read whole at the end.
    pub nodes: Vec<Arc<str>>,
    /// What they had: of each node and room in order.
    pub kept: Vec<Read>,
    /// Readers that followed a room from its first event to its last, with the room.
    pub followers: Vec<(Arc<str>, Arc<str>)>,
    /// How readers went on that had lost their connections.
    pub resumes: Vec<Resume>,
    /// Readers of durable consumers, of each consumer in the order in which they took over.
    pub turns: Vec<Turn>,
    /// Acknowledgements for durable consumers, in any order.
    pub acks: Vec<Ack>,
    /// Spells that were cast, in any order.
    pub casts: Vec<Cast>,
    /// What the nodes said at the end of the daemons that spells were cast on.
    pub cards: Vec<Card>,
    /// Answers that no node may give, with what was asked.
    pub unexpected: Vec<String>,
}

/// A reader that went on after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Who.
    pub reader: Arc<str>,
    /// At which node.
    pub node: Arc<str>,
    /// Where.
    pub room: Arc<str>,
    /// After which event.
    pub seq: u64,
    /// When it was told what came of it.
    pub at: Moment,
    /// Why it could not go on without a hole; `None` if it could.
    pub refused: Option<String>,
}

/// A reader of a durable consumer: it has taken over from the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Whose position it reads from.
    pub consumer: Arc<str>,
    /// Which turn of the consumer, from 0 on.
    pub n: usize,
    /// At which node.
    pub node: Arc<str>,
    /// When it asked for the consumer.
    pub asked: Moment,
    /// When it was told that it has it.
    pub began: Moment,
    /// The first event that it was given; none: it was given none.
    pub first: Option<u64>,
}

/// An acknowledgement: events up to a number were processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// For whom.
    pub consumer: Arc<str>,
    /// The reader that said so on its stream; none: it was a request of its own.
    pub turn: Option<usize>,
    /// The number.
    pub seq: u64,
    /// When it was sent.
    pub sent: Moment,
    /// When it was answered that it is kept. On a stream nothing says so.
    pub kept: Option<Moment>,
}

/// One publication: an event, or several that are to stand next to each other.
#[derive(Debug, Clone)]
pub struct Published {
    /// Where.
    pub room: Arc<str>,
    /// What, in order; at least one.
    pub contents: Vec<Content>,
    /// The key that makes it be taken once, however often it is sent.
    pub key: Option<Arc<str>>,
    /// When it was sent for the first time.
    pub sent: Moment,
    /// When its answer came.
    pub answered: Moment,
    /// What the answer was.
    pub outcome: Outcome,
}

/// What a publisher was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken: its first event has this number.
    Taken {
        /// The number.
        first: u64,
    },
    /// It was not taken.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// An event that was given to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Who read: a reader that follows, or a node that was read whole at the end.
    pub reader: Arc<str>,
    /// Where.
    pub room: Arc<str>,
    /// The run of numbers that the room was in.
    pub epoch: Arc<str>,
    /// The event's number.
    pub seq: u64,
    /// What it says.
    pub content: Content,
    /// Of its bytes, all of them: [`digest`].
    pub digest: u64,
    /// Who made it.
    pub source: Source,
}

/// Who made an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A publisher.
    Publisher,
    /// The realm: a spell that was cast on a daemon, and whether it was accepted.
    Spell {
        /// Which.
        spell: Spell,
        /// On whom.
        daemon: Arc<str>,
        /// What the realm decided.
        is_accepted: bool,
    },
    /// The realm: what a daemon says of a spell.
    Narration,
}

/// A spell that casters cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spell {
    /// A daemon comes; refused if it is present.
    Summon,
    /// A daemon performs a task; refused if it is absent.
    Invoke,
    /// A daemon goes; refused if it is absent.
    Banish,
}

impl Spell {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Summon, Self::Invoke, Self::Banish];

    /// Its word in events and in paths of requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summon => "summon",
            Self::Invoke => "invoke",
            Self::Banish => "banish",
        }
    }
}

/// One spell that was cast.
#[derive(Debug, Clone)]
pub struct Cast {
    /// In which room its event is.
    pub room: Arc<str>,
    /// Which.
    pub spell: Spell,
    /// On whom.
    pub daemon: Arc<str>,
    /// When it was sent.
    pub sent: Moment,
    /// When its answer came.
    pub answered: Moment,
    /// What the answer was.
    pub decision: Decision,
}

/// What a caster was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It was accepted: its event has this number.
    Accepted {
        /// The number.
        seq: u64,
    },
    /// It was refused, and an event tells of it.
    Refused,
    /// It was not cast: there is no event.
    NotCast,
    /// Nobody knows.
    Unknown,
}

/// What a node says of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Which node.
    pub node: Arc<str>,
    /// Which daemon.
    pub daemon: Arc<str>,
    /// Whether it is present.
    pub is_present: bool,
    /// How many invocations it ever had.
    pub invocations: u64,
    /// All that the node says of it.
    pub whole: Arc<str>,
}

/// Tells bytes apart within a run.
#[must_use]
pub fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
