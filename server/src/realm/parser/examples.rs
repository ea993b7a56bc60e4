//! Spells to learn from.

use arcane_shared::DaemonName;
use arcane_shared::api::{DaemonAliases, ExampleGroup, ExamplesAnswer, SpellAction};

use super::names::KNOWN;

/// One of each form, by what it asks for.
pub(super) const EXAMPLES: [(SpellAction, &[&str]); 4] = [
    (
        SpellAction::Summon,
        &[
            "summon claude",
            "summon the logic keeper",
            "call forth gemini",
            "materialize liquid metal",
            "awaken the dreamer",
            "bring claude to life",
            "summon codex-cli with model=\"gpt-5\"",
        ],
    ),
    (
        SpellAction::Invoke,
        &[
            "invoke claude to explain recursion",
            "invoke the logic keeper to review this function with depth=3 and strict=true",
            "ask gemini to imagine a city of glass",
            "tell gpt-5 to write the release notes",
            "command liquidmetal: turn this table into JSON",
            "invoke gemini for a haiku about the sea with temperature=0.9",
            "claude, check the code",
        ],
    ),
    (
        SpellAction::Banish,
        &["banish claude", "dismiss the dreamer", "send liquid metal back", "release gemini"],
    ),
    (
        SpellAction::Query,
        &[
            "status of claude",
            "check on gemini",
            "show all daemons",
            "list active daemons",
            "which daemons are active",
            "show statistics",
        ],
    ),
];

/// Example spells and the names that are known.
#[must_use]
pub fn examples() -> ExamplesAnswer {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ExamplesAnswer {
        status: "success".to_owned(),
        examples: EXAMPLES
            .iter()
            .map(|(action, spells)| ExampleGroup { action: *action, spells: owned(spells) })
            .collect(),
        daemons: KNOWN
            .iter()
            .filter_map(|(name, aliases)| {
                Some(DaemonAliases { daemon_name: DaemonName::parse(name).ok()?, aliases: owned(aliases) })
            })
            .collect(),
    }
}
