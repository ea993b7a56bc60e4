//! What a request may do: the value that a handler must hold to act. Pure.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use arcane_shared::{EventFilter, RoomName};

use super::own_limits::OwnLimits;
use super::rights::{Right, Rights};
use super::scope::{RoomScope, is_audit};

/// Whoever comes without a token to a server that wants none.
const ANONYMOUS: &str = "anonymous";

/// What a token allows, or what a server without keys allows everybody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grant {
    /// Whose token it is.
    pub(crate) subject: Arc<str>,
    /// The token's own name, by which it can be revoked.
    pub(crate) token_id: Option<Arc<str>>,
    /// What it allows.
    pub(crate) rights: Rights,
    /// Where.
    pub(crate) rooms: RoomScope,
    /// Which events its reader gets, whatever the reader asks for.
    pub(crate) filter: EventFilter,
    /// Limits in place of the server's, if there are any.
    pub(crate) limits: Option<Arc<OwnLimits>>,
    /// When the token was made, Unix seconds; 0 if it does not say.
    pub(crate) issued_at: u64,
    /// When it ends, Unix seconds.
    pub(crate) expires_at: Option<u64>,
    /// The key that signed it; `None`: there is no token.
    pub(crate) key: Option<u64>,
}

impl Grant {
    fn holder(&self) -> Holder {
        let subject = Arc::clone(&self.subject);
        if self.key.is_some() { Holder::Token(subject) } else { Holder::Login(subject) }
    }

    fn anonymous() -> Self {
        Self {
            subject: ANONYMOUS.into(),
            token_id: None,
            rights: Rights::all(),
            rooms: RoomScope::all(),
            filter: EventFilter::default(),
            limits: None,
            issued_at: 0,
            expires_at: None,
            key: None,
        }
    }
}

/// Whose a grant is, as refusals call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Who has a token.
    Token(Arc<str>),
    /// Who has logged in at a proxy.
    Login(Arc<str>),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(subject) => write!(f, "the token of {subject}"),
            Self::Login(user) => write!(f, "the login of {user}"),
        }
    }
}

/// Why a request may not, although it is known whose it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forbidden {
    #[error("{holder} does not allow {}; it allows {has}", wanted.as_str())]
    Right { holder: Holder, wanted: Right, has: Rights },
    #[error(
        "{holder} does not allow answer, which an event needs that has metadata.request_id: it tells what was asked and answered; leave request_id out"
    )]
    Requests { holder: Holder },
    #[error("{holder} is not for the room {room}; it is for {rooms}")]
    Room { holder: Holder, room: RoomName, rooms: String },
    #[error("{holder} lets only some events through, and none of what is asked for")]
    Filter { holder: Holder },
    #[error("{holder} lets only some events through; this is made of all of them")]
    Whole { holder: Holder },
    #[error("the room audit is the server's own: administrators read it, and nobody changes it")]
    Audit,
    #[error("{holder} is for some rooms; this is made of all of them")]
    AllRooms { holder: Holder },
}

/// What a request was found to be allowed. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass(Arc<Grant>);

impl From<Arc<Grant>> for Pass {
    fn from(grant: Arc<Grant>) -> Self {
        Self(grant)
    }
}

