//! The system's table of processes.

use std::fs;

/// One line of the system's table of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) id: u32,
    pub(super) parent: u32,
    pub(super) group: u32,
    /// Clock ticks since the machine came up. With the number it names a process for good.
    pub(super) started: u64,
    /// It has ended and waits for its parent to notice.
    pub(super) dead: bool,
}

impl Process {
    /// Reads `/proc/ID/stat`. The name in it, in brackets, may hold anything.
    pub(super) fn parse(stat: &str) -> Option<Self> {
        let (id, _) = stat.split_once(' ')?;
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            id: id.parse().ok()?,
            dead: matches!(*fields.first()?, "Z" | "X"),
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Every process. Not of one moment: they come and go while it is read.
pub(super) fn table() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(look).collect()
}

pub(super) fn look(id: u32) -> Option<Process> {
    // Names need not be UTF-8.
    Process::parse(&String::from_utf8_lossy(&fs::read(format!("/proc/{id}/stat")).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "42 (a) Z (b c) S 7 42 42 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
        let read = Process { id: 42, parent: 7, group: 42, started: 12345, dead: false };
        assert_eq!(Process::parse(stat), Some(read));
        assert_eq!(Process::parse("42 (a"), None);
    }
}
