//! Lines that wait to be spoken: a few at a time, the same one once, and no more waiting than fit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};

/// Most lines that are spoken at a time: speaking takes a core, and the realm's programs need some, too.
pub(super) const SPEAKING_MAX: usize = 8;
/// Most lines that wait for it; further ones are narrated.
pub(super) const WAITING_MAX: usize = 64;

/// Who may speak.
#[derive(Debug)]
pub(super) struct Queue {
    /// Of every program that the realm runs.
    places: Arc<Semaphore>,
    speaking: Semaphore,
    /// Room for those who speak and those who wait.
    room: Semaphore,
    /// The lines that are spoken or waited for.
    lines: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The right to speak a line, alone, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    _line: Line<'a>,
    _room: SemaphorePermit<'a>,
    _speaking: SemaphorePermit<'a>,
    _place: SemaphorePermit<'a>,
}

/// Why a line cannot be spoken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueueError {
    /// There is no room to wait.
    #[error("{WAITING_MAX} lines wait to be spoken already; try again soon")]
    Full,
    /// The turn did not come in time.
    #[error("its turn did not come within {} s", .0.as_secs())]
    TooLong(Duration),
}

impl Queue {
    pub(super) fn new(places: Arc<Semaphore>) -> Self {
        let room = Semaphore::new(SPEAKING_MAX + WAITING_MAX);
        Self { places, speaking: Semaphore::new(SPEAKING_MAX), room, lines: Mutex::default() }
    }

    /// Waits for the turn to speak a line.
    pub(super) async fn turn(&self, line: &str, patience: Duration) -> Result<Turn<'_>, QueueError> {
        let room = self.room.try_acquire().map_err(|_| QueueError::Full)?;
        let turn = async {
            // A request for a line that waits already takes no further place.
            let line = self.line(line).await;
            let speaking = self.speaking.acquire().await.ok()?;
            let place = self.places.acquire().await.ok()?;
            Some(Turn { _line: line, _room: room, _speaking: speaking, _place: place })
        };
        tokio::time::timeout(patience, turn).await.ok().flatten().ok_or(QueueError::TooLong(patience))
    }

    async fn line(&self, name: &str) -> Line<'_> {
        let lock = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lines.entry(name.to_owned()).or_default())
        };
        // Made before it is held: a request that gives up leaves it as well.
        let mut line = Line { queue: self, name: name.to_owned(), held: None };
        line.held = Some(lock.lock_owned().await);
        line
    }
}

/// A line that is spoken or waited for.
#[derive(Debug)]
struct Line<'a> {
    queue: &'a Queue,
    name: String,
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let mut lines = self.queue.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.held = None;
        // Nobody else holds or awaits it.
        if lines.get(&self.name).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            lines.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_line_is_spoken_by_one_at_a_time_and_forgotten_afterwards() {
        let queue = Queue::new(Arc::new(Semaphore::new(64)));
        let first = queue.turn("a", PATIENCE).await.unwrap();
        let other = queue.turn("b", PATIENCE).await.unwrap();
        let refused = queue.turn("a", Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(refused, QueueError::TooLong(Duration::from_millis(1)));
        drop(first);
        drop(queue.turn("a", PATIENCE).await.unwrap());
        drop(other);
        assert!(queue.lines.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn so_many_speak_so_many_wait_and_further_ones_are_refused_at_once() {
        let queue = Queue::new(Arc::new(Semaphore::new(64)));
        let mut speaking = Vec::new();
        for n in 0..SPEAKING_MAX {
            speaking.push(queue.turn(&n.to_string(), PATIENCE).await.unwrap());
        }
        let names: Vec<_> = (0..WAITING_MAX).map(|n| format!("waiting {n}")).collect();
        let mut waiting: Vec<_> = names.iter().map(|name| Box::pin(queue.turn(name, PATIENCE))).collect();
        for turn in &mut waiting {
            assert!(turn.as_mut().now_or_never().is_none());
        }
        assert_eq!(queue.turn("x", PATIENCE).await.unwrap_err(), QueueError::Full);
        speaking.pop();
        waiting.remove(0).await.unwrap();
    }

    #[tokio::test]
    async fn voices_and_conduits_share_one_bound() {
        let places = Arc::new(Semaphore::new(1));
        let queue = Queue::new(Arc::clone(&places));
        let conduit = places.acquire().await.unwrap();
        assert!(queue.turn("a", Duration::from_millis(1)).await.is_err());
        drop(conduit);
        let turn = queue.turn("a", PATIENCE).await.unwrap();
        assert!(places.try_acquire().is_err());
        drop(turn);
    }
}
