//! What stands in an agent's file now. Pure.

use serde_json::Value;

use super::flaw::Flaw;
use super::hooked::Hooked;
use super::{Content, json, toml, whole};

/// What a file has of what is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Events whose hook runs this program.
    pub(crate) hooked: Vec<Hooked>,
    /// How many events there should be.
    pub(crate) wanted: usize,
    /// Where telemetry goes.
    pub(crate) telemetry: Option<String>,
    /// A switch in the file that turns all hooks off.
    pub(crate) switched_off: Option<&'static str>,
}

/// Looks at a text.
///
/// # Errors
/// If the agent would not take it.
pub(crate) fn look(content: &Content, now: Option<&str>) -> Result<State, Flaw> {
    let Some(now) = now.filter(|now| !now.trim().is_empty()) else {
        return Ok(State { wanted: wanted(content), ..State::default() });
    };
    Ok(match content {
        Content::Json(wanted_of) => {
            let value = json::read(now, wanted_of.habits)?;
            let endpoint = wanted_of.settings.iter().find(|(path, _)| is_endpoint(path));
            let telemetry =
                endpoint.and_then(|(path, _)| path.iter().try_fold(&value, |value, name| value.get(name)));
            State {
                hooked: json::hooked(&value, wanted_of),
                wanted: wanted(content),
                telemetry: telemetry.and_then(Value::as_str).map(str::to_owned),
                switched_off: switched_off(&value),
            }
        }
        Content::Toml(wanted) => {
            let value = toml::read(now)?;
            let exporter = value.get(wanted.table).and_then(|table| table.get("exporter"));
            let telemetry = exporter.and_then(|exporter| {
                exporter.as_object()?.values().find_map(|one| one.get("endpoint")?.as_str())
            });
            State {
                telemetry: telemetry.map(|endpoint| endpoint.trim_end_matches("/v1/logs").to_owned()),
                ..State::default()
            }
        }
        Content::Whole(wanted) => {
            let said = whole::said(now);
            let said = |key| said.as_ref().and_then(|said| said.get(key)?.as_str().map(str::to_owned));
            let (url, room) = (said("url"), said("room"));
            let answers = whole::said(now).and_then(|said| said.get("answer")?.as_bool()).unwrap_or(false);
            let (event, line) = ("plugin".into(), String::new());
            let hooked = Hooked { event, place: (0, 0), line, url, room, answers };
            let hooked = if now.starts_with(whole::SIGN) { vec![hooked] } else { Vec::new() };
            State { hooked, wanted: usize::from(!wanted.is_empty()), ..State::default() }
        }
    })
}

/// How many of the hooks of a file the human has allowed, as Codex keeps it in its settings.
pub(crate) fn trusted(settings: &str, file: &str, hooked: &[Hooked]) -> usize {
    let Ok(settings) = toml::read(settings) else { return 0 };
    let Some(state) = settings.get("hooks").and_then(|hooks| hooks.get("state")?.as_object()) else {
        return 0;
    };
    let keys: Vec<String> = state
        .iter()
        .filter(|(_, kept)| kept.get("trusted_hash").is_some())
        .map(|(key, _)| plain(key))
        .collect();
    let of = |one: &&Hooked| {
        let (entry, hook) = one.place;
        keys.contains(&plain(&format!("{file}:{}:{entry}:{hook}", one.event)))
    };
    hooked.iter().filter(of).count()
}

/// `SessionStart` and `session_start` are the same.
fn plain(key: &str) -> String {
    key.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

fn wanted(content: &Content) -> usize {
    match content {
        Content::Json(wanted) => wanted.entries.len(),
        Content::Toml(_) => 0,
        Content::Whole(_) => 1,
    }
}

fn is_endpoint(path: &[&str]) -> bool {
    path.last().is_some_and(|name| name.to_ascii_lowercase().ends_with("endpoint"))
}

fn switched_off(value: &Value) -> Option<&'static str> {
    if value.get("disableAllHooks") == Some(&Value::Bool(true)) {
        return Some("disableAllHooks");
    }
    (value.get("hooksConfig").and_then(|config| config.get("enabled")) == Some(&Value::Bool(false)))
        .then_some("hooksConfig.enabled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_of_a_file_an_event_and_a_position() {
        let hooked = |event: &str, place| Hooked {
            event: event.into(),
            place,
            line: String::new(),
            url: None,
            room: None,
            answers: false,
        };
        let settings = "[hooks.state.\"/h/.codex/hooks.json:pre_tool_use:1:0\"]\ntrusted_hash = \"sha256:x\"\n\
            [hooks.state.\"/h/.codex/hooks.json:stop:0:0\"]\nenabled = true\n";
        let all = [hooked("PreToolUse", (1, 0)), hooked("PreToolUse", (0, 0)), hooked("Stop", (0, 0))];
        assert_eq!(trusted(settings, "/h/.codex/hooks.json", &all), 1);
        assert_eq!(trusted(settings, "/other/hooks.json", &all), 0);
        assert_eq!(trusted("", "/h/.codex/hooks.json", &all), 0);
    }
}
