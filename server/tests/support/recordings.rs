//! What agents' programs sent to their hooks, as it was recorded.

use serde::Deserialize;
use serde_json::Value;

/// One payload of a recording.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorded {
    pub event: String,
    /// Seconds since the session's first hook.
    pub at: f64,
    pub payload: Value,
}

/// A recording: `claude/tui`.
pub fn recording(name: &str) -> Vec<Recorded> {
    let path = format!("{}/tests/recordings/{name}.ndjson", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
