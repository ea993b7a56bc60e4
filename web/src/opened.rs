//! From the page's state to what is open: the drawer, the statistics, the settings, an event in full, the tip of what is pointed at.

use arcane_shared::roster::Window;
use arcane_shared::visible;
use arcane_stage::dictionary::{Term, Tongue};
use arcane_stage::duration::{Form, duration};
use arcane_stage::message;
use arcane_stage::store::Stored;
use arcane_stage::summary::{self, fixed};
use leptos::prelude::*;

use crate::app_handle::AppHandle;
use crate::components::event_detail::Detail;
use crate::components::stage_view::Tip;
use crate::page::Page;
use crate::project::since;
use crate::views::{Views, put};

/// Fills what is open; `unix`: the moment that is shown.
pub(crate) fn project(page: &mut Page, views: Views, unix: f64) {
    crate::drawer::project(page, views, unix);
    if let Some(card) = views.card.get_value() {
        card.project(page, views.rules.get_untracked());
    }
    if views.stats.open.get_untracked() {
        crate::statistics::project(page, views.stats, views.daemons.window(), unix);
    }
    if views.settings.open.get_untracked() {
        put(views.settings.trouble, crate::attention::trouble().into());
        let (tier, interval) = (page.quality.tier(), page.quality.interval());
        put(
            views.settings.quality_now,
            format!("now {}, a frame every {} ms", tier.name, fixed(interval, 0)),
        );
    }
    if views.detail.with_untracked(Option::is_some) {
        project_detail(page, views);
    }
}

/// The event that was opened.
pub(crate) fn project_detail(page: &Page, views: Views) {
    let detail = page.opened.as_deref().map(|stored| detail(page, stored, views.daemons.window()));
    put(views.detail, detail);
}

/// An event in full.
fn detail(page: &Page, stored: &Stored, window: Window) -> Detail {
    let (event, tongue) = (&stored.event, page.viewer().tongue);
    let who = event.daemon_name.as_ref().map_or(tongue.say(Term::Everybody), |name| name.as_str());
    let mut facts = vec![
        ("when", event.timestamp.to_string()),
        ("outcome", if event.success { "success".into() } else { "failure".into() }),
    ];
    if let Some(seq) = event.seq {
        facts.push(("number", seq.to_string()));
    }
    if let Some(seconds) = event.number("execution_time") {
        facts.push(("took", duration(seconds * 1e3, Form::Took)));
    }
    let daemons = page.shown().daemons();
    if let Some(daemon) = daemons.get(who) {
        facts.push((
            tongue.say(Term::Daemon),
            crate::statistics::line(daemons, daemon, window, page.moment()),
        ));
    }
    Detail {
        pinned: page.is_pinned(stored),
        title: format!("{} · {who}", summary::shorten(tongue.kind_of(&event.spell_name), 40)),
        // The server tells in fantasy.
        description: match tongue {
            Tongue::Fantasy => visible::lines(&event.description).into_owned(),
            Tongue::Plain => summary::of(event, tongue),
        },
        facts,
        json: visible::json(&format!("{:#}", message::value(event))).into_owned(),
    }
}

/// Shows what is under a place of the stage, pixels.
pub(crate) fn point_at(app: AppHandle, at: [f32; 2]) {
    let tip = app.with(|page| {
        let stored = page.shown().event(page.stage.hit(at)?)?;
        Some(tip(page, &stored, at))
    });
    put(app.views.stage.tip, tip.flatten());
}

/// What a mark on the stage is about, at a place of the stage.
fn tip(page: &Page, stored: &Stored, at: [f32; 2]) -> Tip {
    let (event, tongue) = (&stored.event, page.viewer().tongue);
    let who = event.daemon_name.as_ref().map_or(tongue.say(Term::Everybody), |name| name.as_str());
    let number = event.seq.map(|seq| format!("#{seq} ")).unwrap_or_default();
    let painted = event.seq.and_then(|seq| page.latency.of(seq));
    let painted = painted.map(|ms| format!(" · seen after {} ms", fixed(ms, 0))).unwrap_or_default();
    Tip {
        text: format!(
            "{number}{} {} · {who} · {} · {} {}{painted}",
            summary::sign(event),
            summary::shorten(tongue.kind_of(&event.spell_name), 24),
            summary::of(event, tongue),
            duration(page.moment() - event.timestamp.unix_millis(), Form::Passed),
            since(page),
        ),
        id: stored.id,
        at,
    }
}
