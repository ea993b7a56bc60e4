//! Which daemon has which colour.

use std::collections::BTreeMap;

use arcane_shared::{DaemonName, Rgb, color};

use crate::log::Record;

/// Most daemons whose colour is remembered; a further one gets a colour that is not reserved.
const ASSIGNED_MAX: usize = 10_000;
/// Where the log keeps them.
pub(super) const PREFIX: &str = "color/";

/// Colours in the order in which daemons were first heard of. Fixed ones may be set before.
#[derive(Debug, Default)]
pub(crate) struct Colors {
    assigned: BTreeMap<DaemonName, Rgb>,
}

impl Colors {
    /// Fixes a daemon's colour.
    pub(crate) fn fix(&mut self, daemon: DaemonName, color: Rgb) {
        self.assigned.insert(daemon, color);
    }

    /// Takes over what the log remembers.
    pub(super) fn recall(&mut self, records: &[(String, String)]) {
        for (key, value) in records {
            let daemon = key.strip_prefix(PREFIX).and_then(|name| DaemonName::parse(name).ok());
            if let (Some(daemon), Ok(color)) = (daemon, Rgb::parse(value)) {
                self.assigned.insert(daemon, color);
            }
        }
    }

    /// A daemon's colour, the same each time, and whether it was given to it just now.
    pub(crate) fn assign(&mut self, daemon: &DaemonName) -> (Rgb, bool) {
        if let Some(color) = self.assigned.get(daemon) {
            return (*color, false);
        }
        // Distance only matters among those that can be told apart: the 66 candidates run out anyway.
        let taken: Vec<Rgb> = self.assigned.values().copied().take(128).collect();
        let color = color::assign(daemon.as_str(), &taken);
        let is_remembered = self.assigned.len() < ASSIGNED_MAX;
        if is_remembered {
            self.assigned.insert(daemon.clone(), color);
        }
        (color, is_remembered)
    }
}

/// How the log keeps a colour.
pub(super) fn record(daemon: &DaemonName, color: Rgb) -> Record {
    Record::keep(format!("{PREFIX}{daemon}"), color.to_string())
}
