//! The table of daemons.

use leptos::prelude::*;

use crate::reads::{click, text, when};
use crate::realm::Realm;
use crate::views::DaemonView;

/// See the module.
#[component]
pub(crate) fn Daemons() -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let present = move || views.daemons.with(|rows| rows.iter().filter(|row| row.state != "gone").count());
    view! {
        <section class="panel daemons" aria-labelledby="daemons-title">
            <div class="panel-head">
                <h2 id="daemons-title">"Daemons"</h2>
                <span>{text(move || format!("{} present", present()))}</span>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="daemons table">
                <table>
                    <thead>
                        <tr><th class="rune">"rune"</th><th>"daemon"</th><th class="figures">"invocations"</th></tr>
                    </thead>
                    <tbody>
                        <For each=move || views.daemons.get() key=|row| row.name.clone() let:row>
                            <Row name=row.name/>
                        </For>
                    </tbody>
                </table>
                {when(
                    move || views.daemons.with(Vec::is_empty),
                    || view! { <p class="hint">"Nobody is here yet."</p> }.into_any(),
                )}
            </div>
            <p class="foot">{text(move || views.last_heard.get())}</p>
        </section>
    }
}

/// A row reads its own daemon: it is made once and changes in place.
#[component]
fn Row(name: String) -> impl IntoView {
    let realm = expect_context::<Realm>();
    let views = realm.views;
    let own = name.clone();
    let row = Memo::new(move |_| views.daemons.with(|rows| rows.iter().find(|row| row.name == own).cloned()));
    let read = move |pick: fn(&DaemonView) -> String| {
        move || row.with(|row| row.as_ref().map(pick).unwrap_or_default())
    };
    let state = move || row.with(|row| row.as_ref().map_or("gone", |row| row.state));
    let focus = name.clone();
    let title = name.clone();
    let shown = name.clone();
    view! {
        <tr
            data-testid="daemon-row"
            data-daemon=name
            data-state=text(state)
            style:--own=text(read(|row| row.color.clone()))
        >
            <td class="rune"><svg viewBox="0 0 24 24" aria-hidden="true"><path d=text(read(|row| row.rune.clone()))/></svg></td>
            <th scope="row">
                <button
                    class="name"
                    title=format!("show only {title}")
                    on:click=click(move |_| realm.filter_daemon(&focus))
                >
                    {shown}
                </button>
                <span class="what">{text(read(|row| row.last.clone()))}</span>
            </th>
            <td class="figures">
                <b>{text(read(|row| row.invocations.clone()))}</b>
                <span class="state">{text(state)}</span>
                <span>{text(read(|row| format!("{} · {}", row.rate, row.mean)))}</span>
            </td>
        </tr>
    }
}
