//! What views read, in a few types: every closure of its own type would bring its own copy of the
//! code that renders it.

use leptos::prelude::*;
use web_sys::MouseEvent;

/// A function that a view reads.
pub(crate) type Read<T> = Box<dyn FnMut() -> T + Send>;

/// A text that changes.
pub(crate) fn text<T: Into<String>>(read: impl Fn() -> T + Send + 'static) -> Read<String> {
    Box::new(move || read().into())
}

/// An attribute that may be absent.
pub(crate) fn maybe<T: Into<String>>(read: impl Fn() -> Option<T> + Send + 'static) -> Read<Option<String>> {
    Box::new(move || read().map(Into::into))
}

/// Yes or no.
pub(crate) fn flag(read: impl Fn() -> bool + Send + 'static) -> Read<bool> {
    Box::new(read)
}

/// A part of the page that is made anew.
pub(crate) fn part(read: impl Fn() -> AnyView + Send + 'static) -> Read<AnyView> {
    Box::new(read)
}

/// A part that is there while something holds.
pub(crate) fn when(
    holds: impl Fn() -> bool + Send + Sync + 'static,
    make: impl Fn() -> AnyView + Send + 'static,
) -> Read<AnyView> {
    let holds = Memo::new(move |_| holds());
    Box::new(move || if holds.get() { make() } else { ().into_any() })
}

/// What a click does.
pub(crate) fn click(act: impl FnMut(MouseEvent) + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(act)
}

/// A button. `pressed`: whether it is on, for one that can be.
pub(crate) fn button(
    class: &'static str,
    id: &'static str,
    pressed: Read<Option<String>>,
    label: Read<String>,
    act: impl FnMut(MouseEvent) + 'static,
) -> AnyView {
    view! { <button class=class data-testid=id aria-pressed=pressed on:click=click(act)>{label}</button> }
        .into_any()
}

/// An entry of a list to choose from.
pub(crate) fn choice(value: String, chosen: bool) -> AnyView {
    let shown = value.clone();
    view! { <option value=value selected=chosen>{shown}</option> }.into_any()
}

/// A term and what it means, or a fact and its value.
pub(crate) fn pair(term: &'static str, what: String) -> AnyView {
    view! { <div><dt>{term}</dt><dd>{what}</dd></div> }.into_any()
}
