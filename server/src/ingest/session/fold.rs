//! How a sign changes a session, and which events come of it. Pure.

use std::borrow::Cow;
use std::collections::VecDeque;

use arcane_shared::{DaemonName, Epoch, Seq, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::{Prices, Tokens};
use crate::intake::Draft;

use super::super::line::project;
use super::super::sign::{Prompter, Sign, Subagent, Via, What, Who, print_of};
use super::actor::{Actor, Presence, Stage};
use super::draft::{About, Drafts};
use super::ledger::{Account, Ledger};
use super::name::subagent_daemon;
use super::step::{OVERTAKEN_MICROS, Step};

/// Most subagents of a session that are remembered; beyond that the one that was not heard of for longest is forgotten.
const SUBAGENTS_MAX: usize = 64;
/// Most moments, prompts and reports of usage that are remembered, so that what comes twice counts once.
const SEEN_MAX: usize = 512;

/// Numbers that came, the latest last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen(VecDeque<u64>);

impl Seen {
    /// Keeps no more than the latest.
    pub(super) fn keep_latest(&mut self, most: usize) {
        self.0.drain(..self.0.len().saturating_sub(most));
    }

    /// Whether a number is new.
    fn add(&mut self, number: u64) -> bool {
        if self.0.contains(&number) {
            return false;
        }
        if self.0.len() >= SEEN_MAX {
            self.0.pop_front();
        }
        self.0.push_back(number);
        true
    }
}

/// A session of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) about: About,
    pub(super) main: Actor,
    pub(super) subagents: Vec<Actor>,
    /// Its latest sign, by our clock.
    pub(super) heard: Timestamp,
    /// No hook has told of it: it is told by telemetry alone.
    pub(super) is_of_telemetry: bool,
    pub(super) ledger: Ledger,
    pub(super) seen: Seen,
    /// Its latest event in the log, where several processes tell of sessions; `None`: it is not known.
    #[serde(skip)]
    pub(super) told: Option<(Epoch, Seq)>,
}

impl Session {
    pub(super) fn new(daemon: DaemonName, session: Box<str>, now: Timestamp) -> Self {
        Self {
            about: About { session, ..About::default() },
            main: Actor::new(daemon, None, now),
            subagents: Vec::new(),
            heard: now,
            is_of_telemetry: false,
            ledger: Ledger::default(),
            seen: Seen::default(),
            told: None,
        }
    }

    /// Folds a sign in. `account` is what was spent by all sessions of its agent, `prices` what that costs if the agent
    /// does not say, `loop_after` how often a call is made before that is told.
    pub(super) fn fold(
        &mut self,
        sign: &Sign,
        now: Timestamp,
        presence: &mut Presence,
        (account, prices): (&mut Account, &Prices),
        loop_after: u64,
    ) -> Vec<Draft> {
        if !self.is_new(sign) || sign.via == Via::Twin && self.main.stage == Stage::New {
            return Vec::new();
        }
        self.learn(&sign.who);
        self.heard = now;
        let Some(sign) = self.news(sign, now, account, prices) else { return Vec::new() };
        let sign = &*sign;
        if sign.via == Via::Twin && !enriches(&sign.what) {
            // It goes on, and hooks tell what it does.
            self.main.heard = now;
            return Vec::new();
        }
        if matches!(sign.what, What::Ended { .. }) {
            return self.end(sign, now, presence);
        }
        let at = match &sign.who.agent {
            Some(agent) if sign.via == Via::Twin => match self.known_subagent(agent) {
                None if !matches!(sign.what, What::Usage { .. }) => return Vec::new(),
                known => known,
            },
            agent => agent.as_ref().map(|agent| self.subagent(agent, now)),
        };
        let order = sign.who.order();
        // What a subagent does shows that its session goes on.
        self.main.heard = now;
        let Self { about, main, subagents, .. } = self;
        let mut drafts = Drafts::of(about, Some(sign));
        let is_start = matches!(sign.what, What::Began(_) | What::SubagentBegan);
        let mut step = Step { sign, order, now, loop_after, drafts: &mut drafts, presence };
        match at {
            None => {
                step.appear(main, is_start);
                step.take(main);
            }
            Some(at) => {
                let actor = &mut subagents[at];
                // The end of a subagent that never began is none.
                if actor.stage == Stage::New && matches!(sign.what, What::SubagentEnded { .. }) {
                    actor.stage = Stage::Ended { order, at: now };
                    return Vec::new();
                }
                step.appear(main, false);
                if main.is_present() {
                    step.appear(actor, is_start);
                }
                step.take(actor);
            }
        }
        drafts.done()
    }

    /// Whether a sign did not come before.
    fn is_new(&mut self, sign: &Sign) -> bool {
        if let Some(at) = sign.who.at
            && sign.via == Via::Live
            && !self.seen.add(print_of(&format!(
                "{} {} {:?}",
                at.unix_micros(),
                sign.what.print(),
                sign.who.agent.as_ref().map(|agent| &agent.id)
            )))
        {
            return false;
        }
        match &sign.what {
            What::Prompt { by: Prompter::Human, digest, .. } => {
                let turn = sign.who.turn.as_deref();
                turn.is_none_or(|turn| self.seen.add(print_of(&format!("prompt {turn} {digest}"))))
            }
            What::Usage { key: Some(key), .. } => self.seen.add(print_of(&format!("usage {key}"))),
            _ => true,
        }
    }

