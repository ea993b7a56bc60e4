//! Where a room's stream ends, and whether it is what it was. JetStream does not say that a stream was cut, or restored from a
//! backup.

use arcane_shared::Seq;

use super::super::core::{Core, away};
use super::super::decision::Decision;
use super::super::entry::RoomEntry;
use super::super::pages::Raw;
use super::super::publish::{Outcome, Silence};
use super::super::registry::{End, Ends};
use super::super::told;
use super::super::witness::Witness;
use crate::log::LogError;

impl Core {
    /// Where a room ends, and whether it is the run of numbers of which everything up to `shown` was given, and `last` was the
    /// last of it. With `is_doubted` it is looked whether other nodes have begun anew.
    ///
    /// # Errors
    /// If no leader says it.
    pub(super) async fn end_of_run(
        &self,
        entry: &RoomEntry,
        shown: Seq,
        is_doubted: bool,
        last: Option<Witness>,
    ) -> Result<End, LogError> {
        let mut end = self.end_of(entry).await?;
        if end.ends != Ends::Here {
            return Ok(end);
        }
        if is_doubted && !self.is_current(&entry.name, &entry.epoch).await? {
            end.ends = Ends::Elsewhere;
        } else if end.head < shown || !self.has(entry, &end, last).await? {
            if !end.is_led {
                return Err(away(&format_args!(
                    "the leader of {} does not hear other servers",
                    entry.stream
                )));
            }
            end.ends = Ends::Cut;
        }
        Ok(end)
    }

    /// Why nothing is sent on the condition that nothing was decided, if the stream has let go of events that this process, which
    /// has those up to `head`, has not read.
    pub(super) async fn unread(&self, entry: &RoomEntry, head: Seq) -> Option<Outcome> {
        match self.first_of(&entry.name, &entry.epoch).await {
            Ok(Some(first)) if first <= head + 1 => None,
            Ok(Some(first)) => Some(Decision::unread(first - 1)),
            // The task is about to find out.
            Ok(None) | Err(_) => Some(Outcome::Unanswered(Silence::NotSent)),
        }
    }

    /// Whether the leader has an event; what it has let go of says nothing.
    async fn has(&self, entry: &RoomEntry, end: &End, last: Option<Witness>) -> Result<bool, LogError> {
        let Some(last) = last.filter(|last| (end.first..=end.head).contains(&last.seq)) else {
            return Ok(true);
        };
        let Some(raw) = self.reader.message(&entry.stream, last.seq).await? else { return Ok(true) };
        let told = told::numbered(Raw { seq: last.seq, ..raw }, &entry.name);
        Ok(last.is(&told))
    }
}
