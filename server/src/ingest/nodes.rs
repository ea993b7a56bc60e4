//! Sessions where several processes share the log: the hooks of one may come to any of them.
//!
//! What is folded into a session is made on its latest event in the log, and the log takes it only if that still is the latest. So each
//! session has one order of what is told of it, whichever processes tell it; what two of them find out at the same time is told once. As long
//! as a session's hooks come to one process, the log is asked only where nothing comes of a hook.

use std::time::{Duration, Instant};

use arcane_shared::roster::Roster;
use arcane_shared::{RoomName, Timestamp};

use super::holding::{Opening, Pending};
use super::publish::{Published, publish};
use super::session::{Key, Table};
use super::sign::{self, Sign};
use super::{Content, Given, PIECE_SIGNS_MAX, Reader, Rest};
use crate::bus::{ArcaneEventBus, HeldRoom, SessionEnd};
use crate::clock;
use crate::intake::Draft;
use crate::requests::Over;

/// How long something is folded anew because other processes are quicker, and the log is asked that does not answer.
const TELL_MAX: Duration = Duration::from_secs(10);
/// The time between two questions to a log that does not answer.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// Most sessions of others' events that are known to be none of hooks; beyond that all of them are asked for again.
const FOREIGN_MAX: usize = 4_096;

/// Where a session is told.
#[derive(Clone, Copy)]
struct Place<'a> {
    bus: &'a ArcaneEventBus,
    room: &'a RoomName,
    /// The room, if there is one yet.
    held: Option<&'a HeldRoom>,
}

/// What became of a fold.
enum Folded {
    /// It is told, or lost and counted.
    Told,
    /// Another process has told of the session meanwhile.
    Outdated,
}

impl Place<'_> {
    fn roster(&self) -> Roster {
        self.held.map(HeldRoom::daemons).unwrap_or_default()
    }

    fn read_roster<R>(&self, read: impl FnOnce(&Roster) -> R) -> R {
        match self.held {
            Some(held) => held.read_roster(read),
            None => read(&Roster::default()),
        }
    }
}

impl Reader {
    /// As [`Self::take`], one session after the other.
    pub(super) async fn take_shared(&mut self, bus: &ArcaneEventBus, given: &mut Vec<(Timestamp, Given)>) {
        for (at, Given { room, content }) in given.drain(..) {
            self.adopt(bus, &room).await;
            match content {
                Content::Look => {}
                Content::Hook { agent, body, context, hold, told } => {
                    let (signs, pending) = self.read(bus, &room, (agent, body), context, hold).await;
                    self.tell_signs(bus, &room, signs, at, pending).await;
                    drop(told);
                }
                Content::Telemetry { told, held } => {
                    let mut signs = told.signs;
                    signs.extend(self.totals.take(told.sums));
                    // What came first is told first.
                    if self.rest.is_empty() && signs.len() <= PIECE_SIGNS_MAX {
                        self.tell_signs(bus, &room, signs, at, None).await;
                    } else {
                        self.rest.push_back(Rest { room, at, signs: signs.into_iter(), _held: held });
                    }
                }
            }
        }
        if let Some(mut rest) = self.rest.pop_front() {
            let piece = rest.signs.by_ref().take(PIECE_SIGNS_MAX).collect();
            self.tell_signs(bus, &rest.room, piece, rest.at, None).await;
            if rest.signs.len() > 0 {
                self.rest.push_front(rest);
            }
        }
    }

    /// What time alone has made due.
    pub(super) async fn pass(&mut self, bus: &ArcaneEventBus) {
        let now = clock::now();
        if !bus.is_shared() {
            let due = self.table.pass(now);
            return self.publish(bus, due).await;
        }
        self.tell_what_waited(bus, now).await;
        // Whether another process has heard an answer.
        for key in self.table.asking() {
            if let Ok(held) = bus.room_in_memory(key.room()) {
                self.renew(&held, &key).await;
            }
        }
        for room in self.adopted.clone() {
            if let Ok(held) = bus.room_in_memory(&room) {
                self.go_on_with(&held, false).await;
            }
        }
        for key in self.table.due(now) {
            let held = bus.open_known_room(key.room()).await.ok();
            let place = Place { bus, room: key.room(), held: held.as_ref() };
            place.read_roster(|roster| self.table.hear(&key, roster));
            self.tell(place, &key, None, |table| table.pass_one(&key, now)).await;
        }
        self.table.sweep(now);
        self.settle();
    }

