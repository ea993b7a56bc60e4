//! A simulation from a seed: the real room, lists and connections on an executor that decides by dice
//! who runs next, with sockets that take as much as the dice say.
//!
//! A task is only polled after it was woken, so a lost wake-up shows as a reader that never gets its
//! events. Whatever touches shared state between two awaits does so under one lock, so the steps
//! here are the interleavings that threads can make of it. `ARCANE_SIMULATIONS` sets how many seeds
//! are played; one that fails is named.

mod client;
mod executor;
mod far;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use arcane_shared::{ArcaneEvent, EventFilter, Metadata, RoomName, SpellName, Timestamp};
use bytes::BytesMut;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::codec::Decoder;
use super::deflate::sample::Dice;
use super::fanout::{Encoding, Fanouts};
use super::pending::Pending;
use super::session::Session;
use super::socket::Socket;
use super::turn::Outbox;
use super::wakeup::Wakeup;
use super::wheel::Wheel;
use crate::audit::Audit;
use crate::bus::{ArcaneEventBus, Start, Submission};
use crate::config::{BusConfig, Config, NetConfig, Retention};
use crate::intake;
use crate::log::far::FarLog;
use crate::metrics::Metrics;
use crate::realm::Realm;
use crate::state::{AppState, Parts};
use client::Client;
use executor::{Executor, Spawned};
use far::{Far, Kind};
use wire::{Ends, ServerEnd, Wire};

fn socket_runs(mut socket: Socket<ServerEnd, Wire>) -> BoxFuture<'static, ()> {
    async move {
        socket.run().await;
    }
    .boxed()
}

struct Simulation {
    dice: Dice,
    bus: ArcaneEventBus,
    fanouts: Arc<Fanouts<Wire>>,
    state: AppState,
    wheel: Wheel,
    executor: Executor,
    clients: Vec<Client>,
    published: Vec<bool>,
    far: Far,
}

impl Simulation {
    fn new(seed: u64, ring_frames: usize) -> Self {
        let mut dice = Dice::new(seed);
        // The log forgets, too: so some readers go on from it, and others learn of gaps.
        let events_max = ring_frames as u64 * (1 + dice.below(3) as u64);
        let retention = Retention { events_max, ..Retention::default() };
        let config = BusConfig { ring_frames, history_size: 1, retention, ..BusConfig::default() };
        Self::with_bus(dice, ArcaneEventBus::new(config), Far::default())
    }

    /// With a log that is far away.
    fn with_far_log(seed: u64, kind: Kind) -> Self {
        let mut dice = Dice::new(seed);
        let config = BusConfig { ring_frames: 8 << dice.below(12), history_size: 1, ..BusConfig::default() };
        let log = Arc::new(match kind {
            Kind::Shared => FarLog::shared(seed, Retention::default()),
            kind => FarLog::new(seed, Retention::default(), kind == Kind::Forgets),
        });
        let bus = far::drive(&log, ArcaneEventBus::with_log(config, log.clone())).unwrap();
        let simulation = Self::with_bus(dice, bus, Far::of(log));
        let bus = simulation.bus.clone();
        let settling = async move { bus.keep_settled().await }.boxed();
        simulation.executor.spawned.lock().unwrap().push(settling);
        simulation
    }

    fn with_bus(mut dice: Dice, bus: ArcaneEventBus, far: Far) -> Self {
        let spawned = Spawned::default();
        let spawn = {
            let spawned = Arc::clone(&spawned);
            Box::new(move |task| {
                spawned.lock().unwrap().push(task);
                None
            })
        };
        let (lists, stretch) = (1 + dice.below(3), 1 + dice.below(3));
        let config = Config::default();
        let metrics = Metrics::new();
        let realm = Realm::new(bus.clone(), config.realm.clone());
        let realm = match &far.log {
            Some(log) => far::drive(log, realm),
            None => realm.now_or_never().unwrap(),
        };
        let requests =
            crate::requests::Requests::new(bus.clone(), false, crate::requests::Rulings::default());
        let state = AppState::new(Parts {
            audit: Audit::off(),
            requests: requests.0.clone(),
            ingest: crate::ingest::Ingest::new(metrics.clone(), Default::default(), 0, requests).0,
            realm: realm.unwrap(),
            bus: bus.clone(),
            draining: watch::channel(false).1,
            started: Instant::now(),
            metrics: metrics.clone(),
            gate: crate::gate::Gate::open(),
            otlp: None,
            config,
        });
        let fanouts = Arc::new(Fanouts::with(bus.clone(), metrics, lists, stretch, spawn));
        let executor = Executor::new(spawned);
        let (wheel, clients, published) = (Wheel::start(), Vec::new(), Vec::new());
        Self { dice, bus, fanouts, state, wheel, executor, clients, published, far }
    }

