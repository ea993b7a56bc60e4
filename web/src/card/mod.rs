//! The card that shows what an agent asks and takes the answer: what it is about, and what has become of it meanwhile.

mod always;
mod answering;
pub(crate) use answering::sentence;
pub(crate) mod linked;

use std::sync::Arc;
use std::time::Duration;

use arcane_stage::asking::always::Suggested;
use arcane_stage::asking::end::{self, Outcome};
use arcane_stage::asking::form::{self, Field};
use arcane_stage::asking::guard::{Dead, Guard};
use arcane_stage::asking::input::{self, Shown};
use arcane_stage::asking::request::Request;
use arcane_stage::asking::wait::{self, Asked};
use arcane_stage::duration::{Form, duration};
use arcane_stage::{palette, runes, summary};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::app_handle::AppHandle;
use crate::clock;
use crate::page::Page;
use crate::rows::Rows;
use crate::views::{Views, put};

/// From here on the time that is left is told, milliseconds.
const LEFT_MS: f64 = 60_000.0;
/// How long the end of what was asked stands where nobody else waits, milliseconds.
const OVER_MS: f64 = 6_000.0;
/// How much longer it stands if a rule is suggested, milliseconds.
const SUGGESTED_MS: f64 = 30_000.0;
/// When what has changed has rested: a little later than it is dead.
const RESTED: Duration = Duration::from_millis(420);
/// Until the server is asked again that did not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How wide the card is, and how far a circle with its label reaches from its middle, pixels.
const CARD_PX: f64 = 560.0;
const CIRCLE_PX: f64 = 100.0;
/// Most others that are listed.
const OTHERS_MAX: usize = 20;

/// Whose question it is, in words that go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CardView {
    pub(crate) color: String,
    pub(crate) rune: String,
    /// For how long it waits.
    pub(crate) since: String,
    /// How long it can still be answered from here; empty: long.
    pub(crate) left: String,
    /// Which of how many; empty: the only one.
    pub(crate) place: String,
    /// Where in the page it stands; empty: where it stands as a rule.
    pub(crate) at: String,
}

/// Another one who waits.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OtherView {
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) rune: String,
    pub(crate) text: String,
    pub(crate) project: String,
    pub(crate) since: String,
    pub(crate) asked: Asked,
}

/// What an agent asks, as the server tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) request: Request,
    pub(crate) shown: Shown,
    pub(crate) fields: Vec<Field>,
}

/// What the card shows.
#[derive(Clone, Copy)]
pub(crate) struct Card {
    pub(crate) open: RwSignal<bool>,
    /// The wait that it is about.
    pub(crate) asked: RwSignal<Asked>,
    pub(crate) view: RwSignal<CardView>,
    /// `None`: the server has not told of it yet, or nothing can be answered here.
    pub(crate) question: RwSignal<Option<Arc<Question>>>,
    /// Requests that ask the very same, and whose they are.
    pub(crate) alike: RwSignal<Vec<[String; 2]>>,
    /// Why nothing can be answered here; empty: it can.
    pub(crate) elsewhere: RwSignal<String>,
    /// What has become of it; empty: it goes on.
    pub(crate) over: RwSignal<(Outcome, String)>,
    /// A rule that would spare questions like this.
    pub(crate) rule: RwSignal<Option<Suggested>>,
    /// Whether one was added, and the list of rules is offered.
    pub(crate) added: RwSignal<bool>,
    /// What went wrong with an answer.
    pub(crate) trouble: RwSignal<String>,
    /// Why a press means nothing now.
    pub(crate) dead: RwSignal<Option<Dead>>,
    pub(crate) others: Rows<OtherView>,
    /// The requests that are open, the oldest first.
    pub(crate) requests: RwSignal<Vec<String>>,
    pub(crate) dialog: NodeRef<html::Dialog>,
    /// What scrolls, and the mark at its end.
    pub(crate) region: NodeRef<html::Div>,
    pub(crate) mark: NodeRef<html::P>,
    pub(crate) message: NodeRef<html::Input>,
    guard: StoredValue<Guard>,
    /// Counts what was shown: answers of the server that are of something else are left alone.
    turn: StoredValue<u32>,
    /// When it ended, or the server did not answer.
    noted: StoredValue<f64>,
    /// When it was seen to wait no more, while the event of its end is waited for.
    gone: StoredValue<Option<f64>>,
}

impl Card {
    fn new() -> Self {
        Self {
            open: RwSignal::default(),
            asked: RwSignal::default(),
            view: RwSignal::default(),
            question: RwSignal::default(),
            alike: RwSignal::default(),
            elsewhere: RwSignal::default(),
            over: RwSignal::default(),
            rule: RwSignal::default(),
            added: RwSignal::default(),
            trouble: RwSignal::default(),
            dead: RwSignal::new(Some(Dead::Early)),
            others: Rows::default(),
            requests: RwSignal::default(),
            dialog: NodeRef::new(),
            region: NodeRef::new(),
            mark: NodeRef::new(),
            message: NodeRef::new(),
            guard: StoredValue::default(),
            turn: StoredValue::default(),
            noted: StoredValue::default(),
            gone: StoredValue::default(),
        }
    }