    /// What waits for something else, told without it: nothing comes any more.
    pub(super) async fn tell_the_last(&mut self, bus: &ArcaneEventBus) {
        let now = clock::now();
        if bus.is_shared() {
            self.tell_what_waited(bus, Table::end_of_waiting(now)).await;
        } else {
            let due = self.table.last(now);
            self.publish(bus, due).await;
        }
    }

    /// A request has ended.
    pub(super) async fn end_request(&mut self, bus: &ArcaneEventBus, over: Over) {
        let now = clock::now();
        if !bus.is_shared() {
            let drafts = self.table.request_ends(&over, now);
            return self.publish(bus, vec![(over.room, drafts)]).await;
        }
        if let Some(key) = self.table.key_of_request(&over) {
            let held = bus.open_known_room(&over.room).await.ok();
            let place = Place { bus, room: &over.room, held: held.as_ref() };
            self.tell(place, &key, None, |table| table.request_ends(&over, now)).await;
        }
    }

    /// Sees to it that the sessions of signs are known as the log has them.
    pub(super) async fn know_all(&mut self, bus: &ArcaneEventBus, room: &RoomName, signs: &[Sign]) {
        let Ok(held) = bus.open_known_room(room).await else { return };
        for sign in signs {
            if let Some(key) = held.read_roster(|roster| self.table.key_of(room, sign, roster)) {
                self.know(&held, &key).await;
            }
        }
    }

    /// Goes on with sessions that a room's events tell of and that are not known here: with all of them where the room is new to this process,
    /// otherwise with those whose own process has left them.
    pub(super) async fn go_on_with(&mut self, held: &HeldRoom, is_new: bool) {
        let (room, now) = (held.name(), clock::now());
        let left = held.read_roster(|roster| self.table.left_by_others(room, roster, now, is_new));
        for (key, heard) in left {
            let known = (key, heard);
            if self.foreign.contains(&known) {
                continue;
            }
            let Ok(end) = held.end_of_session(known.0.digest()).await else { return };
            // Of a run of the server before, its events may have been let go of.
            if end.is_some() || is_new {
                self.table.take_over(&known.0, held.epoch(), end.as_ref(), || held.daemons());
            } else {
                if self.foreign.len() >= FOREIGN_MAX {
                    self.foreign.clear();
                }
                self.foreign.insert(known);
            }
        }
    }

    async fn tell_what_waited(&mut self, bus: &ArcaneEventBus, now: Timestamp) {
        for (room, sign) in self.table.no_longer_deferred(now) {
            self.tell_now(bus, &room, vec![sign], clock::now(), None).await;
        }
        for (key, signs) in self.table.no_longer_held(now) {
            let held = bus.open_known_room(key.room()).await.ok();
            let place = Place { bus, room: key.room(), held: held.as_ref() };
            self.tell(place, &key, None, |table| table.take_held(&key, &signs, clock::now())).await;
        }
    }

    /// Tells what signs become that came at a time.
    async fn tell_signs(
        &mut self,
        bus: &ArcaneEventBus,
        room: &RoomName,
        mut signs: Vec<Sign>,
        at: Timestamp,
        pending: Option<Pending>,
    ) {
        for field in sign::drop_unusable(&mut signs) {
            self.metrics.ingest_unusable(field);
        }
        signs.retain(|sign| !self.table.defer(room, sign, at));
        self.tell_now(bus, room, signs, at, pending).await;
    }

    async fn tell_now(
        &mut self,
        bus: &ArcaneEventBus,
        room: &RoomName,
        signs: Vec<Sign>,
        at: Timestamp,
        mut pending: Option<Pending>,
    ) {
        let held = bus.open_known_room(room).await.ok();
        let place = Place { bus, room, held: held.as_ref() };
        let mut sessions: Vec<(Option<Key>, Vec<Sign>)> = Vec::new();
        for sign in signs {
            let key = place.read_roster(|roster| self.table.key_of(room, &sign, roster));
            if let Some(key) = &key {
                self.table.note_root(key, &sign);
            }
            match sessions.iter_mut().find(|(of, _)| *of == key) {
                Some((_, of_it)) => of_it.push(sign),
                None => sessions.push((key, vec![sign])),
            }
        }
        for (key, signs) in sessions {
            let fold = |table: &mut Table| {
                signs.iter().flat_map(|sign| table.take_now(room, sign, at)).collect::<Vec<Draft>>()
            };
            match key {
                Some(key) => self.tell(place, &key, pending.take(), fold).await,
                None => {
                    let drafts = fold(&mut self.table);
                    self.publish(bus, vec![(room.clone(), drafts)]).await;
                }
            }
        }
    }

