//! The task of a room: it sends what is offered, follows what the stream tells, and reads what it was not told.
//!
//! One task does both, so nothing about a room is decided in two places. It waits for the servers and for nobody else.

mod end;
mod sending;
mod telling;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arcane_shared::Seq;
use async_nats::{Message, Subscriber};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use super::assembly::Assembly;
use super::bound::first_to_keep;
use super::core::Core;
use super::entry::RoomEntry;
use super::group::Group;
use super::pages::{Page, ReadError};
use super::publish::Outcome;
use super::registry::{End, Ends};
use super::settings;
use super::told::Told;
use super::witness::Witness;
use crate::log::{Fault, Follower, LogError, Notify, Run};

/// How often the leader is asked for the end while something happens: the last event may not have been told, and nothing follows
/// it.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// So many times less often while nothing happens, or other nodes tell of their heads; and seldomer where there are many rooms.
const QUIET: u32 = 5;
/// How long heads of other nodes are waited for before the leader is asked in their place.
const HEADS_MAX: Duration = Duration::from_secs(3);
/// How long something may be missing before it is read: what is told may be on its way.
const MISSING_MAX: Duration = Duration::from_millis(100);
/// Pause before a group is sent again, and before what could not be read is read again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Messages that are taken at once.
const AT_ONCE: usize = 256;
/// Bytes that are read at once.
const READ_BYTES: usize = 2 * 1024 * 1024;
/// How often the leader is asked for an event that was given, while events appear.
const WITNESS_EVERY: Duration = Duration::from_mins(1);
/// How long it must be that the leader does not have what was given, before the room begins anew.
const CUT_AFTER: Duration = Duration::from_millis(900);
/// How old a change of state may be that no snapshot has.
const SNAPSHOT_AFTER: Duration = Duration::from_secs(30);

type Later<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

pub(super) struct RoomTask {
    core: Arc<Core>,
    entry: Arc<RoomEntry>,
    follower: Weak<dyn Follower>,
    live: Subscriber,
    assembly: Assembly<Told>,
    group: Option<Group>,
    /// What has to be sent each by itself, before anything else.
    apart: VecDeque<Group>,
    /// What is in the stream and has not appeared, with the publishers that wait for it.
    acked: Vec<(Run, Notify)>,
    connected: watch::Receiver<bool>,
    sending: Later<Outcome>,
    reading: Later<Result<Page, ReadError>>,
    asking: Later<Result<End, LogError>>,
    /// What had appeared when the leader was asked: its answer may be older than what appeared since.
    asked_at: Seq,
    /// Since when the same number is missing.
    missing: Option<(Seq, Instant)>,
    read_at: Option<Instant>,
    send_at: Option<Instant>,
    ticks: Interval,
    quiet: u32,
    /// Whether something was told since the last tick.
    is_told: bool,
    /// When the leader is asked because another node is further.
    hear_at: Option<Instant>,
    /// The end at the last look, which should have been told by the next.
    due: Seq,
    snapshot_at: Instant,
    /// The last event that was given: the leader has to have that one under its number.
    last: Option<Witness>,
    /// Whether the leader is asked for it the next time.
    is_doubted: bool,
    /// Whether the question that is on its way asks for it.
    asks_doubted: bool,
    /// When it was asked for it last.
    witnessed_at: Instant,
    /// Since when the leader does not have what was given.
    cut_since: Option<Instant>,
}

/// What a room's task wakes for.
enum Happened {
    Stirred,
    Answered(Outcome),
    Told(Option<Message>),
    Read(Result<Page, ReadError>),
    Asked(Result<End, LogError>),
    Connected,
    Tick,
    Due,
}

/// Whether a task goes on.
enum Goes {
    On,
    Ends,
}

/// Starts the task of a room.
pub(super) fn start(core: Arc<Core>, entry: Arc<RoomEntry>) {
    let of_core = Arc::clone(&core);
    let task = async move {
        if let Some(mut task) = RoomTask::begin(core, entry).await {
            task.run().await;
        }
    };
    of_core.spawn(task);
}

