//! The page's visits to the past: what the strip shows, where the visit is, and how it plays on the stage.
//!
//! The live store goes on meanwhile: to go back is to show it again.

pub(crate) mod banner;
pub(crate) mod past_view;
pub(crate) mod visit;

use std::rc::Rc;

use arcane_shared::UnixMillis;
use arcane_stage::activity::Activity;
use arcane_stage::director::{Voice, direct};
use arcane_stage::span::{Range, Span, Step};
use arcane_stage::store::{Entry, Origin, Store, Stored};
use arcane_stage::time_travel::TimeTravel;
use arcane_stage::time_travel::ask::{Ask, Trouble};
use arcane_stage::time_travel::past::taken_at;
use arcane_stage::time_travel::playback::SOUND_SPEED_MAX;

use crate::api::LogAnswer;
use crate::clock;
use crate::page::Page;

/// Most events performed in one frame; beyond that the playback falls back.
const PERFORMED_MAX: usize = 150;
/// Whether the server keeps a log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Unknown,
    There,
    Absent,
}

/// A question to the log, and whose it is.
pub(crate) struct Question {
    pub(crate) path: String,
    ask: Ask,
    visit: Option<(u32, u32)>,
    room: arcane_shared::RoomName,
    range: Range,
}

impl Question {
    /// Whether a visit to the past has it, and not the strip.
    pub(crate) fn is_of_visit(&self) -> bool {
        self.visit.is_some()
    }
}

/// What leads through time.
#[derive(Clone, Copy)]
pub(crate) enum Travel {
    /// To a part of what the strip shows; a moment that is as good as now is live.
    Visit(f64),
    /// A step of the scrubber.
    Step(Step),
    /// Another range on the strip.
    Choose(Range),
    /// What the strip shows is played, from its first event.
    Replay,
    /// To what is now, to stand still there.
    PauseLive,
    /// Plays, or stands still.
    TogglePlay,
    /// Plays at another speed, if it plays.
    Speed(f64),
    /// What brought trouble is asked again.
    Retry,
    /// Back to what is.
    Leave,
}

/// The visit to the past, if there is one, and its questions.
pub(crate) struct TimeTraveller {
    pub(crate) range: Range,
    pub(crate) travel: Option<TimeTravel>,
    pub(crate) speed: f64,
    /// Milliseconds that the page itself worked on the moment shown last.
    pub(crate) worked_ms: f64,
    /// The part of the strip that a pointer is over.
    pub(crate) point: Option<f64>,
    activity: Activity,
    log: Log,
    wants_activity: bool,
    /// Counts visits: an answer belongs to one.
    visits: u32,
    /// While a visit lasts the strip stands still.
    until: Option<UnixMillis>,
}

impl TimeTraveller {
    pub(crate) fn new() -> Self {
        Self {
            range: Range::default(),
            travel: None,
            speed: 1.0,
            worked_ms: 0.0,
            point: None,
            activity: Activity::without_log(1_000.0),
            log: Log::Unknown,
            wants_activity: false,
            visits: 0,
            until: None,
        }
    }

    /// Of a recording: what is in it is all that there is.
    pub(crate) fn of_recording(store: &Store) -> Self {
        let mut traveller = Self { range: Range::All, log: Log::Absent, ..Self::new() };
        traveller.count(store);
        traveller
    }

    /// What happened when, for the strip.
    pub(crate) fn activity(&self) -> &Activity {
        &self.activity
    }

    /// The room was entered or its stream begins: what happened meanwhile is to be learned.
    pub(crate) fn begin(&mut self) {
        self.wants_activity = true;
    }

    /// Something happened.
    pub(crate) fn note(&mut self, stored: &Stored) {
        let event = &stored.event;
        let seq = match self.log {
            Log::There => event.seq,
            // Numbers of several runs of a server: only their order counts.
            Log::Unknown | Log::Absent => Some(self.activity.head + 1),
        };
        if let Some(seq) = seq {
            self.activity.add(seq, taken_at(event), &event.spell_name, event.success);
        }
    }

    /// Counts what the page itself knows, where no log does.
    pub(crate) fn count(&mut self, store: &Store) {
        self.activity = Activity::without_log(self.range.length_ms().unwrap_or(3_600_000.0) / 300.0);
        for stored in events(store) {
            self.note(&stored);
        }
    }

    fn log_activity(&self) -> Option<&Activity> {
        (self.log == Log::There).then_some(&self.activity)
    }
}

/// The events of a chronicle, oldest first.
fn events(store: &Store) -> Vec<Rc<Stored>> {
    let mut events: Vec<Rc<Stored>> = store
        .newest_first()
        .filter_map(|entry| match entry {
            Entry::Event(stored, _) => Some(Rc::clone(stored)),
            Entry::Gap { .. } | Entry::NewRun { .. } => None,
        })
        .collect();
    events.reverse();
    events
}

