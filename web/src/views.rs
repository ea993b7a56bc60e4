//! What the components read: signals, filled by projection a few times a second.

use arcane_stage::completion::Lexicon;
use arcane_stage::feed::Row;
use arcane_stage::filter::Filter;
use arcane_stage::signpost::Signpost;
use arcane_stage::span::Range;
use leptos::prelude::*;

/// Recycled rows of the chronicle.
pub(crate) const FEED_ROWS: usize = 48;

/// The header's numbers, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Header {
    pub(crate) state: &'static str,
    pub(crate) detail: String,
    pub(crate) rate: String,
    pub(crate) p50: String,
    pub(crate) p99: String,
    pub(crate) missed: String,
    pub(crate) clock: String,
    pub(crate) watchers: String,
}

/// One row of the daemons table, as text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DaemonView {
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) rune: String,
    pub(crate) state: &'static str,
    pub(crate) last: String,
    pub(crate) invocations: String,
    pub(crate) rate: String,
    pub(crate) mean: String,
}

/// A label on the stage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabelView {
    pub(crate) name: String,
    pub(crate) line: String,
    pub(crate) color: String,
    pub(crate) phase: &'static str,
    pub(crate) transform: String,
    pub(crate) opacity: String,
}

/// An event in full.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Detail {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) json: String,
}

/// What a mark on the stage is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tip {
    pub(crate) text: String,
    /// The event, to open it.
    pub(crate) id: u64,
    /// Where, pixels of the stage.
    pub(crate) at: [f32; 2],
}

/// One bar of the histogram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bin {
    pub(crate) bound: String,
    pub(crate) count: String,
    /// Its height, percent.
    pub(crate) part: String,
    /// Beyond the usual deadline.
    pub(crate) late: bool,
}

/// One daemon's line of the statistics.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StatRow {
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) cells: [String; 6],
}

/// The statistics, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stats {
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) bins: Vec<Bin>,
    pub(crate) rows: Vec<StatRow>,
}

/// Where in time the page is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct When {
    /// Whether it visits the past.
    pub(crate) visiting: bool,
    pub(crate) post: Signpost,
    pub(crate) playing: bool,
    pub(crate) range: Range,
    /// Where the scrubber's needle is, percent.
    pub(crate) needle: String,
    /// Seconds that the scrubber spans, and which of them it is at.
    pub(crate) seconds: [String; 2],
    /// The moment in words.
    pub(crate) said: String,
    /// What the pointer is over: where, and what happened there.
    pub(crate) hint: [String; 2],
}

/// How the stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Canvas {
    /// Painting.
    Painting,
    /// The browser took the graphics context; it will be back.
    Lost,
    /// This browser cannot paint at all.
    Absent,
}

