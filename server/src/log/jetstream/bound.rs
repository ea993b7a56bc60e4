//! How much of a stream's size is events, and which of them go when that is more than a room may have. Pure.
//!
//! A stream's own bound (`max_bytes`) is not used: a server reserves all of it when the stream is made, so a few rooms would
//! take all that it may store.

use arcane_shared::Seq;

/// Bytes of a message beside its payload: its subject, the headers of an event without records, and what the server adds.
/// Of rooms with names of 4 letters it was 180 to 200.
const BESIDE: u64 = 200;

/// Bytes of the events of a stream, of its size: as nearly as can be said without reading it.
#[must_use]
pub fn event_bytes(first: Seq, head: Seq, bytes: u64) -> u64 {
    bytes.saturating_sub(events(first, head).saturating_mul(BESIDE))
}

/// The first event that stays of a stream that has events from `first` to `head` with so many bytes; `None` if all may stay. Events are taken to be equally large, and a hundredth more may be there, so that not each event lets one go.
#[must_use]
pub fn first_to_keep(first: Seq, head: Seq, bytes: u64, bytes_max: u64) -> Option<Seq> {
    let events = events(first, head);
    if events == 0 || bytes <= bytes_max.saturating_add(bytes_max / 100) {
        return None;
    }
    let of_each = (bytes / events).max(1);
    let gone = (bytes - bytes_max).div_ceil(of_each).min(events);
    Some(first + gone)
}

fn events(first: Seq, head: Seq) -> u64 {
    (head + 1).saturating_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_goes_from_the_front() {
        assert_eq!(event_bytes(11, 20, 10 * (100 + BESIDE)), 1_000);
        assert_eq!(event_bytes(21, 20, 5), 5);
        assert_eq!(first_to_keep(1, 0, 0, 0), None);
        assert_eq!(first_to_keep(11, 20, 1_010, 1_000), None, "a hundredth more");
        // Ten events of 10,000 bytes where 50,000 may be: in one go.
        assert_eq!(first_to_keep(11, 20, 100_000, 50_000), Some(11 + 5));
        assert_eq!(first_to_keep(16, 20, 50_000, 50_000), None);
        assert_eq!(first_to_keep(11, 20, 100_000, 0), Some(11 + 10));
        assert_eq!(first_to_keep(1, u64::MAX - 1, u64::MAX, u64::MAX), None);
    }
}
