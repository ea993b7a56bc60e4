//! What a hook is given: its standard input, and what its environment says of the agent.

use std::io::Read;

use anyhow::{Context, bail};
use serde_json::Value;

/// Longest standard input that is read, bytes. What is longer is not sent.
const INPUT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A longer payload has its texts cut: the server takes 8 MiB, unless it is set otherwise.
const SENT_BYTES_MAX: usize = 1024 * 1024;
/// Longest text in a payload that is too long, bytes. The server keeps less of any.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Variables that say who runs a hook. Agents set each other's for the sake of their hooks, so the rarest comes first.
const SIGNS: [(&str, &str); 4] = [
    ("COPILOT_CLI", "copilot"),
    ("QWEN_CODE_SESSION_ID", "qwen"),
    ("GEMINI_SESSION_ID", "gemini"),
    ("CLAUDECODE", "claude"),
];

/// A payload as it is sent.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) body: Vec<u8>,
    /// Nothing of it was cut.
    pub(super) is_whole: bool,
}

/// Reads a payload to its end.
///
/// # Errors
/// If there is none, it is too long, or it cannot be read.
pub(super) fn read(input: &mut impl Read) -> anyhow::Result<Payload> {
    let mut body = Vec::new();
    let most = INPUT_BYTES_MAX as u64 + 1;
    input.take(most).read_to_end(&mut body).context("standard input cannot be read")?;
    if body.is_empty() {
        bail!("standard input is empty: a hook gets its payload there");
    }
    if body.len() > INPUT_BYTES_MAX {
        bail!("standard input has more than {} MiB", INPUT_BYTES_MAX / 1024 / 1024);
    }
    let short = if body.len() > SENT_BYTES_MAX { shortened(&body) } else { None };
    let is_whole = short.is_none();
    Ok(Payload { body: short.unwrap_or(body), is_whole })
}

/// A payload with its long texts cut: what a tool gave may be anything. `None`: it is no JSON.
fn shortened(body: &[u8]) -> Option<Vec<u8>> {
    let mut payload: Value = serde_json::from_slice(body).ok()?;
    shorten(&mut payload);
    serde_json::to_vec(&payload).ok()
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX)),
        Value::Array(all) => all.iter_mut().for_each(shorten),
        Value::Object(all) => all.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Whose hook it is, as far as the environment tells.
pub(super) fn agent_of_environment() -> &'static str {
    let sign = SIGNS.iter().find(|(variable, _)| is_set(variable));
    sign.map_or("auto", |(_, agent)| agent)
}

/// Whether the agent says that no human is there.
pub(super) fn is_unattended() -> bool {
    std::env::var_os("CLAUDE_CODE_SESSION_ATTENDED").is_some_and(|value| value == "0")
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// The name of this machine.
pub(super) fn host() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_payload_keeps_everything_but_its_long_texts() {
        let text = "é".repeat(SENT_BYTES_MAX);
        let payload = json!({"tool_response": {"stdout": text, "lines": [text, 7]}, "tool_use_id": "t1"});
        let Payload { body: read, is_whole } = read(&mut &*payload.to_string().into_bytes()).unwrap();
        assert!(!is_whole && read.len() < SENT_BYTES_MAX);
        let read: Value = serde_json::from_slice(&read).unwrap();
        assert_eq!((&read["tool_use_id"], &read["tool_response"]["lines"][1]), (&json!("t1"), &json!(7)));
        assert_eq!(read["tool_response"]["stdout"].as_str().unwrap().len(), TEXT_BYTES_MAX);
    }

    #[test]
    fn what_is_short_or_no_json_is_as_it_was() {
        let long = vec![b'x'; SENT_BYTES_MAX + 1];
        for body in [&b" {\"a\" : 1}"[..], b"\xff", &long] {
            let read = read(&mut &*body).unwrap();
            assert!(read.is_whole && read.body == body);
        }
        assert!(read(&mut &b""[..]).is_err());
    }
}
