//! One word on who is present: what the realm knows of a daemon, and what the events of its room tell. Pure but for the asking.

use arcane_shared::DaemonName;
use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::DaemonState;

use crate::clock;

use super::cast::{Saying, Spell};
use super::present::Present;
use super::registry::{Registry, mean};
use super::summoning::Decided;
use super::{Emit, Realm, SpellFailure, VoiceMoment, answer};

impl Realm {
    /// A daemon as the realm knows it and events tell of it; `None` if it was never heard of.
    pub(super) fn card(&self, registry: &Registry, name: &DaemonName) -> Option<DaemonCard> {
        let color = self.inner.bus.color(name);
        let known = registry.card(name, color);
        let Some(told) = self.inner.bus.default_room().daemon(name) else { return known };
        Some(match known {
            Some(card) => joined(card, &told),
            None => published(&told, Registry::stranger(name, told.color.unwrap_or(color))),
        })
    }

    /// Every daemon that the realm knows, and then those of which only events tell.
    pub(super) fn all_cards(&self, registry: &Registry) -> Vec<DaemonCard> {
        let told = self.inner.bus.default_room().daemons();
        let join = |card: DaemonCard| match told.get(card.daemon_name.as_str()) {
            Some(told) => joined(card, told),
            None => card,
        };
        let mut cards: Vec<DaemonCard> =
            registry.cards(|name| self.inner.bus.color(name)).into_iter().map(join).collect();
        let strangers = told.iter().filter(|told| !registry.knows(&told.daemon_name)).map(|told| {
            let name = &told.daemon_name;
            let color = told.color.unwrap_or_else(|| self.inner.bus.color(name));
            published(told, Registry::stranger(name, color))
        });
        cards.extend(strangers);
        cards
    }

    /// Adds what events tell of sessions, tokens and cost.
    pub(super) fn add_figures(&self, cards: &mut [DaemonCard]) {
        let told = self.inner.bus.default_room().daemons();
        let today = told.day(clock::now().unix_micros());
        for card in cards {
            if let Some(told) = told.get(card.daemon_name.as_str()) {
                card.sessions.clone_from(&told.sessions);
                (card.today, card.all) = (told.on_day(today), told.all);
            }
        }
    }

    /// Tells that a daemon has left of which only others told that it is here.
    pub(super) fn send_published_away(
        &self,
        present: &Present,
        name: &DaemonName,
    ) -> Result<Decided, SpellFailure> {
        let card = self.card(&present.registry, name);
        let emit = Emit::default().decided_on(present.decided_on());
        let emitted = self.tell_of_leaving(card.as_ref(), name, emit)?;
        let card = card.unwrap_or_else(|| Registry::stranger(name, self.inner.bus.color(name)));
        let card = DaemonCard { is_active: false, summoned_at: None, ..card };
        let answer = Ok(answer("banished", card, emitted.description()));
        Ok(Spell { emitted, answer, saying: Some(Saying::new(name, true, VoiceMoment::Banish)) })
    }

    /// Whether the realm has heard of a daemon, and has not forgotten it.
    pub(crate) fn knows(&self, name: &DaemonName) -> bool {
        self.present().registry.knows(name)
    }

    /// Whether a daemon that the realm did not summon is here because others publish of it.
    pub(super) fn is_published(&self, name: &DaemonName) -> bool {
        self.inner.bus.default_room().daemon(name).is_some_and(|told| told.is_present())
    }
}

/// What the realm did not count itself, and whether it is here, is as events tell.
fn joined(mut card: DaemonCard, told: &DaemonState) -> DaemonCard {
    card.published = told.is_present() && !card.is_active;
    card.is_active = told.is_present();
    (card.waiting_since, card.waiting) = (told.waiting_since, told.waiting.clone());
    card.summoned_at = told.present_since.map(|since| card.summoned_at.unwrap_or(since));
    if !told.is_present() {
        (card.invocation_count, card.total_time) = (0, 0.0);
    } else if told.session.invocations > card.invocation_count {
        (card.invocation_count, card.total_time) = (told.session.invocations, told.session.seconds.get());
    }
    if told.all.invocations > card.total_invocations {
        card.total_invocations = told.all.invocations;
        card.failed_invocations = told.all.failures;
        card.total_execution_time = told.all.seconds.get();
        card.average_execution_time = mean(card.total_execution_time, card.total_invocations);
    }
    card
}

fn published(told: &DaemonState, stranger: DaemonCard) -> DaemonCard {
    DaemonCard { published: true, ..joined(stranger, told) }
}
