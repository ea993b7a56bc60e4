//! What of a visit is shown.

use arcane_shared::{Epoch, UnixMillis};

use super::ask::Trouble;
use super::playback::Playback;
use super::{Aim, TimeTravel};
use crate::store::Store;

impl TimeTravel {
    /// The moment that is shown, or sought.
    #[must_use]
    pub fn moment(&self) -> UnixMillis {
        self.moment
    }

    /// The realm as it was.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.past.store()
    }

    /// The run of numbers that it is in.
    #[must_use]
    pub fn epoch(&self) -> Option<&Epoch> {
        self.epoch.as_ref()
    }

    /// The playback, if it plays.
    #[must_use]
    pub fn playback(&self) -> Option<&Playback> {
        self.playback.as_ref()
    }

    /// What went wrong.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Whether the moment is still being looked for.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        self.trouble.is_none() && !matches!(self.aim, Aim::Shown)
    }

    /// Whether there is anything of the past to show.
    #[must_use]
    pub fn has_shown(&self) -> bool {
        self.shown || self.trouble.is_some()
    }

    /// Whether the playback waits for the log.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.playback.is_some() && self.asking && self.past.ahead() == 0
    }

    /// Whether it plays what a log keeps; otherwise what the browser kept.
    #[must_use]
    pub fn is_from_log(&self) -> bool {
        self.from_log
    }

    /// Whether the playback has come to the present.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        self.arrived && self.playback.is_some()
    }

    /// Whether another moment is shown than the one before: the stage has to settle. Says so once.
    pub fn take_jump(&mut self) -> bool {
        std::mem::take(&mut self.jumped)
    }

    /// Events held in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        let sought = match &self.aim {
            Aim::Shown => 0,
            Aim::Find { found: events, .. } | Aim::Roster { events, .. } => events.len(),
        };
        self.past.held() + sought
    }
}
