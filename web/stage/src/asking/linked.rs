//! What a link of a notification leads to. Pure.

use arcane_shared::ReceivedEvent;

use super::end;
use super::wait::{Asked, waits};
use crate::store::Store;

/// What an agent asks by this request, or asked, as far as the page knows it.
#[must_use]
pub fn find(store: &Store, request_id: &str) -> Option<Asked> {
    let open = waits(store.daemons()).into_iter().find(|asked| asked.request_id == request_id);
    open.or_else(|| end::find(store, request_id).map(ended))
}

fn ended(event: &ReceivedEvent) -> Asked {
    let text = |key: &str| event.text(key).unwrap_or_default().to_owned();
    let waited_ms = event.number("waited_s").unwrap_or_default() * 1e3;
    Asked {
        daemon: event.daemon_name.as_ref().map(ToString::to_string).unwrap_or_default(),
        request_id: text("request_id"),
        since: event.timestamp.unix_millis() - waited_ms,
        reason: text("task"),
        place: ["project", "host"].map(text),
        session: text("session"),
        ..Asked::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use serde_json::{Value, json};

    fn event(seconds: u32, metadata: &Value) -> ReceivedEvent {
        let event = json!({"spell_name": "voice", "daemon_name": "claude", "description": "d", "success": true,
            "timestamp": format!("1970-01-01T00:00:{seconds:02}"), "metadata": metadata});
        message::event(event, Timestamp::from_unix_micros(0)).unwrap()
    }

    #[test]
    fn a_request_is_found_while_it_is_open_and_once_it_has_ended() {
        let mut store = Store::default();
        assert_eq!(find(&store, "r1"), None);
        store.receive(event(
            3,
            &json!({"attention": true, "session": "s", "request_id": "r1", "task": "git push"}),
        ));
        let open = find(&store, "r1").unwrap();
        assert_eq!((open.daemon.as_str(), open.reason.as_str()), ("claude", "git push"));
        store.receive(event(
            9,
            &json!({"event": "await_end", "request_id": "r1", "session": "s", "task": "git push",
            "project": "shop", "decision": "allow", "via": "cli", "waited_s": 6}),
        ));
        let ended = find(&store, "r1").unwrap();
        assert_eq!(
            (ended.daemon.as_str(), ended.reason.as_str(), ended.since),
            ("claude", "git push", 3_000.0)
        );
        assert_eq!(ended.place, ["shop".to_owned(), String::new()]);
        assert_eq!(find(&store, "r2"), None);
    }
}
