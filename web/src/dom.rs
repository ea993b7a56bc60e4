//! The document's elements, and how they follow signals.
//!
//! `index.html` holds the whole page; the program changes its texts, attributes and rows. So it stands before the
//! program has arrived, and no code has to make it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlElement};

/// The element with an id. One that is missing is a mistake in the page: it is told, and the rest goes on.
pub(crate) fn id(name: &str) -> HtmlElement {
    let found = document().get_element_by_id(name).unwrap_or_else(|| {
        leptos::logging::error!("the page has no #{name}");
        made("i")
    });
    found.unchecked_into()
}

/// The element with an id, as what it is.
pub(crate) fn the<T: JsCast>(name: &str) -> T {
    id(name).unchecked_into()
}

/// A new element.
pub(crate) fn made(tag: &str) -> Element {
    #[expect(clippy::expect_used, reason = "the names of elements are constants")]
    document().create_element(tag).expect("an element")
}

/// Runs now, and again whenever a signal that it read changes.
pub(crate) fn follow(act: impl FnMut() + 'static) {
    // Boxed: one copy of what an effect needs for all of them.
    fn follow(mut act: Box<dyn FnMut()>) {
        Effect::new(move |_: Option<()>| act());
    }
    follow(Box::new(act));
}

/// Keeps an element's text what is read.
pub(crate) fn text(name: &str, read: impl Fn() -> String + 'static) {
    fn follow_text(element: HtmlElement, read: Box<dyn Fn() -> String>) {
        follow(move || say(&element, &read()));
    }
    follow_text(id(name), Box::new(read));
}

/// Keeps an attribute what is read; `None` takes it away.
pub(crate) fn attribute(name: &str, attribute: &'static str, read: impl Fn() -> Option<String> + 'static) {
    fn follow_attribute(
        element: HtmlElement,
        attribute: &'static str,
        read: Box<dyn Fn() -> Option<String>>,
    ) {
        follow(move || set(&element, attribute, read().as_deref()));
    }
    follow_attribute(id(name), attribute, Box::new(read));
}

/// Hides an element while what is read is false.
pub(crate) fn shown(name: &str, read: impl Fn() -> bool + 'static) {
    attribute(name, "hidden", move || (!read()).then(String::new));
}

/// Keeps a class while what is read is true.
pub(crate) fn class(name: &str, class: &'static str, read: impl Fn() -> bool + 'static) {
    fn follow_class(element: HtmlElement, class: &'static str, read: Box<dyn Fn() -> bool>) {
        follow(move || class_of(&element, class, read()));
    }
    follow_class(id(name), class, Box::new(read));
}

/// Sets or takes away a class.
pub(crate) fn class_of(element: &Element, class: &str, holds: bool) {
    let _ = element.class_list().toggle_with_force(class, holds);
}

/// Calls `act` for every event of a kind.
pub(crate) fn on(element: &Element, kind: &str, act: impl FnMut(Event) + 'static) {
    let act = Closure::<dyn FnMut(Event)>::new(act);
    let _ = element.add_event_listener_with_callback(kind, act.as_ref().unchecked_ref());
    act.forget();
}

/// Calls `act` for every click on the element with an id.
pub(crate) fn click(name: &str, mut act: impl FnMut() + 'static) {
    on(&id(name), "click", move |_| act());
}

/// Sets an element's text, unless it is that already.
pub(crate) fn say(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}

/// Sets an attribute, unless it is that already; `None` takes it away.
pub(crate) fn set(element: &Element, attribute: &str, value: Option<&str>) {
    match value {
        None => {
            let _ = element.remove_attribute(attribute);
        }
        Some(value) if element.get_attribute(attribute).as_deref() != Some(value) => {
            let _ = element.set_attribute(attribute, value);
        }
        Some(_) => {}
    }
}

/// Sets one property of an element's style: the page's policy forbids style attributes.
pub(crate) fn style(element: &HtmlElement, property: &str, value: &str) {
    let style = element.style();
    if style.get_property_value(property).as_deref() != Ok(value) {
        let _ = style.set_property(property, value);
    }
}

/// Keeps a property of an element's style what is read.
pub(crate) fn styled(name: &str, property: &'static str, read: impl Fn() -> String + 'static) {
    fn follow_style(element: HtmlElement, property: &'static str, read: Box<dyn Fn() -> String>) {
        follow(move || style(&element, property, &read()));
    }
    follow_style(id(name), property, Box::new(read));
}

/// The first element below another that a selector finds.
pub(crate) fn part(element: &Element, selector: &str) -> Element {
    element.query_selector(selector).ok().flatten().unwrap_or_else(|| made("i"))
}

/// What the element under an event is called, by the attribute of it or of the nearest around it.
pub(crate) fn named(event: &Event, attribute: &str) -> Option<String> {
    let element: Element = event.target()?.dyn_into().ok()?;
    element.closest(&format!("[{attribute}]")).ok()??.get_attribute(attribute)
}

/// Makes a selection's entries from `keep` on these, and one of all its entries the chosen one.
pub(crate) fn choices(select: &web_sys::HtmlSelectElement, keep: u32, values: &[String], chosen: &str) {
    select.set_length(keep);
    for value in values {
        let option = made("option");
        option.set_text_content(Some(value));
        let _ = select.append_child(&option);
    }
    select.set_value(chosen);
}

/// Copies of one element, one for each key, in the order of the keys; a copy stays with its key.
pub(crate) struct Rows {
    parent: Element,
    model: Element,
    rows: Vec<(String, HtmlElement)>,
}

impl Rows {
    /// Takes the model out of the page.
    pub(crate) fn of(name: &str) -> Self {
        let model = id(name);
        let parent = model.parent_element().unwrap_or_else(|| made("div"));
        model.remove();
        model.set_hidden(false);
        let _ = model.remove_attribute("id");
        Self { parent, model: model.into(), rows: Vec::new() }
    }

    /// Makes the rows those of the keys.
    pub(crate) fn arrange<'a>(&mut self, keys: impl Iterator<Item = &'a str>) -> &[(String, HtmlElement)] {
        let mut count = 0;
        for (at, key) in keys.enumerate() {
            self.place(at, key);
            count = at + 1;
        }
        for (_, row) in self.rows.drain(count..) {
            row.remove();
        }
        &self.rows
    }

    fn place(&mut self, at: usize, key: &str) {
        if self.rows.get(at).is_some_and(|(other, _)| other == key) {
            return;
        }
        let known = self.rows.iter().skip(at).position(|(other, _)| other == key);
        let row = match known {
            Some(ahead) => self.rows.remove(at + ahead),
            None => (key.to_owned(), self.copy()),
        };
        let next = self.rows.get(at).map(|(_, next)| next.as_ref());
        let _ = self.parent.insert_before(&row.1, next);
        self.rows.insert(at, row);
    }

    fn copy(&self) -> HtmlElement {
        self.model
            .clone_node_with_deep(true)
            .map_or_else(|_| made("i").unchecked_into(), JsCast::unchecked_into)
    }
}
