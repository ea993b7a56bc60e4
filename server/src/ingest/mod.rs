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
pub(crate) mod otlp;
mod payload;
mod people;
pub(crate) mod priced;
mod publish;
mod result;
pub(crate) mod secrets;
mod session;
pub(crate) mod sign;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcane_shared::{RoomName, Timestamp};
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::MissedTickBehavior;

use crate::bus::ArcaneEventBus;
use crate::config::Prices;
use crate::intake::Draft;
use crate::metrics::Metrics;
use crate::requests::{Over, RequestId, Requests, Ruled};
use crate::{clock, json};
pub(crate) use dialect::{Agent, Context};
use holding::Pending;
pub(crate) use holding::{Hold, Waits};
use otlp::{Told, Totals};
use publish::publish;
use secrets::masked;
use session::Table;
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
    Hook { agent: Option<Agent>, body: Bytes, context: Context, hold: Option<Hold> },
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
                    let drafts = self.table.request_ends(&over, clock::now());
                    self.publish(&bus, vec![(over.room, drafts)]).await;
                }
                _ = looks.tick() => {
                    let due = self.table.pass(clock::now());
                    self.publish(&bus, due).await;
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
                let due = self.table.last(clock::now());
                return self.publish(bus, due).await;
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
        let mut told = Vec::new();
        for (at, Given { room, content }) in given.drain(..) {
            self.adopt(bus, &room).await;
            let drafts = match content {
                Content::Look => Vec::new(),
                Content::Hook { agent, body, context, hold } => {
                    let (signs, pending) = self.read(&room, (agent, body), context, hold).await;
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
            for (id, seq) in publish(bus, &room, drafts, &self.metrics).await {
                self.opened.retain(|opened| *opened != id);
                self.requests.announce(&id, seq);
            }
        }
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
            self.table.adopt(room, &roster);
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

    async fn read(
        &self,
        room: &RoomName,
        (agent, body): (Option<Agent>, Bytes),
        context: Context,
        hold: Option<Hold>,
    ) -> (Vec<Sign>, Option<Pending>) {
        let Some(payload) = parse(body).await else {
            self.metrics.ingest_dropped("not_json");
            return (Vec::new(), None);
        };
        // Agents run each other's hooks, so the payload's own shape goes before the address.
        let Some(agent) = dialect::detect(&payload, agent).or(agent) else {
            self.metrics.ingest_dropped("unknown_agent");
            return (Vec::new(), None);
        };
        let is_attended = !context.is_unattended;
        let asked = Pending::of(agent, &payload, context.event.as_deref(), is_attended, hold);
        // Somebody is there who can answer: here.
        let answered = Context { is_unattended: context.is_unattended && asked.is_none(), ..context.clone() };
        let mut reading = dialect::read(agent, &payload, &answered);
        let was_asked = asked.is_some();
        let who = reading.signs.first().map(|sign| &sign.who);
        let pending = asked.zip(who).and_then(|(asked, who)| {
            asked.ruled(&self.requests, self.table.project_of(room, who), who.cwd.as_deref())
        });
        if was_asked && pending.is_none() && context.is_unattended {
            reading = dialect::read(agent, &payload, &context);
        }
        if let Some(pending) = &pending {
            pending.note(&mut reading.signs, context.captures_content);
        }
        self.metrics.ingest_read(agent.name());
        if reading.is_foreign {
            self.metrics.ingest_dropped("no_session");
        }
        if let Some(event) = &reading.unknown_event {
            self.metrics.ingest_unknown(agent.name(), "event");
            let event = masked(event);
            tracing::debug!(agent = agent.name(), %event, "an event of an agent that is not known");
        }
        for field in &reading.unknown_fields {
            self.metrics.ingest_unknown(agent.name(), "field");
            let field = masked(field);
            tracing::debug!(agent = agent.name(), %field, "a field of an agent's payload that is not known");
        }
        (reading.signs, pending)
    }
}

/// The payload's JSON; a long one is read beside the tasks of all others.
async fn parse(body: Bytes) -> Option<Value> {
    let read = |body: &[u8]| serde_json::from_slice::<Value>(&json::plain(json::without_bom(body))).ok();
    if body.len() <= READ_AT_ONCE_MAX {
        return read(&body);
    }
    tokio::task::spawn_blocking(move || read(&body)).await.ok().flatten()
}
