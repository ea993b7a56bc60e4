//! The body of an answer, watched while it is read: how much of it was handed out and is not written.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::response::Parts;
use futures_util::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};

use tokio::sync::OwnedSemaphorePermit;

use super::permit::RequestPermit;
use super::streams::StreamHandle;
use crate::budget::{ANSWER_PLACE_BYTES, Places};

/// Marks an answer whose bytes are not its own: they are there whether it is read or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared;

/// The memory of an answer that is whole before it is read. What is made as it is read has no length yet.
#[derive(Debug)]
pub(crate) struct AnswerMemory(
    #[expect(dead_code, reason = "memory, not read")] Option<OwnedSemaphorePermit>,
);

impl AnswerMemory {
    /// `None` if there is no room for an answer that could as well be asked for again.
    pub(crate) fn take(places: &Places, head: &Parts, body: &Body, is_safe: bool) -> Option<Self> {
        let bytes = usize::try_from(body.size_hint().exact().unwrap_or(0)).unwrap_or(usize::MAX);
        let permits = u32::try_from((bytes / ANSWER_PLACE_BYTES).min(places.all())).unwrap_or(u32::MAX);
        if permits == 0 || head.extensions.get::<Shared>().is_some() {
            return Some(Self(None));
        }
        match Arc::clone(places.free()).try_acquire_many_owned(permits) {
            Ok(permits) => Some(Self(Some(permits))),
            Err(_) if is_safe => None,
            Err(_) => Some(Self(None)),
        }
    }
}

/// A body that keeps its request's permit until its last byte is written.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    /// `None`: it is not watched.
    reading: Option<Arc<Reading>>,
    /// What is not watched has it for as long as it is read.
    _permit: Option<RequestPermit>,
    /// Whether the body has said that there is nothing more.
    ended: bool,
}

/// An answer that is being read. Pieces hold it, too.
#[derive(Debug)]
struct Reading {
    id: u64,
    permit: RequestPermit,
    _memory: AnswerMemory,
    /// Pieces that are not written.
    out: AtomicUsize,
    /// For HTTP/2: an answer whose end was queued cannot be taken back, so its end waits for its last piece.
    end: Option<AtomicWaker>,
}

impl Reading {
    fn holds_end(&self) -> bool {
        self.end.is_some() && self.out.load(Ordering::Acquire) > 0
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.permit.pulse().end_answer(self.id);
    }
}

/// A piece on its way to the kernel.
struct Piece {
    bytes: Bytes,
    reading: Arc<Reading>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let Reading { id, permit, out, end, .. } = &*self.reading;
        permit.pulse().written(*id, Instant::now());
        out.fetch_sub(1, Ordering::AcqRel);
        if let Some(end) = end {
            end.wake();
        }
    }
}

impl Answer {
    pub(crate) fn new(body: Body, permit: RequestPermit, memory: AnswerMemory) -> Self {
        let stream = StreamHandle::current();
        // Where nothing else is on the connection, its stream shows whether a small answer is read.
        let is_small = body.size_hint().exact().is_some_and(|bytes| bytes < ANSWER_PLACE_BYTES as u64);
        if is_small && stream.is_none() {
            return Self { body, reading: None, _permit: Some(permit), ended: false };
        }
        let end = stream.is_some().then(AtomicWaker::new);
        let id = permit.pulse().begin_answer(stream, Instant::now());
        Self {
            body,
            reading: Some(Arc::new(Reading { id, permit, _memory: memory, out: AtomicUsize::new(0), end })),
            _permit: None,
            ended: false,
        }
    }

    /// An answer to a request that got no permit.
    pub(crate) fn unwatched(body: Body) -> Self {
        Self { body, reading: None, _permit: None, ended: false }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = if self.ended { Poll::Ready(None) } else { Pin::new(&mut self.body).poll_frame(context) };
        self.ended |= matches!(frame, Poll::Ready(None));
        let Some(reading) = &self.reading else { return frame };
        let Reading { id, permit, out, end, .. } = &**reading;
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                if !frame.is_data() {
                    return Poll::Ready(Some(Ok(frame)));
                }
                out.fetch_add(1, Ordering::AcqRel);
                permit.pulse().handed_out(*id, Instant::now());
                let owned = |bytes| Bytes::from_owner(Piece { bytes, reading: Arc::clone(reading) });
                Poll::Ready(Some(Ok(frame.map_data(owned))))
            }
            Poll::Pending => {
                permit.pulse().answer_waits(*id);
                Poll::Pending
            }
            Poll::Ready(None) => {
                if let Some(end) = end {
                    end.register(context.waker());
                }
                if reading.holds_end() { Poll::Pending } else { Poll::Ready(None) }
            }
            failed => failed,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.reading.as_ref().is_some_and(|reading| reading.holds_end())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
