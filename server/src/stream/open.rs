//! Opening a stream where its reader wants it to begin: the same for WebSocket and server-sent events.

use arcane_shared::{ConsumerName, Position, Resume};

use super::query::{Begin, Moment, StreamQuery};
use crate::bus::{
    ArcaneEventBus, ConsumerError, HeldRoom, LogError, NoSuchRoom, Reader, RoomInfo, Since, Start,
    Subscription,
};

/// A stream that is open.
pub(crate) struct Opened {
    pub(crate) subscription: Subscription,
    /// Held for as long as it is read in a durable consumer's name.
    pub(crate) consumer: Option<Reader>,
}

/// Why a stream cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamRefused {
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

/// Opens a stream for a client that comes back after `last`, if it does. `evict` is called when another reader takes
/// over the consumer's name.
pub(crate) async fn open(
    bus: &ArcaneEventBus,
    query: &StreamQuery,
    last: Option<&Since>,
    evict: Box<dyn Fn() + Send>,
) -> Result<Opened, StreamRefused> {
    let room = bus.open_room(&query.room).await?;
    let named = match &query.begin {
        Begin::Since(since) => last.or(Some(since)),
        Begin::Now | Begin::From(..) | Begin::Consumer(..) => last,
    };
    if let Some(since) = named {
        room.reach(since).await?;
    }
    // What it has seen counts, whatever its address says: that is as it was when it first came.
    let since = match &query.begin {
        Begin::Now => last,
        Begin::Since(since) => Some(last.unwrap_or(since)),
        Begin::From(moment, speed) => {
            let there = bus.room_info(&query.room)?;
            let resume = last.map(|last| (last, last.decide(&there.epoch, there.oldest, there.head)));
            let (moment, resume) = match resume {
                Some((last, Ok(count))) => (Moment::Seq(last.seq + 1), Some(Resume::recovered(count))),
                Some((_, Err(reason))) => (*moment, Some(Resume::refused(reason))),
                None => (*moment, None),
            };
            let start = Start::Replay { after: before(bus, there, moment).await?, speed: *speed };
            let mut subscription = bus.subscribe_to(&room, query.filter.clone(), start);
            subscription.tell(resume);
            return Ok(Opened { subscription, consumer: None });
        }
        Begin::Consumer(name, since) => {
            // A consumer's own position is what it has acknowledged.
            let (reader, since) = attach(bus, &room, name, since.as_ref(), evict).await?;
            let start = Start::Consumer(since);
            let subscription = bus.subscribe_to(&room, query.filter.clone(), start);
            return Ok(Opened { subscription, consumer: Some(reader) });
        }
    };
    if since.is_none_or(|_| query.recent > 0) {
        room.recall_history().await;
    }
    let start = match since {
        None => Start::Recent(query.recent),
        Some(since) => Start::Since(since.clone(), query.recent),
    };
    let subscription = bus.subscribe_to(&room, query.filter.clone(), start);
    Ok(Opened { subscription, consumer: None })
}

/// The event before the first one of a replay.
async fn before(bus: &ArcaneEventBus, there: RoomInfo, moment: Moment) -> Result<u64, StreamRefused> {
    let after = match moment {
        Moment::Seq(seq) => seq.saturating_sub(1),
        Moment::Time(time) => bus.log().before(there.id, time.unix_micros()).await?,
    };
    let oldest = there.oldest.saturating_sub(1);
    Ok(after.clamp(oldest, there.head.max(oldest)))
}

async fn attach(
    bus: &ArcaneEventBus,
    room: &HeldRoom,
    name: &ConsumerName,
    since: Option<&Since>,
    evict: Box<dyn Fn() + Send>,
) -> Result<(Reader, Since), StreamRefused> {
    let there = bus.room_info(room.name())?;
    let epoch = since.and_then(|since| since.epoch.clone()).unwrap_or(there.epoch);
    let begin = Position { epoch, seq: since.map_or(there.head, |since| since.seq) };
    let there = || bus.room_info(room.name());
    Ok(bus.consumers().attach(room, name, &begin, there, evict).await?)
}
