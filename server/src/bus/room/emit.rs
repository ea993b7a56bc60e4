//! Handing events to the log, under the room's lock: numbered here, or for the log to number.

use std::sync::Arc;

use arcane_shared::Timestamp;
use arcane_shared::roster::Sign;

use super::{Room, RoomState};
use crate::bus::EmitError;
use crate::bus::keys::{Key, KeyRefused, Use};
use crate::bus::submission::{Emitted, Events, Outcome, Submission};
use crate::clock;
use crate::event::{Completed, Outgoing, PreparedFrame};
use crate::log::{
    Append, Appended, Commits, Fault, Level, LogError, Notify, OwnLog, Receipt, Record, Run, Sequencer, Turn,
};

/// When events are taken.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// What the events themselves say.
    pub(super) now: Timestamp,
    /// What never goes back.
    pub(super) steady: Timestamp,
    /// By this time a key is too old, see [`crate::clock::SteadyClock`].
    pub(super) expiry: Timestamp,
}

impl RoomState {
    /// The log has taken events: their numbers are given.
    fn number(&mut self, frames: &[Arc<PreparedFrame>], signs: Vec<Option<Sign>>, taken_at: i64) {
        self.colors.keep();
        for (frame, sign) in frames.iter().zip(signs) {
            self.roster.take(frame.seq(), sign);
        }
        self.next_seq += frames.len() as u64;
        self.at = taken_at;
    }
}

/// Events as they go out, and what each says of its daemon.
type Encoded = (Vec<Arc<PreparedFrame>>, Vec<Option<Sign>>);

impl Room {
    /// Stamps and encodes events and hands them to the log: all of them or, if one is too large, or the log takes none,
    /// nothing. What is refused takes no number.
    pub(crate) fn emit_all(
        self: &Arc<Self>,
        events: &[Completed],
        submission: Submission,
    ) -> Result<Outcome, (usize, EmitError)> {
        let mut state = self.lock();
        self.check_open(&state).map_err(|error| (0, error.into()))?;
        let now = clock::now();
        let clock = self.log.clock();
        let moment = Moment { now, steady: clock.steady(now), expiry: clock.expiry(now) };
        if let Some(key) = &submission.key
            && let Some(receipt) = self.check_key(&state, key, submission.level, moment)?
        {
            return Ok(Outcome::Again(receipt));
        }
        let emitted = match self.log.sequencer() {
            Sequencer::Room(log) => self.emit_numbered(&mut state, log, events, submission, moment),
            Sequencer::Log(log) => self.emit_unnumbered(&mut state, log, events, submission, moment),
        };
        emitted.map(Outcome::New).inspect_err(|_| state.colors.undo())
    }

    /// The receipt of what was sent before with a key; `None` if the key is new.
    fn check_key(
        self: &Arc<Self>,
        state: &RoomState,
        key: &Key,
        level: Level,
        moment: Moment,
    ) -> Result<Option<Receipt>, (usize, EmitError)> {
        match state.keys.check(key, state.ring.head(), moment.expiry) {
            Use::New => Ok(None),
            Use::Again(run) if level == Level::Synced => self.sync(run).map(Some),
            Use::Again(run) => Ok(Some(Receipt::done(run))),
            // Another process has published it, and a part of it has appeared: the log waits for the rest, and compares.
            Use::Refused(KeyRefused::UnderWay)
                if matches!(self.log.sequencer(), Sequencer::Log(_)) && !state.keys.is_coming(key) =>
            {
                Ok(None)
            }
            Use::Refused(error) => Err((0, error.into())),
        }
    }

