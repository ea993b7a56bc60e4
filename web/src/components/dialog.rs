//! A dialog of the browser's own: it traps the focus, and Esc closes it.

use leptos::html;
use leptos::prelude::*;

/// Shows its children while `open` says so; `on_close` hears of every way in which it was closed.
#[component]
pub(crate) fn Dialog(
    #[prop(into)] open: Signal<bool>,
    #[prop(into)] on_close: Callback<()>,
    /// The dialog's class.
    class: &'static str,
    testid: &'static str,
    #[prop(into)] title: Signal<String>,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if !open.get() {
            dialog.close();
        } else if !dialog.open() {
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog
            class=class
            data-testid=testid
            aria-labelledby=format!("{testid}-title")
            node_ref=dialog
            on:close=move |_| on_close.run(())
        >
            <h2 id=format!("{testid}-title")>{title}</h2>
            {children()}
        </dialog>
    }
}

/// The row of buttons at a dialog's end; the last one closes it.
#[component]
pub(crate) fn Actions(
    /// Whether the button that closes has the focus first.
    #[prop(optional)]
    autofocus: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="actions">
            {children.map(|children| children())}
            <form method="dialog">
                <button class="pill" autofocus=autofocus>"Close"</button>
            </form>
        </div>
    }
}
