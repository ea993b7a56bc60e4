//! A simulation from a seed: the real room, lists and connections on an executor that decides by dice
//! who runs next, with sockets that take as much as the dice say.
//!
//! A task is only polled after it was woken, so a lost wake-up shows as a reader that never gets its
//! events. Whatever touches shared state between two awaits does so under one lock, so the steps
//! here are the interleavings that threads can make of it. `ARCANE_SIMULATIONS` sets how many seeds
//! are played; one that fails is named.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use arcane_shared::{ArcaneEvent, EventFilter, Metadata, RoomName, Seq, SpellName, Timestamp};
use bytes::BytesMut;
use flate2::{Decompress, FlushDecompress};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::bell::Bell;
use super::codec::Decoder;
use super::deflate::sample::Dice;
use super::fanout::{Encoding, Fanouts, Pipe};
use super::session::Session;
use super::socket::Socket;
use super::turn::Outbox;
use super::wheel::Wheel;
use crate::bus::ArcaneEventBus;
use crate::config::{BusConfig, Config, Dashboard, NetConfig};
use crate::http::assets::Assets;
use crate::metrics::Metrics;
use crate::realm::Realm;
use crate::state::{AppState, Parts};

/// Both ends of one connection, as the kernel holds them.
#[derive(Debug)]
struct Wire(Mutex<Ends>);

#[derive(Debug)]
struct Ends {
    to_client: VecDeque<u8>,
    /// Bytes that fit in there.
    room: usize,
    to_server: VecDeque<u8>,
    closed: bool,
    reads: Option<Waker>,
    writes: Option<Waker>,
    dice: Dice,
}

impl Ends {
    fn take(&mut self, bytes: &[u8]) -> usize {
        let free = self.room - self.to_client.len();
        let some = if self.dice.below(3) == 0 { 1 + self.dice.below(free.max(1)) } else { free };
        let taken = some.min(free).min(bytes.len());
        self.to_client.extend(&bytes[..taken]);
        taken
    }
}

impl Pipe for Wire {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.lock().unwrap().take(bytes) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }
}

struct ServerEnd(Arc<Wire>);

