//! The events that are published: one that is always the same, or a stream as a realm at work makes it.

use serde_json::{Value, json};

use super::stamp::Stamp;

/// How many different events the varied stream has before it begins again.
pub(crate) const VARIED_EVENTS: usize = 4096;
/// What stands in for the stamp while an event is made.
const SLOT: &str = "@stamp@";

/// An event as JSON, but for its stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    before: String,
    after: String,
}

impl Template {
    fn new(event: &Value) -> Self {
        let text = event.to_string();
        let (before, after) = text.split_once(SLOT).unwrap_or((&text, ""));
        Self { before: before.to_owned(), after: after.to_owned() }
    }

    /// The event with its stamp.
    pub(crate) fn write(&self, stamp: Stamp, out: &mut Vec<u8>) {
        out.extend_from_slice(self.before.as_bytes());
        stamp.write(out);
        out.extend_from_slice(self.after.as_bytes());
    }
}

/// The same event always: what is measured is the fan-out and not the event.
pub(crate) fn uniform() -> Vec<Template> {
    vec![Template::new(&json!({
        "spell_name": "invoke",
        "daemon_name": "claude",
        "success": true,
        "description": "Runes flare along the circle: CLAUDE has done what was asked of it.",
        "metadata": {"task": "review the pull request", "execution_time": 1.284, "request": SLOT},
    }))]
}

/// Events as different as those of a realm at work, and the same ones in every run.
pub(crate) fn varied() -> Vec<Template> {
    let mut dice = Dice(0x00A2_CA9E);
    (0..VARIED_EVENTS).map(|_| Template::new(&event(&mut dice))).collect()
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % sides as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    /// Seconds up to a limit, in milliseconds' steps.
    fn seconds(&mut self, max: usize) -> f64 {
        self.roll(max * 1000) as f64 / 1000.0
    }
}

const DAEMONS: [&str; 12] = [
    "claude",
    "codex",
    "gemini",
    "liquidmetal",
    "historian",
    "reviewer",
    "deploy-bot",
    "linter",
    "scribe",
    "indexer",
    "night-watch",
    "translator",
];
const VERBS: [&str; 10] = [
    "review",
    "refactor",
    "write tests for",
    "explain",
    "profile",
    "document",
    "port",
    "fix",
    "merge",
    "benchmark",
];
const THINGS: [&str; 14] = [
    "the checkout form",
    "src/parser/lexer.rs",
    "the migration to PostgreSQL 18",
    "the retry policy",
    "docs/getting-started.md",
    "the nightly build",
    "the login page on small screens",
    "the cache eviction",
    "issue #4812",
    "the invoice export",
    "web/src/app.tsx",
    "the onboarding mail",
    "the rate limiter",
    "the release notes",
];
const MODELS: [&str; 5] = ["opus", "sonnet", "gpt-5", "gemini-pro", "local-8b"];
const BRANCHES: [&str; 5] = ["main", "release/2.4", "feature/export", "fix/timeouts", "spike/wasm"];
const ERRORS: [&str; 7] = [
    "exit status 101",
    "connection reset by peer after 30 s",
    "assertion `left == right` failed: left: 3, right: 4",
    "no such file or directory: fixtures/orders.json",
    "the model refused: context of 212,480 tokens is too long",
    "429 Too Many Requests, retry in 12 s",
    "type mismatch: expected `Option<&str>`, found `String`",
];
const WORDS: [&str; 12] = [
    "flawless logic",
    "a shower of sparks",
    "patience",
    "three retries",
    "a second opinion",
    "no warnings",
    "some grumbling",
    "the old incantation",
    "less memory than before",
    "a clean diff",
    "half the time",
    "every test green",
];

