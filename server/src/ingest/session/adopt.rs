//! Sessions of an earlier run of the server, as a room's roster tells of them. Pure.

use arcane_shared::roster::{DaemonState, Roster};
use arcane_shared::{DaemonName, RoomName, Timestamp};

use super::super::sign::Call;
use super::actor::{Actor, Open, Stage, Turn};
use super::fold::Session;
use super::key::Key;
use super::table::{SESSIONS_MAX, Table};
use super::waits::Waiting;

impl Table {
    /// Goes on with the sessions that a room's events tell of: those of an earlier run of the server, which ends them in time.
    pub(crate) fn adopt(&mut self, room: &RoomName, roster: &Roster) {
        for daemon in roster.present() {
            for told in &daemon.sessions {
                let root = told.session.as_ref().unwrap_or(&told.id);
                let family = told.session.as_ref().and_then(|session| family(roster, session));
                let family = family.unwrap_or(&daemon.daemon_name).clone();
                let key = Key { room: room.clone(), daemon: family.clone(), id: root.clone() };
                if self.sessions.len() >= SESSIONS_MAX {
                    return;
                }
                let session = self
                    .sessions
                    .entry(key)
                    .or_insert_with(|| Session::new(family, root.clone(), told.heard_at));
                session.about.host = session.about.host.take().or_else(|| told.host.clone());
                session.about.project = session.about.project.take().or_else(|| told.project.clone());
                let mut actor = adopted(daemon, &told.id, told.heard_at);
                if told.session.is_some() {
                    let parent = told.parent_daemon.clone().map(|parent| (parent, None));
                    (actor.agent, actor.parent) = (Some(told.id.clone()), parent);
                    session.subagents.push(actor);
                } else {
                    session.main = actor;
                }
                *self
                    .present
                    .entry(room.clone())
                    .or_default()
                    .entry(daemon.daemon_name.clone())
                    .or_default() += 1;
            }
        }
    }
}

impl Table {
    /// A session as a room's events tell of it; `None` if it is not present.
    pub(super) fn adopted(key: &Key, roster: &Roster) -> Option<Session> {
        let mut told = Self::default();
        told.adopt(&key.room, roster);
        told.sessions.remove(key)
    }
}

/// The agent's daemon whose session has an id.
fn family<'a>(roster: &'a Roster, session: &str) -> Option<&'a DaemonName> {
    let has = |daemon: &&DaemonState| {
        daemon.sessions.iter().any(|told| told.session.is_none() && *told.id == *session)
    };
    roster.present().find(has).map(|daemon| &daemon.daemon_name)
}

/// An actor as a roster tells of it.
fn adopted(daemon: &DaemonState, id: &str, heard: Timestamp) -> Actor {
    let mut actor = Actor::new(daemon.daemon_name.clone(), None, heard);
    actor.stage = Stage::Present;
    actor.turn = Turn::Running;
    for call in daemon.calls.iter().filter(|call| call.session.as_deref() == Some(id)) {
        let Some(call_id) = &call.call_id else { continue };
        let known = Call { id: Some(call_id.clone()), tool: "tool".into(), print: 0, digest: 0, again: 0 };
        actor.open.push(Open {
            id: call_id.clone(),
            is_named: true,
            call: known,
            task: call.task.clone(),
            since: call.since,
            order: None,
            turn: None,
        });
    }
    for wait in daemon.waiting.iter().filter(|wait| wait.session.as_deref() == Some(id)) {
        let since = wait.since;
        let (call, asked) = (wait.call_id.clone(), wait.request_id.clone());
        actor.waits.push(Waiting { call, print: None, request: None, asked, order: None, since });
    }
    if let Some(looping) = daemon.looping.as_ref().filter(|looping| looping.session.as_deref() == Some(id)) {
        actor.loops.adopt(&looping.task, looping.count, looping.since);
    }
    actor
}
