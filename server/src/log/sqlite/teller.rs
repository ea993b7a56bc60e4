//! Telling those who wait that their events are in the log: all of a commit at once.

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::log::Notify;

/// A thread of its own can wake a runtime's tasks only one by one, and where no core is free each of them runs before the
/// next is woken: so all are handed to one task of the runtime, which wakes the others. Nobody waits here who has not
/// been answered, so as many are in it as publishers wait.
#[derive(Debug)]
pub(super) struct Teller(Option<UnboundedSender<Vec<Notify>>>);

impl Teller {
    /// Starts it in the runtime in which this is called; without one, the calling thread tells everybody.
    pub(super) fn start() -> Self {
        Self(Handle::try_current().ok().map(|runtime| {
            let (sender, waiting) = unbounded_channel();
            runtime.spawn(run(waiting));
            sender
        }))
    }

    /// Tells all of them that their events are in the log.
    pub(super) fn tell(&self, waiting: Vec<Notify>) {
        let left = match &self.0 {
            // The runtime may have ended.
            Some(sender) if waiting.len() > 1 => sender.send(waiting).err().map(|unsent| unsent.0),
            _ => Some(waiting),
        };
        left.into_iter().for_each(tell);
    }
}

async fn run(mut waiting: UnboundedReceiver<Vec<Notify>>) {
    while let Some(some) = waiting.recv().await {
        tell(some);
    }
}

fn tell(waiting: Vec<Notify>) {
    waiting.into_iter().for_each(|one| one.tell(Ok(())));
}
