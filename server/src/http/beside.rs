//! Long publications are read, numbered and encoded beside the runtime's threads, where all others would wait for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use axum::body::Bytes;
use tokio::sync::oneshot;

use super::error::ApiError;
use crate::background::{self, StandBack};
use crate::bus::{ArcaneEventBus, HeldRoom, Submission};
use crate::intake::{self, Draft, Submitted};

type Job = Box<dyn FnOnce() + Send>;

/// Reads one body after the other, and stands back: where no core is free, what is small goes first. As many wait as have their
/// turn (`log::turns`).
static READER: OnceLock<Option<Sender<Job>>> = OnceLock::new();

/// Reads a long body.
///
/// # Errors
/// As [`intake::read_all`]; or the server is about to stop.
pub(super) async fn read(bytes: Bytes) -> Result<Vec<Draft>, ApiError> {
    let (sender, drafts) = oneshot::channel();
    let job: Job = Box::new(move || {
        // The publisher may have gone away.
        let _ = sender.send(intake::read_all(&bytes));
    });
    match READER.get_or_init(start) {
        Some(reader) => {
            if let Err(unsent) = reader.send(job) {
                (unsent.0)();
            }
        }
        None => job(),
    }
    Ok(drafts.await.map_err(|_| ends())??)
}

/// `None`: there is no thread to be had.
fn start() -> Option<Sender<Job>> {
    let (sender, jobs) = channel::<Job>();
    let reader = std::thread::Builder::new().name("long-bodies".into()).spawn(move || {
        background::stand_back(StandBack::Awaited);
        for job in jobs {
            // The panic was reported, and the next body is another one's.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    });
    reader
        .inspect_err(|error| tracing::warn!(%error, "long bodies are read by the runtime's threads"))
        .ok()?;
    Some(sender)
}

/// Hands many events in.
///
/// # Errors
/// As [`intake::submit`]; or the server is about to stop, and nothing was published.
pub(super) async fn submit(
    bus: ArcaneEventBus,
    room: HeldRoom,
    drafts: Vec<Draft>,
    submission: Submission,
) -> Result<Submitted, ApiError> {
    // At the priority of all others: publishers of the same room wait for it.
    let submit = tokio::task::spawn_blocking(move || intake::submit(&bus, &room, drafts, submission));
    Ok(submit.await.map_err(|_| ends())??)
}

fn ends() -> ApiError {
    ApiError::busy("the server is about to stop")
}
