//! What the components read: signals, filled by projection a few times a second. Each component says what it shows.

use arcane_stage::dictionary::{Term, Tongue};
use arcane_stage::filter::Filter;
use arcane_stage::signpost::Signpost;
use arcane_stage::span::Range;
use leptos::prelude::*;

use crate::card::Card;
use crate::components::chronicle::ChronicleState;
use crate::components::daemons::DaemonsState;
use crate::components::drawer::DrawerState;
use crate::components::event_detail::Detail;
use crate::components::header::HeaderState;
use crate::components::search::SearchState;
use crate::components::settings::SettingsState;
use crate::components::spell_bar::SpellState;
use crate::components::stage_view::StageState;
use crate::components::stats::StatsState;
use crate::components::timeline::StripState;
use crate::later::Later;

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

impl Default for When {
    fn default() -> Self {
        Self {
            visiting: false,
            post: Signpost { mode: "live", ..Signpost::default() },
            playing: false,
            range: Range::default(),
            needle: "100%".into(),
            seconds: ["0".into(), "0".into()],
            said: "live".into(),
            hint: Default::default(),
        }
    }
}

/// What is told in passing, and to those who listen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) notice: RwSignal<String>,
    pub(crate) announcement: RwSignal<String>,
    pub(crate) alert: RwSignal<String>,
}

/// Every signal of the page, by component.
#[derive(Clone, Copy)]
pub(crate) struct Views {
    pub(crate) header: HeaderState,
    pub(crate) daemons: DaemonsState,
    pub(crate) drawer: DrawerState,
    pub(crate) stage: StageState,
    pub(crate) spells: SpellState,
    pub(crate) chronicle: ChronicleState,
    pub(crate) search: SearchState,
    pub(crate) strip: StripState,
    pub(crate) when: RwSignal<When>,
    /// The rooms of the recording that is shown, and which of them is.
    pub(crate) recorded: RwSignal<Vec<String>>,
    pub(crate) recorded_room: RwSignal<String>,
    pub(crate) detail: RwSignal<Option<Detail>>,
    /// What agents ask, once what opens later is there.
    pub(crate) card: StoredValue<Option<Card>>,
    pub(crate) help: RwSignal<bool>,
    /// Whether the list of rules is open.
    pub(crate) rules: RwSignal<bool>,
    pub(crate) stats: StatsState,
    pub(crate) settings: SettingsState,
    pub(crate) told: Told,
    /// In which words the page speaks.
    pub(crate) tongue: RwSignal<Tongue>,
    /// What opens later, once it is there.
    pub(crate) later: RwSignal<Option<&'static Later>>,
    /// Whether nothing but the stage is shown.
    pub(crate) wall: RwSignal<bool>,
    /// Whether a failure is shown by a frame around the page instead of an inversion.
    pub(crate) badge: RwSignal<bool>,
}

impl Views {
    pub(crate) fn new(room: &str, filter: Filter, reduced: bool) -> Self {
        Self {
            header: HeaderState::new(room, reduced),
            daemons: DaemonsState::default(),
            drawer: DrawerState::default(),
            stage: StageState::default(),
            spells: SpellState::default(),
            chronicle: ChronicleState::new(filter),
            search: SearchState::default(),
            strip: StripState::default(),
            when: RwSignal::default(),
            recorded: RwSignal::default(),
            recorded_room: RwSignal::default(),
            detail: RwSignal::default(),
            card: StoredValue::default(),
            help: RwSignal::default(),
            rules: RwSignal::default(),
            stats: StatsState::default(),
            settings: SettingsState::default(),
            told: Told::default(),
            tongue: RwSignal::default(),
            later: RwSignal::default(),
            wall: RwSignal::default(),
            badge: RwSignal::default(),
        }
    }

    /// A term in the page's words, followed.
    pub(crate) fn say(&self, term: Term) -> Signal<&'static str> {
        let tongue = self.tongue;
        Signal::derive(move || tongue.get().say(term))
    }
}

/// Whether a dialog is open, which has its own keys. The browser's word: a dialog is closed at once, and tells of it later.
pub(crate) fn in_dialog() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|open| open.is_some())
}

/// Sets a signal only if its value changes: nothing downstream runs for nothing.
pub(crate) fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