impl Pass {
    /// Everything, everywhere: for a server that has no keys.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Arc::new(Grant::anonymous()))
    }

    pub(crate) fn grant(&self) -> &Grant {
        &self.0
    }

    /// How long it holds from a time on, Unix seconds; `None`: for ever.
    pub(crate) fn lifetime(&self, now: u64) -> Option<Duration> {
        self.grant().expires_at.map(|at| Duration::from_secs(at.saturating_sub(now)))
    }

    /// Turns it into the value that acts of this kind need.
    pub(crate) fn may<R: Kind>(&self) -> Result<May<R>, Forbidden> {
        self.check(R::RIGHT)?;
        Ok(May { pass: self.clone(), kind: PhantomData })
    }

    pub(crate) fn check(&self, right: Right) -> Result<(), Forbidden> {
        let grant = self.grant();
        if grant.rights.has(right) {
            return Ok(());
        }
        Err(Forbidden::Right { holder: grant.holder(), wanted: right, has: grant.rights })
    }

    /// Whether its holder may tell of what agents ask, and how that was answered.
    pub(crate) fn check_tells_of_requests(&self) -> Result<(), Forbidden> {
        let grant = self.grant();
        if grant.rights.has(Right::Answer) {
            return Ok(());
        }
        Err(Forbidden::Requests { holder: grant.holder() })
    }

    /// Whether a room is in its scope, and its holder may change it.
    pub(crate) fn check_change(&self, room: &RoomName) -> Result<(), Forbidden> {
        self.check_room(room)?;
        if is_audit(room) { Err(Forbidden::Audit) } else { Ok(()) }
    }

    /// Whether a room is in its scope.
    pub(crate) fn check_room(&self, room: &RoomName) -> Result<(), Forbidden> {
        if is_audit(room) {
            self.check(Right::Admin)?;
        }
        let grant = self.grant();
        let rooms = &grant.rooms;
        if rooms.has(room) {
            return Ok(());
        }
        let named = rooms.patterns().collect::<Vec<_>>().join(", ");
        let rooms = if named.is_empty() { "no room".to_owned() } else { named };
        Err(Forbidden::Room { holder: grant.holder(), room: room.clone(), rooms })
    }

    /// What is left of a filter once its own is put on it.
    pub(crate) fn narrow(&self, wanted: &EventFilter) -> Result<EventFilter, Forbidden> {
        let grant = self.grant();
        grant.filter.and(wanted).ok_or_else(|| Forbidden::Filter { holder: grant.holder() })
    }

    /// Whether it may see what is made of all events of a room.
    pub(crate) fn check_whole(&self) -> Result<(), Forbidden> {
        let grant = self.grant();
        if grant.filter.is_empty() { Ok(()) } else { Err(Forbidden::Whole { holder: grant.holder() }) }
    }

    /// Whether it may see what is made of all events of all rooms.
    pub(crate) fn check_all_rooms(&self) -> Result<(), Forbidden> {
        self.check_whole()?;
        let grant = self.grant();
        if grant.rooms.is_all() { Ok(()) } else { Err(Forbidden::AllRooms { holder: grant.holder() }) }
    }
}

/// Proof that a request may act: nothing but [`Pass::may`] makes one.
#[derive(Debug, Clone)]
pub(crate) struct May<R> {
    pass: Pass,
    kind: PhantomData<fn() -> R>,
}

impl<R> std::ops::Deref for May<R> {
    type Target = Pass;

    fn deref(&self) -> &Pass {
        &self.pass
    }
}

/// A kind of act, as a type.
pub(crate) trait Kind: Send + Sync + 'static {
    /// The right that it needs.
    const RIGHT: Right;
}

/// Reading.
#[derive(Debug)]
pub(crate) enum Subscribe {}
/// Publishing.
#[derive(Debug)]
pub(crate) enum Publish {}
/// Casting.
#[derive(Debug)]
pub(crate) enum Cast {}
/// Saying that a failure was seen.
#[derive(Debug)]
pub(crate) enum Answer {}
/// Reading metrics.
#[derive(Debug)]
pub(crate) enum Metrics {}
/// Administrative acts.
#[derive(Debug)]
pub(crate) enum Admin {}

impl Kind for Subscribe {
    const RIGHT: Right = Right::Subscribe;
}
impl Kind for Publish {
    const RIGHT: Right = Right::Publish;
}
impl Kind for Cast {
    const RIGHT: Right = Right::Cast;
}
impl Kind for Answer {
    const RIGHT: Right = Right::Answer;
}
impl Kind for Metrics {
    const RIGHT: Right = Right::Metrics;
}
impl Kind for Admin {
    const RIGHT: Right = Right::Admin;
}
