//! How an event changes a roster.

use super::ended::Counts;
use super::session::{SESSIONS_MAX, SessionState, is_same};
use super::sign::{Asked, CallPart, Deed, Sign};
use super::state::{Call, DaemonState, Failure, Wait};
use super::sums::Sums;
use super::{CALLS_MAX, DAEMONS_MAX, Roster, SILENCE_MICROS, TOGETHER_MAX, WAITS_MAX};
use crate::{DaemonName, Rgb, Seq, Timestamp};

impl Roster {
    /// Folds the event with the next number. `None`: it is about no daemon. What is folded in already changes nothing.
    pub fn fold(&mut self, seq: Seq, sign: Option<&Sign>) {
        if seq <= self.seq {
            return;
        }
        self.seq = seq;
        if let Some(sign) = sign {
            self.fold_sign(seq, sign);
        }
    }

    /// A daemon that was present before the first event that is known, nobody knows since when.
    pub fn admit(&mut self, name: &str, color: Rgb) {
        let Ok(name) = DaemonName::parse(name) else { return };
        let at = self.find(name.as_str()).unwrap_or_else(|_| self.make_room(&name));
        let daemon = &mut self.daemons[at];
        daemon.color = Some(color);
        daemon.present_since.get_or_insert(Timestamp::from_unix_micros(0));
        daemon.settle();
    }

    fn fold_sign(&mut self, seq: Seq, sign: &Sign) {
        let found = self.find(sign.daemon.as_str());
        let at = match found {
            Ok(at) if sign.deed == Deed::Forgotten => {
                self.daemons.remove(at);
                return;
            }
            Ok(at) => at,
            // Who is not here and not known leaves nothing but figures.
            Err(_) if !sign.brings() && (!sign.counts() || self.is_full()) => return,
            Err(_) => self.make_room(&sign.daemon),
        };
        let day = self.day(sign.at);
        let is_wait = matches!(sign.deed, Deed::Waits { .. });
        let waits_max = if is_wait { self.waits_max(&sign.daemon) } else { usize::MAX };
        let daemon = &mut self.daemons[at];
        daemon.begin_day(day);
        if sign.color.is_some() {
            daemon.color = sign.color;
        }
        let counts = daemon.counts_of(sign);
        if let Deed::Guarded(told) = &sign.deed {
            daemon.guard(seq, sign, day, told);
        } else {
            daemon.take(seq, sign, counts.call);
            daemon.waiting.truncate(waits_max);
        }
        daemon.each_window(|sums| {
            if counts.spent {
                sums.spend(sign.spent);
            }
            if let Deed::Ended { seconds, error, .. } = &sign.deed
                && counts.call
            {
                sums.end_call(*seconds, error.is_some());
            }
        });
        daemon.spend_in_session(sign, counts.spent);
        daemon.settle();
        if counts.spent {
            self.spend_above(sign, day);
        }
    }

    fn is_full(&self) -> bool {
        self.daemons.len() >= DAEMONS_MAX
    }

    /// Makes a place for a daemon; says where.
    fn make_room(&mut self, name: &DaemonName) -> usize {
        if self.is_full() {
            let daemons = self.daemons.iter().enumerate();
            let oldest = daemons.min_by_key(|(_, daemon)| (daemon.is_present(), daemon.heard_seq));
            if let Some((oldest, _)) = oldest {
                self.daemons.remove(oldest);
            }
        }
        let at = self.find(name.as_str()).unwrap_or_else(|at| at);
        self.daemons.insert(at, DaemonState::new(name.clone()));
        at
    }
}

impl Sign {
    /// Whether figures change by it, also those of a daemon that is not present.
    fn counts(&self) -> bool {
        !self.spent.is_none() || matches!(self.deed, Deed::Ended { .. })
    }

    /// Whether a daemon that is not present is so after it.
    fn brings(&self) -> bool {
        match &self.deed {
            _ if self.late => false,
            Deed::Summoned
            | Deed::Began { .. }
            | Deed::Ended { .. }
            | Deed::Closed { .. }
            | Deed::Waits { .. }
            | Deed::Spoke { .. }
            | Deed::GoesOn { .. } => !self.failed,
            Deed::Banished
            | Deed::Forgotten
            | Deed::Acknowledged { .. }
            | Deed::Answered { .. }
            | Deed::Guarded(_)
            | Deed::Named => false,
        }
    }
}

/// Whether what is kept is of the session of a sign; a sign without a session is of all of them.
fn within(kept: Option<&str>, sign: &Sign) -> bool {
    sign.of.is_none() || is_same(kept, sign.session())
}

impl DaemonState {
    /// What of an event counts: of the end of a call that has ended before, no more than tokens and cost that were not told.
    fn counts_of(&mut self, sign: &Sign) -> Counts {
        match &sign.deed {
            Deed::Began { call_id: Some(id) } if !sign.late => self.ended.begin(sign, id),
            Deed::Ended { call_id: Some(id), .. } => return self.ended.note(sign, id),
            _ => {}
        }
        Counts { call: true, spent: true }
    }

