//! What happens in the demo, and when: data. Calls are named here, and told apart in each round by the round's number.
//!
//! Somebody who has just opened the page sees the first work after two seconds, the first failure after eight, and by the seventeenth
//! second work, a failure and a wait at once. The last six seconds are for the viewer.

use super::cast::Who::{self, Claude, Codex, Gemini, LiquidMetal, Reviewer};

/// How long one round takes.
pub(crate) const ROUND_S: u64 = 90;

/// Something that happens, milliseconds after the round began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beat {
    pub(super) at_ms: u64,
    /// `None`: it is told of the realm as a whole.
    pub(super) who: Option<Who>,
    pub(super) deed: Deed,
}

/// A name of a call, the same at its beginning and its end.
pub(super) type Call = &'static str;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Deed {
    Arrives,
    Leaves,
    /// It is given a prompt of so many characters.
    Hears {
        chars: u64,
    },
    Begins {
        call: Call,
        tool: &'static str,
        task: &'static str,
    },
    /// An open call tells how far it has come.
    Comes {
        call: Call,
        line: &'static str,
    },
    Ends {
        call: Call,
    },
    Fails {
        call: Call,
        error: &'static str,
    },
    /// An open call needs a human.
    Waits {
        call: Call,
        why: &'static str,
        line: &'static str,
    },
    /// A human has answered.
    GoesOn {
        call: Call,
    },
    /// The demo itself says what it is.
    Explains {
        line: &'static str,
    },
    /// It says a sentence, and does nothing meanwhile.
    Says {
        line: &'static str,
    },
    /// What a request to a model took.
    Spends {
        input: u64,
        output: u64,
        cache_read: u64,
        /// Millionths of a dollar.
        cost_micros: u64,
    },
    /// Somebody types a spell that asks who is there.
    Casts {
        spell: &'static str,
    },
    /// And is answered.
    Looks {
        count: u64,
    },
}

use Deed::{Arrives, Casts, Ends, Explains, Fails, GoesOn, Hears, Leaves, Looks, Says};

const fn of(who: Who, at_ms: u64, deed: Deed) -> Beat {
    Beat { at_ms, who: Some(who), deed }
}

const fn realm(at_ms: u64, deed: Deed) -> Beat {
    Beat { at_ms, who: None, deed }
}

const fn begins(call: Call, tool: &'static str, task: &'static str) -> Deed {
    Deed::Begins { call, tool, task }
}

const fn comes(call: Call, line: &'static str) -> Deed {
    Deed::Comes { call, line }
}

const fn waits(call: Call, why: &'static str, line: &'static str) -> Deed {
    Deed::Waits { call, why, line }
}

const fn spends(input: u64, output: u64, cache_read: u64, cost_micros: u64) -> Deed {
    Deed::Spends { input, output, cache_read, cost_micros }
}

