//! One sign and one actor: what it changes, and which events come of it. Pure.

use arcane_shared::{Metadata, Timestamp};

use super::super::sign::{Call, Outcome, Prompter, Sign, Start, Usage, Via, What, Why};
use super::actor::{Actor, OPEN_MAX, Open, Presence, Stage, Turn};
use super::calls::{Beginning, End};
use super::draft::{Drafts, Ended};
use super::waits::Waiting;

/// How long after an end signs without a time are taken for ones that were overtaken: 5 seconds, in microseconds.
pub(super) const OVERTAKEN_MICROS: i64 = 5_000_000;

/// How much the times of telemetry may differ from their order: 10 milliseconds, in microseconds.
const JITTER_MICROS: i64 = 10_000;

/// One sign that is being folded into an actor.
pub(super) struct Step<'a, 'b> {
    pub(super) sign: &'a Sign,
    pub(super) order: Option<Timestamp>,
    pub(super) now: Timestamp,
    /// How often a call is made before that is told; 0: never.
    pub(super) loop_after: u64,
    pub(super) drafts: &'b mut Drafts<'a>,
    pub(super) presence: &'b mut Presence,
}

impl Step<'_, '_> {
    /// Summons an actor that gives a sign of life. `is_told`: it was announced.
    pub(super) fn appear(&mut self, actor: &mut Actor, is_told: bool) {
        if self.sign.via == Via::Twin {
            return;
        }
        let may = match actor.stage {
            Stage::Present => false,
            Stage::New => shows_life(&self.sign.what),
            Stage::Ended { order, at } => self.revives(order, at),
        };
        if may {
            actor.stage = Stage::Present;
            actor.settle(None);
            let present = self.presence.entry(actor.daemon.clone()).or_default();
            *present += 1;
            self.drafts.summon(actor, *present, !is_told);
        }
    }

    /// Whether a sign shows that what ended goes on, and was not just overtaken by the end.
    fn revives(&self, ended: Option<Timestamp>, at: Timestamp) -> bool {
        match &self.sign.what {
            What::Began(Start::Resumed) => true,
            What::Began(Start::New) | What::SubagentBegan => {
                self.order.zip(ended).is_some_and(|(order, ended)| order > ended)
            }
            What::Prompt { by: Prompter::Human, .. } | What::CallBegan { .. } | What::Waits(_) => {
                match self.order.zip(ended) {
                    Some((order, ended)) => order > ended,
                    None => self.now.unix_micros() - at.unix_micros() > OVERTAKEN_MICROS,
                }
            }
            _ => false,
        }
    }

    pub(super) fn leave(&mut self, actor: &mut Actor, reason: &str) {
        if actor.is_present() {
            leave(actor, reason, false, self.drafts, self.presence);
        }
        let (order, at) = match actor.stage {
            // The end that was told first is when it ended by our clock.
            Stage::Ended { order, at } => (order.max(self.order), at),
            _ => (self.order, self.now),
        };
        actor.stage = Stage::Ended { order, at };
        actor.settle(self.order);
    }

