//! Telemetry that waits: what comes before any hook of its session, for hooks to tell first; sums of metrics, for reports of single
//! requests; ends of sessions, for what they have overtaken. Pure.

use std::collections::{HashMap, VecDeque};

use arcane_shared::{RoomName, Timestamp};

use super::super::sign::{By, Sign, Via, What};
use super::key::Key;

/// How long telemetry of an agent with hooks waits for them: 5 seconds, in microseconds.
const WAIT_MICROS: i64 = 5_000_000;
/// How long spans without a cost wait for the log records or hooks that have it: these are sent every five seconds, and may be late.
const COST_WAIT_MICROS: i64 = 12_000_000;
/// The longest of these.
pub(super) const LONGEST_WAIT_MICROS: i64 = COST_WAIT_MICROS;
/// Telemetry of agents that say what a request cost, but not in its span.
const SAY_COST_ELSEWHERE: [&str; 2] = ["claude-otlp", "opencode-otlp"];
/// How long it is kept if nothing in it shows that somebody works: 10 minutes.
const KEPT_MICROS: i64 = 10 * 60 * 1_000_000;
/// Most sessions whose telemetry waits; what comes of others is dropped and counted.
const SESSIONS_MAX: usize = 256;
/// Most signs of one session that wait; what comes beyond that is dropped and counted.
const SIGNS_MAX: usize = 512;

/// Most sums and ends that wait, and most spans; those that come beyond that are told at once.
const DEFERRED_MAX: usize = 4_096;

/// Sums of metrics: they name neither requests nor, often, sessions, so they tell only what nobody else has. Ends of sessions, after which
/// nothing else would be told. And spans that do not say what a request cost, where the agent says it in another way.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    /// Those that wait for [`WAIT_MICROS`].
    soon: VecDeque<(Timestamp, RoomName, Sign)>,
    /// Those that wait for [`COST_WAIT_MICROS`].
    later: VecDeque<(Timestamp, RoomName, Sign)>,
}

impl Deferred {
    /// Keeps a sign if it is one of these, and there is room.
    pub(super) fn defer(&mut self, room: &RoomName, sign: &Sign, now: Timestamp) -> bool {
        let queue = match &sign.what {
            What::Usage { by: By::Metric | By::Histogram, .. } => &mut self.soon,
            What::Ended { .. } if sign.via == Via::Twin => &mut self.soon,
            What::Usage { by: By::Span, usage, .. }
                if usage.cost_usd.is_none() && SAY_COST_ELSEWHERE.contains(&sign.source) =>
            {
                &mut self.later
            }
            _ => return false,
        };
        if queue.len() >= DEFERRED_MAX {
            return false;
        }
        queue.push_back((now, room.clone(), sign.clone()));
        true
    }

    /// Those that have waited long enough.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<(RoomName, Sign)> {
        let mut due = Vec::new();
        for (queue, wait) in [(&mut self.later, COST_WAIT_MICROS), (&mut self.soon, WAIT_MICROS)] {
            let is_due =
                |(since, ..): &(Timestamp, RoomName, Sign)| now.unix_micros() - since.unix_micros() >= wait;
            let len = queue.iter().take_while(|waiting| is_due(waiting)).count();
            due.extend(queue.drain(..len).map(|(_, room, sign)| (room, sign)));
        }
        due
    }
}

/// What waits of a session, and since when.
pub(super) type Waiting = (Timestamp, Vec<Sign>);

/// Telemetry of sessions that no hook has told of.
#[derive(Debug, Default)]
pub(super) struct Held {
    sessions: HashMap<Key, Waiting>,
    lost: u64,
}

impl Held {
    /// Keeps a sign.
    pub(super) fn hold(&mut self, key: Key, sign: &Sign, now: Timestamp) {
        if self.sessions.len() >= SESSIONS_MAX && !self.sessions.contains_key(&key) {
            self.lost += 1;
            return;
        }
        let (_, signs) = self.sessions.entry(key).or_insert_with(|| (now, Vec::new()));
        if signs.len() >= SIGNS_MAX {
            self.lost += 1;
            return;
        }
        // That somebody is there is said once.
        if !(sign.what == What::Heard && signs.iter().any(|sign| sign.what == What::Heard)) {
            signs.push(sign.clone());
        }
    }

    /// What waits of a session, and goes on waiting.
    pub(super) fn peek(&self, key: &Key) -> Option<&Waiting> {
        self.sessions.get(key)
    }

    /// Has no more and no less wait of a session than this.
    pub(super) fn put_back(&mut self, key: &Key, waiting: Option<Waiting>) {
        self.sessions.remove(key);
        self.sessions.extend(waiting.map(|waiting| (key.clone(), waiting)));
    }

    /// What waits of a session.
    pub(super) fn take(&mut self, key: &Key) -> Vec<Sign> {
        self.sessions.remove(key).map(|(_, signs)| signs).unwrap_or_default()
    }

    /// Sessions whose telemetry has waited long enough and is of use, in a stable order. What is of none is forgotten in time.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<(Key, Vec<Sign>)> {
        let age = |since: &Timestamp| now.unix_micros() - since.unix_micros();
        let is_due = |since: &Timestamp, signs: &[Sign]| {
            age(since) >= WAIT_MICROS
                && signs.iter().any(|sign| proves(sign) || matches!(sign.what, What::Usage { .. }))
        };
        self.sessions.retain(|_, (since, signs)| age(since) < KEPT_MICROS || is_due(since, signs));
        let mut due: Vec<_> = self.sessions.extract_if(|_, (since, signs)| is_due(since, signs)).collect();
        due.sort_by(|(a, _), (b, _)| a.cmp(b));
        due.into_iter().map(|(key, (_, signs))| (key, signs)).collect()
    }

    /// Signs that were dropped since this was asked last.
    pub(super) fn lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

/// Whether a sign shows that an agent works. Codex begins a conversation that nobody sees for the title of each prompt: only
/// its calls are proof of one.
pub(super) fn proves(sign: &Sign) -> bool {
    match &sign.what {
        What::Usage { .. } | What::Heard | What::State { .. } | What::Began(_) => false,
        What::Prompt { .. } | What::TurnFailed { .. } => !sign.source.starts_with("codex"),
        _ => true,
    }
}
