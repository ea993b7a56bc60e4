//! Numbering events and handing them to the log, under the room's lock.

use std::sync::Arc;

use arcane_shared::Timestamp;
use arcane_shared::roster::Sign;

use super::{Room, RoomState};
use crate::bus::EmitError;
use crate::bus::keys::{Known, Use};
use crate::bus::submission::{Emitted, Outcome, Submission};
use crate::clock;
use crate::event::{Completed, Outgoing, PreparedFrame};
use crate::log::{Append, Appended, Commits, Fault, Level, LogError, Notify, Receipt, Record, Turn};

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
    /// Numbers, stamps and encodes events and hands them to the log: all of them or, if one is too large, or
    /// the log takes none, nothing. What is refused takes no number.
    pub(crate) fn emit_all(
        self: &Arc<Self>,
        events: &[Completed],
        submission: Submission,
    ) -> Result<Outcome, (usize, EmitError)> {
        let mut state = self.lock();
        self.check_open(&state).map_err(|error| (0, error.into()))?;
        let now = clock::now();
        let steady = self.log.clock().steady(now);
        let expiry = self.log.clock().expiry(now);
        let Submission { level, mut records, key, turn } = submission;
        if let Some(key) = &key {
            match state.keys.check(key, state.ring.head(), expiry) {
                Use::New => {}
                Use::Again(known) => {
                    let receipt = if level == Level::Synced { self.sync()? } else { Receipt::done() };
                    return Ok(Outcome::Again(known, receipt));
                }
                Use::Refused(error) => return Err((0, error.into())),
            }
        }
        let taken_at = steady.unix_micros().max(state.at);
        let (frames, signs) = match self.encode(&mut state, events, &mut records, now, taken_at) {
            Ok(encoded) => encoded,
            Err(refused) => {
                state.colors.undo();
                return Err(refused);
            }
        };
        let run = Known { first: state.next_seq, count: frames.len() as u64 };
        if let Some(key) = &key {
            records.extend(state.keys.records(&self.name, key, run, steady, expiry));
        }
        let (done, receipt) = Notify::pair();
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
        let appended = match self.log.append(append) {
            Ok(appended) => appended,
            Err(error) => {
                state.colors.undo();
                return Err((0, error.into()));
            }
        };
        if let Some(key) = key {
            state.keys.add(key, run, steady, expiry);
        }
        state.number(&frames, signs, taken_at);
        let receipt = match appended {
            Appended::Queued => receipt,
            Appended::Done(_) => {
                self.show(&mut state, &frames);
                Receipt::done()
            }
        };
        Ok(Outcome::New(Emitted { frames, receipt }))
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
    fn sync(self: &Arc<Self>) -> Result<Receipt, (usize, EmitError)> {
        self.append_nothing(Vec::new(), Level::Synced).map_err(|error| (0, error.into()))
    }

    /// Keeps state that belongs to no event, and tells when the log has it.
    pub(in crate::bus) fn keep(self: &Arc<Self>, records: Vec<Record>) -> Result<Receipt, LogError> {
        self.check_open(&self.lock())?;
        self.append_nothing(records, Level::Logged)
    }

    /// An append without events, that waits for all before it.
    fn append_nothing(self: &Arc<Self>, records: Vec<Record>, level: Level) -> Result<Receipt, LogError> {
        let (done, receipt) = Notify::pair();
        let append = Append {
            room: self.id,
            frames: Vec::new(),
            records,
            level,
            turn: Turn::default(),
            commits: Arc::clone(self) as Arc<dyn Commits>,
            done,
        };
        match self.log.append(append)? {
            Appended::Queued => Ok(receipt),
            Appended::Done(_) => Ok(Receipt::done()),
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
