//! What a publisher may ask to be true before it is answered.

use crate::bus::{EventLog, Level};
use crate::query::QueryError;

/// The level that was asked for, or the highest that is no extra work.
pub(crate) fn level(ack: Option<&str>, log: &dyn EventLog) -> Result<Level, QueryError> {
    let max = log.level_max();
    let wrong = |detail| Err(QueryError::new("ack", detail));
    match ack.map(|word| (word, Level::parse(word))) {
        None => Ok(Level::Logged.min(max)),
        Some((_, Some(level))) if level <= max => Ok(level),
        Some((word, Some(_))) => {
            let place =
                if max == Level::Received { "in memory (--ephemeral)" } else { "on nats-servers (--log)" };
            let why = log.why_not_synced().map(|why| format!(": {why}")).unwrap_or_default();
            wrong(format!("this server keeps events {place} and cannot answer {word:?}{why}"))
        }
        Some((word, None)) => wrong(format!("must be received, logged or synced, not {word:?}")),
    }
}
