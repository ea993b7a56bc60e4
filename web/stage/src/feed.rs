//! The chronicle as rows: filtered, windowed, each one line of text.

use arcane_shared::Rgb;

use crate::daemons::Daemons;
use crate::filter::Filter;
use crate::palette;
use crate::store::{Entry, Origin, Store, Stored};
use crate::summary;

/// What one row shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The entry's place in the page's order.
    pub id: u64,
    /// Its number in its room.
    pub seq: Option<u64>,
    /// `summon` … or whatever came; `gap` and `run` for what is no event.
    pub spell: String,
    /// A sign whose shape says what the colour says.
    pub sign: &'static str,
    /// Who; empty where nobody.
    pub daemon: String,
    /// Readable colour of the daemon's name.
    pub color: Rgb,
    /// What.
    pub text: String,
    /// How long, or how it went.
    pub aside: String,
    /// Whether it worked; `None` for what is no event.
    pub success: Option<bool>,
    /// Whether it was there before this page looked.
    pub historical: bool,
}

/// A window of the filtered chronicle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// Rows that pass the filter, in the whole chronicle.
    pub total: usize,
    /// Rows newer than the pinned one; 0 when nothing is pinned.
    pub newer: usize,
    /// The asked-for rows, newest first.
    pub rows: Vec<Row>,
}

/// Rows `skip..skip + count` of the chronicle, newest first. While `pin` is given, entries newer
/// than it are only counted: the reader is looking at something.
#[must_use]
pub fn window(store: &Store, filter: &Filter, skip: usize, count: usize, pin: Option<u64>) -> Window {
    let mut window = Window::default();
    for entry in store.newest_first() {
        let passes = match entry {
            Entry::Event(stored) => filter.matches(&stored.event),
            Entry::Gap { .. } | Entry::NewRun { .. } => true,
        };
        if !passes {
            continue;
        }
        if pin.is_some_and(|pin| entry.id() > pin) {
            window.newer += 1;
            continue;
        }
        if window.total >= skip && window.rows.len() < count {
            window.rows.push(row(entry, store.daemons()));
        }
        window.total += 1;
    }
    window
}

/// An entry as a row.
#[must_use]
pub fn row(entry: &Entry, daemons: &Daemons) -> Row {
    match entry {
        Entry::Event(stored) => event_row(stored, daemons),
        Entry::Gap { id, from, to, cause } => {
            Row {
                text: cause.line(*from, *to), aside: (to - from + 1).to_string(), ..plain(*id, "gap", "┄")
            }
        }
        Entry::NewRun { id, why } => Row { text: why.line().into(), ..plain(*id, "run", "═") },
    }
}

fn plain(id: u64, spell: &str, sign: &'static str) -> Row {
    Row {
        id,
        seq: None,
        spell: spell.into(),
        sign,
        daemon: String::new(),
        color: palette::REALM,
        text: String::new(),
        aside: String::new(),
        success: None,
        historical: false,
    }
}

fn event_row(stored: &Stored, daemons: &Daemons) -> Row {
    let event = &stored.event;
    let name = event.daemon_name.as_ref().map_or("", |name| name.as_str());
    let color = match (event.color(), name) {
        (Some(color), _) => color,
        (None, "") => palette::REALM,
        (None, name) => daemons.color(name),
    };
    Row {
        seq: event.seq,
        daemon: name.to_owned(),
        color: palette::text_color(color),
        text: summary::of(event),
        aside: summary::aside(event),
        success: Some(event.success),
        historical: stored.origin != Origin::Live,
        ..plain(stored.id, &summary::shorten(event.spell_name.as_str(), 24), summary::sign(event))
    }
}
