//! The server's parts, for a request that may use them. A handler has no other way to them.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use arcane_shared::{DaemonName, EventFilter, RoomName};
use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;

use super::Site;
use super::error::ApiError;
use crate::budget::Budget;
use crate::bus::HeldRoom;
use crate::bus::history::Allowance;
use crate::config::NetConfig;
use crate::gate::limits::{Counted, Subject, TooMuch};
use crate::gate::pass::{Cast, Kind, Subscribe};
use crate::gate::places::{Place, TooManyOpen};
use crate::gate::rights::Right;
use crate::gate::{Forbidden, May, Pass, TokenError};
use crate::intake::{self, Draft};
use crate::query::Pairs;
use crate::state::AppState;
use crate::stream::StreamQuery;

/// What the gate found out about a request: left among its extensions for the handler.
#[derive(Debug, Clone)]
pub(super) struct Identified {
    /// What the request may.
    pub(super) pass: Result<Pass, TokenError>,
    /// The address that it comes from, if that is known.
    pub(super) peer: Option<IpAddr>,
}

/// The parts of the server, for a request with the right `R`.
#[derive(Debug)]
pub(crate) struct Allowed<R> {
    state: AppState,
    may: May<R>,
    peer: Option<IpAddr>,
}

impl<R: Kind> Allowed<R> {
    /// Checks the right of a request that was identified.
    pub(super) fn new(state: AppState, extensions: &Extensions) -> Result<Self, ApiError> {
        let Some(Identified { pass, peer }) = extensions.get::<Identified>() else {
            return Err(TokenError::Missing.into());
        };
        let may = pass.clone()?.may::<R>()?;
        let allowed = Self { state, may, peer: *peer };
        if R::RIGHT == Right::Cast {
            // Spells act in the default room.
            allowed.may.check_room(&RoomName::default())?;
            allowed.take(Counted::Spells, 1)?;
        }
        Ok(allowed)
    }

    /// The room that a query names, if it is one of this request's.
    pub(crate) fn room(&self, query: &Pairs) -> Result<RoomName, ApiError> {
        self.in_scope(query.room()?)
    }

    /// A room, if it is one of this request's.
    pub(crate) fn in_scope(&self, room: RoomName) -> Result<RoomName, ApiError> {
        self.may.check_room(&room)?;
        Ok(room)
    }

    /// A room that this request is to change, if it may.
    pub(crate) fn changed(&self, room: RoomName) -> Result<RoomName, ApiError> {
        self.may.check_change(&room)?;
        Ok(room)
    }

    /// Takes so much of what the subject may do.
    pub(crate) fn take(&self, what: Counted, units: usize) -> Result<(), TooMuch> {
        self.state.take(&self.subject(), what, units)
    }

    /// Waits until so much may be taken, and takes it. A wait ends with the token: what was granted before it may not hold after it.
    pub(crate) async fn take_in_turn(&self, what: Counted, units: usize) -> Result<(), TokenError> {
        while let Err(error) = self.take(what, units) {
            let mut token = self.gate.watch(self.pass().clone());
            tokio::select! {
                ended = token.ended() => return Err(ended),
                () = tokio::time::sleep(error.wait) => {}
            }
        }
        Ok(())
    }

    /// Whether the token still holds: to be asked after anything that may have taken a while, before the act.
    pub(crate) fn recheck(&self) -> Result<(), TokenError> {
        self.gate.recheck(self.pass())
    }

    /// Brings a room into memory; one that is not there counts.
    pub(crate) async fn open_room(&self, room: &RoomName) -> Result<HeldRoom, ApiError> {
        self.count_room(room)?;
        Ok(self.bus.open_room(room).await?)
    }

    /// Places for a stream of this request's subject.
    pub(crate) fn places(&self, query: &StreamQuery) -> Result<Vec<Place>, TooManyOpen> {
        self.state.places(&self.subject(), &query.room, query.is_replay())
    }

    /// Counts a room that this request would be the first to open.
    pub(crate) fn count_room(&self, room: &RoomName) -> Result<(), TooMuch> {
        self.state.count_room(&self.subject(), room)
    }