    /// `is_first`: no end of its call was told before.
    fn take(&mut self, seq: Seq, sign: &Sign, is_first: bool) {
        match &sign.deed {
            Deed::Named | Deed::Forgotten | Deed::Guarded(_) => return,
            Deed::Acknowledged { failure: seen } => {
                // What failed meanwhile was not seen.
                self.failure.take_if(|failure| seen.is_none_or(|seen| failure.seq <= seen));
                return;
            }
            _ if sign.late => return,
            // A refusal of a daemon that is not here does not bring it here.
            _ if !self.is_present() && !sign.brings() => return,
            Deed::Summoned if sign.of.is_none() => self.begin_session(sign.at),
            Deed::Summoned => self.appear(sign.at),
            Deed::Banished => self.lose(sign),
            Deed::Began { call_id } => {
                self.appear(sign.at);
                self.begin(seq, sign, call_id.clone());
            }
            Deed::Ended { call_id, error, is_denied, .. } => {
                self.appear(sign.at);
                self.end(sign, call_id.as_deref());
                // Who denied a call needs not be told that it was not made.
                if is_first && !is_denied {
                    self.fail(seq, sign, error.as_deref());
                }
            }
            Deed::Closed { call_id } => {
                self.appear(sign.at);
                self.end(sign, call_id.as_deref());
            }
            Deed::Waits { call_id, request } => {
                self.appear(sign.at);
                self.wait(seq, sign, call_id.clone(), request.as_deref());
            }
            Deed::Answered { request_id, waits_on } => self.answered(sign.at, request_id, *waits_on),
            Deed::Spoke { call_id } => {
                self.appear(sign.at);
                self.end_waits(sign, call_id.as_deref());
                self.calls.retain(|call| !within(call.session.as_deref(), sign));
            }
            Deed::GoesOn { call_id } => {
                self.appear(sign.at);
                self.end_waits(sign, call_id.as_deref());
            }
        }
        if self.is_present() {
            self.hear_session(seq, sign);
        }
        if sign.of.is_none() {
            self.is_beginning = matches!(sign.deed, Deed::Began { .. });
        }
        self.heard_at = self.heard_at.max(Timestamp::from_unix_micros(sign.at));
        self.heard_seq = seq;
        if !sign.line.is_empty() {
            self.last.clone_from(&sign.line);
            self.last_seq = seq;
        }
    }

    fn begin_session(&mut self, at: i64) {
        self.end_all_waits(at);
        self.sessions.clear();
        self.calls.clear();
        (self.failure, self.looping) = (None, None);
        self.session = Sums::default();
        self.present_since = Some(Timestamp::from_unix_micros(at));
    }

    /// Who gives a sign of life is here, whether it was announced or not.
    fn appear(&mut self, at: i64) {
        if !self.is_present() {
            self.begin_session(at);
        }
    }

    /// A session has ended, or all that there are.
    fn lose(&mut self, sign: &Sign) {
        if let Some(of) = &sign.of {
            self.sessions.retain(|session| !is_same(Some(&session.id), Some(&of.id)));
            self.waiting.retain(|wait| !within(wait.session.as_deref(), sign));
            self.settle_waits(sign.at);
            self.calls.retain(|call| !within(call.session.as_deref(), sign));
            self.failure.take_if(|failure| within(failure.session.as_deref(), sign));
            self.end_loop(sign);
            if of.manifestations.map_or(!self.sessions.is_empty(), |left| left > 0) {
                return;
            }
        }
        self.end_all_waits(sign.at);
        self.sessions.clear();
        self.calls.clear();
        (self.failure, self.looping) = (None, None);
        self.present_since = None;
    }

    fn hear_session(&mut self, seq: Seq, sign: &Sign) {
        let Some(of) = sign.of.as_deref().filter(|_| sign.deed != Deed::Banished) else { return };
        if of.parent.is_some() {
            self.started_by.clone_from(&of.parent);
        }
        let at = self.sessions.iter().position(|session| is_same(Some(&session.id), Some(&of.id)));
        let at = at.unwrap_or_else(|| {
            if self.sessions.len() >= SESSIONS_MAX {
                let oldest = self.sessions.iter().enumerate().min_by_key(|(_, session)| session.heard_seq);
                let oldest = oldest.map_or(0, |(at, _)| at);
                self.sessions.remove(oldest);
            }
            self.sessions.push(SessionState::begin(of, sign.at));
            self.sessions.len() - 1
        });
        self.sessions[at].hear(of, sign.at, seq);
    }

    fn begin(&mut self, seq: Seq, sign: &Sign, call_id: Option<Box<str>>) {
        self.end_waits(sign, call_id.as_deref());
        // An agent's session tells the end of each of its calls itself.
        let mut beside = sign.of.is_some();
        if !beside {
            beside = self.is_beginning && !self.calls.is_empty();
            if beside {
                self.calls.iter_mut().for_each(|call| call.beside = true);
            } else {
                // An end that never came: the daemon has gone on to something else.
                self.calls.retain(|call| {
                    call.session.is_some()
                        || call.beside && sign.at - call.since.unix_micros() < SILENCE_MICROS
                });
                beside = !self.calls.is_empty();
            }
        }
        let since = Timestamp::from_unix_micros(sign.at);
        if call_id.is_some() {
            self.calls.retain(|call| !is_same(call.call_id.as_deref(), call_id.as_deref()));
        }
        let session: Option<Box<str>> = sign.session().map(Into::into);
        let same = |call: &Call| is_same(call.session.as_deref(), session.as_deref());
        if self.calls.iter().filter(|call| same(call)).count() >= CALLS_MAX
            && let Some(first) = self.calls.iter().position(same)
        {
            self.calls.remove(first);
        } else if self.calls.len() >= TOGETHER_MAX {
            self.calls.remove(0);
        }
        self.calls.push(Call { call_id, task: sign.line.clone(), since, seq, session, beside });
    }

