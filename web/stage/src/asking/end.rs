//! How a request ended, in words.

use arcane_shared::ReceivedEvent;
use arcane_shared::api::AWAIT_END;
use arcane_shared::visible::line;

use crate::duration::{Form, duration};
use crate::store::{Entry, Store};

/// Most characters of a name or an option.
const NAME_CHARS_MAX: usize = 80;
/// How long the event of an end is waited for once the request has gone, milliseconds: the call may be told to go on first.
pub const TOLD_WITHIN_MS: f64 = 1_000.0;

/// What became of what was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    /// The agent goes on.
    Allowed,
    /// It does not.
    Denied,
    /// It was told something else, or nothing.
    #[default]
    Other,
}

impl Outcome {
    /// As styles know it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Other => "other",
        }
    }

    /// What a decision does to the agent.
    #[must_use]
    pub fn of(decision: Option<&str>) -> Self {
        match decision {
            Some("deny") => Self::Denied,
            Some(_) => Self::Allowed,
            None => Self::Other,
        }
    }
}

/// The event that tells of the end of a request, if the page has it.
#[must_use]
pub fn find<'a>(store: &'a Store, request_id: &str) -> Option<&'a ReceivedEvent> {
    store.newest_first().find_map(|entry| {
        let Entry::Event(stored, _) = entry else { return None };
        let event = &stored.event;
        let is_it = event.text("event") == Some(AWAIT_END) && event.text("request_id") == Some(request_id);
        is_it.then_some(event)
    })
}

/// What is said of a request that has gone for so long, milliseconds; `None`: its event may still come.
#[must_use]
pub fn said(told: Option<&ReceivedEvent>, request_id: &str, gone_ms: f64) -> Option<(Outcome, String)> {
    match told {
        Some(event) => Some(words(event)),
        // No event tells of the end of what can only be answered where it runs.
        None if !request_id.is_empty() && gone_ms < TOLD_WITHIN_MS => None,
        None => Some((Outcome::Other, "It waits no more: it was answered where it runs.".into())),
    }
}

/// Who or what ended it, and how.
#[must_use]
pub fn words(event: &ReceivedEvent) -> (Outcome, String) {
    let decision = event.text("decision");
    let name = |key: &str| event.text(key).map(|text| line(text, NAME_CHARS_MAX));
    let via = event.text("via");
    // Who needs no token has no name.
    let by = match name("by").filter(|by| by != "anonymous") {
        Some(rule) if via == Some("rule") => ["The rule ", &rule].concat(),
        Some(by) => by,
        None => "Somebody".into(),
    };
    let goes_on = event.metadata.get("waits_on").and_then(serde_json::Value::as_bool) == Some(true);
    let elsewhere = if goes_on { ": answer where it runs" } else { "" };
    let mut words = match (decision, via) {
        (Some("allow"), _) => by + " allowed it",
        (Some("deny"), _) => by + " said no",
        (Some(id), _) => {
            [&by, " answered: ", &name("choice").unwrap_or_else(|| line(id, NAME_CHARS_MAX))].concat()
        }
        (None, Some("terminal")) => "It was answered at the terminal".into(),
        (None, Some("expired")) => ["Nobody answered in time", elsewhere].concat(),
        (None, _) => ["It asks no more here", elsewhere].concat(),
    };
    match via {
        Some("stage") => words.push_str(" on another page"),
        Some("cli") => words.push_str(" by arcane answer"),
        _ => {}
    }
    if let Some(seconds) = event.number("waited_s").filter(|_| decision.is_some()) {
        words.push_str(", after ");
        words.push_str(&duration(seconds * 1e3, Form::Runs));
    }
    (Outcome::of(decision), words + ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use serde_json::{Value, json};

    fn end(more: &Value) -> ReceivedEvent {
        let mut metadata = json!({"event": "await_end", "request_id": "r1"});
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let event = json!({"spell_name": "voice", "daemon_name": "claude", "description": "d", "success": true,
            "timestamp": "1970-01-01T00:00:01Z", "metadata": metadata});
        message::event(event, Timestamp::from_unix_micros(0)).unwrap()
    }

    #[test]
    fn an_end_says_who_or_what_it_was() {
        for (more, outcome, said) in [
            (
                json!({"decision": "allow", "by": "ada", "via": "cli", "waited_s": 51}),
                Outcome::Allowed,
                "ada allowed it by arcane answer, after 0:51.",
            ),
            (
                json!({"decision": "deny", "by": "anonymous", "via": "stage"}),
                Outcome::Denied,
                "Somebody said no on another page.",
            ),
            (
                json!({"decision": "always-1", "choice": "Yes, always", "by": "ada", "via": "stage"}),
                Outcome::Allowed,
                "ada answered: Yes, always on another page.",
            ),
            (
                json!({"decision": "allow", "by": "reads", "via": "rule"}),
                Outcome::Allowed,
                "The rule reads allowed it.",
            ),
            (json!({"via": "terminal", "waited_s": 3}), Outcome::Other, "It was answered at the terminal."),
            (
                json!({"via": "expired", "waits_on": true}),
                Outcome::Other,
                "Nobody answered in time: answer where it runs.",
            ),
            (json!({"via": "expired"}), Outcome::Other, "Nobody answered in time."),
            (json!({"via": "withdrawn"}), Outcome::Other, "It asks no more here."),
        ] {
            assert_eq!(words(&end(&more)), (outcome, said.to_owned()), "{more}");
        }
    }

    #[test]
    fn an_end_that_is_not_told_is_waited_for() {
        let event = end(&json!({"decision": "deny", "via": "rule", "by": "no force"}));
        let told = |gone_ms| said(Some(&event), "r1", gone_ms).map(|(outcome, _)| outcome);
        assert_eq!([told(0.0), told(9_000.0)], [Some(Outcome::Denied); 2]);
        assert_eq!([0.0, 999.0].map(|gone_ms| said(None, "r1", gone_ms)), [None, None]);
        let own = "It waits no more: it was answered where it runs.";
        assert_eq!(said(None, "r1", 1_000.0), Some((Outcome::Other, own.to_owned())));
        assert_eq!(said(None, "", 0.0), Some((Outcome::Other, own.to_owned())));
    }

    #[test]
    fn the_event_of_an_end_is_found_by_its_request() {
        let mut store = Store::default();
        assert_eq!(find(&store, "r1"), None);
        store.receive(end(&json!({"via": "terminal"})));
        assert_eq!(find(&store, "r1").and_then(|event| event.text("via")), Some("terminal"));
        assert_eq!(find(&store, "r2"), None);
    }
}
