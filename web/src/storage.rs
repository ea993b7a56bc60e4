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
