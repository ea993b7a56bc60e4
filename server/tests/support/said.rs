//! What people and models say, and what files and tools give, in hooks and telemetry of agents.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value as Any};
use prost::Message;
use serde_json::Value;

/// Fields of hooks, and attributes of telemetry, in which people, models, files and tools speak.
const CONTENT: &[&str] = &[
    "prompt",
    "prompts",
    "initialPrompt",
    "initial_prompt",
    "submitted_prompt",
    "transformedPrompt",
    "taskPrompt",
    "user_prompt",
    "delta",
    "displayed_text",
    "last_assistant_message",
    "prompt_response",
    "response",
    "compact_summary",
    "content",
    "old_string",
    "new_string",
    "old_str",
    "new_str",
    "file_text",
    "instruction",
    "diff",
    "patch",
    "fileDiff",
    "tool_response",
    "toolResult",
    "tool_result",
    "llm_request",
    "llm_response",
    "llmContent",
    "returnDisplay",
    "result_display",
    "stdout",
    "stderr",
    "output",
    "text",
    "messages",
    "result",
    "execution_summary",
    "reasoning",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "ai.prompt",
    "ai.prompt.messages",
    "ai.response.text",
    "ai.toolCall.result",
];
/// Fields that are told, also where they stand within what a tool gave: what a call does in a line, and names.
const TOLD: &[&str] = &[
    "command",
    "cmd",
    "rootCommand",
    "ruleContent",
    "patterns",
    "description",
    "question",
    "file_path",
    "filePath",
    "filepath",
    "file",
    "path",
    "cwd",
    "directory",
    "tool_name",
    "toolName",
    "name",
    "model",
    "modelID",
    "providerID",
    "resolvedModel",
    "type",
    "agent_type",
    "subagent_type",
    "agentType",
    "agent_name",
    "subagentName",
    "agentName",
    "terminateReason",
    "hook_event_name",
    "sessionID",
    "sessionId",
    "session_id",
    "id",
    "callId",
    "agentId",
    "agent_id",
    "full_command",
    "bash_command",
    "url",
    "role",
    "status",
    "finishReason",
];
/// Shortest text that is looked for, characters.
const TEXT_CHARS_MIN: usize = 13;
/// What is told of a text may be its beginning: so many characters of it are looked for, too.
const BEGINNING_CHARS: usize = 32;
/// What a patch that is given to a shell begins with.
const PATCH: &str = "*** Begin Patch";

/// Texts of one recording.
#[derive(Debug, Default)]
pub struct Texts {
    /// Lines of what may not be told.
    content: BTreeSet<String>,
    /// First lines of what may be an error: an event's `error` has them.
    pub first: BTreeSet<String>,
    told: BTreeSet<String>,
}

impl Texts {
    /// Adds what a payload says.
    pub fn read_hook(&mut self, payload: &Value) {
        self.read(payload, "", false);
    }

    fn read(&mut self, value: &Value, key: &str, within: bool) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.read(value, key, within || CONTENT.contains(&key.as_str()));
                }
            }
            Value::Array(all) => all.iter().for_each(|one| self.read(one, key, within)),
            Value::String(text) => self.say(text, key, within),
            _ => {}
        }
    }

    fn say(&mut self, text: &str, key: &str, within: bool) {
        let is_patch = text.contains(PATCH);
        if TOLD.contains(&key) && !is_patch {
            self.told.insert(text.to_owned());
        } else if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
            // Arguments and results of tools in a text of their own.
            self.read(&inner, key, within);
        } else if within || is_patch || CONTENT.contains(&key) {
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            self.first.extend(lines.clone().next().map(str::to_owned));
            let long = lines.by_ref().filter(|line| line.chars().count() >= TEXT_CHARS_MIN);
            self.content.extend(long.map(str::to_owned));
        }
    }

    /// Adds what attributes, bodies and states of telemetry say.
    pub fn read_telemetry(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let (Some(Value::String(key)), Some(value)) = (fields.get("key"), fields.get("value")) {
                    let key = key.rsplit('.').next().filter(|last| TOLD.contains(last)).unwrap_or(key);
                    self.read(value, key, CONTENT.contains(&key));
                    let text = value.get("stringValue").and_then(Value::as_str).unwrap_or_default();
                    self.say(text, key, false);
                } else {
                    fields.values().for_each(|value| self.read_telemetry(value));
                }
            }
            Value::Array(all) => all.iter().for_each(|one| self.read_telemetry(one)),
            _ => {}
        }
    }

    /// Adds what telemetry in protobuf says.
    pub fn read_protobuf(&mut self, bytes: &[u8]) {
        let request = ExportLogsServiceRequest::decode(bytes).unwrap_or_default();
        let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
        for record in scopes.flat_map(|scope| &scope.log_records) {
            for pair in &record.attributes {
                if let Some(AnyValue { value: Some(Any::StringValue(text)) }) = &pair.value {
                    self.say(text, &pair.key, false);
                }
            }
        }
    }

    /// What is to be looked for: lines, and how long ones begin, without what is told.
    pub fn sought(&self) -> BTreeSet<String> {
        let beginning = |line: &String| line.chars().take(BEGINNING_CHARS).collect::<String>();
        let all = self.content.iter().flat_map(|line| [line.clone(), beginning(line)]);
        all.filter(|text| !self.told.iter().any(|told| told.contains(text.as_str()))).collect()
    }
}

/// Adds a text behind every text of a hook that people, models, files and tools say.
pub fn add_to_hook(payload: &mut Value, more: &str) {
    add(payload, "", false, more);
}

fn add(value: &mut Value, key: &str, within: bool, more: &str) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                add(value, key, within || CONTENT.contains(&key.as_str()), more);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| add(one, key, within, more)),
        Value::String(text) => {
            let is_json = serde_json::from_str::<Value>(text).is_ok_and(|inner| !inner.is_number());
            if text.contains(PATCH) || within && !TOLD.contains(&key) && !is_json {
                text.push('\n');
                text.push_str(more);
            }
        }
        _ => {}
    }
}

/// Adds a text behind every text of telemetry that people, models, files and tools say.
pub fn add_to_telemetry(value: &mut Value, more: &str) {
    match value {
        Value::Object(fields) => {
            let is_content =
                fields.get("key").and_then(Value::as_str).is_some_and(|key| CONTENT.contains(&key));
            match fields.get_mut("value") {
                Some(value) if is_content => add(value, "", true, more),
                _ => fields.values_mut().for_each(|value| add_to_telemetry(value, more)),
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| add_to_telemetry(one, more)),
        _ => {}
    }
}
