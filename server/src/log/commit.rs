//! Handing events to a log, and learning what became of them.

use std::sync::Arc;

use arcane_shared::Seq;
use tokio::sync::oneshot;

use super::{LogError, Record, RoomId, Run, Turn};
use crate::event::PreparedFrame;

/// What is true of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It has its number, in memory.
    Received,
    /// It is written: it survives the process.
    #[default]
    Logged,
    /// It is on the disk: it survives the machine.
    Synced,
}

impl Level {
    /// As it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Logged => "logged",
            Self::Synced => "synced",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Received, Self::Logged, Self::Synced].into_iter().find(|level| level.as_str() == text)
    }
}

/// Who is told what became of events, in the order of their numbers.
pub trait Commits: Send + Sync {
    /// They are in the log: every reader that asks sees them from here on. Readers that wait are woken by what is returned.
    fn committed(&self, frames: &[Arc<PreparedFrame>]) -> Announcement;

    /// Everything of this room that was taken and not yet committed is taken back.
    fn taken_back(&self);

    /// Whether what was taken of this room and not yet committed is in the log is not known, and will not be told.
    fn unknown(&self);
}

/// Wakes the readers of a room.
pub trait Wake: Send + Sync {
    /// Wakes those who wait for what is after an earlier event than this one.
    fn wake(&self, head: Seq);
}

/// The wake-up of a room's readers, apart from the commit so that publishers can be answered first: what they send next may
/// then go to readers together with it. It does not hold the room: a publisher that was answered may have it closed.
#[must_use = "readers wait for it"]
pub struct Announcement {
    /// Who is woken.
    pub readers: Arc<dyn Wake>,
    /// The latest event that they can see.
    pub head: Seq,
}

impl Announcement {
    /// Wakes the readers.
    pub fn announce(self) {
        self.readers.wake(self.head);
    }
}

/// Numbered events of one room, and the state that has to agree with them.
pub struct Append {
    /// The room.
    pub room: RoomId,
    /// Next to each other, beginning with the room's next number.
    pub frames: Vec<Arc<PreparedFrame>>,
    /// Written together with them.
    pub records: Vec<Record>,
    /// What must be true before they are committed.
    pub level: Level,
    /// Given back once it is committed.
    pub turn: Turn,
    /// Told first.
    pub commits: Arc<dyn Commits>,
    /// Told after that.
    pub done: Notify,
}

impl std::fmt::Debug for Append {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { room, frames, level, .. } = self;
        write!(f, "Append {{ room: {room}, frames: {}, level: {level:?} }}", frames.len())
    }
}

/// What a log did with an append.
#[derive(Debug)]
pub enum Appended {
    /// It is in the log; nobody was told yet.
    Done(Append),
    /// It will be; then [`Append::commits`] and the receipt are told.
    Queued,
}

/// The log's end of a [`Receipt`].
#[derive(Debug)]
pub struct Notify {
    sender: Option<oneshot::Sender<Result<Run, LogError>>>,
    /// The numbers, if they are known beforehand.
    run: Option<Run>,
}

impl Notify {
    /// Both ends, for events that have these numbers if the log takes them.
    #[must_use]
    pub fn numbered(run: Run) -> (Self, Receipt) {
        Self::pair(Some(run))
    }

    /// Both ends, for events that the log numbers.
    #[must_use]
    pub fn to_number() -> (Self, Receipt) {
        Self::pair(None)
    }

    fn pair(run: Option<Run>) -> (Self, Receipt) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender: Some(sender), run }, Receipt { run, waiting: Some(receiver) })
    }

    /// For what nobody waits for.
    #[must_use]
    pub fn nobody() -> Self {
        Self { sender: None, run: None }
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub(crate) fn is_nobody(&self) -> bool {
        self.sender.is_none()
    }

    /// Tells what became of events whose numbers were known beforehand.
    pub fn tell(self, result: Result<(), LogError>) {
        let run = self.run.unwrap_or(Run::EMPTY);
        self.tell_numbers(result.map(|()| run));
    }

    /// Tells which numbers the log gave.
    pub fn tell_numbers(self, result: Result<Run, LogError>) {
        if let Some(sender) = self.sender {
            // The publisher may have gone away.
            let _ = sender.send(result);
        }
    }
}

/// Waits for what becomes of an append. Dropping it changes nothing.
#[derive(Debug)]
pub struct Receipt {
    run: Option<Run>,
    /// `None` once it is known that the events are in the log.
    waiting: Option<oneshot::Receiver<Result<Run, LogError>>>,
}

impl Receipt {
    /// Of what is in the log already.
    #[must_use]
    pub fn done(run: Run) -> Self {
        Self { run: Some(run), waiting: None }
    }

    /// The numbers of the events, as far as they are known: where the log gives them, [`Self::logged`] tells.
    #[must_use]
    pub fn run(&self) -> Option<Run> {
        self.run
    }

    /// As [`Self::logged`], for a thread that may wait.
    ///
    /// # Errors
    /// As [`Self::logged`].
    pub fn wait(self) -> Result<Run, LogError> {
        match self.waiting {
            Some(receiver) => receiver.blocking_recv().unwrap_or_else(|_| Err(ended())),
            None => Ok(self.run.unwrap_or(Run::EMPTY)),
        }
    }

    /// Completes once the events are in the log as they were asked to be, and gives their numbers. Cancel-safe.
    ///
    /// # Errors
    /// If they were taken back: then nobody has seen them, and their numbers go to others. [`super::Fault::Unknown`]: they
    /// may be in the log all the same.
    pub async fn logged(&mut self) -> Result<Run, LogError> {
        let Some(receiver) = &mut self.waiting else { return Ok(self.run.unwrap_or(Run::EMPTY)) };
        let run = receiver.await.unwrap_or_else(|_| Err(ended()))?;
        (self.run, self.waiting) = (Some(run), None);
        Ok(run)
    }
}

fn ended() -> LogError {
    LogError::new(super::Fault::Closed, "it ended before this was written")
}
