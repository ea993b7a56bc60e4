//! What the realm knows by heart: the three daemons of old, sentences, voice lines. Pure.

pub(crate) mod choreography;

use arcane_shared::DaemonName;
use arcane_shared::roster::{ACKNOWLEDGE, ENRICH, FORGET, PROGRESS};

/// What is known of a daemon before anybody configured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Legend {
    pub(crate) name: &'static str,
    pub(crate) role: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) model: &'static str,
    pub(crate) capabilities: &'static [&'static str],
    hue: &'static str,
    manner: &'static str,
    tone: &'static str,
}

/// The three that every realm knows.
pub(crate) const LEGENDS: [Legend; 3] = [
    Legend {
        name: "claude",
        role: "Keeper of Logic and Reason",
        domain: "Reasoning and Analysis",
        model: "claude-3-5-sonnet-20241022",
        capabilities: &["reasoning", "analysis", "code_generation", "logic"],
        hue: "purple",
        manner: "flawless logic",
        tone: "Measured resonance with analytical undertones",
    },
    Legend {
        name: "gemini",
        role: "Weaver of Dreams and Innovation",
        domain: "Creativity and Multimodality",
        model: "gemini-2.0-flash-exp",
        capabilities: &["creativity", "multimodal", "vision", "innovation"],
        hue: "amber",
        manner: "radiant imagination",
        tone: "Warm, imaginative cadence with luminous flair",
    },
    Legend {
        name: "liquidmetal",
        role: "Master of Transformation and Flow",
        domain: "Transformation and Adaptation",
        model: "liquidmetal-adaptive-v1",
        capabilities: &["transformation", "adaptation", "flow", "custom_tasks"],
        hue: "cyan",
        manner: "effortless flow",
        tone: "Fluid metallic harmony with adaptive texture",
    },
];

/// How a daemon without a legend sounds.
const PLAIN_TONE: &str = "Clear voice of an unbound spirit";

pub(crate) fn legend(daemon: &DaemonName) -> Option<&'static Legend> {
    LEGENDS.iter().find(|legend| legend.name == daemon.as_str())
}

/// A moment at which a daemon speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceMoment {
    /// It was summoned.
    Summon,
    /// It performed a task.
    Invoke,
    /// It was banished.
    Banish,
    /// Something failed.
    Failure,
}

impl VoiceMoment {
    /// Its name in `metadata.event`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summon => "summon",
            Self::Invoke => "invoke",
            Self::Banish => "banish",
            Self::Failure => "failure",
        }
    }

    /// The moment of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Summon, Self::Invoke, Self::Banish, Self::Failure]
            .into_iter()
            .find(|moment| moment.as_str() == name)
    }

    /// What is said then, in the words of the seed's system.
    #[must_use]
    pub fn line(self) -> &'static str {
        match self {
            Self::Summon => "I rise from the depths of code.",
            Self::Invoke => "Let the code flow through me.",
            Self::Banish => "I return to the void.",
            Self::Failure => "The incantation fractures; the ether recoils.",
        }
    }
}

pub(crate) fn tone(daemon: &DaemonName) -> &'static str {
    legend(daemon).map_or(PLAIN_TONE, |legend| legend.tone)
}

pub(crate) fn summon(daemon: &DaemonName, success: bool) -> String {
    let name = shout(daemon);
    if !success {
        return format!("✨ The circle for {name} flickers and closes: nothing answers the call. ✨");
    }
    let hue = legend(daemon).map_or("pale", |legend| legend.hue);
    format!("✨ The runes pulse with {hue} energy as {name} materializes from the aether! ✨")
}

pub(crate) fn invoke(daemon: &DaemonName, execution_time: f64, success: bool) -> String {
    let name = shout(daemon);
    if !success {
        return format!("✨ The weave tears: {name} falters after {execution_time:.3} seconds. ✨");
    }
    let manner = legend(daemon).map_or("quiet mastery", |legend| legend.manner);
    format!(
        "✨ The runes shimmer! {name} completes the task in {execution_time:.3} seconds with {manner}. ✨"
    )
}

/// For a daemon that gives its task back.
pub(crate) fn echo(daemon: &DaemonName) -> String {
    format!("✨ {} hears the task and gives it back: no program is connected. ✨", shout(daemon))
}

/// For an invocation that never began.
pub(crate) fn unanswered(daemon: &DaemonName, reason: &str) -> String {
    format!("✨ The call to {} goes unanswered: {reason}. ✨", shout(daemon))
}

/// `invocation_count`: how many tasks it was given, if somebody counted.
pub(crate) fn banish(daemon: &DaemonName, invocation_count: Option<u64>, success: bool) -> String {
    let name = shout(daemon);
    if !success {
        return format!("✨ The words of banishment find no {name} to hold. ✨");
    }
    let after = invocation_count.map(|count| format!(" after {count} task(s)")).unwrap_or_default();
    format!("✨ The aether swirls and dissipates... {name} returns to the void{after}. ✨")
}

/// For a REVEAL that a publisher tells of a daemon, which is no look at it.
pub(crate) fn told_of(daemon: &DaemonName, query_type: &str) -> Option<String> {
    let name = shout(daemon);
    let told = match query_type {
        ACKNOWLEDGE => format!("The failure of {name} was seen."),
        FORGET => format!("The realm forgets {daemon}."),
        PROGRESS => format!("{name} bends over the task..."),
        ENRICH => format!("The price of what {name} did is told."),
        _ => return None,
    };
    Some(format!("✨ {told} ✨"))
}

pub(crate) fn reveal(daemon: Option<&DaemonName>, is_active: bool) -> String {
    match daemon {
        None => "✨ The cosmic veil parts, revealing the status of all daemon entities... ✨".into(),
        Some(daemon) if is_active => format!("✨ The veil thins: {} walks the realm. ✨", shout(daemon)),
        Some(daemon) => format!("✨ The veil thins: {} rests in the void. ✨", shout(daemon)),
    }
}

/// Longest quotation in a sentence, characters.
const QUOTE_MAX: usize = 200;

pub(crate) fn parse(spell_text: &str, action: Option<&str>) -> String {
    let quoted: String = spell_text.chars().take(QUOTE_MAX).collect();
    match action {
        Some(action) => {
            format!("✨ The ancient runes decode your incantation: '{quoted}' → Action: {action} ✨")
        }
        None => format!("✨ The runes stay dark: '{quoted}' is no incantation they know. ✨"),
    }
}

pub(crate) fn shout(daemon: &DaemonName) -> String {
    daemon.as_str().to_uppercase()
}
