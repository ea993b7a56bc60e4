//! Opening a stream where its reader wants it to begin: the same for WebSocket and server-sent events.

use arcane_shared::{ConsumerName, Position, RoomName};

use super::query::{Begin, Moment, StreamQuery};
use crate::bus::{ArcaneEventBus, ConsumerError, NoSuchRoom, Reader, Since, Start, Subscription};
use crate::log::LogError;

/// A stream that is open.
pub(crate) struct Opened {
    pub(crate) subscription: Subscription,
    /// Held for as long as it is read in a durable consumer's name.
    pub(crate) consumer: Option<Reader>,
}

/// Why a stream cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The room.
    #[error(transparent)]
    Room(#[from] NoSuchRoom),
    /// The consumer.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// The log, which knows where a time is.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Opens a stream. `evict` is called when another reader takes over the consumer's name.
pub(crate) async fn open(
    bus: &ArcaneEventBus,
    query: &StreamQuery,
    evict: Box<dyn Fn() + Send>,
) -> Result<Opened, Refused> {
    let (start, consumer) = match &query.begin {
        Begin::Now => (Start::Recent(query.recent), None),
        Begin::Since(since) => (Start::Since(since.clone(), query.recent), None),
        Begin::From(moment, speed) => {
            let after = before(bus, &query.room, *moment).await?;
            (Start::Replay { after, speed: *speed }, None)
        }
        Begin::Consumer(name, since) => {
            let (reader, since) = attach(bus, &query.room, name, since.as_ref(), evict)?;
            (Start::Consumer(since), Some(reader))
        }
    };
    let subscription = bus.subscribe_to(&query.room, query.filter.clone(), start)?;
    Ok(Opened { subscription, consumer })
}

/// The event before the first one of a replay.
async fn before(bus: &ArcaneEventBus, room: &RoomName, moment: Moment) -> Result<u64, Refused> {
    let there = bus.enter_room(room)?;
    let after = match moment {
        Moment::Seq(seq) => seq.saturating_sub(1),
        Moment::Time(time) => bus.ask_log(move |log| log.before(there.id, time.unix_micros())).await?,
    };
    Ok(after.clamp(there.oldest.saturating_sub(1), there.head.max(there.oldest.saturating_sub(1))))
}

fn attach(
    bus: &ArcaneEventBus,
    room: &RoomName,
    name: &ConsumerName,
    since: Option<&Since>,
    evict: Box<dyn Fn() + Send>,
) -> Result<(Reader, Since), Refused> {
    let there = bus.enter_room(room)?;
    let epoch = since.and_then(|since| since.epoch.clone()).unwrap_or(there.epoch);
    let begin = Position { epoch, seq: since.map_or(there.head, |since| since.seq) };
    Ok(bus.consumers().attach(room, name, begin, evict)?)
}
