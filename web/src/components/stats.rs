//! The statistics: what came, how it went, and how long it took until it was seen. Counted while they are shown.

use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::dom::{Rows, class_of, click, follow, part, say, style};

/// Ties the statistics to the page's state.
pub(crate) fn attach(app: AppHandle) {
    let views = app.views;
    let open = views.stats_open;
    super::help::dialog("stats", move || open.get(), move || open.set(false));
    click("stats-open", move || {
        open.set(true);
        app.refresh();
    });
    let (mut facts, mut bins, mut rows) = (Rows::of("stat"), Rows::of("bin"), Rows::of("stat-row"));
    follow(move || {
        views.stats.with(|stats| {
            let shown = facts.arrange(stats.facts.iter().map(|(name, _)| *name));
            for ((_, row), (name, value)) in shown.iter().zip(&stats.facts) {
                say(&part(row, "dt"), name);
                say(&part(row, "dd"), value);
            }
            let shown = bins.arrange(stats.bins.iter().map(|bin| bin.bound.as_str()));
            for ((_, row), bin) in shown.iter().zip(&stats.bins) {
                say(&part(row, "b"), &bin.count);
                say(&part(row, "span"), &bin.bound);
                style(row, "--part", &bin.part);
                class_of(row, "late", bin.late);
            }
            let shown = rows.arrange(stats.rows.iter().map(|row| row.name.as_str()));
            for ((_, element), row) in shown.iter().zip(&stats.rows) {
                style(element, "--own", &row.color);
                say(&part(element, "th"), &row.name);
                for (at, cell) in row.cells.iter().enumerate() {
                    say(&part(element, &format!("td:nth-of-type({})", at + 1)), cell);
                }
            }
        });
    });
}
