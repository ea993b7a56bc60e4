//! Who plays in the demo: four agents in two projects on two machines, and a subagent of one of them.

use arcane_shared::DaemonName;

/// Who says what the demo is: the demo itself, which is no agent.
pub(super) const NARRATOR: &str = "demo";

/// One of the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Claude,
    Codex,
    Gemini,
    LiquidMetal,
    /// A subagent that Claude starts.
    Reviewer,
}

/// Where an agent works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) project: &'static str,
    pub(super) host: &'static str,
}

const WEBSHOP: Place = Place { project: "webshop", host: "kestrel" };
const LEDGER: Place = Place { project: "ledger", host: "forge-2" };

impl Who {
    #[cfg(test)]
    pub(super) const ALL: [Self; 5] =
        [Self::Claude, Self::Codex, Self::Gemini, Self::LiquidMetal, Self::Reviewer];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::LiquidMetal => "liquidmetal",
            Self::Reviewer => "reviewer",
        }
    }

    pub(super) fn daemon(self) -> DaemonName {
        DaemonName::parse(self.name()).expect("the cast has names that daemons may have")
    }

    pub(super) fn model(self) -> &'static str {
        match self {
            Self::Claude => "claude-opus-5-5",
            Self::Codex => "gpt-6.2-sol",
            Self::Gemini => "gemini-3.8-flash",
            Self::LiquidMetal => "liquidmetal-adaptive-v1",
            Self::Reviewer => "claude-haiku-5-5",
        }
    }

    pub(super) fn place(self) -> Place {
        match self {
            Self::Claude | Self::Gemini | Self::Reviewer => WEBSHOP,
            Self::Codex | Self::LiquidMetal => LEDGER,
        }
    }

    /// Who started it, if it is a subagent.
    pub(super) fn parent(self) -> Option<Self> {
        (self == Self::Reviewer).then_some(Self::Claude)
    }

    /// Whether such an agent says itself what its requests cost; of the others a server computes it.
    pub(super) fn reports_cost(self) -> bool {
        !matches!(self, Self::Codex | Self::Gemini)
    }
}

/// The name by which the demo itself speaks.
pub(super) fn narrator() -> DaemonName {
    DaemonName::parse(NARRATOR).expect("it is a name that daemons may have")
}
