//! What the browser keeps. Storage that is full, forbidden or absent costs nothing but memory of it.
//!
//! Not gloo-storage: it panics where storage is forbidden, and it writes JSON, which is not what browsers have kept so far.

use web_sys::Storage;

/// Whether sound was enabled.
pub(crate) const SOUND_KEY: &str = "arcaneSound";
/// `full` or `reduced`; absent: as the system says.
pub(crate) const MOTION_KEY: &str = "arcaneMotion";

/// The stage's tier, or `auto`.
pub(crate) const QUALITY_KEY: &str = "arcaneQuality";
/// 0–100.
pub(crate) const VOLUME_KEY: &str = "arcaneVolume";
/// Seconds between spoken summaries; 0: none.
pub(crate) const SUMMARY_KEY: &str = "arcaneSummary";
/// `on`: the system tells when an agent waits.
pub(crate) const NOTIFY_KEY: &str = "arcaneNotify";
/// `all`: calls that succeed sound, too.
pub(crate) const SOUNDS_KEY: &str = "arcaneSounds";
/// Which figure the table of daemons shows.
pub(crate) const FIGURE_KEY: &str = "arcaneFigure";
/// In which words the page speaks: `fantasy` or `plain`; absent: as the server says.
pub(crate) const WORDS_KEY: &str = "arcaneWords";
/// What stands before a server's name in the key of its token.
const TOKEN_KEY: &str = "arcaneToken";

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// Reads a text.
pub(crate) fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Writes a text; says whether it was kept.
pub(crate) fn write(key: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, text).is_ok())
}

fn of_tab() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The token that this tab has for a server.
pub(crate) fn token(server: &str) -> Option<String> {
    of_tab()?.get_item(&[TOKEN_KEY, server].concat()).ok()?
}

/// Keeps a token for a server as long as this tab is open; `None`: no longer.
pub(crate) fn keep_token(server: &str, token: Option<&str>) {
    let (Some(storage), key) = (of_tab(), [TOKEN_KEY, server].concat()) else { return };
    let _ = match token {
        Some(token) => storage.set_item(&key, token),
        None => storage.remove_item(&key),
    };
}
