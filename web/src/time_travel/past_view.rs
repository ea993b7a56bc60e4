//! From where in time the page is to what people read of it: the banner and the scrubber.

use arcane_stage::signpost::{self, Signpost};
use arcane_stage::summary::fixed;

use crate::clock::offset_ms;
use crate::page::Page;
use crate::strip;
use crate::views::{Views, When, put};

/// Projects it; called when something moves. `point`: the part of the strip that a pointer is over.
pub(crate) fn project(page: &Page, views: Views, point: Option<f64>) {
    let when = when(page, point);
    put(views.when, when);
    let recorded = page.recorded.as_ref();
    let room = recorded.and_then(|recorded| recorded.room().map(ToString::to_string));
    put(views.recorded_room, room.unwrap_or_default());
    let rooms = recorded.map(|recorded| recorded.rooms().map(ToString::to_string).collect());
    put(views.recorded, rooms.unwrap_or_default());
}

fn when(page: &Page, point: Option<f64>) -> When {
    let (span, at, present) = (page.span(), page.moment(), page.present());
    let travel = page.time_travel.travel.as_ref();
    let live = Signpost { mode: "live", ..Signpost::default() };
    let part = travel.map_or(1.0, |_| span.part(at).clamp(0.0, 1.0));
    let seconds = |ms: f64| fixed(ms / 1000.0, 0);
    let told = |at: f64| {
        let [mut said, ago] = signpost::told(at, page.recorded.is_none().then_some(present), offset_ms(at));
        if !ago.is_empty() {
            said += ", ";
            said += &ago;
        }
        said += ": ";
        said + &strip::describe(page, at)
    };
    When {
        visiting: travel.is_some(),
        post: travel.map_or(live, |travel| Signpost::of(travel, present, offset_ms(at))),
        playing: travel.is_some_and(|travel| travel.playback().is_some()),
        range: page.time_travel.range,
        needle: fixed(part * 100.0, 2) + "%",
        seconds: [seconds(span.length()), seconds(span.length() * part)],
        said: travel.map_or_else(|| "live".into(), |_| told(at)),
        hint: point
            .map_or_else(Default::default, |part| [fixed(part * 100.0, 2) + "%", told(span.moment(part))]),
    }
}
