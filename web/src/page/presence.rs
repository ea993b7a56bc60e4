//! What the server is told of who looks at the page: agents wait for an answer from here only while somebody does who may give one.

use arcane_stage::link::State;

use super::Page;

/// Milliseconds between words of a page that is looked at: three of them fit into the time that each holds for.
const EVERY_MS: f64 = 10_000.0;

/// What is known of who looks.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// Whether the viewer may answer what agents ask in the room.
    may: bool,
    /// When the server was last told that the page is looked at; `None`: it is to be told again.
    pub(super) said_at: Option<f64>,
}

impl Presence {
    /// It is known whether the viewer may answer: if so, the next beat says that somebody looks.
    pub(crate) fn may_answer(&mut self, may: bool) {
        *self = Self { may, said_at: None };
    }

    /// Whether the viewer may answer what agents ask in the room.
    pub(crate) fn may(&self) -> bool {
        self.may
    }
}

impl Page {
    /// The page is visible at a moment.
    pub(super) fn is_seen(&mut self, now: f64) {
        if self.presence.said_at.is_none_or(|at| now - at >= EVERY_MS) && self.tell_presence(true) {
            self.presence.said_at = Some(now);
        }
    }

    /// The page was hidden, or is visible again.
    pub(super) fn is_turned(&mut self, hidden: bool) {
        self.presence.said_at = None;
        if hidden {
            self.tell_presence(false);
        }
    }

    fn tell_presence(&self, visible: bool) -> bool {
        let tells = self.presence.may && *self.link.state() == State::Live;
        if tells {
            self.say("presence", "visible", visible.into());
        }
        tells
    }
}
