//! Bringing rooms into memory before a message publishes to them: reading a disk keeps no thread that serves sockets.

use std::future::Future;

use arcane_shared::RoomName;
use serde::Deserialize;

use super::session::Output;
use crate::bus::{ArcaneEventBus, HeldRoom};

#[derive(Deserialize)]
struct Named {
    room: RoomName,
}

/// Brings the rooms into memory that are about to be published to, and keeps them there. The connection's own is there.
pub(super) fn hold(
    bus: &ArcaneEventBus,
    outputs: &[Output],
) -> impl Future<Output = Vec<HeldRoom>> + Send + use<> {
    let named: Vec<RoomName> = outputs.iter().filter_map(named).collect();
    // Most messages name none: then nothing is allocated, here or in the connection's task.
    let opening = (!named.is_empty()).then(|| {
        let bus = bus.clone();
        Box::pin(async move {
            let mut held = Vec::new();
            for room in named {
                // What cannot be opened is refused when it is published to.
                held.extend(bus.hold_room(&room).await.ok());
            }
            held
        })
    });
    async move {
        match opening {
            Some(opening) => opening.await,
            None => Vec::new(),
        }
    }
}

fn named(output: &Output) -> Option<RoomName> {
    let Output::Publish(text) = output else { return None };
    let text = Some(text).filter(|text| text.contains("\"room\""))?;
    serde_json::from_str::<Named>(text).ok().map(|named| named.room)
}
