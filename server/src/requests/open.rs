//! Requests that are open, and how those that are not ended. Pure: state, what happens, now → what follows.
//!
//! An end is *claimed*, written to the log, and only then *settled*; if the log does not take it, the claim is dropped and the request
//! is open again. A hook that holds on for an answer is *held*: it may be answered. A request that nobody holds, after a restart
//! too, is shown until it ends by itself. A request is *announced* once the log has the event that tells of it; before that it is not shown.

use std::collections::{BTreeMap, VecDeque};

use arcane_shared::{RoomName, Seq};

use super::ask::{Ask, Bounds, Refused};
use super::end::{Decision, End, Via};
use super::{Millis, RequestId};

/// A request that has not ended.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// What the agent asks.
    pub(crate) ask: Ask,
    /// When it was asked.
    pub(crate) asked_at: Millis,
    /// Whether the agent's hook still waits for an answer from here.
    pub(crate) is_held: bool,
    /// The event that told of it, once the log has it.
    pub(crate) seq: Option<Seq>,
    /// The end that is being written to the log.
    claimed: Option<End>,
    /// It is over, though the log does not have that yet: which way.
    over: Option<Via>,
    /// The hook's client is gone.
    is_left: bool,
}

/// What an answer came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answered {
    /// It is the first. It counts once [`OpenRequests::settle`] was called, after the log took it.
    Claimed(End),
    /// The request ended with this very decision.
    Same(End),
    /// Another end was first.
    Other(End),
    /// An end is being written; whether it holds is not known yet.
    UnderWay,
    /// Nobody waits for an answer from here: it can be answered where the agent runs.
    NotHeld,
    /// The agent does not take this.
    NotOffered,
    /// No such request, or one that ended long ago.
    Unknown,
}

/// What follows once the log has an end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settled {
    /// What the hook hears, if it waits: a decision, or `None` for the agent's own prompt.
    pub(crate) told: Option<Option<Decision>>,
    /// The end.
    pub(crate) end: End,
    /// What was asked.
    pub(crate) ask: Ask,
}

/// All requests of the server.
#[derive(Debug, Default)]
pub(crate) struct OpenRequests {
    bounds: Bounds,
    open: BTreeMap<RequestId, Request>,
    /// How requests ended, the oldest first: a repeated answer is told what was first.
    ended: VecDeque<(RequestId, RoomName, End)>,
    input_bytes: usize,
}

impl OpenRequests {
    /// None yet.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// A request is open from now on.
    ///
    /// # Errors
    /// It is beyond a bound, or its id is taken: the agent's own prompt has to do.
    pub(crate) fn open(&mut self, id: &str, ask: Ask, is_held: bool, now: Millis) -> Result<(), Refused> {
        if self.open.contains_key(id) || self.end_of(id).is_some() {
            return Err(Refused::KnownId);
        }
        let same = |other: &&Request| {
            (&other.ask.room, &other.ask.daemon, other.ask.session())
                == (&ask.room, &ask.daemon, ask.session())
        };
        let of_session = self.open.values().filter(same).count();
        self.input_bytes += self.bounds.check(&ask, self.open.len(), of_session, self.input_bytes)?;
        self.put(id, ask, is_held, now);
        Ok(())
    }

    /// The same for one that a rule answers at once, and that nobody is shown: there are as many as hooks wait.
    ///
    /// # Errors
    /// Its id is taken.
    pub(crate) fn open_ruled(&mut self, id: &str, ask: Ask, now: Millis) -> Result<(), Refused> {
        if self.open.contains_key(id) || self.end_of(id).is_some() {
            return Err(Refused::KnownId);
        }
        self.input_bytes += ask.bytes();
        self.put(id, ask, true, now);
        Ok(())
    }

    fn put(&mut self, id: &str, ask: Ask, is_held: bool, now: Millis) {
        let request =
            Request { ask, asked_at: now, is_held, seq: None, claimed: None, over: None, is_left: false };
        self.open.insert(id.into(), request);
    }

    /// The log has the event that tells of a request. Claims the end of one that was over before that.
    pub(crate) fn announce(&mut self, id: &str, seq: Seq, now: Millis) -> Option<End> {
        let request = self.open.get_mut(id)?;
        request.seq = Some(seq);
        let via = request.over?;
        self.end(id, via, now)
    }

    /// The log did not take the event that tells of a request: there was none.
    pub(crate) fn forget(&mut self, id: &str) {
        self.abandon(id);
    }

    /// A human or a rule answers.
    pub(crate) fn answer(
        &mut self,
        id: &str,
        decision: &Decision,
        by: Option<&str>,
        via: Via,
        now: Millis,
    ) -> Answered {
        let Some(request) = self.open.get_mut(id) else {
            return self.end_of(id).map_or(Answered::Unknown, |end| compared(end, decision));
        };
        if request.claimed.is_some() {
            return Answered::UnderWay;
        }
        if !request.is_held || request.seq.is_none() || request.over.is_some() {
            return Answered::NotHeld;
        }
        if !request.ask.offers(decision) {
            return Answered::NotOffered;
        }
        let end = End {
            decision: Some(decision.clone()),
            by: by.map(Into::into),
            via,
            waited_ms: now.saturating_sub(request.asked_at),
        };
        request.claimed = Some(end.clone());
        Answered::Claimed(end)
    }

