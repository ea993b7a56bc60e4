//! Bodies that are being sent, in the memory that all of them together may take.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use bytes::BytesMut;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::encoding;
use super::error::ApiError;
use crate::budget::{BODY_PLACE_BYTES, Budget};
use crate::config::NetConfig;

/// How long a body waits for a place.
const WAIT: Duration = Duration::from_secs(5);
/// How often a body of which nothing comes is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// After how many looks it gives its permits up, if others wait for them.
const LOOKS_MAX: u32 = 2;

/// Permits that a body holds until this is dropped.
pub(super) struct MemoryPermits {
    budget: Arc<Budget>,
    held: Option<OwnedSemaphorePermit>,
}

/// A body, as far as it has come.
pub(super) struct Upload<'a> {
    net: &'a NetConfig,
    bytes_max: usize,
    deadline: Instant,
    bytes: BytesMut,
    permits: MemoryPermits,
}

/// A whole body. Its permits are free once nobody has it any more.
struct Whole {
    bytes: Bytes,
    _permits: MemoryPermits,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// One of those that wait, until it is dropped: its client may leave.
struct Waiting<'a>(&'a Budget);

impl<'a> Waiting<'a> {
    fn begin(budget: &'a Budget) -> Self {
        budget.bodies().waiting().fetch_add(1, Ordering::Relaxed);
        Self(budget)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.bodies().waiting().fetch_sub(1, Ordering::Relaxed);
    }
}

impl MemoryPermits {
    pub(super) fn none(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), held: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_none()
    }

    pub(super) fn give_back(&mut self) {
        self.held = None;
    }

    /// Takes as many as so many bytes need, and says whether it had to take any.
    pub(super) async fn cover(&mut self, bytes: usize, deadline: Instant) -> Result<bool, ApiError> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = bytes.div_ceil(BODY_PLACE_BYTES).saturating_sub(1);
        let bodies = self.budget.bodies();
        // A body that is larger than all permits has all of them to itself.
        let missing = u32::try_from(wanted.min(bodies.all()).saturating_sub(held)).unwrap_or(0);
        if missing == 0 {
            return Ok(false);
        }
        let until = deadline.min(Instant::now() + WAIT);
        let waiting = Waiting::begin(&self.budget);
        let free = Arc::clone(bodies.free());
        let permits = tokio::time::timeout_at(until, free.acquire_many_owned(missing)).await;
        drop(waiting);
        let Ok(Ok(permits)) = permits else {
            let detail =
                "more is being sent at the moment than may be; send it again soon, or in smaller bodies";
            return Err(ApiError::busy(detail));
        };
        match &mut self.held {
            Some(held) => held.merge(permits),
            none => *none = Some(permits),
        }
        Ok(true)
    }

    /// Whether others wait for permits.
    fn is_waited_for(&self) -> bool {
        self.budget.bodies().waiting().load(Ordering::Relaxed) > 0
    }

    /// What comes next of a body by a deadline, after which `late` says what took too long. Who has permits that others
    /// wait for has to go on sending.
    pub(super) async fn next(
        &self,
        body: &mut Body,
        deadline: Instant,
        late: impl FnOnce() -> String,
    ) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, ApiError> {
        // What has come needs no timer.
        if let Some(frame) = body.frame().now_or_never() {
            return Ok(frame);
        }
        let timeout = |detail| ApiError::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", detail);
        let mut looks = 0;
        loop {
            let look_at = deadline.min(Instant::now() + LOOK);
            if let Ok(frame) = tokio::time::timeout_at(look_at, body.frame()).await {
                return Ok(frame);
            }
            looks += 1;
            if Instant::now() >= deadline {
                return Err(timeout(late()));
            }
            if looks >= LOOKS_MAX && !self.is_empty() && self.is_waited_for() {
                return Err(timeout(format!(
                    "nothing came of the body for {} s, and others wait for the memory that it takes; send it again",
                    (LOOK * looks).as_secs()
                )));
            }
        }
    }
}

impl<'a> Upload<'a> {
    pub(super) fn new(net: &'a NetConfig, budget: &Arc<Budget>) -> Self {
        let deadline = Instant::now() + net.body_timeout;
        let bytes_max = net.body_bytes_max;
        Self { net, bytes_max, deadline, bytes: BytesMut::new(), permits: MemoryPermits::none(budget) }
    }

    /// The same, of at most so many bytes.
    pub(super) fn at_most(self, bytes_max: usize) -> Self {
        Self { bytes_max, ..self }
    }

    /// Reads it to its end.
    pub(super) async fn read(mut self, mut body: Body) -> Result<Bytes, ApiError> {
        let max = self.bytes_max;
        // A length that is said is believed if it is too much.
        if body.size_hint().lower() > max as u64 {
            return Err(too_large(max));
        }
        let seconds = self.net.body_timeout.as_secs();
        let late = || format!("the body took longer than {seconds} s");
        while let Some(frame) = self.permits.next(&mut body, self.deadline, late).await? {
            let data = frame.map_err(|error| broken(&error))?.into_data().unwrap_or_default();
            if self.bytes.len() + data.len() > max {
                return Err(too_large(max));
            }
            if self.bytes.is_empty() && data.len() <= BODY_PLACE_BYTES && body.is_end_stream() {
                // It came whole.
                return Ok(data);
            }
            let rest = body.size_hint().exact().and_then(|rest| usize::try_from(rest).ok()).unwrap_or(0);
            self.make_room(data.len() + rest).await?;
            self.bytes.extend_from_slice(&data);
        }
        let Self { bytes, permits, .. } = self;
        Ok(Bytes::from_owner(Whole { bytes: bytes.freeze(), _permits: permits }))
    }

    /// Room for so much more: for all of it, if its length is known, so that no two bodies wait for each other.
    async fn make_room(&mut self, more: usize) -> Result<(), ApiError> {
        if self.permits.cover(self.bytes.len() + more, self.deadline).await? {
            // Memory that is not written to is none yet.
            self.bytes.reserve(more);
        }
        Ok(())
    }
}

fn too_large(max: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body-too-large",
        format!("the body has at most {max} bytes"),
    )
}

/// What a body is answered that cannot be read to its end.
pub(crate) fn broken(error: &(dyn std::error::Error + 'static)) -> ApiError {
    encoding::refusal(error)
        .unwrap_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, "body", "the body broke off"))
}
