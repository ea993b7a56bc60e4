//! JSON with many events in it, made in pieces as it is read: a client that does not read costs a piece.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use arcane_shared::Seq;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::bus::{ArcaneEventBus, Fault, LogError, PageRequest, RoomId};
use crate::event::PreparedFrame;

/// A piece ends with the event that reaches this many bytes.
pub(super) const PIECE_BYTES: usize = 32 * 1024;

/// A text with events between its head and its tail, separated by commas.
#[derive(Debug)]
pub(super) struct Pieces {
    head: Vec<u8>,
    events: Held,
    tail: Vec<u8>,
    /// What follows the tail, shared with other answers.
    after: VecDeque<Bytes>,
    /// Whether the tail was handed out.
    ended: bool,
}

/// Events that memory may forget until they are read: then the log has them.
#[derive(Debug)]
struct Held {
    bus: ArcaneEventBus,
    room: RoomId,
    frames: VecDeque<(Weak<PreparedFrame>, Seq)>,
}

impl Pieces {
    /// Frames of one room.
    pub(super) fn new(
        bus: &ArcaneEventBus,
        room: RoomId,
        [head, tail]: [Vec<u8>; 2],
        frames: &[Arc<PreparedFrame>],
    ) -> Self {
        let frames = frames.iter().map(|frame| (Arc::downgrade(frame), frame.seq())).collect();
        Self {
            head,
            events: Held { bus: bus.clone(), room, frames },
            tail,
            after: VecDeque::new(),
            ended: false,
        }
    }

    /// With more after the last event, that is shared with others.
    pub(super) fn followed_by(self, after: Vec<Bytes>) -> Self {
        Self { after: after.into(), ..self }
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// If neither memory nor the log has an event any more, or the log cannot be read.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, LogError> {
        if self.ended {
            return Ok(self.after.pop_front());
        }
        let mut piece = std::mem::take(&mut self.head);
        while let Some(frame) = self.events.next().await? {
            piece.extend_from_slice(frame.json());
            if !self.events.frames.is_empty() {
                piece.push(b',');
            }
            if piece.len() >= PIECE_BYTES {
                return Ok(Some(piece.into()));
            }
        }
        self.ended = true;
        piece.append(&mut self.tail);
        Ok(Some(piece.into()))
    }

    /// An answer of JSON.
    pub(super) fn into_response(self, bytes: usize) -> Response {
        let body = Body::from_stream(stream::unfold(Some(self), |pieces| async move {
            let mut pieces = pieces?;
            match pieces.next().await {
                Ok(piece) => piece.map(|piece| (Ok(piece), Some(pieces))),
                // The client sees that its answer breaks off.
                Err(error) => Some((Err(broken(error)), None)),
            }
        }));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::CONTENT_LENGTH, HeaderValue::from(bytes)),
        ];
        (headers, body).into_response()
    }
}

/// Logs why an answer breaks off in the middle.
pub(super) fn broken(error: LogError) -> LogError {
    tracing::error!(%error, "an answer broke off");
    error
}

impl Held {
    async fn next(&mut self) -> Result<Option<Arc<PreparedFrame>>, LogError> {
        let Some((frame, seq)) = self.frames.pop_front() else { return Ok(None) };
        if let Some(frame) = frame.upgrade() {
            return Ok(Some(frame));
        }
        let request = PageRequest { after: seq - 1, through: seq, events_max: 1, bytes_max: PIECE_BYTES };
        let room = self.room;
        let page = self.bus.log().read(room, request).await?;
        let gone = || LogError::new(Fault::Closed, format!("event {seq} went while it was being read"));
        page.frames.into_iter().next().map(Some).ok_or_else(gone)
    }
}
