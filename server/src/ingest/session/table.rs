//! All sessions that are known, within bounds. Pure.

use std::collections::HashMap;

use arcane_shared::{DaemonName, RoomName, Timestamp};

use crate::config::Prices;
use crate::intake::Draft;
use crate::requests::{Over, Via as RequestVia};

use super::super::sign::{Sign, Subagent, Via, What, Who};
use super::actor::{Actor, Presence};
use super::draft::{About, Drafts};
use super::fold::{Session, price_of};
use super::held::{Deferred, Held, LONGEST_WAIT_MICROS, proves};
use super::key::Key;
use super::kinds::Kinds;
use super::ledger::Account;
use super::step::leave;

/// Most sessions that are known at a time, those that ended included; beyond that the one that was not heard of for longest is
/// forgotten.
pub(super) const SESSIONS_MAX: usize = 2_048;
/// Most ids of subagents that agents use like those of sessions.
const ALIASES_MAX: usize = 4_096;
/// How long a session that ended is remembered, so that what was overtaken by its end is not taken for another one: 10 minutes.
const ENDED_MICROS: i64 = 10 * 60 * 1_000_000;

/// Most agents of rooms of which it is known what all of their sessions have spent; beyond that the one that was not heard of for longest is
/// forgotten.
const ACCOUNTS_MAX: usize = 1_024;

/// The sessions of all agents and rooms.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(super) sessions: HashMap<Key, Session>,
    /// Subagents whose signs come with their own id for the session's: the session that they are of.
    aliases: HashMap<Key, Box<str>>,
    pub(super) present: HashMap<RoomName, Presence>,
    kinds: Kinds,
    pub(super) accounts: HashMap<(RoomName, DaemonName), (Account, Timestamp)>,
    /// Telemetry of sessions that no hook has told of yet.
    pub(super) held: Held,
    /// What others may tell of in more detail, or more of.
    pub(super) deferred: Deferred,
    /// Requests that agents have answered by going on.
    pub(super) overtaken: Vec<(Box<str>, RequestVia)>,
    prices: Prices,
    /// How often a call is made before that is told; 0: never.
    loop_after: u64,
    /// Other processes tell of sessions as well, whose states are in the log: what is known here may be forgotten.
    is_shared: bool,
}

impl Table {
    /// A table without sessions. `prices`: what models cost whose agents do not say so. `loop_after`: how often a call is made before that
    /// is told; 0: never.
    pub(crate) fn new(prices: Prices, loop_after: u64) -> Self {
        Self { prices, loop_after, ..Self::default() }
    }

    /// The same, where other processes tell of sessions as well.
    pub(crate) fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// What becomes of a sign.
    pub(crate) fn take(&mut self, room: &RoomName, sign: &Sign, now: Timestamp) -> Vec<Draft> {
        if self.deferred.defer(room, sign, now) {
            return Vec::new();
        }
        self.take_now(room, sign, now)
    }

    /// What becomes of a sign that waits for nothing.
    pub(crate) fn take_now(&mut self, room: &RoomName, sign: &Sign, now: Timestamp) -> Vec<Draft> {
        if sign.who.session.is_empty() {
            return self.spend(room, sign, now);
        }
        let resolved = self.resolve(room, sign);
        let sign = resolved.as_ref().unwrap_or(sign);
        let bounded = self.bounded(sign, now);
        let sign = bounded.as_ref().unwrap_or(sign);
        let mut key =
            Key { room: room.clone(), daemon: sign.who.daemon.clone(), id: sign.who.session.clone() };
        // A request to a model does not always say which agent asked; its conversation does.
        if matches!(sign.what, What::Usage { .. })
            && sign.via == Via::Live
            && !self.sessions.contains_key(&key)
        {
            let same = |other: &&Key| other.room == key.room && other.id == key.id;
            key.daemon = self.sessions.keys().find(same).map_or(key.daemon, |other| other.daemon.clone());
        }
        let known = self.sessions.get(&key);
        if sign.via == Via::Live {
            let is_new = known.is_none();
            let mut drafts = self.fold(&key, sign, now);
            if let Some(session) = self.sessions.get_mut(&key) {
                session.is_of_telemetry = false;
            }
            for twin in if is_new { self.held.take(&key) } else { Vec::new() } {
                drafts.extend(self.fold(&key, &twin, now));
            }
            // Telemetry of a subagent may go by its own id, which only now is known for one.
            if let Some(agent) = sign.who.agent.as_ref().filter(|agent| agent.id != key.id) {
                for twin in self.held.take(&Key { id: agent.id.clone(), ..key }) {
                    drafts.extend(self.take_now(room, &twin, now));
                }
            }
            return drafts;
        }
        match known {
            None => {
                self.held.hold(key, sign, now);
                Vec::new()
            }
            Some(session) if session.is_of_telemetry => self.fold_alone(&key, sign, now),
            Some(_) => self.fold(&key, sign, now),
        }
    }

