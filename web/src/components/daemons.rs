//! The table of daemons.

use arcane_shared::roster::Window;
use arcane_stage::cut::ends;
use arcane_stage::dictionary::Term;
use arcane_stage::table::{ROWS_FIRST, ROWS_MORE};
use leptos::prelude::*;

use super::choice::Choice;
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Row, Rows};
use crate::storage;

/// Which figure of the daemons the table shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Figure {
    /// How long each has been in its state.
    #[default]
    Since,
    Tasks,
    Success,
    Mean,
    Tokens,
    Cost,
}

impl Figure {
    const ALL: [(Self, &str); 6] = [
        (Self::Since, "since"),
        (Self::Tasks, "tasks"),
        (Self::Success, "success"),
        (Self::Mean, "mean"),
        (Self::Tokens, "tokens"),
        (Self::Cost, "cost"),
    ];

    fn named(word: &str) -> Self {
        Self::ALL.iter().find(|(_, name)| *name == word).map(|(figure, _)| *figure).unwrap_or_default()
    }
}

/// One row of the table, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DaemonView {
    /// What the row is known by.
    pub(crate) key: String,
    /// Whether it is the head of others.
    pub(crate) is_head: bool,
    /// The daemon, or what the rows below have in common.
    pub(crate) name: String,
    /// The place that the row is the head of, as it is chosen by; empty: none.
    pub(crate) place: String,
    /// How many are folded into a head, in words; empty: none can be.
    pub(crate) fold: String,
    /// How far it is indented below who started it.
    pub(crate) indent: String,
    /// Whether it stands below who started it.
    pub(crate) is_moon: bool,
    /// A head's machine, or how many sessions a daemon has.
    pub(crate) of: String,
    pub(crate) color: String,
    pub(crate) rune: String,
    /// Whether a failure lasts, whatever the state is.
    pub(crate) has_failed: bool,
    pub(crate) state: &'static str,
    pub(crate) last: String,
    pub(crate) figure: String,
}

/// What the table shows.
#[derive(Clone, Copy)]
pub(crate) struct DaemonsState {
    pub(crate) rows: Rows<DaemonView>,
    /// Daemons that have no row; mostly none.
    pub(crate) rest: RwSignal<usize>,
    /// How many daemons may have a row.
    pub(crate) most: RwSignal<usize>,
    /// What the statistics leave out; mostly nothing.
    pub(crate) left_out: RwSignal<String>,
    /// How many are present, also beyond the table's rows.
    pub(crate) present: RwSignal<usize>,
    /// What all of them took within the window: tokens, cost, time that they waited. Empty: no event says anything of it.
    pub(crate) mana: RwSignal<Vec<String>>,
    pub(crate) last_heard: RwSignal<String>,
    /// The one place whose daemons are shown; empty: all are.
    pub(crate) place: RwSignal<String>,
    /// Heads whose idle daemons have rows, by their keys.
    pub(crate) opened: RwSignal<Vec<String>>,
    pub(crate) figure: RwSignal<Figure>,
    /// Which window figures are of; empty: today.
    pub(crate) window: RwSignal<String>,
    /// That window in words.
    pub(crate) words: RwSignal<String>,
}

impl Default for DaemonsState {
    fn default() -> Self {
        let figure = storage::read(storage::FIGURE_KEY).unwrap_or_default();
        Self {
            rows: Rows::default(),
            rest: RwSignal::default(),
            most: RwSignal::new(ROWS_FIRST),
            left_out: RwSignal::default(),
            present: RwSignal::default(),
            mana: RwSignal::default(),
            last_heard: RwSignal::default(),
            place: RwSignal::default(),
            opened: RwSignal::default(),
            figure: RwSignal::new(Figure::named(&figure)),
            window: RwSignal::default(),
            words: RwSignal::default(),
        }
    }
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
    let DaemonsState { rows, rest, most, present, mana, last_heard, words, .. } = state;
    view! {
        <section class="panel daemons" aria-labelledby="daemons-title">
            <div class="panel-head">
                <h2 id="daemons-title">{app.views.say(Term::Daemons)}</h2>
                <span id="present">{present}{app.views.say(Term::Present)}</span>
                <WindowChoice app/>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label=app.views.say(Term::DaemonsTable)>
                <table>
                    <thead>
                        <tr>
                            <th class="rune"><span class="unseen">{app.views.say(Term::RuneHead)}</span></th><th>{app.views.say(Term::Daemon)}</th>
                            <th class="figures"><FigureChoice figure=state.figure app/></th>
                        </tr>
                    </thead>
                    <tbody>
                        <Each rows let:row>
                            {if row.with_untracked(|row| row.is_head) {
                                view! { <HeadRow head=row state app/> }.into_any()
                            } else {
                                view! { <DaemonRow daemon=row app/> }.into_any()
                            }}
                        </Each>
                    </tbody>
                </table>
                <p class="hint" hidden=move || !rows.is_empty()>"Nobody is here yet."</p>
                <button
                    class="pill more" data-testid="left-out" hidden=rest.pick(|rest| *rest == 0)
                    on:click=move |_| {
                        most.update(|most| *most += ROWS_MORE);
                        app.refresh();
                    }
                >
                    {rest}" more"
                </button>
            </div>
            <Took mana words/>
            <p id="last-heard" class="foot">{last_heard}</p>
        </section>
    }
}

