//! Bringing rooms into memory before a message publishes to them: reading a disk keeps no thread that serves sockets.

use arcane_shared::RoomName;
use serde::Deserialize;

use super::session::Output;
use crate::bus::{ArcaneEventBus, HeldRoom, NoSuchRoom};
use crate::gate::Pass;

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
    bus: &ArcaneEventBus,
    pass: &Pass,
    output: &Output,
) -> Option<Result<HeldRoom, NoSuchRoom>> {
    let name = named(output).filter(|name| pass.check_change(name).is_ok())?;
    Some(bus.open_room(&name).await)
}

fn named(output: &Output) -> Option<RoomName> {
    let Output::Publish(text) = output else { return None };
    let text = Some(text).filter(|text| text.contains("\"room\""))?;
    serde_json::from_str::<Named>(text).ok().map(|named| named.room)
}
