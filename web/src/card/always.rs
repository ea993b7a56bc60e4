//! A rule that the server suggests after an answer, and its adding.

use arcane_stage::asking::always::{Suggested, suggested};
use arcane_stage::asking::end::Outcome;
use arcane_stage::asking::guard::Guard;
use leptos::prelude::*;

use super::answering::sentence;
use super::{Card, SUGGESTED_MS};
use crate::app_handle::AppHandle;
use crate::clock;

impl Card {
    /// Asks the server for a rule that would have given the answer to these.
    pub(super) fn ask_for_rule(self, app: AppHandle, turn: u32, ids: Vec<String>) {
        leptos::task::spawn_local(async move {
            let room = app.views.header.room.get_untracked();
            let answer = app.server().look(&["/rules?room=", &room].concat()).await;
            if let Some(rule) = suggested(&answer, &ids).filter(|_| self.is_turn(turn)) {
                // Whoever reads it has the time for that.
                self.noted.set_value(clock::now() + SUGGESTED_MS);
                self.rule.set(Some(rule));
            }
        });
    }

    /// Adds the rule that is suggested.
    pub(crate) fn always(self, app: AppHandle) {
        let Some(Suggested { name, rule, .. }) = self.rule.get_untracked() else { return };
        let turn = self.turn.get_value();
        self.rule.set(None);
        leptos::task::spawn_local(async move {
            let said = match app.server().request("/rules", Some(rule)).await {
                Ok(_) => {
                    self.added.set(self.is_turn(turn));
                    ["From now on the rule “", &name, "” answers that."].concat()
                }
                Err(failure) => sentence(failure),
            };
            if !self.is_turn(turn) {
                return app.tell(&said);
            }
            self.noted.set_value(clock::now() + SUGGESTED_MS);
            if self.guard.with_value(Guard::is_over) {
                self.over.set((Outcome::of(Some("allow")), said));
            }
        });
    }
}