    /// Counts the daemons that this request would be the first to name in a room.
    pub(crate) fn count_daemons<'a>(
        &self,
        room: &HeldRoom,
        names: impl IntoIterator<Item = &'a DaemonName>,
    ) -> Result<(), TooMuch> {
        self.state.count_daemons(&self.subject(), room, names.into_iter())
    }

    /// Whether it may publish these events in a room; counts the daemons that they would be the first to name there.
    pub(crate) fn check_events<'d>(
        &self,
        room: &HeldRoom,
        drafts: impl Iterator<Item = &'d Draft> + Clone,
    ) -> Result<(), ApiError> {
        if intake::tells_of_requests(drafts.clone()) {
            self.may.check_tells_of_requests()?;
        }
        Ok(self.count_daemons(room, drafts.filter_map(|draft| draft.daemon_name.as_ref()))?)
    }

    fn subject(&self) -> Subject {
        self.gate.subject(&self.may, self.peer)
    }

    pub(crate) fn pass(&self) -> &Pass {
        &self.may
    }
}

impl Allowed<Cast> {
    /// Counts the daemon that a spell is about, if nobody has told of it.
    pub(crate) fn count_named(&self, daemon: &DaemonName) -> Result<(), TooMuch> {
        self.count_daemons(&self.bus.default_room(), [daemon])
    }
}

impl<R: Kind> Allowed<R> {
    /// A turn to ask the log; held until the answer is made.
    pub(crate) async fn query(&self) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        let turn = self.gate.query(self.subject()).await;
        let turn = turn.map_err(|error| {
            self.metrics.refused("queries");
            ApiError::from(error)
        })?;
        self.recheck()?;
        Ok(turn)
    }

    /// How long the log may work on what this request asks.
    pub(crate) fn query_time(&self) -> Allowance {
        Allowance::of(self.gate.query_time(&self.subject()))
    }
}

impl Allowed<Subscribe> {
    /// The events that a query asks for, as far as this request may see them.
    pub(crate) fn filter(&self, query: &Pairs) -> Result<EventFilter, ApiError> {
        Ok(self.may.narrow(&query.filter()?)?)
    }

    /// A stream, as far as this request may see it.
    pub(crate) fn stream(&self, mut query: StreamQuery) -> Result<StreamQuery, Forbidden> {
        query.narrow(&self.may)?;
        Ok(query)
    }

    /// Proof that what is folded from all events of a room may be seen.
    pub(crate) fn whole(&self, room: RoomName) -> Result<RoomName, ApiError> {
        self.may.check_whole()?;
        self.in_scope(room)
    }

    /// Whether looking may be told of: then the look is a spell of its own.
    pub(crate) fn may_tell(&self) -> bool {
        self.may.may::<Cast>().is_ok()
    }
}

impl<R> Deref for Allowed<R> {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.state
    }
}

impl<R: Kind> FromRequestParts<Site> for Allowed<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        Self::new(site.state.clone(), &parts.extensions)
    }
}

/// What a request may, whatever that is: it has a token that holds, or needs none.
#[derive(Debug)]
pub(crate) struct Known(pub(crate) Pass);

impl FromRequestParts<Site> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Self, ApiError> {
        let identified = parts.extensions.get::<Identified>().ok_or(TokenError::Missing)?;
        Ok(Self(identified.pass.clone()?))
    }
}

/// The parts of the server, for a request whose right is checked act by act: it has a token that holds, or needs none.
#[derive(Debug, Clone)]
pub(crate) struct EachAct {
    state: AppState,
    extensions: Extensions,
}

impl EachAct {
    /// What an act of this kind needs, if the request may.
    pub(crate) fn may<R: Kind>(&self) -> Result<Allowed<R>, ApiError> {
        Allowed::new(self.state.clone(), &self.extensions)
    }

    /// Bounds of what is read of a request, and the memory that it draws on.
    pub(crate) fn bounds(&self) -> (&NetConfig, &Arc<Budget>) {
        (&self.state.config.net, self.state.bus.budget())
    }
}

impl FromRequestParts<Site> for EachAct {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        let identified = parts.extensions.get::<Identified>().ok_or(TokenError::Missing)?;
        identified.pass.as_ref().map_err(Clone::clone)?;
        let mut extensions = Extensions::new();
        extensions.insert(identified.clone());
        Ok(Self { state: site.state.clone(), extensions })
    }
}

/// The parts of the server, for what everybody may ask: whether it is there, its page and its documentation.
#[derive(Debug)]
pub(crate) struct Public(pub(crate) AppState);

impl FromRequestParts<Site> for Public {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        Ok(Self(site.state.clone()))
    }
}
