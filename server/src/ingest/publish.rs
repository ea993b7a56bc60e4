//! Handing in the events that agents' signs became: what the log does not take at once is handed in again for a while.

use std::time::Duration;

use arcane_shared::{RoomName, Seq};

use super::holding::opens;
use crate::bus::{ArcaneEventBus, EmitError, Fault, Submission};
use crate::intake::{self, Draft, Refused};
use crate::metrics::Metrics;
use crate::requests::RequestId;

/// How often events are handed in that the log does not take.
const TRIES_MAX: u32 = 20;
/// The time between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// What is to be done about events that were not taken.
enum Failed {
    /// This one of them is too large for any log.
    TooLarge(usize),
    /// Another try may help: why it did not work.
    Again(anyhow::Error),
    /// Nobody knows whether the log has them; another try could double them.
    Unknown(anyhow::Error),
}

/// Publishes events of a room, in order. What cannot be is counted. Gives the requests that these open, and the events' numbers.
pub(super) async fn publish(
    bus: &ArcaneEventBus,
    room: &RoomName,
    mut drafts: Vec<Draft>,
    metrics: &Metrics,
) -> Vec<(RequestId, Seq)> {
    let mut tries = 0;
    while !drafts.is_empty() {
        match submit(bus, room, drafts.clone()).await {
            Ok(opened) => return opened,
            Err(Failed::TooLarge(index)) => {
                drafts.remove(index.min(drafts.len() - 1));
                metrics.ingest_dropped("too_large");
            }
            Err(Failed::Again(error)) if tries < TRIES_MAX => {
                if tries == 0 {
                    tracing::warn!(%error, %room, "what agents tell of themselves waits for the log");
                }
                tries += 1;
                tokio::time::sleep(TRY_AGAIN).await;
            }
            Err(Failed::Again(error) | Failed::Unknown(error)) => {
                tracing::warn!(%error, %room, events = drafts.len(), "what agents told of themselves is lost");
                for _ in &drafts {
                    metrics.ingest_dropped("log");
                }
                return Vec::new();
            }
        }
    }
    Vec::new()
}

async fn submit(
    bus: &ArcaneEventBus,
    room: &RoomName,
    drafts: Vec<Draft>,
) -> Result<Vec<(RequestId, Seq)>, Failed> {
    let opened: Vec<Option<RequestId>> = drafts.iter().map(|draft| opens(draft).map(Into::into)).collect();
    let held = bus.open_room(room).await.map_err(|error| Failed::Again(error.into()))?;
    let mut submitted = match intake::submit(bus, &held, drafts, Submission::default()) {
        Ok(submitted) => submitted,
        Err(Refused::Bus { index, error: EmitError::TooLarge(_), .. }) => {
            return Err(Failed::TooLarge(index));
        }
        Err(Refused::Bus { error, .. }) => return Err(Failed::Again(error.into())),
        Err(Refused::Syntax(_) | Refused::Fields(_)) => unreachable!("drafts are not read from text"),
    };
    let run = submitted.logged().await.map_err(|error| {
        if error.fault == Fault::Unknown {
            Failed::Unknown(error.into())
        } else {
            Failed::Again(error.into())
        }
    })?;
    let numbered = opened.into_iter().zip(run.numbers());
    Ok(numbered.filter_map(|(id, seq)| Some((id?, seq))).collect())
}
