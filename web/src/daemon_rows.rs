//! From the roster to the rows of the table of daemons.

use arcane_shared::UnixMillis;
use arcane_shared::roster::{DaemonState, Window};
use arcane_stage::daemons::{self, Daemons};
use arcane_stage::states::{self, State, state_of};
use arcane_stage::table::{self, Head, Line};
use arcane_stage::{guarded, palette, runes, summary};
use leptos::prelude::*;

use crate::components::daemons::{DaemonView, Figure};
use crate::page::Page;
use crate::statistics;
use crate::views::{Views, put};

/// Shows the daemons of a moment.
pub(crate) fn project(page: &Page, views: Views, window: Window, at: UnixMillis) {
    let daemons = page.shown().daemons();
    let state = views.daemons;
    let (place, opened) = (state.place.get_untracked(), state.opened.get_untracked());
    let figure = state.figure.get_untracked();
    let table = table::table(daemons, &place, &opened, state.most.get_untracked(), at);
    // Rows may be fewer than those that wait.
    let waits = |daemon: &DaemonState| state_of(daemon, at) == State::Waiting;
    let waiting = if place.is_empty() {
        daemons.present().filter(|daemon| waits(daemon)).count()
    } else {
        let is_one = |line: &&Line| matches!(line, Line::Daemon { daemon, .. } if waits(daemon));
        table.lines.iter().filter(is_one).count()
    };
    let rows = table.lines.into_iter().map(|line| match line {
        Line::Head { of: Head::Needs, count, foldable, is_open } => {
            let figure = needs(waiting, count);
            let head = head(Head::Needs, count, foldable, is_open);
            let fold = if foldable > 0 { [&figure, " · ", &head.fold].concat() } else { String::new() };
            DaemonView { figure, fold, ..head }
        }
        Line::Head { of, count, foldable, is_open } => head(of, count, foldable, is_open),
        Line::Daemon { daemon, depth, in_need } => {
            let figure = figure_of(daemons, daemon, figure, window, at);
            DaemonView { figure, ..row(daemons, daemon, depth, in_need, at) }
        }
    });
    state.rows.put(rows.map(|view| (view.key.clone(), view)));
    put(state.rest, table.rest);
    put(state.left_out, daemons::left_out(daemons, page.viewer().tongue));
}

fn head(of: Head, count: usize, foldable: usize, is_open: bool) -> DaemonView {
    let (name, machine, is_place) = match of {
        Head::Needs => ("Needs you", "", false),
        Head::Gone => ("Gone", "", false),
        Head::Group(group) if group.is_empty() => ("no project", "", false),
        Head::Group(group) if group.project.is_empty() => (group.machine, "", true),
        Head::Group(group) => (group.project, group.machine, true),
    };
    let rest = match of {
        Head::Needs => "more",
        Head::Gone => "gone",
        Head::Group(_) => "idle",
    };
    let idle = || format!("{foldable} {rest} {}", if is_open { "▾" } else { "▸" });
    DaemonView {
        key: of.key(),
        is_head: true,
        name: name.into(),
        of: machine.into(),
        state: if of == Head::Needs { "waiting" } else { "" },
        place: if is_place { of.key()[1..].to_owned() } else { String::new() },
        figure: count.to_string(),
        fold: if foldable > 0 { idle() } else { String::new() },
        ..DaemonView::default()
    }
}

/// What needs a human: "2 wait · 1 more". The pill counts those that wait.
fn needs(waiting: usize, all: usize) -> String {
    let more = all.saturating_sub(waiting).to_string();
    let wait = if waiting == 1 { " waits" } else { " wait" };
    match waiting {
        0 => more,
        _ if waiting == all => [&waiting.to_string(), wait].concat(),
        _ => [&waiting.to_string(), wait, " · ", &more, " more"].concat(),
    }
}

fn row(daemons: &Daemons, daemon: &DaemonState, depth: usize, in_need: bool, at: UnixMillis) -> DaemonView {
    let state = state_of(daemon, at);
    let name = daemon.daemon_name.to_string();
    let started =
        daemon.parent().filter(|_| in_need).map(|parent| format!("↳ {parent} · ")).unwrap_or_default();
    let project = states::group_in_need(daemon).project;
    let where_ = if in_need && !project.is_empty() { format!(" · {project}") } else { String::new() };
    let line = match state {
        State::Waiting => daemons::line(daemon).to_owned(),
        _ => states::task_line(daemon, at),
    };
    let spent = guarded::budget(daemons, daemon, at);
    // A line that is cut is cut behind its beginning: what needs a human stands there.
    let parts = match state {
        State::Waiting | State::Looping | State::Failed => [line, spent],
        // Here for its budget alone.
        _ if in_need && guarded::has_spent_all(daemons, daemon, at) => [spent, String::new()],
        State::Silent | State::Working | State::Idle => [spent, line],
    };
    let between = if parts.iter().any(String::is_empty) { "" } else { " · " };
    let sessions = daemon.sessions.len();
    DaemonView {
        key: name.clone(),
        indent: format!("{depth}em"),
        is_moon: depth > 0,
        of: if sessions > 1 { format!("{sessions} sessions") } else { String::new() },
        color: palette::text_color(daemons::color_of(daemon)).to_string(),
        rune: runes::svg_path(runes::inscribe(&name).heart),
        has_failed: daemon.is_present() && daemon.failure.is_some(),
        state: if daemon.is_present() { state.word() } else { "gone" },
        last: [started, parts.join(between), where_].concat(),
        name,
        ..DaemonView::default()
    }
}

/// The figure that was chosen, of one daemon.
fn figure_of(
    daemons: &Daemons,
    daemon: &DaemonState,
    figure: Figure,
    window: Window,
    at: UnixMillis,
) -> String {
    let sums = daemons.figures(daemon, window, at);
    match figure {
        Figure::Since => states::since(daemon, at),
        Figure::Tasks => summary::count(sums.invocations),
        _ => statistics::figure(&sums, figure),
    }
}