    /// A sign with what of it was not told before; `None`: all of it was.
    fn news<'a>(
        &mut self,
        sign: &'a Sign,
        now: Timestamp,
        account: &mut Account,
        prices: &Prices,
    ) -> Option<Cow<'a, Sign>> {
        let What::Usage { usage, key, by } = &sign.what else { return Some(Cow::Borrowed(sign)) };
        // What model a subagent asks, its session's does not say.
        let of_session = self.about.model.as_deref().filter(|_| sign.who.agent.is_none());
        let model = sign.who.model.as_deref().or(of_session);
        let price = price_of(prices, model, sign.who.at.unwrap_or(now));
        let booked = account.book(&mut self.ledger, *by, usage, &price)?;
        if booked == *usage {
            return Some(Cow::Borrowed(sign));
        }
        let what = What::Usage { usage: booked, key: key.clone(), by: *by };
        Some(Cow::Owned(Sign { what, ..sign.clone() }))
    }

    /// Where a subagent is that hooks told of. Telemetry may know it by its kind alone.
    fn known_subagent(&self, agent: &Subagent) -> Option<usize> {
        let by_id = self.subagents.iter().position(|actor| actor.agent.as_ref() == Some(&agent.id));
        let of_kind = || {
            let daemon = subagent_daemon(agent.kind.as_deref()?, &self.main.daemon);
            self.subagents.iter().position(|actor| actor.is_present() && actor.daemon == daemon)
        };
        by_id.or_else(of_kind)
    }

    /// Keeps what a sign says of its session.
    fn learn(&mut self, who: &Who) {
        let About { host, project: known, folder, cwd, model, .. } = &mut self.about;
        if who.host.is_some() {
            host.clone_from(&who.host);
        }
        if let Some(now_in) = &who.cwd {
            // The project is where the session began: agents go elsewhere for a while.
            let here = project(now_in).unwrap_or_default();
            // Of a session of an earlier run of the server its project's name is known, and its folder only once it is there again.
            if folder.is_none() && known.as_ref().is_none_or(|known| *known == here) {
                *folder = Some(now_in.clone());
            }
            known.get_or_insert(here);
            cwd.clone_from(&who.cwd);
        }
        if who.model.is_some() && who.agent.is_none() {
            model.clone_from(&who.model);
        }
    }

    /// Where a subagent is among the session's.
    fn subagent(&mut self, agent: &Subagent, now: Timestamp) -> usize {
        let known = self.subagents.iter().position(|actor| actor.agent.as_ref() == Some(&agent.id));
        let parent = agent
            .parent
            .as_ref()
            .and_then(|parent| self.subagents.iter().find(|actor| actor.agent.as_ref() == Some(parent)));
        let parent = parent.unwrap_or(&self.main);
        let (parent, parent_daemon) = ((parent.daemon.clone(), parent.agent.clone()), &self.main.daemon);
        let daemon = subagent_daemon(agent.kind.as_deref().unwrap_or_default(), parent_daemon);
        let at = known.unwrap_or_else(|| {
            if self.subagents.len() >= SUBAGENTS_MAX {
                let actors = self.subagents.iter().enumerate();
                let oldest =
                    actors.min_by_key(|(_, actor)| (actor.is_present(), actor.heard)).map_or(0, |(at, _)| at);
                self.subagents.remove(oldest);
            }
            self.subagents.push(Actor::new(daemon.clone(), Some(agent.id.clone()), now));
            self.subagents.len() - 1
        });
        let actor = &mut self.subagents[at];
        if actor.stage == Stage::New {
            if agent.kind.is_some() {
                actor.daemon = daemon;
            }
            actor.parent = Some(parent);
        }
        at
    }

    /// The session ended.
    fn end(&mut self, sign: &Sign, now: Timestamp, presence: &mut Presence) -> Vec<Draft> {
        let What::Ended { reason } = &sign.what else { return Vec::new() };
        let order = sign.who.order();
        let Self { about, main, subagents, .. } = self;
        // An end that was overtaken by what came after it, in a session that goes on.
        if main.is_present()
            && main
                .latest
                .zip(order)
                .is_some_and(|(latest, end)| latest.unix_micros() - end.unix_micros() > OVERTAKEN_MICROS)
        {
            return Vec::new();
        }
        let mut drafts = Drafts::of(about, Some(sign));
        let mut step = Step { sign, order, now, loop_after: 0, drafts: &mut drafts, presence };
        for actor in subagents.iter_mut() {
            step.leave(actor, reason);
        }
        step.leave(main, reason);
        drafts.done()
    }
}

/// What tokens of a model cost at a time.
pub(super) fn price_of(
    prices: &Prices,
    model: Option<&str>,
    at: Timestamp,
) -> impl Fn(&Tokens, u64) -> Option<f64> {
    move |tokens, length| prices.cost_usd(model?, at, tokens, length)
}

/// Whether telemetry beside hooks tells something that these may not know.
fn enriches(what: &What) -> bool {
    matches!(
        what,
        What::CallBegan { .. }
            | What::CallEnded { .. }
            | What::WaitOver { .. }
            | What::Usage { .. }
            | What::TurnFailed { .. }
            | What::Interrupted
            | What::Ended { .. }
    )
}
