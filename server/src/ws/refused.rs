//! Why a client gets no place in a room, and how its connection is closed.

use arcane_shared::control::CloseCode;

use crate::bus::NoSuchRoom;
use crate::gate::limits::TooMuch;
use crate::gate::places::TooManyOpen;
use crate::gate::{Forbidden, TokenError};
use crate::query::QueryError;
use crate::stream;

/// Why a client gets no place in a room.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpgradeRefused {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    #[error(transparent)]
    TooManyOpen(#[from] TooManyOpen),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Stream(#[from] stream::StreamRefused),
}

impl UpgradeRefused {
    /// The close code, and why.
    pub(super) fn close(&self) -> (CloseCode, String) {
        let code = match self {
            Self::Stream(
                stream::StreamRefused::Room(NoSuchRoom::Log { .. }) | stream::StreamRefused::Log(_),
            ) => CloseCode::GoingAway,
            Self::Stream(stream::StreamRefused::Room(_)) => CloseCode::NoSuchRoom,
            Self::Stream(stream::StreamRefused::Consumer(_)) | Self::TooMuch(_) | Self::TooManyOpen(_) => {
                CloseCode::TooMany
            }
            Self::Query(_) => CloseCode::BadRequest,
            Self::Token(_) => CloseCode::NotAuthenticated,
            Self::Forbidden(_) => CloseCode::Forbidden,
        };
        (code, self.to_string())
    }
}
