//! The loop of one connection: socket, bus, deadline and shutdown. It executes what the session
//! decides and decides nothing itself.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use arcane_shared::EventFilter;
use arcane_shared::control::{CloseCode, ServerMessage};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::codec::{self, Decoder};
use super::drain::back_in_ms;
use super::fanout::{Encoding, Fanouts, Member, Pipe, TURN_BYTES_MAX, TURN_FRAMES_MAX};
use super::named_rooms;
use super::next::{ABNORMAL, Next};
use super::pending::Pending;
use super::publish::PublishRefused;
use super::session::{Input, Output, Session};
use super::turn::{Outbox, Turn, linger, offer, poll_turn};
use super::wakeup::{Reason, Reasons, Wakeup};
use super::wheel::Alarm;
use crate::bus::{HeldRoom, Reader, Subscription};
use crate::clock;
use crate::gate::Pass;
use crate::gate::limits::Subject;
use crate::requests::Page;
use crate::state::AppState;

/// Everything a connection needs.
pub(super) struct Socket<S, P: Pipe = TcpStream> {
    pub(super) io: S,
    pub(super) session: Session,
    /// What its client may; another one after `auth`.
    pub(super) pass: Pass,
    /// Who is counted.
    pub(super) subject: Subject,
    pub(super) decoder: Decoder,
    pub(super) subscription: Subscription,
    /// Held for as long as it reads in a durable consumer's name.
    pub(super) consumer: Option<Reader>,
    /// Its place among the pages that are watched, once it has said that it is one.
    pub(super) page: Option<Box<Page>>,
    /// Publications that were not answered yet.
    pub(super) pending: Pending,
    /// Whether events are wanted at all.
    pub(super) listens: bool,
    /// The place in a list, for a socket that can have one.
    pub(super) member: Option<Member<P>>,
    pub(super) fanouts: Arc<Fanouts<P>>,
    /// How events are written outside the list.
    pub(super) encoding: Encoding,
    pub(super) wakeup: Arc<Wakeup>,
    pub(super) alarm: Alarm,
    /// What waits to be written; at first the connection message.
    pub(super) outbox: Outbox,
    /// What was read but is no whole frame yet; at first what came right behind the handshake.
    pub(super) inbox: BytesMut,
    pub(super) state: AppState,
    /// The last event of a replay was taken.
    pub(super) ending: bool,
    /// It ends because its client reads nothing: what the kernel holds for it is let go, too.
    pub(super) is_abandoned: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Pipe> Socket<S, P> {
    /// Runs until either side ends. Returns the code that it closed with.
    ///
    /// Everything it needs between two wakes is in `self`: what lives in a task's own frame is paid
    /// for by every idle connection.
    pub(super) async fn run(&mut self) -> u16 {
        // From here on a change of the keys wakes it; one that came while it was opened did not.
        self.alarm.set(self.session.next_deadline(), Instant::now());
        let mut outputs = self.recheck();
        // What came right behind the handshake.
        outputs.extend(self.read());
        let mut state = self.perform(outputs).await;
        // A connection that opens while the server begins to stop had no deadline to be found by.
        if *self.state.draining.borrow() {
            self.wakeup.wake(Reason::Drain);
        }
        loop {
            match state {
                Next::End(code) => return code,
                Next::Closing(code, true) if self.outbox.is_empty() => {
                    linger(&mut self.io).await;
                    return code;
                }
                Next::Closing(..) | Next::GoOn => {}
            }
            self.alarm.set(self.session.next_deadline(), Instant::now());
            let wants_events = self.listens && self.outbox.is_empty() && self.session.is_open();
            let in_list = wants_events && self.join();
            // In a block: what happened is as large as a message, and is not to be held while anything is waited for.
            let step = {
                let woken = self.wait(wants_events && !in_list).await;
                if in_list {
                    self.take_over();
                }
                self.heed(woken)
            };
            let outputs = match step {
                Step::Gone => return state.code(),
                Step::Go(outputs) => outputs,
                Step::Deliver => self.deliver().await,
            };
            state = state.then(self.perform(outputs).await);
            if !self.outbox.is_empty() {
                self.session.handle(Input::Waiting, Instant::now());
            }
        }
    }

    async fn perform(&mut self, outputs: Vec<Output>) -> Next {
        if !outputs.iter().any(named_rooms::has_one) {
            return self.execute(outputs, None);
        }
        // Boxed: every idle connection would pay for what is held here.
        Box::pin(async {
            let mut next = Next::GoOn;
            for output in outputs {
                // For this message alone: one connection's later messages keep no rooms in memory.
                let named = named_rooms::open(&self.state, &self.pass, &self.subject, &output).await;
                next = next.then(self.execute(vec![output], named.as_ref()));
            }
            next
        })
        .await
    }

    async fn wait(&mut self, events: bool) -> Woken {
        let Self { io, outbox, inbox, subscription, wakeup, pending, .. } = self;
        let reads = !pending.is_full();
        tokio::select! {
            // In this order, so that the same things happening lead to the same steps.
            biased;
            reasons = poll_fn(|context| wakeup.poll_reasons(context)) => Woken::Wakeup(reasons),
            answer = poll_fn(|context| pending.poll_answer(context)) => Woken::Answer(answer),
            turn = poll_fn(|context| poll_turn(io, outbox, inbox, reads, context)) => Woken::Turn(turn),
            () = subscription.ready(), if events => Woken::Events,
        }
    }

    fn heed(&mut self, woken: Woken) -> Step {
        Step::Go(match woken {
            Woken::Turn(Turn::Gone) => return Step::Gone,
            Woken::Events => return Step::Deliver,
            Woken::Turn(Turn::Wrote { waited }) => {
                self.session.handle(Input::Progress { waited }, Instant::now())
            }
            Woken::Turn(Turn::Read) => self.read(),
            Woken::Wakeup(reasons) => self.woken(reasons),
            Woken::Answer(Ok(answer)) if self.session.is_open() => {
                self.outbox.push(encode(&answer));
                vec![]
            }
            Woken::Answer(Ok(_)) => vec![],
            Woken::Answer(Err(refusal)) => self.session.handle(Input::Refused(refusal), Instant::now()),
        })
    }

    /// Takes what is new and writes what can be written of it at once.
    async fn deliver(&mut self) -> Vec<Output> {
        let taken = self.take();
        offer(&mut self.io, &mut self.outbox).await;
        let (back, cursor) = self.outbox.give_back().unwrap_or((0, self.subscription.cursor()));
        self.subscription.seek(cursor);
        self.state.metrics.delivered(taken - back);
        // A replay is over when its last event is on its way, not when it was taken.
        if !std::mem::take(&mut self.ending) || back > 0 {
            return vec![];
        }
        let input = if self.subscription.is_over() { Input::Over } else { Input::Ended };
        self.session.handle(input, Instant::now())
    }

    fn woken(&mut self, reasons: Reasons) -> Vec<Output> {
        let now = Instant::now();
        let mut outputs = Vec::new();
        if reasons.has(Reason::Time) {
            self.alarm.fired(now);
            outputs = self.session.handle(Input::Tick, now);
            // Whoever wakes all connections did not find this one since its alarm rang.
            self.alarm.set(self.session.next_deadline(), now);
        }
        if reasons.has(Reason::Evicted) {
            outputs.extend(self.session.handle(Input::Evicted, now));
        }
        if reasons.has(Reason::Gate) || reasons.has(Reason::Time) {
            outputs.extend(self.recheck());
        }
        let is_missed = reasons.has(Reason::Time) && self.session.is_open() && *self.state.draining.borrow();
        if reasons.has(Reason::Drain) || is_missed {
            let readers = self.subscription.subscriber_count() as u64;
            let back_in_ms = back_in_ms(readers, rand::random());
            outputs.extend(self.session.handle(Input::Drain { back_in_ms }, now));
        }
        outputs
    }

    fn recheck(&mut self) -> Vec<Output> {
        match self.state.gate.recheck(&self.pass) {
            Ok(()) => vec![],
            Err(error) => self.session.handle(Input::Unauthenticated(error.to_string()), Instant::now()),
        }
    }

    fn read(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        loop {
            match self.decoder.decode(&mut self.inbox) {
                Ok(None) => break,
                Ok(Some(incoming)) => {
                    if let Err(error) = self.count(&incoming) {
                        outputs
                            .extend(self.session.handle(Input::TooMuch(error.to_string()), Instant::now()));
                        break;
                    }
                    outputs.extend(
                        self.session.handle(Input::Said(incoming, clock::now_millis()), Instant::now()),
                    );
                }
                Err(error) => {
                    // What follows a broken frame cannot be understood.
                    self.inbox.clear();
                    outputs.extend(self.session.handle(Input::Broke(error), Instant::now()));
                    break;
                }
            }
        }
        if self.inbox.is_empty() {
            self.inbox = BytesMut::new();
        }
        outputs
    }

    /// Joins the list of its kind, if it has everything that the list has. A filtered reader that
    /// wants to know its position goes at its own pace: a list tells nobody anything.
    fn join(&mut self) -> bool {
        if self.session.wants_position() && !self.subscription.filter().is_empty() {
            return false;
        }
        if !self.subscription.is_following() {
            return false;
        }
        let cursor = self.subscription.cursor();
        self.member.as_mut().is_some_and(|member| member.join(cursor))
    }

    /// Leaves the list and goes on at its own pace.
    fn take_over(&mut self) {
        let Some((cursor, rest)) = self.member.as_mut().and_then(Member::take_over) else { return };
        self.subscription.seek(cursor);
        if !rest.is_empty() {
            self.outbox.push(rest);
        }
    }

    /// Takes what is new. Returns the number of events.
    fn take(&mut self) -> u64 {
        let before = self.subscription.cursor();
        let batch = self.subscription.take(TURN_FRAMES_MAX, TURN_BYTES_MAX);
        // What is told of events goes before or after them.
        self.tell(batch.lagging.map(Input::Lagging));
        self.tell(batch.gap.map(|(gap, reason)| Input::Lost(gap, reason)));
        if batch.frames.is_empty() && batch.seq > before {
            self.tell(Some(Input::Considered(batch.seq)));
        }
        for frame in &batch.frames {
            self.outbox.push_event(self.encoding.frame(frame).clone(), frame.seq() - 1);
        }
        if let Some(member) = self.member.as_mut().filter(|_| !batch.frames.is_empty() || batch.gap.is_some())
        {
            member.went_alone();
        }
        self.tell(batch.caught_up.map(Input::CaughtUp));
        if batch.ended || batch.over {
            self.ending = true;
        }
        batch.frames.len() as u64
    }

    fn tell(&mut self, input: Option<Input>) {
        if let Some(input) = input {
            let outputs = self.session.handle(input, Instant::now());
            self.execute(outputs, None);
        }
    }

    fn filter(&mut self, filter: EventFilter) -> ServerMessage {
        if let Some(member) = self.member.take() {
            // The room is open for as long as its subscription lives.
            self.member = member.moved(&self.fanouts, self.subscription.room(), &filter).ok();
        }
        ServerMessage::Filtered { seq: self.subscription.set_filter(filter) }
    }

    fn refuse(&mut self, refusal: PublishRefused) -> Next {
        let outputs = self.session.handle(Input::Refused(refusal), Instant::now());
        self.execute(outputs, None)
    }

    /// `named`: the room that a publication among them names.
    fn execute(&mut self, outputs: Vec<Output>, named: Option<&Result<HeldRoom, PublishRefused>>) -> Next {
        let mut next = Next::GoOn;
        for output in outputs {
            match output {
                Output::Send(ServerMessage::Pong { t0, t1, .. }) => {
                    let pong = ServerMessage::Pong { t0, t1, t2: clock::now_millis() };
                    self.outbox.push(encode(&pong));
                }
                Output::Send(message) => self.outbox.push(encode(&message)),
                Output::Filter(filter) => match self.pass.narrow(&filter) {
                    Ok(filter) => {
                        let answer = self.filter(filter);
                        self.outbox.push(encode(&answer));
                    }
                    Err(forbidden) => next = self.refuse(forbidden.into()),
                },
                Output::Authenticate(token) => {
                    let input = self.authenticate(&token);
                    let outputs = self.session.handle(input, Instant::now());
                    next = self.execute(outputs, None);
                }
                Output::Publish(text) => {
                    let published = self.publish(&text, named);
                    self.pending.push(published, text.len());
                }
                Output::Ack(seq) => {
                    if let Err(refusal) = self.acknowledge(seq) {
                        next = self.refuse(refusal);
                    }
                }
                Output::Presence(is_visible) => {
                    if let Err(refusal) = self.see(is_visible) {
                        next = self.refuse(refusal.into());
                    }
                }
                Output::Answer(request, answer, id) => self.answer(request, answer, id),
                Output::Ping => self.outbox.push(codec::ping()),
                Output::Pong(payload) => self.outbox.push(codec::pong(&payload)),
                Output::Seen(samples) => self.state.metrics.seen(&samples),
                Output::Close(code, reason) => {
                    self.outbox.push(codec::close_frame(code.code(), &reason));
                    // After a broken frame the client's answer could not be read anyway.
                    let broken =
                        matches!(code, CloseCode::Protocol | CloseCode::NotUtf8 | CloseCode::TooLarge);
                    next = Next::Closing(code.code(), broken);
                }
                Output::CloseAnswer(code) => {
                    self.outbox.push(codec::close_frame(code, ""));
                    next = Next::Closing(code, true);
                }
                Output::End => return Next::End(ABNORMAL),
                Output::Abandon(code) => {
                    self.is_abandoned = true;
                    return Next::End(code.code());
                }
            }
        }
        next
    }
}

enum Woken {
    Turn(Turn),
    Events,
    Wakeup(Reasons),
    Answer(Result<ServerMessage, PublishRefused>),
}

/// What a wake leads to.
enum Step {
    /// Nothing more: the other side is gone.
    Gone,
    /// Events are taken and written.
    Deliver,
    /// What the session decided is done.
    Go(Vec<Output>),
}

/// A message as a whole frame.
pub(super) fn encode(message: &ServerMessage) -> Bytes {
    let json = serde_json::to_string(message).expect("control messages have string keys and finite numbers");
    codec::text(&json)
}