    /// The project of a session, and that project's folder, as far as they are known.
    pub(crate) fn project_of(&self, room: &RoomName, who: &Who) -> Option<(Option<&str>, Option<&str>)> {
        let key = Key { room: room.clone(), daemon: who.daemon.clone(), id: who.session.clone() };
        let About { project, folder, .. } = &self.sessions.get(&key)?.about;
        Some((project.as_deref(), folder.as_deref()))
    }

    /// Signs of telemetry that waited for hooks and found no place, since this was asked last.
    pub(crate) fn lost(&mut self) -> u64 {
        self.held.lost()
    }

    /// Folds a sign into its session, which it may be the first of.
    pub(super) fn fold(&mut self, key: &Key, sign: &Sign, now: Timestamp) -> Vec<Draft> {
        let mut drafts = Vec::new();
        if !self.sessions.contains_key(key) {
            drafts = self.make_room(&key.room, now);
            self.sessions.insert(key.clone(), Session::new(key.daemon.clone(), key.id.clone(), now));
        }
        let account = (key.room.clone(), key.daemon.clone());
        self.forget_an_account(&account);
        let (account, heard) = self.accounts.entry(account).or_insert_with(|| (Account::default(), now));
        *heard = now;
        let presence = self.present.entry(key.room.clone()).or_default();
        if let Some(session) = self.sessions.get_mut(key) {
            drafts.extend(session.fold(sign, now, presence, (account, &self.prices), self.loop_after));
        }
        let is_end = matches!(sign.what, What::Ended { .. } | What::SubagentEnded { .. });
        self.note_overtaken(key, if is_end { RequestVia::Withdrawn } else { RequestVia::Terminal });
        drafts
    }

    /// Folds a sign of telemetry into a session that no hook tells of.
    fn fold_alone(&mut self, key: &Key, sign: &Sign, now: Timestamp) -> Vec<Draft> {
        let is_present = self.sessions.get(key).is_some_and(|session| session.main.is_present());
        if !(is_present || proves(sign) || matches!(sign.what, What::Usage { .. })) {
            return Vec::new();
        }
        self.fold(key, &Sign { via: Via::Live, ..sign.clone() }, now)
    }

    /// Tells by telemetry alone of sessions of which no hook has come in time.
    fn tell_alone(&mut self, now: Timestamp) -> Vec<(RoomName, Vec<Draft>)> {
        let mut told = Vec::new();
        for (key, signs) in self.held.due(now) {
            let drafts = self.tell_of(&key, &signs, now);
            told.push((key.room, drafts));
        }
        told
    }

