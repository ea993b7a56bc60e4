//! What dialects and sessions make of recorded and of odd payloads.

mod casings;
mod claude;
mod detected;
mod leases;
mod payloads;
mod shuffled;
mod traps;

use std::fmt::Write as _;

use arcane_shared::roster::Roster;
use arcane_shared::{RoomName, Timestamp};
use serde_json::Value;

use super::dialect::{self, Agent, Context};
use super::session::Table;
use crate::bus::{ArcaneEventBus, Submission};
use crate::config::BusConfig;
use crate::intake::{self, Draft};

/// One payload of a recording.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct Recorded {
    pub(super) event: String,
    pub(super) payload: Value,
}

pub(super) fn recording(name: &str) -> Vec<Recorded> {
    let path = format!("{}/tests/recordings/{name}.ndjson", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A table, and a bus that takes what it tells.
pub(super) struct Lab {
    pub(super) agent: Agent,
    pub(super) context: Context,
    pub(super) table: Table,
    bus: ArcaneEventBus,
    /// Our clock, microseconds.
    pub(super) now: i64,
    told: Vec<Draft>,
}

impl Lab {
    pub(super) fn of(agent: Agent) -> Self {
        let bus = BusConfig { ring_frames: 64, history_size: 1, ..BusConfig::default() };
        Self {
            agent,
            context: Context::default(),
            table: Table::default(),
            bus: ArcaneEventBus::new(bus),
            now: 1_800_000_000_000_000,
            told: Vec::new(),
        }
    }

    /// A payload comes.
    pub(super) fn hear(&mut self, payload: &Value) -> &mut Self {
        let signs = dialect::read(self.agent, payload, &self.context).signs;
        self.now += 1_000;
        for sign in signs {
            let drafts = self.table.take(&RoomName::default(), &sign, Timestamp::from_unix_micros(self.now));
            self.publish(drafts);
        }
        self
    }

    pub(super) fn replay(&mut self, one: &Recorded) -> &mut Self {
        self.context.event = Some(one.event.as_str().into());
        self.hear(&one.payload)
    }

    /// So many seconds pass.
    pub(super) fn pass(&mut self, seconds: i64) -> &mut Self {
        self.now += seconds * 1_000_000;
        for (_, drafts) in self.table.pass(Timestamp::from_unix_micros(self.now)) {
            self.publish(drafts);
        }
        self
    }

    fn publish(&mut self, drafts: Vec<Draft>) {
        self.told.extend(drafts.iter().cloned());
        intake::submit(&self.bus, &self.bus.default_room(), drafts, Submission::default()).unwrap();
    }

    pub(super) fn roster(&self) -> Roster {
        self.bus.default_room().daemons()
    }

    /// What was told.
    pub(super) fn drafts(&self) -> &[Draft] {
        &self.told
    }

    /// What was told since this was asked last, an event a line.
    pub(super) fn told(&mut self) -> String {
        let mut lines = String::new();
        for draft in self.told.drain(..) {
            let daemon = draft.daemon_name.unwrap();
            write!(lines, "{} {daemon}", draft.spell_name).unwrap();
            for key in [
                "query_type",
                "phase",
                "state",
                "event",
                "why",
                "call_id",
                "task",
                "parent_daemon",
                "error",
                "reason",
                "inferred",
                "denied",
                "interrupted",
                "synthetic",
                "late",
                "manifestations",
            ] {
                if let Some(value) = draft.metadata.get(key) {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    write!(lines, " {key}={value}").unwrap();
                }
            }
            lines.push('\n');
        }
        lines
    }
}
