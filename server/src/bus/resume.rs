//! Whether a reader can go on where it was. Pure.

use arcane_shared::{Epoch, NotRecovered, Position, Seq};

/// What follows the position in the last `id` of an event stream that is over for good: a client that comes back
/// with it is told to stay away.
pub(crate) const END: &str = ":end";

/// A position that a reader names; without an epoch it trusts that it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The run of numbers, if it was named.
    pub epoch: Option<Epoch>,
    /// The last event that the reader has.
    pub seq: Seq,
}

impl Since {
    /// Reads `EPOCH:SEQ` or `SEQ`.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let seq = text
                .parse()
                .map_err(|_| format!("{text} is no number of an event: it has more than 64 bits"))?;
            return Ok(Self { epoch: None, seq });
        }
        // The last id of an event stream that was over for good is a position, too.
        let position =
            Position::parse(text.strip_suffix(END).unwrap_or(text)).map_err(|error| error.to_string())?;
        Ok(Self { epoch: Some(position.epoch), seq: position.seq })
    }

    /// How many events follow the position, or why they cannot. `first`: the oldest event that is kept, and
    /// pinned where the answer is a promise.
    pub(crate) fn decide(&self, epoch: &Epoch, first: Seq, head: Seq) -> Result<u64, NotRecovered> {
        if self.epoch.as_ref().is_some_and(|named| named != epoch) {
            Err(NotRecovered::EpochChanged)
        } else if self.seq > head {
            Err(NotRecovered::Ahead)
        } else if self.seq + 1 < first {
            Err(NotRecovered::Expired)
        } else {
            Ok(head - self.seq)
        }
    }
}

impl From<Position> for Since {
    fn from(position: Position) -> Self {
        Self { epoch: Some(position.epoch), seq: position.seq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_nothing_with_the_reason() {
        let epoch = Epoch("e".into());
        let at = |text: &str, first, head| Since::parse(text).unwrap().decide(&epoch, first, head);
        assert_eq!(at("e:7", 1, 10), Ok(3));
        assert_eq!(at("7", 1, 10), Ok(3));
        assert_eq!(at("e:10", 1, 10), Ok(0));
        assert_eq!(at("e:11", 1, 10), Err(NotRecovered::Ahead));
        assert_eq!(at("f:7", 1, 10), Err(NotRecovered::EpochChanged));
        assert_eq!(at("e:7", 8, 10), Ok(3));
        assert_eq!(at("e:7", 9, 10), Err(NotRecovered::Expired));
        assert_eq!(at("e:0", 1, 0), Ok(0), "nothing was ever there, and nothing is missing");
        assert_eq!(at("e:10", 11, 10), Ok(0), "everything was purged after it was read");
    }

    #[test]
    fn the_last_id_of_a_stream_that_is_over_is_a_position() {
        assert_eq!(Since::parse("e:7:end"), Since::parse("e:7"));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in ["", "e:", ":7", "-1", "e:x", "99999999999999999999", "7 ", "7:end", ":end"] {
            assert!(Since::parse(text).is_err(), "{text:?}");
        }
    }
}
