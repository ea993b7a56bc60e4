//! Who is present and the rules of summoning, invoking and banishing. Pure: time is an argument.

use std::collections::BTreeMap;

use arcane_shared::daemon::DaemonCard;
use arcane_shared::{DaemonName, Rgb, Timestamp};
use serde::{Deserialize, Serialize};

use super::lore;
use crate::config::DaemonConfig;

/// Every daemon that was ever heard of, present or not.
#[derive(Debug)]
pub(crate) struct Registry {
    daemons: BTreeMap<DaemonName, Entry>,
    daemons_max: usize,
}

/// What of a daemon has to survive a restart, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    presence: Option<Presence>,
    total_invocations: u64,
    failed_invocations: u64,
    total_execution_time: f64,
}

/// Why a spell was refused. A refusal is an answer of the realm, not a malformed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was summoned before.
    #[error("the daemon {0} already walks the realm; banish it first, or invoke it")]
    AlreadyHere(DaemonName),
    /// It was not summoned, or was banished.
    #[error("the daemon {0} is not here; summon it first")]
    NotHere(DaemonName),
    /// The registry is full.
    #[error("the realm knows {0} daemons and can learn of no more")]
    TooMany(usize),
    /// Too many invocations run.
    #[error("{0} invocations are under way and no more are accepted; try again when one has ended")]
    TooBusy(usize),
}

#[derive(Debug, Clone)]
struct Entry {
    persona: Persona,
    presence: Option<Presence>,
    total_invocations: u64,
    failed_invocations: u64,
    total_execution_time: f64,
}

#[derive(Debug, Clone)]
struct Persona {
    role: String,
    domain: String,
    model: Option<String>,
    capabilities: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Presence {
    since: Timestamp,
    started: u64,
    finished: u64,
    total_time: f64,
}

impl Registry {
    /// The three of the seed and whoever the configuration names; nobody is present.
    pub(crate) fn new(configured: &BTreeMap<DaemonName, DaemonConfig>, daemons_max: usize) -> Self {
        let legends = lore::LEGENDS.iter().filter_map(|legend| DaemonName::parse(legend.name).ok());
        let daemons = legends
            .chain(configured.keys().cloned())
            .map(|name| {
                let entry = Entry::new(&name, configured.get(&name));
                (name, entry)
            })
            .collect();
        Self { daemons, daemons_max }
    }

    /// What has to survive of a daemon, as text; `None` if it was never heard of.
    pub(crate) fn kept(&self, name: &DaemonName) -> Option<String> {
        let entry = self.daemons.get(name)?;
        let kept = Kept {
            presence: entry.presence,
            total_invocations: entry.total_invocations,
            failed_invocations: entry.failed_invocations,
            total_execution_time: entry.total_execution_time,
        };
        serde_json::to_string(&kept).ok()
    }

    /// Takes over what survived. What cannot be read is left out.
    pub(crate) fn recall(&mut self, name: &DaemonName, kept: &str) {
        let Ok(kept) = serde_json::from_str::<Kept>(kept) else { return };
        if self.daemons.contains_key(name) || self.daemons.len() < self.daemons_max {
            let entry = self.daemons.entry(name.clone()).or_insert_with(|| Entry::new(name, None));
            // An invocation that was under way when the process ended will not end any more.
            entry.presence =
                kept.presence.map(|presence| Presence { started: presence.finished, ..presence });
            entry.total_invocations = kept.total_invocations;
            entry.failed_invocations = kept.failed_invocations;
            entry.total_execution_time = kept.total_execution_time;
        }
    }

    pub(crate) fn summon(&mut self, name: &DaemonName, now: Timestamp) -> Result<(), Refusal> {
        if !self.daemons.contains_key(name) && self.daemons.len() >= self.daemons_max {
            return Err(Refusal::TooMany(self.daemons_max));
        }
        let entry = self.daemons.entry(name.clone()).or_insert_with(|| Entry::new(name, None));
        if entry.presence.is_some() {
            return Err(Refusal::AlreadyHere(name.clone()));
        }
        entry.presence = Some(Presence { since: now, started: 0, finished: 0, total_time: 0.0 });
        Ok(())
    }

    /// Starts an invocation and says which one since the daemon was summoned it is, from 1.
    pub(crate) fn begin(&mut self, name: &DaemonName) -> Result<u64, Refusal> {
        let presence = self.presence(name)?;
        presence.started += 1;
        Ok(presence.started)
    }

    /// Counts an invocation that has ended, even if its daemon was banished meanwhile.
    pub(crate) fn finish(&mut self, name: &DaemonName, success: bool, execution_time: f64) {
        let Some(entry) = self.daemons.get_mut(name) else { return };
        entry.total_invocations += 1;
        entry.failed_invocations += u64::from(!success);
        entry.total_execution_time += execution_time;
        if let Some(presence) = &mut entry.presence {
            presence.finished += 1;
            presence.total_time += execution_time;
        }
    }

    /// Lets a daemon go and returns its last card before it left.
    pub(crate) fn banish(&mut self, name: &DaemonName, color: Rgb) -> Result<DaemonCard, Refusal> {
        self.presence(name)?;
        let card = self.card(name, color).ok_or_else(|| Refusal::NotHere(name.clone()))?;
        if let Some(entry) = self.daemons.get_mut(name) {
            entry.presence = None;
        }
        Ok(card)
    }

