//! A visit to the past: what is asked of the log, what is shown of it, and what happens next when it plays.
//!
//! One question is under way at a time. A visit to a moment reads the events before it, then the
//! roster before those; playing reads on ahead of need. What the page held once is not asked for again.

pub mod ask;
pub mod past;
pub mod playback;
mod shown;

use std::rc::Rc;

use arcane_shared::api::RosterAnswer;
use arcane_shared::roster::Roster;
use arcane_shared::{Epoch, ReceivedEvent, RoomName, Seq, UnixMillis};

use crate::activity::{Activity, Place};
use crate::daemons::Daemons;
use crate::recording::RecordedRoom;
use crate::store::Stored;
use crate::time_travel::ask::{Answer, Ask, PAGE_EVENTS, Page, Trouble};
use crate::time_travel::past::{ENOUGH, Past, taken_at};
use crate::time_travel::playback::Playback;

/// Events ahead of a playback below which more are read.
pub const AHEAD: usize = 200;
/// Events after a moment that are read with those before it.
const SEEN_AHEAD: Seq = 100;
/// Questions to find one moment; beyond that the nearest one that was found is shown.
pub const STEPS_MAX: u8 = 6;

/// A visit to a moment, from the first question to the last event that is played.
#[derive(Debug, Clone)]
pub struct TimeTravel {
    moment: UnixMillis,
    epoch: Option<Epoch>,
    past: Past,
    aim: Aim,
    turn: u32,
    asking: bool,
    steps: u8,
    from_log: bool,
    read_all: bool,
    playback: Option<Playback>,
    trouble: Option<Trouble>,
    /// Whether any moment could be shown so far.
    shown: bool,
    jumped: bool,
    arrived: bool,
    recorded: Option<RoomName>,
    partial: Option<[UnixMillis; 2]>,
}

/// What has to be known before the moment can be shown.
#[derive(Debug, Clone)]
enum Aim {
    /// Nothing more.
    Shown,
    /// Where the moment is in the log, and the events before it, newest first.
    Find { ask: Ask, found: Vec<ReceivedEvent>, next: Option<Seq>, read_all: bool },
    /// Who was present and did what before those events, newest first.
    Roster { events: Vec<ReceivedEvent>, whole: bool, read_all: bool, after: Seq },
}

impl TimeTravel {
    /// A visit to a moment of the log.
    #[must_use]
    pub fn to(moment: UnixMillis, activity: Option<&Activity>) -> Self {
        let mut travel = Self {
            moment,
            epoch: None,
            past: Past::default(),
            aim: Aim::Shown,
            turn: 0,
            asking: false,
            steps: 0,
            from_log: true,
            read_all: false,
            playback: None,
            trouble: None,
            shown: false,
            jumped: false,
            arrived: false,
            recorded: None,
            partial: None,
        };
        travel.find(activity);
        travel
    }

    /// A visit to events that the browser kept, oldest first: all that there is without a log.
    #[must_use]
    pub fn of_kept(moment: UnixMillis, events: Vec<ReceivedEvent>) -> Self {
        let past = Past::new(Daemons::default(), events, true, f64::INFINITY, 0);
        let mut travel = Self::to(moment, None);
        travel.aim = Aim::Shown;
        travel.past = past;
        travel.past.go_to(moment);
        travel.from_log = false;
        travel.read_all = true;
        travel.shown = true;
        travel.jumped = true;
        travel
    }

    /// A visit to what a recording holds of a room.
    #[must_use]
    pub fn of_recording(moment: UnixMillis, recorded: RecordedRoom) -> Self {
        let mut travel = Self::of_kept(moment, Vec::new());
        travel.partial = (!recorded.is_whole()).then(|| recorded.span());
        travel.past = Past::new(recorded.before(), recorded.events, true, f64::INFINITY, 0);
        travel.past.go_to(moment);
        travel.recorded = Some(recorded.room);
        travel
    }

    /// The room of the recording that it is a visit to.
    #[must_use]
    pub fn recorded(&self) -> Option<&RoomName> {
        self.recorded.as_ref()
    }

    /// The time of a recording whose figures are of its own events alone; `None`: they are those that the bus had.
    #[must_use]
    pub fn partial(&self) -> Option<[UnixMillis; 2]> {
        self.partial
    }