    fn end(&mut self, sign: &Sign, call_id: Option<&str>) {
        self.end_waits(sign, call_id);
        if let Some(at) = self.ended(sign, call_id) {
            self.calls.remove(at);
        }
    }

    /// A call failed, or succeeded: that ends a failure of its own session alone.
    fn fail(&mut self, seq: Seq, sign: &Sign, error: Option<&str>) {
        match error {
            Some(error) => {
                self.failure = Some(Failure {
                    session: sign.session().map(Into::into),
                    task: sign.line.clone(),
                    error: error.into(),
                    at: Timestamp::from_unix_micros(sign.at),
                    seq,
                });
            }
            None => {
                self.failure.take_if(|failure| within(failure.session.as_deref(), sign));
            }
        }
    }

    /// The open call that an end is of.
    #[must_use]
    pub fn call_ended_by(&self, sign: &Sign) -> Option<&Call> {
        let Some(CallPart::End { call_id }) = sign.call_part() else { return None };
        self.calls.get(self.ended(sign, call_id)?)
    }

    fn ended(&self, sign: &Sign, call_id: Option<&str>) -> Option<usize> {
        let mine = |call: &Call| within(call.session.as_deref(), sign);
        if call_id.is_some() {
            return self
                .calls
                .iter()
                .position(|call| mine(call) && is_same(call.call_id.as_deref(), call_id));
        }
        let unnamed = |call: &Call| mine(call) && call.call_id.is_none();
        let same = self.calls.iter().position(|call| unnamed(call) && call.task == sign.line);
        same.or_else(|| self.calls.iter().position(unnamed))
    }

    fn wait(&mut self, seq: Seq, sign: &Sign, call_id: Option<Box<str>>, asked: Option<&Asked>) {
        let since = Timestamp::from_unix_micros(sign.at);
        let session: Option<Box<str>> = sign.session().map(Into::into);
        let mut mine =
            self.waiting.iter().filter(|wait| is_same(wait.session.as_deref(), session.as_deref()));
        // Requests are told apart by their own ids: a session may ask the same twice.
        let is_told = |wait: &Wait| match (asked, &wait.request_id) {
            (Some(asked), Some(id)) => asked.id == *id,
            (Some(_), None) => false,
            (None, _) => is_same(wait.call_id.as_deref(), call_id.as_deref()),
        };
        if mine.clone().any(is_told) {
            return;
        }
        let has_room = mine.by_ref().count() < WAITS_MAX;
        self.waiting_since.get_or_insert(since);
        if has_room {
            let (request_id, expires_at) =
                asked.map_or((None, None), |asked| (Some(asked.id.clone()), asked.expires_at));
            let reason = sign.line.clone();
            self.waiting.push(Wait { call_id, session, reason, since, seq, request_id, expires_at });
        }
    }

    /// A request has ended. Where the agent's own prompt has the word now, the wait goes on without it.
    fn answered(&mut self, at: i64, request_id: &str, waits_on: bool) {
        for wait in &mut self.waiting {
            if waits_on && wait.request_id.as_deref() == Some(request_id) {
                (wait.request_id, wait.expires_at) = (None, None);
            }
        }
        self.waiting.retain(|wait| wait.request_id.as_deref() != Some(request_id));
        self.settle_waits(at);
    }

    /// A sign of life of a call ends its wait, and those that name no call; one that names no call ends every wait. One of a
    /// session leaves those of others alone. A wait with a request ends with the request or its own call.
    fn end_waits(&mut self, sign: &Sign, call_id: Option<&str>) {
        self.waiting.retain(|wait| {
            if wait.request_id.is_some() && (call_id.is_none() || wait.call_id.is_none()) {
                return true;
            }
            let of_another_call =
                call_id.is_some() && wait.call_id.is_some() && !is_same(wait.call_id.as_deref(), call_id);
            of_another_call || !within(wait.session.as_deref(), sign)
        });
        self.settle_waits(sign.at);
    }

    fn end_all_waits(&mut self, at: i64) {
        self.waiting.clear();
        self.settle_waits(at);
    }

    fn settle_waits(&mut self, at: i64) {
        if self.waiting.is_empty()
            && let Some(since) = self.waiting_since.take()
        {
            let waited_ms = u64::try_from((at - since.unix_micros()) / 1000).unwrap_or(0);
            self.each_window(|sums| sums.waited_ms = sums.waited_ms.saturating_add(waited_ms));
        }
    }
}