/// What to say where there is nothing to see.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Quiet {
    /// There is something to see.
    No,
    /// First contact.
    Connecting,
    /// Connected, and nothing has happened yet.
    Empty,
    /// Everybody is gone; when something last happened.
    Deserted(String),
    /// At this moment of the past nobody was there.
    Before(&'static str),
    /// The past cannot be shown, and why.
    Trouble(&'static str, String),
    /// No connection, and why.
    Disconnected(String),
}

/// Every signal of the page.
#[derive(Clone, Copy)]
pub(crate) struct Views {
    pub(crate) header: RwSignal<Header>,
    pub(crate) daemons: RwSignal<Vec<DaemonView>>,
    /// How many are present, also beyond the table's rows.
    pub(crate) present: RwSignal<usize>,
    pub(crate) labels: RwSignal<Vec<LabelView>>,
    pub(crate) rows: RwSignal<Vec<Row>>,
    pub(crate) feed_total: RwSignal<usize>,
    pub(crate) feed_first: RwSignal<usize>,
    pub(crate) feed_newer: RwSignal<usize>,
    pub(crate) feed_pin: RwSignal<Option<u64>>,
    pub(crate) names: RwSignal<Vec<String>>,
    pub(crate) filter: RwSignal<Filter>,
    pub(crate) display: RwSignal<Option<String>>,
    pub(crate) subtitle: RwSignal<Option<(String, String)>>,
    pub(crate) storm: RwSignal<Option<u64>>,
    pub(crate) badge: RwSignal<bool>,
    pub(crate) quiet: RwSignal<Quiet>,
    pub(crate) last_heard: RwSignal<String>,
    pub(crate) when: RwSignal<When>,
    pub(crate) detail: RwSignal<Option<Detail>>,
    pub(crate) help: RwSignal<bool>,
    pub(crate) sound: RwSignal<bool>,
    pub(crate) reduced: RwSignal<bool>,
    pub(crate) room: RwSignal<String>,
    pub(crate) rooms: RwSignal<Vec<String>>,
    pub(crate) lexicon: RwSignal<Lexicon>,
    pub(crate) canvas: RwSignal<Canvas>,
    pub(crate) announcement: RwSignal<String>,
    pub(crate) alert: RwSignal<String>,
    pub(crate) mana: RwSignal<Option<[String; 3]>>,
    /// What the stage leaves out: several events in one mark, daemons without a circle.
    pub(crate) ratio: RwSignal<String>,
    /// What the pointer or the focus is on: a text and where.
    pub(crate) tip: RwSignal<Option<Tip>>,
    pub(crate) pins: RwSignal<Vec<Row>>,
    pub(crate) stats: RwSignal<Stats>,
    pub(crate) stats_open: RwSignal<bool>,
    pub(crate) settings_open: RwSignal<bool>,
    pub(crate) quality_now: RwSignal<String>,
    pub(crate) wall: RwSignal<bool>,
    pub(crate) notice: RwSignal<String>,
}

impl Views {
    pub(crate) fn new(room: &str, filter: Filter, sound: bool, reduced: bool) -> Self {
        Self {
            header: RwSignal::new(Header { state: "connecting", ..Header::default() }),
            daemons: RwSignal::new(Vec::new()),
            present: RwSignal::new(0),
            labels: RwSignal::new(Vec::new()),
            rows: RwSignal::new(Vec::new()),
            feed_total: RwSignal::new(0),
            feed_first: RwSignal::new(0),
            feed_newer: RwSignal::new(0),
            feed_pin: RwSignal::new(None),
            names: RwSignal::new(Vec::new()),
            filter: RwSignal::new(filter),
            display: RwSignal::new(None),
            subtitle: RwSignal::new(None),
            storm: RwSignal::new(None),
            badge: RwSignal::new(false),
            quiet: RwSignal::new(Quiet::Connecting),
            last_heard: RwSignal::new(String::new()),
            when: RwSignal::new(When {
                visiting: false,
                post: Signpost { mode: "live", ..Signpost::default() },
                playing: false,
                range: Range::default(),
                needle: "100%".into(),
                seconds: ["0".into(), "0".into()],
                said: "live".into(),
                hint: [String::new(), String::new()],
            }),
            detail: RwSignal::new(None),
            help: RwSignal::new(false),
            sound: RwSignal::new(sound),
            reduced: RwSignal::new(reduced),
            room: RwSignal::new(room.to_owned()),
            rooms: RwSignal::new(vec![room.to_owned()]),
            lexicon: RwSignal::new(Lexicon::default()),
            canvas: RwSignal::new(Canvas::Painting),
            announcement: RwSignal::new(String::new()),
            alert: RwSignal::new(String::new()),
            mana: RwSignal::new(None),
            ratio: RwSignal::new(String::new()),
            tip: RwSignal::new(None),
            pins: RwSignal::new(Vec::new()),
            stats: RwSignal::new(Stats::default()),
            stats_open: RwSignal::new(false),
            settings_open: RwSignal::new(false),
            quality_now: RwSignal::new(String::new()),
            wall: RwSignal::new(false),
            notice: RwSignal::new(String::new()),
        }
    }
}

/// Sets a signal only if its value changes: nothing downstream runs for nothing.
pub(crate) fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
