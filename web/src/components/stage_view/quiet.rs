//! What stands in the middle of the stage: a failure's phrase, a storm, and what to say where there is nothing to see.

use arcane_stage::dictionary::{Term, Tongue};
use leptos::prelude::*;

use super::StageState;
use crate::app_handle::AppHandle;
use crate::later::Slot;
use crate::pick::Pick;
use crate::sign_in::{SPENT, SignIn};
use crate::time_travel::Travel;

/// How the stage is painted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Canvas {
    /// Painting.
    #[default]
    Painting,
    /// The browser took the graphics context; as a rule it comes back at once.
    Lost,
    /// It has not come back.
    Gone,
    /// This browser cannot paint at all.
    Absent,
}

/// What to say where there is nothing to see.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Quiet {
    /// There is something to see.
    No,
    /// First contact.
    #[default]
    Connecting,
    /// Connected, and nothing has happened yet.
    Empty,
    /// Everybody is gone; when something last happened.
    Deserted(String),
    /// At this moment of the past nobody was there.
    Before(&'static str),
    /// The past cannot be shown, and why.
    Trouble(&'static str, String),
    /// No connection: it is being tried again.
    Cut,
    /// There is nothing to connect to, and why.
    Astray(String),
    /// No connection, for good, and why.
    Disconnected(String),
    /// A token is needed, and why.
    Locked(String),
    /// A token is needed, and the link of a notification gave none.
    Spent,
}

/// One thing to say; nothing is shown where there is nothing to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    is_nothing: bool,
    kind: &'static str,
    testid: Option<&'static str>,
    title: String,
    told: String,
    /// Whether to say how a daemon is summoned.
    how: bool,
    /// Whether the visit can be tried again.
    actions: bool,
    /// Whether the connection can.
    reconnects: bool,
    /// Whether a token can be given.
    locked: bool,
    /// Whether it came with a notification, and not from a shell.
    spent: bool,
}

impl Said {
    pub(crate) fn of(quiet: Quiet, canvas: Canvas, tongue: Tongue) -> Self {
        let title =
            |title: &str, told: &str| Self { title: title.into(), told: told.into(), ..Self::default() };
        match (canvas, quiet) {
            (Canvas::Lost, _) => {
                title("The stage lost its light", "The browser took the graphics context. The tables go on.")
            }
            (Canvas::Gone, _) => title(
                "The stage stays dark",
                "The browser has not given the graphics context back. Reload the page to ask again; the tables go on.",
            ),
            (Canvas::Absent, Quiet::No) => {
                title("No canvas here", "This browser cannot paint the stage. The tables go on.")
            }
            (_, Quiet::No) => Self { is_nothing: true, ..Self::default() },
            (_, Quiet::Connecting) => title(tongue.say(Term::Opening), ""),
            (_, Quiet::Empty) => {
                Self { testid: Some("empty-state"), how: true, ..title(tongue.say(Term::Quiet), "") }
            }
            (_, Quiet::Deserted(told)) => Self {
                kind: "low",
                testid: Some("empty-state"),
                how: true,
                ..title(tongue.say(Term::AllGone), &told)
            },
            (_, Quiet::Before(what)) => Self { kind: "low", testid: Some("empty-past"), ..title(what, "") },
            (_, Quiet::Trouble(what, sentence)) => Self {
                kind: "cutting",
                testid: Some("travel-trouble"),
                actions: true,
                ..title(what, &sentence)
            },
            (_, Quiet::Cut) => Self {
                kind: "cutting",
                reconnects: true,
                ..title(tongue.say(Term::Cut), "Trying again; what was seen stays.")
            },
            (_, Quiet::Astray(reason)) => {
                Self { kind: "cutting", ..title("This address leads nowhere", &reason) }
            }
            (_, Quiet::Locked(reason)) => Self {
                kind: "cutting locked",
                testid: Some("locked"),
                locked: true,
                ..title(tongue.say(Term::Closed), &reason)
            },
            (_, Quiet::Spent) => {
                Self { spent: true, ..Self::of(Quiet::Locked(SPENT.into()), canvas, tongue) }
            }
            (_, Quiet::Disconnected(reason)) => {
                Self { kind: "cutting", ..title(tongue.say(Term::Cut), &reason) }
            }
        }
    }
}

/// What stands in the middle.
#[component]
pub(super) fn Middle(state: StageState, app: AppHandle) -> impl IntoView {
    let said = state.said;
    view! {
        <div class="middle">
            <Silence said app/>
        </div>
    }
}

/// Says one thing, or is hidden.
#[component]
fn Silence(said: RwSignal<Said>, app: AppHandle) -> impl IntoView {
    let refused = app.views.spells.refused;
    let no_hints = Signal::derive(move || !said.with(|said| said.how) || refused.with(Option::is_some));
    let curl = Signal::derive(move || curl(app));
    view! {
        <div
            id="quiet"
            class=said.pick(|said| format!("quiet {}", said.kind))
            data-testid=said.pick(|said| said.testid)
            role=said.pick(|said| said.actions.then_some("alert"))
            hidden=said.pick(|said| said.is_nothing)
        >
            <h2>{said.pick(|said| said.title.clone())}</h2>
            <p hidden=said.pick(|said| said.told.is_empty())>{said.pick(|said| said.told.clone())}</p>
            <p hidden=no_hints translate="yes">"Press "<kbd>"/"</kbd>" and type "<span class="try" translate="no">{app.views.say(Term::TrySpell)}</span></p>
            <p hidden=no_hints translate="yes">"or, from a shell:"</p>
            <code hidden=no_hints>{curl}</code>
            <Slot app part=|later| later.sign_in/>
            <p class="actions" hidden=said.pick(|said| !said.reconnects)>
                <button class="pill" data-testid="try-now" on:click=move |_| app.try_now()>"Try now"</button>
            </p>
            <p class="actions" hidden=said.pick(|said| !said.actions)>
                <button class="pill" data-testid="retry" on:click=move |_| app.travel(Travel::Retry)>
                    "Try again"
                </button>
                <button
                    class="pill" data-testid="give-up" on:click=move |_| app.travel(Travel::Leave)
                >
                    "Back to live"
                </button>
            </p>
        </div>
    }
}

/// Where a token is given, while one is needed.
pub(crate) fn sign_in(app: AppHandle) -> AnyView {
    let said = app.views.stage.said;
    view! { <SignIn app hidden=said.pick(|said| !said.locked) how=said.pick(|said| !said.spent)/> }.into_any()
}

/// What one types into a shell to see something here.
fn curl(app: AppHandle) -> String {
    let server = app.server().shown();
    let room = app.views.header.room.get();
    let (route, body) = if room == arcane_shared::room::DEFAULT_ROOM {
        ("summon".to_owned(), r#"{"daemon_name":"claude"}"#)
    } else {
        (format!("events?room={room}"), r#"{"spell_name":"summon","daemon_name":"claude"}"#)
    };
    let token =
        if app.server().token().is_some() { " -H \"authorization: Bearer $ARCANE_TOKEN\"" } else { "" };
    format!("curl -X POST '{server}/{route}'{token} -H 'content-type: application/json' -d '{body}'")
}