impl RoomTask {
    async fn begin(core: Arc<Core>, entry: Arc<RoomEntry>) -> Option<Self> {
        // There is one: it was named before this was started.
        let (after, follower) = entry.new_follower()?;
        let live = loop {
            match core.connection.client().subscribe(entry.live.clone()).await {
                Ok(live) => break live,
                Err(error) => {
                    tracing::warn!(%error, room = %entry.name, "the room's stream cannot be followed yet");
                    tokio::time::sleep(ASK_EVERY).await;
                }
            }
        };
        let connected = core.connection.connected();
        let mut ticks = tokio::time::interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What happened while no task followed the stream was not told.
        let (last, is_doubted) = (entry.witness(), entry.take_doubt());
        let mut task = Self {
            core,
            entry,
            follower,
            live,
            assembly: Assembly::after(after),
            group: None,
            apart: VecDeque::new(),
            acked: Vec::new(),
            connected,
            sending: None,
            reading: None,
            asking: None,
            asked_at: after,
            missing: None,
            read_at: None,
            send_at: None,
            ticks,
            quiet: 0,
            is_told: false,
            hear_at: None,
            due: Seq::MAX,
            snapshot_at: Instant::now(),
            last,
            is_doubted,
            asks_doubted: false,
            witnessed_at: Instant::now(),
            cut_since: None,
        };
        task.ask();
        Some(task)
    }

    async fn run(&mut self) {
        loop {
            let happened = self.next().await;
            if matches!(self.handle(happened), Goes::Ends) {
                return;
            }
            self.send_next();
            self.deliver();
            self.keep_snapshot();
            self.look_for_missing();
        }
    }

    async fn next(&mut self) -> Happened {
        let Self {
            entry, live, connected, sending, reading, asking, ticks, send_at, read_at, hear_at, ..
        } = self;
        let due = send_at.iter().chain(read_at.iter()).chain(hear_at.iter()).min().copied();
        tokio::select! {
            told = live.next() => Happened::Told(told),
            outcome = async { sending.as_mut().expect("it is sending").await }, if sending.is_some() => {
                Happened::Answered(outcome)
            }
            page = async { reading.as_mut().expect("it is reading").await }, if reading.is_some() => {
                Happened::Read(page)
            }
            end = async { asking.as_mut().expect("it is asking").await }, if asking.is_some() => Happened::Asked(end),
            () = entry.stirred.notified() => Happened::Stirred,
            Ok(()) = connected.changed() => Happened::Connected,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => Happened::Due,
            _ = ticks.tick() => Happened::Tick,
        }
    }

    fn handle(&mut self, happened: Happened) -> Goes {
        match happened {
            Happened::Told(Some(message)) => self.take_told(message),
            // The client has ended: the process is about to stop.
            Happened::Told(None) => {
                self.end(&LogError::new(Fault::Closed, "the connection to the nats-server was closed"));
                return Goes::Ends;
            }
            Happened::Answered(outcome) => {
                self.sending = None;
                self.answered(outcome);
            }
            Happened::Read(page) => {
                self.reading = None;
                return self.take_read(page);
            }
            Happened::Asked(end) => {
                self.asking = None;
                let asked_doubted = std::mem::take(&mut self.asks_doubted);
                match end {
                    Ok(end) => return self.take_end(end),
                    Err(error) => {
                        self.is_doubted |= asked_doubted || self.cut_since.is_some();
                        self.core.trouble.is(&error, Instant::now());
                    }
                }
            }
            Happened::Stirred => {
                self.take_follower();
                self.take_heard();
            }
            Happened::Connected => {
                self.due = Seq::MAX;
                self.doubt();
            }
            Happened::Tick => return self.tick(),
            Happened::Due => {
                let now = Instant::now();
                self.send_at = self.send_at.filter(|at| *at > now);
                self.read_at = self.read_at.filter(|at| *at > now);
                if self.hear_at.take_if(|at| *at <= now).is_some() {
                    self.look_for_heard();
                }
            }
        }
        Goes::On
    }

    fn take_follower(&mut self) {
        let Some((after, follower)) = self.entry.new_follower() else { return };
        self.follower = follower;
        // What was on its way for the one before is there for this one as well.
        self.assembly = Assembly::after(after);
        self.assembly.known(self.entry.extent().head);
        self.due = Seq::MAX;
        self.ask();
    }

    /// Another node is further, or there is a reason to ask the leader.
    fn take_heard(&mut self) {
        if self.entry.take_doubt() {
            self.doubt();
        }
        if self.entry.heard() > self.assembly.head() && self.hear_at.is_none() {
            // What is told may be on its way.
            self.hear_at = Some(Instant::now() + MISSING_MAX);
        }
    }

    /// Asks the leader whether there is what another node has heard of. If it is, what is missing is read.
    fn look_for_heard(&mut self) {
        if self.entry.heard() > self.assembly.head() {
            self.due = self.entry.heard();
            self.ask();
        }
    }

