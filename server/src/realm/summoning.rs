//! Summoning daemons, and sending them away.

use arcane_shared::DaemonName;
use arcane_shared::api::CastAnswer;
use arcane_shared::daemon::DaemonCard;
use serde_json::json;

use super::cast::{Saying, Spell};
use super::present::Present;
use super::refusal::Refusal;
use super::registry::Change;
use super::{Emit, Realm, SpellFailure, VoiceMoment, answer, numbered};
use crate::bus::{EmitError, Emitted};
use crate::clock;

/// A spell, and what is answered once the log has its event.
pub(super) type Decided = Spell<Result<CastAnswer, SpellFailure>>;

impl Realm {
    /// Brings a daemon into the realm. Completes once that is in the log.
    ///
    /// # Errors
    /// If it is there already or the realm is full; a failure event tells of it. If the log takes no events.
    pub async fn summon(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        self.recall().await;
        let now = self.inner.bus.log().clock().expiry(clock::now());
        let idle = self.present().registry.idle(name, now).cloned();
        if let Some(idle) = idle {
            // It is gone before the newcomer comes.
            self.cast(|present| self.send_away(present, &idle, "idle")).await?.1?;
        }
        let (run, result) = self.cast(|present| self.decide_summon(present, name)).await?;
        numbered(result, run)
    }

    fn decide_summon(&self, present: &mut Present, name: &DaemonName) -> Result<Decided, SpellFailure> {
        let decision = present.registry.summon(name, clock::now());
        let color = self.inner.bus.color(name);
        let card = match &decision {
            Ok(change) => Some(change.card(color)),
            Err(_) => present.registry.card(name, color),
        };
        let model = card.and_then(|card| card.model);
        let emit =
            outcome(&decision, present).with("model", json!(model.unwrap_or_else(|| "unknown".into())));
        let emitted = self.inner.bus.emit_summon(name, emit)?;
        Ok(self.conclude("summoned", (name, VoiceMoment::Summon), present, decision, emitted))
    }

    /// Sends a daemon away. Completes once that is in the log.
    ///
    /// # Errors
    /// If it is not there; a failure event tells of it. If the log takes no events.
    pub async fn banish(&self, name: &DaemonName) -> Result<CastAnswer, SpellFailure> {
        let (run, result) = self.cast(|present| self.send_away(present, name, "banished")).await?;
        numbered(result, run)
    }

    fn send_away(
        &self,
        present: &mut Present,
        name: &DaemonName,
        reason: &str,
    ) -> Result<Decided, SpellFailure> {
        let decision = present.registry.banish(name, clock::now());
        if matches!(decision, Err(Refusal::NotHere(_))) && self.is_published(name) {
            return self.send_published_away(present, name);
        }
        let mut emit = outcome(&decision, present);
        if reason != "banished" {
            emit = emit.with("reason", json!(reason));
        }
        let emitted = self.tell_of_leaving(self.card(&present.registry, name).as_ref(), name, emit)?;
        Ok(self.conclude("banished", (name, VoiceMoment::Banish), present, decision, emitted))
    }

    /// Tells that a daemon has left, after what it did.
    pub(super) fn tell_of_leaving(
        &self,
        card: Option<&DaemonCard>,
        name: &DaemonName,
        emit: Emit,
    ) -> Result<Emitted, EmitError> {
        let (count, time) = card.map_or((0, 0.0), |card| (card.invocation_count, card.total_time));
        let totals = card.map_or((0, 0.0, 0.0), |card| {
            (card.total_invocations, card.total_execution_time, card.average_execution_time)
        });
        let emit = emit
            .with("daemon_name", json!(name))
            .with("is_active", json!(false))
            .with("total_invocations", json!(totals.0))
            .with("total_execution_time", json!(totals.1))
            .with("average_execution_time", json!(totals.2));
        self.inner.bus.emit_banish(name, count, time, emit)
    }

    /// Applies a decision whose event was taken.
    fn conclude(
        &self,
        status: &str,
        (name, moment): (&DaemonName, VoiceMoment),
        present: &mut Present,
        decision: Result<Change, Refusal>,
        emitted: Emitted,
    ) -> Decided {
        let saying = Some(Saying::new(name, decision.is_ok(), moment));
        let answer = match decision {
            Ok(change) => {
                let card = change.card(self.inner.bus.color(name));
                present.apply(change);
                Ok(answer(status, card, emitted.description()))
            }
            Err(refusal) => Err(refusal.into()),
        };
        Spell { emitted, answer, saying }
    }
}

/// What is told of a decision, and what of it has to survive.
fn outcome(decision: &Result<Change, Refusal>, present: &Present) -> Emit {
    let emit = match decision {
        Ok(change) => change.records().fold(Emit::default(), Emit::remembering),
        Err(refusal) => Emit::failure(&refusal.to_string()),
    };
    emit.decided_on(present.decided_on())
}
