//! The chronicle as rows: filtered, windowed, each one line of text.

use std::rc::Rc;

use arcane_shared::roster::ENRICH;
use arcane_shared::{ReceivedEvent, Rgb, Seq, UnixMillis};

use crate::calls::Part;
use crate::daemons::Daemons;
use crate::filter::Filter;
use crate::palette;
use crate::store::{Entry, Origin, Store, Stored};
use crate::summary;
use crate::time_travel::past::taken_at;

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
    /// Whether it is a call that goes on.
    pub goes_on: bool,
    /// Whether it was there before this page looked.
    pub historical: bool,
}

/// A window of the filtered chronicle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// Rows that pass the filter, in the whole chronicle.
    pub total: usize,
    /// Rows that came since the list stands still; 0 when it does not.
    pub newer: usize,
    /// More came than the chronicle holds: `newer` are those that it still has.
    pub overrun: bool,
    /// The asked-for rows, newest first.
    pub rows: Vec<Row>,
}

/// Which part of the filtered chronicle is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Rows before it.
    pub skip: usize,
    /// Its rows.
    pub count: usize,
    /// The reader is looking at something: what came since is only counted.
    pub held: Option<&'a Held>,
    /// The moment that is shown: how long calls go on until then.
    pub now: UnixMillis,
}

/// The chronicle as it was when a reader began to look at something. It stays whole, whatever comes and goes meanwhile; at most
/// [`CHRONICLE_MAX`](crate::store::CHRONICLE_MAX) entries, which it shares with the store.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Newest first.
    entries: Vec<Entry>,
}

impl Held {
    /// The chronicle as it is now.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        Self { entries: store.newest_first().cloned().collect() }
    }

    /// The event with this id, if it is held.
    #[must_use]
    pub fn event(&self, id: u64) -> Option<Rc<Stored>> {
        let at = self.entries.binary_search_by(|entry| id.cmp(&entry.id())).ok()?;
        match &self.entries[at] {
            Entry::Event(stored, _) => Some(Rc::clone(stored)),
            Entry::Gap { .. } | Entry::NewRun { .. } => None,
        }
    }

    fn newest(&self) -> u64 {
        self.entries.first().map_or(0, Entry::id)
    }
}

/// Rows of the chronicle, newest first. A call has one: at its end, and until that has a row at its beginning.
#[must_use]
pub fn window(store: &Store, filter: &Filter, asked: Asked<'_>) -> Window {
    let mut window = Window::default();
    let pin = asked.held.map(Held::newest);
    let mut scan = Scan { filter, pin, ends: Vec::new(), in_run: true };
    let is_newer = |entry: &Entry| pin.is_some_and(|pin| entry.id() > pin);
    let since = store.newest_first().take_while(|entry| pin.is_none() || is_newer(entry));
    for entry in since.chain(asked.held.into_iter().flat_map(|held| &held.entries)) {
        let Some(told) = scan.meet(entry) else { continue };
        if is_newer(entry) {
            window.newer += 1;
            continue;
        }
        if window.total >= asked.skip && window.rows.len() < asked.count {
            window.rows.push(told.row(entry, store, asked));
        }
        window.total += 1;
    }
    window.overrun = window.newer > 0 && store.newest_first().last().is_some_and(is_newer);
    window
}

/// What was met on the way from the newest entry to the oldest.
struct Scan<'a> {
    filter: &'a Filter,
    pin: Option<u64>,
    /// Ends of calls whose beginnings are to come.
    ends: Vec<End<'a>>,
    /// Whether what comes is of the roster's run of numbers.
    in_run: bool,
}

struct End<'a> {
    begun: u64,
    /// What its beginning tells by it.
    told: Told<'a>,
    /// Its row is the call's.
    stands_in: bool,
}

/// What an entry with a row tells.
#[derive(Clone, Copy)]
enum Told<'a> {
    /// Itself.
    Entry,
    /// The end of the call that this entry began.
    End(u64),
    /// A call that has ended like this, for readers who see its beginning only.
    Ended(&'a ReceivedEvent),
    /// A call that goes on, if the roster knows of it under this number.
    Begun(Option<Seq>),
}

