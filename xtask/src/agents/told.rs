//! What the bus tells of an agent, counted from its events. Pure.

use std::collections::HashMap;

use serde_json::Value;

/// Counts of what was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) sessions: u64,
    pub(crate) ends: u64,
    pub(crate) prompts: u64,
    /// Calls that began; that ended, or were closed.
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    /// Of those that ended: failed, or refused.
    pub(crate) failed: u64,
    pub(crate) subagents: u64,
    pub(crate) subagents_gone: u64,
    pub(crate) waits: u64,
    pub(crate) tokens: Tokens,
    /// Calls whose beginning or end was told more than once.
    pub(crate) repeated: u64,
}

/// Tokens as the bus counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Without what came from a cache.
    pub(crate) input: u64,
    /// With what was thought.
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
}

impl Told {
    /// Counts events of a room.
    pub(crate) fn of(events: &[Value]) -> Self {
        let mut told = Self::default();
        let (mut begun, mut ended) = (HashMap::new(), HashMap::new());
        for event in events {
            let metadata = &event["metadata"];
            let is = |name: &str, value: &str| metadata[name] == value;
            // Subagents of a session have calls of their own, also where ids are made for them.
            let call = || ["session", "agent_id", "call_id"].map(|name| metadata[name].to_string());
            let is_subagent = metadata["parent_daemon"].is_string();
            match event["spell_name"].as_str().unwrap_or_default() {
                "summon" if is_subagent => told.subagents += 1,
                "summon" => told.sessions += 1,
                "banish" if is_subagent => told.subagents_gone += 1,
                "banish" => told.ends += 1,
                "parse" => told.prompts += 1,
                "voice" if metadata["attention"] == true => told.waits += 1,
                "invoke" if !is("tool", "turn") => {
                    told.failed += u64::from(event["success"] == false);
                    *ended.entry(call()).or_insert(0) += 1;
                }
                "reveal" if is("query_type", "progress") && is("phase", "begin") => {
                    *begun.entry(call()).or_insert(0) += 1;
                }
                "reveal" if is("query_type", "progress") && is("phase", "end") => {
                    *ended.entry(call()).or_insert(0) += 1;
                }
                // Learned later, of a call that was taken for a success.
                "reveal" if is("query_type", "enrich") && !metadata["error"].is_null() => told.failed += 1,
                _ => {}
            }
            let tokens = |name: &str| metadata[name].as_u64().unwrap_or(0);
            told.tokens.input += tokens("input_tokens");
            told.tokens.output += tokens("output_tokens");
            told.tokens.cache_read += tokens("cache_read_tokens");
            told.tokens.cache_write += tokens("cache_write_tokens");
        }
        told.begun = begun.values().sum();
        told.ended = ended.values().sum();
        told.repeated = begun.values().chain(ended.values()).map(|times| times - 1).sum();
        told
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "rows of a table are made where they are used")]
    fn event(spell: &str, success: bool, metadata: Value) -> Value {
        json!({"spell_name": spell, "success": success, "metadata": metadata})
    }

    #[test]
    fn a_session_is_counted_by_what_its_events_say() {
        let call = |id: &str, phase: &str| json!({"session": "s", "call_id": id, "query_type": "progress", "phase": phase});
        let events = [
            event("summon", true, json!({"session": "s"})),
            event("parse", true, json!({})),
            event("reveal", true, call("1", "begin")),
            event(
                "invoke",
                false,
                json!({"session": "s", "call_id": "1", "tool": "Bash", "error": "exit 1"}),
            ),
            event("reveal", true, call("2", "begin")),
            event("voice", true, json!({"attention": true})),
            event("reveal", true, call("2", "continue")),
            event("reveal", true, call("2", "end")),
            event("summon", true, json!({"parent_daemon": "claude"})),
            event("reveal", true, json!({"query_type": "enrich", "input_tokens": 7, "output_tokens": 1})),
            event("reveal", true, json!({"query_type": "enrich", "call_id": "3", "error": "exit 1"})),
            event("invoke", false, json!({"tool": "turn"})),
            event("banish", true, json!({"parent_daemon": "claude"})),
            event("banish", true, json!({"session": "s"})),
        ];
        let told = Told::of(&events);
        let tokens = Tokens { input: 7, output: 1, ..Tokens::default() };
        let expected = Told {
            sessions: 1,
            ends: 1,
            prompts: 1,
            begun: 2,
            ended: 2,
            failed: 2,
            subagents: 1,
            subagents_gone: 1,
            waits: 1,
            tokens,
            repeated: 0,
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_call_that_ends_twice_is_repeated() {
        let end = event("invoke", true, json!({"session": "s", "call_id": "1", "tool": "Bash"}));
        assert_eq!(Told::of(&[end.clone(), end]).repeated, 1);
    }
}
