//! The table of daemons.

use arcane_shared::roster::Window;
use leptos::prelude::*;

use super::choice::Choice;
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Rows};

/// One row of the table, as text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DaemonView {
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) rune: String,
    pub(crate) state: &'static str,
    pub(crate) last: String,
    pub(crate) invocations: String,
    pub(crate) rate: String,
    pub(crate) mean: String,
}

/// What all of them took within the window, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Mana {
    pub(crate) tokens: String,
    pub(crate) cost: String,
    pub(crate) waited: String,
}

/// What the table shows.
#[derive(Clone, Copy, Default)]
pub(crate) struct DaemonsState {
    pub(crate) rows: Rows<DaemonView>,
    /// What the tables leave out; mostly nothing.
    pub(crate) left_out: RwSignal<String>,
    /// How many are present, also beyond the table's rows.
    pub(crate) present: RwSignal<usize>,
    /// `None`: no event says anything of it.
    pub(crate) mana: RwSignal<Option<Mana>>,
    pub(crate) last_heard: RwSignal<String>,
    /// Which window figures are of; empty: today.
    pub(crate) window: RwSignal<String>,
    /// That window in words.
    pub(crate) words: RwSignal<String>,
}

impl DaemonsState {
    /// Which window figures are of.
    pub(crate) fn window(self) -> Window {
        self.window.with_untracked(|word| Window::named(word)).unwrap_or(Window::Today)
    }
}

/// Who there is, and what they do.
#[component]
pub(crate) fn Daemons(state: DaemonsState, app: AppHandle) -> impl IntoView {
    let DaemonsState { rows, left_out, present, mana, last_heard, words, .. } = state;
    view! {
        <section class="panel daemons" aria-labelledby="daemons-title">
            <div class="panel-head">
                <h2 id="daemons-title">"Daemons"</h2>
                <span id="present">{present}" present"</span>
                <WindowChoice app/>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="daemons table">
                <table>
                    <thead>
                        <tr><th class="rune">"rune"</th><th>"daemon"</th><th class="figures">{words}</th></tr>
                    </thead>
                    <tbody>
                        <Each rows let:daemon>
                            <DaemonRow daemon on_choice=move |name: String| app.filter_daemon(&name)/>
                        </Each>
                    </tbody>
                </table>
                <p class="hint" hidden=move || !rows.is_empty()>"Nobody is here yet."</p>
                <p class="hint" data-testid="left-out">{left_out}</p>
            </div>
            <Took mana words/>
            <p id="last-heard" class="foot">{last_heard}</p>
        </section>
    }
}

/// Which window figures are of.
#[component]
pub(crate) fn WindowChoice(app: AppHandle) -> impl IntoView {
    let window = app.views.daemons.window;
    let options = [Window::Session, Window::All].map(|window| window.word().to_owned()).to_vec();
    let choose = move |word: String| {
        window.set(word);
        app.refresh();
    };
    view! {
        <div class="filters">
            <Choice
                testid="window" label="figures of" none="today" options=Signal::stored(options)
                chosen=window on_choice=choose
            />
        </div>
    }
}

/// One daemon; a click on its name shows only its events.
#[component]
fn DaemonRow(
    #[prop(into)] daemon: Signal<DaemonView>,
    #[prop(into)] on_choice: Callback<String>,
) -> impl IntoView {
    let name = daemon.with_untracked(|daemon| daemon.name.clone());
    let state = daemon.pick(|daemon| daemon.state);
    let chosen = name.clone();
    view! {
        <tr
            data-testid="daemon-row" data-daemon=name.clone() data-state=state
            style:--own=daemon.pick(|daemon| daemon.color.clone())
        >
            <td class="rune">
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d=daemon.pick(|daemon| daemon.rune.clone())></path></svg>
            </td>
            <th scope="row">
                <button
                    class="name" title=format!("show only {name}")
                    on:click=move |_| on_choice.run(chosen.clone())
                >
                    {name.clone()}
                </button>
                <span class="what">{daemon.pick(|daemon| daemon.last.clone())}</span>
            </th>
            <td class="figures">
                <b>{daemon.pick(|daemon| daemon.invocations.clone())}</b>
                <span class="state">{state}</span>
                <span class="means">{daemon.pick(|daemon| daemon.rate.clone())}" · "{daemon.pick(|daemon| daemon.mean.clone())}</span>
            </td>
        </tr>
    }
}

/// Tokens, cost, time that daemons waited.
#[component]
fn Took(mana: RwSignal<Option<Mana>>, words: RwSignal<String>) -> impl IntoView {
    let took = Signal::derive(move || mana.get().unwrap_or_default());
    view! {
        <dl class="mana" aria-label="what it took" hidden=mana.pick(Option::is_none)>
            <div><dt>"tokens in · out, "{words}</dt><dd>{took.pick(|took| took.tokens.clone())}</dd></div>
            <div><dt>"cost "{words}</dt><dd>{took.pick(|took| took.cost.clone())}</dd></div>
            <div><dt>"waited for a human, "{words}</dt><dd>{took.pick(|took| took.waited.clone())}</dd></div>
        </dl>
    }
}
