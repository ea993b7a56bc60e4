//! The table of daemons.

use arcane_shared::roster::Window;
use leptos::prelude::*;

use super::choice::Choice;
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Row, Rows};

/// One row of the table, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DaemonView {
    /// The daemon, or the place that the row is the head of.
    pub(crate) name: String,
    pub(crate) is_place: bool,
    /// How far it is indented below who started it.
    pub(crate) indent: String,
    /// Where it works and who started it, if no other row says it.
    pub(crate) of: String,
    pub(crate) color: String,
    pub(crate) rune: String,
    pub(crate) state: &'static str,
    pub(crate) last: String,
    pub(crate) figure: String,
    pub(crate) means: String,
}

impl DaemonView {
    /// What the row is known by: no daemon's name has such a sign.
    pub(crate) fn key(&self) -> String {
        if self.is_place { format!("@{}", self.name) } else { self.name.clone() }
    }
}

/// What the table shows.
#[derive(Clone, Copy, Default)]
pub(crate) struct DaemonsState {
    pub(crate) rows: Rows<DaemonView>,
    /// What the tables leave out; mostly nothing.
    pub(crate) left_out: RwSignal<String>,
    /// How many are present, also beyond the table's rows.
    pub(crate) present: RwSignal<usize>,
    /// What all of them took within the window: tokens, cost, time that they waited. Empty: no event says anything of it.
    pub(crate) mana: RwSignal<Vec<String>>,
    pub(crate) last_heard: RwSignal<String>,
    /// The one place whose daemons are shown; empty: all are.
    pub(crate) place: RwSignal<String>,
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
                            <DaemonRow daemon place=state.place app/>
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

/// One daemon, or the head of a place; a click on its name shows only its events, or only its daemons.
#[component]
fn DaemonRow(daemon: Row<DaemonView>, place: RwSignal<String>, app: AppHandle) -> impl IntoView {
    let (name, is_place) = daemon.with_untracked(|daemon| (daemon.name.clone(), daemon.is_place));
    let state = daemon.pick(|daemon| daemon.state);
    let chosen = name.clone();
    let choose = move |_| {
        if is_place {
            place.update(|place| *place = if *place == chosen { String::new() } else { chosen.clone() });
            app.refresh();
        } else {
            app.filter_daemon(&chosen);
        }
    };
    view! {
        <tr
            data-testid=if is_place { "place-row" } else { "daemon-row" } data-daemon=name.clone() data-state=state
            style:--own=daemon.pick(|daemon| daemon.color.clone())
            style:--indent=daemon.pick(|daemon| daemon.indent.clone())
        >
            <td class="rune">
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d=daemon.pick(|daemon| daemon.rune.clone())></path></svg>
            </td>
            <th scope="row">
                <button
                    class="name" title=format!("show only {name}")
                    on:click=choose
                >
                    {name.clone()}
                </button>
                <span class="of">{daemon.pick(|daemon| daemon.of.clone())}</span>
                <span class="what">{daemon.pick(|daemon| daemon.last.clone())}</span>
            </th>
            <td class="figures">
                <b>{daemon.pick(|daemon| daemon.figure.clone())}</b>
                <span class="state">{state}</span>
                <span class="means">{daemon.pick(|daemon| daemon.means.clone())}</span>
            </td>
        </tr>
    }
}

/// Tokens, cost, time that daemons waited.
#[component]
fn Took(mana: RwSignal<Vec<String>>, words: RwSignal<String>) -> impl IntoView {
    let part =
        move |at: usize| Signal::derive(move || mana.with(|mana| mana.get(at).cloned().unwrap_or_default()));
    view! {
        <dl class="mana" aria-label="what it took" hidden=mana.pick(Vec::is_empty)>
            <div><dt>"tokens in · out, "{words}</dt><dd>{part(0)}</dd></div>
            <div><dt>"cost "{words}</dt><dd>{part(1)}</dd></div>
            <div><dt>"waited for a human, "{words}</dt><dd>{part(2)}</dd></div>
        </dl>
    }
}
