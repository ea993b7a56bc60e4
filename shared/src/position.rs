//! Where a reader is: `epoch:seq` in a room.

use serde::{Deserialize, Serialize};

/// The number of an event in its room, from 1. 0 is the position before the first.
pub type Seq = u64;

/// Names one unbroken run of a room's numbering. Equal epochs make `seq` comparable; an empty one is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub String);

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reader's place: everything up to `seq` has been seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position {
    /// The run of numbers that `seq` belongs to.
    pub epoch: Epoch,
    /// The last event seen.
    pub seq: Seq,
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a position like 9f3c01ab77de:42, found {0:?}")]
pub struct PositionError(pub String);

impl Position {
    /// Reads `EPOCH:SEQ`.
    ///
    /// # Errors
    /// If either part is missing, the epoch is not of `[A-Za-z0-9_-]`, or `SEQ` is no number.
    pub fn parse(text: &str) -> Result<Self, PositionError> {
        let error = || PositionError(text.into());
        let (epoch, seq) = text.split_once(':').ok_or_else(error)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if epoch.is_empty() || epoch.len() > 64 || !epoch.chars().all(plain) {
            return Err(error());
        }
        if !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        Ok(Self { epoch: Epoch(epoch.into()), seq: seq.parse().map_err(|_| error())? })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

impl TryFrom<String> for Position {
    type Error = PositionError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}
