//! How a visit to the past begins, goes on and is answered.

use arcane_shared::UnixMillis;
use arcane_stage::span::{Range, Step};
use arcane_stage::store::Store;
use arcane_stage::time_travel::TimeTravel;
use arcane_stage::time_travel::ask::{Answer, Trouble};

use super::{Log, Question, Travel, events};
use crate::api::LogAnswer;
use crate::app_handle::AppHandle;
use crate::clock;
use crate::page::Page;

/// A moment as near to now as this is live.
const LIVE_MS: f64 = 1_000.0;
/// Silence before the first event of a range that is replayed.
const LEAD_MS: f64 = 500.0;

/// Goes through time, and shows where that leads.
pub(crate) fn travel(app: AppHandle, how: Travel) {
    app.with(|page| match how {
        Travel::Visit(part) => page.visit(page.span().moment(part)),
        Travel::Step(step) => page.step(step),
        Travel::Choose(range) => page.choose(range),
        Travel::Replay => page.replay(),
        Travel::PauseLive => page.pause_live(),
        Travel::TogglePlay => page.toggle_play(),
        Travel::Speed(speed) => page.set_speed(speed),
        Travel::Retry => page.retry(),
        Travel::Leave => page.leave(true),
    });
    app.arrive();
}

/// What came of a visit's question.
pub(crate) fn answer(page: &mut Page, question: &Question, answer: LogAnswer) {
    page.answer(question, answer);
}

/// A visit to what this browser kept.
fn kept(moment: UnixMillis, store: &Store) -> TimeTravel {
    TimeTravel::of_kept(moment, events(store).iter().map(|stored| stored.event.clone()).collect())
}

impl Page {
    /// Shows another range on the strip.
    fn choose(&mut self, range: Range) {
        self.time_travel.range = range;
        self.time_travel.until = self.time_travel.until.map(|_| self.present());
        if self.time_travel.log != Log::There {
            self.time_travel.count(&self.store);
        }
        self.time_travel.wants_activity = true;
    }

    /// Shows the realm as it was at a moment; a moment that is as good as now is live.
    fn visit(&mut self, moment: UnixMillis) {
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
    fn step(&mut self, step: Step) {
        let span = self.span();
        match step.from(self.moment(), span, self.time_travel.activity.step_ms.min(span.length() / 100.0)) {
            Some(moment) => self.visit(moment),
            None if self.recorded.is_some() => self.visit(f64::INFINITY),
            None => self.leave(true),
        }
    }

    /// Plays what the strip shows, from the first event of it.
    fn replay(&mut self) {
        let from = self.span().from;
        let first = self.time_travel.activity.slots().iter().map(|slot| slot.at).find(|at| *at >= from);
        self.visit(first.map_or(from, |at| at - LEAD_MS).max(from));
        self.play();
    }

    /// Stands still at what is; from there it can go on.
    fn pause_live(&mut self) {
        self.visit(self.present() - LIVE_MS);
    }

    /// Plays, or stands still.
    fn toggle_play(&mut self) {
        match &mut self.time_travel.travel {
            Some(travel) if travel.playback().is_some() => travel.pause(),
            _ => self.play(),
        }
    }

    /// Plays at another speed, if it plays.
    fn set_speed(&mut self, speed: f64) {
        self.time_travel.speed = speed;
        if self.time_travel.travel.as_ref().is_some_and(|travel| travel.playback().is_some()) {
            self.play();
        }
    }

    /// Asks again what brought trouble.
    fn retry(&mut self) {
        let traveller = &mut self.time_travel;
        traveller.wants_activity = true;
        if let Some(travel) = &mut traveller.travel {
            let fresh = travel.trouble() == Some(&Trouble::Anew);
            travel.retry((traveller.log == Log::There && !fresh).then_some(&traveller.activity));
        }
    }

    fn answer(&mut self, question: &Question, answer: LogAnswer) {
        let visits = self.time_travel.visits;
        let Some((_, turn)) =
            question.visit.filter(|(visit, _)| question.room == self.room && *visit == visits)
        else {
            return;
        };
        let begun = clock::now();
        let answer = match answer {
            Ok(value) => question.ask.read(value).ok_or(Trouble::NoLog),
            Err((status, said)) => Err(Trouble::of(status, said)),
        };
        self.take_answer(turn, answer);
        self.settle_past();
        self.time_travel.worked_ms = clock::now() - begun;
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

    /// Shows what a visit has jumped to, if it has.
    pub(crate) fn settle_past(&mut self) {
        let moment = self.moment();
        if let Some(travel) = &mut self.time_travel.travel
            && travel.take_jump()
        {
            self.held = None;
            self.stage.jump(travel.store().daemons(), moment, clock::now());
        }
    }
}
