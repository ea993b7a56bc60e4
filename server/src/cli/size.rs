//! How much memory: as people write it, and what the machine has.

use std::path::{Path, PathBuf};
use std::str::FromStr;

const MIB: u64 = 1024 * 1024;
/// The least with which a server does its work.
const MIN: u64 = 32 * MIB;
/// The most that a server takes of its own accord.
const DEFAULT_MAX: u64 = 1024 * MIB;
/// What it takes of the machine's memory of its own accord: a quarter.
const DEFAULT_PART: u64 = 4;

/// Bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no size: write 512M, 1G or a number of bytes");
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
        let unit = text[digits..].trim().to_ascii_lowercase();
        let unit = match unit.trim_end_matches('b').trim_end_matches('i') {
            "" => 1,
            "k" => 1024,
            "m" => MIB,
            "g" => 1024 * MIB,
            _ => return Err(wrong()),
        };
        let bytes = number.checked_mul(unit).ok_or_else(wrong)?;
        if bytes < MIN {
            return Err(format!("{text} is too little: a server needs at least {}M", MIN / MIB));
        }
        usize::try_from(bytes).map(Self).map_err(|_| wrong())
    }
}

impl Size {
    /// A quarter of the machine's memory, or of what the process may have of it, at most 1 GiB.
    pub(super) fn of_this_machine() -> Self {
        let part = machine_bytes().map_or(DEFAULT_MAX, |all| all / DEFAULT_PART);
        Self(usize::try_from(part.clamp(MIN, DEFAULT_MAX)).unwrap_or(usize::MAX))
    }
}

/// What the machine has, or the process's control group, if that is less; `None` where neither can be known.
fn machine_bytes() -> Option<u64> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| mem_total(&text));
    let groups = read(Path::new("/proc/self/cgroup")).map(|text| group_files(&text)).unwrap_or_default();
    let limits = groups.iter().filter_map(|path| read(path)?.trim().parse::<u64>().ok());
    machine.into_iter().chain(limits).min()
}

/// Bytes of `MemTotal`.
fn mem_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Where the limits of a process's groups stand, of both versions of control groups: its own and all above.
fn group_files(cgroup: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in cgroup.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            of if of.split(',').any(|of| of == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let own = Path::new(path.trim_start_matches('/'));
        files.extend(own.ancestors().map(|group| Path::new(root).join(group).join(file)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let size = |text: &str| text.parse::<Size>().map(|size| size.0);
        for text in ["256M", "256m", "256MiB", "256 MB", "262144K", "268435456", "268435456B"] {
            assert_eq!(size(text), Ok(256 * 1024 * 1024), "{text}");
        }
        assert_eq!(size("2G"), Ok(2 * 1024 * 1024 * 1024));
        for text in ["", "M", "-1G", "1T", "1.5G", "99999999999999999999", "99999999999G"] {
            assert!(size(text).unwrap_err().contains("512M"), "{text}");
        }
        insta::assert_snapshot!(size("1M").unwrap_err(), @"1M is too little: a server needs at least 32M");
    }

    #[test]
    fn a_machine_says_what_it_has() {
        assert_eq!(mem_total("MemTotal:       24684000 kB\nMemFree: 1 kB\n"), Some(24_684_000 * 1024));
        assert_eq!(mem_total("MemFree: 1 kB\n"), None);
        let files =
            |text: &str| group_files(text).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            files("0::/a/b\n"),
            ["/sys/fs/cgroup/a/b/memory.max", "/sys/fs/cgroup/a/memory.max", "/sys/fs/cgroup/memory.max"]
        );
        assert_eq!(files("3:cpu:/x\n9:memory:/\n"), ["/sys/fs/cgroup/memory/memory.limit_in_bytes"]);
        assert!(Size::of_this_machine().0 >= 32 * 1024 * 1024);
    }
}