    pub(super) fn take(&mut self, actor: &mut Actor) {
        let is_stale = Actor::is_stale(self.order_within_jitter(), actor.latest);
        if !actor.is_present() {
            return self.take_late(actor);
        }
        actor.heard = self.now;
        actor.is_silent = false;
        // Telemetry comes in batches: it says nothing of what hooks are yet to tell.
        if self.sign.via == Via::Live {
            actor.latest = actor.latest.max(self.order);
        }
        let was_waiting = !actor.waits.is_empty();
        match &self.sign.what {
            What::CallBegan { call, .. } if self.sign.via == Via::Twin => self.was_allowed(actor, call),
            What::CallBegan { call, task } => self.call_begins(actor, call, task),
            What::CallEnded { call, task, outcome, seconds, output, result } => {
                let ended = Ended { task, outcome, seconds: *seconds, output: output.as_deref() };
                self.call_ends(actor, call, &ended, *result);
            }
            What::Usage { usage, .. } => {
                actor.loops.spend(usage);
                self.drafts.usage(actor, usage, self.sign.who.model.as_deref(), false);
            }
            What::State { name, details, is_life } => {
                self.drafts.state(actor, name, details);
                if *is_life {
                    self.go_on(actor, was_waiting);
                }
            }
            What::SubagentEnded { error } => self.leave(actor, error.as_deref().unwrap_or("done")),
            // What follows says what holds now, which something later has said already.
            _ if is_stale || self.is_of_an_earlier_turn(actor) => {}
            What::Prompt { by: Prompter::Human, text, chars, .. } => {
                self.close_all(actor);
                self.drafts.end_loop(actor);
                self.drafts.prompt(actor, text.as_deref(), *chars);
                actor.settle(self.order);
                actor.turn = Turn::Running;
                actor.turn_since = self.now;
            }
            What::Prompt { by: Prompter::Agent, .. } => {
                actor.turn = Turn::Running;
                self.go_on(actor, was_waiting);
            }
            What::Waits(wait) if wait.why == Why::Loop => self.wait_in_a_loop(actor, wait),
            What::Waits(wait) => self.wait(actor, wait),
            What::WaitOver { request, denied } => self.wait_is_over(actor, request.as_deref(), *denied),
            What::TurnEnded { text } => self.turn_ends(actor, "answer", text.as_deref()),
            What::Idle => self.turn_ends(actor, "idle", None),
            What::TurnFailed { error, kind } => {
                if actor.turn == Turn::Running || !actor.open.is_empty() || was_waiting {
                    self.close_all(actor);
                    self.drafts.end_loop(actor);
                    actor.invocations += 1;
                    self.drafts.turn_failed(actor, error, kind.as_deref());
                    actor.settle(self.order);
                }
            }
            What::Interrupted => self.interrupt(actor, was_waiting),
            What::Alive => self.go_on(actor, was_waiting),
            What::Began(_) | What::SubagentBegan | What::Ended { .. } | What::Heard => {}
        }
    }

    /// What orders a sign, as late as it may be: SDKs time each span by itself, and one may end before what it is made of.
    fn order_within_jitter(&self) -> Option<Timestamp> {
        let is_of_telemetry = self.sign.source.ends_with("otlp");
        let jitter = if is_of_telemetry { JITTER_MICROS } else { 0 };
        self.order.map(|order| Timestamp::from_unix_micros(order.unix_micros().saturating_add(jitter)))
    }

    /// What is told of an actor that ended, or whose session did: calls that were not counted yet, and what was spent.
    fn take_late(&mut self, actor: &mut Actor) {
        match &self.sign.what {
            What::CallEnded { call, task, outcome, seconds, output, .. }
                if *outcome != Outcome::Unknown && self.sign.via == Via::Live =>
            {
                if let End::Unbegun(id) = actor.end(call, self.order, *outcome == Outcome::Done) {
                    actor.invocations += 1;
                    let ended = Ended { task, outcome, seconds: *seconds, output: output.as_deref() };
                    self.drafts.end(actor, (&id, &call.tool), &ended, true);
                }
            }
            What::CallEnded { call, outcome, .. } => self.fails(actor, call, outcome),
            What::Usage { usage, .. } if *usage != Usage::default() => {
                // Telemetry may tell of who was never there, too.
                let is_late = matches!(actor.stage, Stage::Ended { .. });
                self.drafts.usage(actor, usage, self.sign.who.model.as_deref(), is_late);
            }
            _ => {}
        }
    }

    /// Whether telemetry tells of what was over before the latest prompt: it comes late.
    fn is_of_an_earlier_turn(&self, actor: &Actor) -> bool {
        self.sign.via == Via::Twin && Actor::is_stale(self.sign.who.at, Some(actor.turn_since))
    }

    /// Telemetry tells that a call was allowed, which hooks tell only once it has ended.
    fn was_allowed(&mut self, actor: &mut Actor, call: &Call) {
        let waits = |wait: &Waiting| wait.call.is_some() && wait.call == call.id;
        if actor.waits.iter().any(|wait| waits(wait) && !self.is_before(wait)) {
            actor.waits.take(waits);
            self.drafts.goes_on(actor, call.id.as_deref());
        }
    }

