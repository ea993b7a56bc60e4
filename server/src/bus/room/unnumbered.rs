//! Events that the log numbers: handing them over, and taking in what appears, whoever offered it.
//!
//! As long as an event of this process is under way the room expects a number for it: the next one if nobody else publishes.
//! Nothing relies on it but the order in which colours are given, and the size of the event.

use std::sync::Arc;

use arcane_shared::RoomName;

use super::emit::Moment;
use super::{Room, RoomState, keep};
use crate::bus::EmitError;
use crate::bus::keys::Keys;
use crate::bus::submission::{Emitted, Events, Submission};
use crate::event::{Body, Completed, Outgoing};
use crate::log::record::{COLOR, KEY};
use crate::log::{
    Announcement, Appeared, Fault, Follower, LogError, Notify, Offer, Record, Sequencer, SharedLog,
};

impl Room {
    /// Hands events over for the log to number.
    pub(super) fn emit_unnumbered(
        &self,
        state: &mut RoomState,
        log: &dyn SharedLog,
        events: &[Completed],
        submission: Submission,
        moment: Moment,
    ) -> Result<Emitted, (usize, EmitError)> {
        let max = log.events_max();
        if events.len() > max {
            let text = format!(
                "{} events in one go, and this event log takes at most {max}; send them in several arrays",
                events.len()
            );
            return Err((max, LogError::new(Fault::TooMany, text).into()));
        }
        let Submission { level, mut records, key, turn, decided_on, continues } = submission;
        let Moment { steady, .. } = moment;
        let bodies = self.encode_bodies(state, events, &mut records, moment)?;
        if let Some(key) = &key {
            records.push(Keys::unnumbered(&self.name, key, bodies.len() as u64, steady));
        }
        let (done, receipt) = Notify::to_number();
        let id = key.map(|key| key.id());
        let (room, bodies_of) = (self.id, bodies.clone());
        let offer = Offer { room, bodies: bodies_of, records, id, decided_on, continues, level, turn, done };
        log.submit(offer).map_err(|error| (0, error.into()))?;
        if let Some(key) = key {
            state.keys.begin(key);
        }
        state.colors.keep();
        state.next_seq += bodies.len() as u64;
        Ok(Emitted { events: Events::Coming(bodies), receipt })
    }

    /// Encodes events with the colours that they get if the log takes them.
    fn encode_bodies(
        &self,
        state: &mut RoomState,
        events: &[Completed],
        records: &mut Vec<Record>,
        Moment { now, steady, .. }: Moment,
    ) -> Result<Vec<Body>, (usize, EmitError)> {
        let taken_at = steady.unix_micros().max(state.at);
        let RoomState { next_seq, colors, scratch, .. } = state;
        let mut bodies = Vec::with_capacity(events.len());
        for (seq, Completed { event, directives }) in (*next_seq..).zip(events) {
            let color = colors.take(&self.name, event, seq, records);
            let emitted_at = now.unix_millis();
            let outgoing = Outgoing { event, directives, seq, room: &self.name, color, emitted_at };
            let body = Body::encode(&outgoing, taken_at, scratch);
            bodies.push(body.map_err(|error| (bodies.len(), error.into()))?);
        }
        Ok(bodies)
    }

    /// Has the log tell what appears after what the room has.
    pub(in crate::bus) fn follow(self: &Arc<Self>) {
        if let Sequencer::Log(log) = self.log.sequencer() {
            let follower = Arc::downgrade(self);
            log.follow(self.id, self.head(), follower);
        }
    }
}

impl RoomState {
    /// Takes in what is kept with an event. What the log may forget then goes to `forgotten`.
    fn learn(&mut self, room: &RoomName, appeared: &Appeared, forgotten: &mut Vec<Record>) {
        let Appeared { frame, records, is_own } = appeared;
        let seq = frame.seq();
        self.next_seq = (self.next_seq + u64::from(!is_own)).max(seq + 1);
        self.at = self.at.max(frame.at());
        for record in records {
            if record.key.starts_with(KEY) {
                self.keys.learn(room, record, forgotten);
            } else if record.key.starts_with(COLOR) {
                self.colors.learn(record, seq);
            }
        }
        if let Some(daemon) = frame.daemon_name() {
            self.colors.hear(daemon, seq);
        }
    }
}

impl Follower for Room {
    fn appeared(&self, events: &[Appeared]) -> Announcement {
        let first = self.log.usage(self.id).first;
        let mut records = Vec::new();
        let head = {
            let mut state = self.lock();
            for appeared in events {
                state.learn(&self.name, appeared, &mut records);
                keep(&mut state, std::slice::from_ref(&appeared.frame));
            }
            state.roster.ride((&self.name, &self.epoch), first, &mut records);
            state.ring.head()
        };
        self.make_room();
        if !records.is_empty()
            && let Err(error) = self.log.remember(records)
        {
            tracing::debug!(%error, room = %self.name, "the roster is kept later, and old keys go later");
        }
        let readers = Arc::clone(&self.head);
        Announcement { readers, head }
    }

    fn failed(&self, events: usize, records: &[Record]) {
        let mut state = self.lock();
        let head = state.ring.head();
        state.next_seq = state.next_seq.saturating_sub(events as u64).max(head + 1);
        for record in records.iter().filter(|record| record.key.starts_with(KEY)) {
            state.keys.give_up(record);
        }
        state.colors.forget_after(head);
    }

    fn readers(&self) -> u64 {
        self.subscriber_count() as u64
    }

    fn over(&self) {
        self.end();
    }
}