    fn connect(&mut self) {
        if self
            .bus
            .room_info(&RoomName::default())
            .is_ok_and(|room| room.epoch != *self.bus.default_room().epoch())
        {
            // The room is about to be opened anew.
            return;
        }
        let dice = &mut self.dice;
        let narrow = dice.below(2) == 0;
        let room = 40 + dice.below(if narrow { 600 } else { 20_000 });
        let ends = Ends::new(room, Dice::new(dice.roll(1 << 30)));
        let wire = Arc::new(Wire(Mutex::new(ends)));
        let encoding = match dice.below(3) {
            0 => Encoding::Plain,
            1 => Encoding::Deflate { together: false },
            _ => Encoding::Deflate { together: true },
        };
        let success = [None, None, Some(true), Some(false)][dice.below(4)];
        let filter = EventFilter { success, ..EventFilter::default() };
        let wakeup = Arc::new(Wakeup::default());
        let name = RoomName::default();
        let member =
            self.fanouts.member(&name, &filter, encoding, Arc::clone(&wire), Arc::clone(&wakeup)).unwrap();
        let subscription = self.bus.subscribe_to(&self.bus.default_room(), filter.clone(), Start::Recent(0));
        let epoch = subscription.epoch().clone();
        let client = Client::new(Arc::clone(&wire), filter, subscription.cursor(), epoch);
        // Who wants to know of gaps has to say so.
        client.say(r#"{"type":"hello"}"#);
        let net = NetConfig::default();
        let socket = Socket {
            page: None,
            pass: crate::gate::Pass::anonymous(),
            subject: crate::gate::limits::Subject::Unknown,
            io: ServerEnd(Arc::clone(&wire)),
            session: Session::new(&net, 1, Instant::now()),
            decoder: Decoder::new(net.message_bytes_max),
            subscription,
            consumer: None,
            pending: Pending::default(),
            ending: false,
            is_abandoned: false,
            listens: true,
            member: Some(member),
            fanouts: Arc::clone(&self.fanouts),
            encoding,
            alarm: self.wheel.alarm(Arc::clone(&wakeup)),
            wakeup,
            outbox: Outbox::default(),
            inbox: BytesMut::new(),
            state: self.state.clone(),
        };
        self.executor.spawned.lock().unwrap().push(socket_runs(socket));
        self.clients.push(client);
    }

    fn publish(&mut self) {
        if self.far.log.is_some() {
            return self.publish_far();
        }
        let successes: Vec<bool> = (0..=self.dice.below(4)).map(|_| self.dice.below(2) == 0).collect();
        let drafts: Vec<_> =
            successes.iter().map(|success| event(*success, self.dice.below(60)).into()).collect();
        intake::submit(&self.bus, &self.bus.default_room(), drafts, Submission::default()).unwrap();
        self.published.extend(successes);
    }

    /// Lets a client read.
    fn read(&mut self, at: usize, n: usize) -> usize {
        let published = self.run_of(self.clients[at].epoch());
        self.clients[at].read(n, &published)
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..8 => self.publish(),
            8..9 if self.clients.len() < 6 => self.connect(),
            9..25 => {
                let (at, n) = (self.dice.below(self.clients.len()), 1 + self.dice.below(3000));
                self.read(at, n);
            }
            25..28 => {
                let at = self.dice.below(self.clients.len());
                if !self.clients[at].gone {
                    self.clients[at].say(r#"{"type":"ping","t0":1}"#);
                }
            }
            28 if self.dice.below(20) == 0 => {
                let at = self.dice.below(self.clients.len());
                self.clients[at].go();
            }
            29..50 if self.far.log.is_some() => {
                self.step_log();
            }
            _ => {
                self.executor.step(&mut self.dice);
            }
        }
    }

    /// Lets everything run until nothing moves any more.
    fn settle_readers(&mut self) {
        loop {
            let mut moved = false;
            while self.executor.step(&mut self.dice) {
                moved = true;
            }
            for at in 0..self.clients.len() {
                moved |= self.read(at, usize::MAX) > 0;
            }
            if !moved {
                break;
            }
        }
    }

    /// The same. Then every client must have everything, or have been told to come back.
    fn settle(&mut self) -> u64 {
        self.settle_readers();
        let epoch = self.bus.default_room().epoch().clone();
        let end = self.published.len() as u64 + 1;
        for client in self.clients.iter_mut().filter(|client| !client.gone) {
            assert_eq!(*client.epoch(), epoch, "a client of another run of numbers was not told");
            client.skip_to(end, &self.published);
        }
        self.clients.iter().map(|client| client.lost).sum()
    }
}

/// An event that is published.
fn event(success: bool, len: usize) -> ArcaneEvent {
    ArcaneEvent {
        spell_name: SpellName::Reveal,
        daemon_name: None,
        timestamp: Timestamp::from_unix_micros(0),
        success,
        description: "rune ".repeat(len),
        metadata: Metadata::new(),
        seq: None,
        room: None,
    }
}

/// Plays some seeds; returns how many events were lost to slow readers in all.
fn play(seeds: u64, steps: usize, ring_frames: usize) -> u64 {
    // Only for what wants to be made within one: nothing here waits for its clock.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let seeds = std::env::var("ARCANE_SIMULATIONS").map_or(seeds, |n| n.parse().unwrap());
    (0..seeds)
        .map(|seed| {
            let lost = std::panic::catch_unwind(|| {
                let mut simulation = Simulation::new(seed, ring_frames);
                simulation.connect();
                for _ in 0..steps {
                    simulation.step();
                }
                simulation.settle()
            });
            lost.unwrap_or_else(|_| panic!("seed {seed} with a ring of {ring_frames} fails"))
        })
        .sum()
}

#[test]
fn whatever_the_interleaving_everybody_gets_every_event_once_and_in_order() {
    assert_eq!(play(40, 1500, 1 << 20), 0);
}

#[test]
fn whoever_is_too_slow_for_the_ring_is_told_exactly_what_was_lost() {
    assert!(play(40, 1500, 8) > 0);
}