    /// Whether telemetry tells of what was before a wait began.
    pub(super) fn is_before(&self, wait: &Waiting) -> bool {
        self.sign.via == Via::Twin && Actor::is_stale(self.sign.who.at, Some(wait.since))
    }

    fn call_begins(&mut self, actor: &mut Actor, call: &Call, task: &str) {
        let Beginning::New(id) = actor.begin(call, task, self.order, self.now, self.sign.who.turn.as_deref())
        else {
            return;
        };
        if actor.open.len() > OPEN_MAX {
            let oldest = actor.open.remove(0);
            self.close(actor, &oldest);
        }
        actor.turn = Turn::Running;
        if !actor.waits.link(&id, call.print, self.order) {
            actor.waits.end_of_call(&id, call.print);
        }
        self.drafts.begin(actor, (&id, &call.tool), task);
    }

    fn call_ends(&mut self, actor: &mut Actor, call: &Call, ended: &Ended<'_>, result: Option<u64>) {
        let is_unknown = *ended.outcome == Outcome::Unknown;
        let by_id = actor.open.iter().any(|open| Some(&open.id) == call.id.as_ref());
        // Telemetry has ids where hooks have none; then the tool has to do.
        let of_tool = |open: &&Open| {
            let is_later = Actor::is_stale(self.sign.who.at, open.order);
            !open.is_named && !is_later && open.call.tool.eq_ignore_ascii_case(&call.tool)
        };
        let unnamed =
            actor.open.iter().find(of_tool).filter(|_| self.sign.via == Via::Twin && !by_id).cloned();
        let is_open = by_id || unnamed.is_some();
        let unnamed = unnamed.map(|open| Call { id: Some(open.id), ..open.call });
        let call = unnamed.as_ref().unwrap_or(call);
        if (is_unknown || self.sign.via == Via::Twin) && !is_open {
            // Some agents' hooks do not know that a command failed.
            return self.fails(actor, call, ended.outcome);
        }
        // Not every agent says again in the end what it was given.
        let given = |open: u64| if open == 0 { call.again } else { open };
        let (id, task, tool, since, again) =
            match actor.end(call, self.order, *ended.outcome == Outcome::Done) {
                End::Known => return,
                // Some say only in the end what a call did.
                End::Of(open) if open.task == open.call.tool && !ended.task.is_empty() => {
                    (open.id, ended.task.into(), open.call.tool, Some(open.since), given(open.call.again))
                }
                End::Of(open) => {
                    (open.id, open.task, open.call.tool, Some(open.since), given(open.call.again))
                }
                End::Unbegun(id) => (id, ended.task.into(), call.tool.clone(), None, call.again),
            };
        let asked = actor.waits.has(&id);
        actor.waits.end_of_call(&id, call.print);
        if is_unknown && !asked {
            return self.drafts.close(actor, (&id, &tool), &task);
        }
        let seconds = ended.seconds.or_else(|| since.map(|since| seconds_between(since, self.now)));
        let refused = Outcome::Denied { reason: if is_unknown { "not allowed" } else { "denied" }.into() };
        // To telemetry a request that a human refuses is one that was stopped.
        let is_refused =
            is_unknown || asked && self.sign.via == Via::Twin && *ended.outcome == Outcome::Interrupted;
        let outcome = if is_refused { &refused } else { ended.outcome };
        let ended = Ended { task: &task, outcome, seconds, output: ended.output };
        actor.invocations += 1;
        actor.seconds += seconds.unwrap_or_default();
        self.drafts.end(actor, (&id, &tool), &ended, false);
        self.count_on(actor, (&id, &tool, again), &ended, result);
    }