    /// The page's own.
    pub(crate) fn of(views: Views) -> Self {
        let own = views.card.get_value().unwrap_or_else(Self::new);
        views.card.set_value(Some(own));
        own
    }

    /// Shows what a daemon waits for.
    pub(crate) fn show(self, app: AppHandle, asked: Asked) {
        self.turn.update_value(|turn| *turn += 1);
        self.guard.update_value(|guard| guard.begin(clock::now()));
        self.gone.set_value(None);
        app.views.drawer.name.set(String::new());
        let may = app.with(|page| {
            self.view.update(|view| view.at = beside_circle(page, &asked.daemon));
            page.stage.set_focus(Some(asked.daemon.clone()));
            page.presence.may()
        });
        self.question.set(None);
        self.alike.set(Vec::new());
        self.over.set(<_>::default());
        self.rule.set(None);
        self.added.set(false);
        self.trouble.set(String::new());
        let where_it_runs = where_it_runs(&asked);
        self.elsewhere.set(match may {
            _ if asked.request_id.is_empty() => ["Answer ", &where_it_runs, "."].concat(),
            Some(true) => String::new(),
            _ => ["You may read here, and not answer. Answer ", &where_it_runs, "."].concat(),
        });
        self.asked.set(asked);
        self.open.set(true);
        if self.elsewhere.with_untracked(String::is_empty) {
            self.fetch(app);
        }
        app.refresh();
        self.rest();
        self.focus();
    }

    /// What the server tells of it is there.
    fn put(self, request: Request) {
        let input = request.input.clone().unwrap_or_default();
        let fields = if request.takes_answers { form::fields(&input) } else { Vec::new() };
        self.guard.update_value(|guard| guard.change(clock::now()));
        self.question.set(Some(Arc::new(Question { shown: input::shown(&input), fields, request })));
        self.rest();
    }

    /// Gives the focus to the card as a whole: what a key presses is chosen anew.
    pub(crate) fn focus(self) {
        let Some(dialog) = self.dialog.get_untracked() else { return };
        let own: &HtmlElement = dialog.unchecked_ref();
        let _ = own.focus();
    }

    /// Closes it.
    pub(crate) fn close(self, app: AppHandle) {
        self.turn.update_value(|turn| *turn += 1);
        self.open.set(false);
        if app.views.drawer.name.with_untracked(String::is_empty) {
            app.with(|page| page.stage.set_focus(None));
        }
    }

    /// Goes to the next one who waits, or to the one before.
    pub(crate) fn step(self, app: AppHandle, is_next: bool) {
        let next = app.with(|page| {
            let all = wait::waits(page.store.daemons());
            self.asked.with_untracked(|shown| wait::beside(&all, shown, is_next).cloned())
        });
        if let Some(next) = next.flatten() {
            self.show(app, next);
        }
    }

    /// Looks again at what counts, now and when what has changed has rested.
    fn rest(self) {
        self.settle();
        // What was put is laid out by the next frame.
        request_animation_frame(move || self.settle());
        set_timeout(move || self.settle(), RESTED);
    }

    /// Says why a press means nothing at this moment, if it does not.
    pub(crate) fn settle(self) {
        if self.question.with_untracked(Option::is_some) && self.shows_end() {
            self.guard.update_value(Guard::see_end);
        }
        let dead = self.guard.with_value(|guard| guard.dead(clock::now()));
        put(self.dead, dead);
    }

    /// Whether the mark at the end of what is asked is in view.
    fn shows_end(self) -> bool {
        let (Some(dialog), Some(region), Some(mark)) =
            (self.dialog.get_untracked(), self.region.get_untracked(), self.mark.get_untracked())
        else {
            return false;
        };
        let mark = mark.get_bounding_client_rect();
        let is_within = |outer: web_sys::DomRect| {
            mark.bottom() <= outer.bottom() + 1.0 && mark.top() >= outer.top() - 1.0
        };
        mark.height() > 0.0
            && is_within(region.get_bounding_client_rect())
            && is_within(dialog.get_bounding_client_rect())
    }

    /// It has ended: what is said of it stands, and its buttons are gone.
    fn end(self, outcome: Outcome, said: String) {
        self.guard.update_value(Guard::end);
        self.noted.set_value(clock::now());
        self.trouble.set(String::new());
        self.view.update(|view| view.left.clear());
        self.over.set((outcome, said));
        self.settle();
        // The button that was pressed is gone, and the focus with it.
        self.focus();
    }