/// One round, in order.
pub(super) static SCRIPT: &[Beat] = &[
    // They arrive, and work begins.
    of(Claude, 400, Arrives),
    of(Codex, 900, Arrives),
    of(Claude, 1_300, Hears { chars: 96 }),
    of(Claude, 1_900, begins("read", "Read", "Read src/cart.rs")),
    of(Gemini, 2_500, Arrives),
    of(Codex, 2_900, Hears { chars: 58 }),
    of(LiquidMetal, 3_300, Arrives),
    of(Claude, 3_900, Ends { call: "read" }),
    of(Codex, 4_300, begins("test", "exec_command", "cargo test -p ledger")),
    of(LiquidMetal, 4_700, Hears { chars: 120 }),
    of(Claude, 5_200, begins("edit", "Edit", "Edit src/cart.rs")),
    of(LiquidMetal, 5_800, begins("migrate", "transform", "Migrate 80 files to schema v3")),
    of(Gemini, 6_400, Hears { chars: 41 }),
    of(Claude, 7_000, Ends { call: "edit" }),
    of(Gemini, 7_400, begins("log", "read_file", "read_file CHANGELOG.md")),
    // The test fails, and stays so until it passes.
    of(Codex, 8_200, Fails { call: "test", error: "exit 101: balances_add_up: left 99.98, right 100.00" }),
    of(Gemini, 8_900, Ends { call: "log" }),
    of(Claude, 9_300, spends(6_200, 1_900, 84_000, 79_600)),
    of(Gemini, 9_800, begins("note", "write_file", "write_file CHANGELOG.md")),
    of(LiquidMetal, 10_600, comes("migrate", "Migrate to schema v3: 12 of 80 files")),
    of(Codex, 11_200, Says { line: "One cent is lost twice. I look for where." }),
    of(Gemini, 11_900, Ends { call: "note" }),
    of(Codex, 12_500, spends(9_400, 1_200, 41_000, 34_900)),
    of(Gemini, 13_000, begins("commit", "run_shell_command", "git commit -m 'Round once, at the end'")),
    of(Claude, 13_500, begins("review", "Task", "Review how the cart rounds")),
    of(Reviewer, 14_000, Arrives),
    of(Gemini, 14_500, Ends { call: "commit" }),
    of(Reviewer, 14_900, begins("sub-read", "Read", "Read src/cart.rs")),
    // A question, and twelve seconds until it is answered.
    of(Gemini, 15_700, begins("push", "run_shell_command", "git push origin main")),
    of(Gemini, 16_000, waits("push", "permission", "may I run git push origin main?")),
    of(Reviewer, 17_000, Ends { call: "sub-read" }),
    of(Reviewer, 17_700, begins("sub-grep", "Grep", "Grep round(")),
    of(Codex, 19_200, begins("mend", "exec_command", "apply_patch src/round.rs && cargo test -p ledger")),
    of(Reviewer, 20_000, Ends { call: "sub-grep" }),
    of(Reviewer, 21_600, spends(3_100, 700, 22_000, 880)),
    of(LiquidMetal, 24_000, comes("migrate", "Migrate to schema v3: 41 of 80 files")),
    of(Reviewer, 25_500, begins("sub-test", "Bash", "npm test -- cart")),
    of(Gemini, 28_000, GoesOn { call: "push" }),
    of(Codex, 28_600, Ends { call: "mend" }),
    of(Reviewer, 29_200, Ends { call: "sub-test" }),
    of(Gemini, 29_800, Ends { call: "push" }),
    of(Reviewer, 30_400, Says { line: "It rounds once, at the end. Sound." }),
    of(Reviewer, 31_200, Leaves),
    of(Claude, 31_800, Ends { call: "review" }),
    of(Gemini, 33_200, spends(4_800, 900, 30_000, 8_700)),
    of(Codex, 33_700, spends(11_800, 2_600, 58_000, 55_400)),
    of(Gemini, 34_200, Says { line: "Pushed: two commits." }),
    of(Claude, 35_500, begins("build", "Bash", "npm run build")),
    of(LiquidMetal, 36_500, comes("migrate", "Migrate to schema v3: 66 of 80 files")),
    of(Codex, 38_000, Says { line: "All 214 tests pass." }),
    of(Claude, 39_500, Ends { call: "build" }),
    of(Claude, 40_200, spends(3_900, 1_400, 102_000, 64_000)),
    of(LiquidMetal, 42_000, Ends { call: "migrate" }),
    of(LiquidMetal, 42_600, spends(22_000, 18_500, 0, 41_200)),
    of(Claude, 43_200, Says { line: "The cart adds up again." }),
    of(LiquidMetal, 44_000, Says { line: "80 files speak schema v3." }),
    // All rest. Somebody asks who is there.
    realm(50_000, Casts { spell: "list active daemons" }),
    realm(50_400, Looks { count: 4 }),
    // A second turn: two calls at once, another failure, a question of another kind.
    of(Claude, 52_000, Hears { chars: 210 }),
    of(Claude, 53_000, begins("look", "Read", "Read src/checkout.ts")),
    of(Claude, 53_400, begins("find", "Grep", "Grep currency")),
    of(Codex, 54_500, Hears { chars: 75 }),
    of(Claude, 54_900, Ends { call: "look" }),
    of(Codex, 55_500, begins("bench", "exec_command", "cargo bench --bench postings")),
    of(Claude, 56_200, Ends { call: "find" }),
    of(Claude, 57_000, begins("change", "Edit", "Edit src/checkout.ts")),
    of(LiquidMetal, 58_500, Hears { chars: 33 }),
    of(Claude, 59_000, Ends { call: "change" }),
    of(LiquidMetal, 59_500, begins("lint", "shell", "cargo clippy --workspace")),
    of(Claude, 60_500, begins("suite", "Bash", "npm test")),
    of(Gemini, 61_200, Hears { chars: 64 }),
    of(Gemini, 62_000, begins("docs", "read_file", "read_file docs/currencies.md")),
    of(LiquidMetal, 62_500, Fails { call: "lint", error: "exit 101: unused variable: `total`" }),
    of(Gemini, 64_200, Ends { call: "docs" }),
    of(LiquidMetal, 64_800, begins("fix", "shell", "cargo clippy --workspace --fix")),
    of(Claude, 66_000, Ends { call: "suite" }),
    of(Codex, 66_800, Ends { call: "bench" }),
    of(Codex, 67_400, begins("ask", "request_user_input", "Ask about the old postings")),
    of(Codex, 67_700, waits("ask", "question", "may I drop the old postings table?")),
    of(LiquidMetal, 69_500, Ends { call: "fix" }),
    of(LiquidMetal, 70_300, spends(5_100, 2_200, 0, 7_300)),
    of(Claude, 71_000, spends(7_700, 2_800, 131_000, 113_000)),
    of(Claude, 72_000, begins("keep", "Bash", "git commit -m 'Checkout knows currencies'")),
    of(Claude, 73_500, Ends { call: "keep" }),
    of(Codex, 74_000, GoesOn { call: "ask" }),
    of(Codex, 74_400, Ends { call: "ask" }),
    of(Codex, 75_000, begins("drop", "apply_patch", "apply_patch migrations/0042_postings.sql")),
    of(Codex, 76_800, Ends { call: "drop" }),
    of(Codex, 77_500, spends(6_900, 1_800, 73_000, 39_100)),
    of(LiquidMetal, 78_200, Says { line: "The lint is clean." }),
    of(Gemini, 79_200, Says { line: "The manual has euros and dollars." }),
    of(Codex, 80_200, Says { line: "Postings are written twice as fast." }),
    of(Claude, 81_200, Says { line: "The checkout knows currencies." }),
    // For the viewer; then the stage is empty.
    realm(
        84_000,
        Explains {
            line: "These agents are invented. To watch your own: arcane serve, then arcane attach claude",
        },
    ),
    of(Gemini, 88_700, Leaves),
    of(LiquidMetal, 89_000, Leaves),
    of(Codex, 89_300, Leaves),
    of(Claude, 89_600, Leaves),
];
