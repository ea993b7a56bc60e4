//! Looking at daemons, and forgetting them. Each look is a REVEAL event.

use std::sync::PoisonError;

use arcane_shared::DaemonName;
use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::FORGET;
use serde_json::json;

use super::Emit;
use super::cast::Spell;
use super::present::{DAEMON, Present};
use super::reveals::Question;
use super::{Realm, Refusal, SpellFailure};
use crate::bus::Record;
use crate::clock;

/// Whether a look is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It is: the answer is read.
    Told,
    /// It is not: only the answer's headers are asked for, as by HEAD.
    Untold,
}

impl Realm {
    /// Every daemon, or only the present ones, with their sessions and figures, and an event that tells of the look if it is told.
    pub async fn daemons(&self, only_active: bool, look: Look) -> Vec<DaemonCard> {
        let mut cards = self.cards().await;
        cards.retain(|card| card.is_active || !only_active);
        self.add_figures(&mut cards);
        let query_type = if only_active { "active" } else { "all" };
        self.reveal(look, None, query_type, cards.len(), Emit::default());
        cards
    }

    /// One daemon, with its sessions and figures, and an event that tells of the look if it is told; `None` if it was never heard of.
    pub async fn daemon(&self, name: &DaemonName, look: Look) -> Option<DaemonCard> {
        self.recall().await;
        let card = self.card(&self.present().registry, name)?;
        let emit = Emit::default()
            .with("total_invocations", json!(card.total_invocations))
            .with("average_execution_time", json!(card.average_execution_time));
        self.reveal(look, Some(&card), "state", 1, emit);
        let mut cards = [card];
        self.add_figures(&mut cards);
        let [card] = cards;
        Some(card)
    }

    /// Every daemon's statistics, and an event that tells of the look if it is told.
    pub async fn statistics(&self, look: Look) -> Vec<DaemonCard> {
        let cards = self.cards().await;
        self.reveal(look, None, "statistics", cards.len(), Emit::default());
        cards
    }

    /// Forgets what an absent daemon has done, and the daemon itself unless the realm knows it from the seed or the
    /// configuration. A REVEAL event tells of it. Completes once that is in the log. Returns whether the daemon
    /// was known.
    ///
    /// # Errors
    /// If it is present; a failure event tells of it. If the log takes no events.
    pub async fn forget(&self, name: &DaemonName) -> Result<bool, SpellFailure> {
        self.recall().await;
        let is_told_of = || self.inner.bus.default_room().daemon(name).is_some();
        if !self.present().registry.knows(name) && !is_told_of() {
            return Ok(false);
        }
        let (_, refused) = self.cast(|present| self.decide_forgetting(present, name)).await?;
        refused.map_or(Ok(true), |refusal| Err(refusal.into()))
    }

    fn decide_forgetting(
        &self,
        present: &mut Present,
        name: &DaemonName,
    ) -> Result<Spell<Option<Refusal>>, SpellFailure> {
        let told = self.inner.bus.default_room().daemon(name);
        let decision = match present.registry.forget(name) {
            _ if told.is_some_and(|told| told.is_present()) => Err(Refusal::StillHere(name.clone())),
            Some(decision) => decision.map(Some),
            // Known by what others publish of it.
            None => Ok(None),
        };
        let emit = match &decision {
            Ok(_) => Emit::default().remembering(Record::forget(format!("{DAEMON}{name}"))),
            Err(refusal) => Emit::failure(&refusal.to_string()),
        };
        let emit = emit.with("query_type", json!(FORGET)).decided_on(present.decided_on());
        let emitted = self.inner.bus.emit_reveal(Some(name), decision.is_err(), emit)?;
        let refused = match decision {
            Ok(forgetting) => {
                if let Some(forgetting) = forgetting.filter(|_| !present.is_shared()) {
                    present.registry.forgotten(forgetting);
                }
                None
            }
            Err(refusal) => Some(refusal),
        };
        Ok(Spell { emitted, answer: refused, saying: None })
    }

    async fn cards(&self) -> Vec<DaemonCard> {
        self.recall().await;
        self.all_cards(&self.present().registry)
    }

    fn reveal(
        &self,
        look: Look,
        card: Option<&DaemonCard>,
        query_type: &'static str,
        daemon_count: usize,
        emit: Emit,
    ) {
        if look == Look::Untold {
            return;
        }
        let name = card.map(|card| &card.daemon_name);
        let is_active = card.is_some_and(|card| card.is_active);
        let question = Question { daemon: name.cloned(), query_type };
        let folded = self
            .inner
            .reveals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ask(question, clock::now_millis());
        let Some(folded) = folded else { return };
        let mut emit = emit.with("daemon_count", json!(daemon_count)).with("query_type", json!(query_type));
        if folded > 0 {
            emit = emit.with("coalesced", json!(folded));
        }
        // A look changes nothing: too small to be refused, too little to fail for.
        let _ = self.inner.bus.emit_reveal(name, is_active, emit);
    }
}
