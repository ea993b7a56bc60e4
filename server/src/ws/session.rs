//! What a WebSocket connection decides. Pure: (state, input, now) → outputs.

mod steps;

pub use steps::{Input, Output};

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use arcane_shared::api::RequestAnswer;
use arcane_shared::control::{
    ClientMessage, CloseCode, Limits, PROTOCOL_VERSION, SEEN_SAMPLES_MAX, ServerMessage,
};
use arcane_shared::event::EVENT_BYTES_MAX;
use arcane_shared::filter::FILTER_VALUES_MAX;
use arcane_shared::{Seq, UnixMillis};

use super::codec::Incoming;
use super::publish::{is_of_kind, is_publish};
use crate::config::NetConfig;
use crate::json;
use crate::stream::TAKEN_OVER;

/// Most messages that cannot be used in [`BAD_WINDOW`]; the next one closes the connection.
const BAD_MAX: usize = 10;
const BAD_WINDOW: Duration = Duration::from_mins(1);
/// Least time between two `position` notices.
const POSITION_INTERVAL: Duration = Duration::from_secs(1);
/// How long a client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What this server can do, by name.
const FEATURES: [&str; 15] = [
    "auth",
    "filter",
    "ping",
    "seen",
    "publish",
    "resume",
    "replay",
    "consumer",
    "lagging",
    "caught_up",
    "gap",
    "position",
    "draining",
    "presence",
    "answer",
];

/// What the client is to say, and how long that may take.
#[derive(Debug, Clone, Copy)]
struct Due {
    since: Instant,
    patience: Duration,
}

impl Due {
    fn at(self) -> Instant {
        self.since + self.patience
    }
}

/// One connection's state.
#[derive(Debug)]
pub struct Session {
    ping_interval: Duration,
    pong_timeout: Duration,
    stall_timeout: Duration,
    limits: Limits,
    /// Whether it reads in the name of a durable consumer.
    consumes: bool,
    /// When the client's token ends.
    ends_at: Option<Instant>,
    notices: bool,
    heard_at: Instant,
    /// The answer to a ping.
    pong: Option<Due>,
    /// The answer to a close frame.
    end: Option<Due>,
    stalled_since: Option<Instant>,
    bad: VecDeque<Instant>,
    /// The position that is still to be told, and when it is due.
    position: Option<(Seq, Instant)>,
    position_told_at: Option<Instant>,
}

impl Session {
    /// A connection that was just made.
    #[must_use]
    pub fn new(config: &NetConfig, history_size: usize, now: Instant) -> Self {
        let limits = Limits {
            event_bytes_max: EVENT_BYTES_MAX as u64,
            message_bytes_max: config.message_bytes_max as u64,
            seen_samples_max: SEEN_SAMPLES_MAX as u64,
            history_size: history_size as u64,
            ping_interval_ms: u64::try_from(config.ping_interval.as_millis()).unwrap_or(u64::MAX),
        };
        Self {
            ping_interval: config.ping_interval,
            pong_timeout: config.pong_timeout,
            stall_timeout: config.stall_timeout,
            limits,
            consumes: false,
            ends_at: None,
            notices: false,
            heard_at: now,
            pong: None,
            end: None,
            stalled_since: None,
            bad: VecDeque::new(),
            position: None,
            position_told_at: None,
        }
    }

    /// The same in the name of a durable consumer: then it may acknowledge.
    #[must_use]
    pub fn consuming(self, consumes: bool) -> Self {
        Self { consumes, ..self }
    }

    /// The same until the client's token ends.
    #[must_use]
    pub fn ending(self, ends_at: Option<Instant>) -> Self {
        Self { ends_at, ..self }
    }

    /// Whether events still go out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether the client asked to be told where its stream is.
    #[must_use]
    pub fn wants_position(&self) -> bool {
        self.notices
    }

