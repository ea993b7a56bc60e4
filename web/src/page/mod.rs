//! The page's state outside of signals: what arrives is folded here at once, and every frame
//! turns it into a picture. What people read is projected from here a few times a second.

mod description;
mod keeping;
mod memory;
mod performance;
mod pins;
mod presence;
pub(crate) mod recordings;
mod roster;

use std::rc::Rc;

use arcane_shared::{ReceivedEvent, RoomName, Seq, SpellName, UnixMillis};
use arcane_stage::clock_sync::ClockSync;
use arcane_stage::dictionary::Tongue;
use arcane_stage::director::{Cue, direct};
use arcane_stage::feed::{Held, Viewer};
use arcane_stage::gap::Cause;
use arcane_stage::latency::Latency;
use arcane_stage::link::{Link, State};
use arcane_stage::message::{self, Incoming, Notice, Welcome};
use arcane_stage::pins::Pins;
use arcane_stage::playout::Playout;
use arcane_stage::quality::Quality;
use arcane_stage::search::Search;
use arcane_stage::sounds::Sound;
use arcane_stage::store::{Origin, RESUME_MAX, Stored};
use arcane_stage::waits::Waits;
use arcane_stage::{Stage, Store};
use serde_json::Value;

pub(crate) use self::keeping::write_history;
use self::memory::Memory;
use self::performance::Performed;
use self::presence::Presence;
use self::recordings::Recorded;
use crate::clock;
use crate::components::stage_view::Canvas;
use crate::painter::Painter;
use crate::socket::{Heard, Socket};
use crate::speaker::Speaker;
use crate::time_travel::TimeTraveller;

/// Milliseconds between writes of the history.
const SAVE_EVERY_MS: f64 = 1_500.0;
/// Milliseconds between reports of paint samples.
const SEEN_EVERY_MS: f64 = 1_000.0;
/// Everything the page keeps.
pub(crate) struct Page {
    pub(crate) room: RoomName,
    pub(crate) store: Store,
    pub(crate) stage: Stage,
    pub(crate) link: Link,
    pub(crate) sync: ClockSync,
    pub(crate) latency: Latency,
    pub(crate) playout: Playout,
    pub(crate) quality: Quality,
    pub(crate) speaker: Speaker,
    pub(crate) painter: Option<Painter>,
    pub(crate) subscribers: u64,
    /// The server shows invented agents.
    pub(crate) is_demo: bool,
    /// The words that the viewer chose; `None`: as the server says.
    pub(crate) tongue: Option<Tongue>,
    /// Those that the server says.
    served_tongue: Tongue,
    pub(crate) time_travel: TimeTraveller,
    pub(crate) heard_events: u64,
    /// Events that the server still reads from its log for us.
    pub(crate) lagging: u64,
    pub(crate) context_lost: bool,
    /// How the stage is painted.
    pub(crate) canvas: Canvas,
    /// The painter turned out to be none.
    pub(crate) painter_failed: bool,
    /// What the page shows instead of a server's stream.
    pub(crate) recorded: Option<Recorded>,
    /// The latest wait for a human that was known; `None`: nothing was shown yet.
    pub(crate) called: Option<Seq>,
    /// When somebody waited for a human.
    pub(crate) waits: Waits,
    /// Whether a daemon has begun or ceased to wait since this was looked at.
    pub(crate) attention: bool,
    /// When the page's title was last written.
    pub(crate) titled: f64,
    /// Whether its icon says that an agent waits.
    pub(crate) titled_waiting: bool,
    pins: Pins,
    /// The event that was opened last: it may be gone from the chronicle meanwhile.
    pub(crate) opened: Option<Rc<Stored>>,
    /// What is searched for, and what was found.
    pub(crate) search: Search,
    /// The chronicle as it is read, while it stands still.
    pub(crate) held: Option<Held>,
    /// A stream is to be opened again.
    reopens: bool,
    /// The painter has said what it can do.
    settled: bool,
    roster_asked_at: Option<f64>,
    memory: Memory,
    /// What writes the history; absent until it has come.
    pub(crate) writes: Option<fn(&mut Page)>,
    socket: Option<Socket>,
    /// Whether the server has been shown a token.
    pub(crate) shows_token: bool,
    performed: Vec<Performed>,
    sounds: Vec<Sound>,
    saved_at: f64,
    seen_at: f64,
    pub(crate) presence: Presence,
}

