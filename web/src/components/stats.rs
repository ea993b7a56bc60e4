//! The statistics: what came, how it went, and how long it took until it was seen. Counted while they are shown.

use leptos::prelude::*;

use super::daemons::WindowChoice;
use super::dialog::{Actions, Dialog};
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Rows};

/// One bar of the histogram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bin {
    pub(crate) bound: String,
    pub(crate) count: String,
    /// Its height, percent.
    pub(crate) part: String,
    /// Beyond the usual deadline.
    pub(crate) late: bool,
}

/// One daemon's line of the statistics.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StatRow {
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) cells: [String; 6],
}

/// What the statistics show.
#[derive(Clone, Copy, Default)]
pub(crate) struct StatsState {
    pub(crate) open: RwSignal<bool>,
    pub(crate) facts: Rows<(&'static str, String)>,
    pub(crate) bins: Rows<Bin>,
    pub(crate) daemons: Rows<StatRow>,
}

/// The statistics, while they are open.
#[component]
pub(crate) fn Stats(state: StatsState, app: AppHandle) -> impl IntoView {
    let StatsState { open, facts, bins, daemons } = state;
    let words = app.views.daemons.words;
    view! {
        <Dialog open on_close=move |()| open.set(false) class="stats" testid="stats-dialog" title="Statistics">
            <h3>"What this page has received"</h3>
            <dl class="facts">
                <Each rows=facts let:fact>
                    <div><dt>{fact.with_untracked(|fact| fact.0)}</dt><dd>{fact.pick(|fact| fact.1.clone())}</dd></div>
                </Each>
            </dl>
            <h3>"emit→paint, by milliseconds"</h3>
            <ol class="bins">
                <Each rows=bins let:bin>
                    <Bar bin/>
                </Each>
            </ol>
            <div class="panel-head"><h3>"By daemon, "{words}</h3><WindowChoice app/></div>
            <div class="scroll" tabindex="0" role="region" aria-label="statistics by daemon">
                <table>
                    <thead>
                        <tr>
                            <th>"daemon"</th><th>"calls "{words}</th><th>"succeeded"</th><th>"mean"</th>
                            <th>"tokens"</th><th>"cost"</th><th>"waited"</th>
                        </tr>
                    </thead>
                    <tbody>
                        <Each rows=daemons let:row>
                            <Line row/>
                        </Each>
                    </tbody>
                </table>
                <p class="hint">{app.views.daemons.left_out}</p>
            </div>
            <Actions autofocus=true/>
        </Dialog>
    }
}

/// One bar of the histogram.
#[component]
fn Bar(#[prop(into)] bin: Signal<Bin>) -> impl IntoView {
    view! {
        <li class:late=bin.pick(|bin| bin.late) style:--part=bin.pick(|bin| bin.part.clone())>
            <b>{bin.pick(|bin| bin.count.clone())}</b>
            <i></i>
            <span>{bin.pick(|bin| bin.bound.clone())}</span>
        </li>
    }
}

/// One daemon's line.
#[component]
fn Line(#[prop(into)] row: Signal<StatRow>) -> impl IntoView {
    let cell = move |at: usize| {
        let text = Signal::derive(move || row.with(|row| row.cells[at].clone()));
        view! { <td>{text}</td> }
    };
    view! {
        <tr style:--own=row.pick(|row| row.color.clone())>
            <th scope="row">{row.with_untracked(|row| row.name.clone())}</th>
            {(0..6).map(cell).collect::<Vec<_>>()}
        </tr>
    }
}
