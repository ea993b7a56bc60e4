//! What a connection is doing and since when: decides when it has been waited for long enough. Pure but for the lock.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::streams::StreamHandle;
use crate::config::NetConfig;

/// How long each kind of waiting may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the first request, and for the rest of a request's head.
    head: Duration,
    /// For the next request.
    idle: Duration,
    /// For a client to read on.
    stall: Duration,
}

impl From<&NetConfig> for Patience {
    fn from(net: &NetConfig) -> Self {
        Self { head: net.header_timeout, idle: net.idle_timeout, stall: net.stall_timeout }
    }
}

impl Patience {
    /// Whatever begins to be waited for is not due before this has passed.
    fn shortest(&self) -> Duration {
        self.head.min(self.idle).min(self.stall)
    }
}

/// What is to be done about a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Look again at this time: before it nothing can be due.
    WaitUntil(Instant),
    /// Nothing is asked on it: it may be closed in peace.
    Idle,
    /// Its client does not read what is written.
    Stalled,
}

/// The protocol that the first request showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// One request after the other.
    Http1,
    /// Many requests at a time.
    Http2,
}

/// The state of one connection, told by its stream, its requests and their answers.
#[derive(Debug)]
pub(crate) struct Pulse {
    state: Mutex<PulseState>,
    ended: Notify,
    peer: Option<IpAddr>,
}

#[derive(Debug)]
struct PulseState {
    /// `None`: nothing was asked yet.
    protocol: Option<Protocol>,
    /// Requests whose answers are not wholly written.
    requests: usize,
    /// Since when nothing is asked.
    idle_since: Instant,
    /// When the first byte of the next request came.
    head_since: Option<Instant>,
    /// Since when the kernel takes nothing more for the client.
    unwritten_since: Option<Instant>,
    /// The client will send nothing more.
    has_ended: bool,
    /// That was read, and not only seen.
    end_was_read: bool,
    /// The reading side of HTTP/2, which learns of the end once nothing is asked any more.
    end_waker: Option<Waker>,
    answers: Vec<Answer>,
    next_answer: u64,
}

/// An answer that is being made as it is read.
#[derive(Debug)]
struct Answer {
    id: u64,
    /// Pieces that were handed out and are not written.
    out: usize,
    /// Whether it has nothing more at the moment.
    is_waiting: bool,
    /// When its reader last made progress.
    since: Instant,
    /// What ends it alone, where others share the connection.
    stream: Option<StreamHandle>,
}

impl Answer {
    /// When its reader has been waited for long enough.
    fn due(&self, patience: Duration) -> Option<Instant> {
        (self.out > 0 || !self.is_waiting).then(|| self.since + patience)
    }
}

impl Pulse {
    /// A connection that was just accepted.
    pub(crate) fn new(now: Instant) -> Self {
        let state = PulseState {
            protocol: None,
            requests: 0,
            idle_since: now,
            head_since: None,
            unwritten_since: None,
            has_ended: false,
            end_was_read: false,
            end_waker: None,
            answers: Vec::new(),
            next_answer: 0,
        };
        Self { state: Mutex::new(state), ended: Notify::new(), peer: None }
    }

    /// The same of a connection from this address.
    pub(crate) fn of(self, peer: Option<IpAddr>) -> Self {
        Self { peer, ..self }
    }

    /// The address that the connection comes from, if it is known.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    fn lock(&self) -> MutexGuard<'_, PulseState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes came.
    pub(crate) fn read(&self, now: Instant) {
        let mut state = self.lock();
        if state.requests == 0 && state.head_since.is_none() {
            state.head_since = Some(now);
        }
    }

    /// The client has ended its side. Returns whether hyper may know: with HTTP/2 it would drop what is
    /// asked, so there `waker` is woken once that is answered, and at first at once: what was read just
    /// before is no request yet.
    pub(crate) fn end(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        let is_new = !std::mem::replace(&mut state.end_was_read, true);
        state.has_ended = true;
        self.ended.notify_waiters();
        match state.protocol {
            Some(Protocol::Http1) => true,
            _ if is_new => {
                waker.wake_by_ref();
                false
            }
            _ if state.requests > 0 => {
                state.end_waker = Some(waker.clone());
                false
            }
            _ => true,
        }
    }

    /// The client has ended its side, which was seen without reading.
    pub(crate) fn saw_end(&self) {
        self.lock().has_ended = true;
        self.ended.notify_waiters();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lock().has_ended
    }

    /// Completes once the client has ended its side.
    pub(crate) async fn ended(&self) {
        let notified = self.ended.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        if !self.has_ended() {
            notified.await;
        }
    }

    /// The kernel took bytes.
    pub(crate) fn wrote(&self) {
        self.lock().unwritten_since = None;
    }

    /// The kernel takes nothing more at the moment.
    pub(crate) fn waits_for_kernel(&self, now: Instant) {
        self.lock().unwritten_since.get_or_insert(now);
    }

    /// A request has come. Returns whether others are under way on this connection.
    pub(crate) fn begin_request(&self, protocol: Protocol) -> bool {
        let mut state = self.lock();
        state.protocol = Some(protocol);
        state.head_since = None;
        state.requests += 1;
        state.requests > 1
    }

