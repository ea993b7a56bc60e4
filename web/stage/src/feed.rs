//! The chronicle as rows: filtered, windowed, each one line of text. A call has one row, where it began.

use std::rc::Rc;

use arcane_shared::api::AWAIT_END;
use arcane_shared::roster::{ACKNOWLEDGE, ENRICH, is_of_a_guard};
use arcane_shared::{ReceivedEvent, Rgb, Seq, SpellName, UnixMillis};

use crate::calls::Part;
use crate::daemons::Daemons;
use crate::dictionary::Tongue;
use crate::duration::{Form, duration};
use crate::filter::Filter;
use crate::moment;
use crate::palette;
use crate::store::{Entry, Origin, Store, Stored};
use crate::summary;
use crate::time_travel::past::taken_at;

/// What one row shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it shows, by its place in the page's order: of a call that has ended, its end.
    pub id: u64,
    /// Its number in its room.
    pub seq: Option<u64>,
    /// When it happened, or the call began, on the viewer's clock: `14:32`. Empty for what is no event.
    pub time: String,
    /// `summon` … or whatever came; `gap` and `run` for what is no event.
    pub spell: String,
    /// The same in the viewer's words; empty: no event is told.
    pub kind: String,
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
    /// Whether it is a call or a wait that goes on.
    pub goes_on: bool,
    /// Whether it waits for a human.
    pub waits: bool,
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
    /// Looks, parses and voices that have no row because nobody asks for them.
    pub hidden: usize,
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
    /// Whether looks, parses and voices have rows, too. They have where the filter asks for their spell.
    pub all: bool,
    /// The moment that is shown: how long calls go on until then.
    pub now: UnixMillis,
    /// Who reads it.
    pub viewer: Viewer,
}

/// Who reads: on which clock, and in which words.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Viewer {
    /// Milliseconds that the viewer's clock adds to UTC.
    pub offset_ms: f64,
    /// The viewer's words.
    pub tongue: Tongue,
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

    fn holds(&self, id: u64) -> bool {
        self.entries.last().is_some_and(|oldest| oldest.id() <= id) && id <= self.newest()
    }

    fn newest(&self) -> u64 {
        self.entries.first().map_or(0, Entry::id)
    }
}

/// Rows of the chronicle, newest first. A call has one, where its first beginning stands that is still there: what becomes of the
/// call changes that row, and moves none.
#[must_use]
pub fn window(store: &Store, filter: &Filter, asked: Asked<'_>) -> Window {
    let mut window = Window::default();
    let pin = asked.held.map(Held::newest);
    let oldest = store.newest_first().last().map_or(0, Entry::id);
    let mut scan = Scan { filter, asked, pin, oldest, ends: Vec::new(), in_run: true, hidden: 0 };
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
    window.hidden = scan.hidden;
    window.overrun = window.newer > 0 && store.newest_first().last().is_some_and(is_newer);
    window
}

/// What was met on the way from the newest entry to the oldest.
struct Scan<'a> {
    filter: &'a Filter,
    asked: Asked<'a>,
    pin: Option<u64>,
    /// The first entry that the store still has.
    oldest: u64,
    /// What is known of calls whose beginnings are to come.
    ends: Vec<(u64, Told<'a>)>,
    /// Whether what comes is of the roster's run of numbers.
    in_run: bool,
    hidden: usize,
}

/// What an entry with a row tells.
#[derive(Clone, Copy)]
enum Told<'a> {
    /// Itself.
    Entry,
    /// A call that has ended like this.
    Ended(&'a Stored),
    /// A call that goes on, if the roster knows of it under this number.
    Begun(Option<Seq>),
    /// A wait for a human that goes on, if the roster knows of it under this number.
    Wait(Option<Seq>),
}

impl<'a> Scan<'a> {
    /// Whether an event only adds figures: an agent tells of each request to a model. It has a row for who asks for looks.
    fn is_figure(&self, event: &ReceivedEvent) -> bool {
        let adds = event.text("query_type") == Some(ENRICH) && event.text("error").is_none();
        adds && event.success && self.filter.spell.is_none()
    }

    /// Whether an event is a look, a parse or a voice that nobody asks for. What failed is none, nor is what somebody has seen or answered.
    fn is_aside(&self, event: &ReceivedEvent) -> bool {
        let kind = event.spell_name.known();
        let quiet = matches!(kind, Some(SpellName::Reveal | SpellName::Parse | SpellName::Voice));
        let asked_for = self.asked.all || self.filter.spell.is_some();
        let is_answer =
            event.text("query_type") == Some(ACKNOWLEDGE) || event.text("event") == Some(AWAIT_END);
        quiet && event.success && !asked_for && !is_answer && !is_of_a_guard(event)
    }

    /// Whether an entry is still to be met.
    fn is_to_come(&self, id: u64) -> bool {
        let held = self.asked.held.is_some_and(|held| held.holds(id));
        held || id >= self.oldest && self.pin.is_none_or(|pin| id > pin)
    }

