//! The stage: the canvas, labels that follow its circles, and what is said over it.

mod quiet;

use arcane_stage::cut::ends;
use arcane_stage::dictionary::{Term, Tongue};
use arcane_stage::summary::fixed;
use leptos::ev::PointerEvent;
use leptos::html;
use leptos::prelude::*;

use self::quiet::Middle;
pub(crate) use self::quiet::{Canvas, Quiet, Said, sign_in};
use super::spell_bar::SpellBar;
use crate::app_handle::AppHandle;
use crate::later::Slot;
use crate::pick::Pick;
use crate::rows::{Each, Row, Rows};

/// A label on the stage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabelView {
    /// The daemon; of a crest `@` and its group.
    pub(crate) key: String,
    /// `seat`, `seal`, `moon` or `crest`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) figure: String,
    pub(crate) line: String,
    pub(crate) color: String,
    pub(crate) phase: &'static str,
    /// Its width and height, pixels.
    pub(crate) size: [String; 2],
    pub(crate) transform: String,
    pub(crate) opacity: String,
}

/// What the message lane says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LaneView {
    /// `request`, `failure`, `said`, `hint`; empty: nothing stands.
    pub(crate) kind: &'static str,
    pub(crate) speaker: String,
    pub(crate) text: String,
    /// What waits behind it.
    pub(crate) more: String,
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

/// What the stage shows.
#[derive(Clone, Copy)]
pub(crate) struct StageState {
    pub(crate) scene: NodeRef<html::Canvas>,
    /// The part of the canvas that nothing covers.
    pub(crate) hole: NodeRef<html::Div>,
    /// By daemon.
    pub(crate) labels: Rows<LabelView>,
    /// What is said over the stage.
    pub(crate) lane: RwSignal<LaneView>,
    /// The storm that is on: failures within ten seconds, and since it began; empty: none is.
    pub(crate) storm: RwSignal<String>,
    /// What to say where there is nothing to see.
    pub(crate) said: RwSignal<Said>,
    /// Whether the link of a notification signed nobody in.
    pub(crate) has_spent_link: RwSignal<bool>,
    /// What the stage leaves out: several events in one mark, daemons without a circle.
    pub(crate) ratio: RwSignal<String>,
    /// What the pointer or the focus is on.
    pub(crate) tip: RwSignal<Option<Tip>>,
}

impl Default for StageState {
    fn default() -> Self {
        Self {
            scene: NodeRef::new(),
            hole: NodeRef::new(),
            labels: Rows::default(),
            lane: RwSignal::default(),
            storm: RwSignal::default(),
            has_spent_link: RwSignal::default(),
            said: RwSignal::new(Said::of(Quiet::default(), Canvas::default(), Tongue::default())),
            ratio: RwSignal::default(),
            tip: RwSignal::default(),
        }
    }
}

/// The stage, and the spell bar below it.
#[component]
pub(crate) fn StageView(state: StageState, app: AppHandle) -> impl IntoView {
    let StageState { scene, hole, tip, .. } = state;
    let point = move |event: PointerEvent| {
        let Some(scene) = scene.get_untracked() else { return };
        if event.pointer_type() == "touch" {
            #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
            app.with(|page| page.stage.scroll_strip(-(event.movement_x() as f32)));
            return;
        }
        let place = scene.get_bounding_client_rect();
        let at = [f64::from(event.client_x()) - place.left(), f64::from(event.client_y()) - place.top()];
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
        app.point_at(Some(at.map(|v| v as f32)));
    };
    let open = move |event: leptos::ev::MouseEvent| {
        let at = [event.offset_x(), event.offset_y()].map(f64::from);
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
        let circle = app.with(|page| page.stage.circle_at(at.map(|v| v as f32)).map(str::to_owned)).flatten();
        if let Some(name) = circle {
            app.open_daemon(&name);
        } else if let Some(id) = tip.with_untracked(|tip| tip.as_ref().map(|tip| tip.id)) {
            app.open(id);
        }
    };
    view! {
        <section class="stage" aria-label="stage">
            <div class="hole" node_ref=hole></div>
            <canvas
                id="scene" class="scene" role="img" node_ref=scene
                aria-label=app.views.say(Term::Scene)
                on:pointermove=point on:pointerleave=move |_| app.point_at(None) on:click=open
            ></canvas>
            <div class="labels" on:pointermove=point on:pointerleave=move |_| app.point_at(None)>
                <Each rows=state.labels let:label>
                    <Label label app/>
                </Each>
            </div>
            <Middle state app/>
            <Slot app part=|later| later.banner/>
            <SpellBar state=app.views.spells app/>
            <MessageLane state/>
            <TipView tip scene/>
        </section>
    }
}

