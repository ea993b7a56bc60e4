//! "You allowed that 14 times: always?"

use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::card::Card;

/// The rule that is suggested, if one is; and the way to all of them once it was added.
#[component]
pub(super) fn Always(card: Card, app: AppHandle) -> impl IntoView {
    let see_all = move |_| app.views.rules.set(true);
    move || {
        let Some(rule) = card.rule.get() else {
            let all = || view! { <p class="always"><button class="pill" data-testid="all-rules" on:click=see_all>"See all rules"</button></p> };
            return card.added.get().then(|| all().into_any());
        };
        let no = move |_| card.rule.set(None);
        let asks = view! {
            <div class="alike always" role="group" aria-labelledby="always" data-testid="card-always">
                <span id="always">{rule.sentence}</span>
                <div>
                    <button class="option" data-testid="always" on:click=move |_| card.always(app)>"Always"</button>
                    <button class="plain" on:click=no>"No, keep asking me"</button>
                </div>
            </div>
        };
        Some(asks.into_any())
    }
}
