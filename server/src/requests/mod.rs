//! Requests: what agents ask a human, answered from here. Each is open until it has exactly one end, and the agent hears at most one answer.
//!
//! `open` decides, and is pure; this is the shell around it: it writes ends to the log before anybody is told of them, wakes the hooks that
//! wait, and ends what is past its time. Nothing here decides for a human: without an answer the agent's own prompt has the word.

mod ask;
mod case;
mod end;
mod held;
#[cfg(test)]
mod model;
mod open;
mod rulebook;
mod told;
mod view;
mod watchers;
mod words;
mod write;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arcane_shared::{RoomName, Seq};
use tokio::sync::{Notify, mpsc, oneshot};

pub(crate) use ask::{Ask, Refused};
pub(crate) use case::{Case, Grants};
pub(crate) use end::{Decision, End, Via};
pub(crate) use held::Held;
pub(crate) use rulebook::{Book as Rulings, NotChanged, Ruled};
pub(crate) use words::answer as answered;

use crate::bus::ArcaneEventBus;
use crate::clock;
use crate::intake::Draft;
use ask::Bounds;
use open::{Answered, OpenRequests};
use rulebook::Rulebook;
use watchers::Watchers;

/// What one request is known by.
pub(crate) type RequestId = Box<str>;
/// Unix milliseconds.
pub(crate) type Millis = u64;

/// How often it is looked at what is due, while anything is open.
const LOOK: Duration = Duration::from_millis(500);
/// How often an answer asks again while another end is being written.
const TRIES_MAX: u32 = 80;
/// The time between two of these.
const TRY_AGAIN: Duration = Duration::from_millis(25);
/// Ends that wait to be told to the sessions that they are of.
const OVER_MAX: usize = 4_096;
/// How long a hook is held beyond its request's time while the log does not take its end.
const BEYOND: Duration = Duration::from_secs(2);
/// Requests of earlier runs that are shown.
const RESTORED_MAX: usize = 256;
/// Characters of an id: 55 bits.
const ID_CHARS: usize = 11;
/// What ids are made of: nothing that is read for something else.
const ID_ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// The end of a request, for the session that asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Over {
    /// Where.
    pub(crate) room: RoomName,
    /// Which.
    pub(crate) id: RequestId,
    /// What becomes of the agent's call.
    pub(crate) how: How,
    /// The event of the wait that goes on, if nothing told of it.
    pub(crate) untold: Option<Box<Draft>>,
}

/// What becomes of a call whose question has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It is made, or may be.
    GoesOn,
    /// It was denied, in this way.
    Denied(Via),
    /// It is not made, as far as can be known: the agent has ended its hook.
    Stopped,
    /// Its question waits on: the agent's own prompt has the word.
    WaitsOn,
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NotAnswered {
    /// No such request, or one of a room that is none of the answerer's.
    Unknown,
    /// It has ended otherwise.
    Ended(End),
    /// It can only be answered where the agent runs.
    NotHeld,
    /// The agent takes other decisions: these.
    NotOffered { offers: Vec<Box<str>>, takes_message: bool },
    /// Another end is being written, and the log takes its time.
    UnderWay,
    /// The log took nothing: the request is open as before.
    Log(String),
}

/// Handles to all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Requests(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bus: ArcaneEventBus,
    captures_content: bool,
    rulebook: Rulebook,
    book: Mutex<Book>,
    /// Something was opened.
    opened: Notify,
    over: mpsc::Sender<Over>,
    connections: AtomicU64,
}

#[derive(Debug)]
struct Book {
    open: OpenRequests,
    hooks: HashMap<RequestId, oneshot::Sender<Option<Decision>>>,
    watchers: Watchers,
}

