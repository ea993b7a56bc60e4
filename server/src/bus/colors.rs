//! Which daemon has which colour.

use std::collections::BTreeMap;

use arcane_shared::{DaemonName, Rgb, color};

/// Most daemons whose colour is remembered; a further one gets a colour that is not reserved.
const ASSIGNED_MAX: usize = 10_000;

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

    /// A daemon's colour, the same each time.
    pub(crate) fn of(&mut self, daemon: &DaemonName) -> Rgb {
        if let Some(color) = self.assigned.get(daemon) {
            return *color;
        }
        // Distance only matters among those that can be told apart: the 66 candidates run out anyway.
        let taken: Vec<Rgb> = self.assigned.values().copied().take(128).collect();
        let color = color::assign(daemon.as_str(), &taken);
        if self.assigned.len() < ASSIGNED_MAX {
            self.assigned.insert(daemon.clone(), color);
        }
        color
    }
}
