//! Bringing rooms into memory before a message publishes to them: reading a disk keeps no thread that serves sockets.

use arcane_shared::RoomName;
use serde::Deserialize;

use super::session::Output;
use crate::bus::{ArcaneEventBus, HeldRoom};

#[derive(Deserialize)]
struct Named {
    room: RoomName,
}

/// Whether an output publishes to a room that it names. The connection's own is in memory.
pub(super) fn has_one(output: &Output) -> bool {
    named(output).is_some()
}

/// Brings the room into memory that an output names, and keeps it there.
pub(super) async fn hold(bus: &ArcaneEventBus, output: &Output) -> Option<HeldRoom> {
    // What cannot be opened is refused when it is published to.
    bus.hold_room(&named(output)?).await.ok()
}

fn named(output: &Output) -> Option<RoomName> {
    let Output::Publish(text) = output else { return None };
    let text = Some(text).filter(|text| text.contains("\"room\""))?;
    serde_json::from_str::<Named>(text).ok().map(|named| named.room)
}
