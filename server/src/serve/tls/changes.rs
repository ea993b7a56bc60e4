//! When files that were read are worth reading again.

use crate::config::TlsFiles;
use crate::stamp::Stamp;

/// The stamps of both files of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamps([Option<Stamp>; 2]);

impl Stamps {
    pub(super) fn of(files: &TlsFiles) -> Self {
        Self([Stamp::of(&files.certificate), Stamp::of(&files.key)])
    }
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
        Stamps([certificate.map(Stamp::of_len), Some(Stamp::of_len(key))])
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
