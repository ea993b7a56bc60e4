//! An agent's hook that waits for an answer.

use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::{Decision, RequestId, Requests};

/// How long an answer that is being written to the log is waited for when the server stops.
const STOP_MAX: Duration = Duration::from_secs(3);

/// A hook that waits. Dropped before it was answered, its client is gone.
#[derive(Debug)]
pub(crate) struct Held {
    pub(super) id: RequestId,
    pub(super) answer: oneshot::Receiver<Option<Decision>>,
    /// For how long, whatever becomes of its request.
    pub(super) patience: Duration,
    /// `None` once nothing more has to be told.
    pub(super) requests: Option<Requests>,
}

impl Held {
    /// What the agent hears; `None`: its own prompt has the word. Ends when the server stops, and a little after its time at the latest.
    pub(crate) async fn decision(mut self, mut draining: watch::Receiver<bool>) -> Option<Decision> {
        let patience = self.patience;
        let stopping = async {
            tokio::select! {
                // A sender that is gone means the same.
                _ = draining.wait_for(|drains| *drains) => {}
                () = tokio::time::sleep(patience) => {}
            }
        };
        let answered = tokio::select! {
            biased;
            answered = &mut self.answer => answered.ok().flatten(),
            () = stopping => {
                let requests = self.requests.take();
                // An answer that is claimed is on its way to the log, and then to the agent.
                if requests.is_none_or(|requests| requests.let_go(&self.id)) {
                    return None;
                }
                tokio::time::timeout(STOP_MAX, &mut self.answer).await.ok()?.ok().flatten()
            }
        };
        self.requests = None;
        answered
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(requests) = self.requests.take() {
            requests.gone(&self.id);
        }
    }
}