    /// Tells of a session by telemetry alone.
    pub(super) fn tell_of(&mut self, key: &Key, signs: &[Sign], now: Timestamp) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let is_proven = signs.iter().any(proves);
        for sign in signs.iter().filter(|sign| is_proven || matches!(sign.what, What::Usage { .. })) {
            let live = Sign { via: Via::Live, ..sign.clone() };
            drafts.extend(self.fold(key, &live, now));
            if let Some(session) = self.sessions.get_mut(key) {
                session.is_of_telemetry = true;
            }
        }
        drafts
    }

    /// What becomes of a report of what an agent has spent that names no session.
    fn spend(&mut self, room: &RoomName, sign: &Sign, now: Timestamp) -> Vec<Draft> {
        let What::Usage { usage, by, .. } = &sign.what else { return Vec::new() };
        let daemon = &sign.who.daemon;
        let account = (room.clone(), daemon.clone());
        self.forget_an_account(&account);
        let (account, heard) = self.accounts.entry(account).or_insert_with(|| (Account::default(), now));
        *heard = now;
        let model = sign.who.model.as_deref();
        let price = price_of(&self.prices, model, sign.who.at.unwrap_or(now));
        let Some(news) = account.book_loose(*by, usage, &price) else { return Vec::new() };
        let mut present = self
            .sessions
            .iter()
            .filter(|(key, session)| key.room == *room && key.daemon == *daemon && session.main.is_present());
        let only = present.next().filter(|_| present.next().is_none());
        let nobody = About::default();
        let about = only.map_or(&nobody, |(_, session)| &session.about);
        let mut drafts = Drafts::of(about, Some(sign));
        drafts.usage(&Actor::new(daemon.clone(), None, now), &news, model, false);
        drafts.done()
    }

    /// Makes a place for an account if there is none.
    fn forget_an_account(&mut self, new: &(RoomName, DaemonName)) {
        if self.accounts.len() < ACCOUNTS_MAX || self.accounts.contains_key(new) {
            return;
        }
        let oldest = self.accounts.iter().min_by_key(|(key, (_, heard))| (*heard, &key.1));
        if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
            self.accounts.remove(&oldest);
        }
    }

    /// What waits for something else, told without it: nothing comes any more.
    pub(crate) fn last(&mut self, now: Timestamp) -> Vec<(RoomName, Vec<Draft>)> {
        let then = Self::end_of_waiting(now);
        let mut told = self.tell_alone(then);
        for (room, sign) in self.deferred.due(then) {
            let drafts = self.take_now(&room, &sign, now);
            told.push((room, drafts));
        }
        told
    }

    /// When nothing that comes by now waits any more.
    pub(crate) fn end_of_waiting(now: Timestamp) -> Timestamp {
        Timestamp::from_unix_micros(now.unix_micros().saturating_add(LONGEST_WAIT_MICROS))
    }

    /// What becomes of the end of a request that was answered from elsewhere, or by nobody.
    pub(crate) fn request_ends(&mut self, over: &Over, now: Timestamp) -> Vec<Draft> {
        let asks = |actor: &Actor| actor.waits.asks(&over.id);
        let mut of_room = self.sessions.iter_mut().filter(|(key, _)| key.room == over.room);
        let asking = of_room.find(|(_, session)| asks(&session.main) || session.subagents.iter().any(asks));
        let Some((key, session)) = asking else { return Vec::new() };
        let presence = self.present.entry(key.room.clone()).or_default();
        let ends = session.request_ends(over, now, presence);
        over.untold.as_deref().cloned().into_iter().chain(ends).collect()
    }

    /// Requests that agents have answered by going on, since this was asked last, and how each has ended.
    pub(crate) fn overtaken(&mut self) -> Vec<(Box<str>, RequestVia)> {
        std::mem::take(&mut self.overtaken)
    }

    pub(super) fn note_overtaken(&mut self, key: &Key, via: RequestVia) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        self.overtaken.extend(session.overtaken().map(|id| (id, via)));
    }

    /// What time alone has made due, by room.
    pub(crate) fn pass(&mut self, now: Timestamp) -> Vec<(RoomName, Vec<Draft>)> {
        let mut due = self.tell_alone(now);
        for (room, sign) in self.deferred.due(now) {
            let drafts = self.take_now(&room, &sign, now);
            due.push((room, drafts));
        }
        let mut keys: Vec<Key> = self.sessions.keys().cloned().collect();
        keys.sort_by(|a, b| (&a.room, &a.daemon, &a.id).cmp(&(&b.room, &b.daemon, &b.id)));
        for key in keys {
            let drafts = self.pass_one(&key, now);
            if drafts.is_empty() {
                continue;
            }
            match due.last_mut().filter(|(room, _)| *room == key.room) {
                Some((_, of_room)) => of_room.extend(drafts),
                None => due.push((key.room, drafts)),
            }
        }
        self.sweep(now);
        due
    }

    /// What time alone has made due of a session.
    pub(crate) fn pass_one(&mut self, key: &Key, now: Timestamp) -> Vec<Draft> {
        let presence = self.present.entry(key.room.clone()).or_default();
        let Some(session) = self.sessions.get_mut(key) else { return Vec::new() };
        let drafts = session.pass(now, presence);
        self.overtaken.extend(session.overtaken().map(|id| (id, RequestVia::Withdrawn)));
        drafts
    }

    /// Forgets what ended long ago.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        let Self { sessions, aliases, accounts, .. } = self;
        sessions.retain(|_, session| {
            !session.is_gone() || now.unix_micros() - session.heard.unix_micros() < ENDED_MICROS
        });
        accounts.retain(|(room, daemon), (_, heard)| {
            now.unix_micros() - heard.unix_micros() < ENDED_MICROS
                || sessions.keys().any(|key| key.room == *room && key.daemon == *daemon)
        });
        aliases.retain(|key, root| {
            sessions.contains_key(&Key {
                id: root.clone(),
                room: key.room.clone(),
                daemon: key.daemon.clone(),
            })
        });
    }

    /// The session that an id of a subagent belongs to.
    pub(super) fn root_of(&self, own: &Key) -> Option<&str> {
        self.aliases.get(own).map(AsRef::as_ref)
    }

    /// Notes the session that an id of a subagent belongs to.
    pub(super) fn alias(&mut self, own: Key, root: Box<str>) {
        if self.aliases.len() < ALIASES_MAX {
            self.aliases.insert(own, root);
        }
    }

    /// A sign under the session that it is really of, where its agent uses a subagent's own id for that.
    fn resolve(&mut self, room: &RoomName, sign: &Sign) -> Option<Sign> {
        let who = &sign.who;
        let key = |id: &str| Key { room: room.clone(), daemon: who.daemon.clone(), id: id.into() };
        let root = self.aliases.get(&key(&who.session)).cloned();
        if let Some(agent) = &who.agent {
            let root = root.as_ref().unwrap_or(&who.session);
            if *agent.id != **root && self.aliases.len() < ALIASES_MAX {
                self.aliases.insert(key(&agent.id), root.clone());
            }
        }
        let root = root?;
        let mut sign = sign.clone();
        let own = std::mem::replace(&mut sign.who.session, root);
        match &mut sign.who.agent {
            // It was started by a subagent.
            Some(agent) if agent.id != own => agent.parent = agent.parent.take().or(Some(own)),
            Some(_) => {}
            none => *none = Some(Subagent { id: own, kind: None, parent: None }),
        }
        // What agents call the end of a subagent's session, or of its turn, is its own end.
        sign.what = match sign.what {
            What::Ended { .. } => What::SubagentEnded { error: None },
            What::TurnEnded { .. } | What::Idle if sign.source == "opencode-hook" => {
                What::SubagentEnded { error: None }
            }
            What::Prompt { text, chars, digest, .. } => {
                What::Prompt { by: super::super::sign::Prompter::Agent, text, chars, digest }
            }
            what => what,
        };
        Some(sign)
    }

    /// A sign of a subagent without its kind, if there are too many new ones.
    fn bounded(&mut self, sign: &Sign, now: Timestamp) -> Option<Sign> {
        let agent = sign.who.agent.as_ref()?;
        let kind = agent.kind.as_deref()?;
        if self.kinds.admit(kind, now) {
            return None;
        }
        let mut sign = sign.clone();
        sign.who.agent = Some(Subagent { kind: None, ..agent.clone() });
        Some(sign)
    }

    /// Forgets a session if there are too many.
    fn make_room(&mut self, room: &RoomName, now: Timestamp) -> Vec<Draft> {
        if self.sessions.len() < SESSIONS_MAX {
            return Vec::new();
        }
        let by_age =
            self.sessions.iter().min_by_key(|(key, session)| (!session.is_gone(), session.heard, &key.id));
        let Some(key) = by_age.map(|(key, _)| key.clone()) else { return Vec::new() };
        let Some(mut session) = self.sessions.remove(&key) else { return Vec::new() };
        if self.is_shared {
            return Vec::new();
        }
        let presence = self.present.entry(key.room.clone()).or_default();
        let mut drafts = Drafts::of(&session.about, None);
        for actor in
            session.subagents.iter_mut().chain([&mut session.main]).filter(|actor| actor.is_present())
        {
            leave(actor, "forgotten", true, &mut drafts, presence);
        }
        let _ = now;
        let drafts = drafts.done();
        self.overtaken.extend(session.overtaken().map(|id| (id, RequestVia::Withdrawn)));
        // Another room's events cannot be told here; its lease has ended then as well.
        if key.room == *room { drafts } else { Vec::new() }
    }
}
