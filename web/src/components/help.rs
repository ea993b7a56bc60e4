//! The keys, and what the signs mean.

use leptos::prelude::*;
use web_sys::HtmlDialogElement;

use crate::app_handle::AppHandle;
use crate::dom::{click, follow, on, the};

/// Ties the help to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let open = app.views.help;
    dialog("help", move || open.get(), move || open.set(false));
    click("help-open", move || open.set(true));
}

/// Opens a dialog while `open` says so, and says when it was closed.
pub(crate) fn dialog(name: &str, open: impl Fn() -> bool + 'static, mut closed: impl FnMut() + 'static) {
    let element: HtmlDialogElement = the(name);
    on(&element, "close", move |_| closed());
    follow(move || {
        if !open() {
            element.close();
        } else if !element.open() {
            let _ = element.show_modal();
        }
    });
}