    fn tick(&mut self) -> Goes {
        let is_idle = self.group.is_none()
            && self.apart.is_empty()
            && self.acked.is_empty()
            && self.follower.strong_count() == 0;
        if is_idle && self.entry.leave(self.last) {
            return Goes::Ends;
        }
        self.quiet += 1;
        self.is_doubted |= self.entry.take_doubt();
        // The last event may not have been told. Other nodes say so if they have it.
        let was_told = std::mem::take(&mut self.is_told);
        if was_told && !self.core.cluster().is_heard_within(HEADS_MAX, Instant::now()) {
            self.quiet = QUIET;
        }
        let is_behind = !self.acked.is_empty() || self.due > self.assembly.head() || self.is_doubted;
        if was_told && self.witnessed_at.elapsed() >= WITNESS_EVERY && self.core.may_look() {
            self.is_doubted = true;
        }
        if is_behind || (self.quiet >= QUIET && self.core.may_look()) {
            self.ask();
        }
        if !was_told && !is_behind {
            // A thousand rooms that rest are no thousand wake-ups a second.
            self.quiet = QUIET;
            self.ticks.reset_after(ASK_EVERY * QUIET);
        }
        Goes::On
    }

    /// Asks the leader for the end, and whether it has what was given.
    fn doubt(&mut self) {
        self.is_doubted = true;
        self.ask();
    }

    fn ask(&mut self) {
        if self.asking.is_none() {
            let (core, entry) = (Arc::clone(&self.core), Arc::clone(&self.entry));
            (self.quiet, self.asked_at) = (0, self.assembly.head());
            let is_doubted = std::mem::take(&mut self.is_doubted);
            self.asks_doubted = is_doubted;
            if is_doubted {
                self.witnessed_at = Instant::now();
            }
            let (shown, last) = (self.asked_at, self.last.filter(|_| is_doubted));
            self.asking = Some(async move { core.end_of_run(&entry, shown, is_doubted, last).await }.boxed());
        }
    }

    fn take_end(&mut self, End { ends, first, head, bytes, .. }: End) -> Goes {
        match ends {
            Ends::Here => self.cut_since = None,
            Ends::Cut => {
                let since = *self.cut_since.get_or_insert_with(Instant::now);
                if since.elapsed() < CUT_AFTER {
                    // A leader that is about to lose its office may be behind. It is asked again by the next tick.
                    self.is_doubted = true;
                    self.ticks.reset_after(CUT_AFTER);
                } else {
                    let (core, entry) = (Arc::clone(&self.core), Arc::clone(&self.entry));
                    self.asking = Some(async move { core.begin_anew(&entry).await }.boxed());
                }
                return Goes::On;
            }
            Ends::Elsewhere => {}
        }
        if ends == Ends::Elsewhere {
            tracing::warn!(room = %self.entry.name, "the room's stream was deleted, cut or restored: it begins anew");
            self.over("the room's stream was deleted, cut or restored");
            let (core, name) = (Arc::clone(&self.core), self.entry.name.clone());
            self.core.spawn(async move { core.tell_begun(name).await });
            self.core.counts.epochs.fetch_add(1, Ordering::Relaxed);
            return Goes::Ends;
        }
        self.core.trouble.answers();
        self.core.pins.set(self.entry.id, crate::log::Usage { first, bytes });
        self.entry.extend(|extent| (extent.first, extent.bytes) = (first, bytes));
        if let Some(keeps) = first_to_keep(first, head, bytes, self.core.retention.bytes_max) {
            let (core, entry) = (Arc::clone(&self.core), Arc::clone(&self.entry));
            let asked = async move {
                if let Err(error) = core.let_go(&entry, keeps).await {
                    tracing::debug!(%error, room = %entry.name, "what is too much goes later");
                }
            };
            self.core.spawn(asked);
        }
        // What the leader had at the last look should have been told by now.
        let due = if self.due == Seq::MAX { head } else { self.due };
        self.assembly.known(due.min(head));
        self.due = head;
        Goes::On
    }

    fn keep_snapshot(&mut self) {
        let is_late = self.snapshot_at.elapsed() >= SNAPSHOT_AFTER;
        let mut fold = self.entry.fold();
        if fold.is_due(is_late, settings::events_kept(&self.core.retention)) {
            let record = fold.snapshot(&self.entry.name);
            drop(fold);
            self.snapshot_at = Instant::now();
            if let Err(error) = self.core.state.put(vec![record]) {
                tracing::debug!(%error, room = %self.entry.name, "a snapshot of the room's state is kept later");
            }
        }
    }
}
