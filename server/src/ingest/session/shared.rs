//! Sessions where several processes tell of them: what is known here of a session holds until another process tells of it. Pure.
//!
//! The log says which event of a session is the latest. Something is folded into the session as it is after that event; if another process
//! was quicker, the fold is undone, the session is taken over as the other one left it, and it is folded in again.

use arcane_shared::roster::{DaemonState, Roster, SessionState};
use arcane_shared::{DaemonName, Epoch, RoomName, Seq, Timestamp, color};

use crate::bus::{Continues, SessionEnd, SessionId};
use crate::intake::Draft;
use crate::requests::{Over, Via as RequestVia};

use super::super::sign::{Sign, Via, What};
use super::actor::{Actor, Presence, Turn};
use super::fold::Session;
use super::held::Waiting;
use super::key::Key;
use super::lease::SILENT_MICROS;
use super::ledger::Account;
use super::state;
use super::table::Table;

/// How much longer than its own process a session of which nothing was heard is left to that process: 15 seconds, in microseconds.
const GRACE_MICROS: i64 = 15 * 1_000_000;

/// What a fold may change of a session, as it was before.
#[derive(Debug)]
pub(crate) struct Before {
    session: Option<Session>,
    account: Option<(Account, Timestamp)>,
    held: Option<Waiting>,
    overtaken: usize,
}

impl Key {
    /// What the log knows the session by.
    pub(crate) fn digest(&self) -> SessionId {
        color::hash(&format!("{} {}", self.daemon, self.id))
    }

    /// Its room.
    pub(crate) fn room(&self) -> &RoomName {
        &self.room
    }

    fn is_of(&self, told: &SessionState) -> bool {
        told.session.as_ref().unwrap_or(&told.id) == &self.id
    }
}

impl Table {
    /// The session that a sign is of; `None`: it names none. `roster` knows what other processes have told.
    pub(crate) fn key_of(&self, room: &RoomName, sign: &Sign, roster: &Roster) -> Option<Key> {
        let who = &sign.who;
        if who.session.is_empty() {
            return None;
        }
        let key =
            |daemon: &DaemonName, id: &str| Key { room: room.clone(), daemon: daemon.clone(), id: id.into() };
        let own = key(&who.daemon, &who.session);
        if self.sessions.contains_key(&own) {
            return Some(own);
        }
        if let Some(root) = self.root_of(&own) {
            return Some(key(&who.daemon, root));
        }
        // The model's requests do not always say which agent asked.
        let is_loose = matches!(sign.what, What::Usage { .. }) && sign.via == Via::Live;
        if is_loose
            && let Some(other) =
                self.sessions.keys().find(|other| other.room == own.room && other.id == own.id)
        {
            return Some(other.clone());
        }
        let found = roster.present().find_map(|daemon| {
            let told = daemon.sessions.iter().find(|told| told.id == own.id)?;
            Some((&daemon.daemon_name, told))
        });
        match found {
            Some((daemon, SessionState { session: None, .. })) if is_loose => Some(key(daemon, &own.id)),
            Some((_, SessionState { session: Some(root), .. })) if *root != own.id => {
                Some(key(&who.daemon, root))
            }
            _ => Some(own),
        }
    }

    /// Notes which session a subagent is of whose signs come with its own id, where another process has heard of it.
    pub(crate) fn note_root(&mut self, key: &Key, sign: &Sign) {
        if sign.who.session != key.id && sign.who.daemon == key.daemon {
            self.alias(Key { id: sign.who.session.clone(), ..key.clone() }, key.id.clone());
        }
    }

    /// The session that asks by a request which is over.
    pub(crate) fn key_of_request(&self, over: &Over) -> Option<Key> {
        let asks = |actor: &Actor| actor.waits.asks(&over.id);
        let is = |(key, session): &(&Key, &Session)| {
            key.room == over.room && (asks(&session.main) || session.subagents.iter().any(asks))
        };
        self.sessions.iter().find(is).map(|(key, _)| key.clone())
    }

    /// The latest event of a session that is known here, in a run of numbers; `None`: the log has to be asked.
    pub(crate) fn told_at(&self, key: &Key, epoch: &Epoch) -> Option<Seq> {
        let (of, seq) = self.sessions.get(key)?.told.as_ref()?;
        (of == epoch).then_some(*seq)
    }

