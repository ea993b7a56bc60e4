//! A choice of one of several names.

use std::str::FromStr;

use arcane_shared::SpellName;
use arcane_stage::dictionary::Tongue;
use leptos::prelude::*;

use crate::pick::Pick;
use crate::rows::EachName;

/// Chooses one of the options, or none. What is chosen can be chosen even if it is no option any more.
#[component]
pub(crate) fn Choice(
    testid: &'static str,
    #[prop(into)] label: Signal<&'static str>,
    /// Options are kinds of events, and said in these words.
    #[prop(optional)]
    tongue: Option<RwSignal<Tongue>>,
    /// What stands for choosing none.
    #[prop(optional)]
    none: Option<Signal<&'static str>>,
    #[prop(into)] options: Signal<Vec<String>>,
    /// Empty: none is.
    #[prop(into)]
    chosen: Signal<String>,
    #[prop(into)] on_choice: Callback<String>,
    #[prop(optional, into)] on_focus: Option<Callback<()>>,
) -> impl IntoView {
    let names = Signal::derive(move || {
        let (mut names, chosen) = (options.get(), chosen.get());
        // Where nothing stands for none, none is an option as long as it is chosen.
        if (none.is_none() || !chosen.is_empty()) && !names.contains(&chosen) {
            names.push(chosen);
        }
        names
    });
    let worded = move |name: String| match (tongue, SpellName::from_str(&name)) {
        (Some(tongue), Ok(spell)) => Signal::derive(move || tongue.get().kind(spell).to_owned()),
        _ => Signal::stored(name),
    };
    let option = move |value: String, words: Signal<String>| {
        let own = value.clone();
        let selected = Signal::derive(move || chosen.with(|chosen| *chosen == own));
        view! { <option value=value prop:selected=selected>{words}</option> }
    };
    view! {
        <select
            data-testid=testid
            aria-label=label
            on:focus=move |_| on_focus.into_iter().for_each(|on_focus| on_focus.run(()))
            on:change:target=move |event| on_choice.run(event.target().value())
        >
            {none.map(|words| option(String::new(), words.pick(|words| (*words).to_owned())))}
            <EachName names children=move |name: String| option(name.clone(), worded(name))/>
        </select>
    }
}
