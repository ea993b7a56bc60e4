//! What a process has used, as Linux tells it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Memory is settled once it is the same after this time.
const SETTLED_AFTER: Duration = Duration::from_millis(200);
/// It is read after this time at the latest, settled or not.
const SETTLING_MAX: Duration = Duration::from_secs(5);

/// Time of the processor and memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_s: f64,
    pub(crate) rss_kib: f64,
}

/// The system's units: ticks in a second and bytes of a page.
#[derive(Debug, Clone, Copy)]
struct Units {
    ticks_per_s: f64,
    page_bytes: f64,
}

/// Reads it, where the system tells.
pub(crate) fn read(pid: Option<u32>) -> Option<Usage> {
    parse(&fs::read_to_string(format!("/proc/{}/stat", pid?)).ok()?, units())
}

/// Waits until memory has settled, and reads.
pub(crate) fn settled(pid: Option<u32>) -> Option<Usage> {
    let start = Instant::now();
    let mut last = read(pid)?;
    loop {
        thread::sleep(SETTLED_AFTER);
        let now = read(pid)?;
        if now.rss_kib == last.rss_kib || start.elapsed() > SETTLING_MAX {
            return Some(now);
        }
        last = now;
    }
}

#[cfg(unix)]
fn units() -> Units {
    Units {
        ticks_per_s: rustix::param::clock_ticks_per_second() as f64,
        page_bytes: rustix::param::page_size() as f64,
    }
}

#[cfg(not(unix))]
fn units() -> Units {
    Units { ticks_per_s: 100.0, page_bytes: 4096.0 }
}

fn parse(stat: &str, units: Units) -> Option<Usage> {
    // The program's name comes second, in parentheses, and may hold anything.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    let (user, system, pages) = (number(11)?, number(12)?, number(21)?);
    Some(Usage { cpu_s: (user + system) / units.ticks_per_s, rss_kib: pages * units.page_bytes / 1024.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let stat = "42 (a) 7 (b) S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 9 1000 300 184467";
        let units = Units { ticks_per_s: 100.0, page_bytes: 4096.0 };
        assert_eq!(parse(stat, units), Some(Usage { cpu_s: 3.0, rss_kib: 1200.0 }));
        assert_eq!(parse("42 (a) S 1", units), None);
    }
}
