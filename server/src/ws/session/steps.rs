//! What a session is told, and what it has done.

use std::time::Instant;

use arcane_shared::api::RequestAnswer;
use arcane_shared::control::{Bearer, CloseCode, PaintSample, ServerMessage};
use arcane_shared::{EventFilter, Seq, UnixMillis};
use bytes::Bytes;

use crate::event::{Gap, GapReason};
use crate::ws::codec::{FrameError, Incoming};
use crate::ws::publish::PublishRefused;

/// What happened to a connection.
#[derive(Debug)]
pub enum Input {
    /// The client said something, at this Unix time.
    Said(Incoming, UnixMillis),
    /// The client sent what no client may send.
    Broke(FrameError),
    /// Events of this connection can no longer be read.
    Lost(Gap, GapReason),
    /// It is behind memory and reads on from the log: so many events are before it.
    Lagging(u64),
    /// It has come back to memory with this event.
    CaughtUp(Seq),
    /// A replay has come to its end.
    Ended,
    /// The room goes on with other numbers.
    Over,
    /// Another reader reads in this consumer's name, or it was deleted.
    Evicted,
    /// A filtered stream has come to here without anything to send.
    Considered(Seq),
    /// The client took some of the bytes that were written for it.
    Progress {
        /// Whether they had waited because the kernel had no place for more.
        waited: bool,
    },
    /// A message that publishes could not be used.
    Refused(PublishRefused),
    /// Bytes wait for the client although everything before was taken.
    Waiting,
    /// The client says more than it may.
    TooMuch(String),
    /// The token does not hold any more, and why.
    Unauthenticated(String),
    /// Another token holds from now on.
    Authenticated {
        /// When it ends.
        ends_at: Option<Instant>,
        /// The same, Unix seconds.
        expires_at: Option<u64>,
    },
    /// The server is about to stop.
    Drain {
        /// In how many milliseconds the client is to come back.
        back_in_ms: u64,
    },
    /// [`Session::next_deadline`] has come.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a control message.
    Send(ServerMessage),
    /// Change the subscription's filter and answer where it holds from.
    Filter(EventFilter),
    /// Publish what this message holds, and answer it or hand in its refusal.
    Publish(String),
    /// Acknowledge everything up to here for the connection's durable consumer, or hand in a refusal.
    Ack(Seq),
    /// Go on with this token, or hand in why not.
    Authenticate(Bearer),
    /// Note whether a human looks at the room, or hand in why that does not count.
    Presence(bool),
    /// Answer what an agent asks: this request; the last is the message's own id.
    Answer(Box<str>, RequestAnswer, Option<String>),
    /// Send a ping frame.
    Ping,
    /// Answer a ping frame.
    Pong(Bytes),
    /// Record when events became visible.
    Seen(Vec<PaintSample>),
    /// Send a close frame; send no events any more.
    Close(CloseCode, String),
    /// Answer the client's close frame with its own code and end.
    CloseAnswer(u16),
    /// End without another word.
    End,
    /// The same, because of something that has a code of its own.
    Abandon(CloseCode),
}
