//! The calls of one connection, one after the other in the order in which they came: each begins when the one before is answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{ClientNotification, ClientRequest, JsonRpcMessage, RequestId};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::arguments::Wrong;

/// Most calls of one client that wait for their turn; further ones are refused.
pub(super) const WAITING_MAX: usize = 256;
/// A call waits no longer for its turn.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A transport that gives each call its turn. The library works on all requests at once, in no order.
pub(crate) struct InTurn<T> {
    transport: T,
    room: Arc<Semaphore>,
    /// Ends when the latest call is over.
    latest: Option<oneshot::Receiver<Infallible>>,
    unanswered: HashMap<RequestId, Arc<Done>>,
}

/// Held by a call while it is worked on, and by the transport until it is answered or cancelled; then the next one begins.
#[derive(Debug)]
struct Done {
    _next: oneshot::Sender<Infallible>,
    _room: OwnedSemaphorePermit,
}

/// A place among the calls that wait.
#[derive(Debug)]
struct Place {
    before: Option<oneshot::Receiver<Infallible>>,
    done: Arc<Done>,
}

/// A call's turn; taken once. `None`: too many wait.
#[derive(Debug, Clone)]
pub(super) struct Turn(Arc<Mutex<Option<Place>>>);

/// Its holder is worked on: the next call waits.
#[derive(Debug)]
pub(super) struct Begun {
    _done: Arc<Done>,
}

impl<T> InTurn<T> {
    pub(crate) fn new(transport: T) -> Self {
        // One is worked on, the others wait.
        let room = Arc::new(Semaphore::new(WAITING_MAX + 1));
        Self { transport, room, latest: None, unanswered: HashMap::new() }
    }

    fn turn(&mut self, id: &RequestId) -> Turn {
        let place = Arc::clone(&self.room).try_acquire_owned().ok().map(|room| {
            let (next, over) = oneshot::channel();
            let done = Arc::new(Done { _next: next, _room: room });
            self.unanswered.insert(id.clone(), Arc::clone(&done));
            Place { before: self.latest.replace(over), done }
        });
        Turn(Arc::new(Mutex::new(place)))
    }
}

impl Turn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// If too many wait, or the calls before take too long.
    pub(super) async fn begin(&self) -> Result<Begun, Wrong> {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Place { before, done }) = place else {
            return Err(Wrong::new(format!("{WAITING_MAX} calls wait; call again when some are answered")));
        };
        let Some(mut before) = before else { return Ok(Begun { _done: done }) };
        if timeout(WAIT_MAX, &mut before).await.is_ok() {
            return Ok(Begun { _done: done });
        }
        // Who comes after goes on waiting for who is before.
        tokio::spawn(async move {
            let _ = before.await;
            drop(done);
        });
        let seconds = WAIT_MAX.as_secs();
        Err(Wrong::new(format!("the calls before it are not over after {seconds} s; call again later")))
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for InTurn<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let id = match &item {
            JsonRpcMessage::Response(answer) => Some(&answer.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        let done = id.and_then(|id| self.unanswered.remove(id));
        let sending = self.transport.send(item);
        async move {
            let sent = sending.await;
            drop(done);
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let mut message = self.transport.receive().await?;
        match &mut message {
            JsonRpcMessage::Request(asked) => {
                if let ClientRequest::CallToolRequest(call) = &mut asked.request {
                    call.extensions.insert(self.turn(&asked.id));
                }
            }
            JsonRpcMessage::Notification(told) => {
                // What is cancelled is not answered.
                if let ClientNotification::CancelledNotification(cancelled) = &told.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.unanswered.remove(id);
                }
            }
            _ => {}
        }
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.transport.close().await
    }
}