/// Which figure the table's one column is of: its head.
#[component]
fn FigureChoice(figure: RwSignal<Figure>, app: AppHandle) -> impl IntoView {
    let option = |(_, word)| view! { <option value=word selected=Figure::named(word) == figure.get_untracked()>{word}</option> };
    view! {
        <select
            data-testid="figure" aria-label="figure"
            on:change:target=move |event| {
                let word = event.target().value();
                figure.set(Figure::named(&word));
                storage::write(storage::FIGURE_KEY, &word);
                app.refresh();
            }
        >
            {Figure::ALL.map(option)}
        </select>
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
                testid="window" label="figures of" none=Signal::stored("today") options=Signal::stored(options)
                chosen=window on_choice=choose
            />
        </div>
    }
}

/// What the rows below have in common. A click on a place shows its daemons alone, or all again.
#[component]
fn HeadRow(head: Row<DaemonView>, state: DaemonsState, app: AppHandle) -> impl IntoView {
    let (key, name, place) =
        head.with_untracked(|head| (head.key.clone(), head.name.clone(), head.place.clone()));
    let is_place = !place.is_empty();
    let chosen = place.clone();
    let choose = move |_| {
        state.place.update(|place| *place = if *place == chosen { String::new() } else { chosen.clone() });
        app.refresh();
    };
    let fold = move |_| {
        state.opened.update(|opened| match opened.iter().position(|open| *open == key) {
            Some(at) => drop(opened.remove(at)),
            None => opened.push(key.clone()),
        });
        app.refresh();
    };
    view! {
        <tr
            class="head" data-testid=if is_place { "place-row" } else { "head-row" }
            data-daemon=if is_place { place.clone() } else { name.clone() } data-state=head.pick(|head| head.state)
        >
            <th colspan="3" scope="rowgroup">
                <div>
                    {if is_place {
                        view! { <button class="name" title=format!("show only {place}") on:click=choose>{name.clone()}</button> }.into_any()
                    } else {
                        view! { <span class="name">{name.clone()}</span> }.into_any()
                    }}
                    <span class="of">{head.pick(|head| head.of.clone())}</span>
                    <button
                        class="fold" data-testid="fold" aria-label=head.pick(|head| format!("{} of {}", head.fold, head.name))
                        aria-expanded=head.pick(|head| head.fold.ends_with('▾').to_string())
                        hidden=head.pick(|head| head.fold.is_empty()) on:click=fold
                    >
                        {head.pick(|head| head.fold.clone())}
                    </button>
                    <span class="count" hidden=head.pick(|head| !head.fold.is_empty())>
                        {head.pick(|head| head.figure.clone())}
                    </span>
                </div>
            </th>
        </tr>
    }
}

/// One daemon; a click on its row opens its drawer.
#[component]
fn DaemonRow(daemon: Row<DaemonView>, app: AppHandle) -> impl IntoView {
    let name = daemon.with_untracked(|daemon| daemon.name.clone());
    let state = daemon.pick(|daemon| daemon.state);
    let chosen = name.clone();
    view! {
        <tr
            data-testid="daemon-row" data-daemon=name.clone() data-state=state
            class:moon=daemon.pick(|daemon| daemon.is_moon) class:failing=daemon.pick(|daemon| daemon.has_failed)
            style:--own=daemon.pick(|daemon| daemon.color.clone())
            style:--indent=daemon.pick(|daemon| daemon.indent.clone())
        >
            <td class="rune">
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d=daemon.pick(|daemon| daemon.rune.clone())></path></svg>
            </td>
            <th scope="row">
                <button class="name" on:click=move |_| app.open_daemon(&chosen)>
                    {name.clone()}
                </button>
                <span class="of">{daemon.pick(|daemon| daemon.of.clone())}</span>
                <span class="what ends" title=daemon.pick(|daemon| daemon.last.clone())>
                    <span>{daemon.pick(|daemon| ends(&daemon.last, 9.0).0.to_owned())}</span>
                    <span>{daemon.pick(|daemon| ends(&daemon.last, 9.0).1.to_owned())}</span>
                </span>
            </th>
            <td class="figures">
                <b>{daemon.pick(|daemon| daemon.figure.clone())}</b>
                <span class="state">{state}</span>
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
            <div><dt>"agents waited for you, added up, "{words}</dt><dd>{part(2)}</dd></div>
        </dl>
    }
}
