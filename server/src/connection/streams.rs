//! Tasks of HTTP/2 streams, each of which can be ended without the others.

use std::sync::{Arc, OnceLock};

use hyper::rt::Executor;
use tokio::task::AbortHandle;

tokio::task_local! {
    static STREAM: StreamHandle;
}

/// Ends one stream: its client is told by `RST_STREAM`, and what waits for it is forgotten.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamHandle(Arc<OnceLock<AbortHandle>>);

impl StreamHandle {
    /// The stream whose task is running; `None` where requests are answered by the connection's own task.
    pub(crate) fn current() -> Option<Self> {
        STREAM.try_with(Clone::clone).ok()
    }

    pub(crate) fn abort(&self) {
        if let Some(task) = self.0.get() {
            task.abort();
        }
    }
}

/// Spawns what hyper wants to run beside a connection, so that it can be ended by its handle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamExecutor;

impl<F> Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, future: F) {
        let handle = StreamHandle::default();
        let task = tokio::spawn(STREAM.scope(handle.clone(), async move {
            future.await;
        }));
        let _ = handle.0.set(task.abort_handle());
    }
}
