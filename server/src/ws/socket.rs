//! The loop of one connection: socket, bus, deadline and shutdown. It executes what the session
//! decides and decides nothing itself.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use arcane_shared::EventFilter;
use arcane_shared::control::{CloseCode, ServerMessage};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::bell::{Bell, Reason, Rung};
use super::codec::{self, Decoder};
use super::fanout::{Member, TURN_BYTES_MAX, TURN_FRAMES_MAX};
use super::publish::publish;
use super::session::{Input, Output, Session};
use super::turn::{Outbox, Turn, linger, offer, poll_turn};
use super::wheel::Alarm;
use crate::bus::Subscription;
use crate::clock;
use crate::state::AppState;

/// Everything a connection needs.
pub(super) struct Socket<S> {
    pub(super) io: S,
    pub(super) session: Session,
    pub(super) decoder: Decoder,
    pub(super) subscription: Subscription,
    /// Whether events are wanted at all.
    pub(super) listens: bool,
    /// The place in a list, for a socket that can have one.
    pub(super) member: Option<Member>,
    pub(super) bell: Arc<Bell>,
    pub(super) alarm: Alarm,
    pub(super) state: AppState,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Says `greeting` and runs until either side ends. `early` is what the client sent right
    /// behind its handshake. Returns the code that it closed with.
    pub(super) async fn run(mut self, greeting: Bytes, early: Bytes) -> u16 {
        let mut outbox = Outbox::default();
        let mut inbox = BytesMut::from(&early[..]);
        drop(early);
        outbox.push(greeting);
        let outputs = self.read(&mut inbox);
        let mut closed_with = match self.execute(outputs, &mut outbox) {
            Next::GoOn => None,
            Next::Closing(code, answered) => Some((code, answered)),
            Next::End(code) => return code,
        };
        // A connection that opens while the server begins to stop has no deadline yet to be found by.
        self.alarm.set(self.session.next_deadline(), Instant::now());
        if *self.state.draining.borrow() {
            self.bell.ring(Reason::Drain);
        }
        loop {
            if closed_with.is_some_and(|(_, answered)| answered) && outbox.is_empty() {
                break;
            }
            self.alarm.set(self.session.next_deadline(), Instant::now());
            let wants_events = self.listens && outbox.is_empty() && self.session.is_open();
            let in_list = wants_events && self.join();
            let woken = tokio::select! {
                turn = poll_fn(|context| poll_turn(&mut self.io, &mut outbox, &mut inbox, context)) => Woken::Turn(turn),
                () = self.subscription.ready(), if wants_events && !in_list => Woken::Events,
                rung = poll_fn(|context| self.bell.poll_rung(context)) => Woken::Bell(rung),
            };
            if in_list {
                self.take_over(&mut outbox);
            }
            let outputs = match woken {
                Woken::Turn(Turn::Gone) => break,
                Woken::Turn(Turn::Wrote) => self.session.handle(Input::Progress, Instant::now()),
                Woken::Turn(Turn::Read) => self.read(&mut inbox),
                Woken::Events => {
                    let taken = self.take(&mut outbox);
                    offer(&mut self.io, &mut outbox).await;
                    let (back, cursor) = outbox.give_back().unwrap_or((0, self.subscription.cursor()));
                    self.subscription.seek(cursor);
                    self.state.metrics.delivered(taken - back);
                    vec![]
                }
                Woken::Bell(rung) => self.heed(rung),
            };
            match self.execute(outputs, &mut outbox) {
                Next::GoOn => {}
                Next::Closing(code, answered) => closed_with = Some((code, answered)),
                Next::End(code) => return closed_with.map_or(code, |(code, _)| code),
            }
            if !outbox.is_empty() {
                self.session.handle(Input::Waiting, Instant::now());
            }
        }
        let Some((code, _)) = closed_with else { return ABNORMAL };
        drop((self.subscription, self.member));
        linger(self.io).await;
        code
    }

    fn heed(&mut self, rung: Rung) -> Vec<Output> {
        let now = Instant::now();
        let mut outputs = Vec::new();
        if rung.has(Reason::Time) {
            self.alarm.rang(now);
            outputs = self.session.handle(Input::Tick, now);
        }
        if rung.has(Reason::Drain) {
            outputs.extend(self.session.handle(Input::Drain, now));
        }
        outputs
    }