impl Page {
    /// A page of a room of a server, by the name that the browser knows it by; without a room it says why there is none.
    pub(crate) fn new(room: &Result<RoomName, String>, dice: u32, server: &str) -> Self {
        let now = clock::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "any bits will do as a seed"
        )]
        let seed = clock::unix() as u64;
        let mut page = Self {
            room: room.clone().unwrap_or_default(),
            store: Store::default(),
            stage: Stage::new(dice, now),
            link: Link::new(seed, now),
            sync: ClockSync::default(),
            latency: Latency::default(),
            playout: Playout::default(),
            quality: Quality::new(false),
            speaker: Speaker::default(),
            painter: None,
            subscribers: 0,
            is_demo: false,
            tongue: None,
            served_tongue: Tongue::default(),
            time_travel: TimeTraveller::new(),
            heard_events: 0,
            lagging: 0,
            context_lost: false,
            canvas: Canvas::default(),
            painter_failed: false,
            recorded: None,
            called: None,
            waits: Waits::default(),
            attention: false,
            titled: f64::NEG_INFINITY,
            titled_waiting: false,
            pins: Pins::default(),
            opened: None,
            search: Search::default(),
            held: None,
            reopens: false,
            settled: false,
            roster_asked_at: None,
            memory: Memory::read(server),
            writes: None,
            socket: None,
            shows_token: false,
            performed: Vec::new(),
            sounds: Vec::new(),
            saved_at: now,
            seen_at: now,
            presence: Presence::default(),
        };
        match room {
            Ok(room) => page.store.restore(page.memory.of_room(room)),
            Err(why) => {
                page.link.refuse(why);
                page.time_travel = TimeTraveller::of_recording(&page.store);
            }
        }
        page.time_travel.count(&page.store);
        page
    }

    /// The store that the page shows: the live one, or that of a visit to the past.
    pub(crate) fn shown(&self) -> &Store {
        let travel = self.time_travel.travel.as_ref().filter(|travel| travel.has_shown());
        travel.map_or(&self.store, |travel| travel.store())
    }

    /// In which words it is read.
    pub(crate) fn viewer(&self) -> Viewer {
        Viewer {
            offset_ms: clock::offset_ms(self.moment()),
            tongue: self.tongue.unwrap_or(self.served_tongue),
        }
    }

    /// Lets the chronicle stand still as it is now, or go on.
    pub(crate) fn hold(&mut self, held: bool) {
        match (held, &self.held) {
            (true, None) => self.held = Some(Held::of(self.shown())),
            (true, Some(_)) => {}
            (false, _) => self.held = None,
        }
    }

    /// Opens a socket to a room's stream.
    pub(crate) fn connect(&mut self, url: &str, token: Option<&String>, hear: impl Fn(Heard) + 'static) {
        let now = clock::now();
        self.socket = None;
        self.link.opening(now);
        self.shows_token = token.is_some();
        self.socket = Socket::open(url, token, hear);
        if self.socket.is_none() {
            self.link.closed(1006, "", now);
        }
    }

    /// Goes to another room: what is here is kept, what is there is shown.
    pub(crate) fn enter(&mut self, room: RoomName) {
        self.save();
        self.socket = None;
        self.room = room;
        self.recorded = None;
        self.search.begin_again();
        self.leave(true);
        (self.roster_asked_at, self.called) = (None, None);
        self.presence = Presence::default();
        self.lagging = 0;
        self.waits = Waits::default();
        self.store = Store::default();
        self.store.restore(self.memory.of_room(&self.room));
        let range = self.time_travel.range;
        self.time_travel = TimeTraveller::new();
        self.time_travel.range = range;
        self.time_travel.count(&self.store);
        self.stage.clear();
        self.speaker.hush();
        self.playout.clear();
        self.performed.clear();
        self.link = Link::new(self.link_seed(), clock::now());
    }

    fn link_seed(&self) -> u64 {
        arcane_shared::color::hash(self.room.as_str()) ^ self.heard_events
    }

    /// The socket told something.
    pub(crate) fn hear(&mut self, heard: Heard, hidden: bool) {
        let now = clock::now();
        match heard {
            Heard::Open => {
                self.say("hello", "client", "dashboard".into());
                self.sync.restart(now);
                self.presence.said_at = None;
            }
            Heard::Closed(code, reason) => {
                self.socket = None;
                self.link.closed(code, &reason, now);
            }
            Heard::Text(text) => {
                let arrived = clock::unix();
                self.link.heard(now);
                match message::read(&text, clock::timestamp()) {
                    Incoming::Welcome(welcome) => self.welcome(&welcome),
                    Incoming::Event(event) => self.receive(*event, hidden),
                    Incoming::Notice(notice) => self.notice(notice, arrived),
                    Incoming::Undecodable => self.store.count_undecodable(),
                }
            }
        }
    }

    fn welcome(&mut self, welcome: &Welcome) {
        let now = clock::now();
        self.subscribers = welcome.subscriber_count;
        self.is_demo = welcome.demo;
        self.served_tongue = if welcome.plain { Tongue::Plain } else { Tongue::Fantasy };
        self.lagging = 0;
        let fresh = self.store.welcome(welcome);
        if self.store.behind() > RESUME_MAX {
            // More than anybody would watch: begin at what is live, and show the hole.
            self.store.skip_missed();
            self.socket = None;
            self.link.closed(1006, "", now);
            return;
        }
        for stored in &fresh {
            self.time_travel.note(stored);
            self.memory.keep(&self.room, self.store.epoch(), &stored.event);
        }
        self.time_travel.begin();
        if self.time_travel.travel.is_none() {
            let present = self.present();
            self.stage.settle(self.store.daemons(), present, now);
        }
    }

    /// Lets the stage perform a cue; what its daemon does then is what is known of it.
    pub(super) fn enact(&mut self, cue: &Cue, now: f64) {
        if let Some(gone) = cue
            .daemon
            .as_ref()
            .filter(|_| cue.success && !cue.stays && cue.spell.known() == Some(SpellName::Banish))
        {
            self.speaker.hush_daemon(gone);
        }
        let unix = self.moment();
        let shown = self.time_travel.travel.as_ref().map_or(&self.store, |travel| travel.store());
        let daemon = cue.daemon.as_ref().and_then(|name| shown.daemons().get(name));
        self.stage.perform(cue, daemon, unix, now);
    }

    fn receive(&mut self, event: ReceivedEvent, hidden: bool) {
        let name = event.daemon_name.clone();
        let waits = |store: &Store| {
            let daemon = name.as_ref().and_then(|name| store.daemons().get(name.as_str()));
            daemon.is_some_and(|daemon| !daemon.waiting.is_empty())
        };
        let waited = waits(&self.store);
        let Some(stored) = self.store.receive(event) else { return };
        self.attention |= waits(&self.store) != waited;
        self.heard_events += 1;
        self.memory.keep(&self.room, self.store.epoch(), &stored.event);
        self.time_travel.note(&stored);
        self.doubt_clock(&stored);
        if self.time_travel.travel.is_some() {
            return;
        }
        if hidden || stored.origin != Origin::Live {
            // Nobody looks, or it is not news: its state, at once.
            self.collapse();
            let mut cue = direct(&stored.event, stored.origin, None, hidden, self.viewer().tongue);
            cue.id = Some(stored.id);
            self.enact(&cue, clock::now());
        } else {
            self.playout.arrive(&stored, self.sync.server_time(clock::unix()));
        }
    }

    fn notice(&mut self, notice: Notice, arrived: UnixMillis) {
        match notice {
            Notice::Pong { t0, t1, t2 } => self.sync.pong(t0, t1, t2, arrived),
            Notice::Gap { from, to, reason } => {
                self.store.gap(from, to, Cause::of_word(&reason));
            }
            Notice::Lagging { behind } => self.lagging = behind,
            Notice::CaughtUp { .. } => self.lagging = 0,
            Notice::Position { seq } => self.store.skip_to(seq),
            Notice::Draining { reconnect_in_ms } => self.link.draining(reconnect_in_ms),
            Notice::Connection(_)
            | Notice::Hello { .. }
            | Notice::Authenticated { .. }
            | Notice::Filtered { .. }
            | Notice::Published { .. }
            | Notice::Answered { .. }
            | Notice::Error { .. }
            | Notice::Unknown => {}
        }
    }

    /// What has to happen even while nobody looks. Says whether it is time to connect again.
    pub(crate) fn beat(&mut self, hidden: bool) -> bool {
        let now = clock::now();
        if self.recorded.is_some() {
            return false;
        }
        if std::mem::take(&mut self.reopens) {
            return true;
        }
        if self.link.is_silent(now) {
            self.socket = None;
            self.link.closed(1006, "", now);
        }
        if *self.link.state() == State::Live && self.sync.ping_due(now) {
            self.say("ping", "t0", clock::unix().into());
        }
        if now - self.seen_at >= SEEN_EVERY_MS {
            self.seen_at = now;
            loop {
                let samples = self.latency.take_unsent();
                if samples.is_empty() {
                    break;
                }
                self.say("seen", "samples", message::value(&samples));
            }
        }
        if self.memory.is_unsaved() && now - self.saved_at >= SAVE_EVERY_MS {
            self.save();
        }
        if !hidden {
            self.link.watch();
            self.is_seen(now);
        }
        self.link.retry_due(now)
    }

    fn say(&self, kind: &str, field: &str, content: Value) {
        if let Some(socket) = &self.socket {
            socket.say(message::said(kind, field, content));
        }
    }
}
