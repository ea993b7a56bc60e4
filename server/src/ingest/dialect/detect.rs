//! Which agent a payload is of. Several run each other's hooks, so the address alone says nothing. Pure.

use serde_json::Value;

use super::super::payload::Fields;
use super::Agent;

/// Folders that only one agent keeps its transcripts in.
const TRANSCRIPTS: [(&str, Agent); 6] = [
    ("/.claude/projects/", Agent::Claude),
    ("/.codex/sessions/", Agent::Codex),
    ("/.gemini/tmp/", Agent::Gemini),
    ("/.qwen/projects/", Agent::Qwen),
    ("/.copilot/session-state/", Agent::Copilot),
    ("/.cursor/projects/", Agent::Cursor),
];

/// The agent of a payload; `None`: its shape is nobody's. `named`: whose hook it came by, which tells between those that it may be of.
pub(crate) fn detect(payload: &Value, named: Option<Agent>) -> Option<Agent> {
    let fields = Fields::of(payload)?;
    if fields.has("toolCall") || fields.has("conversationId") && fields.has("stepIdx") {
        return Some(Agent::Antigravity);
    }
    if fields.has("conversation_id") || fields.has("generation_id") || fields.has("cursor_version") {
        return Some(Agent::Cursor);
    }
    let transcript =
        fields.text(&["transcript_path", "transcriptPath"]).unwrap_or_default().replace('\\', "/");
    if let Some((_, agent)) = TRANSCRIPTS.iter().find(|(folder, _)| transcript.contains(folder)) {
        return Some(*agent);
    }
    if fields.has("traceparent") || fields.has("sessionId") || fields.has("initial_prompt") {
        return Some(Agent::Copilot);
    }
    if fields.has("hook") && fields.has("input") || fields.has("type") && fields.has("properties") {
        return Some(Agent::Opencode);
    }
    let event = fields.text(&["hook_event_name"])?;
    if fields.has("turn_id") && !fields.has("message_id") {
        return Some(Agent::Codex);
    }
    if fields.has("timestamp") {
        return Some(if fields.has("permission_mode") { Agent::Qwen } else { Agent::Gemini });
    }
    if matches!(
        event,
        "BeforeAgent" | "AfterAgent" | "BeforeTool" | "AfterTool" | "BeforeModel" | "AfterModel"
    ) {
        return Some(Agent::Gemini);
    }
    if !fields.has("session_id") {
        return None;
    }
    // Claude Code always has a transcript; Codex, which speaks its dialect, may keep none.
    let is_codex = transcript.is_empty() && named == Some(Agent::Codex);
    Some(if is_codex { Agent::Codex } else { Agent::Claude })
}
