//! What opens later: a program of its own, which the page fetches when it is at rest, or earlier when one of its parts is wanted.
//!
//! What only `fetched` leads to is in that program; whatever the page's own program needs, too, is there (`xtask/src/split.rs`). A build
//! without the feature `split` is one program, and everything is there from the beginning.

use arcane_shared::UnixMillis;
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::components::drawer::Drawer;
use crate::components::event_detail::EventDetail;
use crate::components::help::Help;
use crate::components::settings::Settings;
use crate::components::stats::Stats;
use crate::drawer;
use crate::page::Page;
use crate::views::Views;

/// What is told when it does not come.
const TROUBLE: &str =
    "This part of the page has not come. Try again; if the server has another version now, reload the page.";

/// The ways into the program.
pub(crate) struct Later {
    /// Every dialog, and the drawer.
    dialogs: fn(AppHandle) -> AnyView,
    /// Fills the drawer.
    pub(crate) drawer: fn(&mut Page, Views, UnixMillis),
}

static LATER: Later = Later { dialogs, drawer: drawer::project };

fn dialogs(app: AppHandle) -> AnyView {
    let views = app.views;
    view! {
        <Drawer state=views.drawer app/>
        <EventDetail detail=views.detail app/>
        <Help open=views.help/>
        <Stats state=views.stats app/>
        <Settings state=views.settings app/>
    }
    .into_any()
}

/// Where the dialogs will be.
#[component]
pub(crate) fn Dialogs(app: AppHandle) -> impl IntoView {
    let later = app.views.later;
    move || later.get().map(|later| (later.dialogs)(app))
}

#[cfg_attr(
    feature = "split",
    leptos::wasm_split::wasm_split(later, wasm_split_path = leptos::wasm_split, fallible)
)]
fn fetched() -> Result<&'static Later, leptos::wasm_split::SplitLoaderError> {
    Ok(&LATER)
}

impl AppHandle {
    /// Fetches what opens later, unless it is there.
    pub(crate) fn fetch_later(self) {
        self.then(None);
    }

    /// Does something with what opens later: at once, or as soon as it is there. If it does not come, the user is told.
    pub(crate) fn with_later(self, act: impl FnOnce() + 'static) {
        if self.views.later.with_untracked(Option::is_some) {
            act();
        } else {
            self.then(Some(Box::new(act)));
        }
    }

    fn then(self, act: Option<Box<dyn FnOnce()>>) {
        leptos::task::spawn_local(async move {
            #[cfg(feature = "split")]
            let later = fetched().await;
            #[cfg(not(feature = "split"))]
            let later = fetched();
            match (later, act) {
                (Ok(later), act) => {
                    if self.views.later.with_untracked(Option::is_none) {
                        self.views.later.set(Some(later));
                    }
                    act.into_iter().for_each(|act| act());
                }
                (Err(_), Some(_)) => self.tell(TROUBLE),
                (Err(_), None) => {}
            }
        });
    }
}
