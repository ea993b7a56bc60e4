//! From the page's state to what people read: called a few times a second, never per event.

use std::rc::Rc;

use arcane_shared::control::CloseCode;
use arcane_shared::roster::DaemonState;
use arcane_shared::visible::lines;
use arcane_shared::{Seq, counted};
use arcane_stage::counts::{self, Counts};
use arcane_stage::daemons::Daemons;
use arcane_stage::dictionary::Term;
use arcane_stage::duration::{Form, duration};
use arcane_stage::feed;
use arcane_stage::feed::Asked;
use arcane_stage::latency::Report;
use arcane_stage::link::State;
use arcane_stage::stage::{Label, LabelKind};
use arcane_stage::store::Stored;
use arcane_stage::summary::{self, fixed};
use arcane_stage::{lane, states};
use leptos::prelude::*;

use crate::clock;
use crate::components::chronicle::FEED_ROWS;
use crate::components::header::Figures;
use crate::components::stage_view::{Canvas, LabelView, LaneView, Quiet, Said};
use crate::page::Page;
use crate::views::{Views, put};

/// The things that move with the marks: ten times a second. Their words change four times a second, with time.
pub(crate) fn project_stage(page: &mut Page, views: Views, labels: &mut Vec<Label>) {
    let now = clock::now();
    page.stage.labels(now, labels);
    views.stage.labels.put(labels.iter().map(|label| (label.key.clone(), label_view(label))));
    put(views.stage.lane, message_lane(page));
    let governor = page.stage.governor();
    let storm = governor.storm(now).map(|storm| {
        format!("failing: {} in 10 s · {} in this storm", governor.failures_lately(now), storm.count)
    });
    if storm.is_some() && views.stage.storm.with_untracked(String::is_empty) {
        put(views.told.alert, "Many failures at once: the storm is counted on the stage.".into());
    }
    put(views.stage.storm, storm.unwrap_or_default());
    put(views.stage.ratio, ratio(page));
    let fails = page.stage.lane().now().is_some_and(|(message, _)| message.kind == lane::Kind::Failure);
    let is_still = views.header.reduced.get_untracked() || page.stage.forced().is_some();
    put(views.badge, is_still && fails);
    if page.painter_failed {
        page.canvas = Canvas::Absent;
    }
    let quiet = match quiet(page) {
        Quiet::Locked(_) if !page.shows_token && views.stage.has_spent_link.get_untracked() => Quiet::Spent,
        quiet => quiet,
    };
    put(views.stage.said, Said::of(quiet, page.canvas, page.viewer().tongue));
}

/// Who waits: title, icon and the header's counts, soon after that changes. The tables follow at their own pace.
/// Says whether something is to follow.
pub(crate) fn project_attention(page: &mut Page, views: Views) -> bool {
    let follows = crate::attention::attend(page, views);
    let visiting = page.time_travel.travel.is_some();
    let unix = if visiting { page.moment() } else { page.present() };
    put(views.header.counts, Counts::of(page.shown().daemons(), unix));
    follows
}

/// Tables: four times a second.
pub(crate) fn project_text(page: &mut Page, views: Views) {
    // Whatever this browser's clock says: events are dated by the server's.
    let present = page.present();
    if page.sync.estimate().is_some() {
        page.store.timeline_mut().advance(present);
    }
    put(views.tongue, page.viewer().tongue);
    put(views.header.figures, header(page, clock::now()));
    crate::attention::attend(page, views);
    // Lengths of time are those of the moment that is shown.
    let visiting = page.time_travel.travel.is_some();
    let unix = if visiting { page.moment() } else { present };
    let window = views.daemons.window();
    put(views.daemons.words, page.shown().daemons().words(window));
    put(views.daemons.present, page.shown().daemons().present().count());
    let shown = page.time_travel.travel.as_ref().filter(|travel| travel.has_shown());
    let daemons = shown.map_or(&page.store, |travel| travel.store()).daemons();
    page.stage.refresh(daemons, unix, clock::now());
    let store = page.shown();
    put(views.header.counts, Counts::of(store.daemons(), unix));
    put(views.header.cost, crate::statistics::cost_today(store.daemons(), unix));
    crate::daemon_rows::project(page, views, window, unix);
    let names = store.daemons().iter().take(200).map(|daemon| daemon.daemon_name.to_string());
    put(views.chronicle.names, names.collect());
    let present: Vec<String> =
        store.daemons().present().map(|daemon| daemon.daemon_name.to_string()).collect();
    if views.spells.lexicon.with_untracked(|lexicon| lexicon.present != present) {
        views.spells.lexicon.update(|lexicon| lexicon.present = present);
    }
    let latest = store.newest_first().find_map(|entry| match entry {
        arcane_stage::store::Entry::Event(stored, _) => Some(stored.event.timestamp.unix_millis()),
        _ => None,
    });
    put(views.daemons.mana, crate::statistics::mana(page, window, unix));
    put(
        views.daemons.last_heard,
        latest.map_or_else(String::new, |at| {
            format!("last event {} {}", duration(unix - at, Form::Passed), since(page))
        }),
    );
    if let Some(later) = views.later.get_untracked() {
        (later.project)(page, views, unix);
    }
}

