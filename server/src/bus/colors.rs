//! Which daemon has which colour in a room. Pure: the room numbers events, and asks in their order.
//!
//! A colour is given together with the event that needs it: if the log does not take the event, nobody has the colour.
//! So colours follow from the events and their order alone, and a restart changes none of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arcane_shared::palette::{Crowding, fixed};
use arcane_shared::{ArcaneEvent, DaemonName, Rgb, RoomName, Seq, SpellName};

use crate::log::Record;
use crate::log::record::COLOR;

/// Most daemons of a room whose colour is kept. Beyond that the one that left, or else was silent, the longest gives its
/// place up; should it come back, its name leads to the same colour as long as that is free.
const DAEMONS_MAX: usize = 256;
/// Follows the colour of a daemon that is not present.
const GONE: &str = " gone";

/// Colours that the configuration fixes, in every room.
pub(super) type Fixed = Arc<BTreeMap<DaemonName, Rgb>>;

/// The colours of one room.
#[derive(Debug, Default)]
pub(super) struct Colors {
    fixed: Fixed,
    known: HashMap<DaemonName, Known>,
    /// The colours of the daemons that are present, and the fixed ones.
    crowding: Crowding,
    /// What the events that are being taken have changed, and what was before.
    journal: Vec<(DaemonName, Option<Known>)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    color: Rgb,
    is_present: bool,
    /// The event with which the colour was given; 0 if that was in an earlier run.
    given: Seq,
    /// The latest event.
    heard: Seq,
}

impl Colors {
    /// What the log remembers of a room.
    pub(super) fn recall(room: &RoomName, records: &[(String, String)]) -> Self {
        let own = format!("{COLOR}{room}/");
        let mut colors = Self::default();
        colors.read(records, &own, true);
        if *room == RoomName::default() {
            // Daemons of any room and any time: they crowd nobody.
            colors.read(records, COLOR, false);
        }
        colors
    }

    fn read(&mut self, records: &[(String, String)], prefix: &str, may_be_present: bool) {
        for (key, value) in records {
            let daemon = key.strip_prefix(prefix).and_then(|name| DaemonName::parse(name).ok());
            let is_present = may_be_present && !value.ends_with(GONE);
            if let (Some(daemon), Ok(color)) = (daemon, Rgb::parse(value.trim_end_matches(GONE)))
                && self.known.len() < DAEMONS_MAX
                && !self.known.contains_key(&daemon)
            {
                self.set(daemon, Some(Known { color, is_present, given: 0, heard: 0 }));
            }
        }
    }

    /// Fixes daemons' colours.
    pub(super) fn fix(&mut self, colors: &Fixed) {
        for color in self.fixed.values() {
            self.crowding.remove(*color);
        }
        for color in colors.values() {
            self.crowding.add(*color);
        }
        self.fixed = Arc::clone(colors);
    }

    /// The colours that are fixed.
    pub(super) fn fixed(&self) -> Fixed {
        Arc::clone(&self.fixed)
    }

    /// A daemon's colour, or the one that it would get now.
    pub(super) fn color(&self, daemon: &DaemonName) -> Rgb {
        self.settled(daemon)
            .or_else(|| self.known.get(daemon).map(|known| known.color))
            .unwrap_or_else(|| self.crowding.pick(daemon.as_str()))
    }

    /// The colour for an event that is about to be taken. What the log has to remember goes to `records`.
    pub(super) fn take(
        &mut self,
        room: &RoomName,
        event: &ArcaneEvent,
        seq: Seq,
        records: &mut Vec<Record>,
    ) -> Option<Rgb> {
        let daemon = event.daemon_name.as_ref()?;
        if let Some(color) = self.settled(daemon) {
            return Some(color);
        }
        // One of several sessions may end.
        let others = event.metadata.get("manifestations").and_then(serde_json::Value::as_u64);
        let leaves =
            event.success && event.spell_name == SpellName::Banish && others.is_none_or(|left| left == 0);
        if let Some(known) = self.known.get_mut(daemon) {
            // A failure tells nothing about where the daemon is.
            let is_present = if event.success { !leaves } else { known.is_present };
            known.heard = seq;
            let (color, has_moved) = (known.color, known.is_present != is_present);
            if has_moved {
                let moved = Known { is_present, ..*known };
                self.change(room, daemon, Some(moved), records);
            }
            return Some(color);
        }
        if self.known.len() >= DAEMONS_MAX
            && let Some(oldest) = self.oldest()
        {
            self.change(room, &oldest, None, records);
        }
        let color = self.crowding.pick(daemon.as_str());
        let is_present = event.success && !leaves;
        self.change(room, daemon, Some(Known { color, is_present, given: seq, heard: seq }), records);
        Some(color)
    }

