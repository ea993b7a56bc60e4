//! What is dropped before anything is kept: attributes that name people, machines or processes, or hold what was said to a model. Pure.
//!
//! Dialects read attributes by name and no others, so this is the second wall, not the first.

/// Groups of attributes that nobody reads, by how their names begin.
const GROUPS: [&str; 24] = [
    "user.",
    "enduser.",
    "host.",
    "os.",
    "process.owner",
    "process.command",
    "process.args",
    "process.environment",
    "process.parent",
    "process.working_directory",
    "process.executable.path",
    "client.",
    "net.",
    "network.",
    "server.",
    "source.",
    "url.",
    "http.url",
    "http.target",
    "device.",
    "k8s.",
    "container.",
    "ai.prompt",
    "ai.telemetry.metadata.user",
];

/// Single attributes: what was said, to whom, and by whom.
const SINGLE: [&str; 34] = [
    "installation.id",
    "installation_id",
    "organization.id",
    "account.id",
    "account_id",
    "user_account_id",
    "user_account_uuid",
    "user_id",
    "user_email",
    "email",
    "prompt",
    "prompt_text",
    "user_prompt",
    "prompts",
    "response",
    "response_text",
    "request_text",
    "content",
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.tool.definitions",
    "gen_ai.tool.description",
    "gen_ai.tool.call.result",
    "gen_ai.agent.description",
    "gen_ai.event.content",
    "input.value",
    "output.value",
    "ai.response.text",
    "ai.toolCall.result",
    "traceloop.entity.input",
    "traceloop.entity.output",
];

/// Groups of messages, as instrumentations write them one attribute a message.
const MESSAGES: [&str; 5] =
    ["gen_ai.prompt.", "gen_ai.completion.", "llm.input_messages", "llm.output_messages", "llm.prompts"];

/// Whether an attribute of this name may be read.
pub(super) fn may_be_read(name: &str) -> bool {
    // Most names begin like none of these.
    match name.as_bytes().first() {
        None => false,
        Some(first) if !first.is_ascii_lowercase() => true,
        Some(_) => {
            !(GROUPS.iter().any(|group| name.starts_with(group))
                || SINGLE.contains(&name)
                || MESSAGES.iter().any(|group| name.starts_with(group)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_people_machines_and_prompts_is_not_read_and_the_rest_is() {
        for name in [
            "user.id",
            "user.email",
            "host.name",
            "process.command_args",
            "process.owner",
            "prompt",
            "gen_ai.input.messages",
            "gen_ai.prompt.0.content",
            "",
        ] {
            assert!(!may_be_read(name), "{name}");
        }
        for name in [
            "service.name",
            "session.id",
            "prompt.id",
            "prompt_id",
            "prompt_length",
            "gen_ai.usage.input_tokens",
            "process.exit.code",
            "output",
        ] {
            assert!(may_be_read(name), "{name}");
        }
    }
}
