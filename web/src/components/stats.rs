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
    /// Name, value, and what it means.
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
                    <div title=text(fact, 2)><dt>{text(fact, 0)}</dt><dd>{text(fact, 1)}</dd></div>
                </Each>
            </dl>
            <h3>"From the server to the screen, milliseconds"</h3>
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
                            <th title="read and written, together">"tokens"</th>
                            <th title="≈: computed from prices; + ?: some of it has no known price">"cost"</th>
                            <th title="how long it waited for a human">"waited"</th>
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
            <div title="events a second, mean of the last five seconds"><dt>"events/s"</dt><dd id="rate">{figures.pick(|f| f.rate.clone())}</dd></div>
            <div title="half of the events are on the screen within this time after the server took them"><dt>"p50 server→screen"</dt><dd id="p50">{figures.pick(|f| f.p50.clone())}</dd></div>
            <div
                class:late=figures.pick(|f| f.is_late)
                title="99 of 100 events are on the screen within this time after the server took them"
            >
                <dt>"p99 server→screen, at most 200 ms wanted"</dt><dd id="p99">{figures.pick(|f| f.p99.clone())}</dd>
            </div>
            <div title="events that were shown after their deadline, without flash and sound"><dt>"missed"</dt><dd id="missed">{figures.pick(|f| f.missed.clone())}</dd></div>
            <div title="how far the server’s clock is from this one, and how far that may be wrong"><dt>"clock"</dt><dd id="clock">{figures.pick(|f| f.clock.clone())}</dd></div>
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
