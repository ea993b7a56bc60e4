//! Handing in the events that agents' signs became: what the log does not take at once is handed in again for a while.

use std::time::Duration;

use arcane_shared::{Epoch, RoomName, Seq};

use super::holding::opens;
use crate::bus::{ArcaneEventBus, Continues, EmitError, Fault, Submission};
use crate::intake::{self, Draft, Refused};
use crate::metrics::Metrics;
use crate::requests::RequestId;

/// How often events are handed in that the log does not take.
const TRIES_MAX: u32 = 20;
/// The time between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// What became of events.
#[derive(Debug)]
pub(super) enum Published {
    /// They are in the log: the requests that they open with their numbers, the room's run of numbers, and the last of theirs.
    Told { opened: Vec<(RequestId, Seq)>, epoch: Epoch, last: Seq },
    /// Another process has told of their session meanwhile: none of them was taken.
    Outdated,
    /// They are lost, and counted; or there were none.
    Lost,
}

/// What is to be done about events that were not taken.
enum Failed {
    /// This one of them is too large for any log.
    TooLarge(usize),
    /// Another try may help: why it did not work.
    Again(anyhow::Error),
    /// Another process was quicker.
    Outdated,
    /// Nobody knows whether the log has them; another try could double them.
    Unknown(anyhow::Error),
}

/// Publishes events of a room, in order. What cannot be is counted. `continues`: the session that they are all of, and the run of numbers
/// that is meant, where other processes tell of it as well.
pub(super) async fn publish(
    bus: &ArcaneEventBus,
    room: &RoomName,
    mut drafts: Vec<Draft>,
    continues: Option<(&Epoch, Continues)>,
    metrics: &Metrics,
) -> Published {
    let mut tries = 0;
    while !drafts.is_empty() {
        match submit(bus, room, drafts.clone(), continues.as_ref()).await {
            Ok(told) => return told,
            Err(Failed::Outdated) => return Published::Outdated,
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
                return Published::Lost;
            }
        }
    }
    Published::Lost
}

async fn submit(
    bus: &ArcaneEventBus,
    room: &RoomName,
    drafts: Vec<Draft>,
    continues: Option<&(&Epoch, Continues)>,
) -> Result<Published, Failed> {
    let opened: Vec<Option<RequestId>> = drafts.iter().map(|draft| opens(draft).map(Into::into)).collect();
    let held = bus.open_room(room).await.map_err(|error| Failed::Again(error.into()))?;
    if continues.is_some_and(|(epoch, _)| *epoch != held.epoch()) {
        return Err(Failed::Outdated);
    }
    let continues = continues.map(|(_, continues)| continues.clone());
    let submission = Submission { continues, ..Submission::default() };
    let mut submitted = match intake::submit(bus, &held, drafts, submission) {
        Ok(submitted) => submitted,
        Err(Refused::Bus { index, error: EmitError::TooLarge(_), .. }) => {
            return Err(Failed::TooLarge(index));
        }
        Err(Refused::Bus { error, .. }) => return Err(Failed::Again(error.into())),
        Err(Refused::Syntax(_) | Refused::Fields(_)) => unreachable!("drafts are not read from text"),
    };
    let run = submitted.logged().await.map_err(|error| match error.fault {
        Fault::Unknown => Failed::Unknown(error.into()),
        Fault::Outdated => Failed::Outdated,
        _ => Failed::Again(error.into()),
    })?;
    let numbered = opened.into_iter().zip(run.numbers());
    let opened = numbered.filter_map(|(id, seq)| Some((id?, seq))).collect();
    Ok(Published::Told { opened, epoch: held.epoch().clone(), last: run.last() })
}