    /// What the next entry tells; `None`: it has no row.
    fn meet(&mut self, entry: &'a Entry) -> Option<Told<'a>> {
        let Entry::Event(stored, part) = entry else {
            self.in_run &= !matches!(entry, Entry::NewRun { .. });
            return Some(Told::Entry);
        };
        let event = &stored.event;
        match *part {
            Part::Wait { seq, of } => {
                let is_told = of.is_some_and(|of| self.is_to_come(of)) && self.filter.spell.is_none();
                let told = Told::Wait(self.in_run.then_some(seq));
                (!is_told && self.filter.matches(event)).then_some(told)
            }
            Part::Whole if !self.filter.matches(event) || self.is_figure(event) => None,
            Part::Whole => {
                let aside = self.is_aside(event);
                self.hidden += usize::from(aside);
                (!aside).then_some(Told::Entry)
            }
            Part::End(begun) if self.is_to_come(begun) => {
                self.ends.push((begun, Told::Ended(stored)));
                None
            }
            Part::End(_) => self.filter.matches(event).then_some(Told::Entry),
            Part::Begin { seq, again } => {
                let known = self.ends.iter().rposition(|(begun, _)| *begun == stored.id);
                let told =
                    known.map_or(Told::Begun(self.in_run.then_some(seq)), |at| self.ends.swap_remove(at).1);
                if let Some(first) = again.filter(|first| self.is_to_come(*first)) {
                    self.ends.push((first, told));
                    return None;
                }
                let by_end = matches!(told, Told::Ended(end) if self.filter.matches(&end.event));
                (by_end || self.filter.matches_call(event)).then_some(told)
            }
        }
    }
}

impl Told<'_> {
    fn row(&self, entry: &Entry, store: &Store, asked: Asked<'_>) -> Row {
        let row = row(entry, store.daemons(), asked.viewer);
        let Entry::Event(stored, _) = entry else { return row };
        let event = &stored.event;
        let waits = |since: UnixMillis, row: Row| Row {
            goes_on: true,
            waits: true,
            sign: "◎",
            aside: duration(asked.now - since, Form::Runs),
            ..row
        };
        match *self {
            Told::Entry => row,
            Told::Wait(seq) => {
                let daemon = store.daemons().get(&row.daemon);
                let open = daemon.and_then(|daemon| daemon.waiting.iter().find(|wait| Some(wait.seq) == seq));
                match open {
                    Some(wait) => waits(wait.since.unix_millis(), row),
                    None => row,
                }
            }
            Told::Ended(end) => {
                ended(Row { text: summary::task(event, asked.viewer.tongue), ..row }, event, end)
            }
            Told::Begun(seq) => {
                let row = Row { text: summary::task(event, asked.viewer.tongue), ..row };
                let daemons = store.daemons();
                let call = seq.and_then(|seq| daemons.open_call(&row.daemon, seq));
                if let Some(wait) = call.and_then(|call| daemons.wait_of(&row.daemon, call)) {
                    return waits(wait.since.unix_millis(), row);
                }
                let goes_on = call.is_some() || seq.is_some_and(|seq| store.is_beyond(seq));
                Row {
                    goes_on,
                    sign: if goes_on { "◔" } else { row.sign },
                    aside: if goes_on {
                        duration(asked.now - taken_at(event), Form::Runs)
                    } else {
                        "–".into()
                    },
                    ..row
                }
            }
        }
    }
}

/// A call that has ended: how it went, and how long it took or why it failed.
fn ended(row: Row, begun: &ReceivedEvent, stored: &Stored) -> Row {
    let end = &stored.event;
    let mut aside = summary::aside(end);
    if aside.is_empty() {
        aside = duration(end.timestamp.unix_millis() - begun.timestamp.unix_millis(), Form::Took);
    }
    let spell = end.spell_name.as_str().to_owned();
    Row { id: stored.id, sign: summary::sign(end), success: Some(end.success), spell, aside, ..row }
}

/// An entry as a row.
fn row(entry: &Entry, daemons: &Daemons, viewer: Viewer) -> Row {
    match entry {
        Entry::Event(stored, _) => event_row(stored, daemons, viewer),
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
        time: String::new(),
        spell: spell.into(),
        kind: String::new(),
        sign,
        daemon: String::new(),
        color: palette::REALM,
        text: String::new(),
        aside: String::new(),
        success: None,
        goes_on: false,
        waits: false,
        historical: false,
    }
}

/// An event as a row, whatever it is to a call.
#[must_use]
pub fn event_row(stored: &Stored, daemons: &Daemons, viewer: Viewer) -> Row {
    let event = &stored.event;
    let name = event.daemon_name.as_ref().map_or("", |name| name.as_str());
    let color = match (event.color(), name) {
        (Some(color), _) => color,
        (None, "") => palette::REALM,
        (None, name) => daemons.color(name),
    };
    Row {
        seq: event.seq,
        kind: summary::shorten(viewer.tongue.kind_of(&event.spell_name), 24),
        time: moment::tick(taken_at(event), 0.0, viewer.offset_ms),
        daemon: name.to_owned(),
        color: palette::text_color(color),
        text: summary::of(event, viewer.tongue),
        aside: summary::aside(event),
        success: Some(event.success),
        historical: stored.origin != Origin::Live,
        ..plain(stored.id, &summary::shorten(event.spell_name.as_str(), 24), summary::sign(event))
    }
}
