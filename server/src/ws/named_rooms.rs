//! Bringing rooms into memory before a message publishes to them: reading a disk keeps no thread that serves sockets.

use std::future::Future;
use std::pin::Pin;

use arcane_shared::RoomName;
use serde::Deserialize;

use super::session::Output;
use crate::bus::{ArcaneEventBus, HeldRoom};

#[derive(Deserialize)]
struct Named {
    room: RoomName,
}

/// Completes with what was to be done, and the rooms that it is done in. Boxed, because every idle connection pays for
/// what its task may have to hold.
type Opening = Pin<Box<dyn Future<Output = (Vec<Output>, Vec<HeldRoom>)> + Send>>;

/// Brings the rooms into memory that are about to be published to, and keeps them there. The connection's own is there.
/// Most messages name no room: `Err` gives back what is to be done at once.
pub(super) fn hold(bus: &ArcaneEventBus, outputs: Vec<Output>) -> Result<Opening, Vec<Output>> {
    let named: Vec<RoomName> = outputs.iter().filter_map(named).collect();
    if named.is_empty() {
        return Err(outputs);
    }
    let bus = bus.clone();
    Ok(Box::pin(async move {
        let mut held = Vec::new();
        for room in named {
            // What cannot be opened is refused when it is published to.
            held.extend(bus.hold_room(&room).await.ok());
        }
        (outputs, held)
    }))
}

fn named(output: &Output) -> Option<RoomName> {
    let Output::Publish(text) = output else { return None };
    let text = Some(text).filter(|text| text.contains("\"room\""))?;
    serde_json::from_str::<Named>(text).ok().map(|named| named.room)
}
