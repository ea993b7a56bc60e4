//! After an append with an unknown end: finding out where the room ends in the log, and going on from there.
//!
//! Meanwhile the room takes nothing, and readers see what they saw. If the log has the same run of numbers and all that
//! readers have seen, what it has beyond that is shown, and the room goes on. Otherwise continuity cannot be proven: its
//! readers are told to come back, and the room is opened anew.

use arcane_shared::Seq;

use super::{Room, recall};
use crate::log::{LogError, PageRequest, RoomRecord};

/// Events of a page.
const PAGE_EVENTS_MAX: usize = 512;
/// Bytes of a page, give or take an event.
const PAGE_BYTES_MAX: usize = 256 * 1024;

impl Room {
    /// Finds out where a room ends. Returns whether it goes on with the same numbers; if not, its readers are told.
    ///
    /// # Errors
    /// If the log cannot say; then nothing has changed.
    pub(in crate::bus) async fn settle(&self) -> Result<bool, LogError> {
        let record = self.log.open_room(&self.name).await?;
        let goes_on = record.epoch == self.epoch && self.show_through(record.head).await?;
        if goes_on {
            self.go_on(&record).await?;
        } else {
            self.end();
        }
        tracing::info!(room = %self.name, head = record.head, goes_on, "the room was read again");
        Ok(goes_on)
    }

    /// Whether it is not known where the room ends.
    pub(in crate::bus) fn is_unsettled(&self) -> bool {
        self.lock().is_unsettled
    }

    /// Shows what the log has beyond the head, up to `through`. Returns whether nothing was missing.
    async fn show_through(&self, through: Seq) -> Result<bool, LogError> {
        loop {
            let head = self.head();
            if head >= through {
                return Ok(head == through);
            }
            let request =
                PageRequest { after: head, through, events_max: PAGE_EVENTS_MAX, bytes_max: PAGE_BYTES_MAX };
            let page = self.log.read(self.id, request).await?;
            let follows = page.frames.first().is_some_and(|frame| frame.seq() == head + 1);
            if page.gap.is_some() || !follows {
                return Ok(false);
            }
            let mut state = self.lock();
            self.show(&mut state, &page.frames);
        }
    }

    /// Takes events again, after the latest one that the log has.
    async fn go_on(&self, record: &RoomRecord) -> Result<(), LogError> {
        let (keys, mut colors) = recall(self.log.as_ref(), &self.name).await?;
        let mut state = self.lock();
        colors.fix(&state.colors.fixed());
        (state.keys, state.colors) = (keys, colors);
        state.roster.forget_after(record.head);
        state.next_seq = record.head + 1;
        state.at = state.at.max(record.at);
        state.is_unsettled = false;
        Ok(())
    }

    /// Tells readers that no further event comes.
    pub(super) fn end(&self) {
        self.head.send_modify(|head| head.is_over = true);
    }
}
