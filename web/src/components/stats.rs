//! The statistics: what came, how it went, and how long it took until it was seen. Counted while they are shown.

use arcane_stage::dictionary::Term;
use leptos::prelude::*;

use super::daemons::WindowChoice;
use super::dialog::{Actions, Dialog};
use super::header::Figures;
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::rows::{Each, Row, Rows};

/// A row of texts: one type for all lists of the statistics, of which each brings a copy of what shows a list.
type Texts = Vec<String>;

/// What the statistics show.
#[derive(Clone, Copy, Default)]
pub(crate) struct StatsState {
    pub(crate) open: RwSignal<bool>,
    /// Name and value.
    pub(crate) facts: Rows<Texts>,
    /// The bars of the histogram: upper bound, count, height in percent, `late` beyond the usual deadline.
    pub(crate) bins: Rows<Texts>,
    /// Name, colour, calls, succeeded, mean, tokens, cost, waited.
    pub(crate) daemons: Rows<Texts>,
}

/// The statistics, while they are open.
#[component]
pub(crate) fn Stats(state: StatsState, app: AppHandle) -> impl IntoView {
    let StatsState { open, facts, bins, daemons } = state;
    let words = app.views.daemons.words;
    view! {
        <Dialog open on_close=move |()| open.set(false) class="stats" testid="stats-dialog" title="Statistics">
            <Now figures=app.views.header.figures/>
            <h3>"What this page has received"</h3>
            <dl class="facts">
                <Each rows=facts let:fact>
                    <div><dt>{text(fact, 0)}</dt><dd>{text(fact, 1)}</dd></div>
                </Each>
            </dl>
            <h3>"emit→paint, by milliseconds"</h3>
            <ol class="bins">
                <Each rows=bins let:bin>
                    <Bar bin/>
                </Each>
            </ol>
            <div class="panel-head"><h3>{app.views.say(Term::ByDaemon)}{words}</h3><WindowChoice app/></div>
            <div class="scroll" tabindex="0" role="region" aria-label=app.views.say(Term::StatisticsBy)>
                <table>
                    <thead>
                        <tr>
                            <th>{app.views.say(Term::Daemon)}</th><th>"calls "{words}</th><th>"succeeded"</th><th>"mean"</th>
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

/// How fast things come, and how late they are seen.
#[component]
fn Now(figures: RwSignal<Figures>) -> impl IntoView {
    view! {
        <dl class="facts">
            <div><dt>"events/s"</dt><dd id="rate">{figures.pick(|f| f.rate.clone())}</dd></div>
            <div><dt>"p50 emit→paint"</dt><dd id="p50">{figures.pick(|f| f.p50.clone())}</dd></div>
            <div class:late=figures.pick(|f| f.is_late)>
                <dt>"p99 emit→paint, at most 200 ms wanted"</dt><dd id="p99">{figures.pick(|f| f.p99.clone())}</dd>
            </div>
            <div><dt>"missed"</dt><dd id="missed">{figures.pick(|f| f.missed.clone())}</dd></div>
            <div><dt>"clock"</dt><dd id="clock">{figures.pick(|f| f.clock.clone())}</dd></div>
        </dl>
    }
}

/// One text of a row.
fn text(row: Row<Texts>, at: usize) -> Signal<String> {
    Signal::derive(move || row.with(|row| row.get(at).cloned().unwrap_or_default()))
}

/// One bar of the histogram.
#[component]
fn Bar(bin: Row<Texts>) -> impl IntoView {
    view! {
        <li class=text(bin, 3) style:--part=text(bin, 2)>
            <b>{text(bin, 1)}</b>
            <i></i>
            <span>{text(bin, 0)}</span>
        </li>
    }
}

/// One daemon's line.
#[component]
fn Line(row: Row<Texts>) -> impl IntoView {
    let cell = move |at: usize| view! { <td>{text(row, at)}</td> };
    view! {
        <tr style:--own=text(row, 1)>
            <th scope="row">{text(row, 0)}</th>
            {(2..8).map(cell).collect::<Vec<_>>()}
        </tr>
    }
}
