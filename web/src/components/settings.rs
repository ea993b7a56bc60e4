//! Settings: how rich the stage is, how loud, how often a summary is spoken. The browser keeps them.

use arcane_stage::dictionary::Term;
use leptos::prelude::*;

use super::dialog::{Actions, Dialog};
use crate::app_handle::AppHandle;
use crate::pick::Pick;
use crate::{attention, storage};

/// The tiers of the stage that can be fixed, and what they are called.
const QUALITIES: [(&str, &str); 6] = [
    ("auto", "as rich as this machine allows"),
    ("full", "full"),
    ("high", "high"),
    ("lean", "lean"),
    ("software", "few pixels"),
    ("spare", "fewest pixels"),
];
/// Seconds between spoken summaries.
const SUMMARIES: [(&str, &str); 3] = [("5", "every 5 s"), ("30", "every 30 s"), ("0", "never")];

/// In which words the page speaks. What fantasy is, is said in fantasy.
const WORDS: [(&str, &str); 3] =
    [("", "as the server says"), ("fantasy", ""), ("plain", "plain: agent, log")];
/// What sounds, where sound is on.
const SOUNDS: [(&str, &str); 2] =
    [("", "who waits, what fails, who comes and goes"), ("all", "and what succeeds")];

/// What tells that an agent waits.
const CALLS: [(&str, &str); 2] =
    [("", "title, icon, sound if it is on"), (attention::BY_SYSTEM, "and a notification")];

/// What the settings show.
#[derive(Clone, Copy, Default)]
pub(crate) struct SettingsState {
    pub(crate) open: RwSignal<bool>,
    /// The tier that is painted now.
    pub(crate) quality_now: RwSignal<String>,
    /// Why no notification comes; empty: none is wished, or it comes.
    pub(crate) trouble: RwSignal<String>,
    /// Who is signed in, and until when; empty: nobody.
    pub(crate) user: RwSignal<String>,
}

/// The settings, while they are open.
#[component]
pub(crate) fn Settings(state: SettingsState, app: AppHandle) -> impl IntoView {
    let SettingsState { open, quality_now, trouble, user } = state;
    let volume = storage::read(storage::VOLUME_KEY).unwrap_or_else(|| "60".into());
    let keep = move |key: &'static str, value: &str| {
        storage::write(key, value);
        app.settle_settings();
    };
    let to_wall = move |_| {
        open.set(false);
        app.toggle_wall();
    };
    view! {
        <Dialog open on_close=move |()| open.set(false) class="settings" testid="settings-dialog" title="Settings">
            <Kept
                name="quality" label="stage" options=&QUALITIES kept=(storage::QUALITY_KEY, "auto")
                on_choice=move |value: String| keep(storage::QUALITY_KEY, &value)
            />
            <p>
                <label translate="yes" for="volume">"volume"</label>
                <input
                    id="volume" data-testid="volume" type="range" min="0" max="100" prop:value=volume
                    on:input:target=move |event| keep(storage::VOLUME_KEY, &event.target().value())
                />
            </p>
            <Kept
                name="sounds" label="what sounds" options=&SOUNDS kept=(storage::SOUNDS_KEY, "")
                on_choice=move |value: String| keep(storage::SOUNDS_KEY, &value)
            />
            <Kept
                name="summaries" label="spoken summary" options=&SUMMARIES kept=(storage::SUMMARY_KEY, "5")
                on_choice=move |value: String| keep(storage::SUMMARY_KEY, &value)
            />
            <Kept
                name="notify" label="when an agent waits" options=&CALLS kept=(storage::NOTIFY_KEY, "")
                on_choice=move |value: String| {
                    keep(storage::NOTIFY_KEY, &value);
                    if value == attention::BY_SYSTEM {
                        attention::ask();
                    }
                }
            />
            <Kept
                name="words" label="words" unsaid=app.views.say(Term::InFantasy) options=&WORDS kept=(storage::WORDS_KEY, "")
                on_choice=move |value: String| {
                    keep(storage::WORDS_KEY, &value);
                    app.refresh();
                }
            />
            <p data-testid="notify-trouble">{trouble}</p>
            <p class="dim">{quality_now}</p>
            <p hidden=user.pick(String::is_empty)>
                <span data-testid="user">{user}</span>
                <button class="pill" data-testid="sign-out" on:click=move |_| app.sign_out()>"Sign out"</button>
            </p>
            <Actions>
                // Over this dialog: what closes it leads back here.
                <button class="pill" data-testid="to-rules" on:click=move |_| app.views.rules.set(true)>{app.views.say(Term::Rules)}</button>
                <button class="pill" on:click=to_wall>"Wall view"</button>
            </Actions>
        </Dialog>
    }
}

/// A choice that the browser keeps: `kept` is its key, and what is chosen at first.
#[component]
fn Kept(
    name: &'static str,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
    kept: (&'static str, &'static str),
    /// What an option says that has no words of its own.
    #[prop(optional)]
    unsaid: Option<Signal<&'static str>>,
    #[prop(into)] on_choice: Callback<String>,
) -> impl IntoView {
    let chosen = storage::read(kept.0).unwrap_or_else(|| kept.1.into());
    view! {
        <p>
            <label translate="yes" for=name>{label}</label>
            <select id=name data-testid=name on:change:target=move |event| on_choice.run(event.target().value())>
                {options
                    .iter()
                    .map(|(value, words)| {
                        let words = unsaid.filter(|_| words.is_empty()).unwrap_or_else(|| Signal::stored(*words));
                        view! { <option value=*value selected=chosen == *value>{words}</option> }
                    })
                    .collect::<Vec<_>>()}
            </select>
        </p>
    }
}