    fn read(&mut self, inbox: &mut BytesMut) -> Vec<Output> {
        let mut outputs = Vec::new();
        loop {
            match self.decoder.decode(inbox) {
                Ok(None) => break,
                Ok(Some(incoming)) => {
                    outputs.extend(
                        self.session.handle(Input::Said(incoming, clock::now_millis()), Instant::now()),
                    );
                }
                Err(error) => {
                    // What follows a broken frame cannot be understood.
                    inbox.clear();
                    outputs.extend(self.session.handle(Input::Broke(error), Instant::now()));
                    break;
                }
            }
        }
        if inbox.is_empty() {
            *inbox = BytesMut::new();
        }
        outputs
    }

    /// Joins the list of its kind, if it has everything that the list has. A filtered reader that
    /// wants to know its position goes at its own pace: a list tells nobody anything.
    fn join(&mut self) -> bool {
        if self.session.wants_position() && !self.subscription.filter().is_empty() {
            return false;
        }
        let cursor = self.subscription.cursor();
        self.member.as_mut().is_some_and(|member| member.join(cursor))
    }

    /// Leaves the list and goes on at its own pace.
    fn take_over(&mut self, outbox: &mut Outbox) {
        let Some((cursor, rest)) = self.member.as_mut().and_then(Member::take_over) else { return };
        self.subscription.seek(cursor);
        if !rest.is_empty() {
            outbox.push(rest);
        }
    }

    /// Takes what is new. Returns the number of events.
    fn take(&mut self, outbox: &mut Outbox) -> u64 {
        let batch = self.subscription.take(TURN_FRAMES_MAX, TURN_BYTES_MAX);
        let now = Instant::now();
        // The notice of a gap goes before the first event after it.
        let mut notices = batch.gap.map(|gap| self.session.handle(Input::Lost(gap), now)).unwrap_or_default();
        if batch.frames.is_empty() {
            notices.extend(self.session.handle(Input::Considered(batch.seq), now));
        }
        self.execute(notices, outbox);
        for frame in &batch.frames {
            outbox.push_event(frame.ws(), frame.seq() - 1);
        }
        batch.frames.len() as u64
    }

    fn filter(&mut self, filter: EventFilter) -> ServerMessage {
        if let Some(member) = self.member.take() {
            // The room is open for as long as its subscription lives.
            self.member = member.moved(&self.state.fanouts, self.subscription.room(), &filter).ok();
        }
        ServerMessage::Filtered { seq: self.subscription.set_filter(filter) }
    }

    fn execute(&mut self, outputs: Vec<Output>, outbox: &mut Outbox) -> Next {
        let mut next = Next::GoOn;
        for output in outputs {
            match output {
                Output::Send(ServerMessage::Pong { t0, t1, .. }) => {
                    let pong = ServerMessage::Pong { t0, t1, t2: clock::now_millis() };
                    outbox.push(encode(&pong));
                }
                Output::Send(message) => outbox.push(encode(&message)),
                Output::Filter(filter) => {
                    let answer = self.filter(filter);
                    outbox.push(encode(&answer));
                }
                Output::Publish(text) => match publish(&self.state.bus, self.subscription.room(), &text) {
                    Ok(answer) => outbox.push(encode(&answer)),
                    Err(refusal) => {
                        let outputs = self.session.handle(Input::Refused(refusal), Instant::now());
                        next = self.execute(outputs, outbox);
                    }
                },
                Output::Ping => outbox.push(codec::ping()),
                Output::Pong(payload) => outbox.push(codec::pong(&payload)),
                Output::Seen(samples) => self.state.metrics.seen(&samples),
                Output::Close(code, reason) => {
                    outbox.push(codec::close_frame(code.code(), &reason));
                    // After a broken frame the client's answer could not be read anyway.
                    let broken =
                        matches!(code, CloseCode::Protocol | CloseCode::NotUtf8 | CloseCode::TooLarge);
                    next = Next::Closing(code.code(), broken);
                }
                Output::CloseAnswer(code) => {
                    outbox.push(codec::close_frame(code, ""));
                    next = Next::Closing(code, true);
                }
                Output::End => return Next::End(ABNORMAL),
                Output::Abandon(code) => return Next::End(code.code()),
            }
        }
        next
    }
}

enum Woken {
    Turn(Turn),
    Events,
    Bell(Rung),
}

enum Next {
    GoOn,
    /// A close frame was written: its code, and whether nothing more is expected.
    Closing(u16, bool),
    /// It is over, and counts as this code.
    End(u16),
}

/// RFC 6455, 7.1.5: the connection ended without a close frame.
const ABNORMAL: u16 = 1006;

/// A message as a whole frame.
pub(super) fn encode(message: &ServerMessage) -> Bytes {
    let json = serde_json::to_string(message).expect("control messages have string keys and finite numbers");
    codec::text(&json)
}
