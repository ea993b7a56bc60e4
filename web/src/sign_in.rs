//! Signing in: by a link whose fragment carries a token, or by one that is pasted.

use arcane_stage::sign_in;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::storage;

impl AppHandle {
    /// Takes a token out of the page's address, which is the page's own server's.
    pub(crate) fn take_token(self) -> bool {
        let location = window().location();
        let fragment = location.hash().unwrap_or_default();
        let Some(token) = sign_in::of_fragment(&fragment) else { return false };
        // At once: who looks at the address sees none.
        self.write_address();
        let token = sign_in::read(token).filter(|_| crate::address::query().get("server").is_none());
        if let Some(token) = token {
            self.keep_token(Some(token));
        }
        token.is_some()
    }

    /// Shows the server this token from now on, as long as the tab is open.
    fn keep_token(self, token: Option<&str>) {
        self.with_server(|server| {
            storage::keep_token(server.name(), token);
            server.set_token(token.map(str::to_owned));
        });
    }

    /// Goes on with a token that was taken.
    pub(crate) fn enter_signed_in(self) {
        self.connect();
        self.learn();
        self.refresh();
    }

    /// Signs in with what was pasted; says whether there was a token in it.
    pub(crate) fn sign_in(self, pasted: &str) -> bool {
        let token = sign_in::read(pasted);
        if token.is_some() {
            self.keep_token(token);
            self.enter_signed_in();
        }
        token.is_some()
    }

    /// Lets go of the token and of all that is shown.
    pub(crate) fn sign_out(self) {
        self.keep_token(None);
        self.with(crate::page::Page::forget);
        let _ = window().location().reload();
    }

    /// Asks what the user may do: what that is not is not offered.
    pub(crate) fn learn_rights(self) {
        leptos::task::spawn_local(async move {
            let who = self.server().look("/whoami").await;
            if who.is_object() {
                crate::views::put(self.views.spells.refused, sign_in::without_spells(&who));
                crate::views::put(self.views.settings.user, sign_in::user(&who));
            }
        });
    }
}

/// Where a token is pasted.
#[component]
pub(crate) fn SignIn(app: AppHandle, #[prop(into)] hidden: Signal<bool>) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        if !app.sign_in(&field.value()) {
            app.tell("That is no token.");
        }
        field.set_value("");
    };
    view! {
        <p hidden=hidden>"arcane login prints a link that signs you in."</p>
        <form class="actions" hidden=hidden on:submit=submit>
            <input
                class="pill" data-testid="token" type="password" autocomplete="off" aria-label="token"
                placeholder="a token, or the link" node_ref=field
            />
            <button class="pill" data-testid="sign-in">"Sign in"</button>
        </form>
    }
}
