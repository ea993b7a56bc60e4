//! The roster of a room: folded as its events become visible, so that it never says more than readers can see.
//!
//! It is kept in the log from time to time: together with an event, when the room leaves memory, at a stop. A start, and a question about the past, go on from
//! the nearest of these snapshots.

use std::collections::VecDeque;

use arcane_shared::roster::{Roster, Sign};
use arcane_shared::{Epoch, RoomName, Seq};

use super::snapshots::{self, Snapshots};
use crate::clock;
use crate::event::PreparedFrame;
use crate::log::{EventLog, LogError, PageRequest, Record, RoomRecord};

/// Most events that are folded where there is no snapshot to go on from: what an earlier version wrote. Figures of all
/// time then begin with the oldest of them, and the roster says so.
const EVENTS_MAX: u64 = 65_536;
/// Events of a page.
const PAGE_EVENTS_MAX: usize = 128;
/// Bytes of a page, give or take an event.
const PAGE_BYTES_MAX: usize = 128 * 1024;

/// A room's roster, and what comes to it.
#[derive(Debug, Default)]
pub(super) struct RoomRoster {
    roster: Roster,
    /// What events say that have numbers and are not in the log yet, in their order.
    coming: VecDeque<(Seq, Option<Sign>)>,
    snapshots: Snapshots,
}

impl RoomRoster {
    /// The roster of a room as the log has it.
    pub(super) async fn open(log: &dyn EventLog, record: &RoomRecord) -> Result<Self, LogError> {
        let list = log.look_up(&snapshots::list_key(&record.name)).await?.unwrap_or_default();
        let snapshots = Snapshots::read(&list, &record.epoch, record.head);
        let candidates: Vec<Seq> = snapshots.up_to(record.head).collect();
        let roster = at(log, record, record.head, &candidates).await?;
        Ok(Self { roster, coming: VecDeque::new(), snapshots })
    }

    /// An event has got its number.
    pub(super) fn take(&mut self, seq: Seq, sign: Option<Sign>) {
        self.coming.push_back((seq, sign));
    }

    /// Readers can see an event.
    pub(super) fn show(&mut self, frame: &PreparedFrame) {
        let seq = frame.seq();
        while self.coming.front().is_some_and(|(coming, _)| *coming < seq) {
            self.coming.pop_front();
        }
        match self.coming.pop_front_if(|(coming, _)| *coming == seq) {
            Some((_, sign)) => self.roster.fold(seq, sign.as_ref()),
            // It was found in the log after a write with an unknown end.
            None => fold(&mut self.roster, frame),
        }
        self.snapshots.count(frame.json().len());
    }

    /// The log did not take what comes after an event.
    pub(super) fn forget_after(&mut self, head: Seq) {
        self.coming.retain(|(seq, _)| *seq <= head);
    }

    /// Lets a snapshot ride with the next event, if one is due.
    pub(super) fn ride(&mut self, room: (&RoomName, &Epoch), first: Seq, records: &mut Vec<Record>) {
        if self.snapshots.is_due(self.roster.seq(), first) {
            self.keep(room, first, records);
        }
    }

    /// Keeps a snapshot if anything has happened since the latest.
    pub(super) fn keep(&mut self, room: (&RoomName, &Epoch), first: Seq, records: &mut Vec<Record>) {
        let seq = self.roster.seq();
        if seq > self.snapshots.latest() {
            self.snapshots.add(room.0, room.1, (seq, text(&self.roster)), first, records);
        }
    }

    /// Takes out the words of events before one, here and in the log: what is deleted is readable nowhere. `then` is the
    /// roster before that event: positions after it go on from there.
    pub(super) fn purge(&mut self, room: (&RoomName, &Epoch), before: Seq, mut then: Roster) -> Vec<Record> {
        self.roster.hush_before(before);
        then.hush_before(before);
        let mut records = Vec::new();
        self.snapshots.clear(room.0, &mut records);
        if then.seq() < self.roster.seq() {
            self.snapshots.add(room.0, room.1, (then.seq(), text(&then)), before, &mut records);
        }
        self.snapshots.add(room.0, room.1, (self.roster.seq(), text(&self.roster)), before, &mut records);
        records
    }

    /// The roster at the room's head.
    pub(super) fn now(&self) -> &Roster {
        &self.roster
    }

    /// Snapshots that can be gone on from at a position, the nearest first.
    pub(super) fn snapshots_up_to(&self, seq: Seq) -> Vec<Seq> {
        self.snapshots.up_to(seq).collect()
    }
}

/// The roster of a room at a position, from the nearest of some snapshots.
pub(super) async fn at(
    log: &dyn EventLog,
    room: &RoomRecord,
    through: Seq,
    snapshots: &[Seq],
) -> Result<Roster, LogError> {
    let oldest = room.first.saturating_sub(1).max(through.saturating_sub(EVENTS_MAX)).min(through);
    let mut roster = Roster::after(oldest, clock::day_offset_minutes());
    for seq in snapshots {
        let kept = log.look_up(&snapshots::key(&room.name, *seq)).await?;
        if let Some(kept) = kept.and_then(|text| serde_json::from_str(&text).ok()) {
            roster = kept;
            break;
        }
    }
    while roster.seq() < through {
        let after = roster.seq();
        let request = PageRequest { after, through, events_max: PAGE_EVENTS_MAX, bytes_max: PAGE_BYTES_MAX };
        let page = log.read(room.id, request).await?;
        // What is missing is no longer kept.
        match page.frames.first().map(|frame| frame.seq()) {
            Some(first) if first > after + 1 => roster.miss(first - 1),
            Some(_) => {}
            None => roster.miss(through),
        }
        for frame in &page.frames {
            fold(&mut roster, frame);
        }
        tokio::task::yield_now().await;
    }
    Ok(roster)
}

/// A roster as it is kept and sent.
pub(super) fn text(roster: &Roster) -> String {
    serde_json::to_string(roster).expect("a roster has string keys and finite numbers")
}

fn fold(roster: &mut Roster, frame: &PreparedFrame) {
    let sign = frame.daemon_name().and_then(|_| Sign::read(&frame.event()));
    roster.fold(frame.seq(), sign.as_ref());
}