    /// When [`Input::Tick`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Instant {
        let stall = self.stalled_since.map(|since| since + self.stall_timeout);
        let answer = self.answer_due().map(Due::at);
        let ping = self.pong.is_none().then(|| self.heard_at + self.ping_interval);
        let position = self.position.map(|(_, due)| due);
        let due = match self.is_open() {
            true => [stall, answer, ping, position, self.ends_at],
            false => [stall, answer, None, None, None],
        };
        // One of them is there: what is awaited, or else waits, or else is asked.
        due.into_iter().flatten().min().unwrap_or(self.heard_at)
    }

    /// The answer that is awaited. What the client was not sent yet, it cannot answer: while bytes wait for it, there
    /// is one rule for who reads nothing, and no other.
    fn answer_due(&self) -> Option<Due> {
        self.end.or(self.pong).filter(|_| self.stalled_since.is_none())
    }

    /// Decides what an input leads to.
    pub fn handle(&mut self, input: Input, now: Instant) -> Vec<Output> {
        match input {
            Input::Said(incoming, at) => {
                self.heard_at = now;
                self.pong = None;
                self.said(incoming, at, now)
            }
            Input::Broke(error) => self.close(error.close_code(), error.to_string(), now),
            Input::Lost(gap, reason) => {
                let reason = reason.as_str().into();
                self.notice(ServerMessage::Gap { from: gap.from, to: gap.to, reason })
            }
            Input::Lagging(behind) => self.notice(ServerMessage::Lagging { behind }),
            Input::CaughtUp(seq) => self.notice(ServerMessage::CaughtUp { seq }),
            Input::Ended => self.close(CloseCode::ReplayComplete, "the replay is complete".into(), now),
            Input::Over => {
                self.close(CloseCode::GoingAway, "the room has a new epoch; connect again".into(), now)
            }
            Input::Evicted => self.close(CloseCode::TakenOver, TAKEN_OVER.into(), now),
            Input::Considered(seq) => {
                let due = self.position_told_at.map_or(now, |at| now.max(at + POSITION_INTERVAL));
                self.position = self.notices.then_some((seq, due));
                self.tell_position(now)
            }
            Input::Refused(refusal) if refusal.is_passing => {
                self.error(refusal.code, refusal.detail, refusal.id)
            }
            Input::Refused(refusal) => self.bad(refusal.code, refusal.detail, refusal.id, now),
            Input::Progress { waited } => {
                self.stalled_since = None;
                if waited {
                    self.put_off(now);
                }
                vec![]
            }
            Input::Waiting => {
                self.stalled_since.get_or_insert(now);
                vec![]
            }
            Input::TooMuch(reason) => self.close(CloseCode::TooMany, reason, now),
            Input::Unauthenticated(reason) => self.close(CloseCode::NotAuthenticated, reason, now),
            Input::Authenticated { ends_at, expires_at } => {
                self.ends_at = ends_at;
                #[expect(clippy::cast_precision_loss, reason = "exact for a quarter of a million years")]
                let expires_at = expires_at.map(|seconds| seconds as f64 * 1000.0);
                vec![Output::Send(ServerMessage::Authenticated { expires_at })]
            }
            Input::Drain { back_in_ms } => {
                let mut outputs = self.notice(ServerMessage::Draining { reconnect_in_ms: back_in_ms });
                outputs.extend(self.close(CloseCode::Draining, "the server is about to stop".into(), now));
                outputs
            }
            Input::Tick => self.tick(now),
        }
    }

    /// The client reads, but slowly: what is asked of it is behind all that the kernels hold, and as much time as
    /// a client may take that reads nothing is enough for that.
    fn put_off(&mut self, now: Instant) {
        for due in [&mut self.pong, &mut self.end].into_iter().flatten() {
            *due = Due { since: now, patience: due.patience.max(self.stall_timeout) };
        }
    }

    fn said(&mut self, incoming: Incoming, at: UnixMillis, now: Instant) -> Vec<Output> {
        match incoming {
            Incoming::Close(_) if !self.is_open() => vec![Output::End],
            // RFC 6455, 5.5.1: behind a close frame nothing is sent.
            _ if !self.is_open() => vec![],
            Incoming::Ping(payload) => vec![Output::Pong(payload)],
            Incoming::Pong => vec![],
            Incoming::Close(code) => {
                self.end = Some(Due { since: now, patience: CLOSE_TIMEOUT });
                vec![Output::CloseAnswer(code.unwrap_or(CloseCode::Normal.code()))]
            }
            Incoming::Binary(_) => {
                self.bad("binary_message", "messages are JSON in text frames, not binary".into(), None, now)
            }
            Incoming::Text(text) if is_publish(&text) => vec![Output::Publish(text)],
            Incoming::Text(text) if json::is_array(text.as_bytes()) => {
                let detail = "a message is an object with a type, not an array".into();
                self.bad("bad_message", detail, None, now)
            }
            Incoming::Text(text) => match serde_json::from_slice(&json::plain(text.as_bytes())) {
                Ok(message) => self.control(message, at, now),
                Err(error) if is_of_kind(&text, "filter") => {
                    self.bad("bad_filter", format!("this is no filter: {error}"), None, now)
                }
                Err(error) => {
                    self.bad("bad_message", format!("this is no control message: {error}"), None, now)
                }
            },
        }
    }

    fn control(&mut self, message: ClientMessage, at: UnixMillis, now: Instant) -> Vec<Output> {
        match message {
            ClientMessage::Hello { .. } => {
                self.notices = true;
                let features = FEATURES;
                vec![Output::Send(ServerMessage::Hello {
                    version: PROTOCOL_VERSION,
                    features: features.map(str::to_owned).into(),
                    limits: self.limits.clone(),
                })]
            }
            ClientMessage::Auth { token } => vec![Output::Authenticate(token)],
            ClientMessage::Ping { t0 } => vec![Output::Send(ServerMessage::Pong { t0, t1: at, t2: at })],
            ClientMessage::Filter(filter) => {
                if filter.spell.len().max(filter.daemon.len()) > FILTER_VALUES_MAX {
                    let detail = format!("a filter names at most {FILTER_VALUES_MAX} spells or daemons");
                    return self.bad("bad_filter", detail, None, now);
                }
                vec![Output::Filter(filter)]
            }
            ClientMessage::Ack { seq } if self.consumes => vec![Output::Ack(seq)],
            ClientMessage::Ack { .. } => {
                let detail = "ack is for durable consumers, and this connection named none".to_owned();
                self.bad("no_consumer", detail, None, now)
            }
            ClientMessage::Seen { samples } if samples.len() > SEEN_SAMPLES_MAX => {
                let detail = format!("samples has at most {SEEN_SAMPLES_MAX} entries");
                self.bad("too_many_samples", detail, None, now)
            }
            ClientMessage::Seen { samples } => vec![Output::Seen(samples)],
            ClientMessage::Presence { visible } => vec![Output::Presence(visible)],
            ClientMessage::Answer { request_id, decision, message, answers, id } => {
                vec![Output::Answer(request_id, RequestAnswer { decision, message, answers }, id)]
            }
        }
    }

    fn tick(&mut self, now: Instant) -> Vec<Output> {
        if self.stalled_since.is_some_and(|since| now >= since + self.stall_timeout) {
            // A client that reads nothing does not read a close frame either.
            return vec![Output::Abandon(CloseCode::NoPong)];
        }
        let is_late = self.answer_due().is_some_and(|due| now >= due.at());
        if !self.is_open() {
            return if is_late { vec![Output::End] } else { vec![] };
        }
        if self.ends_at.is_some_and(|at| now >= at) {
            return self.close(CloseCode::NotAuthenticated, "the token has expired".into(), now);
        }
        if is_late {
            return self.close(CloseCode::NoPong, "no answer to a ping".into(), now);
        }
        if self.pong.is_none() && now >= self.heard_at + self.ping_interval {
            self.pong = Some(Due { since: now, patience: self.pong_timeout });
            return vec![Output::Ping];
        }
        self.tell_position(now)
    }

    fn tell_position(&mut self, now: Instant) -> Vec<Output> {
        match self.position {
            Some((seq, due)) if now >= due => {
                self.position = None;
                self.position_told_at = Some(now);
                self.notice(ServerMessage::Position { seq })
            }
            _ => vec![],
        }
    }

    fn notice(&self, message: ServerMessage) -> Vec<Output> {
        if self.notices && self.is_open() { vec![Output::Send(message)] } else { vec![] }
    }

    fn bad(&mut self, code: &str, detail: String, id: Option<String>, now: Instant) -> Vec<Output> {
        while self.bad.front().is_some_and(|at| now.duration_since(*at) >= BAD_WINDOW) {
            self.bad.pop_front();
        }
        if self.bad.len() >= BAD_MAX {
            let reason = format!("more than {BAD_MAX} messages in a minute could not be used");
            return self.close(CloseCode::BadRequest, reason, now);
        }
        self.bad.push_back(now);
        self.error(code, detail, id)
    }

    fn error(&self, code: &str, detail: String, id: Option<String>) -> Vec<Output> {
        if !self.is_open() {
            return vec![];
        }
        vec![Output::Send(ServerMessage::Error { code: code.into(), detail, id })]
    }

    fn close(&mut self, code: CloseCode, reason: String, now: Instant) -> Vec<Output> {
        if !self.is_open() {
            return vec![];
        }
        self.end = Some(Due { since: now, patience: CLOSE_TIMEOUT });
        vec![Output::Close(code, reason)]
    }
}

#[cfg(test)]
mod tests;
