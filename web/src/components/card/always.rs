//! "You allowed that 14 times: always?"

use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::card::Card;

/// The rule that is suggested, if one is.
#[component]
pub(super) fn Always(card: Card, app: AppHandle) -> impl IntoView {
    move || {
        let rule = card.rule.get()?;
        let no = move |_| card.rule.set(None);
        Some(view! {
            <div class="alike always" role="group" aria-labelledby="always" data-testid="card-always">
                <span id="always">{rule.sentence}</span>
                <div>
                    <button class="option" data-testid="always" on:click=move |_| card.always(app)>"Always"</button>
                    <button class="plain" on:click=no>"No, keep asking me"</button>
                </div>
            </div>
        })
    }
}