    /// What is known of a daemon; `None` if it was never heard of.
    pub(crate) fn card(&self, name: &DaemonName, color: Rgb) -> Option<DaemonCard> {
        let entry = self.daemons.get(name)?;
        let presence = entry.presence;
        Some(DaemonCard {
            daemon_name: name.clone(),
            is_active: presence.is_some(),
            role: entry.persona.role.clone(),
            domain: entry.persona.domain.clone(),
            model: entry.persona.model.clone(),
            capabilities: entry.persona.capabilities.clone(),
            color,
            summoned_at: presence.map(|presence| presence.since),
            invocation_count: presence.map_or(0, |presence| presence.finished),
            total_time: presence.map_or(0.0, |presence| presence.total_time),
            total_invocations: entry.total_invocations,
            failed_invocations: entry.failed_invocations,
            total_execution_time: entry.total_execution_time,
            average_execution_time: mean(entry.total_execution_time, entry.total_invocations),
        })
    }

    /// Every known name, the three of the seed first.
    pub(crate) fn names(&self) -> Vec<DaemonName> {
        let mut names: Vec<_> = self.daemons.keys().cloned().collect();
        names.sort_by_key(|name| {
            lore::LEGENDS.iter().position(|legend| legend.name == name.as_str()).unwrap_or(usize::MAX)
        });
        names
    }

    fn presence(&mut self, name: &DaemonName) -> Result<&mut Presence, Refusal> {
        self.daemons
            .get_mut(name)
            .and_then(|entry| entry.presence.as_mut())
            .ok_or_else(|| Refusal::NotHere(name.clone()))
    }
}

impl Entry {
    fn new(name: &DaemonName, configured: Option<&DaemonConfig>) -> Self {
        let legend = lore::legend(name);
        let known = |of: fn(&lore::Legend) -> &'static str| legend.map(of).map(str::to_owned);
        let configured = configured.cloned().unwrap_or_default();
        let persona = Persona {
            role: configured.role.or(known(|l| l.role)).unwrap_or_else(|| "Unbound spirit".into()),
            domain: configured.domain.or(known(|l| l.domain)).unwrap_or_else(|| "Unknown arts".into()),
            model: configured.model.or(known(|l| l.model)),
            capabilities: configured.capabilities.unwrap_or_else(|| {
                legend.map(|l| l.capabilities.iter().map(|c| (*c).to_owned()).collect()).unwrap_or_default()
            }),
        };
        Self {
            persona,
            presence: None,
            total_invocations: 0,
            failed_invocations: 0,
            total_execution_time: 0.0,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count above 2^53 is out of reach")]
fn mean(total: f64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { total / n as f64 }
}

#[cfg(test)]
mod tests {
    use arcane_shared::color;
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> DaemonName {
        DaemonName::parse(text).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_micros(1_000_000)
    }

    #[test]
    fn a_new_presence_counts_from_zero_and_totals_go_on() {
        let mut registry = Registry::new(&BTreeMap::new(), 10);
        let claude = name("claude");
        registry.summon(&claude, now()).unwrap();
        assert_eq!(registry.summon(&claude, now()), Err(Refusal::AlreadyHere(claude.clone())));
        assert_eq!(registry.begin(&claude), Ok(1));
        registry.finish(&claude, true, 2.0);
        let gone = registry.banish(&claude, color::CLAUDE).unwrap();
        assert_eq!((gone.invocation_count, gone.total_time), (1, 2.0));
        assert_eq!(registry.begin(&claude), Err(Refusal::NotHere(claude.clone())));
        registry.summon(&claude, now()).unwrap();
        let back = registry.card(&claude, color::CLAUDE).unwrap();
        assert_eq!((back.invocation_count, back.total_invocations, back.total_execution_time), (0, 1, 2.0));
    }

    #[test]
    fn the_realm_is_bounded() {
        let mut registry = Registry::new(&BTreeMap::new(), 4);
        registry.summon(&name("codex"), now()).unwrap();
        assert_eq!(registry.summon(&name("cursor"), now()), Err(Refusal::TooMany(4)));
    }

    proptest! {
        #[test]
        fn counts_are_what_happened(spells in proptest::collection::vec((0_u8..4, 0_u8..3, any::<bool>()), 0..200)) {
            let names = ["claude", "gemini", "x"].map(name);
            let mut registry = Registry::new(&BTreeMap::new(), 10);
            let mut present = [false; 3];
            let mut finished = [0_u64; 3];
            for (spell, who, success) in spells {
                let (at, daemon) = (usize::from(who), &names[usize::from(who)]);
                match spell {
                    0 => prop_assert_eq!(registry.summon(daemon, now()).is_ok(), !std::mem::replace(&mut present[at], true)),
                    1 => prop_assert_eq!(registry.banish(daemon, color::CLAUDE).is_ok(), std::mem::take(&mut present[at])),
                    _ => {
                        prop_assert_eq!(registry.begin(daemon).is_ok(), present[at]);
                        if present[at] {
                            registry.finish(daemon, success, 1.0);
                            finished[at] += 1;
                        }
                    }
                }
            }
            for (at, daemon) in names.iter().enumerate() {
                let card = registry.card(daemon, color::CLAUDE);
                prop_assert_eq!(card.as_ref().is_some_and(|card| card.is_active), present[at]);
                prop_assert_eq!(card.map_or(0, |card| card.total_invocations), finished[at]);
            }
        }
    }
}
