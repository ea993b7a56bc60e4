//! What waits for the log before it is answered, in the order of the messages: publications, and answers to agents.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use arcane_shared::control::ServerMessage;
use tokio::sync::oneshot;

use super::publish::{Accepted, PublishRefused, taken_back};
use crate::bus::Run;

/// Messages of one connection that wait at a time; with so many nothing more is read from it.
const PENDING_MAX: usize = 64;

/// Bytes of these messages, give or take one: what an array over HTTP may have on its way (`log::turns`).
const PENDING_BYTES_MAX: usize = 128 * 1024;

/// What a message is answered.
pub(super) type Answer = Result<ServerMessage, PublishRefused>;

/// What waits of one connection. Costs nothing while nothing does.
#[derive(Debug, Default)]
pub(super) struct Pending(VecDeque<Waiting>);

/// One message.
#[derive(Debug)]
struct Waiting {
    what: What,
    bytes: usize,
}

#[derive(Debug)]
enum What {
    /// The answer is made once the log has the events.
    Published(Box<Accepted>),
    /// It was refused.
    Refused(Box<PublishRefused>),
    /// The answer is made elsewhere.
    Later(oneshot::Receiver<Answer>),
}

impl Pending {
    /// A message of so many bytes publishes.
    pub(super) fn push(&mut self, published: Result<Accepted, PublishRefused>, bytes: usize) {
        let what = match published {
            Ok(accepted) => What::Published(Box::new(accepted)),
            Err(refusal) => What::Refused(Box::new(refusal)),
        };
        self.0.push_back(Waiting { what, bytes });
    }

    /// A message is answered with what comes of it.
    pub(super) fn push_later(&mut self, answer: oneshot::Receiver<Answer>, bytes: usize) {
        self.0.push_back(Waiting { what: What::Later(answer), bytes });
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= PENDING_MAX
            || self.0.iter().map(|waiting| waiting.bytes).sum::<usize>() >= PENDING_BYTES_MAX
    }

    /// The next answer; pending while there is none. Cancel-safe.
    pub(super) fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        let Some(Waiting { what, .. }) = self.0.front_mut() else { return Poll::Pending };
        let run = match what {
            What::Published(accepted) => match std::pin::pin!(accepted.receipt.logged()).poll(context) {
                Poll::Ready(run) => run,
                Poll::Pending => return Poll::Pending,
            },
            What::Refused(_) => Ok(Run::EMPTY),
            What::Later(answer) => match Pin::new(answer).poll(context) {
                Poll::Ready(answer) => {
                    let refused = || PublishRefused::new("stopping", "the server is about to stop");
                    self.pop();
                    return Poll::Ready(answer.unwrap_or_else(|_| Err(refused())));
                }
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(match (self.pop(), run) {
            (Some(What::Published(accepted)), Ok(run)) => Ok(accepted.answer(run)),
            (Some(What::Published(accepted)), Err(error)) => Err(taken_back(accepted.id, &error)),
            (Some(What::Refused(refusal)), _) => Err(*refusal),
            (Some(What::Later(_)) | None, _) => return Poll::Pending,
        })
    }

    fn pop(&mut self) -> Option<What> {
        let first = self.0.pop_front();
        if self.0.is_empty() {
            // Most connections publish nothing most of the time.
            self.0 = VecDeque::new();
        }
        first.map(|waiting| waiting.what)
    }
}
