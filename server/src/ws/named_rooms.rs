//! Bringing rooms into memory before a message publishes to them: reading a disk keeps no thread that serves sockets.

use arcane_shared::RoomName;
use serde::Deserialize;

use super::publish::PublishRefused;
use super::session::Output;
use crate::bus::HeldRoom;
use crate::gate::Pass;
use crate::gate::limits::Subject;
use crate::state::AppState;

#[derive(Deserialize)]
struct Named {
    room: RoomName,
}

/// Whether an output publishes to a room that it names. The connection's own is in memory.
pub(super) fn has_one(output: &Output) -> bool {
    named(output).is_some()
}

/// Brings the room into memory that an output names, where it stays for as long as the answer is held; not one that its sender
/// may not publish to.
pub(super) async fn open(
    state: &AppState,
    pass: &Pass,
    subject: &Subject,
    output: &Output,
) -> Option<Result<HeldRoom, PublishRefused>> {
    let name = named(output).filter(|name| pass.check_change(name).is_ok())?;
    if let Err(error) = state.count_room(subject, &name) {
        return Some(Err(error.into()));
    }
    Some(state.bus.open_room(&name).await.map_err(PublishRefused::from))
}

fn named(output: &Output) -> Option<RoomName> {
    let Output::Publish(text) = output else { return None };
    let text = Some(text).filter(|text| text.contains("\"room\""))?;
    serde_json::from_str::<Named>(text).ok().map(|named| named.room)
}
