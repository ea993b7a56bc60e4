//! What an actor waits for, and which requests its going on has answered. Plain data.

use arcane_shared::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::sign::Asked;

/// Most waits of an actor at a time.
pub(super) const WAITS_MAX: usize = 8;

/// Most of them together with those that rules are about to end. Of more nothing is kept, and rules answer them all the same.
const RULED_MAX: usize = 1024;

/// A wait that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The open call that waits.
    pub(super) call: Option<Box<str>>,
    /// What it is about, where no call is open yet.
    pub(super) print: Option<u64>,
    /// The agent's own id of what it asks.
    pub(super) request: Option<Box<str>>,
    /// Our id of the request by which it can be answered from elsewhere.
    pub(super) asked: Option<Box<str>>,
    /// When it began, by what orders signs.
    pub(super) order: Option<Timestamp>,
    /// Since when, by our clock.
    pub(super) since: Timestamp,
}

/// The waits of an actor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Waits {
    list: Vec<Waiting>,
    /// Requests whose waits are over, since this was asked last.
    #[serde(skip)]
    over: Vec<Box<str>>,
    /// Calls that were allowed from elsewhere and have not ended, and what they do. Equal calls are asked for one by one, and nobody says
    /// for which: whichever ends first was the one that was allowed.
    allowed: Vec<(Box<str>, u64)>,
}

impl Waits {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn is_full(&self, is_ruled: bool) -> bool {
        self.list.len() >= if is_ruled { RULED_MAX } else { WAITS_MAX }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.list.iter_mut()
    }

    pub(super) fn push(&mut self, wait: Waiting) {
        self.list.push(wait);
    }

    /// Whether a call waits.
    pub(super) fn has(&self, call: &str) -> bool {
        self.list.iter().any(|wait| wait.call.as_deref() == Some(call))
    }

    /// Nothing is waited for any more.
    pub(super) fn clear(&mut self) {
        self.take(|_| true);
        self.allowed.clear();
    }

    /// The actor goes on with something that names no call: that is no answer to a request.
    pub(super) fn end_unasked(&mut self) {
        self.list.retain(|wait| wait.asked.is_some());
    }

    /// Ends the waits that are so, and gives them.
    pub(super) fn take(&mut self, is_over: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let over: Vec<Waiting> = self.list.extract_if(.., |wait| is_over(wait)).collect();
        self.over.extend(over.iter().filter_map(|wait| wait.asked.clone()));
        over
    }

    /// A call begins that a request is about which overtook it: the call waits. Whether there is one.
    pub(super) fn link(&mut self, call: &str, print: u64, order: Option<Timestamp>) -> bool {
        let wait = self.list.iter_mut().find(|wait| {
            let is_later = wait.order.zip(order).is_some_and(|(asked, began)| began < asked);
            wait.asked.is_some() && wait.call.is_none() && wait.print == Some(print) && is_later
        });
        wait.map(|wait| wait.call = Some(call.into())).is_some()
    }

    /// A call goes on: that ends its own wait, and those that name none and are about the same.
    pub(super) fn end_of_call(&mut self, call: &str, print: u64) {
        if let Some(at) = self.allowed.iter().position(|(allowed, _)| **allowed == *call) {
            self.allowed.remove(at);
        } else if let Some(twin) = self.allowed.iter().position(|(_, of)| *of == print)
            && let Some(wait) =
                self.list.iter_mut().find(|wait| wait.asked.is_some() && wait.call.as_deref() == Some(call))
        {
            // The other one still waits.
            wait.call = Some(self.allowed.remove(twin).0);
            return;
        }
        self.take(|wait| match (&wait.call, wait.print) {
            (Some(of), _) => **of == *call,
            (None, Some(of)) => of == print,
            (None, None) => wait.asked.is_none(),
        });
    }

    /// A request has ended elsewhere; gives its wait. `waits_on`: the agent's own prompt has the word, and the wait goes on.
    pub(super) fn end_of_request(&mut self, id: &str, waits_on: bool) -> Option<Waiting> {
        let at = self.list.iter().position(|wait| wait.asked.as_deref() == Some(id))?;
        if waits_on {
            self.list[at].asked = None;
            return None;
        }
        Some(self.list.remove(at))
    }

    /// The call of a wait was allowed from elsewhere.
    pub(super) fn allow(&mut self, call: &str, print: u64) {
        if self.allowed.len() >= WAITS_MAX {
            self.allowed.remove(0);
        }
        self.allowed.push((call.into(), print));
    }

    /// Whether a wait was told already: `call` waits, or something that does the same and names no call.
    pub(super) fn is_told(&self, call: Option<&str>, print: Option<u64>, asked: Option<&Asked>) -> bool {
        self.list.iter().any(|other| {
            // A request of its own is a wait of its own, unless the call waits for another one.
            let is_same_call = call.is_some() && other.call.as_deref() == call;
            match (asked, print) {
                (Some(_), _) => is_same_call && other.asked.is_some(),
                (None, None) => true,
                (None, Some(_)) => is_same_call || call.is_none() && other.print == print,
            }
        })
    }

    /// Whether a request is waited for.
    pub(super) fn asks(&self, id: &str) -> bool {
        self.list.iter().any(|wait| wait.asked.as_deref() == Some(id))
    }

    /// Another process has told of the actor: requests that wait in `now` no longer are over.
    pub(super) fn give_way(self, now: &mut Self) {
        let asked = self.list.into_iter().filter_map(|wait| wait.asked);
        let over: Vec<Box<str>> = asked.filter(|id| !now.asks(id)).collect();
        now.over.extend(self.over.into_iter().chain(over));
    }

    /// Requests whose waits are over, since this was asked last.
    pub(super) fn overtaken(&mut self) -> Vec<Box<str>> {
        std::mem::take(&mut self.over)
    }
}
