//! Which program sends telemetry: an agent that is known, or any other that follows the conventions for generative AI. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use arcane_shared::{DaemonName, Timestamp};

use super::super::dialect::Agent;
use super::super::payload::cut;
use super::super::secrets::masked;
use super::super::sign::{Via, Who};
use super::model::{Attributes, Value};

/// A program that sends telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// The agent, if it is one that has hooks as well.
    pub(super) agent: Option<Agent>,
    /// What it goes by.
    pub(super) daemon: DaemonName,
    /// The session that all of it is of, if its resource says.
    pub(super) session: Option<Box<str>>,
    /// Tells its resource from all others.
    pub(super) print: u64,
}

impl Program {
    pub(super) fn of(resource: &Attributes<'_>) -> Self {
        let service = resource.text("service.name").unwrap_or_default();
        let agent = agent_of(service);
        let daemon = agent.map(Agent::daemon).or_else(|| daemon_named(service));
        Self {
            agent,
            daemon: daemon.unwrap_or_else(nobody),
            session: resource.name(&["session.id"]),
            print: print(resource),
        }
    }

    /// Its dialect, as `metadata.source` says it.
    pub(super) fn source(&self) -> &'static str {
        match self.agent {
            Some(Agent::Claude) => "claude-otlp",
            Some(Agent::Codex) => "codex-otlp",
            Some(Agent::Gemini) => "gemini-otlp",
            Some(Agent::Copilot) => "copilot-otlp",
            Some(Agent::Qwen) => "qwen-otlp",
            Some(Agent::Opencode) => "opencode-otlp",
            _ => "otlp",
        }
    }

    /// Which way its signs come: hooks go before.
    pub(super) fn via(&self) -> Via {
        if self.agent.is_some() { Via::Twin } else { Via::Live }
    }

    pub(super) fn who(&self, session: Box<str>, at: Option<Timestamp>) -> Who {
        Who { at, ..Who::of(self.daemon.clone(), session) }
    }
}

/// The agent whose service it is.
fn agent_of(service: &str) -> Option<Agent> {
    match service {
        "claude-code" | "claude-code-desktop" => Some(Agent::Claude),
        "gemini-cli" => Some(Agent::Gemini),
        "github-copilot" | "copilot-chat" => Some(Agent::Copilot),
        "qwen-code" => Some(Agent::Qwen),
        "opencode" => Some(Agent::Opencode),
        service if service.starts_with("codex_") || service == "codex" => Some(Agent::Codex),
        _ => None,
    }
}

/// A daemon's name for a service's or an agent's; `None`: nothing of it can stand in one.
pub(super) fn daemon_named(told: &str) -> Option<DaemonName> {
    // What the SDKs say where nobody named the service.
    let told = if told.starts_with("unknown_service") { "" } else { told };
    let mut name = String::new();
    for c in masked(told).chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' | '.' | '_' | '-' => name.push(c),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
        if name.len() >= 64 {
            break;
        }
    }
    DaemonName::parse(cut(name.trim_matches(['-', '.', '_']), 64)).ok()
}

/// The daemon of a program that names neither itself nor its agent.
fn nobody() -> DaemonName {
    DaemonName::parse("agent").expect("it is a name")
}

/// Attributes as a number, in whatever order they are.
pub(super) fn print(attributes: &Attributes<'_>) -> u64 {
    attributes.iter().fold(0, |all, (key, value)| {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        match value {
            Value::Text(text) => text.hash(&mut hasher),
            Value::Int(int) => int.hash(&mut hasher),
            Value::Bool(flag) => flag.hash(&mut hasher),
            Value::Double(double) => double.to_bits().hash(&mut hasher),
            Value::Other => {}
        }
        all ^ hasher.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_agents_become_names() {
        for (told, name) in [
            ("Weather Agent", Some("weather-agent")),
            ("unknown_service:python", None),
            ("日本", None),
            ("--x--", Some("x")),
            ("", None),
            ("research.crew", Some("research.crew")),
        ] {
            assert_eq!(daemon_named(told).as_ref().map(DaemonName::as_str), name, "{told}");
        }
        assert!(daemon_named(&"é x".repeat(300)).is_some_and(|name| name.as_str().len() <= 64));
    }
}
