//! From the page's state to the drawer of one daemon, while it is open; and what its buttons do.

use arcane_shared::UnixMillis;
use arcane_shared::roster::{DaemonState, Window};
use arcane_stage::drawer;
use arcane_stage::duration::{Form, duration};
use arcane_stage::states::{self, State, state_of};
use arcane_stage::{daemons, guarded, palette, runes, summary};
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::components::drawer::DrawerView;
use crate::page::Page;
use crate::statistics;
use crate::views::{Views, put};

/// Shows it at a moment. A daemon that is not known any more has none.
pub(crate) fn project(page: &mut Page, views: Views, at: UnixMillis) {
    let state = views.drawer;
    let name = state.name.get_untracked();
    if name.is_empty() {
        return;
    }
    let store = page.shown();
    let Some(daemon) = store.daemons().get(&name) else {
        page.stage.set_focus(None);
        state.name.set(String::new());
        return;
    };
    let told = drawer::told(store, &name);
    let ago = |since: UnixMillis| duration(at - since, Form::Passed);
    state.failures.put(
        told.failures
            .into_iter()
            .enumerate()
            .map(|(n, failed)| (n, vec![failed.task, failed.error, ago(failed.at)])),
    );
    state.files.put(
        told.files
            .into_iter()
            .map(|file| (file.path.clone(), vec![file.path.clone(), String::new(), file.done()])),
    );
    let started = |child: &&DaemonState| child.parent() == Some(&daemon.daemon_name);
    state.children.put(store.daemons().present().filter(started).map(|child| {
        let name = child.daemon_name.to_string();
        (name.clone(), vec![name, state_of(child, at).word().to_owned(), states::since(child, at)])
    }));
    let sums = store.daemons().figures(daemon, Window::Today, at);
    let is_now = page.time_travel.travel.is_none() && page.recorded.is_none();
    let failure = daemon.failure.as_ref().filter(|_| is_now);
    let more = told.more_files;
    put(
        state.view,
        DrawerView {
            color: palette::text_color(daemons::color_of(daemon)).to_string(),
            rune: runes::svg_path(runes::inscribe(&name).heart),
            state: if daemon.is_present() { state_of(daemon, at).word() } else { "gone" },
            failure: failure.map_or(0, |failure| failure.seq),
            place: states::group_of(daemon).words(),
            sentence: states::sentence(daemon, at, page.viewer().tongue),
            task: task(daemon, at),
            took: statistics::took(&sums),
            budget: guarded::budget(store.daemons(), daemon, at),
            more_files: if more > 0 { format!("{more} more") } else { String::new() },
        },
    );
}

fn task(daemon: &DaemonState, at: UnixMillis) -> [String; 2] {
    let call = daemon.calls.first().filter(|_| state_of(daemon, at) != State::Failed);
    let runs = call.map(|call| duration(at - call.since.unix_millis(), Form::Runs)).unwrap_or_default();
    [summary::shorten(daemons::line(daemon), summary::SUMMARY_MAX), runs]
}

impl AppHandle {
    /// Opens what there is to say of a daemon: what it asks, or its drawer.
    pub(crate) fn open_daemon(self, name: &str) {
        let name = name.to_owned();
        self.with_later(move |later| (later.open_daemon)(self, name));
    }

    /// Closes the drawer; says whether it was open.
    pub(crate) fn close_drawer(self) -> bool {
        let was_open = self.views.drawer.name.with_untracked(|name| !name.is_empty());
        if was_open {
            self.open_daemon("");
        }
        was_open
    }

    /// Opens the drawer of a daemon; empty: closes it.
    pub(crate) fn open_drawer(self, name: String) {
        self.with(|page| page.stage.set_focus((!name.is_empty()).then(|| name.clone())));
        self.views.drawer.name.set(name);
        self.refresh();
    }

    /// Shows the open daemon's events alone.
    pub(crate) fn show_in_chronicle(self) {
        let name = self.views.drawer.name.get_untracked();
        self.close_drawer();
        self.filter(|filter| filter.daemon = Some(name));
    }

    /// Says, for all who watch, that the open daemon's failure was seen.
    pub(crate) fn acknowledge(self) {
        let name = self.views.drawer.name.get_untracked();
        let room = self.views.header.room.get_untracked();
        let failure = self.views.drawer.view.with_untracked(|view| view.failure.to_string());
        leptos::task::spawn_local(async move {
            let path = ["/daemons/", &name, "/seen?room=", &room, "&failure=", &failure].concat();
            let outcome = self.server().request(&path, Some(String::new())).await;
            if let Err(failure) = outcome {
                let why = failure.problem.map(|problem| problem.sentence);
                self.tell(&why.unwrap_or_else(|| "The server did not answer: nothing was said.".into()));
            }
        });
    }
}