    /// How events continue a session as it is now.
    pub(crate) fn continues(&self, key: &Key, epoch: &Epoch) -> Continues {
        let on = self.told_at(key, epoch).unwrap_or_default();
        Continues { session: key.digest(), on, state: self.sessions.get(key).and_then(state::write) }
    }

    /// The log has an event of a session.
    pub(crate) fn is_told(&mut self, key: &Key, epoch: &Epoch, seq: Seq) {
        if let Some(session) = self.sessions.get_mut(key) {
            session.told = Some((epoch.clone(), seq));
        }
    }

    /// Takes a session over as the log has it, in place of what was known here. Without a state in the log it is as the roster tells,
    /// or not known. Requests that it waits for no longer are over.
    pub(crate) fn take_over(
        &mut self,
        key: &Key,
        epoch: &Epoch,
        end: Option<&SessionEnd>,
        roster: impl FnOnce() -> Roster,
    ) {
        let known = self.sessions.remove(key);
        let state = end.and_then(|end| end.state.as_deref()).and_then(|text| state::read(key, text));
        let state = state.or_else(|| Self::adopted(key, &roster()));
        let told = Some((epoch.clone(), end.map_or(0, |end| end.seq)));
        let Some(mut session) = state else {
            // Nothing was told of it yet.
            let untold = known.filter(|known| end.is_none() && known.told.is_none());
            self.sessions.extend(untold.map(|known| (key.clone(), Session { told, ..known })));
            return;
        };
        session.told = told;
        for actor in
            session.subagents.iter_mut().chain([&mut session.main]).filter(|actor| actor.turn == Turn::Over)
        {
            actor.turn = Turn::OverElsewhere;
        }
        let heard = session.heard;
        let account = self.accounts.entry((key.room.clone(), key.daemon.clone()));
        let (account, _) = account.or_insert_with(|| (Account::default(), heard));
        account.learn(known.as_ref().map(|known| &known.ledger), &session.ledger);
        if let Some(known) = known {
            // The folder of the project is known only where the session was heard.
            if known.about.project == session.about.project {
                session.about.folder = known.about.folder;
            }
            session.about.cwd = known.about.cwd;
            let mut before = known.subagents;
            for mut actor in before.drain(..).chain([known.main]) {
                let waits = std::mem::take(&mut actor.waits);
                let of = |other: &&mut Actor| other.agent == actor.agent;
                if let Some(now) = session.subagents.iter_mut().chain([&mut session.main]).find(of) {
                    waits.give_way(&mut now.waits);
                } else {
                    waits.give_way(&mut session.main.waits);
                }
            }
        }
        self.sessions.insert(key.clone(), session);
        self.note_overtaken(key, RequestVia::Terminal);
    }

    /// What a fold may change of a session.
    pub(crate) fn before(&self, key: &Key) -> Before {
        Before {
            session: self.sessions.get(key).cloned(),
            account: self.accounts.get(&(key.room.clone(), key.daemon.clone())).cloned(),
            held: self.held.peek(key).cloned(),
            overtaken: self.overtaken.len(),
        }
    }

    /// Undoes a fold.
    pub(crate) fn undo(&mut self, key: &Key, before: Before) {
        let Before { session, account, held, overtaken } = before;
        self.sessions.remove(key);
        self.sessions.extend(session.map(|session| (key.clone(), session)));
        let of = (key.room.clone(), key.daemon.clone());
        self.accounts.remove(&of);
        self.accounts.extend(account.map(|account| (of, account)));
        self.held.put_back(key, held);
        self.overtaken.truncate(overtaken);
    }

    /// Counts who is present beside a session, as the room's events tell of other processes' sessions as well.
    pub(crate) fn count_present(&mut self, key: &Key, roster: &Roster) {
        let others =
            |daemon: &DaemonState| daemon.sessions.iter().filter(|told| !key.is_of(told)).count() as u64;
        let counts = roster.present().map(|daemon| (daemon.daemon_name.clone(), others(daemon)));
        let presence = self.present.entry(key.room.clone()).or_default();
        *presence = counts.filter(|(_, others)| *others > 0).collect();
        if let Some(session) = self.sessions.get(key) {
            for actor in session.subagents.iter().chain([&session.main]).filter(|actor| actor.is_present()) {
                *presence.entry(actor.daemon.clone()).or_default() += 1;
            }
        }
    }