    /// Shows what has become of it, and who else waits.
    pub(crate) fn project(self, page: &Page, is_covered: bool) {
        if !self.open.get_untracked() {
            return;
        }
        let (all, at) = (wait::waits(page.store.daemons()), page.present());
        let ids = all.iter().map(|other| other.request_id.clone()).filter(|id| !id.is_empty());
        put(self.requests, ids.collect());
        let shown = self.asked.get_untracked();
        let own = all.iter().position(|other| other.is(&shown));
        let color = |name: &str| palette::text_color(page.store.daemons().color(name)).to_string();
        let rune = |name: &str| runes::svg_path(runes::inscribe(name).heart);
        let left = shown.expires_at.map(|end| (end - at).max(0.0)).filter(|left| *left < LEFT_MS);
        let is_over = self.guard.with_value(Guard::is_over);
        if !is_over {
            put(
                self.view,
                CardView {
                    color: color(&shown.daemon),
                    rune: rune(&shown.daemon),
                    since: duration(at - shown.since, Form::Runs),
                    // It stands still, whatever becomes of the circle: nothing moves under the pointer.
                    at: self.view.with_untracked(|view| view.at.clone()),
                    left: left.map(|left| duration(left, Form::Runs)).unwrap_or_default(),
                    place: match own {
                        Some(own) if all.len() > 1 => {
                            [&(own + 1).to_string(), " of ", &all.len().to_string()].concat()
                        }
                        _ => String::new(),
                    },
                },
            );
        }
        let others = all.iter().filter(|other| !other.is(&shown)).take(OTHERS_MAX);
        self.others.put(others.map(|other| {
            let view = OtherView {
                name: other.daemon.clone(),
                color: color(&other.daemon),
                rune: rune(&other.daemon),
                text: summary::shorten(&other.reason, summary::SUMMARY_MAX),
                project: other.place[0].clone(),
                since: duration(at - other.since, Form::Runs),
                asked: other.clone(),
            };
            (other.seq, view)
        }));
        if is_over {
            // What is open over it leads back to it.
            if !is_covered {
                self.leave(all.len());
            }
        } else if !self.guard.with_value(Guard::is_under_way) {
            self.follow(page, own.map(|own| &all[own]), &shown);
        }
        self.settle();
    }

    /// Notices that it was answered elsewhere, or by nobody. It is projected several times a second, so this looks again.
    fn follow(self, page: &Page, own: Option<&Asked>, shown: &Asked) {
        if own.is_some_and(|own| own.request_id == shown.request_id) {
            return self.gone.set_value(None);
        }
        let now = clock::now();
        let gone = self.gone.get_value().unwrap_or(now);
        self.gone.set_value(Some(gone));
        let id = &shown.request_id;
        let told = end::find(&page.store, id).filter(|_| !id.is_empty());
        if let Some((outcome, said)) = end::said(told, id, now - gone) {
            self.end(outcome, said);
        }
    }

    /// Goes away by itself where nobody else waits: nothing takes its place.
    fn leave(self, waiting: usize) {
        if waiting == 0 && self.noted.with_value(|at| clock::now() - at > OVER_MS) {
            // The dialog tells of its end.
            self.open.set(false);
        }
    }
}

/// Opens what there is to say of a daemon: what it asks, if that is now, or else its drawer.
pub(crate) fn open_daemon(app: AppHandle, name: String) {
    let asked = app.with(|page| {
        let is_now = page.recorded.is_none() && page.time_travel.travel.is_none();
        let mut all = if is_now { wait::waits(page.store.daemons()) } else { Vec::new() };
        all.retain(|asked| asked.daemon == name);
        let at = all.iter().position(|asked| !asked.request_id.is_empty()).unwrap_or(0);
        (at < all.len()).then(|| all.swap_remove(at))
    });
    match asked.flatten() {
        Some(asked) => Card::of(app.views).show(app, asked),
        None => app.open_drawer(name),
    }
}

/// Where the card stands beside a daemon's circle; empty: nowhere in particular.
fn beside_circle(page: &Page, name: &str) -> String {
    let centre = page.stage.centre(name).map(|[x, _]| f64::from(x));
    let scene = document().get_element_by_id("scene").map(|scene| scene.get_bounding_client_rect().left());
    let Some(x) = centre.zip(scene).map(|(x, left)| x + left) else { return String::new() };
    let wide = window().inner_width().ok().and_then(|wide| wide.as_f64()).unwrap_or(0.0);
    let at = if x + CIRCLE_PX + CARD_PX < wide { x + CIRCLE_PX } else { x - CIRCLE_PX - CARD_PX };
    if at < 0.0 { String::new() } else { summary::fixed(at, 0) + "px" }
}

/// Where the agent's own prompt is.
pub(crate) fn where_it_runs(asked: &Asked) -> String {
    match asked.place[1].as_str() {
        "" => "in its terminal".into(),
        host => ["in the terminal on ", host].concat(),
    }
}