    /// Tells that a call has failed which was told to have ended well.
    fn fails(&mut self, actor: &mut Actor, call: &Call, outcome: &Outcome) {
        if let Outcome::Failed { error, is_inferred } = outcome
            && let Some(id) = call.id.as_ref().filter(|_| actor.fails(call))
        {
            self.drafts.failed(actor, (id, &call.tool), error, *is_inferred);
        }
    }

    pub(super) fn close(&mut self, actor: &Actor, open: &Open) {
        self.drafts.close(actor, (&open.id, &open.call.tool), &open.task);
    }

    /// Tells of every open call that it goes on no longer.
    fn close_all(&mut self, actor: &mut Actor) {
        for open in std::mem::take(&mut actor.open) {
            self.close(actor, &open);
        }
    }

    pub(super) fn end_open(&mut self, actor: &mut Actor, open: Open, outcome: &Outcome) {
        let call = Call { id: Some(open.id), ..open.call };
        self.call_ends(actor, &call, &Ended { task: &open.task, outcome, seconds: None, output: None }, None);
    }

    fn turn_ends(&mut self, actor: &mut Actor, event: &str, answer: Option<&str>) {
        // opencode tells of the end of a turn more than once.
        let may_be_another = actor.turn == Turn::OverElsewhere
            && self.sign.what != What::Idle
            && self.sign.source != "opencode-hook";
        let goes_on = actor.turn == Turn::Running || may_be_another;
        if goes_on || !actor.open.is_empty() || !actor.waits.is_empty() {
            self.drafts.answer(actor, event, answer);
        }
        self.drafts.end_loop(actor);
        actor.settle(self.order);
    }

    /// A human stopped what went on: what waited was refused, what ran was interrupted.
    fn interrupt(&mut self, actor: &mut Actor, was_waiting: bool) {
        let turn = self.sign.who.turn.as_deref();
        // Calls of another turn have an end of their own, which was overtaken.
        let stopped = |open: &&Open| turn.is_none() || open.turn.is_none() || open.turn.as_deref() == turn;
        for open in actor.open.iter().filter(stopped).cloned().collect::<Vec<_>>() {
            let asked = actor.waits.has(&open.id);
            let outcome =
                if asked { Outcome::Denied { reason: "denied".into() } } else { Outcome::Interrupted };
            self.end_open(actor, open, &outcome);
        }
        let open: Vec<Box<str>> = actor.open.iter().map(|open| open.id.clone()).collect();
        actor.waits.take(|wait| wait.call.as_ref().is_none_or(|call| !open.contains(call)));
        self.drafts.end_loop(actor);
        self.drafts.state(actor, "interrupted", &Metadata::new());
        self.go_on(actor, was_waiting);
        actor.settled = actor.settled.max(self.order);
        actor.turn = Turn::Over;
    }

    /// The actor goes on: waits that name no open call are over.
    fn go_on(&mut self, actor: &mut Actor, was_waiting: bool) {
        if was_waiting && !self.drafts.show_life() && shows_life(&self.sign.what) {
            actor.waits.end_unasked();
            self.drafts.goes_on(actor, None);
        }
    }
}

fn seconds_between(since: Timestamp, now: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a call fit 53 bits")]
    let seconds = (now.unix_micros() - since.unix_micros()).max(0) as f64 / 1e6;
    seconds
}

/// Banishes an actor that is present.
pub(super) fn leave(
    actor: &mut Actor,
    reason: &str,
    is_synthetic: bool,
    drafts: &mut Drafts<'_>,
    presence: &mut Presence,
) {
    let present = presence.entry(actor.daemon.clone()).or_default();
    *present = present.saturating_sub(1);
    let left = *present;
    if left == 0 {
        presence.remove(&actor.daemon);
    }
    drafts.end_loop(actor);
    drafts.banish(actor, left, reason, is_synthetic);
}

/// Whether a sign shows that somebody is there.
fn shows_life(what: &What) -> bool {
    !matches!(
        what,
        What::Usage { .. }
            | What::State { is_life: false, .. }
            | What::Idle
            | What::SubagentEnded { .. }
            | What::Ended { .. }
            | What::WaitOver { .. }
    )
}