impl Page {
    /// Now, on the server's clock as far as it is known.
    pub(crate) fn present(&self) -> UnixMillis {
        let unix = clock::unix();
        let live = || self.sync.server_time(unix).unwrap_or(unix);
        self.recorded.as_ref().map_or_else(live, |recorded| recorded.end)
    }

    /// The moment that is shown: now, or that of a visit.
    pub(crate) fn moment(&self) -> UnixMillis {
        self.time_travel.travel.as_ref().map_or_else(|| self.present(), TimeTravel::moment)
    }

    /// The stretch of time that the strip shows.
    pub(crate) fn span(&self) -> Span {
        let to = self.time_travel.until.map_or_else(|| self.present(), |until| until.max(self.moment()));
        self.time_travel.range.until(to, self.time_travel.activity.oldest_at)
    }

    /// Plays from the moment that is shown.
    pub(crate) fn play(&mut self) {
        let speed = self.time_travel.speed;
        if let Some(travel) = &mut self.time_travel.travel {
            travel.play(speed, clock::now());
        }
    }

    /// Back to what is: at once, or with the last effects still under way.
    pub(crate) fn leave(&mut self, at_once: bool) {
        self.end_recording();
        self.time_travel.until = None;
        if self.time_travel.travel.take().is_none() {
            return;
        }
        self.held = None;
        let present = self.present();
        if at_once {
            self.stage.jump(self.store.daemons(), present, clock::now());
        } else {
            self.stage.settle(self.store.daemons(), present, clock::now());
        }
    }

    /// The next question to the log, if one is due.
    pub(crate) fn question(&mut self) -> Option<Question> {
        let (present, room, range) = (self.present(), self.room.clone(), self.time_travel.range);
        let traveller = &mut self.time_travel;
        if std::mem::take(&mut traveller.wants_activity) {
            let from = range.length_ms().map(|length| present - length - 1_000.0);
            let ask = Ask::Activity { from, to: None };
            return Some(Question { path: ask.path(room.as_str(), None), ask, visit: None, room, range });
        }
        let travel = traveller.travel.as_mut()?;
        let (turn, ask) = travel.ask()?;
        let path = ask.path(room.as_str(), travel.epoch());
        Some(Question { path, ask, visit: Some((traveller.visits, turn)), room, range })
    }

    /// What came of the question how much happened when.
    pub(crate) fn answer_activity(&mut self, question: &Question, answer: LogAnswer) {
        if question.room != self.room || question.range != self.time_travel.range {
            return;
        }
        match answer.map(|value| Activity::read(&value)) {
            Ok(Some(mut activity)) => {
                // What came while the answer was under way.
                if Some(&activity.epoch) == self.store.epoch() {
                    for Stored { event, .. } in events(&self.store).iter().map(Rc::as_ref) {
                        let seq = event.seq.unwrap_or(0);
                        activity.add(seq, taken_at(event), &event.spell_name, event.success);
                    }
                }
                self.time_travel.activity = activity;
                self.time_travel.log = Log::There;
            }
            Ok(None) => self.count_alone(),
            Err((status, said)) => {
                // Otherwise the strip goes on with what it has.
                if Trouble::of(status, said) == Trouble::NoLog {
                    self.count_alone();
                }
            }
        }
    }

    fn count_alone(&mut self) {
        self.time_travel.log = Log::Absent;
        self.time_travel.count(&self.store);
    }

    /// A frame of a playback: obeys the directives, but is nobody's deadline.
    pub(crate) fn step_past(&mut self, now: f64) {
        let (moment, tongue) = (self.moment(), self.viewer().tongue);
        let Some(travel) = &mut self.time_travel.travel else { return };
        travel.advance(now);
        // Stingers of a fast playback would run into each other.
        let silent = self.time_travel.speed > SOUND_SPEED_MAX;
        for performed in 1.. {
            let Some(stored) = travel.due() else { break };
            let mut cue = direct(&stored.event, Origin::Live, None, false, tongue);
            cue.id = Some(stored.id);
            if silent {
                cue.voice = Voice::Silent;
            }
            let daemon = cue.daemon.as_ref().and_then(|name| travel.store().daemons().get(name));
            self.stage.perform(&cue, daemon, moment, now);
            if performed >= PERFORMED_MAX {
                travel.fall_back();
                break;
            }
        }
        if travel.has_arrived() {
            if self.recorded.is_some() {
                travel.pause();
            } else {
                self.leave(false);
            }
        }
    }

    /// Whether there is a log to travel in, as far as is known.
    pub(crate) fn has_log(&self) -> bool {
        self.time_travel.log_activity().is_some()
    }
}
