//! What was expected of each agent, what was seen, and what differs. Pure.

use std::fmt::Write as _;

use super::answering::Answered;
use super::told::{Tokens, Told};
use crate::bench::table::Table;

/// What an agent did, by the model endpoint and the script, and what the server told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) expected: Told,
    pub(crate) seen: Told,
    /// Waits that were lit still when they had ended.
    pub(crate) still_lit: u64,
    /// What else is not as it should be.
    pub(crate) faults: Vec<String>,
}

/// What came of all agents.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    rows: Vec<[String; 5]>,
    lost: u64,
    doubled: u64,
    still_lit: u64,
    faults: Vec<String>,
}

impl Verdict {
    /// Adds what was seen of an agent.
    pub(crate) fn add(&mut self, agent: &str, version: &str, played: Played) {
        for (what, expected, seen) in counts(&played.expected, &played.seen) {
            self.lost += expected.saturating_sub(seen);
            self.doubled += seen.saturating_sub(expected);
            self.row([agent, version, what, &expected.to_string(), &seen.to_string()]);
        }
        self.doubled += played.seen.repeated;
        let Played { expected, seen, still_lit, faults } = played;
        if expected.tokens != seen.tokens {
            self.faults.push(format!("{agent}: tokens are not what the model charged"));
        }
        self.row([agent, version, "tokens", &tokens(expected.tokens), &tokens(seen.tokens)]);
        self.still_lit += still_lit;
        self.faults.extend(faults.into_iter().map(|fault| format!("{agent}: {fault}")));
    }

    /// Adds how questions ended that were answered from elsewhere.
    pub(crate) fn add_answered(&mut self, agent: &str, answered: &[Answered]) {
        for one in answered {
            if one.expected != one.seen {
                self.faults
                    .push(format!("{agent}: {} ended as {}, not {}", one.deed, one.seen, one.expected));
            }
            let what = one.reacted_ms.map_or_else(
                || "the question's end".to_owned(),
                |ms| format!("the question's end; the agent has gone on after {ms} ms"),
            );
            self.row([agent, one.deed, &what, &one.expected, &one.seen]);
        }
    }

    /// An agent could not be driven to its end.
    pub(crate) fn fail(&mut self, agent: &str, error: &anyhow::Error) {
        self.faults.push(format!("{agent}: {error:#}"));
    }

    /// Whether everything was seen, once.
    pub(crate) fn is_good(&self) -> bool {
        self.faults.is_empty() && self.lost + self.doubled + self.still_lit == 0
    }

    /// The table, and the figures below it.
    pub(crate) fn text(&self) -> String {
        let mut table = Table::new(&["agent", "version", "what", "expected", "seen", ""], 3);
        for row in &self.rows {
            let differs = if row[3] == row[4] { "" } else { "differs" };
            table.row(row.iter().cloned().chain([differs.to_owned()]).collect());
        }
        let mut text = table.text();
        let Self { lost, doubled, still_lit, .. } = self;
        let _ = write!(
            text,
            "\nevents lost {lost}, doubled {doubled}; waits that stay lit after they ended {still_lit}"
        );
        for fault in &self.faults {
            let _ = write!(text, "\n! {fault}");
        }
        text
    }

    fn row(&mut self, cells: [&str; 5]) {
        self.rows.push(cells.map(str::to_owned));
    }
}

fn counts(expected: &Told, seen: &Told) -> [(&'static str, u64, u64); 9] {
    [
        ("sessions", expected.sessions, seen.sessions),
        ("their ends", expected.ends, seen.ends),
        ("prompts", expected.prompts, seen.prompts),
        ("calls", expected.begun, seen.begun),
        ("their ends", expected.ended, seen.ended),
        ("failures", expected.failed, seen.failed),
        ("subagents", expected.subagents, seen.subagents),
        ("their ends", expected.subagents_gone, seen.subagents_gone),
        ("waits", expected.waits, seen.waits),
    ]
}

fn tokens(tokens: Tokens) -> String {
    let Tokens { input, output, cache_read, cache_write } = tokens;
    format!("{input} in, {output} out, {cache_read}/{cache_write} cache")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(expected: Told, seen: Told) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.add("claude", "1.0", Played { expected, seen, still_lit: 0, faults: Vec::new() });
        verdict
    }

    #[test]
    fn what_is_missing_is_lost_and_what_is_more_is_doubled() {
        let one = Told { sessions: 1, ended: 2, ..Told::default() };
        assert!(played(one, one).is_good());
        let lost = played(one, Told { ended: 1, ..one });
        assert_eq!((lost.lost, lost.doubled, lost.is_good()), (1, 0, false));
        let doubled = played(one, Told { sessions: 2, repeated: 1, ..one });
        assert_eq!((doubled.lost, doubled.doubled, doubled.is_good()), (0, 2, false));
        assert!(lost.text().contains("events lost 1, doubled 0; waits that stay lit after they ended 0"));
    }

    #[test]
    fn tokens_have_to_agree() {
        let other = Told { tokens: Tokens { input: 1, ..Tokens::default() }, ..Told::default() };
        assert!(!played(Told::default(), other).is_good());
    }
}
