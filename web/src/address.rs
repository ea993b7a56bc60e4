//! The page's address: what it says about what is shown, and how it follows.

use leptos::prelude::*;
use web_sys::UrlSearchParams;

use crate::app_handle::AppHandle;

impl AppHandle {
    /// Makes the address say what is shown.
    pub(crate) fn write_address(self) {
        let query = query();
        self.views.chronicle.filter.with_untracked(|filter| {
            for (key, value) in filter.to_pairs() {
                match value {
                    Some(value) => query.set(key, value),
                    None => query.delete(key),
                }
            }
        });
        match self.views.header.room.get_untracked().as_str() {
            // It stands as it is, and so does what the page says of it.
            "" => {}
            arcane_shared::room::DEFAULT_ROOM => query.delete("room"),
            room => query.set("room", room),
        }
        if self.views.wall.get_untracked() {
            query.set("view", "wall");
        } else {
            query.delete("view");
        }
        let text: String = query.to_string().into();
        let path = window().location().pathname().unwrap_or_else(|_| "/".into());
        let url = if text.is_empty() { path } else { format!("{path}?{text}") };
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&url));
        }
    }
}

/// The page's query.
pub(crate) fn query() -> UrlSearchParams {
    let text = window().location().search().unwrap_or_default();
    UrlSearchParams::new_with_str(&text).unwrap_or_else(|_| empty_query())
}

fn empty_query() -> UrlSearchParams {
    #[expect(clippy::expect_used, reason = "an empty query is valid in every browser")]
    UrlSearchParams::new().expect("an empty query")
}
