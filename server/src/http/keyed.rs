//! Events that carry what tells each of them from all others: sent again, they are taken and not doubled.

use std::collections::HashSet;
use std::time::Duration;

use arcane_shared::RoomName;

use super::allowed::Allowed;
use super::error::ApiError;
use crate::bus::keys::KeyRefused;
use crate::bus::{EmitError, HeldRoom, Key, Submission};
use crate::gate::limits::Counted;
use crate::gate::pass;
use crate::intake::{self, Draft, Refused, Submitted};

/// Most events that are handed to the log before it is waited for.
const CHUNK_MAX: usize = 256;
/// How often an event is handed in that another request is about to publish.
const TRIES_MAX: u32 = 40;
/// The time between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(25);

/// An event, and what tells it from all others where its sender says that.
pub(super) struct Keyed {
    pub(super) key: Option<String>,
    pub(super) draft: Draft,
}

/// Publishes events in their order, each by itself, and waits until they are in the log.
///
/// # Errors
/// If one cannot be published; `detail` says how many were before it.
pub(super) async fn publish(
    state: &Allowed<pass::Publish>,
    room: &RoomName,
    events: Vec<Keyed>,
) -> Result<(), ApiError> {
    state.take(Counted::Events, events.len())?;
    let held = state.open_room(room).await?;
    state.check_events(&held, events.iter().map(|event| &event.draft))?;
    // The body may have taken its time.
    state.recheck()?;
    let again = match events.iter().all(|event| event.key.is_some()) {
        true => "send all again, none is doubled",
        // What has no id would be there twice.
        false => "send the events after these again",
    };
    let (mut seen, mut submitted, mut done) = (HashSet::new(), Vec::new(), 0);
    for Keyed { key, draft } in events {
        if key.as_ref().is_some_and(|key| !seen.insert(key.clone())) {
            continue;
        }
        let after = |error: ApiError| match done + submitted.len() {
            0 => error,
            1 => error.after(&format!("1 event was published before this; {again}.")),
            n => error.after(&format!("{n} events were published before this; {again}.")),
        };
        // Whoever sends an event again may have made it anew: its time, or the order of its fields. What tells it apart is the same.
        let key = || key.as_deref().map(|key| Key::new(key, 0, b""));
        submitted.push(submit(state, &held, key, &draft).await.map_err(after)?);
        if submitted.len() >= CHUNK_MAX {
            done += settle(&mut submitted).await?;
        }
    }
    settle(&mut submitted).await?;
    Ok(())
}

/// Hands in one event; waits while another request is about to publish the one of this key.
///
/// # Errors
/// If it cannot be published, or the other request takes longer than a second.
pub(super) async fn submit<R>(
    state: &Allowed<R>,
    room: &HeldRoom,
    key: impl Fn() -> Option<Key>,
    draft: &Draft,
) -> Result<Submitted, ApiError> {
    for _ in 0..TRIES_MAX {
        let submission = Submission { key: key(), ..Submission::default() };
        match intake::submit(&state.bus, room, vec![draft.clone()], submission) {
            Err(Refused::Bus { error: EmitError::Key(KeyRefused::UnderWay), .. }) => {
                tokio::time::sleep(TRY_AGAIN).await;
            }
            submitted => return Ok(submitted?),
        }
    }
    Err(EmitError::Key(KeyRefused::UnderWay).into())
}

async fn settle(submitted: &mut Vec<Submitted>) -> Result<usize, ApiError> {
    let n = submitted.len();
    for mut one in submitted.drain(..) {
        one.logged().await?;
    }
    Ok(n)
}