impl Requests {
    /// None yet; and where their ends are told for the sessions that ask. `rules` answer what they are for.
    pub(crate) fn new(
        bus: ArcaneEventBus,
        captures_content: bool,
        rules: Rulings,
    ) -> (Self, mpsc::Receiver<Over>) {
        let (over, ends) = mpsc::channel(OVER_MAX);
        let book = Book {
            open: OpenRequests::new(Bounds::default()),
            hooks: HashMap::new(),
            watchers: Watchers::default(),
        };
        let inner = Inner {
            bus,
            captures_content,
            rulebook: Rulebook::new(rules),
            book: Mutex::new(book),
            opened: Notify::new(),
            over,
            connections: AtomicU64::new(0),
        };
        (Self(Arc::new(inner)), ends)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new id.
    pub(crate) fn new_id() -> RequestId {
        let bits = rand::random::<u64>();
        let letter = |n: usize| {
            let at = usize::try_from((bits >> (5 * n)) & 31).unwrap_or_default();
            char::from(ID_ALPHABET[at])
        };
        (0..ID_CHARS).map(letter).collect::<String>().into()
    }

    /// Whether anybody looks at a room who may answer.
    pub(crate) fn is_watched(&self, room: &RoomName) -> bool {
        self.book().watchers.watch(room, now())
    }

    /// A place among the pages that may be watched: for one connection.
    pub(crate) fn page(&self) -> Page {
        let connection = self.0.connections.fetch_add(1, Ordering::Relaxed);
        Page { connection, requests: self.clone() }
    }

    /// A request is open from now on; it is shown once it is announced. `is_ruled`: a rule answers it, so it is never shown, and no bound of
    /// what waits for humans holds.
    ///
    /// # Errors
    /// If it is beyond a bound: the agent's own prompt has to do.
    pub(crate) fn open(&self, id: &RequestId, ask: Ask, is_ruled: bool) -> Result<Held, Refused> {
        let (tell, answer) = oneshot::channel();
        let expires_at = ask.expires_at;
        let mut book = self.book();
        if is_ruled {
            book.open.open_ruled(id, ask, now())?;
        } else {
            book.open.open(id, ask, true, now())?;
        }
        book.hooks.insert(id.clone(), tell);
        let patience = Duration::from_millis(expires_at.saturating_sub(now())) + BEYOND;
        Ok(Held { id: id.clone(), answer, patience, requests: Some(self.clone()) })
    }

    /// A request of an earlier run of the server, which nobody can answer from here any more.
    pub(crate) fn restore(&self, id: &RequestId, ask: Ask, since: Millis, seq: Seq) {
        let is_id = id.len() == ID_CHARS && id.bytes().all(|byte| ID_ALPHABET.contains(&byte));
        let mut book = self.book();
        // Whoever publishes may have told of anything.
        let has_room = book.open.iter().filter(|(_, request)| !request.is_held).count() < RESTORED_MAX;
        if is_id && has_room && book.open.open(id, ask, false, since).is_ok() {
            book.open.announce(id, seq, now());
            self.0.opened.notify_one();
        }
    }

    /// A rule answers a request that was opened and is not told of: the log has its end alone.
    pub(crate) fn answer_by_rule(&self, id: &str, ruled: Ruled) {
        let claimed = self.book().open.rule(id, ruled.decision, ruled.rule, now());
        match claimed {
            Some(end) => self.write_beside(id, end),
            None => self.abandon(id, true),
        }
    }

    /// The log has the event that tells of a request.
    pub(crate) fn announce(&self, id: &str, seq: Seq) {
        let over = self.book().open.announce(id, seq, now());
        self.0.opened.notify_one();
        if let Some(end) = over {
            self.write_beside(id, end);
        }
    }

    /// The log did not take the event that tells of a request: the hook hears nothing.
    pub(crate) fn forget(&self, id: &str) {
        let mut book = self.book();
        book.open.forget(id);
        book.hooks.remove(id);
    }

    /// Answers a request, if `may` says that its room is one of the answerer's. Gives how it ended, what was asked, and whether this
    /// answer had come before.
    ///
    /// # Errors
    /// If it does not count; then nothing has changed.
    pub(crate) async fn answer(
        &self,
        id: &str,
        decision: Decision,
        by: &str,
        via: Via,
        may: impl Fn(&RoomName) -> bool,
    ) -> Result<(End, bool), NotAnswered> {
        for _ in 0..TRIES_MAX {
            let answered = {
                let mut book = self.book();
                if !book.open.room_of(id).is_some_and(&may) {
                    return Err(NotAnswered::Unknown);
                }
                book.open.answer(id, &decision, Some(by), via, now())
            };
            match answered {
                Answered::Claimed(end) => return self.write(id, end).await.map(|end| (end, false)),
                Answered::Same(end) => return Ok((end, true)),
                Answered::Other(end) => return Err(NotAnswered::Ended(end)),
                Answered::NotHeld => return Err(NotAnswered::NotHeld),
                Answered::NotOffered => return Err(self.not_offered(id)),
                Answered::Unknown => return Err(NotAnswered::Unknown),
                Answered::UnderWay => tokio::time::sleep(TRY_AGAIN).await,
            }
        }
        Err(NotAnswered::UnderWay)
    }

    fn not_offered(&self, id: &str) -> NotAnswered {
        let book = self.book();
        let Some(request) = book.open.get(id) else { return NotAnswered::Unknown };
        let offers = request.ask.options.iter().map(|choice| choice.id.clone()).collect();
        NotAnswered::NotOffered { offers, takes_message: request.ask.takes_message }
    }

    /// A request has ended without an answer from here.
    pub(crate) fn end(&self, id: &str, via: Via) {
        let claimed = self.book().open.end(id, via, now());
        if let Some(end) = claimed {
            self.write_beside(id, end);
        }
    }

    /// Ends what is past its time, and what nobody watches any more, for as long as this is awaited.
    pub(crate) async fn keep(&self) {
        loop {
            let opened = self.0.opened.notified();
            if self.book().open.iter().next().is_none() {
                opened.await;
            }
            tokio::time::sleep(LOOK).await;
            let due = {
                let Book { open, watchers, .. } = &mut *self.book();
                let now = now();
                open.due(now, |ask| watchers.watch(&ask.room, now))
            };
            for (id, end) in due {
                self.write_beside(&id, end);
            }
        }
    }

    /// The hook's time with the server is over without an answer. Returns whether it may go: not while an answer is on its way.
    fn let_go(&self, id: &str) -> bool {
        self.book().open.let_go(id)
    }

    /// The hook's client is gone: the agent has heard a human elsewhere, or is gone itself.
    fn gone(&self, id: &str) {
        if self.let_go(id) {
            self.end(id, Via::Terminal);
        }
    }
}

/// A page that may say that it is watched.
#[derive(Debug)]
pub(crate) struct Page {
    connection: u64,
    requests: Requests,
}

impl Page {
    /// The page says whether it is visible.
    pub(crate) fn see(&self, room: &RoomName, is_visible: bool) {
        self.requests.book().watchers.see(self.connection, room, is_visible, now());
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.requests.book().watchers.leave(self.connection, now());
    }
}

/// Now, Unix milliseconds.
pub(crate) fn now() -> Millis {
    millis(clock::now())
}

/// A moment, Unix milliseconds.
pub(crate) fn millis(at: arcane_shared::Timestamp) -> Millis {
    u64::try_from(at.unix_micros() / 1000).unwrap_or(0)
}
