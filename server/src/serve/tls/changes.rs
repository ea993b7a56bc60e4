//! When files that were read are worth reading again.

use std::path::Path;
use std::time::SystemTime;

use crate::config::TlsFiles;

/// What tells a file from the one that was there before it; `None` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    /// A file that was put in the place of another may have its time and length.
    inode: u64,
}

/// The stamps of both files of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamps([Option<Stamp>; 2]);

impl Stamps {
    pub(super) fn of(files: &TlsFiles) -> Self {
        Self([stamp(&files.certificate), stamp(&files.key)])
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Stamp { modified: metadata.modified().ok(), len: metadata.len(), inode })
}

/// What was read, and what was seen last.
#[derive(Debug)]
pub(super) struct Changes {
    read: Stamps,
    seen: Stamps,
}

impl Changes {
    pub(super) fn since(read: Stamps) -> Self {
        Self { read, seen: read }
    }

    /// Whether the files are others than those that were read, and rest. Two files are not written in one go: until
    /// two looks see the same, the pair may be half of the old and half of the new.
    pub(super) fn are_due(&mut self, now: Stamps) -> bool {
        let rests = std::mem::replace(&mut self.seen, now) == now;
        rests && std::mem::replace(&mut self.read, now) != now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(certificate: Option<u64>, key: u64) -> Stamps {
        let stamp = |len| Stamp { modified: None, len, inode: 0 };
        Stamps([certificate.map(stamp), Some(stamp(key))])
    }

    #[test]
    fn files_are_read_once_for_each_change_after_it_came_to_rest() {
        let mut changes = Changes::since(stamps(Some(1), 1));
        let mut looks = |certificate, key| changes.are_due(stamps(certificate, key));
        assert!(!looks(Some(1), 1), "nothing has changed");
        assert!(!looks(Some(2), 1), "the key is still to come");
        assert!(!looks(Some(2), 2), "it came");
        assert!(looks(Some(2), 2), "and it rests");
        assert!(!looks(Some(2), 2), "once");
        assert!(!looks(None, 2), "one is being replaced");
        assert!(!looks(Some(2), 2), "with what was there");
        assert!(!looks(Some(2), 2), "which was read");
        assert!(!looks(None, 2));
        assert!(looks(None, 2), "one is gone, which is to be said");
    }
}
