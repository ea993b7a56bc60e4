//! Events as a busy realm makes them: what is measured and tested with is as varied as real ones.

/// Repeatable randomness.
#[derive(Debug)]
pub(in crate::ws) struct Dice(u64);

impl Dice {
    pub(in crate::ws) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `sides - 1`.
    pub(in crate::ws) fn roll(&mut self, sides: u64) -> u64 {
        // The constants of Knuth's MMIX; the high bits are the random ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// 0 to `end - 1`.
    pub(in crate::ws) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll(end as u64)).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const DAEMONS: [(&str, &str); 8] = [
    ("claude", "#8B5CF6"),
    ("gemini", "#F59E0B"),
    ("liquidmetal", "#06B6D4"),
    ("codex", "#10B981"),
    ("reviewer-2", "#EF4444"),
    ("night_watch", "#3B82F6"),
    ("docs.writer", "#EC4899"),
    ("deploy-eu-west", "#84CC16"),
];
const VERBS: [&str; 10] =
    ["Review", "Rewrite", "Explain", "Test", "Profile", "Translate", "Summarise", "Fix", "Draft", "Search"];
const THINGS: [&str; 16] = [
    "the parser of invoices",
    "a haiku about coding",
    "pull request 4711",
    "the login page in Portuguese",
    "why the nightly build is red",
    "yesterday's error budget",
    "the migration to the new billing API",
    "a letter to customers in Zürich",
    "crates/engine/src/scheduler.rs",
    "three variants of the onboarding text",
    "flaky test realm::banish_twice",
    "the minutes of Tuesday's meeting",
    "a query that takes nine seconds",
    "all comments older than a year",
    "the changelog since v2.3.0",
    "unused feature flags",
];
const ERRORS: [&str; 4] = [
    "exit 101",
    "the conduit did not answer in 30 s",
    "no daemon of this name is in the realm",
    "rate limited, try again in 17 s",
];

/// `n` events of one room, as JSON, the same ones each time.
pub(super) fn events(n: u64) -> Vec<String> {
    let mut dice = Dice::new(42);
    let mut millis = 1_761_309_310_123;
    (1..=n)
        .map(|seq| {
            millis += dice.roll(900);
            event(seq, millis, &mut dice)
        })
        .collect()
}

fn event(seq: u64, millis: u64, dice: &mut Dice) -> String {
    let (daemon, color) = DAEMONS[usize::try_from(dice.roll(8)).unwrap()];
    let spell = dice.pick(&["invoke", "invoke", "invoke", "invoke", "reveal", "summon", "banish", "voice"]);
    let success = dice.roll(8) > 0;
    let (minute, micros) = (millis / 60_000 % 60, millis % 60_000 * 1000 + dice.roll(1000));
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let took = dice.roll(90_000);
    let (description, details) = details(spell, daemon, success, took, dice);
    let sync = if success {
        r#""animation":"pulse","particles":"fade_to_idle","audio":"success","invert":false"#
    } else {
        r##""animation":"invert","particles":"halt","audio":"error","invert":true,"display_text":"Rune destabilization detected","text_color":"#FF0000""##
    };
    format!(
        r#"{{"spell_name":"{spell}","daemon_name":"{daemon}","timestamp":"2025-10-24T12:{minute:02}:{seconds:02}.{micros:06}","success":{success},"description":"{description}","metadata":{{{details},"sync":{{"deadline_ms":200,{sync},"emitted_at":{millis}.{}}},"color":"{color}"}},"seq":{seq},"room":"main"}}"#,
        dice.roll(10),
    )
}

fn details(spell: &str, daemon: &str, success: bool, took: u64, dice: &mut Dice) -> (String, String) {
    let task = format!("{} {}", dice.pick(&VERBS), dice.pick(&THINGS));
    let took = format!("{}.{:03}", took / 1000, took % 1000);
    let (number, other) = (dice.roll(400), dice.roll(40));
    let error = if success { String::new() } else { format!(r#","error":"{}""#, dice.pick(&ERRORS)) };
    match spell {
        "invoke" => {
            let call = format!("{:08x}{:08x}", dice.roll(1 << 32), dice.roll(1 << 32));
            let output = format!("{} {}; {} left", dice.pick(&VERBS), dice.pick(&THINGS), dice.roll(50));
            (
                format!("{daemon} completed invocation in {took}s with flawless logic"),
                format!(
                    r#""task":"{task}","execution_time":{took},"parameters":{{"depth":{other}}},"invocation_number":{number},"conduit":"command","call_id":"{call}","output":"{output}"{error}"#
                ),
            )
        }
        "reveal" => (
            format!("The veil parts: {daemon} stands at {number} invocations"),
            format!(
                r#""daemon_count":{other},"query_type":"state","total_invocations":{number},"average_execution_time":{took}{error}"#
            ),
        ),
        "summon" => (
            format!("{daemon} steps out of the circle and awaits its task"),
            format!(r#""model":"claude-3-5-sonnet-20241022","role":"Keeper of {task}"{error}"#),
        ),
        "banish" => (
            format!("{daemon} returns to the aether after {number} invocations"),
            format!(
                r#""invocation_count":{number},"total_time":{took},"daemon_name":"{daemon}","is_active":false,"total_invocations":{number},"total_execution_time":{took},"average_execution_time":{took}{error}"#
            ),
        ),
        _ => (
            format!("{daemon} speaks: {task}"),
            format!(
                r#""event":"invoke","tone":"Measured resonance with analytical undertones","text":"{task}, done in {took} seconds"{error}"#
            ),
        ),
    }
}
