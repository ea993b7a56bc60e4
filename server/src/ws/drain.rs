//! When clients of a server that stops come back. Pure.

/// The earliest, milliseconds: another server may take over in this time, or the next run of this one begin.
const EARLIEST_MS: u64 = 1_000;
/// What is added is up to this, milliseconds, however few there are.
const SPREAD_MIN_MS: u64 = 500;
/// The most that is added, milliseconds.
const SPREAD_MAX_MS: u64 = 60_000;
/// How many come back in one millisecond at most, taken over all: 5,000 in a second, which one server takes.
const BACK_PER_MS: u64 = 5;

/// In how many milliseconds one of so many clients is to come back. `chance`: of 0 to 1, another for each of them.
pub(super) fn back_in_ms(clients: u64, chance: f64) -> u64 {
    let spread = (clients / BACK_PER_MS).clamp(SPREAD_MIN_MS, SPREAD_MAX_MS);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "up to 60,000"
    )]
    let later = (spread as f64 * chance.clamp(0.0, 1.0)) as u64;
    EARLIEST_MS + later
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_clients_come_back_over_a_longer_time() {
        for (clients, last) in
            [(0, 1_500), (100, 1_500), (10_000, 3_000), (100_000, 21_000), (10_000_000, 61_000)]
        {
            assert_eq!((back_in_ms(clients, 0.0), back_in_ms(clients, 1.0)), (1_000, last), "{clients}");
        }
        assert_eq!(back_in_ms(0, 0.5), 1_250);
    }
}
