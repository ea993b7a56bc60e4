//! What SQLite's errors mean for a log.

use std::io;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::private;
use crate::log::{Fault, LogError};

/// What is written to find out why nothing can be: as much as a few events take.
const PROBE_BYTES: usize = 64 * 1024;
const PROBE_FILE: &str = "events.db.probe";

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_extended_error_code().unwrap_or(0);
        let fault = match error.sqlite_error_code() {
            _ if [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC].contains(&extended) => Fault::Sync,
            Some(ErrorCode::DiskFull) => Fault::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Fault::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Damaged,
            _ => Fault::Disk,
        };
        Self::new(fault, error.to_string())
    }
}

/// SQLite says "disk I/O error" whatever the system said: asks the system itself what is wrong with this file's disk.
pub(super) fn explain(error: LogError, path: &Path) -> LogError {
    if error.fault != Fault::Disk {
        return error;
    }
    let found = is_as_large_as_may_be(path).then_some((Fault::FileSize, None)).or_else(|| {
        let error = probe(path).err()?;
        let fault = match error.kind() {
            io::ErrorKind::StorageFull => Fault::Full,
            io::ErrorKind::QuotaExceeded => Fault::Quota,
            io::ErrorKind::FileTooLarge => Fault::FileSize,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Fault::ReadOnly,
            _ => return None,
        };
        Some((fault, Some(error)))
    });
    match found {
        None => error,
        Some((fault, None)) => LogError::new(fault, error.detail.to_string()),
        Some((fault, Some(system))) => LogError::new(fault, format!("{system}; {}", error.detail)),
    }
}

/// Writes a file of its own beside the log.
fn probe(path: &Path) -> io::Result<()> {
    let path = path.with_file_name(PROBE_FILE);
    let written = private::create(&path).and_then(|mut file| {
        io::Write::write_all(&mut file, &[0; PROBE_BYTES])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

#[cfg(unix)]
fn is_as_large_as_may_be(path: &Path) -> bool {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    let len = |path: &Path| path.metadata().map_or(0, |file| file.len());
    let largest = len(path).max(len(&path.with_extension("db-wal")));
    limit.is_some_and(|limit| largest + PROBE_BYTES as u64 > limit)
}

#[cfg(not(unix))]
fn is_as_large_as_may_be(_: &Path) -> bool {
    false
}
