//! What an event gets that its publisher left out: its sentence, how it is shown, and the fields of its spell. Pure.

use arcane_shared::{ArcaneEvent, DaemonName, Metadata, SpellName, Timestamp};
use serde_json::Value;

use super::Draft;
use crate::event::{Completed, metadata};
use crate::lore::{self, choreography};

/// An event that lacks nothing. `now` is its time if it has none of its own.
pub(super) fn complete(draft: Draft, now: Timestamp) -> Completed {
    let Draft { spell_name, daemon_name, timestamp, success, description, metadata, directives } = draft;
    let description =
        description.unwrap_or_else(|| describe(spell_name, daemon_name.as_ref(), success, &metadata));
    let directives = directives.unwrap_or_else(|| choreography::direct(spell_name, success, &metadata));
    let mut event = ArcaneEvent {
        spell_name,
        daemon_name,
        timestamp: timestamp.unwrap_or(now),
        success,
        description,
        metadata,
        seq: None,
        room: None,
    };
    metadata::complete(&mut event);
    Completed { event, directives }
}

/// What a description has of a question that was told beside it, characters.
const ASKED_CHARS_MAX: usize = 200;

fn describe(spell: SpellName, daemon: Option<&DaemonName>, success: bool, metadata: &Metadata) -> String {
    let number = |key: &str| metadata.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    let count = |key: &str| metadata.get(key).and_then(Value::as_u64);
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    match (spell, daemon) {
        (SpellName::Summon, Some(daemon)) => lore::summon(daemon, success),
        (SpellName::Invoke, Some(daemon)) if success && text("conduit") == Some("echo") => lore::echo(daemon),
        (SpellName::Invoke, Some(daemon)) => lore::invoke(daemon, number("execution_time"), success),
        (SpellName::Banish, Some(daemon)) => lore::banish(daemon, count("invocation_count"), success),
        (SpellName::Parse, _) => {
            lore::parse(text("spell_text").unwrap_or_default(), text("parsed_action").filter(|_| success))
        }
        (SpellName::Reveal, daemon) => {
            let told = daemon.zip(text("query_type")).and_then(|(daemon, kind)| lore::told_of(daemon, kind));
            let is_active = metadata.get("is_active").and_then(Value::as_bool).unwrap_or(false);
            told.unwrap_or_else(|| lore::reveal(daemon, is_active))
        }
        // The question itself says more than any sentence about it.
        (SpellName::Voice, _)
            if metadata.get("attention") == Some(&Value::Bool(true))
                && text("text").or(text("why")).is_some_and(|asked| !asked.trim().is_empty()) =>
        {
            text("text").or(text("why")).unwrap_or_default().chars().take(ASKED_CHARS_MAX).collect()
        }
        (spell, _) => format!("✨ The aether stirs: {spell}. ✨"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(value: &Value) -> Draft {
        super::super::read_one(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_echo_is_told_as_one() {
        let invoked = |conduit: &str| {
            let metadata = json!({"task": "x", "execution_time": 0.5, "conduit": conduit});
            let draft =
                draft(&json!({"spell_name": "invoke", "daemon_name": "claude", "metadata": metadata}));
            complete(draft, Timestamp::from_unix_micros(0)).event.description
        };
        insta::assert_snapshot!(invoked("echo"), @"✨ CLAUDE hears the task and gives it back: no program is connected. ✨");
        insta::assert_snapshot!(invoked("command"), @"✨ The runes shimmer! CLAUDE completes the task in 0.500 seconds with flawless logic. ✨");
    }

    #[test]
    fn a_failed_summon_reads_the_same_whoever_tells_of_it() {
        let now = Timestamp::from_unix_micros(0);
        let metadata = json!({"model": "unknown", "error": "the realm is full"});
        let outside = draft(&json!({
            "spell_name": "summon", "daemon_name": "codex", "success": false, "metadata": metadata
        }));
        let Value::Object(metadata) = metadata else { unreachable!() };
        let realm = Draft {
            spell_name: SpellName::Summon,
            daemon_name: Some(DaemonName::parse("codex").unwrap()),
            timestamp: None,
            success: false,
            description: None,
            metadata,
            directives: None,
        };
        let (outside, realm) = (complete(outside, now), complete(realm, now));
        assert_eq!(outside.event, realm.event);
        assert_eq!(outside.directives, realm.directives);
        assert_eq!(outside.directives.display_text.as_deref(), Some("The circle refuses to close"));
    }

    #[test]
    fn a_wait_is_described_by_its_question() {
        let described = |metadata: Value| {
            let draft = draft(&json!({"spell_name": "voice", "daemon_name": "codex", "metadata": metadata}));
            complete(draft, Timestamp::from_unix_micros(0)).event.description
        };
        let wait = |more: Value| {
            let mut wait = json!({"event": "await", "attention": true});
            let (Value::Object(wait_), Value::Object(more)) = (&mut wait, more) else { unreachable!() };
            wait_.extend(more);
            described(wait)
        };
        assert_eq!(
            wait(json!({"text": "run terraform apply?", "why": "permission"})),
            "run terraform apply?"
        );
        assert_eq!(wait(json!({"why": "permission"})), "permission");
        assert_eq!(wait(json!({"text": "x".repeat(5_000)})).len(), ASKED_CHARS_MAX);
        assert_eq!(described(json!({"event": "speech", "text": "x"})), "✨ The aether stirs: voice. ✨");
    }

    #[test]
    fn what_its_publisher_says_stays() {
        let said = draft(&json!({
            "spell_name": "reveal", "description": "said", "timestamp": "2025-10-24T12:35:10Z"
        }));
        let event = complete(said, Timestamp::from_unix_micros(0)).event;
        assert_eq!(event.description, "said");
        assert_eq!(event.timestamp.to_string(), "2025-10-24T12:35:10.000000");
    }
}
