//! Signing in: by a link whose fragment carries a token, or by one that is pasted.

use arcane_stage::answers::text;
use arcane_stage::sign_in::{self, Credential};
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::api::Failure;
use crate::app_handle::AppHandle;
use crate::storage;

/// What is told of a notification's link that signs nobody in any more.
pub(crate) const SPENT: &str = "This link has expired, or was opened before; what it asks may have been answered. Look where the agent runs, or on a page that is signed in.";

impl AppHandle {
    /// Takes a link's token out of the page's address and signs in with it, at the page's own server; says whether it does, and will
    /// connect then.
    pub(crate) fn take_link(self) -> bool {
        let fragment = window().location().hash().unwrap_or_default();
        if !sign_in::is_link(&fragment) {
            return false;
        }
        // At once: who looks at the address sees none.
        self.write_address();
        let server = self.server();
        // Who is signed in is not signed in as another by following a link.
        let goes_on = server.token().is_none()
            || window()
                .confirm_with_message("You are signed in. Sign in anew with this link?")
                .unwrap_or(false);
        goes_on
            && crate::address::query().get("server").is_none()
            && self.sign_in(&[server.shown(), fragment].concat())
    }

    /// Goes on with the token that a link is exchanged for.
    fn open_link(self, link: &str) {
        let mut server = self.server();
        server.set_token(Some(link.to_owned()));
        // As notifications have it: whoever opens it has no shell at hand.
        let is_told = crate::address::query().get("request").is_some();
        leptos::task::spawn_local(async move {
            match server.request("/login", Some(String::new())).await {
                Ok(answer) => self.enter_with(text(&answer, "token")),
                Err(Failure { status: 401, .. }) if is_told => {
                    self.views.stage.has_spent_link.set(true);
                    self.tell(SPENT);
                    self.connect();
                }
                Err(Failure { problem, .. }) => {
                    let sentence = problem.map(|problem| problem.sentence);
                    self.tell(&sentence.unwrap_or_else(|| "The server does not answer.".to_owned()));
                    self.connect();
                }
            }
        });
    }

    /// Shows the server this token from now on, as long as the tab is open.
    fn keep_token(self, token: Option<&str>) {
        self.with_server(|server| {
            storage::keep_token(server.name(), token);
            server.set_token(token.map(str::to_owned));
        });
    }

    /// Goes on with a token.
    fn enter_with(self, token: &str) {
        self.keep_token(Some(token));
        self.connect();
        self.learn();
        self.refresh();
    }

    /// Signs in with what was pasted, or with a link; says whether there was a token in it.
    pub(crate) fn sign_in(self, text: &str) -> bool {
        match sign_in::read(text) {
            None => return false,
            Some(Credential::Token(token)) => self.enter_with(token),
            Some(Credential::Link(link, of)) => {
                // Another server could open the link, and be who it is for.
                if of != self.server().shown() {
                    self.tell(&["That link is for ", of, "."].concat());
                    return true;
                }
                self.open_link(link);
            }
        }
        true
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
                let room = self.views.header.room.get_untracked();
                let refused = sign_in::without_seen(&who, &room);
                self.with(|page| page.presence.may_answer(refused.is_empty()));
                crate::views::put(self.views.drawer.refused, refused);
                crate::views::put(self.views.settings.user, sign_in::user(&who));
            }
        });
    }
}

/// Where a token is pasted.
#[component]
pub(crate) fn SignIn(
    app: AppHandle,
    #[prop(into)] hidden: Signal<bool>,
    /// Whether to say how a link is made.
    #[prop(into)]
    how: Signal<bool>,
) -> impl IntoView {
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
        <p hidden=move || hidden.get() || !how.get()>"arcane login prints a link that signs you in at "{app.server().shown()}"."</p>
        <form class="actions" hidden=hidden on:submit=submit>
            <input
                class="pill" data-testid="token" type="password" autocomplete="off" aria-label="token"
                placeholder="a token, or the link" node_ref=field
            />
            <button class="pill" data-testid="sign-in">"Sign in"</button>
        </form>
    }
}
