//! One sign of an actor that makes one call again and again: what is told of it. Pure.

use arcane_shared::roster::{LOOP, LOOP_END};
use serde_json::json;

use super::super::sign::{Outcome, Wait};
use super::actor::Actor;
use super::draft::{Drafts, Ended};
use super::loops::{Made, Told};
use super::step::Step;

impl Step<'_, '_> {
    /// A call has ended: whether it was made again, and what it gave. What was not made, or was stopped, is no run of it.
    pub(super) fn count_on(
        &mut self,
        actor: &mut Actor,
        (id, tool, again): (&str, &str, u64),
        ended: &Ended<'_>,
        result: Option<u64>,
    ) {
        let was_made = matches!(ended.outcome, Outcome::Done | Outcome::Failed { .. });
        if self.loop_after == 0 || again == 0 || !was_made {
            return;
        }
        let made = Made { call: again, result, at: self.now };
        for told in actor.loops.end(made, ended.task, self.loop_after) {
            self.drafts.loops(actor, Some((id, tool)), &told);
        }
    }
}

impl Step<'_, '_> {
    /// A call has begun. Where it is one more of a loop that was just told, it waits for whoever looks.
    pub(super) fn wait_in_a_loop(&mut self, actor: &mut Actor, wait: &Wait) {
        let call = wait.call.as_ref();
        let is_open =
            call.is_some_and(|call| actor.open.iter().any(|open| Some(&open.id) == call.id.as_ref()));
        let Some(count) = call.filter(|_| is_open).and_then(|call| actor.loops.asks_at(call.again)) else {
            return;
        };
        self.wait(actor, wait);
        self.drafts.count_of_wait(count);
    }
}

impl Drafts<'_> {
    /// Adds to the wait that was told last how often its call was made.
    fn count_of_wait(&mut self, count: u64) {
        if let Some(metadata) = self.last().filter(|metadata| metadata.get("why") == Some(&json!("loop"))) {
            metadata.insert("count".into(), json!(count));
        }
    }

    /// What an actor made again and again is over, however it goes on.
    pub(super) fn end_loop(&mut self, actor: &mut Actor) {
        if let Some(told) = actor.loops.settle() {
            self.loops(actor, None, &told);
        }
    }

    /// A loop, or its end. `call`: the one that has just ended.
    fn loops(&mut self, actor: &Actor, call: Option<(&str, &str)>, told: &Told) {
        let name = actor.daemon.as_str().to_uppercase();
        let (event, task, count) = match told {
            Told::Loops { task, count, .. } => (LOOP, task, *count),
            Told::Ends { task, count } => (LOOP_END, task, *count),
        };
        let said = match told {
            Told::Loops { .. } => {
                format!("{name} makes one call for the {count}th time, each with one result: {task}")
            }
            Told::Ends { .. } => format!("{name} goes on to something else."),
        };
        let metadata = self.guard(actor, event, &said);
        metadata.insert("task".into(), json!(task));
        metadata.insert("count".into(), json!(count));
        let Told::Loops { since, spent, .. } = told else { return };
        if let Some((id, tool)) = call {
            metadata.insert("tool".into(), super::draft::text(tool));
            metadata.insert("call_id".into(), super::draft::text(id));
        }
        metadata.insert("since".into(), json!(since));
        if let Some(cost) = spent.cost_usd {
            metadata.insert("cost_usd".into(), json!(cost));
        }
        if spent.tokens > 0 {
            metadata.insert("tokens".into(), json!(spent.tokens));
        }
    }
}
