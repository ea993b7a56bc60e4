//! From the page's state to what people read: called a few times a second, never per event.

use std::rc::Rc;

use arcane_shared::control::CloseCode;
use arcane_stage::counts::Counts;
use arcane_stage::feed;
use arcane_stage::feed::Asked;
use arcane_stage::latency::Report;
use arcane_stage::link::State;
use arcane_stage::stage::{Caption, Label};
use arcane_stage::store::Stored;
use arcane_stage::summary::{self, ago, fixed};
use leptos::prelude::*;

use crate::clock;
use crate::components::chronicle::FEED_ROWS;
use crate::components::header::Figures;
use crate::components::stage_view::{Canvas, LabelView, Quiet, Said};
use crate::page::Page;
use crate::views::{Views, put};

/// The things that move with the circles: ten times a second. Their lines change with the other texts only, or with what
/// they say it is: a line that is replaced ten times a second is read by nobody.
pub(crate) fn project_stage(page: &mut Page, views: Views, labels: &mut Vec<Label>, lines: bool) {
    let now = clock::now();
    page.stage.labels(now, labels);
    let known = |name: &str, phase: &str| {
        views.stage.labels.read(name, |known| (known.phase == phase).then(|| known.line.clone())).flatten()
    };
    let after = labels.iter().map(|label| {
        let mut view = label_view(label);
        if !lines {
            view.line = known(&label.name, view.phase).unwrap_or(view.line);
        }
        (label.name.clone(), view)
    });
    views.stage.labels.put(after);
    let text = |caption: Option<&Caption>| caption.map(|caption| caption.text.clone()).unwrap_or_default();
    put(views.stage.display, text(page.stage.display(now)));
    let subtitle = page.stage.subtitle(now);
    put(views.stage.spoken, text(subtitle));
    put(views.stage.speaker, subtitle.map(|caption| caption.speaker.clone()).unwrap_or_default());
    let governor = page.stage.governor();
    let storm = governor.storm(now).map(|storm| {
        format!("failing: {} in 10 s · {} in this storm", governor.failures_lately(now), storm.count)
    });
    if storm.is_some() && views.stage.storm.with_untracked(String::is_empty) {
        put(views.told.alert, "Many failures at once: the storm is counted on the stage.".into());
    }
    put(views.stage.storm, storm.unwrap_or_default());
    put(views.stage.ratio, ratio(page, labels.len()));
    put(views.badge, views.header.reduced.get_untracked() && page.stage.display(now).is_some());
    if page.painter_failed {
        page.canvas = Canvas::Absent;
    }
    put(views.stage.said, Said::of(quiet(page), page.canvas));
}

/// Tables and lists: four times a second.
pub(crate) fn project_text(page: &mut Page, views: Views) {
    // Whatever this browser's clock says: events are dated by the server's.
    let present = page.present();
    if page.sync.estimate().is_some() {
        page.store.timeline_mut().advance(present);
    }
    put(views.header.figures, header(page, clock::now()));
    crate::attention::attend(page, views);
    // Lengths of time are those of the moment that is shown.
    let visiting = page.time_travel.travel.is_some();
    let unix = if visiting { page.moment() } else { present };
    let window = views.daemons.window();
    put(views.daemons.words, page.shown().daemons().words(window));
    put(views.daemons.present, page.shown().daemons().present().count());
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
        latest.map_or_else(String::new, |at| format!("last event {} {}", ago(unix - at), since(page))),
    );
    if let Some(later) = views.later.get_untracked() {
        (later.project)(page, views, unix);
    }
    project_feed(page, views);
}

/// The chronicle's window.
pub(crate) fn project_feed(page: &Page, views: Views) {
    let filter = views.chronicle.filter.get_untracked();
    let first = views.chronicle.first.get_untracked();
    let (now, all) = (page.moment(), views.chronicle.all.get_untracked());
    let offset_ms = clock::offset_ms(now);
    let asked = Asked { skip: first, count: FEED_ROWS, held: page.held.as_ref(), all, now, offset_ms };
    let window = feed::window(page.shown(), &filter, asked);
    let hidden = (window.hidden > 0).then(|| format!("{} looks, parses and voices hidden", window.hidden));
    let shown = all.then(|| "looks, parses and voices are shown".to_owned());
    put(views.chronicle.hidden, hidden.or(shown).unwrap_or_default());
    put(views.chronicle.total, window.total);
    let more = if window.overrun { "+" } else { "" };
    let newer = (window.newer > 0).then(|| format!("{}{more} new", window.newer));
    put(views.chronicle.newer, newer.unwrap_or_default());
    let placed = window.rows.into_iter().enumerate().map(|(slot, row)| (slot, (first + slot, row)));
    views.chronicle.rows.put(placed);
    let row = |pin: &Rc<Stored>| (pin.id, (0, feed::event_row(pin, page.store.daemons(), offset_ms)));
    views.chronicle.pins.put(page.pins().map(row));
}

/// One polite sentence, every five seconds, if anything happened.
pub(crate) fn announce(page: &Page, views: Views, before: &mut (u64, u64)) {
    let after = (page.store.events_total(), page.store.failures_total());
    let (events, failures) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    *before = after;
    // A visitor of the past is not told of the present.
    if events > 0 && page.time_travel.travel.is_none() {
        let present = page.store.daemons().present().count();
        let failed = if failures > 0 { format!(", {failures} failed") } else { String::new() };
        put(views.told.announcement, format!("{events} events{failed}. {present} daemons present."));
    }
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
            1 => "1 event behind".into(),
            behind => format!("{behind} events behind"),
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
        let why = reason.clone();
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
        State::Live => Quiet::Deserted(format!("{} events told so far", store.events_total())),
        State::Connecting | State::Reconnecting { .. } | State::Disconnected { .. } => Quiet::Connecting,
    }
}

fn label_view(label: &Label) -> LabelView {
    LabelView {
        name: label.name.clone(),
        line: summary::shorten(&label.line, 60),
        color: label.color.to_string(),
        phase: label.phase,
        is_moon: label.is_moon,
        transform: format!(
            "translate({}px, {}px) translateX(-50%)",
            fixed(label.at[0].into(), 0),
            fixed(label.at[1].into(), 0)
        ),
        opacity: fixed(label.opacity.max(0.0).into(), 2),
    }
}

/// What the stage leaves out; empty when it shows everything.
fn ratio(page: &Page, circles: usize) -> String {
    let ratio = page.stage.events_per_mark();
    let present = page.shown().daemons().present().count();
    let mut said = if ratio > 1 { format!("one mark = {ratio} events") } else { String::new() };
    if page.stage.left_out() > 0 {
        if !said.is_empty() {
            said.push_str(" · ");
        }
        said.push_str(&format!("{circles} of {present} daemons shown"));
    }
    said
}

/// From where a length of time counts back: the present, or the moment of a visit.
pub(crate) fn since(page: &Page) -> &'static str {
    if page.time_travel.travel.is_some() { "before" } else { "ago" }
}
