//! One sign of an actor that waits for a human, or waits no longer. Pure.

use super::super::sign::{Call, Outcome, Wait};
use crate::requests::How;

use super::actor::{Actor, Turn};
use super::draft::Ended;
use super::step::Step;
use super::waits::Waiting;

impl Step<'_, '_> {
    pub(super) fn wait(&mut self, actor: &mut Actor, wait: &Wait) {
        let known = wait.call.as_ref().and_then(|call| actor.open_asking(call)).map(|open| open.id.clone());
        let is_done = |call: &Call| known.is_none() && actor.is_done(call, self.order);
        if wait.call.as_ref().is_some_and(is_done) {
            return;
        }
        // A notice names no call; if only one goes on, it is about that.
        let only = || match actor.open.as_slice() {
            [one] => Some(one.id.clone()),
            _ => None,
        };
        let call = if wait.call.is_some() { known } else { only() };
        let print = wait.call.as_ref().map(|call| call.print);
        let asked = wait.asked.as_deref();
        // A rule answers whatever else waits.
        let is_ruled = asked.is_some_and(|asked| asked.is_ruled);
        let is_full = actor.waits.is_full(is_ruled);
        if is_ruled && is_full {
            return self.drafts.waits(actor, wait, call.as_deref(), self.now);
        }
        if is_full || !is_ruled && actor.waits.is_told(call.as_deref(), print, asked) {
            return;
        }
        // The same wait, told before by another way, now has a request.
        if asked.is_some() {
            actor.waits.take(|other| other.asked.is_none() && other.call.is_some() && other.call == call);
        }
        actor.turn = Turn::Running;
        let since = self.now;
        actor.waits.push(Waiting {
            call: call.clone(),
            print,
            request: wait.request.clone(),
            asked: asked.map(|asked| asked.id.clone()),
            order: self.order,
            since,
        });
        self.drafts.waits(actor, wait, call.as_deref(), self.now);
    }

    pub(super) fn wait_is_over(&mut self, actor: &mut Actor, request: Option<&str>, denied: bool) {
        let asked = actor.waits.iter().filter(|wait| wait.asked.is_some()).count();
        // Of several requests that are open it is not known which one is meant.
        let is_meant = |wait: &Waiting| wait.asked.is_none() || asked == 1;
        let of = |wait: &Waiting| {
            request.map_or_else(|| is_meant(wait), |id| wait.request.as_deref() == Some(id))
                && !self.is_before(wait)
        };
        let over = actor.waits.take(of);
        for wait in over {
            let open =
                wait.call.as_ref().and_then(|id| actor.open.iter().find(|open| open.id == *id)).cloned();
            match open.filter(|_| denied) {
                Some(open) => self.end_open(actor, open, &Outcome::Denied { reason: "denied".into() }),
                None => self.drafts.goes_on(actor, wait.call.as_deref()),
            }
        }
    }

    /// A request has ended elsewhere: by an answer, or because nobody gave one.
    pub(super) fn request_ends(&mut self, actor: &mut Actor, id: &str, how: How) {
        let Some(wait) = actor.waits.end_of_request(id, how == How::WaitsOn) else { return };
        let Some(at) = wait.call.and_then(|id| actor.open.iter().position(|open| open.id == id)) else {
            return;
        };
        if how == How::GoesOn {
            let open = &actor.open[at];
            return actor.waits.allow(&open.id, open.call.print);
        }
        if how == How::Stopped {
            // It is not remembered as done: should it have been made after all, its end is told.
            let open = actor.open.remove(at);
            return self.close(actor, &open);
        }
        let How::Denied(via) = how else { return };
        let open = actor.deny(at);
        actor.invocations += 1;
        let outcome = Outcome::Denied { reason: "denied".into() };
        let ended = Ended { task: &open.task, outcome: &outcome, seconds: None, output: None };
        self.drafts.end(actor, (&open.id, &open.call.tool), &ended, false);
        self.drafts.denied_by(via);
    }
}
