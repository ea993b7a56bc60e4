//! The loop of one connection: socket, bus, deadline and shutdown. It executes what the session
//! decides and decides nothing itself.

use std::future::poll_fn;
use std::time::Instant;

use arcane_shared::control::{CloseCode, ServerMessage};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::codec::{self, Decoder};
use super::fanout::Member;
use super::session::{Input, Output, Session};
use super::turn::{Outbox, Turn, linger, poll_turn};
use crate::bus::Subscription;
use crate::clock;
use crate::metrics::Metrics;

/// Most frames and bytes of one batch: what a session takes from the ring before it writes.
const BATCH_FRAMES_MAX: usize = 64;
const BATCH_BYTES_MAX: usize = 64 * 1024;

/// Everything a connection needs.
pub(super) struct Socket<S> {
    pub(super) io: S,
    pub(super) session: Session,
    pub(super) decoder: Decoder,
    /// What the client sent right behind its handshake.
    pub(super) early: Bytes,
    pub(super) subscription: Subscription,
    /// The place in the room's list, for a socket that can have one.
    pub(super) member: Option<Member>,
    pub(super) metrics: Metrics,
    /// Turns true when the server is about to stop.
    pub(super) draining: watch::Receiver<bool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Says `greeting` and runs until either side ends. Returns the code that it closed with.
    pub(super) async fn run(mut self, greeting: &ServerMessage) -> u16 {
        let mut outbox = Outbox::default();
        let mut inbox = BytesMut::from(&self.early[..]);
        outbox.push(codec::text(&encode(greeting)));
        let outputs = self.read(&mut inbox);
        let mut closed_with = match self.execute(outputs, &mut outbox) {
            Next::GoOn => None,
            Next::Closing(code, answered) => Some((code, answered)),
            Next::End => return ABNORMAL,
        };
        let sleep = tokio::time::sleep_until(self.session.next_deadline().into());
        tokio::pin!(sleep);
        let mut drained = false;
        loop {
            if closed_with.is_some_and(|(_, answered)| answered) && outbox.is_empty() {
                break;
            }
            let deadline = self.session.next_deadline().into();
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            let wants_events = outbox.is_empty() && self.session.is_open();
            let in_list = wants_events && self.join();
            let woken = tokio::select! {
                turn = poll_fn(|context| poll_turn(&mut self.io, &mut outbox, &mut inbox, context)) => Woken::Turn(turn),
                () = self.subscription.ready(), if wants_events && !in_list => Woken::Events,
                () = left(self.member.as_ref()), if in_list => Woken::Left,
                () = &mut sleep => Woken::Deadline,
                _ = self.draining.wait_for(|draining| *draining), if !drained => Woken::Drain,
            };
            if in_list && !matches!(woken, Woken::Turn(Turn::Gone)) {
                outbox = self.take_over();
            }
            let outputs = match woken {
                Woken::Left => vec![],
                Woken::Turn(Turn::Gone) => break,
                Woken::Turn(Turn::Wrote) => self.session.handle(Input::Progress, Instant::now()),
                Woken::Turn(Turn::Read) => self.read(&mut inbox),
                Woken::Events => {
                    self.take(&mut outbox);
                    vec![]
                }
                Woken::Deadline => self.session.handle(Input::Tick, Instant::now()),
                Woken::Drain => {
                    drained = true;
                    self.session.handle(Input::Drain, Instant::now())
                }
            };
            match self.execute(outputs, &mut outbox) {
                Next::GoOn => {}
                Next::Closing(code, answered) => closed_with = Some((code, answered)),
                Next::End => break,
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

    /// Joins the room's list, if this reader wants everything and has everything that the list has.
    fn join(&self) -> bool {
        self.subscription.is_unfiltered()
            && self.member.as_ref().is_some_and(|member| member.join(self.subscription.cursor()))
    }

    /// Leaves the list and goes on at its own pace.
    fn take_over(&mut self) -> Outbox {
        let Some(member) = &self.member else { return Outbox::default() };
        let (cursor, rest) = member.take_over();
        self.subscription.seek(cursor);
        rest
    }

    fn take(&mut self, outbox: &mut Outbox) {
        let batch = self.subscription.take(BATCH_FRAMES_MAX, BATCH_BYTES_MAX);
        let now = Instant::now();
        // The notice of a gap goes before the first event after it.
        let mut notices = batch.gap.map(|gap| self.session.handle(Input::Lost(gap), now)).unwrap_or_default();
        if batch.frames.is_empty() {
            notices.extend(self.session.handle(Input::Considered(batch.seq), now));
        }
        self.execute(notices, outbox);
        self.metrics.delivered(batch.frames.len() as u64);
        for frame in batch.frames {
            outbox.push(frame.ws());
        }
    }

    fn execute(&mut self, outputs: Vec<Output>, outbox: &mut Outbox) -> Next {
        let mut next = Next::GoOn;
        for output in outputs {
            match output {
                Output::Send(ServerMessage::Pong { t0, t1, .. }) => {
                    let pong = ServerMessage::Pong { t0, t1, t2: clock::now_millis() };
                    outbox.push(codec::text(&encode(&pong)));
                }
                Output::Send(message) => outbox.push(codec::text(&encode(&message))),
                Output::Filter(filter) => {
                    let seq = self.subscription.set_filter(filter);
                    outbox.push(codec::text(&encode(&ServerMessage::Filtered { seq })));
                }
                Output::Ping => outbox.push(codec::ping()),
                Output::Pong(payload) => outbox.push(codec::pong(&payload)),
                Output::Seen(samples) => self.metrics.seen(&samples),
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
                Output::End => return Next::End,
            }
        }
        next
    }
}

/// Completes when a member was let go; never for a socket that cannot be one.
async fn left(member: Option<&Member>) {
    match member {
        Some(member) => member.left().await,
        None => std::future::pending().await,
    }
}

enum Woken {
    Left,
    Turn(Turn),
    Events,
    Deadline,
    Drain,
}

enum Next {
    GoOn,
    /// A close frame was written: its code, and whether nothing more is expected.
    Closing(u16, bool),
    End,
}

/// RFC 6455, 7.1.5: the connection ended without a close frame.
const ABNORMAL: u16 = 1006;

fn encode(message: &ServerMessage) -> String {
    serde_json::to_string(message).expect("control messages have string keys and finite numbers")
}
