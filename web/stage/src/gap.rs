//! Why the chronicle has holes, and how it says so in a line.

use arcane_shared::{NotRecovered, Seq};

/// Why events are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// Nobody said.
    #[default]
    Unsaid,
    /// They came faster than this page took them, and are past what the server keeps.
    Lagged,
    /// They are past the room's retention.
    Expired,
    /// They cannot be read in the log any more.
    Damaged,
    /// There were more than this page catches up with; the log has them.
    Skipped,
}

/// Why a room's numbering began anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anew {
    /// Nobody said: a server that keeps nothing was started again.
    #[default]
    Unsaid,
    /// The log was lost, or came back shorter.
    EpochChanged,
    /// The log ends before what this page has seen.
    Ahead,
}

impl Cause {
    /// Reads the reason of a `gap` notice.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "lagged" => Self::Lagged,
            "expired" => Self::Expired,
            "damaged" => Self::Damaged,
            _ => Self::Unsaid,
        }
    }

    /// The hole in a line.
    #[must_use]
    pub fn line(self, from: Seq, to: Seq) -> String {
        let (which, one) = if from == to {
            (format!("event {from}"), true)
        } else {
            (format!("events {from}–{to}"), false)
        };
        let be = |plural: &'static str, singular: &'static str| if one { singular } else { plural };
        match self {
            Self::Unsaid => format!("{which} {} missing", be("are", "is")),
            Self::Lagged => format!("{which} came too fast for this page"),
            Self::Expired => format!("{which} {} past retention", be("are", "is")),
            Self::Damaged => format!("{which} {} damaged in the log", be("are", "is")),
            Self::Skipped => format!("{which} {} in the log only", be("are", "is")),
        }
    }
}

impl Anew {
    /// The new beginning in a line.
    #[must_use]
    pub fn line(self) -> &'static str {
        match self {
            Self::Unsaid => "a new run of the server",
            Self::EpochChanged => "the log began anew: a new epoch",
            Self::Ahead => "the log came back shorter",
        }
    }
}

impl From<Option<NotRecovered>> for Anew {
    fn from(reason: Option<NotRecovered>) -> Self {
        match reason {
            Some(NotRecovered::EpochChanged) => Self::EpochChanged,
            Some(NotRecovered::Ahead) => Self::Ahead,
            Some(NotRecovered::Expired | NotRecovered::Other) | None => Self::Unsaid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_named_with_its_reason() {
        let lines = ["lagged", "expired", "damaged", "later"].map(|word| Cause::of_word(word).line(3, 3));
        assert_eq!(
            lines,
            [
                "event 3 came too fast for this page",
                "event 3 is past retention",
                "event 3 is damaged in the log",
                "event 3 is missing"
            ]
        );
        assert_eq!(Cause::Skipped.line(2, 9), "events 2–9 are in the log only");
    }
}