    /// The roster before the first event of the chronicle that is shown; `None`: it is not known.
    #[must_use]
    pub fn begins_with(&self) -> Option<Roster> {
        let is_known = self.from_log || (self.recorded.is_some() && self.partial.is_none());
        is_known.then(|| self.past.before_chronicle())
    }

    /// Goes to another moment.
    pub fn seek(&mut self, moment: UnixMillis, activity: Option<&Activity>) {
        let known = matches!(self.aim, Aim::Shown) && self.past.covers(moment);
        self.moment = moment;
        self.arrived = false;
        self.trouble = None;
        if known {
            self.past.go_to(moment);
            self.jumped = true;
        } else {
            self.find(activity);
        }
    }

    fn find(&mut self, activity: Option<&Activity>) {
        // What is under way is for another moment.
        self.turn += 1;
        self.steps = 0;
        self.epoch = activity.map(|activity| activity.epoch.clone());
        let whole_log = Place::Within { from: f64::NEG_INFINITY, to: f64::INFINITY, next: None };
        let place = activity.map_or(whole_log, |activity| activity.place(self.moment, PAGE_EVENTS));
        // A little of what comes after is read too, for a scrubber that goes on and for a playback.
        let head = activity.map_or(0, |activity| activity.head);
        self.aim_at(match place {
            Place::Before(Some(next)) => Place::Before(Some(next + SEEN_AHEAD).filter(|next| *next <= head)),
            other => other,
        });
    }

    fn aim_at(&mut self, place: Place) {
        let (ask, next) = match place {
            Place::Before(before) => (Ask::Before(before), before),
            Place::Within { from, to, next } => {
                let some = |at: f64| Some(at).filter(|at| at.is_finite());
                (Ask::Activity { from: some(from), to: some(to) }, next)
            }
        };
        self.aim = Aim::Find { ask, found: Vec::new(), next, read_all: true };
    }

    /// The next question, if one is due: the answer belongs to its turn.
    pub fn ask(&mut self) -> Option<(u32, Ask)> {
        if self.asking || self.trouble.is_some() || !self.from_log {
            return None;
        }
        let ask = match &self.aim {
            Aim::Find { ask, .. } => *ask,
            Aim::Roster { after, .. } => Ask::Roster(*after),
            Aim::Shown => {
                // The last page says that there is no more; whether that is still so shows when it has been played.
                let low = self.past.ahead() < if self.read_all { 1 } else { AHEAD };
                (self.playback.is_some() && low && !self.arrived).then(|| Ask::After(self.past.last_seq()))?
            }
        };
        self.asking = true;
        Some((self.turn, ask))
    }

    /// The answer to a question. `present` is now on the server's clock.
    pub fn answer(&mut self, turn: u32, answer: Result<Answer, Trouble>, present: UnixMillis) {
        self.asking = false;
        if turn != self.turn {
            return;
        }
        match answer {
            Err(trouble) => {
                self.trouble = Some(trouble);
                // What is live must not stand there as the past.
                self.jumped |= !self.shown;
            }
            Ok(Answer::Activity(activity)) => self.take_activity(&activity),
            Ok(Answer::Page(page)) => self.take_page(page, present),
            Ok(Answer::Roster(answer)) => self.take_roster(*answer, present),
        }
    }

    /// Asks again what brought trouble.
    pub fn retry(&mut self, activity: Option<&Activity>) {
        self.trouble = None;
        if !matches!(self.aim, Aim::Shown) {
            self.find(activity);
        }
    }

    fn take_activity(&mut self, activity: &Activity) {
        let Aim::Find { next: coarse, .. } = &self.aim else { return };
        let coarse = *coarse;
        self.epoch.get_or_insert_with(|| activity.epoch.clone());
        self.steps += 1;
        let limit = if self.steps < STEPS_MAX { PAGE_EVENTS } else { u32::MAX };
        // What follows the closer look is what followed before it.
        self.aim_at(match activity.place(self.moment, limit) {
            Place::Before(next) => Place::Before(next.or(coarse)),
            Place::Within { from, to, next } => Place::Within { from, to, next: next.or(coarse) },
        });
    }