impl AsyncRead for ServerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.0.0.lock().unwrap();
        if ends.to_server.is_empty() && !ends.closed {
            ends.reads = Some(context.waker().clone());
            return Poll::Pending;
        }
        let n = buffer.remaining().min(ends.to_server.len());
        buffer.put_slice(&ends.to_server.drain(..n).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut ends = self.0.0.lock().unwrap();
        match ends.take(bytes) {
            0 if !bytes.is_empty() => {
                ends.writes = Some(context.waker().clone());
                Poll::Pending
            }
            taken => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A client that believes nothing: it checks every event against what was published.
struct Client {
    wire: Arc<Wire>,
    filter: EventFilter,
    inflate: Decompress,
    unread: Vec<u8>,
    /// It has, or was told that it lost, or did not want, everything up to here.
    at: Seq,
    lost: u64,
    gone: bool,
}

impl Client {
    /// Reads up to `n` bytes, and checks what has come.
    fn read(&mut self, n: usize, published: &[bool]) -> usize {
        let taken = {
            let mut ends = self.wire.0.lock().unwrap();
            let n = n.min(ends.to_client.len());
            self.unread.extend(ends.to_client.drain(..n));
            if let Some(writer) = ends.writes.take_if(|_| n > 0) {
                writer.wake();
            }
            n
        };
        while let Some(message) = self.message() {
            self.check(&serde_json::from_slice(&message).unwrap(), published);
        }
        taken
    }

    fn message(&mut self) -> Option<Vec<u8>> {
        let [first, len, ..] = self.unread[..] else { return None };
        let (at, len) = match len {
            126 => (4, usize::from(u16::from_be_bytes([*self.unread.get(2)?, *self.unread.get(3)?]))),
            len => (2, usize::from(len)),
        };
        let mut payload = self.unread.get(at..at + len)?.to_vec();
        self.unread.drain(..at + len);
        match first {
            0x81 => Some(payload),
            0xC1 => {
                payload.extend([0, 0, 0xFF, 0xFF]);
                let mut message = Vec::with_capacity(10_000);
                self.inflate.decompress_vec(&payload, &mut message, FlushDecompress::Sync).unwrap();
                Some(message)
            }
            other => panic!("an unexpected frame {other:#x}"),
        }
    }

    fn check(&mut self, message: &Value, published: &[bool]) {
        match message.get("type").and_then(Value::as_str) {
            None => {
                let seq = message["seq"].as_u64().unwrap();
                self.skip_to(seq, published);
                assert_eq!(message["success"], published[index(seq)], "event {seq}");
                self.at = seq;
            }
            Some("gap") => {
                let (from, to) = (message["from"].as_u64().unwrap(), message["to"].as_u64().unwrap());
                self.skip_to(from, published);
                self.lost += to - from + 1;
                self.at = to;
            }
            Some("pong" | "hello" | "position") => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Nothing that this client wants is between what it has and `seq`.
    fn skip_to(&mut self, seq: Seq, published: &[bool]) {
        assert!(seq > self.at, "{seq} comes after {}", self.at);
        for missing in self.at + 1..seq {
            let wanted = self.filter.success.is_none_or(|wanted| wanted == published[index(missing)]);
            assert!(!wanted, "{missing} is missing before {seq}");
        }
    }

    fn say(&self, text: &str) {
        let mut ends = self.wire.0.lock().unwrap();
        ends.to_server.extend([0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0]);
        ends.to_server.extend(text.as_bytes());
        if let Some(reader) = ends.reads.take() {
            reader.wake();
        }
    }

    fn go(&mut self) {
        self.gone = true;
        let mut ends = self.wire.0.lock().unwrap();
        ends.closed = true;
        if let Some(reader) = ends.reads.take() {
            reader.wake();
        }
    }
}

fn socket_runs(mut socket: Socket<ServerEnd, Wire>) -> BoxFuture<'static, ()> {
    async move {
        socket.run().await;
    }
    .boxed()
}

fn index(seq: Seq) -> usize {
    usize::try_from(seq - 1).unwrap()
}

/// Polls what was woken, in any order.
struct Executor {
    tasks: Vec<Option<BoxFuture<'static, ()>>>,
    woken: Arc<Mutex<BTreeSet<usize>>>,
    spawned: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

struct Task {
    id: usize,
    woken: Arc<Mutex<BTreeSet<usize>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().insert(self.id);
    }
}

impl Executor {
    fn adopt(&mut self) {
        for task in std::mem::take(&mut *self.spawned.lock().unwrap()) {
            self.woken.lock().unwrap().insert(self.tasks.len());
            self.tasks.push(Some(task));
        }
    }

    /// Polls one task that was woken; false if there is none.
    fn step(&mut self, dice: &mut Dice) -> bool {
        self.adopt();
        let id = {
            let mut woken = self.woken.lock().unwrap();
            if woken.is_empty() {
                return false;
            }
            let id = *woken.iter().nth(dice.below(woken.len())).unwrap();
            woken.remove(&id);
            id
        };
        let Some(task) = &mut self.tasks[id] else { return true };
        let waker = Waker::from(Arc::new(Task { id, woken: Arc::clone(&self.woken) }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.tasks[id] = None;
        }
        true
    }
}

struct Simulation {
    dice: Dice,
    bus: ArcaneEventBus,
    fanouts: Arc<Fanouts<Wire>>,
    state: AppState,
    executor: Executor,
    clients: Vec<Client>,
    published: Vec<bool>,
}

impl Simulation {
    fn new(seed: u64, ring_frames: usize) -> Self {
        let mut dice = Dice::new(seed);
        let bus = ArcaneEventBus::new(BusConfig { ring_frames, history_size: 1, ..BusConfig::default() });
        let spawned: Arc<Mutex<Vec<BoxFuture<'static, ()>>>> = Arc::default();
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
        let state = AppState::new(Parts {
            fanouts: Arc::new(Fanouts::new(bus.clone(), metrics.clone())),
            realm: Realm::new(bus.clone(), config.realm.clone()).unwrap(),
            bus: bus.clone(),
            wheel: Wheel::start(),
            assets: Assets::from(&Dashboard::Off),
            draining: watch::channel(false).1,
            started: Instant::now(),
            metrics: metrics.clone(),
            config,
        });
        let fanouts = Arc::new(Fanouts::with(bus.clone(), metrics, lists, stretch, spawn));
        let executor = Executor { tasks: Vec::new(), woken: Arc::default(), spawned };
        Self { dice, bus, fanouts, state, executor, clients: Vec::new(), published: Vec::new() }
    }

    fn connect(&mut self) {
        let dice = &mut self.dice;
        let narrow = dice.below(2) == 0;
        let room = 40 + dice.below(if narrow { 600 } else { 20_000 });
        let ends = Ends {
            to_client: VecDeque::new(),
            room,
            to_server: VecDeque::new(),
            closed: false,
            reads: None,
            writes: None,
            dice: Dice::new(dice.below(1 << 30) as u64),
        };
        let wire = Arc::new(Wire(Mutex::new(ends)));
        let encoding = match dice.below(3) {
            0 => Encoding::Plain,
            1 => Encoding::Deflate { together: false },
            _ => Encoding::Deflate { together: true },
        };
        let success = [None, None, Some(true), Some(false)][dice.below(4)];
        let filter = EventFilter { success, ..EventFilter::default() };
        let bell = Arc::new(Bell::default());
        let name = RoomName::default();
        let member =
            self.fanouts.member(&name, &filter, encoding, Arc::clone(&wire), Arc::clone(&bell)).unwrap();
        let subscription = self.bus.subscribe_to(&name, filter.clone(), 0).unwrap();
        let client = Client {
            wire: Arc::clone(&wire),
            filter,
            inflate: Decompress::new(false),
            unread: Vec::new(),
            at: subscription.cursor(),
            lost: 0,
            gone: false,
        };
        // Who wants to know of gaps has to say so.
        client.say(r#"{"type":"hello"}"#);
        let net = NetConfig::default();
        let socket = Socket {
            io: ServerEnd(Arc::clone(&wire)),
            session: Session::new(&net, 1, Instant::now()),
            decoder: Decoder::new(net.message_bytes_max),
            subscription,
            listens: true,
            member: Some(member),
            fanouts: Arc::clone(&self.fanouts),
            encoding,
            alarm: self.state.wheel.alarm(Arc::clone(&bell)),
            bell,
            outbox: Outbox::default(),
            inbox: BytesMut::new(),
            state: self.state.clone(),
        };
        self.executor.spawned.lock().unwrap().push(socket_runs(socket));
        self.clients.push(client);
    }

    fn publish(&mut self) {
        let event = |success, len| ArcaneEvent {
            spell_name: SpellName::Reveal,
            daemon_name: None,
            timestamp: Timestamp::from_unix_micros(0),
            success,
            description: "rune ".repeat(len),
            metadata: Metadata::new(),
            seq: None,
            room: None,
        };
        let successes: Vec<bool> = (0..=self.dice.below(4)).map(|_| self.dice.below(2) == 0).collect();
        let events = successes.iter().map(|success| event(*success, self.dice.below(60))).collect();
        self.bus.emit_all(events).unwrap();
        self.published.extend(successes);
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..8 => self.publish(),
            8..9 if self.clients.len() < 6 => self.connect(),
            9..25 => {
                let (at, n) = (self.dice.below(self.clients.len()), 1 + self.dice.below(3000));
                self.clients[at].read(n, &self.published);
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
            _ => {
                self.executor.step(&mut self.dice);
            }
        }
    }

    /// Lets everything run until nothing moves any more. Then every client must have everything.
    fn settle(&mut self) -> u64 {
        loop {
            let mut moved = false;
            while self.executor.step(&mut self.dice) {
                moved = true;
            }
            for client in &mut self.clients {
                moved |= client.read(usize::MAX, &self.published) > 0;
            }
            if !moved {
                break;
            }
        }
        let end = self.published.len() as u64 + 1;
        for client in self.clients.iter_mut().filter(|client| !client.gone) {
            client.skip_to(end, &self.published);
        }
        self.clients.iter().map(|client| client.lost).sum()
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
