//! Events of a stream, put together for one request, with the thread that they begin in. Pure.

use serde_json::Value;

/// Most events of one request.
pub(super) const EVENTS_MAX: usize = 500;
/// Most bytes of one request; one event may be larger.
pub(super) const BYTES_MAX: usize = 1024 * 1024;

/// An event that the server can take.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// On one line.
    pub(super) json: Vec<u8>,
    /// The thread that begins with it.
    pub(super) thread: Option<String>,
}

impl Event {
    /// `None`: it is none.
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(data).ok()?;
        let kind = value.get("type")?.as_str()?;
        let thread = (kind == "RUN_STARTED").then(|| value["threadId"].as_str()).flatten();
        Some(Self { thread: thread.map(str::to_owned), json: serde_json::to_vec(&value).ok()? })
    }
}

/// What goes together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Lines of JSON.
    pub(super) body: Vec<u8>,
    pub(super) events: usize,
    /// The thread of what comes before a RUN_STARTED in it.
    pub(super) thread: Option<String>,
    /// The thread at its end.
    last: Option<String>,
}

impl Batch {
    /// An empty one, in a thread.
    pub(super) fn within(thread: Option<String>) -> Self {
        Self { last: thread.clone(), thread, ..Self::default() }
    }

    /// Adds an event, unless no thread is known for it.
    pub(super) fn add(&mut self, event: Event) -> bool {
        if event.thread.is_some() {
            self.last = event.thread;
        }
        if self.last.is_none() {
            return false;
        }
        self.body.extend_from_slice(&event.json);
        self.body.push(b'\n');
        self.events += 1;
        true
    }

    pub(super) fn is_full(&self) -> bool {
        self.events >= EVENTS_MAX || self.body.len() >= BYTES_MAX
    }

    /// Takes it away, and goes on in its last thread.
    pub(super) fn take(&mut self) -> Self {
        let next = Self::within(self.last.clone());
        std::mem::replace(self, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_says_in_which_thread_it_begins() {
        let event = |text: &str| Event::read(text.as_bytes()).unwrap();
        let mut batch = Batch::within(None);
        assert!(!batch.add(event(r#"{"type": "STEP_STARTED"}"#)), "of no thread");
        assert!(batch.add(event("{\"type\": \"RUN_STARTED\",\n\"threadId\": \"t\"}")));
        let first = batch.take();
        assert_eq!((first.thread, first.events), (None, 1));
        assert_eq!(first.body, b"{\"type\":\"RUN_STARTED\",\"threadId\":\"t\"}\n");
        assert!(batch.add(event(r#"{"type": "STEP_STARTED"}"#)));
        assert_eq!(batch.take().thread.as_deref(), Some("t"));
        for text in ["", "[DONE]", "{}", "{\"type\": 1}"] {
            assert_eq!(Event::read(text.as_bytes()), None, "{text}");
        }
    }
}