    fn take_page(&mut self, page: Page, present: UnixMillis) {
        if *self.epoch.get_or_insert_with(|| page.epoch.clone()) != page.epoch {
            self.trouble = Some(Trouble::Anew);
            return;
        }
        match std::mem::replace(&mut self.aim, Aim::Shown) {
            Aim::Find { next, mut found, read_all, .. } => {
                let first_page = found.is_empty();
                let read_all = read_all && (!first_page || next.is_none());
                let more = page.more;
                found.extend(page.events);
                self.found(found, next, read_all, more, present);
            }
            aim @ Aim::Roster { .. } => self.aim = aim,
            Aim::Shown => {
                // Played to the end, and nothing has come meanwhile: this is the present.
                self.arrived = self.read_all && page.events.is_empty();
                self.read_all = !page.more;
                let reaches = if page.more { f64::NEG_INFINITY } else { present };
                self.past.append(page.events, reaches);
            }
        }
    }

    fn take_roster(&mut self, answer: RosterAnswer, present: UnixMillis) {
        if *self.epoch.get_or_insert_with(|| answer.epoch.clone()) != answer.epoch {
            self.trouble = Some(Trouble::Anew);
            return;
        }
        if let Aim::Roster { events, whole, read_all, after } = std::mem::replace(&mut self.aim, Aim::Shown) {
            self.show(Daemons::of(answer.roster), events, whole, read_all, after, present);
        }
    }

    fn found(
        &mut self,
        events: Vec<ReceivedEvent>,
        next: Option<Seq>,
        read_all: bool,
        more: bool,
        present: UnixMillis,
    ) {
        self.steps += 1;
        let past = events.iter().filter(|event| taken_at(event) <= self.moment).count();
        let first = events.last().and_then(|event| event.seq);
        match first.filter(|_| more) {
            Some(first) if past < ENOUGH && self.steps < STEPS_MAX => {
                self.aim = Aim::Find { ask: Ask::Before(Some(first)), found: events, next, read_all };
            }
            Some(first) => {
                self.aim = Aim::Roster { events, whole: false, read_all, after: first.saturating_sub(1) }
            }
            // What was before the oldest event that is kept is in no page, but in the roster.
            None => match (events.last().and_then(|event| event.seq), next) {
                (Some(1), _) | (None, None) => {
                    self.show(Daemons::default(), events, !more, read_all, 0, present);
                }
                (first, next) => {
                    let after = first.or(next).unwrap_or(1).saturating_sub(1);
                    self.aim = Aim::Roster { events, whole: !more, read_all, after };
                }
            },
        }
    }

    fn show(
        &mut self,
        before: Daemons,
        mut events: Vec<ReceivedEvent>,
        whole: bool,
        read_all: bool,
        after: Seq,
        present: UnixMillis,
    ) {
        events.reverse();
        if let Some(first) = events.first().filter(|_| !whole) {
            self.moment = self.moment.max(taken_at(first));
        }
        let reaches = if read_all { present } else { self.moment };
        self.past = Past::new(before, events, whole, reaches, after);
        self.past.go_to(self.moment);
        self.read_all = read_all;
        self.shown = true;
        self.jumped = true;
    }

    /// Plays from here, at a speed; `now` is the page's clock.
    pub fn play(&mut self, speed: f64, now: f64) {
        match &mut self.playback {
            Some(playback) => playback.set_speed(speed),
            None => self.playback = Some(Playback::new(speed, now)),
        }
    }

    /// Stands still.
    pub fn pause(&mut self) {
        self.playback = None;
        self.arrived = false;
    }

    /// Moves the moment on, if it plays.
    pub fn advance(&mut self, now: f64) {
        let Some(playback) = &mut self.playback else { return };
        let next = self.past.next_at().filter(|_| matches!(self.aim, Aim::Shown));
        self.moment = playback.advance(now, self.moment, next);
        if next.is_none() && !self.from_log {
            self.arrived = true;
        }
        self.past.store_mut().timeline_mut().advance(self.moment);
    }

    /// The next event to perform, if it plays and one is due.
    pub fn due(&mut self) -> Option<Rc<Stored>> {
        self.playback?;
        self.past.next(self.moment)
    }

    /// There was too much to perform: the moment is that of the latest event performed.
    pub fn fall_back(&mut self) {
        self.moment = self.past.last_at().unwrap_or(self.moment).min(self.moment);
    }
}
