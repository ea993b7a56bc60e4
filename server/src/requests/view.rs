//! What is shown of requests to those who may answer them.

use arcane_shared::api::OpenRequest;
use arcane_shared::{RoomName, Timestamp};

use super::open::Request;
use super::{Millis, NotAnswered, Requests};

impl Requests {
    /// Those that are open in rooms that `may` admits, the oldest first, without their inputs.
    pub(crate) fn list(&self, may: impl Fn(&RoomName) -> bool) -> Vec<OpenRequest> {
        let book = self.book();
        let shown = book.open.iter().filter(|(_, request)| may(&request.ask.room));
        let mut list: Vec<_> = shown.map(|(id, request)| view(id, request, false)).collect();
        list.sort_by(|a, b| (a.since, &a.request_id).cmp(&(b.since, &b.request_id)));
        list
    }

    /// Whether a request is open, or its end is remembered, in a room that `may` admits.
    pub(crate) fn is_known(&self, id: &str, may: impl Fn(&RoomName) -> bool) -> bool {
        self.book().open.room_of(id).is_some_and(may)
    }

    /// One of them, with its whole input.
    ///
    /// # Errors
    /// If it is not there, or has ended: then how.
    pub(crate) fn one(&self, id: &str, may: impl Fn(&RoomName) -> bool) -> Result<OpenRequest, NotAnswered> {
        let book = self.book();
        if !book.open.room_of(id).is_some_and(may) {
            return Err(NotAnswered::Unknown);
        }
        let shown = book.open.get(id).filter(|request| request.seq.is_some());
        if let Some(request) = shown {
            return Ok(view(id, request, true));
        }
        Err(book.open.end_of(id).map_or(NotAnswered::Unknown, |end| NotAnswered::Ended(end.clone())))
    }
}

fn view(id: &str, request: &Request, with_input: bool) -> OpenRequest {
    let ask = &request.ask;
    let named = |name: &str| ask.about.get(name).and_then(|value| value.as_str()).map(Into::into);
    let input = ask.input.as_deref().filter(|_| with_input);
    OpenRequest {
        request_id: id.into(),
        room: ask.room.clone(),
        daemon_name: ask.daemon.clone(),
        session: named("session"),
        project: named("project"),
        host: named("host"),
        tool: ask.tool.clone(),
        why: ask.why.clone(),
        task: ask.task.clone(),
        options: ask.options.to_vec(),
        takes_message: ask.takes_message,
        takes_answers: !ask.fields.is_empty(),
        is_held: request.is_held,
        since: moment(request.asked_at),
        expires_at: moment(ask.expires_at),
        seq: request.seq,
        input: input.and_then(|input| serde_json::from_str(input).ok()),
    }
}

/// A moment of Unix milliseconds.
fn moment(at: Millis) -> Timestamp {
    Timestamp::from_unix_micros(i64::try_from(at.saturating_mul(1000)).unwrap_or(i64::MAX))
}
