//! `arcane serve --demo`: ninety seconds of invented agents at work in the default room, again and again.
//!
//! A publisher like any other: what it tells comes in through [`intake`], others publish beside it, and each of its agents is told
//! with a session of its own, so that an agent of the same name that is really there keeps its calls and its presence.

mod cast;
mod events;
mod playhead;
mod script;
#[cfg(test)]
mod tests;

use tokio::time::{Instant, sleep_until};

use crate::bus::{ArcaneEventBus, Submission};
use crate::{clock, intake};

use playhead::Playhead;
pub(crate) use script::ROUND_S;

/// Plays the demo in the default room for as long as this is awaited. What the log does not take is left out.
pub(crate) async fn play(bus: ArcaneEventBus) {
    let room = bus.default_room();
    let began = Instant::now();
    let mut head = Playhead::default();
    loop {
        sleep_until(began + head.due()).await;
        let (round, beat) = head.play(began.elapsed());
        let draft = events::draft(beat, round, clock::now());
        match intake::submit(&bus, &room, vec![draft], Submission::default()) {
            Ok(mut submitted) => {
                if let Err(error) = submitted.logged().await {
                    tracing::warn!(%error, "an event of the demo is lost");
                }
            }
            Err(refused) => tracing::warn!(?refused, "an event of the demo was not taken"),
        }
    }
}
