//! The agents that are driven: their names, how they are told what to do, and what their own hooks do not tell. Pure.

/// An agent whose program is on npm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agent {
    Claude,
    Codex,
    Gemini,
    Copilot,
    Qwen,
    Opencode,
}

/// What an agent tells of itself, by its hooks and its telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The end of a session.
    pub(crate) tells_end: bool,
    /// Tokens of what it asks the model beside the conversation: titles of sessions, for example.
    pub(crate) tells_asides: bool,
    /// Calls that a human refused: that they were made, and that they were refused.
    pub(crate) tells_refused: bool,
}

impl Agent {
    pub(crate) const ALL: [Self; 6] =
        [Self::Claude, Self::Codex, Self::Gemini, Self::Copilot, Self::Qwen, Self::Opencode];

    /// What `arcane attach` calls it, and its daemon's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
            Self::Qwen => "qwen",
            Self::Opencode => "opencode",
        }
    }

    /// Its program's name.
    pub(crate) fn program(self) -> &'static str {
        self.name()
    }

    /// Its package's name.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Claude => "@anthropic-ai/claude-code",
            Self::Codex => "@openai/codex",
            Self::Gemini => "@google/gemini-cli",
            Self::Copilot => "@github/copilot",
            Self::Qwen => "@qwen-code/qwen-code",
            Self::Opencode => "opencode-ai",
        }
    }

    /// The kind of subagent that it is asked for.
    pub(crate) fn subagent(self) -> &'static str {
        match self {
            Self::Claude | Self::Copilot | Self::Qwen => "general-purpose",
            Self::Codex => "default",
            Self::Gemini => "generalist",
            Self::Opencode => "general",
        }
    }

    /// The arguments of a session without a terminal, which asks nobody.
    pub(crate) fn headless(self, prompt: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Claude => &["--output-format", "json", "-p"],
            // Nobody is there who could trust the new hooks.
            Self::Codex => &["exec", "--json", "--dangerously-bypass-hook-trust"],
            Self::Gemini => &["--approval-mode=yolo", "-m", "gemini-2.5-pro", "-o", "json", "-p"],
            Self::Copilot => &["--allow-all-tools", "--no-auto-update", "-p"],
            Self::Qwen => &["--approval-mode=yolo", "-o", "json", "-p"],
            Self::Opencode => &["run", "--format", "json"],
        };
        words.iter().copied().chain([prompt]).map(str::to_owned).collect()
    }

    /// What comes through the agent's own hooks and telemetry.
    pub(crate) fn limits(self) -> Limits {
        // opencode says that a session is idle, never that it is over, and nothing of what a title costs.
        let tells = self != Self::Opencode;
        // Qwen asks before a call begins: of one that is refused there is nothing but the wait.
        Limits { tells_end: tells, tells_asides: tells, tells_refused: self != Self::Qwen }
    }
}