/// The chronicle's window.
pub(crate) fn project_feed(page: &Page, views: Views) {
    let filter = views.chronicle.filter.get_untracked();
    let first = views.chronicle.first.get_untracked();
    let (now, all) = (page.moment(), views.chronicle.all.get_untracked());
    let viewer = page.viewer();
    let asked = Asked { skip: first, count: FEED_ROWS, held: page.held.as_ref(), all, now, viewer };
    let window = feed::window(page.shown(), &filter, asked);
    let asides = viewer.tongue.say(Term::Asides);
    let hidden = (window.hidden > 0).then(|| [asides, ": ", &window.hidden.to_string(), " hidden"].concat());
    let shown = || all.then(|| [asides, " are shown"].concat());
    put(views.chronicle.hidden, hidden.or_else(shown).unwrap_or_default());
    put(views.chronicle.total, window.total);
    let more = if window.overrun { "+" } else { "" };
    let newer = (window.newer > 0).then(|| format!("{}{more} new", window.newer));
    put(views.chronicle.newer, newer.unwrap_or_default());
    let placed = window.rows.into_iter().enumerate().map(|(slot, row)| (slot, (first + slot, row)));
    views.chronicle.rows.put(placed);
    let row = |pin: &Rc<Stored>| (pin.id, (0, feed::event_row(pin, page.store.daemons(), viewer)));
    views.chronicle.pins.put(page.pins().map(row));
}

/// One polite sentence, every five seconds, if anything happened: what failed, or else how much happened; and who waits.
pub(crate) fn announce(page: &Page, views: Views, before: &mut (u64, u64)) {
    let daemons = page.store.daemons();
    let after = (page.store.events_total(), daemons.roster().seq());
    let (events, told) = (after.0.saturating_sub(before.0), std::mem::replace(before, after).1);
    // A visitor of the past is not told of the present.
    if events > 0 && page.time_travel.travel.is_none() {
        let mut said = failed_since(daemons, told).unwrap_or_else(|| {
            let present = counted(daemons.present().count() as u64, page.viewer().tongue.say(Term::Daemon));
            [&counted(events, "event"), ". ", &present, " present"].concat()
        });
        for part in [". ", &Counts::of(daemons, page.present()).waiting()] {
            said.push_str(part);
        }
        put(views.told.announcement, said);
    }
}

/// What failed after an event, and lasts.
fn failed_since(daemons: &Daemons, seq: Seq) -> Option<String> {
    let is_new = |daemon: &&DaemonState| daemon.failure.as_ref().is_some_and(|failure| failure.seq > seq);
    let last = daemons.present().filter(is_new).max_by_key(|daemon| daemon.heard_seq)?;
    let failure = last.failure.as_ref()?;
    let others = daemons.present().filter(is_new).count() - 1;
    let others = if others > 0 { format!(", and {others} more failed") } else { String::new() };
    Some(format!("{} failed: {}: {}{others}", last.daemon_name, failure.task, failure.error))
}

fn header(page: &Page, now: f64) -> Figures {
    let report = page.latency.report();
    let ms = |value: Option<f64>| value.map_or_else(|| "–".into(), |v| fixed(v, 0) + " ms");
    if page.recorded.is_some() {
        return Figures { state: "recording", ..figures(page, &report, ms, String::new()) };
    }
    let state = page.link.state();
    let detail = match state {
        State::Reconnecting { .. } => {
            page.link.seconds_left(now).map(|left| format!("in {left} s")).unwrap_or_default()
        }
        State::Disconnected { reason, .. } => summary::shorten(reason, 80),
        State::Connecting => String::new(),
        State::Live => match page.store.behind().max(page.lagging) {
            0 => String::new(),
            behind => counted(behind, "event") + " behind",
        },
    };
    Figures { state: state.word(), ..figures(page, &report, ms, detail) }
}

