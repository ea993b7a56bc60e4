//! What dialects and sessions make of recorded and of odd payloads.

mod casings;
mod claude;
mod detected;
mod leases;
mod nodes;
mod payloads;
mod prices;
mod ruled;
mod shuffled;
mod telemetry;
mod telemetry_genai;
mod telemetry_twins;
mod traps;

use std::fmt::Write as _;

use arcane_shared::roster::Roster;
use arcane_shared::{RoomName, Timestamp};
use serde_json::Value;

use super::dialect::{self, Agent, Context};
use super::otlp::{self, Encoding, Signal, Totals};
use super::session::Table;
use super::sign::drop_unusable;
use crate::bus::{ArcaneEventBus, Submission};
use crate::config::{BusConfig, Prices};
use crate::intake::{self, Draft};

/// One payload of a recording.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct Recorded {
    pub(super) event: String,
    #[serde(default)]
    pub(super) at: f64,
    pub(super) payload: Value,
}

pub(super) fn recording(name: &str) -> Vec<Recorded> {
    let path = format!("{}/tests/recordings/{name}.ndjson", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One request of recorded telemetry.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct Post {
    /// Seconds since the session's first hook.
    pub(super) at: f64,
    signal: String,
    #[serde(default)]
    body: Value,
    /// In base64, if it is no JSON.
    #[serde(default)]
    protobuf: String,
}

impl Post {
    pub(super) fn of(signal: &str, body: Value) -> Self {
        Self { at: 0.0, signal: signal.into(), body, protobuf: String::new() }
    }
}

pub(super) fn telemetry(name: &str) -> Vec<Post> {
    let path = format!("{}/tests/recordings/{name}-otlp.ndjson", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A table, and a bus that takes what it tells.
pub(super) struct Lab {
    pub(super) agent: Agent,
    pub(super) context: Context,
    pub(super) table: Table,
    totals: Totals,
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
            table: Table::new(Prices::none(), 5),
            totals: Totals::new(0),
            bus: ArcaneEventBus::new(bus),
            now: 1_800_000_000_000_000,
            told: Vec::new(),
        }
    }

    /// A payload comes.
    pub(super) fn hear(&mut self, payload: &Value) -> &mut Self {
        let mut signs = dialect::read(self.agent, payload, &self.context).signs;
        drop_unusable(&mut signs);
        self.now += 1_000;
        for sign in signs {
            let drafts = self.table.take(&RoomName::default(), &sign, Timestamp::from_unix_micros(self.now));
            self.publish(drafts);
        }
        self
    }

    /// Telemetry comes.
    pub(super) fn receive(&mut self, post: &Post) -> &mut Self {
        let signal = match post.signal.as_str() {
            "logs" => Signal::Logs,
            "traces" => Signal::Traces,
            _ => Signal::Metrics,
        };
        let told = if post.protobuf.is_empty() {
            otlp::read(signal, Encoding::Json, post.body.to_string().as_bytes())
        } else {
            let body =
                base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &post.protobuf).unwrap();
            otlp::read(signal, Encoding::Protobuf, &body)
        };
        let mut told = told.unwrap();
        told.signs.extend(self.totals.take(told.sums));
        drop_unusable(&mut told.signs);
        self.now += 1_000;
        for sign in told.signs {
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
                "input_tokens",
                "output_tokens",
                "cache_read_tokens",
                "cache_write_tokens",
                "reasoning_tokens",
                "cost_usd",
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
