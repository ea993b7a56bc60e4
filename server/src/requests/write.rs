//! Ends of requests on their way into the log, and to those who wait for them.

use arcane_shared::api::Via;

use super::ask::Ask;
use super::open::Settled;
use super::{End, How, NotAnswered, Over, RequestId, Requests, told};
use crate::bus::{EmitError, Fault, Key, KeyRefused, LogError, NoSuchRoom, Submission};
use crate::intake::{self, Refused as NotTaken};

impl Requests {
    /// Writes an end to the log and tells of it. It is done even if whoever awaits this goes away.
    pub(super) async fn write(&self, id: &str, end: End) -> Result<End, NotAnswered> {
        let (requests, id): (Self, RequestId) = (self.clone(), id.into());
        let written = tokio::spawn(async move { requests.write_now(&id, end).await });
        written.await.unwrap_or_else(|error| Err(NotAnswered::Log(error.to_string())))
    }

    pub(super) fn write_beside(&self, id: &str, end: End) {
        let (requests, id): (Self, RequestId) = (self.clone(), id.into());
        // Without a runtime nobody waits for anything any more.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = requests.write_now(&id, end).await {
                    tracing::warn!(?error, request = %id, "the end of a request could not be told");
                }
            });
        }
    }

    async fn write_now(&self, id: &str, end: End) -> Result<End, NotAnswered> {
        let Some(ask) = self.book().open.get(id).map(|request| request.ask.clone()) else {
            return Err(NotAnswered::Unknown);
        };
        match self.publish(id, &ask, &end).await {
            Ok(()) => {
                self.settle(id);
                Ok(end)
            }
            // An end whose fate was not known is in the log after all, or its room is gone: this one is none.
            Err(NotWritten::Other) => {
                self.abandon(id, false);
                Err(NotAnswered::NotHeld)
            }
            Err(NotWritten::Log(error)) => {
                // What was never told of is not open to anybody else.
                if self.book().open.get(id).is_some_and(|request| request.seq.is_none()) {
                    self.abandon(id, true);
                    return Err(NotAnswered::Log(error));
                }
                let mut book = self.book();
                let goes = book.open.drop_claim(id);
                if let Some(hook) = goes.then(|| book.hooks.remove(id)).flatten() {
                    // A hook that is gone hears nothing.
                    let _ = hook.send(None);
                }
                Err(NotAnswered::Log(error))
            }
        }
    }

    async fn publish(&self, id: &str, ask: &Ask, end: &End) -> Result<(), NotWritten> {
        let draft = told::ended(id, ask, end, self.0.captures_content);
        let room = match self.0.bus.open_known_room(&ask.room).await {
            Ok(room) => room,
            Err(error @ (NoSuchRoom::Log { .. } | NoSuchRoom::TooMany { .. })) => {
                return Err(NotWritten::Log(error.to_string()));
            }
            // It was deleted, and its questions with it.
            Err(_) => return Err(NotWritten::Other),
        };
        // One end each, whatever becomes of an answer of the log.
        let content = format!("{:?}", (&end.decision, &end.by, end.via));
        let key = Key::new(&format!("await_end {id}"), u64::MAX, content.as_bytes());
        let submission = Submission { key: Some(key), ..Submission::default() };
        let mut submitted = match intake::submit(&self.0.bus, &room, vec![draft], submission) {
            Ok(submitted) => submitted,
            Err(NotTaken::Bus { error: EmitError::Key(KeyRefused::OtherContent), .. }) => {
                return Err(NotWritten::Other);
            }
            Err(NotTaken::Bus { error, .. }) => return Err(NotWritten::Log(error.to_string())),
            Err(NotTaken::Syntax(_) | NotTaken::Fields(_)) => {
                unreachable!("a draft is not read from text")
            }
        };
        let logged = submitted.logged().await;
        logged.map(|_| ()).map_err(|error: LogError| match error.fault {
            Fault::OtherContent => NotWritten::Other,
            _ => NotWritten::Log(error.to_string()),
        })
    }

    /// The log has the end: the hook hears it, and the session.
    fn settle(&self, id: &str) {
        let mut book = self.book();
        let hook = book.hooks.remove(id);
        let Some(Settled { told, end, ask }) = book.open.settle(id) else { return };
        drop(book);
        let hook_is_gone = told.is_none();
        if let Some((hook, decision)) = hook.zip(told) {
            // A hook that went away meanwhile hears nothing.
            let _ = hook.send(decision);
        }
        let is_stopped = hook_is_gone && end.via == Via::Terminal && ask.ends_hook_when_denied;
        let how = match &end {
            end if end.waits_on(ask.has_prompt) => How::WaitsOn,
            end if told::is_denied(&ask, end) || is_refused_by_itself(&ask, end) => How::Denied(end.via),
            _ if is_stopped => How::Stopped,
            _ => How::GoesOn,
        };
        self.tell_session(Over { room: ask.room.clone(), id: id.into(), how, untold: None });
    }

    /// Nothing of a request will be in the log. `is_told`: of a wait that was not told, because a rule was to answer it, it is told now.
    pub(super) fn abandon(&self, id: &str, is_told: bool) {
        let mut book = self.book();
        let hook = book.hooks.remove(id);
        let Some(ask) = book.open.abandon(id) else { return };
        drop(book);
        if let Some(hook) = hook {
            // A hook that is gone hears nothing.
            let _ = hook.send(None);
        }
        let untold = ask.untold.filter(|_| is_told);
        self.tell_session(Over { room: ask.room, id: id.into(), how: How::WaitsOn, untold });
    }

    fn tell_session(&self, over: Over) {
        let id = over.id.clone();
        if self.0.over.try_send(over).is_err() {
            tracing::warn!(request = %id, "a session does not hear of the end of its request");
        }
    }
}

/// Without a prompt of its own an agent takes no answer for a denial.
fn is_refused_by_itself(ask: &Ask, end: &End) -> bool {
    let goes_on_alone = *ask.why == *"loop";
    end.decision.is_none() && !ask.has_prompt && !goes_on_alone && end.via != Via::Terminal
}

enum NotWritten {
    /// Another end of the request is in the log.
    Other,
    Log(String),
}