fn figures(page: &Page, report: &Report, ms: impl Fn(Option<f64>) -> String, detail: String) -> Figures {
    let rate = page.shown().timeline().rate(5);
    Figures {
        state: "",
        detail,
        rate: fixed(rate, usize::from(rate < 100.0)),
        p50: ms(report.p50),
        p99: ms(report.p99),
        missed: report.missed.to_string(),
        clock: page.sync.estimate().map_or_else(
            || "–".into(),
            |known| {
                let sign = if known.offset_ms < 0.0 { "" } else { "+" };
                format!("{sign}{} ±{} ms", fixed(known.offset_ms, 1), fixed(known.error_ms, 1))
            },
        ),
        watchers: page.subscribers.to_string(),
        is_demo: page.is_demo,
        is_late: report.p99.is_some_and(|p99| p99 > crate::statistics::DEADLINE_MS),
    }
}

fn quiet(page: &Page) -> Quiet {
    let store = page.shown();
    if let Some(travel) = &page.time_travel.travel {
        let nobody = store.daemons().present().next().is_none();
        return match travel.trouble() {
            Some(trouble) => {
                let (title, sentence) = trouble.words();
                Quiet::Trouble(title, sentence)
            }
            None if travel.is_looking() || !nobody => Quiet::No,
            None if store.events_total() == 0 => Quiet::Before("Nothing had happened yet"),
            None => Quiet::Before("Nobody was here"),
        };
    }
    if let State::Disconnected { code, reason } = page.link.state() {
        let why = lines(reason).into_owned();
        return match *code {
            0 => Quiet::Astray(why),
            code if code == CloseCode::NotAuthenticated.code() => {
                Quiet::Locked(if page.shows_token { why } else { "This server wants a token.".into() })
            }
            _ => Quiet::Disconnected(why),
        };
    }
    if let State::Reconnecting { .. } = page.link.state() {
        return Quiet::Cut;
    }
    if store.daemons().present().next().is_some() {
        return Quiet::No;
    }
    match page.link.state() {
        State::Live if store.events_total() == 0 => Quiet::Empty,
        State::Live => Quiet::Deserted(counted(store.events_total(), "event") + " told so far"),
        State::Connecting | State::Reconnecting { .. } | State::Disconnected { .. } => Quiet::Connecting,
    }
}

fn label_view(label: &Label) -> LabelView {
    let [x, y, w, h] = label.room;
    LabelView {
        key: label.key.clone(),
        kind: match label.kind {
            LabelKind::Seat if label.is_tight => "seat tight",
            LabelKind::Seat => "seat",
            LabelKind::Seal => "seal",
            LabelKind::Moon => "moon",
            LabelKind::Crest => "crest",
        },
        name: label.name.clone(),
        figure: label.figure.clone(),
        line: summary::shorten(&label.line, 80),
        color: label.color.to_string(),
        phase: label.phase,
        size: [w, h].map(|length| fixed(length.into(), 0) + "px"),
        transform: format!("translate({}px, {}px)", fixed(x.into(), 0), fixed(y.into(), 0)),
        opacity: fixed(label.opacity.max(0.0).into(), 2),
    }
}

/// What the lane says: the open request that is to be answered first, for as long as it is open, or else the message that stands.
fn message_lane(page: &Page) -> LaneView {
    let daemons = page.shown().daemons();
    let first = counts::first_wait(daemons);
    let message = page.stage.lane().now();
    let (requests, messages) = match first {
        Some(_) => (counts::questions(daemons) - 1, page.stage.lane().len()),
        None => (0, message.map_or(0, |(_, more)| more)),
    };
    let more = [(requests, "request"), (messages, "message")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| ["+", &counted(count as u64, what)].concat())
        .collect::<Vec<_>>()
        .join(" · ");
    match (first, message) {
        (Some((daemon, wait)), _) => LaneView {
            kind: "request",
            speaker: daemon.daemon_name.to_string(),
            text: states::waits_for(&wait.reason),
            more,
        },
        (None, Some((message, _))) => LaneView {
            kind: message.kind.word(),
            speaker: message.speaker.clone(),
            text: summary::shorten(&message.text, 240),
            more,
        },
        (None, None) => LaneView::default(),
    }
}

/// What the stage leaves out; empty when it shows everything.
fn ratio(page: &Page) -> String {
    let ratio = page.stage.events_per_mark();
    if ratio > 1 { format!("one mark = {ratio} events") } else { String::new() }
}

/// From where a length of time counts back: the present, or the moment of a visit.
pub(crate) fn since(page: &Page) -> &'static str {
    if page.time_travel.travel.is_some() { "before" } else { "ago" }
}