/// The one place where words are written over the stage. It is empty rather than hidden, so that nothing moves.
#[component]
fn MessageLane(state: StageState) -> impl IntoView {
    let StageState { lane, storm, ratio, .. } = state;
    view! {
        <div class="lane" data-testid="lane" data-kind=lane.pick(|lane| lane.kind)>
            <p id="message" class="message" data-testid="message" hidden=lane.pick(|lane| lane.kind.is_empty())>
                <b>{lane.pick(|lane| lane.speaker.clone())}</b>
                <span id="spoken" class="ends">
                    <span>{lane.pick(|lane| ends(&lane.text, 9.0).0.to_owned())}</span>
                    <span>{lane.pick(|lane| ends(&lane.text, 9.0).1.to_owned())}</span>
                </span>
                <i>{lane.pick(|lane| lane.more.clone())}</i>
            </p>
            <p class="storm" data-testid="storm" hidden=storm.pick(String::is_empty)>{storm}</p>
            <p class="ratio" data-testid="ratio" hidden=ratio.pick(String::is_empty)>{ratio}</p>
        </div>
    }
}

/// A name at its mark. The focus on it names what the mark is about; a click opens the daemon's drawer.
#[component]
fn Label(label: Row<LabelView>, app: AppHandle) -> impl IntoView {
    let key = label.with_untracked(|label| label.key.clone());
    let (focused, chosen) = (key.clone(), key.clone());
    view! {
        <button
            class="label" data-kind=label.pick(|label| label.kind) data-testid="daemon-label" data-daemon=key
            data-phase=label.pick(|label| label.phase)
            style:width=label.pick(|label| label.size[0].clone())
            style:height=label.pick(|label| label.size[1].clone())
            style:transform=label.pick(|label| label.transform.clone())
            style:opacity=label.pick(|label| label.opacity.clone())
            style:--own=label.pick(|label| label.color.clone())
            on:click=move |_| if !chosen.starts_with(['@', '+']) { app.open_daemon(&chosen) }
            on:focus=move |_| app.point_at(app.with(|page| page.stage.centre(&focused)).flatten())
            on:blur=move |_| app.point_at(None)
        >
            <b class="ends">
                <span>{label.pick(|label| ends(&label.name, 4.0).0.to_owned())}</span>
                <span>{label.pick(|label| ends(&label.name, 4.0).1.to_owned())}</span>
            </b>
            <i>{label.pick(|label| label.figure.clone())}</i>
            <span class="ends">
                <span>{label.pick(|label| ends(&label.line, 6.5).0.to_owned())}</span>
                <span>{label.pick(|label| ends(&label.line, 6.5).1.to_owned())}</span>
            </span>
        </button>
    }
}

/// Names what is pointed at: away from the edges, on the side where there is room.
#[component]
fn TipView(tip: RwSignal<Option<Tip>>, scene: NodeRef<html::Canvas>) -> impl IntoView {
    let place = Signal::derive(move || {
        let [x, y] = tip.with(|tip| tip.as_ref().map_or([0.0, 0.0], |tip| tip.at)).map(f64::from);
        let stage = scene.get_untracked().and_then(|scene| scene.parent_element());
        let wide = stage.map_or(0, |stage| stage.client_width());
        let left = (x + 14.0).min(f64::from(wide) - 330.0).max(0.0);
        let top = (y + 16.0).max(0.0);
        format!("translate({}px, {}px)", fixed(left, 0), fixed(top, 0))
    });
    view! {
        <p class="tip" data-testid="tip" hidden=tip.pick(Option::is_none) style:transform=place>
            {tip.pick(|tip| tip.as_ref().map(|tip| tip.text.clone()))}
        </p>
    }
}