fn event(dice: &mut Dice) -> Value {
    let daemon = dice.pick(&DAEMONS);
    let task = format!("{} {}", dice.pick(&VERBS), dice.pick(&THINGS));
    match dice.roll(100) {
        0..50 => invoke(dice, daemon, &task),
        50..62 => invoke_failed(dice, daemon, &task),
        62..72 => json!({
            "spell_name": "summon", "daemon_name": daemon, "success": true,
            "description": format!("{} enters the circle with {}.", daemon.to_uppercase(), dice.pick(&WORDS)),
            "metadata": {"model": dice.pick(&MODELS), "request": SLOT},
        }),
        72..80 => banish(dice, daemon),
        80..88 => json!({
            "spell_name": "reveal", "daemon_name": daemon, "success": true,
            "description": format!("{} begins: {task}", daemon.to_uppercase()),
            "metadata": {
                "daemon_count": 1 + dice.roll(12), "query_type": "progress", "phase": "begin",
                "call_id": format!("{:08x}", dice.roll(1 << 32)), "task": task, "request": SLOT,
            },
        }),
        88..94 => json!({
            "spell_name": "parse", "daemon_name": daemon, "success": true,
            "description": format!("The words mean: invoke {daemon}."),
            "metadata": {
                "spell_text": format!("ask {daemon} to {task}"), "parsed_action": "invoke", "request": SLOT,
            },
        }),
        _ => json!({
            "spell_name": "voice", "daemon_name": daemon, "success": true,
            "description": format!("{daemon} speaks of {}.", dice.pick(&WORDS)),
            "metadata": {"event": "speech", "tone": "calm", "narration": true, "request": SLOT},
        }),
    }
}

fn invoke(dice: &mut Dice, daemon: &str, task: &str) -> Value {
    let time = dice.seconds(90);
    json!({
        "spell_name": "invoke", "daemon_name": daemon, "success": true,
        "description": format!("{} completes the task in {time} seconds with {}.", daemon.to_uppercase(), dice.pick(&WORDS)),
        "metadata": {
            "task": task, "execution_time": time, "invocation_number": 1 + dice.roll(400),
            "parameters": {"branch": dice.pick(&BRANCHES), "model": dice.pick(&MODELS), "temperature": dice.seconds(1)},
            "tokens": {"input": dice.roll(180_000), "output": dice.roll(9_000)}, "request": SLOT,
        },
    })
}

fn invoke_failed(dice: &mut Dice, daemon: &str, task: &str) -> Value {
    let error = dice.pick(&ERRORS);
    json!({
        "spell_name": "invoke", "daemon_name": daemon, "success": false,
        "description": format!("The runes go dark: {} could not {task}.", daemon.to_uppercase()),
        "metadata": {
            "task": task, "execution_time": dice.seconds(90), "error": error, "attempt": 1 + dice.roll(3),
            "parameters": {"branch": dice.pick(&BRANCHES)}, "request": SLOT,
        },
    })
}

fn banish(dice: &mut Dice, daemon: &str) -> Value {
    let (count, total) = (1 + dice.roll(60), dice.seconds(900));
    json!({
        "spell_name": "banish", "daemon_name": daemon, "success": true,
        "description": format!("{} leaves the circle after {count} invocations.", daemon.to_uppercase()),
        "metadata": {
            "invocation_count": count, "total_time": total, "daemon_name": daemon, "is_active": false,
            "total_invocations": count, "total_execution_time": total,
            "average_execution_time": (total / count as f64 * 1000.0).round() / 1000.0, "request": SLOT,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_varied_stream_is_always_the_same_and_never_uniform() {
        let (once, again) = (varied(), varied());
        assert_eq!(once, again);
        let different: HashSet<&str> = once.iter().map(|template| template.before.as_str()).collect();
        assert!(different.len() > VARIED_EVENTS * 9 / 10, "{}", different.len());
    }

    #[test]
    fn every_event_is_json_and_has_its_stamp_once() {
        for template in varied().iter().chain(&uniform()) {
            let mut bytes = Vec::new();
            template.write(Stamp { at_ns: 7, number: 42 }, &mut bytes);
            let event: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(event["metadata"]["request"], "~at:000000000000007#0000000042~");
            assert!(event["spell_name"].is_string() && !template.after.contains(SLOT));
        }
    }
}
