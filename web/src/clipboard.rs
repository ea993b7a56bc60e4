//! The clipboard, which a browser may refuse, and has only for pages that came over TLS or from this machine.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlDocument};

/// Copies the text of an element. Where it cannot, the text is left selected. Returns whether it is in the clipboard.
pub(crate) async fn copy(element: &Element) -> bool {
    let clipboard = window().navigator().clipboard();
    // Absent on plain http.
    let text = element.text_content().unwrap_or_default();
    if !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(&text)).await.is_ok() {
        return true;
    }
    if let Ok(Some(selection)) = window().get_selection() {
        let _ = selection.select_all_children(element);
    }
    // The way of before: it needs no permission.
    document().unchecked_ref::<HtmlDocument>().exec_command("copy").unwrap_or(false)
}
