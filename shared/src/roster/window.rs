//! The stretches of time that figures are summed over.

use serde::{Deserialize, Serialize};

use super::{DaemonState, Roster, Sums};
use crate::DaemonName;

/// A stretch of time that figures are summed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Since midnight, on the roster's calendar.
    Today,
    /// Since the daemon last became present; of one that is gone, its last session.
    Session,
    /// Since the roster began.
    #[default]
    All,
}

impl Window {
    /// Every window, the shortest first.
    pub const EACH: [Self; 3] = [Self::Today, Self::Session, Self::All];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Session => "session",
            Self::All => "all",
        }
    }

    /// The window of a name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|window| window.word() == word)
    }
}

/// What a daemon did and spent within a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figures {
    /// Its name.
    pub daemon_name: DaemonName,
    /// What it did and spent.
    #[serde(flatten)]
    pub sums: Sums,
}

impl DaemonState {
    /// Figures of a window that ends on this day.
    #[must_use]
    pub fn figures(&self, window: Window, day: i64) -> Sums {
        match window {
            Window::Today => self.on_day(day),
            Window::Session => self.session,
            Window::All => self.all,
        }
    }
}

impl Roster {
    /// Figures of every daemon in a window that ends at a moment, Unix microseconds.
    pub fn figures(&self, window: Window, at: i64) -> impl Iterator<Item = Figures> {
        let day = self.day(at);
        self.iter().map(move |daemon| Figures {
            daemon_name: daemon.daemon_name.clone(),
            sums: daemon.figures(window, day),
        })
    }
}
