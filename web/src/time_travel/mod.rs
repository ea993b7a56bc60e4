//! The page's visits to the past: what the strip shows, where the visit is, and how it plays on the stage.
//!
//! The live store goes on meanwhile: to go back is to show it again.

pub(crate) mod banner;
pub(crate) mod past_view;

use std::rc::Rc;

use arcane_shared::UnixMillis;
use arcane_stage::activity::Activity;
use arcane_stage::director::{Voice, direct};
use arcane_stage::span::{Range, Span, Step};
use arcane_stage::store::{Entry, Origin, Store, Stored};
use arcane_stage::time_travel::TimeTravel;
use arcane_stage::time_travel::ask::{Answer, Ask, Trouble};
use arcane_stage::time_travel::past::taken_at;
use arcane_stage::time_travel::playback::SOUND_SPEED_MAX;
use serde_json::Value;

use crate::clock;
use crate::page::Page;

/// Most events performed in one frame; beyond that the playback falls back.
const PERFORMED_MAX: usize = 150;
/// A moment as near to now as this is live.
const LIVE_MS: f64 = 1_000.0;
/// Silence before the first event of a range that is replayed.
const LEAD_MS: f64 = 500.0;

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

/// A visit to what this browser kept.
fn kept(moment: UnixMillis, store: &Store) -> TimeTravel {
    TimeTravel::of_kept(moment, events(store).iter().map(|stored| stored.event.clone()).collect())
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

    /// Shows another range on the strip.
    pub(crate) fn choose(&mut self, range: Range) {
        self.time_travel.range = range;
        self.time_travel.until = self.time_travel.until.map(|_| self.present());
        if self.time_travel.log != Log::There {
            self.time_travel.count(&self.store);
        }
        self.time_travel.wants_activity = true;
    }

    /// Shows the realm as it was at a moment; a moment that is as good as now is live.
    pub(crate) fn visit(&mut self, moment: UnixMillis) {
        let present = self.present();
        // A recording has no present to go back to.
        let moment = self.recorded.as_ref().map_or(moment, |recorded| moment.min(recorded.end));
        if self.recorded.is_none() && moment > present - LIVE_MS {
            self.leave(true);
            return;
        }
        // What waits for its moment is of the present, and so is who speaks.
        self.playout.clear();
        self.speaker.hush();
        let traveller = &mut self.time_travel;
        let activity = (traveller.log == Log::There).then_some(&traveller.activity);
        traveller.until.get_or_insert(present);
        match &mut traveller.travel {
            Some(travel) => travel.seek(moment, activity),
            None => {
                traveller.visits += 1;
                traveller.travel = Some(if traveller.log == Log::Absent {
                    kept(moment, &self.store)
                } else {
                    TimeTravel::to(moment, activity)
                });
            }
        }
        self.settle_past();
    }

    /// A step of the scrubber.
    pub(crate) fn step(&mut self, step: Step) {
        let span = self.span();
        match step.from(self.moment(), span, self.time_travel.activity.step_ms.min(span.length() / 100.0)) {
            Some(moment) => self.visit(moment),
            None if self.recorded.is_some() => self.visit(f64::INFINITY),
            None => self.leave(true),
        }
    }

    /// Plays what the strip shows, from the first event of it.
    pub(crate) fn replay(&mut self) {
        let from = self.span().from;
        let first = self.time_travel.activity.slots().iter().map(|slot| slot.at).find(|at| *at >= from);
        self.visit(first.map_or(from, |at| at - LEAD_MS).max(from));
        self.play();
    }

    /// Stands still at what is; from there it can go on.
    pub(crate) fn pause_live(&mut self) {
        self.visit(self.present() - LIVE_MS);
    }

    /// Plays from the moment that is shown.
    pub(crate) fn play(&mut self) {
        let speed = self.time_travel.speed;
        if let Some(travel) = &mut self.time_travel.travel {
            travel.play(speed, clock::now());
        }
    }

    /// Plays, or stands still.
    pub(crate) fn toggle_play(&mut self) {
        match &mut self.time_travel.travel {
            Some(travel) if travel.playback().is_some() => travel.pause(),
            _ => self.play(),
        }
    }

    /// Plays at another speed, if it plays.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.time_travel.speed = speed;
        if self.time_travel.travel.as_ref().is_some_and(|travel| travel.playback().is_some()) {
            self.play();
        }
    }

    /// Asks again what brought trouble.
    pub(crate) fn retry(&mut self) {
        let traveller = &mut self.time_travel;
        traveller.wants_activity = true;
        if let Some(travel) = &mut traveller.travel {
            let fresh = travel.trouble() == Some(&Trouble::Anew);
            travel.retry((traveller.log == Log::There && !fresh).then_some(&traveller.activity));
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
        if at_once {
            self.stage.jump(self.store.daemons(), clock::now());
        } else {
            self.stage.settle(self.store.daemons(), clock::now());
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

    /// What came of it: a value, or the status and sentence of a refusal.
    pub(crate) fn answer(&mut self, question: &Question, answer: Result<Value, (u16, Option<String>)>) {
        if question.room != self.room {
            return;
        }
        let begun = clock::now();
        let answer = match answer {
            Ok(value) => question.ask.read(value).ok_or(Trouble::NoLog),
            Err((status, said)) => Err(Trouble::of(status, said)),
        };
        match question.visit {
            None if question.range == self.time_travel.range => self.take_activity(answer),
            Some((visit, turn)) if visit == self.time_travel.visits => self.take_answer(turn, answer),
            _ => {}
        }
        self.settle_past();
        self.time_travel.worked_ms = clock::now() - begun;
    }

    fn take_activity(&mut self, answer: Result<Answer, Trouble>) {
        match answer {
            Ok(Answer::Activity(mut activity)) => {
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
            Err(Trouble::NoLog) => {
                self.time_travel.log = Log::Absent;
                self.time_travel.count(&self.store);
            }
            // The strip goes on with what it has.
            _ => {}
        }
    }

    fn take_answer(&mut self, turn: u32, answer: Result<Answer, Trouble>) {
        let present = self.present();
        let Some(travel) = &mut self.time_travel.travel else { return };
        if answer == Err(Trouble::NoLog) {
            // An older server: what this browser kept is all that there is.
            self.time_travel.log = Log::Absent;
            let playing = travel.playback().is_some();
            *travel = kept(travel.moment(), &self.store);
            if playing {
                self.play();
            }
            return;
        }
        travel.answer(turn, answer, present);
    }

    pub(crate) fn settle_past(&mut self) {
        if let Some(travel) = &mut self.time_travel.travel
            && travel.take_jump()
        {
            self.held = None;
            self.stage.jump(travel.store().daemons(), clock::now());
        }
    }

    /// A frame of a playback: obeys the directives, but is nobody's deadline.
    pub(crate) fn step_past(&mut self, now: f64) {
        let Some(travel) = &mut self.time_travel.travel else { return };
        travel.advance(now);
        // Stingers of a fast playback would run into each other.
        let silent = self.time_travel.speed > SOUND_SPEED_MAX;
        for performed in 1.. {
            let Some(stored) = travel.due() else { break };
            let mut cue = direct(&stored.event, Origin::Live, None, false);
            cue.id = Some(stored.id);
            if silent {
                cue.voice = Voice::Silent;
            }
            self.stage.perform(&cue, now);
            if let Some(daemon) = cue.daemon.as_ref().and_then(|name| travel.store().daemons().get(name)) {
                self.stage.follow(daemon, now);
            }
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
