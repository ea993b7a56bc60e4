//! The page's state outside of signals: what arrives is folded here at once, and every frame
//! turns it into a picture. What people read is projected from here a few times a second.

use std::rc::Rc;

use arcane_shared::control::{MissReason, PaintSample};
use arcane_shared::{ReceivedEvent, RoomName, UnixMillis};
use arcane_stage::clock_sync::ClockSync;
use arcane_stage::director::{Cue, Lateness, direct};
use arcane_stage::history::{History, STORAGE_KEY};
use arcane_stage::latency::Latency;
use arcane_stage::link::{Link, State};
use arcane_stage::message::{self, Incoming, Notice, Welcome, object, written};
use arcane_stage::particles::SOFTWARE_CAPACITY;
use arcane_stage::past::taken_at;
use arcane_stage::playout::{Playout, Waiting};
use arcane_stage::quality::Quality;
use arcane_stage::recording::{self, Recording};
use arcane_stage::signpost::Signpost;
use arcane_stage::sounds::Sound;
use arcane_stage::store::{Origin, RESUME_MAX, Stored};
use arcane_stage::travel::Travel;
use arcane_stage::{Stage, Store};
use serde_json::Value;

use crate::painter::Painter;
use crate::socket::{Heard, Socket};
use crate::speaker::Speaker;
use crate::traveller::Traveller;
use crate::{clock, storage};

/// Milliseconds between writes of the history.
const SAVE_EVERY_MS: f64 = 1_500.0;
/// Milliseconds between two looks at who is present: each is an event for everybody.
const CENSUS_EVERY_MS: f64 = 3_000.0;
/// Milliseconds between reports of paint samples.
const SEEN_EVERY_MS: f64 = 1_000.0;
/// How far from the future, and how old, a live event may be before the clock is doubted.
const CLOCK_DOUBT_MS: [f64; 2] = [250.0, 60_000.0];
/// Silence before the first and after the last event of a recording.
const RECORDING_LEAD_MS: f64 = 500.0;
const RECORDING_TAIL_MS: f64 = 3_000.0;

/// See the module.
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
    pub(crate) traveller: Traveller,
    pub(crate) heard_events: u64,
    /// Events that the server still reads from its log for us.
    pub(crate) lagging: u64,
    pub(crate) context_lost: bool,
    /// The painter turned out to be none.
    pub(crate) painter_failed: bool,
    /// When the recording ends that the page shows instead of a server's stream.
    pub(crate) recorded: Option<UnixMillis>,
    /// Events that stay in sight.
    pub(crate) pins: Vec<Rc<Stored>>,
    /// A stream is to be opened again.
    reopens: bool,
    /// The painter has said what it can do.
    settled: bool,
    census: Census,
    history: History,
    socket: Option<Socket>,
    performed: Vec<Performed>,
    sounds: Vec<Sound>,
    unsaved: bool,
    saved_at: f64,
    seen_at: f64,
}

/// Whether the server was asked who is present, and when.
#[derive(Default)]
struct Census {
    wanted: bool,
    taken_at: Option<f64>,
}

/// A cue whose frame is not finished yet.
struct Performed {
    seq: u64,
    emitted_at: UnixMillis,
    deadline_ms: f64,
    /// It is shown as one that came too late.
    missed: bool,
    /// Its deadline was over when it arrived.
    came_late: bool,
}

/// Cues that may wait to be measured.
const PERFORMED_MAX: usize = 4_096;

