//! What opens later: a program of its own, which the page fetches when it is at rest, or earlier when one of its parts is wanted.
//!
//! What only `fetched` leads to is in that program; whatever the page's own program needs, too, is there (`xtask/src/split.rs`). A build
//! without the feature `split` is one program, and everything is there from the beginning.

use arcane_stage::completion::Lexicon;
use leptos::prelude::*;
use web_sys::{File, HtmlCanvasElement};

use crate::api::LogAnswer;
use crate::app_handle::AppHandle;
use crate::card;
use crate::components::card::AnswerCard;
use crate::components::drawer::Drawer;
use crate::components::event_detail::EventDetail;
use crate::components::help::Help;
use crate::components::recorder;
use crate::components::rules::RulesDialog;
use crate::components::search::{self, Search};
use crate::components::settings::Settings;
use crate::components::spell_bar::{self, Bar};
use crate::components::stage_view;
use crate::components::stats::Stats;
use crate::opened;
use crate::page::{Page, write_history};
use crate::painter::Painter;
use crate::time_travel::banner::Banner;
use crate::time_travel::{Question, Travel, visit};
use crate::views::Views;

/// What is told when it does not come.
const TROUBLE: &str =
    "This part of the page has not come. Try again; if the server has another version now, reload the page.";

/// What stands somewhere in the page.
pub(crate) type Part = fn(AppHandle) -> AnyView;

/// The ways into the program.
pub(crate) struct Later {
    pub(crate) dialogs: Part,
    pub(crate) search: Part,
    pub(crate) banner: Part,
    /// Fills what is open: the drawer, and dialogs. The number: the moment that is shown.
    pub(crate) project: fn(&mut Page, Views, f64),
    pub(crate) project_detail: fn(&Page, Views),
    /// Names what is under a place of the stage.
    pub(crate) point_at: fn(AppHandle, [f32; 2]),
    /// Opens what there is to say of a daemon: what it asks, or its drawer.
    pub(crate) open_daemon: fn(AppHandle, String),
    pub(crate) ask_search: fn(AppHandle),
    pub(crate) travel: fn(AppHandle, Travel),
    pub(crate) answer: fn(&mut Page, &Question, LogAnswer),
    pub(crate) open_file: fn(AppHandle, File),
    pub(crate) open_recording: fn(AppHandle, &str),
    pub(crate) save_recording: fn(AppHandle),
    /// Writes what the browser keeps of the history.
    pub(crate) write_history: fn(&mut Page),
    /// The painter of a browser without WebGL2.
    pub(crate) plain_painter: fn(&HtmlCanvasElement) -> Option<Painter>,
    pub(crate) sign_in: Part,
    /// What could be meant by what is typed, and what came of the last spell.
    pub(crate) spells: Part,
    pub(crate) complete: fn(&Lexicon, &str) -> Vec<String>,
    pub(crate) ghost: fn(&Lexicon, &str) -> Option<String>,
    pub(crate) cast: fn(Bar, String),
}

static LATER: Later = Later {
    dialogs,
    search: |app| view! { <Search state=app.views.search app/> }.into_any(),
    banner: |app| view! { <Banner when=app.views.when app/> }.into_any(),
    project: opened::project,
    project_detail: opened::project_detail,
    point_at: opened::point_at,
    open_daemon: card::open_daemon,
    ask_search: search::ask,
    travel: visit::travel,
    answer: visit::answer,
    open_file: recorder::open_file,
    open_recording: recorder::open,
    save_recording: recorder::save,
    write_history,
    plain_painter: Painter::plain,
    sign_in: stage_view::sign_in,
    spells: spell_bar::answers,
    complete: Lexicon::complete,
    ghost: Lexicon::ghost,
    cast: Bar::send,
};

fn dialogs(app: AppHandle) -> AnyView {
    let views = app.views;
    view! {
        <Drawer state=views.drawer app/>
        <AnswerCard app/>
        <EventDetail detail=views.detail app/>
        <Help open=views.help app/>
        <Stats state=views.stats app/>
        <Settings state=views.settings app/>
        <RulesDialog open=views.rules app/>
    }
    .into_any()
}

/// Where a part of the page will be.
#[component]
pub(crate) fn Slot(app: AppHandle, part: fn(&Later) -> Part) -> impl IntoView {
    let later = app.views.later;
    move || later.get().map(|later| part(later)(app))
}

#[cfg_attr(
    feature = "split",
    leptos::wasm_split::wasm_split(later, wasm_split_path = leptos::wasm_split, fallible)
)]
fn fetched() -> Result<&'static Later, leptos::wasm_split::SplitLoaderError> {
    Ok(&LATER)
}

/// What is done as soon as it is there.
type Act = Box<dyn FnOnce(&'static Later)>;

impl AppHandle {
    /// Fetches what opens later, unless it is there.
    pub(crate) fn fetch_later(self) {
        if self.views.later.with_untracked(Option::is_none) {
            self.then(None);
        }
    }

    /// Does something with what opens later: at once, or as soon as it is there. If it does not come, the user is told.
    pub(crate) fn with_later(self, act: impl FnOnce(&'static Later) + 'static) {
        match self.views.later.get_untracked() {
            Some(later) => act(later),
            None => self.then(Some(Box::new(act))),
        }
    }

    fn then(self, act: Option<Act>) {
        leptos::task::spawn_local(async move {
            #[cfg(feature = "split")]
            let later = fetched().await;
            #[cfg(not(feature = "split"))]
            let later = fetched();
            match (later, act) {
                (Ok(later), act) => {
                    if self.views.later.with_untracked(Option::is_none) {
                        self.views.later.set(Some(later));
                        self.with(|page| page.writes = Some(later.write_history));
                    }
                    act.into_iter().for_each(|act| act(later));
                }
                (Err(_), Some(_)) => self.tell(TROUBLE),
                (Err(_), None) => {}
            }
        });
    }
}
