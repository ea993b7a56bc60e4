//! Styles of the card and of the list of rules, which come with them: the page's own are loaded first, and do without them.

use js_sys::{Array, Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

const STYLES: &str =
    concat!(include_str!("../../../styles/card.css"), include_str!("../../../styles/rules.css"));

/// Adds them to the page's. A browser that knows no such sheets shows both without.
pub(super) fn adopt() {
    let _ = try_adopt();
}

fn try_adopt() -> Result<(), JsValue> {
    let class: Function = Reflect::get(&window(), &"CSSStyleSheet".into())?.dyn_into()?;
    let sheet = Reflect::construct(&class, &Array::new())?;
    let replace: Function = Reflect::get(&sheet, &"replaceSync".into())?.dyn_into()?;
    replace.call1(&sheet, &STYLES.into())?;
    Reflect::set(&document(), &"adoptedStyleSheets".into(), &Array::of1(&sheet))?;
    Ok(())
}