impl Page {
    pub(crate) fn new(room: RoomName, dice: u32) -> Self {
        let now = clock::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "any bits will do as a seed"
        )]
        let seed = clock::unix() as u64;
        let history = storage::read(STORAGE_KEY).map(|text| History::decode(&text)).unwrap_or_default();
        let mut page = Self {
            room,
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
            traveller: Traveller::new(),
            heard_events: 0,
            lagging: 0,
            context_lost: false,
            painter_failed: false,
            recorded: None,
            pins: Vec::new(),
            reopens: false,
            settled: false,
            census: Census::default(),
            history,
            socket: None,
            performed: Vec::new(),
            sounds: Vec::new(),
            unsaved: false,
            saved_at: now,
            seen_at: now,
        };
        page.store.restore(page.history.of_room(&page.room));
        page.traveller.count(&page.store);
        page
    }

    /// The store that the page shows: the live one, or that of a visit to the past.
    pub(crate) fn shown(&self) -> &Store {
        let travel = self.traveller.travel.as_ref().filter(|travel| travel.has_shown());
        travel.map_or(&self.store, |travel| travel.store())
    }

    /// Opens a socket to a room's stream.
    pub(crate) fn connect(&mut self, url: &str, hear: impl Fn(Heard) + Clone + 'static) {
        let now = clock::now();
        self.socket = None;
        self.link.opening(now);
        self.socket = Socket::open(url, hear);
        if self.socket.is_none() {
            self.link.closed(1006, "", now);
        }
    }

    /// Goes to another room: what is here is kept, what is there is shown.
    pub(crate) fn enter(&mut self, room: RoomName) {
        self.save();
        self.socket = None;
        self.room = room;
        self.leave(true);
        self.census = Census::default();
        self.lagging = 0;
        self.store = Store::default();
        self.store.restore(self.history.of_room(&self.room));
        let range = self.traveller.range;
        self.traveller = Traveller::new();
        self.traveller.range = range;
        self.traveller.count(&self.store);
        self.stage.clear();
        self.playout.clear();
        self.performed.clear();
        self.link = Link::new(self.link_seed(), clock::now());
    }

    /// The visible history as a file: its name, its text, and how many events that are.
    pub(crate) fn recording(&mut self) -> (String, String, usize) {
        let (text, count) = recording::encode(&self.room, self.shown());
        let at: String = clock::timestamp().to_string().chars().take(19).filter(|c| *c != ':').collect();
        (format!("arcane-{}-{at}.ndjson", self.room), text, count)
    }

    /// Shows a recording instead of the server's stream, from its beginning on.
    pub(crate) fn show_recording(&mut self, shown: Recording) {
        self.save();
        self.socket = None;
        self.stage.clear();
        self.playout.clear();
        self.performed.clear();
        self.census = Census::default();
        self.lagging = 0;
        self.pins.clear();
        self.room = shown.room;
        let times = || shown.events.iter().map(taken_at);
        let (first, last) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
        self.recorded = Some(last + RECORDING_TAIL_MS);
        self.store = Store::default();
        self.store.restore(shown.events.iter().map(|event| (None, event.clone())));
        self.traveller = Traveller::of_recording(&self.store);
        let moment = first - RECORDING_LEAD_MS;
        self.traveller.travel = Some(Travel::of_recording(moment, &shown.present, shown.events));
        self.settle_past();
        self.play();
    }

    /// Back from a recording to the server's stream.
    pub(crate) fn end_recording(&mut self) {
        if self.recorded.take().is_some() {
            self.traveller.travel = None;
            self.enter(self.room.clone());
            self.reopens = true;
        }
    }

    fn link_seed(&self) -> u64 {
        arcane_shared::color::hash(self.room.as_str()) ^ self.heard_events
    }

    /// The socket told something.
    pub(crate) fn hear(&mut self, heard: Heard, hidden: bool) {
        let now = clock::now();
        match heard {
            Heard::Open => {
                self.say(&message::hello("dashboard"));
                self.sync.restart(now);
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
                    Incoming::Unknown => {}
                    Incoming::Undecodable => self.store.count_undecodable(),
                }
            }
        }
    }

    fn welcome(&mut self, welcome: &Welcome) {
        let now = clock::now();
        self.subscribers = welcome.subscriber_count;
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
            self.traveller.note(stored);
            self.history.keep(&self.room, self.store.epoch(), &stored.event);
        }
        self.unsaved |= !fresh.is_empty();
        // Who came before all that we were told is known to the server only.
        let resumed = welcome.resume.is_some_and(|resume| resume.recovered);
        self.census.wanted =
            if resumed { self.census.taken_at.is_none() } else { welcome.seq > welcome.recent.len() as u64 };
        self.traveller.begin();
        if self.traveller.travel.is_none() {
            self.stage.settle(self.store.daemons(), now);
        }
    }

    /// Whether to ask the server who is present: not twice for one reason, and not often.
    pub(crate) fn census_due(&mut self) -> bool {
        let now = clock::now();
        let rested = self.census.taken_at.is_none_or(|at| now - at >= CENSUS_EVERY_MS);
        // The realm lives in the default room; other rooms are what publishers make of them.
        let due = self.census.wanted && rested && self.room == RoomName::default();
        if due {
            self.census = Census { wanted: false, taken_at: Some(now) };
        }
        due
    }

    fn receive(&mut self, event: ReceivedEvent, hidden: bool) {
        let Some(stored) = self.store.receive(event) else { return };
        self.heard_events += 1;
        self.history.keep(&self.room, self.store.epoch(), &stored.event);
        self.unsaved = true;
        self.traveller.note(&stored);
        self.doubt_clock(&stored);
        if self.traveller.travel.is_some() {
            return;
        }
        if hidden || stored.origin != Origin::Live {
            // Nobody looks, or it is not news: its state, at once.
            self.collapse();
            let mut cue = direct(&stored.event, stored.origin, None, hidden);
            cue.id = Some(stored.id);
            self.stage.perform(&cue, clock::now());
        } else {
            self.playout.arrive(&stored, self.sync.server_time(clock::unix()));
        }
    }

    /// An event that is from the future, or a minute old although it has just come, says that this clock was set: the
    /// server's is asked for anew, and until it answers nothing counts as late.
    fn doubt_clock(&mut self, stored: &Stored) {
        let now = self.sync.server_time(clock::unix());
        let age = now.zip(stored.event.sync().emitted_at).map(|(now, emitted)| now - emitted);
        let plausible = -CLOCK_DOUBT_MS[0]..CLOCK_DOUBT_MS[1];
        if stored.origin == Origin::Live && age.is_some_and(|age| !plausible.contains(&age)) {
            self.sync.restart(clock::now());
            // What waits was aimed by the wrong clock.
            self.playout.release();
        }
    }

    /// What waits for its moment leaves its state only: nobody would see more.
    pub(crate) fn collapse(&mut self) {
        while let Some(waiting) = self.playout.next(None, 0.0) {
            let mut cue = direct(&waiting.stored.event, waiting.stored.origin, None, true);
            cue.id = Some(waiting.stored.id);
            self.stage.perform(&cue, clock::now());
        }
    }

    /// Nobody looks any more, or somebody looks again: then the stage is what has become of it.
    pub(crate) fn turn_away(&mut self, hidden: bool) {
        self.collapse();
        self.performed.clear();
        if !hidden {
            // The machine may have slept, and its clock with it.
            self.sync.restart(clock::now());
            if self.traveller.travel.is_none() {
                self.stage.settle(self.store.daemons(), clock::now());
            }
        }
    }

    /// When a frame that begins at `now` is seen, as a rule: the compositor needs about one more.
    fn seen_at(&self, now: f64) -> f64 {
        now + self.quality.interval().clamp(8.0, 50.0)
    }

    /// Whether it is known what paints.
    pub(crate) fn settled(&self) -> bool {
        self.settled
    }

    /// Whether the painter can paint. The first time that it can, it is known how much the stage may cost.
    pub(crate) fn can_paint(&mut self) -> bool {
        let Some(painter) = &mut self.painter else { return false };
        match painter.is_ready() {
            Ok(true) if !self.settled => {
                let software = painter.is_software();
                self.settled = true;
                let fixed = storage::read(storage::QUALITY_KEY).unwrap_or_default();
                self.quality = Quality::new(software);
                self.quality.fix(&fixed);
                if software {
                    self.stage.particles_mut().resize(SOFTWARE_CAPACITY);
                }
                true
            }
            Ok(ready) => ready,
            Err(reason) => {
                leptos::logging::warn!("the stage cannot be painted: {reason}");
                self.painter = None;
                self.painter_failed = true;
                false
            }
        }
    }

    /// Whether something is due in a frame that begins at `now`.
    pub(crate) fn is_due(&self, now: f64) -> bool {
        let seen_at = self.sync.server_time(clock::unix_of(self.seen_at(now)));
        self.playout.is_due(seen_at, self.quality.interval())
    }

    /// Performs what belongs into a frame that begins at `now`.
    fn perform_due(&mut self, now: f64) {
        let interval = self.quality.interval();
        let seen_at = self.sync.server_time(clock::unix_of(self.seen_at(now)));
        self.playout.adapt(now, interval);
        while let Some(waiting) = self.playout.next(seen_at, interval) {
            let mut cue = direct(&waiting.stored.event, waiting.stored.origin, seen_at, false);
            cue.id = Some(waiting.stored.id);
            self.perform(&waiting, &cue, now);
        }
    }

    fn perform(&mut self, waiting: &Waiting, cue: &Cue, now: f64) {
        self.stage.perform(cue, now);
        if cue.is_performed()
            && let Some(text) = &cue.subtitle
        {
            self.speaker.speak(text, cue.audio_path.as_deref());
        }
        if cue.lateness != Lateness::Historical
            && self.performed.len() < PERFORMED_MAX
            && let (Some(seq), Some(emitted_at)) = (waiting.stored.event.seq, cue.emitted_at)
        {
            self.performed.push(Performed {
                seq,
                emitted_at,
                deadline_ms: cue.deadline_ms,
                missed: cue.lateness == Lateness::Missed,
                came_late: waiting.arrived.is_some_and(|age| age >= cue.deadline_ms),
            });
        }
    }

    fn notice(&mut self, notice: Notice, arrived: UnixMillis) {
        match notice {
            Notice::Pong { t0, t1, t2 } => self.sync.pong(t0, t1, t2, arrived),
            Notice::Gap { from, to, cause } => {
                self.store.gap(from, to, cause);
                self.census.wanted = true;
            }
            Notice::Behind { events } => self.lagging = events,
            Notice::Position { seq } => self.store.skip_to(seq),
            Notice::Draining { reconnect_in_ms } => self.link.draining(reconnect_in_ms),
            Notice::Remark => {}
        }
    }

    /// What has to happen even while nobody looks. Says whether it is time to connect again.
    pub(crate) fn beat(&mut self) -> bool {
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
            self.say(&message::ping(clock::unix()));
        }
        if now - self.seen_at >= SEEN_EVERY_MS {
            self.seen_at = now;
            loop {
                let samples = self.latency.take_unsent();
                if samples.is_empty() {
                    break;
                }
                self.say(&message::seen(&samples));
            }
        }
        if self.unsaved && now - self.saved_at >= SAVE_EVERY_MS {
            self.save();
        }
        self.link.retry_due(now)
    }

    /// One frame: what is due, picture, paint, sound. Says whether anything of it waits to be measured.
    pub(crate) fn frame(&mut self, now: f64, scale: f32) -> bool {
        self.step_past(now);
        self.perform_due(now);
        self.stage.set_tier(self.quality.tier());
        self.stage.advance(now);
        if !self.context_lost
            && self.can_paint()
            && let Some(painter) = &mut self.painter
        {
            let (picture, particles) = self.stage.painted();
            painter.paint(picture, particles, scale);
        }
        self.stage.take_sounds(now, &mut self.sounds);
        self.speaker.play(&self.sounds, self.seen_at(now));
        !self.performed.is_empty()
    }

    /// The frame has been handed on: its cues are visible as soon as the browser has composed it.
    pub(crate) fn measure(&mut self) {
        let Some(server_now) = self.sync.server_time(clock::unix()) else {
            self.performed.clear();
            return;
        };
        for cue in self.performed.drain(..) {
            let late_ms = server_now - cue.emitted_at;
            let missed = cue.missed || late_ms > cue.deadline_ms;
            let reason = if cue.came_late { MissReason::Transport } else { MissReason::Frame };
            self.latency.painted(PaintSample {
                seq: cue.seq,
                painted_at: server_now,
                late_ms,
                missed,
                reason: missed.then_some(reason),
            });
        }
    }

    /// Writes the history; what does not fit in the browser's storage is not kept.
    pub(crate) fn save(&mut self) {
        self.saved_at = clock::now();
        if self.unsaved {
            self.unsaved = false;
            storage::write(STORAGE_KEY, &self.history.encode());
        }
    }

    fn say(&self, message: &str) {
        if let Some(socket) = &self.socket {
            socket.say(message);
        }
    }

    /// Where a daemon's circle is, pixels of the stage.
    pub(crate) fn centre(&self, name: &str) -> Option<[f32; 2]> {
        let mut labels = Vec::new();
        self.stage.labels(clock::now(), &mut labels);
        labels.iter().find(|label| label.name == name).map(|label| label.centre)
    }

    /// What tests ask for, as JSON text.
    pub(crate) fn describe(&mut self) -> String {
        let now = clock::now();
        let mut labels = Vec::new();
        self.stage.labels(now, &mut labels);
        let circle = |label: &arcane_stage::stage::Label| {
            Value::Object(object([
                ("name", label.name.as_str().into()),
                ("x", label.centre[0].into()),
                ("y", label.centre[1].into()),
                ("phase", label.phase.into()),
            ]))
        };
        let travel = self.traveller.travel.as_ref();
        let mode = travel.map_or(self.link.state().word(), |travel| Signpost::of(travel, 0.0, 0.0).mode);
        let governor = self.stage.governor();
        let (stage, store) = (&self.stage, &self.store);
        written(object([
            ("renderer", self.painter.as_ref().map_or("none", Painter::name).into()),
            ("circles", Value::Array(labels.iter().map(circle).collect())),
            ("particles_alive", stage.particles_alive().into()),
            ("inversions_total", governor.inversions_total().into()),
            ("inversion_times_ms", Value::Array(governor.inversion_times().map(Value::from).collect())),
            ("storm", governor.storm(now).map(|storm| storm.count).into()),
            ("events_total", store.events_total().into()),
            ("live_events", self.heard_events.into()),
            ("failures_total", store.failures_total().into()),
            ("missing", store.missing().into()),
            ("duplicates", store.duplicates().into()),
            ("undecodable", store.undecodable().into()),
            ("last_seq", store.last_seq().into()),
            ("behind", store.behind().into()),
            ("halted", stage.is_halted(now).into()),
            ("mode", mode.into()),
            ("moment", self.moment().into()),
            ("shown_seq", self.shown().last_seq().into()),
            ("held", travel.map(arcane_stage::travel::Travel::held).into()),
            ("worked_ms", self.traveller.worked_ms.into()),
            ("log", self.has_log().into()),
            ("recording", self.recorded.is_some().into()),
            ("tier", self.quality.tier().name.into()),
            ("interval_ms", self.quality.interval().into()),
            ("delay_ms", self.playout.delay().into()),
            ("events_per_mark", stage.events_per_mark().into()),
            ("painted", self.latency.report().painted.into()),
            ("missed", self.latency.report().missed.into()),
            ("sounds", self.speaker.describe()),
        ]))
    }
}
