//! What agents tell of themselves, in. Their hooks are answered at once; what they say is read, folded into sessions and published
//! afterwards, by one task.
//!
//! A payload waits in a queue of [`QUEUED_MAX`]; when it is full the newest is counted as dropped, for nobody may make an agent
//! wait. `dialect` translates it into [`sign`]s, as `otlp` does with telemetry, `session` turns signs into events, and [`crate::intake`]
//! publishes them. Telemetry is read before it is answered; what finds no room is refused, for its sender tries again.

pub(crate) mod ag_ui;
pub(crate) mod asking;
pub(crate) mod cloudevent;
pub(crate) mod dialect;
mod failure;
#[cfg(fuzzing)]
pub(crate) mod fuzzed;
mod holding;
pub(crate) mod kept;
mod line;
pub(crate) mod mapping;
mod nodes;
pub(crate) mod otlp;
mod payload;
mod people;
pub(crate) mod priced;
mod publish;
mod reading;
mod result;
pub(crate) mod secrets;
mod session;
pub(crate) mod sign;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcane_shared::{RoomName, Seq, Timestamp};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::bus::ArcaneEventBus;
use crate::clock;
use crate::config::Prices;
use crate::intake::Draft;
use crate::metrics::Metrics;
use crate::requests::{Over, RequestId, Requests, Ruled};
pub(crate) use dialect::{Agent, Context};
pub(crate) use holding::{Hold, Waits};
use otlp::{Told, Totals};
use publish::{Published, publish};
use session::{Key, Table};
use sign::Sign;

/// Payloads that wait to be read.
const QUEUED_MAX: usize = 4_096;
/// Signs of telemetry that wait to be folded, of all requests together.
const SIGNS_MAX: usize = 32_768;
/// Most payloads that are folded before their events are published.
const TOGETHER_MAX: usize = 64;
/// A longer payload is read beside the runtime's threads.
const READ_AT_ONCE_MAX: usize = 64 * 1024;
/// Signs of telemetry that are folded before hooks have their turn.
const PIECE_SIGNS_MAX: usize = 256;
/// How long what waits is read on when the server stops.
const STOP_MAX: Duration = Duration::from_secs(3);
/// How often it is looked at who has been silent for too long.
const LOOK: Duration = Duration::from_secs(5);

/// Something that an agent, or a program beside it, sent.
#[derive(Debug)]
pub(crate) struct Given {
    /// Where its events go.
    pub(crate) room: RoomName,
    /// What it is.
    pub(crate) content: Content,
}

/// What was sent.
#[derive(Debug)]
pub(crate) enum Content {
    /// A hook's payload, unread. The agent is that of the address; `None`: whose shape it has.
    Hook {
        agent: Option<Agent>,
        body: Bytes,
        context: Context,
        hold: Option<Hold>,
        /// Dropped once what it tells is in the log.
        told: Option<oneshot::Sender<()>>,
    },
    /// Nothing: somebody looks at the room, whose earlier sessions are to be known.
    Look,
    /// What telemetry tells; it holds its part of what may wait.
    Telemetry { told: Told, held: OwnedSemaphorePermit },
}

/// What is left of a request of telemetry. It holds its part of what may wait.
#[derive(Debug)]
struct Rest {
    room: RoomName,
    at: Timestamp,
    signs: std::vec::IntoIter<Sign>,
    _held: OwnedSemaphorePermit,
}

/// Too much waits to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Where what agents send is handed in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Ingest {
    queue: mpsc::Sender<(Timestamp, Given)>,
    /// Signs of telemetry that may wait.
    signs: Arc<Semaphore>,
    metrics: Metrics,
}

/// What reads the queue.
#[derive(Debug)]
pub(crate) struct Reader {
    queue: mpsc::Receiver<(Timestamp, Given)>,
    /// What is left of requests of telemetry that tell more than is folded at a time.
    rest: VecDeque<Rest>,
    metrics: Metrics,
    table: Table,
    totals: Totals,
    /// Rooms whose earlier sessions are known.
    adopted: Vec<RoomName>,
    /// What agents ask, and how that was answered elsewhere.
    requests: Requests,
    over: mpsc::Receiver<Over>,
    /// Sessions that others' events tell of and no hook of any node, and the latest event of each.
    foreign: HashSet<(Key, Seq)>,
    /// Requests whose events are about to be published.
    opened: Vec<RequestId>,
    /// Requests that rules answer once what was told before is published.
    ruled: Vec<(RequestId, Ruled)>,
}

