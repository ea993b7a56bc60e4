//! Publications whose answers wait for the log, in the order of their messages.

use std::collections::VecDeque;
use std::future::Future;
use std::task::{Context, Poll};

use arcane_shared::control::ServerMessage;

use super::publish::{Accepted, PublishRefused, taken_back};
use crate::bus::Receipt;

/// Publications of one connection at a time; with so many nothing more is read from it.
const PENDING_MAX: usize = 64;

/// Bytes of their messages, give or take one message: what an array over HTTP may have on its way (`log::turns`).
const PENDING_BYTES_MAX: usize = 128 * 1024;

/// The publications of one connection. Costs nothing while it publishes none.
#[derive(Debug, Default)]
pub(super) struct Pending(VecDeque<Waiting>);

/// One publication.
#[derive(Debug)]
struct Waiting {
    receipt: Receipt,
    answer: Result<ServerMessage, PublishRefused>,
    bytes: usize,
}

impl Pending {
    /// A message of so many bytes publishes.
    pub(super) fn push(&mut self, published: Result<Accepted, PublishRefused>, bytes: usize) {
        let (receipt, answer) = match published {
            Ok(Accepted { answer, receipt }) => (receipt, Ok(answer)),
            Err(refusal) => (Receipt::done(), Err(refusal)),
        };
        self.0.push_back(Waiting { receipt, answer, bytes });
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= PENDING_MAX
            || self.0.iter().map(|waiting| waiting.bytes).sum::<usize>() >= PENDING_BYTES_MAX
    }

    /// The next answer; pending while there is none. Cancel-safe.
    pub(super) fn poll_answer(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<ServerMessage, PublishRefused>> {
        let Some(Waiting { receipt, .. }) = self.0.front_mut() else { return Poll::Pending };
        let logged = match std::pin::pin!(receipt.logged()).poll(context) {
            Poll::Ready(logged) => logged,
            Poll::Pending => return Poll::Pending,
        };
        let Some(Waiting { answer, .. }) = self.0.pop_front() else { return Poll::Pending };
        if self.0.is_empty() {
            // Most connections publish nothing most of the time.
            self.0 = VecDeque::new();
        }
        Poll::Ready(match (logged, answer) {
            (Err(error), Ok(ServerMessage::Published { id, .. })) => Err(taken_back(id, &error)),
            (_, answer) => answer,
        })
    }
}