    /// Keeps a sign of which others may tell more, as [`Self::take`] does. Returns whether it is kept.
    pub(crate) fn defer(&mut self, room: &RoomName, sign: &Sign, now: Timestamp) -> bool {
        self.deferred.defer(room, sign, now)
    }

    /// Signs that have waited long enough for others to tell more.
    pub(crate) fn no_longer_deferred(&mut self, now: Timestamp) -> Vec<(RoomName, Sign)> {
        self.deferred.due(now)
    }

    /// Sessions of which telemetry has waited long enough for hooks, and what it tells.
    pub(crate) fn no_longer_held(&mut self, now: Timestamp) -> Vec<(Key, Vec<Sign>)> {
        self.held.due(now)
    }

    /// Tells of a session by telemetry that has waited for hooks; if these have come to another process, it goes beside them.
    pub(crate) fn take_held(&mut self, key: &Key, signs: &[Sign], now: Timestamp) -> Vec<Draft> {
        if self.sessions.get(key).is_some_and(|session| !session.is_of_telemetry) {
            return signs.iter().flat_map(|sign| self.fold(key, sign, now)).collect();
        }
        self.tell_of(key, signs, now)
    }

    /// Takes in when a session was heard last, as a room's events say: others may tell of it that are no hooks.
    pub(crate) fn hear(&mut self, key: &Key, roster: &Roster) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Session { main, subagents, .. } = session;
        for actor in subagents.iter_mut().chain([main]) {
            let id = actor.agent.as_ref().unwrap_or(&key.id);
            let told = roster
                .get(actor.daemon.as_str())
                .and_then(|daemon| daemon.sessions.iter().find(|told| told.id == *id));
            actor.heard = told.map_or(actor.heard, |told| actor.heard.max(told.heard_at));
        }
    }

    /// Sessions about which time alone has something to tell.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Key> {
        let is_due = |session: &Session| {
            let mut actors = session.subagents.iter().chain([&session.main]);
            actors.any(|actor| actor.is_present() && is_old(actor.heard, now, SILENT_MICROS))
                && !session.clone().pass(now, &mut Presence::new()).is_empty()
        };
        let mut due: Vec<Key> =
            self.sessions.iter().filter(|(_, session)| is_due(session)).map(|(key, _)| key.clone()).collect();
        due.sort();
        due
    }

    /// Sessions that wait by a request for an answer from elsewhere.
    pub(crate) fn asking(&self) -> Vec<Key> {
        let asks = |actor: &Actor| actor.waits.iter().any(|wait| wait.asked.is_some());
        let is = |session: &Session| asks(&session.main) || session.subagents.iter().any(asks);
        self.sessions.iter().filter(|(_, session)| is(session)).map(|(key, _)| key.clone()).collect()
    }

    /// Sessions that a room's events tell of and that are not known here: those of which nothing was heard for so long that their own
    /// process would have told so, or all of them.
    pub(crate) fn left_by_others(
        &self,
        room: &RoomName,
        roster: &Roster,
        now: Timestamp,
        is_all: bool,
    ) -> Vec<(Key, Seq)> {
        let mut left = Vec::new();
        for told in roster.present().flat_map(|daemon| daemon.sessions.iter().map(move |told| (daemon, told)))
        {
            let (daemon, told) = told;
            if told.session.is_some() || !is_all && !is_old(told.heard_at, now, SILENT_MICROS + GRACE_MICROS)
            {
                continue;
            }
            let key = Key { room: room.clone(), daemon: daemon.daemon_name.clone(), id: told.id.clone() };
            if !self.sessions.contains_key(&key) {
                left.push((key, told.heard_seq));
            }
        }
        left
    }
}

fn is_old(heard: Timestamp, now: Timestamp, micros: i64) -> bool {
    now.unix_micros() - heard.unix_micros() >= micros
}