    /// Takes in the colour that is kept with an event of the log.
    pub(super) fn learn(&mut self, Record { key, value }: &Record, seq: Seq) {
        let name = key.strip_prefix(COLOR).and_then(|rest| rest.split_once('/'));
        let Some(daemon) = name.and_then(|(_, name)| DaemonName::parse(name).ok()) else { return };
        let known = value.as_deref().and_then(|value| {
            let color = Rgb::parse(value.trim_end_matches(GONE)).ok()?;
            Some(Known { color, is_present: !value.ends_with(GONE), given: seq, heard: seq })
        });
        if known.is_none() || self.known.len() < DAEMONS_MAX || self.known.contains_key(&daemon) {
            self.set(daemon, known);
        }
    }

    /// An event of the log is of a daemon.
    pub(super) fn hear(&mut self, daemon: &DaemonName, seq: Seq) {
        if let Some(known) = self.known.get_mut(daemon) {
            known.heard = known.heard.max(seq);
        }
    }

    /// The events were taken.
    pub(super) fn keep(&mut self) {
        self.journal.clear();
    }

    /// The events were not taken: all is as before.
    pub(super) fn undo(&mut self) {
        for (daemon, before) in std::mem::take(&mut self.journal).into_iter().rev() {
            self.set(daemon, before);
        }
    }

    /// Takes back what events after `head` were given.
    pub(super) fn forget_after(&mut self, head: Seq) {
        let late: Vec<_> = self.known.iter().filter(|(_, known)| known.given > head).collect();
        let late: Vec<DaemonName> = late.into_iter().map(|(daemon, _)| daemon.clone()).collect();
        for daemon in late {
            self.set(daemon, None);
        }
    }

    /// Whether an event that was taken, the seed or the configuration names a daemon, as far as that is kept.
    pub(super) fn knows(&self, daemon: &DaemonName) -> bool {
        self.known.contains_key(daemon) || self.settled(daemon).is_some()
    }

    /// What is fixed by the seed or the configuration is not kept.
    fn settled(&self, daemon: &DaemonName) -> Option<Rgb> {
        self.fixed.get(daemon).copied().or_else(|| fixed(daemon.as_str()))
    }

    fn oldest(&self) -> Option<DaemonName> {
        let by_age = |a: &(&DaemonName, &Known), b: &(&DaemonName, &Known)| {
            (a.1.is_present, a.1.heard, a.0).cmp(&(b.1.is_present, b.1.heard, b.0))
        };
        self.known.iter().min_by(by_age).map(|(daemon, _)| daemon.clone())
    }

    fn change(&mut self, room: &RoomName, daemon: &DaemonName, to: Option<Known>, records: &mut Vec<Record>) {
        let value = to.map(|known| format!("{}{}", known.color, if known.is_present { "" } else { GONE }));
        records.push(Record { key: format!("{COLOR}{room}/{daemon}"), value });
        let before = self.set(daemon.clone(), to);
        self.journal.push((daemon.clone(), before));
    }

    /// Returns what was before.
    fn set(&mut self, daemon: DaemonName, to: Option<Known>) -> Option<Known> {
        let before = match to {
            Some(known) => self.known.insert(daemon, known),
            None => self.known.remove(&daemon),
        };
        if let Some(known) = before.filter(|known| known.is_present) {
            self.crowding.remove(known.color);
        }
        if let Some(known) = to.filter(|known| known.is_present) {
            self.crowding.add(known.color);
        }
        before
    }
}

#[cfg(test)]
mod tests;