    /// A rule answers a request that is not told of, and never will be. `None`: it is over, or its agent does not take this.
    pub(crate) fn rule(&mut self, id: &str, decision: Decision, rule: Box<str>, now: Millis) -> Option<End> {
        let request = self.open.get_mut(id)?;
        let is_open = request.is_held && request.claimed.is_none() && request.over.is_none();
        let decision = match decision {
            Decision::Deny(_) if !request.ask.takes_message => Decision::Deny(None),
            decision => decision,
        };
        if !is_open || !request.ask.offers(&decision) {
            return None;
        }
        let waited_ms = now.saturating_sub(request.asked_at);
        let end = End { decision: Some(decision), by: Some(rule), via: Via::Rule, waited_ms };
        request.claimed = Some(end.clone());
        Some(end)
    }

    /// Claims an end without a decision, unless another one is claimed. One that was not told of yet ends once it was.
    pub(crate) fn end(&mut self, id: &str, via: Via, now: Millis) -> Option<End> {
        let request = self.open.get_mut(id).filter(|request| request.claimed.is_none())?;
        let via = *request.over.get_or_insert(via);
        request.seq?;
        let end = End { decision: None, by: None, via, waited_ms: now.saturating_sub(request.asked_at) };
        request.claimed = Some(end.clone());
        Some(end)
    }

    /// Claims the ends of what is past its time, and of what is held for a room in which nobody watches.
    pub(crate) fn due(&mut self, now: Millis, is_watched: impl Fn(&Ask) -> bool) -> Vec<(RequestId, End)> {
        let via = |request: &Request| match request {
            request if request.claimed.is_some() || request.seq.is_none() => None,
            request if request.over.is_some() => request.over,
            request if request.ask.expires_at <= now => Some(Via::Expired),
            request if request.is_held && !is_watched(&request.ask) => Some(Via::Withdrawn),
            _ => None,
        };
        let due: Vec<(RequestId, Via)> =
            self.open.iter().filter_map(|(id, request)| Some((id.clone(), via(request)?))).collect();
        due.into_iter().filter_map(|(id, via)| self.end(&id, via, now).map(|end| (id, end))).collect()
    }

    /// The hook goes without an answer: its client is gone, or the server stops. Returns whether it may: an answer that is claimed is
    /// on its way, and the hook waits until that is settled or dropped.
    pub(crate) fn let_go(&mut self, id: &str) -> bool {
        let Some(request) = self.open.get_mut(id) else { return true };
        if request.claimed.as_ref().is_some_and(|end| end.decision.is_some()) {
            request.is_left = true;
            return false;
        }
        request.is_held = false;
        true
    }

    /// The log took the claimed end.
    pub(crate) fn settle(&mut self, id: &str) -> Option<Settled> {
        let is_claimed = self.open.get(id).is_some_and(|request| request.claimed.is_some());
        let request = if is_claimed { self.open.remove(id)? } else { return None };
        self.input_bytes -= request.ask.bytes();
        let end = request.claimed?;
        let told = request.is_held.then(|| end.decision.clone());
        if self.ended.len() >= self.bounds.ended_max.max(1) {
            self.ended.pop_front();
        }
        self.ended.push_back((id.into(), request.ask.room.clone(), end.clone()));
        Some(Settled { told, end, ask: request.ask })
    }

    /// The log did not take the claimed end: an answer did not count, and the request is open as before; one that is over stays so, and
    /// its end is written later. Returns whether its hook hears now that there is no decision.
    pub(crate) fn drop_claim(&mut self, id: &str) -> bool {
        let Some(request) = self.open.get_mut(id) else { return false };
        request.claimed = None;
        if request.is_left {
            request.over.get_or_insert(Via::Terminal);
        }
        let goes = request.is_held && request.over.is_some();
        request.is_held &= request.over.is_none();
        goes
    }

    /// Another end of the request is in the log, or nothing of it is any more: it is gone, and its hook hears no decision.
    pub(crate) fn abandon(&mut self, id: &str) -> Option<Ask> {
        let request = self.open.remove(id)?;
        self.input_bytes -= request.ask.bytes();
        Some(request.ask)
    }

    /// A request that has not ended.
    pub(crate) fn get(&self, id: &str) -> Option<&Request> {
        self.open.get(id)
    }

    /// Those that have not ended and were told of, by their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Request)> {
        self.open.iter().filter(|(_, one)| one.seq.is_some()).map(|(id, request)| (&**id, request))
    }

    /// How a request ended, as far as that is remembered.
    pub(crate) fn end_of(&self, id: &str) -> Option<&End> {
        self.ended.iter().rev().find(|(ended, ..)| **ended == *id).map(|(.., end)| end)
    }

    /// The room of a request that is open, or whose end is remembered.
    pub(crate) fn room_of(&self, id: &str) -> Option<&RoomName> {
        let ended = || self.ended.iter().rev().find(|(ended, ..)| **ended == *id).map(|(_, room, _)| room);
        self.open.get(id).map(|request| &request.ask.room).or_else(ended)
    }

    /// Bytes of inputs that are kept.
    #[cfg(test)]
    pub(super) fn input_bytes(&self) -> usize {
        self.input_bytes
    }
}

fn compared(end: &End, decision: &Decision) -> Answered {
    if end.decision.as_ref() == Some(decision) {
        Answered::Same(end.clone())
    } else {
        Answered::Other(end.clone())
    }
}