impl Ingest {
    /// `prices`: what models cost whose agents do not say so. `loop_after`: how often a call is made before that is told; 0: never.
    pub(crate) fn new(
        metrics: Metrics,
        prices: Prices,
        loop_after: u64,
        (requests, over): (Requests, mpsc::Receiver<Over>),
    ) -> (Self, Reader) {
        let (sender, queue) = mpsc::channel(QUEUED_MAX);
        let born_nanos = u64::try_from(clock::now().unix_micros()).unwrap_or(0).saturating_mul(1000);
        let reader = Reader {
            queue,
            rest: VecDeque::new(),
            metrics: metrics.clone(),
            table: Table::new(prices, loop_after),
            totals: Totals::new(born_nanos),
            adopted: Vec::new(),
            foreign: HashSet::new(),
            requests,
            over,
            opened: Vec::new(),
            ruled: Vec::new(),
        };
        (Self { queue: sender, signs: Arc::new(Semaphore::new(SIGNS_MAX)), metrics }, reader)
    }

    /// Hands something in. Waits for nothing; what there is no room for is counted.
    pub(crate) fn hand_in(&self, given: Given) {
        // It happened when it came, however long it waits.
        if self.queue.try_send((clock::now(), given)).is_err() {
            self.drop_one("queue");
        }
    }

    /// Sees to it that the sessions are known that a room had in an earlier run.
    pub(crate) fn look_at(&self, room: RoomName) {
        self.hand_in(Given { room, content: Content::Look });
    }

    /// Hands in what telemetry tells.
    ///
    /// # Errors
    /// If too much waits: nothing was taken, and another try may find room.
    pub(crate) fn hand_in_telemetry(&self, room: RoomName, told: Told) -> Result<(), Full> {
        // A request that tells more than may wait has all of it to itself.
        let len = u32::try_from(told.len().clamp(1, SIGNS_MAX)).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.signs).try_acquire_many_owned(len).map_err(|_| Full)?;
        let given = Given { room, content: Content::Telemetry { told, held } };
        self.queue.try_send((clock::now(), given)).map_err(|_| Full)
    }

    /// Counts something that was sent and will not be read: why.
    pub(crate) fn drop_one(&self, why: &'static str) {
        self.metrics.ingest_dropped(why);
    }
}

