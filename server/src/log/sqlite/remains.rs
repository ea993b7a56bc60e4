//! What an import leaves that did not end.

use std::path::Path;

/// Where an import is made. It becomes the log in one step, once all of it is on the disk: an import that is killed
/// leaves no log.
pub(super) const IMPORT_FILE: &str = "events.db.importing";

/// Removes what an import left that was killed. Returns whether there was something.
pub(super) fn remove_remains(dir: &Path) -> std::io::Result<bool> {
    let mut found = false;
    for file in ["", "-journal", "-wal", "-shm"] {
        match std::fs::remove_file(dir.join(format!("{IMPORT_FILE}{file}"))) {
            Ok(()) => found = true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
