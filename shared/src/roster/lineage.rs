//! Who started whom: what a subagent spends is told of those above it as well, each of them once.

use super::Roster;
use super::session::{SessionState, is_same};
use super::sign::Sign;
use super::spent::Spent;
use super::state::DaemonState;
use super::sums::{Sums, add};
use crate::DaemonName;

/// Most generations that are gone up. Whoever is above them is not told of what is spent below.
const GENERATIONS_MAX: usize = 16;

/// Somebody above a subagent, and the session in which it started it, if that is known.
struct Above {
    name: DaemonName,
    session: Option<usize>,
}

impl Roster {
    /// Adds what an event tells to the figures of all that are above its daemon.
    pub(super) fn spend_above(&mut self, sign: &Sign, day: i64) {
        if sign.spent.is_none() {
            return;
        }
        let mut told: Vec<DaemonName> = Vec::new();
        for Above { name, session } in self.above(sign) {
            let Ok(at) = self.find(name.as_str()) else { continue };
            let daemon = &mut self.daemons[at];
            // A daemon may be above itself: a subagent that starts one of its own kind. What it spends is in its own figures.
            let is_own = name == sign.daemon;
            if let Some(session) = session.and_then(|at| daemon.sessions.get_mut(at))
                && !(is_own && is_same(Some(&session.id), sign.session()))
            {
                add(&mut session.subagents, sign.spent);
            }
            if is_own || told.contains(&name) {
                continue;
            }
            daemon.begin_day(day);
            daemon.each_window(|sums| sums.spend_by_subagents(sign.spent));
            told.push(name);
        }
    }

    /// Who is above the daemon of an event, the nearest first, each session once.
    fn above(&self, sign: &Sign) -> Vec<Above> {
        let mut all: Vec<Above> = Vec::new();
        let Some(of) = sign.of.as_deref() else { return all };
        let root = of.session.as_deref().unwrap_or(&of.id);
        let mut next = of.parent.clone().map(|name| (name, of.parent_id.clone()));
        while let Some((name, id)) = next.take() {
            let Some(daemon) = self.get(name.as_str()) else { break };
            let session = daemon.session_above(id.as_deref(), root);
            let is_known = all.iter().any(|above| above.name == name && above.session == session);
            if is_known || all.len() >= GENERATIONS_MAX {
                break;
            }
            next = match session.and_then(|at| daemon.sessions.get(at)) {
                Some(SessionState { parent_daemon, parent_agent_id, .. }) => {
                    parent_daemon.clone().map(|name| (name, parent_agent_id.clone()))
                }
                // It has gone, and telemetry tells of it later.
                None => daemon.started_by.clone().map(|name| (name, None)),
            };
            all.push(Above { name, session });
        }
        all
    }
}

impl DaemonState {
    /// Where the session is that started a subagent: that of an id, or else the agent's own, or any that is part of it.
    fn session_above(&self, id: Option<&str>, root: &str) -> Option<usize> {
        let at = |is: &dyn Fn(&SessionState) -> bool| self.sessions.iter().position(is);
        if id.is_some() {
            return at(&|session| is_same(Some(&session.id), id));
        }
        let own = at(&|session| session.session.is_none() && is_same(Some(&session.id), Some(root)));
        own.or_else(|| at(&|session| session.is_within(root)))
    }

    /// Takes what an event tells of what its session spends, and of its context.
    pub(super) fn spend_in_session(&mut self, sign: &Sign, counts: bool) {
        let Some(of) = sign.of.as_deref() else { return };
        let of_it = |session: &&mut SessionState| is_same(Some(&session.id), Some(&of.id));
        if let Some(session) = self.sessions.iter_mut().find(of_it) {
            session.spend(of, if counts { sign.spent } else { Spent::default() });
        }
    }

    /// Figures of the day are those of this one from now on.
    pub(super) fn begin_day(&mut self, day: i64) {
        if day != self.day {
            (self.day, self.today, self.budget) = (day, Sums::default(), None);
        }
    }
}
