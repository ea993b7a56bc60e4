//! Which sync directives an outcome gets. Pure.

use arcane_shared::dictionary::{Term, Tongue};
use arcane_shared::{Metadata, SpellName, SyncDirectives};
use serde_json::Value;

/// The directives of one event.
///
/// Successes pulse and fade, failures invert and halt, as in the seed. What was merely looked
/// at, typed or heard makes no sound of its own, and a spell that was not understood does not turn
/// the whole screen.
#[must_use]
pub(crate) fn direct(spell: SpellName, success: bool, metadata: &Metadata) -> SyncDirectives {
    let directives = SyncDirectives::of_outcome(success);
    if success {
        return match spell {
            SpellName::Reveal | SpellName::Parse | SpellName::Voice => directives.silent(),
            SpellName::Summon | SpellName::Invoke | SpellName::Banish => directives,
        };
    }
    let text = match spell {
        SpellName::Summon => "The circle refuses to close",
        SpellName::Invoke if metadata.get("denied").is_some() => denial(metadata),
        SpellName::Invoke => "Rune destabilization detected",
        SpellName::Banish => "There is nothing to banish",
        SpellName::Reveal => "The veil does not part",
        SpellName::Parse => "The runes do not know these words",
        SpellName::Voice => "The voice is lost in the aether",
    };
    SyncDirectives { display_text: Some(text.into()), invert: spell != SpellName::Parse, ..directives }
}

/// Who or what denied a call: a rule, a human at the stage or a shell, nobody in time, or the agent's own prompt or settings.
fn denial(metadata: &Metadata) -> &'static str {
    match metadata.get("via").and_then(Value::as_str) {
        Some("rule") => Tongue::Fantasy.say(Term::DeniedByRule),
        Some("stage" | "cli") => "A human refuses",
        Some("expired" | "withdrawn") => "Nobody answered in time",
        _ => "Refused where it runs",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_denial_says_who_or_what_denied() {
        let said = |via: Value| {
            let metadata = Metadata::from_iter([("denied".into(), json!(true)), ("via".into(), via)]);
            direct(SpellName::Invoke, false, &metadata).display_text.unwrap()
        };
        let all = ["rule", "stage", "cli", "expired", "withdrawn", "terminal"].map(|via| said(json!(via)));
        insta::assert_snapshot!(all.join(" · "), @"The ward refuses · A human refuses · A human refuses · Nobody answered in time · Nobody answered in time · Refused where it runs");
        assert_eq!(said(Value::Null), "Refused where it runs");
    }

    #[test]
    fn every_failure_has_a_text_and_no_success_has() {
        for spell in SpellName::ALL {
            assert!(direct(spell, false, &Metadata::new()).display_text.is_some(), "{spell}");
            assert!(direct(spell, true, &Metadata::new()).display_text.is_none(), "{spell}");
        }
    }

    #[test]
    fn only_deeds_sound() {
        let sounds = |spell| direct(spell, true, &Metadata::new()).audio.is_some();
        let sounding: Vec<_> = SpellName::ALL.into_iter().filter(|spell| sounds(*spell)).collect();
        assert_eq!(sounding, [SpellName::Summon, SpellName::Invoke, SpellName::Banish]);
    }
}
