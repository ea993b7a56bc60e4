//! Calls of an actor: which beginning an end is of, with ids and without. Pure.

use arcane_shared::Timestamp;

use super::super::sign::Call;
use super::actor::{Actor, DONE_MAX, Done, Open};

/// What a beginning is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Beginning {
    /// A call that was not known: its id.
    New(Box<str>),
    /// One that is open, or over.
    Known,
}

/// What an end is of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// A call that was open.
    Of(Open),
    /// One whose beginning never came; the id that it goes by.
    Unbegun(Box<str>),
    /// One that is over already.
    Known,
}

impl Actor {
    /// Opens a call, unless it is known.
    pub(super) fn begin(
        &mut self,
        call: &Call,
        task: &str,
        order: Option<Timestamp>,
        now: Timestamp,
        turn: Option<&str>,
    ) -> Beginning {
        let is_known = match &call.id {
            Some(id) => {
                let open = self.open.iter_mut().find(|open| {
                    open.id == *id
                        || !open.is_named
                            && open.call.id.is_none()
                            && open.call.print == call.print
                            && open.call.tool == call.tool
                });
                open.is_some() || self.done.iter().any(|done| done.id.as_ref() == Some(id))
            }
            None => {
                let named = |open: &Open| open.is_named && open.call.print == call.print;
                // Its end came first: whoever told of both says when.
                let ended = self.done.iter().position(|done| {
                    done.id.is_none()
                        && done.print == call.print
                        && done.order.zip(order).is_some_and(|(end, begin)| begin <= end)
                });
                if let Some(at) = ended {
                    self.done.remove(at);
                }
                ended.is_some() || self.open.iter().any(named)
            }
        };
        if is_known || Self::is_stale(order, self.settled) {
            return Beginning::Known;
        }
        let id = call.id.clone().unwrap_or_else(|| self.make_id(call));
        let open = Open {
            id: id.clone(),
            is_named: call.id.is_some(),
            call: call.clone(),
            task: task.into(),
            since: now,
            order,
            turn: turn.map(Into::into),
        };
        self.open.push(open);
        Beginning::New(id)
    }

    /// Closes the call that an end is of. `is_well`: it ended as it should.
    pub(super) fn end(&mut self, call: &Call, order: Option<Timestamp>, is_well: bool) -> End {
        let at = match &call.id {
            Some(id) => self.open.iter().position(|open| open.id == *id).or_else(|| {
                self.open.iter().position(|open| !open.is_named && open.call.print == call.print)
            }),
            None => {
                let unnamed = |open: &Open| !open.is_named && open.call.print == call.print;
                self.open.iter().position(unnamed)
            }
        };
        if let Some(at) = at {
            let open = self.open.remove(at);
            let id = call.id.clone().or_else(|| open.is_named.then(|| open.id.clone()));
            // Without ids a call that is over is told apart only from one whose beginning is yet to come.
            if id.is_some() {
                self.remember(Done { id, print: call.print, order, is_well, is_assumed: false });
            }
            return End::Of(open);
        }
        if is_well {
            self.done.retain(|done| !(done.is_assumed && done.id.is_some() && done.id == call.id));
        }
        let is_known = match &call.id {
            Some(id) => self.done.iter().any(|done| done.id.as_ref() == Some(id)),
            // One hook tells of it with an id, another one does without.
            None => {
                self.open.iter().any(|open| open.is_named && open.call.print == call.print)
                    || self.done.iter().any(|done| done.id.is_some() && done.print == call.print)
            }
        };
        if is_known {
            return End::Known;
        }
        self.remember(Done { id: call.id.clone(), print: call.print, order, is_well, is_assumed: false });
        End::Unbegun(call.id.clone().unwrap_or_else(|| self.make_id(call)))
    }

    /// The open call that something without an id is about.
    pub(super) fn open_like(&self, call: &Call) -> Option<&Open> {
        let by_id = call.id.as_ref().and_then(|id| self.open.iter().find(|open| open.id == *id));
        by_id.or_else(|| self.open.iter().rev().find(|open| open.call.print == call.print))
    }

    /// The open call that asks for something: of several alike one that does not wait yet, and rather one with all of the same input.
    pub(super) fn open_asking(&self, call: &Call) -> Option<&Open> {
        let free = |open: &&Open| open.call.print == call.print && !self.waits.has(&open.id);
        let named = call.id.is_some().then(|| self.open_like(call)).flatten();
        named
            .or_else(|| self.open.iter().filter(free).find(|open| open.call.digest == call.digest))
            .or_else(|| self.open.iter().rev().find(free))
            .or_else(|| self.open_like(call))
    }

    /// Whether a call is over.
    pub(super) fn is_done(&self, call: &Call, order: Option<Timestamp>) -> bool {
        self.done.iter().any(|done| match &call.id {
            Some(id) => done.id.as_ref() == Some(id),
            None => done.print == call.print && Self::is_stale(order, done.order),
        })
    }

    /// Whether a call was told to have ended well that has failed, which is to be told once.
    pub(super) fn fails(&mut self, call: &Call) -> bool {
        let known = self.done.iter_mut().find(|done| done.is_well && done.id.is_some() && done.id == call.id);
        known.map(|done| done.is_well = false).is_some()
    }

    /// Closes an open call that was denied from elsewhere.
    pub(super) fn deny(&mut self, at: usize) -> Open {
        let open = self.open.remove(at);
        let (id, print) = (open.is_named.then(|| open.id.clone()), open.call.print);
        if id.is_some() {
            self.remember(Done { id, print, order: None, is_well: false, is_assumed: true });
        }
        open
    }

    fn remember(&mut self, done: Done) {
        if self.done.len() >= DONE_MAX {
            self.done.pop_front();
        }
        self.done.push_back(done);
    }

    fn make_id(&mut self, call: &Call) -> Box<str> {
        self.next += 1;
        format!("{:08x}-{}", call.print >> 32, self.next).into()
    }
}