    /// It is answered, or given up.
    pub(crate) fn end_request(&self, now: Instant) {
        let waker = {
            let mut state = self.lock();
            state.requests -= 1;
            if state.requests > 0 {
                return;
            }
            state.idle_since = now;
            state.end_waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// An answer is there and will be read.
    pub(crate) fn begin_answer(&self, stream: Option<StreamHandle>, now: Instant) -> u64 {
        let mut state = self.lock();
        let id = state.next_answer;
        state.next_answer += 1;
        state.answers.push(Answer { id, out: 0, is_waiting: false, since: now, stream });
        id
    }

    /// A piece of an answer was handed out.
    pub(crate) fn handed_out(&self, id: u64, now: Instant) {
        self.change(id, |answer| {
            answer.out += 1;
            answer.is_waiting = false;
            answer.since = now;
        });
    }

    /// An answer has nothing more at the moment.
    pub(crate) fn answer_waits(&self, id: u64) {
        self.change(id, |answer| answer.is_waiting = true);
    }

    /// A piece of an answer was written.
    pub(crate) fn written(&self, id: u64, now: Instant) {
        self.change(id, |answer| {
            answer.out = answer.out.saturating_sub(1);
            answer.since = now;
        });
    }

    /// An answer is over, and what was handed out of it is written or forgotten.
    pub(crate) fn end_answer(&self, id: u64) {
        self.lock().answers.retain(|answer| answer.id != id);
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Answer)) {
        if let Some(answer) = self.lock().answers.iter_mut().find(|answer| answer.id == id) {
            change(answer);
        }
    }

    /// What is due. Streams of HTTP/2 whose readers stand still are ended here: they alone.
    pub(crate) fn judge(&self, patience: &Patience, now: Instant) -> Verdict {
        let mut state = self.lock();
        let mut next = now + patience.shortest();
        let mut is_stalled = false;
        if let Some(since) = state.unwritten_since {
            is_stalled |= since + patience.stall <= now;
            next = next.min(since + patience.stall);
        }
        for answer in &state.answers {
            match answer.due(patience.stall) {
                Some(due) if due <= now => match &answer.stream {
                    Some(stream) => stream.abort(),
                    None => is_stalled = true,
                },
                Some(due) => next = next.min(due),
                None => {}
            }
        }
        state.answers.retain(|answer| {
            answer.stream.is_none() || answer.due(patience.stall).is_none_or(|due| due > now)
        });
        if is_stalled {
            return Verdict::Stalled;
        }
        match state.idle_due(patience) {
            Some(due) if due <= now => Verdict::Idle,
            due => Verdict::WaitUntil(due.map_or(next, |due| due.min(next))),
        }
    }
}

impl PulseState {
    fn idle_due(&self, patience: &Patience) -> Option<Instant> {
        if self.requests > 0 {
            return None;
        }
        let idle = self.idle_since + patience.idle;
        Some(match (self.protocol, self.head_since) {
            (None, _) => self.idle_since + patience.head,
            (Some(Protocol::Http1), Some(since)) => idle.min(since + patience.head),
            // Control frames are no request.
            (Some(Protocol::Http1), None) | (Some(Protocol::Http2), _) => idle,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        stall: Duration::from_secs(30),
    };

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn silence_is_waited_for_as_long_as_a_head() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        assert_eq!(pulse.judge(&PATIENCE, at(start, 9)), Verdict::WaitUntil(at(start, 10)));
        pulse.read(at(start, 9));
        assert_eq!(pulse.judge(&PATIENCE, at(start, 10)), Verdict::Idle, "part of a preface changes nothing");
    }

    #[test]
    fn between_requests_a_connection_may_rest_longer_but_not_within_a_head() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        pulse.begin_request(Protocol::Http1);
        assert!(
            matches!(pulse.judge(&PATIENCE, at(start, 1000)), Verdict::WaitUntil(_)),
            "it is being answered"
        );
        pulse.end_request(at(start, 1000));
        assert!(matches!(pulse.judge(&PATIENCE, at(start, 1074)), Verdict::WaitUntil(_)));
        assert_eq!(pulse.judge(&PATIENCE, at(start, 1075)), Verdict::Idle);
        pulse.read(at(start, 1020));
        assert_eq!(pulse.judge(&PATIENCE, at(start, 1030)), Verdict::Idle);
    }

    #[test]
    fn control_frames_keep_nothing_open() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        pulse.begin_request(Protocol::Http2);
        pulse.end_request(start);
        pulse.read(at(start, 1));
        assert!(matches!(pulse.judge(&PATIENCE, at(start, 74)), Verdict::WaitUntil(_)));
        assert_eq!(pulse.judge(&PATIENCE, at(start, 75)), Verdict::Idle);
    }

    #[test]
    fn who_takes_no_bytes_is_stalled_and_who_takes_some_is_not() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        pulse.begin_request(Protocol::Http1);
        pulse.waits_for_kernel(start);
        pulse.waits_for_kernel(at(start, 29));
        assert_eq!(pulse.judge(&PATIENCE, at(start, 30)), Verdict::Stalled);
        pulse.wrote();
        assert!(matches!(pulse.judge(&PATIENCE, at(start, 30)), Verdict::WaitUntil(_)));
    }

    #[test]
    fn an_answer_that_waits_for_its_reader_is_stalled_and_one_that_waits_for_events_is_not() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        pulse.begin_request(Protocol::Http1);
        let id = pulse.begin_answer(None, start);
        pulse.handed_out(id, start);
        pulse.answer_waits(id);
        assert_eq!(pulse.judge(&PATIENCE, at(start, 30)), Verdict::Stalled, "a piece is not written");
        pulse.written(id, at(start, 30));
        assert!(matches!(pulse.judge(&PATIENCE, at(start, 1000)), Verdict::WaitUntil(_)), "nothing happens");
        pulse.handed_out(id, at(start, 1000));
        pulse.written(id, at(start, 1000));
        assert_eq!(pulse.judge(&PATIENCE, at(start, 1030)), Verdict::Stalled, "it is not asked for more");
    }
}
