//! What tells a file from the one that was there before it.

use std::path::Path;
use std::time::SystemTime;

/// Changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    /// A file that was put in the place of another may have its time and length.
    inode: u64,
    /// What was written into a file may have got its earlier time back; the time of that cannot be set.
    changed: (i64, i64),
}

impl Stamp {
    /// Of the file that is there now; `None` where there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        #[cfg(unix)]
        let (inode, changed) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (inode, changed) = (0, (0, 0));
        Some(Self { modified: metadata.modified().ok(), len: metadata.len(), inode, changed })
    }

    /// One that tells files apart by their length alone.
    #[cfg(test)]
    pub(crate) fn of_len(len: u64) -> Self {
        Self { modified: None, len, inode: 0, changed: (0, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_file_of_the_same_length_and_time_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a"), dir.path().join("b"));
        let write = |path: &Path, text: &str| {
            std::fs::write(path, text).unwrap();
            std::fs::File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_modified(SystemTime::UNIX_EPOCH)
                .unwrap();
        };
        write(&path, "one");
        let first = Stamp::of(&path);
        assert_eq!(Stamp::of(&path), first);
        write(&other, "two");
        std::fs::rename(&other, &path).unwrap();
        let second = Stamp::of(&path);
        assert_ne!(second, first, "another file");
        // Its clock may be coarse.
        while Stamp::of(&path) == second {
            write(&path, "six");
        }
    }
}