impl<'a> Scan<'a> {
    /// Whether an event only adds figures: an agent tells of each request to a model. It has a row for who asks for looks.
    fn is_figure(&self, event: &ReceivedEvent) -> bool {
        let adds = event.text("query_type") == Some(ENRICH) && event.text("error").is_none();
        adds && event.success && self.filter.spell.is_none()
    }

    /// What the next entry tells; `None`: it has no row.
    fn meet(&mut self, entry: &'a Entry) -> Option<Told<'a>> {
        let Entry::Event(stored, part) = entry else {
            self.in_run &= !matches!(entry, Entry::NewRun { .. });
            return Some(Told::Entry);
        };
        let event = &stored.event;
        match *part {
            Part::Whole => (self.filter.matches(event) && !self.is_figure(event)).then_some(Told::Entry),
            Part::End(begun) => {
                let passes = self.filter.matches(event);
                let stands_in = passes && self.pin.is_none_or(|pin| stored.id <= pin || begun > pin);
                self.ends.push(End { begun, told: Told::Ended(event), stands_in });
                passes.then_some(Told::End(begun))
            }
            Part::Begin { seq, again } => {
                let end = self.ends.iter().rposition(|end| end.begun == stored.id);
                let end = end.map(|at| self.ends.swap_remove(at));
                let has_row = end.as_ref().is_some_and(|end| end.stands_in);
                let told = end.map_or(Told::Begun(self.in_run.then_some(seq)), |end| end.told);
                let passes = self.filter.matches_call(event);
                if let Some(begun) = again {
                    let is_read = self.pin.is_none_or(|pin| stored.id <= pin || begun > pin);
                    self.ends.push(End { begun, told, stands_in: (has_row || passes) && is_read });
                }
                (!has_row && passes).then_some(told)
            }
        }
    }
}

impl Told<'_> {
    fn row(&self, entry: &Entry, store: &Store, asked: Asked<'_>) -> Row {
        let row = row(entry, store.daemons());
        let Entry::Event(stored, _) = entry else { return row };
        let event = &stored.event;
        match *self {
            Told::Entry => row,
            Told::End(begun) => match store.event(begun).or_else(|| asked.held?.event(begun)) {
                Some(begun) => ended(row, &begun.event, event),
                None => row,
            },
            Told::Ended(end) => Row { text: summary::task(event), ..ended(row, event, end) },
            Told::Begun(seq) => {
                let open =
                    |seq: Seq| store.daemons().open_call(&row.daemon, seq).is_some() || store.is_beyond(seq);
                let elapsed = seq.filter(|seq| open(*seq)).map(|_| summary::ago(asked.now - taken_at(event)));
                Row {
                    text: summary::task(event),
                    goes_on: elapsed.is_some(),
                    sign: if elapsed.is_some() { "…" } else { row.sign },
                    aside: elapsed.unwrap_or_else(|| "–".into()),
                    ..row
                }
            }
        }
    }
}

/// A call that has ended: how it went, and how long it took.
fn ended(row: Row, begun: &ReceivedEvent, end: &ReceivedEvent) -> Row {
    let mut aside = summary::aside(end);
    if aside.is_empty() {
        aside =
            summary::seconds((end.timestamp.unix_millis() - begun.timestamp.unix_millis()).max(0.0) / 1e3);
    }
    Row { sign: summary::sign(end), success: Some(end.success), aside, ..row }
}

/// An entry as a row.
fn row(entry: &Entry, daemons: &Daemons) -> Row {
    match entry {
        Entry::Event(stored, _) => event_row(stored, daemons),
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
        goes_on: false,
        historical: false,
    }
}

/// An event as a row, whatever it is to a call.
#[must_use]
pub fn event_row(stored: &Stored, daemons: &Daemons) -> Row {
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
