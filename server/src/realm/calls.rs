//! Invocations of programs that have begun and not ended, as the log knows them.
//!
//! A process that ends in the middle of one leaves it open. It is closed with a failure: by the next process, if a log has one
//! at a time, or by the first one that has seen it open for longer than it may take.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use arcane_shared::DaemonName;
use serde::{Deserialize, Serialize};

use crate::bus::Record;

/// Where the log keeps them.
pub(super) const CALL: &str = "call/";
/// So much longer than its program may take, an invocation may stay open: its end may wait for the log.
const END_MAX: Duration = Duration::from_secs(30);

/// An invocation as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenCall {
    pub(super) daemon: DaemonName,
    pub(super) task: String,
    /// Which one of its daemon's since that was summoned, from 1.
    pub(super) number: u64,
    /// How long its program may take, seconds.
    pub(super) timeout_s: u64,
}

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: BTreeMap<String, (OpenCall, Instant)>,
    /// Those of this process.
    own: BTreeSet<String>,
}

impl OpenCall {
    /// What is kept with its beginning.
    pub(super) fn record(&self, id: &str) -> Record {
        let text = serde_json::to_string(self).expect("text and numbers are JSON");
        Record::keep(format!("{CALL}{id}"), text)
    }

    /// What is kept with its end.
    pub(super) fn ended(id: &str) -> Record {
        Record::forget(format!("{CALL}{id}"))
    }
}

impl Calls {
    /// One has begun here.
    pub(super) fn begin(&mut self, id: &str, call: OpenCall) {
        self.own.insert(id.to_owned());
        self.open.insert(id.to_owned(), (call, Instant::now()));
    }

    /// One of this process has ended, and that was told, or cannot be told any more.
    pub(super) fn leave(&mut self, id: &str) {
        self.own.remove(id);
    }

    /// Those of this process are what they were before all was read again.
    pub(super) fn keep_own(&mut self, before: Self) {
        self.own = before.own;
    }

    /// One has ended.
    pub(super) fn end(&mut self, id: &str) {
        self.open.remove(id);
    }

    /// The log has told of one; `None`: that it has ended.
    pub(super) fn learn(&mut self, id: &str, text: Option<&str>) {
        match text.map(serde_json::from_str::<OpenCall>) {
            Some(Ok(call)) => drop(self.open.entry(id.to_owned()).or_insert((call, Instant::now()))),
            Some(Err(error)) => tracing::warn!(%error, id, "an invocation in the event log cannot be read"),
            None => self.end(id),
        }
    }

    /// One that is open.
    pub(super) fn get(&self, id: &str) -> Option<&OpenCall> {
        self.open.get(id).map(|(call, _)| call)
    }

    /// How many of a daemon are open.
    pub(super) fn of(&self, daemon: &DaemonName) -> u64 {
        self.open.values().filter(|(call, _)| call.daemon == *daemon).count() as u64
    }

    /// Those that another process has left open: at once where no other process can be at work, else once they are seen for
    /// longer than they may take.
    pub(super) fn abandoned(&self, is_shared: bool, now: Instant) -> Vec<String> {
        let is_abandoned = |id: &String, call: &OpenCall, seen: Instant| {
            let patience = Duration::from_secs(call.timeout_s) + END_MAX;
            !self.own.contains(id) && (!is_shared || now.duration_since(seen) >= patience)
        };
        let abandoned = self.open.iter().filter(|(id, (call, seen))| is_abandoned(id, call, *seen));
        abandoned.map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_began_is_abandoned_at_once_or_when_it_is_late() {
        let call = OpenCall {
            daemon: DaemonName::parse("claude").unwrap(),
            task: "dig".into(),
            number: 1,
            timeout_s: 60,
        };
        let mut calls = Calls::default();
        let text = call.record("a").value.unwrap();
        calls.learn("a", Some(&text));
        calls.begin("b", call.clone());
        let now = Instant::now();
        assert_eq!(calls.abandoned(false, now), ["a"]);
        assert_eq!(calls.abandoned(true, now), Vec::<String>::new());
        assert_eq!(calls.abandoned(true, now + Duration::from_secs(90)), ["a"]);
        assert_eq!(calls.of(&call.daemon), 2);
        calls.learn("b", None);
        calls.leave("b");
        assert_eq!((calls.get("b"), calls.get("a")), (None, Some(&call)));
    }
}
