//! The dialects of telemetry: each reads log records and spans of one agent, and gives signs. Pure.

pub(super) mod claude;
pub(super) mod codex;
pub(super) mod copilot;
pub(super) mod gemini;
pub(super) mod genai;
pub(super) mod metrics;
pub(super) mod opencode;
pub(super) mod qwen;