    /// Folds something into a session and tells what comes of it; anew, as often as other processes are quicker.
    async fn tell(
        &mut self,
        place: Place<'_>,
        key: &Key,
        mut pending: Option<Pending>,
        mut fold: impl FnMut(&mut Table) -> Vec<Draft>,
    ) {
        let until = Instant::now() + TELL_MAX;
        let mut opening = None;
        if let Some(held) = place.held {
            self.know(held, key).await;
        }
        loop {
            let before = self.table.before(key);
            place.read_roster(|roster| self.table.count_present(key, roster));
            let mut drafts = fold(&mut self.table);
            self.open(place.room, &mut pending, &mut opening, &mut drafts);
            let events = drafts.len();
            if matches!(self.tell_once(place, key, drafts).await, Folded::Told) {
                break;
            }
            self.table.undo(key, before);
            if !self.take_over(place, key, until).await {
                tracing::warn!(room = %place.room, "what agents told of themselves is lost: the log does not say how their session is");
                (0..events).for_each(|_| self.metrics.ingest_dropped("log"));
                break;
            }
        }
        for _ in 0..self.table.lost() {
            self.metrics.ingest_dropped("waiting");
        }
        self.settle();
    }

    /// Opens the request that one of these events tells of; `opening` says what became of it when they were made before.
    fn open(
        &mut self,
        room: &RoomName,
        pending: &mut Option<Pending>,
        opening: &mut Option<Opening>,
        drafts: &mut Vec<Draft>,
    ) {
        if let Some(opening) = opening {
            return opening.apply(drafts);
        }
        let Some(asked) = pending.take_if(|asked| asked.is_told(drafts)) else { return };
        let (id, is_of_a_loop) = (asked.id().clone(), asked.is_of_a_loop());
        *opening = Some(match asked.open(&self.requests, room, drafts) {
            Ok((id, None)) => {
                self.opened.push(id);
                Opening::Open
            }
            Ok((id, Some(ruled))) => {
                self.ruled.push((id.clone(), ruled));
                Opening::Ruled(id)
            }
            Err(why) => {
                self.metrics.ingest_dropped(why);
                Opening::Refused { id, is_of_a_loop }
            }
        });
    }

    async fn tell_once(&mut self, place: Place<'_>, key: &Key, drafts: Vec<Draft>) -> Folded {
        if drafts.is_empty() {
            // It may be that nothing comes of it only because another process has told of the session meanwhile.
            let Some(held) = place.held else { return Folded::Told };
            let Ok(end) = held.end_of_session(key.digest()).await else { return Folded::Told };
            let is_latest =
                end.map_or(0, |end| end.seq) == self.table.told_at(key, held.epoch()).unwrap_or_default();
            return if is_latest { Folded::Told } else { Folded::Outdated };
        }
        let opened;
        let held = match place.held {
            Some(held) => held,
            None => match place.bus.open_room(place.room).await {
                Ok(held) => {
                    opened = held;
                    &opened
                }
                Err(_) => {
                    self.publish(place.bus, vec![(place.room.clone(), drafts)]).await;
                    return Folded::Told;
                }
            },
        };
        let continues = self.table.continues(key, held.epoch());
        let continues = Some((held.epoch(), continues));
        match publish(place.bus, place.room, drafts, continues, &self.metrics).await {
            Published::Told { opened, epoch, last } => {
                self.table.is_told(key, &epoch, last);
                self.announce(opened);
                Folded::Told
            }
            Published::Outdated => Folded::Outdated,
            Published::Lost => Folded::Told,
        }
    }

    /// Takes a session over as the log has it now. Returns whether that was found out before a moment.
    async fn take_over(&mut self, place: Place<'_>, key: &Key, until: Instant) -> bool {
        while Instant::now() < until {
            // The room may have begun anew.
            if let Ok(held) = place.bus.open_known_room(place.room).await
                && let Ok(end) = held.end_of_session(key.digest()).await
            {
                self.table.take_over(key, held.epoch(), end.as_ref(), || place.roster());
                return true;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        false
    }

    /// Takes a session over that is not known here.
    async fn know(&mut self, held: &HeldRoom, key: &Key) {
        if self.table.told_at(key, held.epoch()).is_none() {
            self.renew(held, key).await;
        }
    }

    /// Takes a session over if another process has told of it.
    async fn renew(&mut self, held: &HeldRoom, key: &Key) {
        let Ok(end) = held.end_of_session(key.digest()).await else { return };
        let seq = end.as_ref().map_or(0, |SessionEnd { seq, .. }| *seq);
        if self.table.told_at(key, held.epoch()) != Some(seq) {
            self.table.take_over(key, held.epoch(), end.as_ref(), || held.daemons());
        }
    }
}
