//! Whether a connection goes on after a turn, and as what it ends. Pure.

/// What a turn leads to.
pub(super) enum Next {
    GoOn,
    /// A close frame was written: its code, and whether nothing more is expected.
    Closing(u16, bool),
    /// It is over, and counts as this code.
    End(u16),
}

impl Next {
    /// A connection that is about to close stays so.
    pub(super) fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Closing(code, answered), Self::GoOn) => Self::Closing(code, answered),
            (Self::Closing(code, _), Self::End(_)) => Self::End(code),
            (_, next) => next,
        }
    }

    /// The code that it counts as if it is over now.
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Closing(code, _) => *code,
            Self::GoOn | Self::End(_) => ABNORMAL,
        }
    }
}

/// RFC 6455, 7.1.5: the connection ended without a close frame.
pub(super) const ABNORMAL: u16 = 1006;
