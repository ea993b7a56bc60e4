//! Which events of a stream go when it has more bytes than a room may. Pure.
//!
//! A stream's own bound (`max_bytes`) is not used: a server reserves all of it when the stream is made, so a few rooms would
//! take all that it may store.

use arcane_shared::Seq;

/// Bytes of a message beside its payload: its subject, its headers, and what the server adds.
const BESIDE: u64 = 512;

/// The first event that stays of a stream that has events from `first` to `head` and takes so many bytes; `None` if all may
/// stay. Events are taken to be equally large, and a hundredth more may be there, so that not each event lets one go.
#[must_use]
pub fn first_to_keep(first: Seq, head: Seq, bytes: u64, bytes_max: u64) -> Option<Seq> {
    let events = (head + 1).saturating_sub(first);
    let max = bytes_max.saturating_add(events.saturating_mul(BESIDE));
    if events == 0 || bytes <= max.saturating_add(max / 100) {
        return None;
    }
    let of_each = (bytes / events).max(1);
    let gone = (bytes - max).div_ceil(of_each).min(events);
    Some(first + gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_goes_from_the_front() {
        assert_eq!(first_to_keep(1, 0, 0, 0), None);
        assert_eq!(first_to_keep(11, 20, 10 * (BESIDE + 100), 1000), None);
        // Ten events of 10,000 bytes where 50,000 may be.
        assert_eq!(first_to_keep(11, 20, 100_000, 50_000), Some(11 + 5));
        assert_eq!(first_to_keep(11, 20, 100_000, 0), Some(11 + 10));
        assert_eq!(first_to_keep(1, u64::MAX - 1, u64::MAX, u64::MAX), None);
    }
}
