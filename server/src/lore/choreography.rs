//! Which sync directives an outcome gets. Pure.

use arcane_shared::{Metadata, SpellName, SyncDirectives};

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
        SpellName::Invoke if metadata.get("denied").is_some() => "The ward refuses",
        SpellName::Invoke => "Rune destabilization detected",
        SpellName::Banish => "There is nothing to banish",
        SpellName::Reveal => "The veil does not part",
        SpellName::Parse => "The runes do not know these words",
        SpellName::Voice => "The voice is lost in the aether",
    };
    SyncDirectives { display_text: Some(text.into()), invert: spell != SpellName::Parse, ..directives }
}

#[cfg(test)]
mod tests {
    use super::*;

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