    fn emit_numbered(
        self: &Arc<Self>,
        state: &mut RoomState,
        log: &dyn OwnLog,
        events: &[Completed],
        submission: Submission,
        moment: Moment,
    ) -> Result<Emitted, (usize, EmitError)> {
        let Submission { level, mut records, key, turn, .. } = submission;
        let Moment { now, steady, expiry } = moment;
        let taken_at = steady.unix_micros().max(state.at);
        let (frames, signs) = self.encode(state, events, &mut records, now, taken_at)?;
        let run = Run { first: state.next_seq, count: frames.len() as u64 };
        if let Some(key) = &key {
            records.extend(state.keys.records(&self.name, key, run, steady, expiry));
        }
        let (done, receipt) = Notify::numbered(run);
        let first = self.log.usage(self.id).first;
        state.roster.ride((&self.name, &self.epoch), first, &mut records);
        let append = Append {
            room: self.id,
            frames: frames.clone(),
            records,
            level,
            turn,
            commits: Arc::clone(self) as Arc<dyn Commits>,
            done,
        };
        let appended = log.append(append).map_err(|error| (0, error.into()))?;
        if let Some(key) = key {
            state.keys.add(key, run, steady, expiry);
        }
        state.number(&frames, signs, taken_at);
        let receipt = match appended {
            Appended::Queued => receipt,
            Appended::Done(_) => {
                self.show(state, &frames);
                Receipt::done(run)
            }
        };
        Ok(Emitted { events: Events::Numbered(frames), receipt })
    }

    /// Whether the room takes events.
    fn check_open(&self, state: &RoomState) -> Result<(), LogError> {
        if state.is_unsettled || self.is_over() {
            let text = format!("room {} is being read again after a write that was not confirmed", self.name);
            return Err(LogError::new(Fault::Busy, text));
        }
        Ok(())
    }

    /// Tells when everything that is in the log is on the disk.
    fn sync(self: &Arc<Self>, run: Run) -> Result<Receipt, (usize, EmitError)> {
        match self.log.sequencer() {
            Sequencer::Room(log) => {
                self.append_nothing(log, Vec::new(), (run, Level::Synced)).map_err(|error| (0, error.into()))
            }
            // What is in it is as safe as it promises for all.
            Sequencer::Log(_) => Ok(Receipt::done(run)),
        }
    }

    /// Keeps state that belongs to no event, and completes once the log has it.
    pub(in crate::bus) async fn keep(self: &Arc<Self>, records: Vec<Record>) -> Result<(), LogError> {
        self.check_open(&self.lock())?;
        match self.log.sequencer() {
            Sequencer::Room(log) => {
                let mut receipt = self.append_nothing(log, records, (Run::EMPTY, Level::Logged))?;
                receipt.logged().await.map(|_| ())
            }
            Sequencer::Log(log) => log.keep(&self.name, records).await,
        }
    }

    /// An append without events, that waits for all before it.
    fn append_nothing(
        self: &Arc<Self>,
        log: &dyn OwnLog,
        records: Vec<Record>,
        (run, level): (Run, Level),
    ) -> Result<Receipt, LogError> {
        let (done, receipt) = Notify::numbered(run);
        let append = Append {
            room: self.id,
            frames: Vec::new(),
            records,
            level,
            turn: Turn::default(),
            commits: Arc::clone(self) as Arc<dyn Commits>,
            done,
        };
        match log.append(append)? {
            Appended::Queued => Ok(receipt),
            Appended::Done(_) => Ok(Receipt::done(run)),
        }
    }

    /// Encodes events with the numbers and colours that they get if the log takes them, and reads what they say of daemons.
    fn encode(
        &self,
        state: &mut RoomState,
        events: &[Completed],
        records: &mut Vec<Record>,
        now: Timestamp,
        taken_at: i64,
    ) -> Result<Encoded, (usize, EmitError)> {
        let RoomState { next_seq, colors, scratch, .. } = state;
        let mut frames = Vec::with_capacity(events.len());
        let mut signs = Vec::with_capacity(events.len());
        let emitted_at = now.unix_millis();
        for (seq, Completed { event, directives }) in (*next_seq..).zip(events) {
            let color = colors.take(&self.name, event, seq, records);
            let outgoing = Outgoing { event, directives, seq, room: &self.name, color, emitted_at };
            let frame = PreparedFrame::encode(&outgoing, taken_at, scratch)
                .map_err(|error| (frames.len(), error.into()))?;
            frames.push(Arc::new(frame));
            signs.push(Sign::taken(event, now.unix_micros(), color));
        }
        Ok((frames, signs))
    }
}
