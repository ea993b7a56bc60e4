//! Identical reveals within a second are one event. Pure.

use std::collections::VecDeque;

use arcane_shared::DaemonName;

/// How long an identical reveal is folded into the one before, milliseconds.
const WINDOW_MS: f64 = 1000.0;
/// Most different reveals that are remembered; the oldest is forgotten.
const REMEMBERED_MAX: usize = 64;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Of whom.
    pub(crate) daemon: Option<DaemonName>,
    /// `metadata.query_type`.
    pub(crate) query_type: &'static str,
}

/// Which reveals were told lately.
#[derive(Debug, Default)]
pub(crate) struct Reveals {
    recent: VecDeque<Told>,
}

#[derive(Debug)]
struct Told {
    question: Question,
    at: f64,
    folded: u64,
}

impl Reveals {
    /// Whether to tell this one; then, how many like it were not told since the last.
    pub(crate) fn ask(&mut self, question: Question, now_ms: f64) -> Option<u64> {
        if let Some(told) = self.recent.iter_mut().find(|told| told.question == question) {
            if now_ms - told.at < WINDOW_MS && now_ms >= told.at {
                told.folded += 1;
                return None;
            }
            told.at = now_ms;
            return Some(std::mem::take(&mut told.folded));
        }
        if self.recent.len() >= REMEMBERED_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Told { question, at: now_ms, folded: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polling_client_makes_one_event_a_second() {
        let mut reveals = Reveals::default();
        let question = || Question { daemon: None, query_type: "all" };
        let told: Vec<_> = (0..35).filter_map(|n| reveals.ask(question(), f64::from(n) * 100.0)).collect();
        assert_eq!(told, [0, 9, 9, 9]);
        assert_eq!(reveals.ask(Question { daemon: None, query_type: "active" }, 3401.0), Some(0));
    }
}
