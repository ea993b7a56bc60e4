//! The body of an answer, watched while it is read: how much of it was handed out and is not written.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes};
use futures_util::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};

use super::place::Place;
use super::streams::StreamHandle;

/// A body that keeps its request's place until its last byte is written.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    /// `None`: it says only that there is no place.
    reading: Option<Arc<Reading>>,
    /// Whether the body has said that there is nothing more.
    ended: bool,
}

/// An answer that is being read. Pieces hold it, too.
#[derive(Debug)]
struct Reading {
    id: u64,
    place: Place,
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
        self.place.pulse().end_answer(self.id);
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
        let Reading { id, place, out, end } = &*self.reading;
        place.pulse().written(*id, Instant::now());
        out.fetch_sub(1, Ordering::AcqRel);
        if let Some(end) = end {
            end.wake();
        }
    }
}

impl Answer {
    pub(super) fn new(body: Body, place: Place) -> Self {
        let stream = StreamHandle::current();
        let end = stream.is_some().then(AtomicWaker::new);
        let id = place.pulse().begin_answer(stream, Instant::now());
        Self {
            body,
            reading: Some(Arc::new(Reading { id, place, out: AtomicUsize::new(0), end })),
            ended: false,
        }
    }

    /// An answer to a request that got no place.
    pub(super) fn unwatched(body: Body) -> Self {
        Self { body, reading: None, ended: false }
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
        let Reading { id, place, out, end } = &**reading;
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                if !frame.is_data() {
                    return Poll::Ready(Some(Ok(frame)));
                }
                out.fetch_add(1, Ordering::AcqRel);
                place.pulse().handed_out(*id, Instant::now());
                let owned = |bytes| Bytes::from_owner(Piece { bytes, reading: Arc::clone(reading) });
                Poll::Ready(Some(Ok(frame.map_data(owned))))
            }
            Poll::Pending => {
                place.pulse().answer_waits(*id);
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
