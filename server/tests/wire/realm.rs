//! What a realm at work publishes: as varied as real events, and the same each time.

use serde_json::{Value, json};

/// Repeatable randomness.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `sides - 1`.
    pub fn roll(&mut self, sides: usize) -> usize {
        // The constants of Knuth's MMIX; the high bits are the random ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.roll(from.len())]
    }

    fn digits(&mut self, len: usize, radix: usize) -> String {
        let digit = |_| char::from_digit(self.roll(radix).try_into().unwrap(), radix.try_into().unwrap());
        (0..len).filter_map(digit).collect()
    }
}

const SPELLS: [&str; 8] = ["invoke", "invoke", "invoke", "invoke", "reveal", "summon", "banish", "voice"];
const DAEMONS: [&str; 6] = ["claude", "gemini", "codex", "reviewer-2", "night_watch", "deploy-eu-west"];
const VERBS: [&str; 8] = ["Review", "Rewrite", "Explain", "Test", "Profile", "Translate", "Fix", "Draft"];
const THINGS: [&str; 10] = [
    "the parser of invoices",
    "a haiku about coding",
    "the login page in Portuguese",
    "why the nightly build is red",
    "the migration to the new billing API",
    "a letter to customers in Zürich ✨",
    "crates/engine/src/scheduler.rs",
    "the minutes of Tuesday's meeting",
    "a query that takes nine seconds",
    "unused feature flags",
];

/// `n` events, ready to be published.
pub fn events(n: usize) -> Vec<Value> {
    let mut dice = Dice::new(42);
    (0..n).map(|_| event(&mut dice)).collect()
}

fn event(dice: &mut Dice) -> Value {
    let (spell, daemon) = (dice.pick(&SPELLS), dice.pick(&DAEMONS));
    let success = dice.roll(8) > 0;
    let task = format!("{} {}", dice.pick(&VERBS), dice.pick(&THINGS));
    let took = f64::from(u32::try_from(dice.roll(90_000)).unwrap()) / 1000.0;
    let count = dice.roll(400);
    let details = match spell {
        "invoke" => json!({
            "task": task, "execution_time": took, "invocation_number": count, "conduit": "command",
            "call_id": dice.digits(16, 16), "output": format!("{} {}", dice.pick(&VERBS), dice.pick(&THINGS)),
        }),
        "reveal" => json!({"daemon_count": dice.roll(40), "query_type": "state", "total_invocations": count}),
        "summon" => json!({"model": "claude-3-5-sonnet", "role": format!("Keeper of {task}")}),
        "banish" => json!({"invocation_count": count, "total_time": took, "daemon_name": daemon}),
        _ => json!({"event": "invoke", "tone": "Measured resonance", "text": format!("{task}, in {took} s")}),
    };
    let description = format!("{daemon}, {count} times so far: {task} took {took} s");
    json!({
        "spell_name": spell, "daemon_name": daemon, "success": success, "description": description,
        "metadata": details,
    })
}

/// An event that hardly gets smaller.
pub fn noise(dice: &mut Dice, len: usize) -> Value {
    json!({"spell_name": "invoke", "daemon_name": "claude", "metadata": {"task": dice.digits(len, 36)}})
}
