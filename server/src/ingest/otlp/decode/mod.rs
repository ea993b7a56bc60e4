//! Requests of OpenTelemetry in either encoding, read into one model. Pure.

mod json;
mod protobuf;
#[cfg(test)]
mod tests;
mod wire;

use super::model::{Group, Metric, Record, Span};

/// Most resources, log records, spans, metrics and points of one request, in either encoding. JSON with more than eight times as many objects is
/// not even read; each attribute is two.
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
        Encoding::Json => bounded(json::logs(body)?, |_| 0),
    }
}

/// Reads spans.
pub(super) fn traces(body: &[u8], encoding: Encoding) -> Result<Vec<Group<'_, Span<'_>>>, Malformed> {
    match encoding {
        Encoding::Protobuf => protobuf::traces(body),
        Encoding::Json => bounded(json::traces(body)?, |_| 0),
    }
}

/// Reads metrics.
pub(super) fn metrics(body: &[u8], encoding: Encoding) -> Result<Vec<Group<'_, Metric<'_>>>, Malformed> {
    match encoding {
        Encoding::Protobuf => protobuf::metrics(body),
        Encoding::Json => bounded(json::metrics(body)?, |metric| metric.points.len()),
    }
}

/// Refuses JSON that has more parts than protobuf may have; how many objects it has was seen before it was read.
fn bounded<'a, T>(
    groups: Vec<Group<'a, T>>,
    within: impl Fn(&T) -> usize,
) -> Result<Vec<Group<'a, T>>, Malformed> {
    let of_group = |group: &Group<'a, T>| 1 + group.items.iter().map(|item| 1 + within(item)).sum::<usize>();
    if groups.iter().map(of_group).sum::<usize>() > PARTS_MAX {
        return Err(Malformed::TooMuch);
    }
    Ok(groups)
}
