//! Requests of OpenTelemetry in either encoding, read into one model. Pure.

mod json;
mod protobuf;
#[cfg(test)]
mod tests;
mod wire;

use super::model::{Group, Metric, Record, Span};

/// Most resources, log records, spans, metrics and points of one request; JSON has as many objects as its bound has times eight, for each
/// attribute is two.
const PARTS_MAX: usize = 65_536;

/// How a request is written, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

/// Why a request cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// It is not what it says: where, by field or byte, and why.
    #[error("{0}")]
    Wrong(String),
    /// It is more than may be read at a time.
    #[error("the request has more than {PARTS_MAX} records, spans or points; send them in several requests")]
    TooMuch,
}

/// How many parts a request may still have: each takes more memory than bytes.
#[derive(Debug)]
struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(PARTS_MAX)
    }
}

impl Room {
    fn take(&mut self) -> Result<(), Malformed> {
        self.0 = self.0.checked_sub(1).ok_or(Malformed::TooMuch)?;
        Ok(())
    }
}

/// Reads log records.
pub(super) fn logs(body: &[u8], encoding: Encoding) -> Result<Vec<Group<'_, Record<'_>>>, Malformed> {
    match encoding {
        Encoding::Protobuf => protobuf::logs(body),
        Encoding::Json => json::logs(body),
    }
}

/// Reads spans.
pub(super) fn traces(body: &[u8], encoding: Encoding) -> Result<Vec<Group<'_, Span<'_>>>, Malformed> {
    match encoding {
        Encoding::Protobuf => protobuf::traces(body),
        Encoding::Json => json::traces(body),
    }
}

/// Reads metrics.
pub(super) fn metrics(body: &[u8], encoding: Encoding) -> Result<Vec<Group<'_, Metric<'_>>>, Malformed> {
    match encoding {
        Encoding::Protobuf => protobuf::metrics(body),
        Encoding::Json => json::metrics(body),
    }
}