impl Reader {
    /// Reads what is handed in and tells of it until `stopping` completes, and then what waits already, for [`STOP_MAX`] at most. What is
    /// left is counted.
    pub(crate) async fn run(mut self, bus: ArcaneEventBus, stopping: impl Future<Output = ()>) {
        if bus.is_shared() {
            self.table = self.table.shared();
        }
        self.adopt(&bus, &RoomName::default()).await;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = std::pin::pin!(stopping);
        let mut given = Vec::with_capacity(TOGETHER_MAX);
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => break,
                n = self.queue.recv_many(&mut given, TOGETHER_MAX) => {
                    if n == 0 && self.rest.is_empty() {
                        return;
                    }
                }
                Some(over) = self.over.recv() => {
                    self.end_request(&bus, over).await;
                }
                _ = looks.tick() => {
                    self.pass(&bus).await;
                }
                // Others have their turn between two pieces.
                () = tokio::task::yield_now(), if !self.rest.is_empty() => {}
            }
            self.take(&bus, &mut given).await;
        }
        self.stop(&bus).await;
    }

    /// Reads on what waits, and tells what waits for something else. Counts what is left after [`STOP_MAX`].
    async fn stop(mut self, bus: &ArcaneEventBus) {
        self.queue.close();
        let until = Instant::now() + STOP_MAX;
        let mut given = Vec::with_capacity(TOGETHER_MAX);
        while Instant::now() < until {
            given.extend(std::iter::from_fn(|| self.queue.try_recv().ok()).take(TOGETHER_MAX));
            if given.is_empty() && self.rest.is_empty() {
                return self.tell_the_last(bus).await;
            }
            self.take(bus, &mut given).await;
        }
        let left = self.queue.len() + self.rest.iter().map(|rest| rest.signs.len()).sum::<usize>();
        tracing::warn!(left, "what agents told of themselves was not read before the stop");
        for _ in 0..left {
            self.metrics.ingest_dropped("stop");
        }
    }

    /// Folds what was handed in and then a piece of the telemetry that is left, and publishes what comes of both.
    async fn take(&mut self, bus: &ArcaneEventBus, given: &mut Vec<(Timestamp, Given)>) {
        if bus.is_shared() {
            return self.take_shared(bus, given).await;
        }
        let mut told = Vec::new();
        for (at, Given { room, content }) in given.drain(..) {
            self.adopt(bus, &room).await;
            let drafts = match content {
                Content::Look => Vec::new(),
                Content::Hook { agent, body, context, hold, .. } => {
                    let (signs, pending) = self.read(bus, &room, (agent, body), context, hold).await;
                    let mut drafts = self.fold(&room, signs, at);
                    let pending = pending.filter(|pending| pending.is_told(&drafts));
                    match pending.map(|pending| pending.open(&self.requests, &room, &mut drafts)) {
                        Some(Ok((id, None))) => self.opened.push(id),
                        Some(Ok((id, Some(ruled)))) => self.ruled.push((id, ruled)),
                        Some(Err(why)) => self.metrics.ingest_dropped(why),
                        None => {}
                    }
                    drafts
                }
                Content::Telemetry { told: Told { mut signs, sums, .. }, held } => {
                    signs.extend(self.totals.take(sums));
                    // What came first is told first.
                    if self.rest.is_empty() && signs.len() <= PIECE_SIGNS_MAX {
                        self.fold(&room, signs, at)
                    } else {
                        let signs = signs.into_iter();
                        self.rest.push_back(Rest { room, at, signs, _held: held });
                        continue;
                    }
                }
            };
            told.push((room, drafts));
        }
        if let Some(mut rest) = self.rest.pop_front() {
            let piece = rest.signs.by_ref().take(PIECE_SIGNS_MAX).collect();
            told.push((rest.room.clone(), self.fold(&rest.room, piece, rest.at)));
            if rest.signs.len() > 0 {
                self.rest.push_front(rest);
            }
        }
        self.publish(bus, told).await;
    }

    /// Publishes events; those of one room that follow one another go together.
    async fn publish(&mut self, bus: &ArcaneEventBus, told: Vec<(RoomName, Vec<Draft>)>) {
        let mut batches: Vec<(RoomName, Vec<Draft>)> = Vec::new();
        for (room, drafts) in told {
            match batches.last_mut().filter(|(of, _)| *of == room) {
                Some((_, all)) => all.extend(drafts),
                None => batches.push((room, drafts)),
            }
        }
        for (room, drafts) in batches {
            if let Published::Told { opened, .. } = publish(bus, &room, drafts, None, &self.metrics).await {
                self.announce(opened);
            }
        }
        self.settle();
    }

    /// The log has events that open requests.
    fn announce(&mut self, opened: Vec<(RequestId, Seq)>) {
        for (id, seq) in opened {
            self.opened.retain(|opened| *opened != id);
            self.requests.announce(&id, seq);
        }
    }

    /// Sees to the requests of what was published.
    fn settle(&mut self) {
        // What the log did not take was not asked.
        self.opened.drain(..).for_each(|id| self.requests.forget(&id));
        for (id, ruled) in self.ruled.drain(..) {
            self.requests.answer_by_rule(&id, ruled);
        }
        for (id, via) in self.table.overtaken() {
            self.requests.end(&id, via);
        }
    }

    /// Goes on with the sessions of an earlier run.
    async fn adopt(&mut self, bus: &ArcaneEventBus, room: &RoomName) {
        if self.adopted.contains(room) {
            return;
        }
        if let Ok(held) = bus.open_known_room(room).await {
            let roster = held.daemons();
            if bus.is_shared() {
                self.go_on_with(&held, true).await;
            } else {
                self.table.adopt(room, &roster);
            }
            holding::restore(&self.requests, room, &roster);
        }
        self.adopted.push(room.clone());
    }

    /// What signs that came at a time become.
    fn fold(&mut self, room: &RoomName, mut signs: Vec<Sign>, at: Timestamp) -> Vec<Draft> {
        for field in sign::drop_unusable(&mut signs) {
            self.metrics.ingest_unusable(field);
        }
        let drafts = signs.iter().flat_map(|sign| self.table.take(room, sign, at)).collect();
        for _ in 0..self.table.lost() {
            self.metrics.ingest_dropped("waiting");
        }
        drafts
    }
}
