//! The rules that answer for a person: what each is about, whether it would have answered as the person did, and the way to remove one.

use arcane_stage::asking::rules::{Listed, Listing, listed, rehearsed};
use arcane_stage::dictionary::Term;
use leptos::html;
use leptos::prelude::*;

use super::dialog::{Actions, Dialog};
use crate::app_handle::AppHandle;
use crate::card::sentence;
use crate::pick::Pick;

/// What is said while there is no list.
const ASKING: &str = "Asking the server …";

/// What the list shows.
#[derive(Clone, Copy)]
struct Rules {
    /// `None`: the server has not told of them.
    listed: RwSignal<Option<Listed>>,
    /// Why it has not, or why a rule was not removed.
    trouble: RwSignal<String>,
    /// The rule that is to be removed if that is confirmed; empty: none.
    removing: RwSignal<String>,
    /// What came of the last dry run, and of which rule.
    tried: RwSignal<[String; 2]>,
    /// What is focused when a row has gone.
    list: NodeRef<html::Div>,
}

impl Rules {
    /// Asks the server for them.
    fn fetch(self, app: AppHandle) {
        leptos::task::spawn_local(async move {
            let room = app.views.header.room.get_untracked();
            match app.server().request(&["/rules?room=", &room].concat(), None).await {
                Ok(answer) => {
                    self.listed.set(listed(&answer));
                    self.trouble.set(String::new());
                }
                Err(failure) => self.trouble.set(sentence(failure)),
            }
        });
    }

    /// Tries a rule on what people were asked and answered.
    fn try_out(self, app: AppHandle, rule: &Listing) {
        let (name, body) = (rule.name.clone(), ["{\"rules\":[", &rule.rule, "]}"].concat());
        self.tried.set([name.clone(), "Reading the log …".into()]);
        leptos::task::spawn_local(async move {
            let room = app.views.header.room.get_untracked();
            let answer = app.server().request(&["/rules/test?room=", &room].concat(), Some(body)).await;
            let said = answer.map_or_else(sentence, |answer| rehearsed(&answer));
            if self.tried.with_untracked(|[of, _]| *of == name) {
                self.tried.set([name, said]);
            }
        });
    }

    /// Removes a rule: from now on its questions are asked again.
    fn remove(self, app: AppHandle, name: String) {
        self.removing.set(String::new());
        leptos::task::spawn_local(async move {
            let encoded: String = js_sys::encode_uri_component(&name).into();
            match app.server().delete(["/rules/", &encoded].concat()).await {
                Ok(()) => self.fetch(app),
                Err(failure) => self.trouble.set(sentence(failure)),
            }
        });
        self.focus();
    }

    /// Gives the focus to the list: the button that had it has gone.
    fn focus(self) {
        if let Some(list) = self.list.get_untracked() {
            let _ = list.focus();
        }
    }
}

/// The rules, while `open` says so.
#[component]
pub(crate) fn RulesDialog(open: RwSignal<bool>, app: AppHandle) -> impl IntoView {
    let rules = Rules {
        listed: RwSignal::default(),
        trouble: RwSignal::default(),
        removing: RwSignal::default(),
        tried: RwSignal::default(),
        list: NodeRef::new(),
    };
    Effect::new(move || {
        if open.get() {
            rules.removing.set(String::new());
            rules.tried.set(<_>::default());
            rules.fetch(app);
        }
    });
    let rows = move || {
        let Some(Listed { rules: all, may_remove }) = rules.listed.get() else {
            let is_quiet = rules.trouble.with(String::is_empty);
            return is_quiet.then(|| view! { <p class="dim">{ASKING}</p> }).into_any();
        };
        if all.is_empty() {
            return view! { <p data-testid="rules-none">"There are none: whatever is asked is yours to answer."</p> }.into_any();
        }
        let row = |rule: Listing| view! { <RuleRow rule may_remove rules app/> };
        view! { <ul>{all.into_iter().map(row).collect::<Vec<_>>()}</ul> }.into_any()
    };
    view! {
        <Dialog open on_close=move |()| open.set(false) class="rules" testid="rules-dialog" title=app.views.say(Term::Rules)>
            <p class="dim">
                "They answer agents in every room, at once and without you. Deny goes before ask, ask before allow. One is suggested on the card when you have allowed something five times; others stand in arcane.toml as [[rules]]."
            </p>
            <div class="list" tabindex="-1" role="group" aria-label="the rules that hold" data-testid="rules-list" node_ref=rules.list>{rows}</div>
            <p class="trouble" role="alert" data-testid="rules-trouble" hidden=rules.trouble.pick(String::is_empty)>{rules.trouble}</p>
            <Actions autofocus=true/>
        </Dialog>
    }
}

#[component]
fn RuleRow(rule: Listing, may_remove: bool, rules: Rules, app: AppHandle) -> impl IntoView {
    let (name, is_added) = (StoredValue::new(rule.name.clone()), rule.is_added);
    let sign = match &*rule.decision {
        "allow" => "✓",
        "deny" => "✕",
        _ => "◎",
    };
    let is_asked = Signal::derive(move || rules.removing.with(|asked| name.with_value(|name| asked == name)));
    let tried = Signal::derive(move || {
        rules
            .tried
            .with(|[of, said]| if name.with_value(|name| of == name) { said.clone() } else { String::new() })
    });
    let origin = if is_added { "added here or by arcane rules" } else { "from arcane.toml" };
    let named = |does: &str| [does, " ", &rule.title].concat();
    let (try_label, remove_label) = (named("try"), named("remove"));
    let listing = StoredValue::new(rule.clone());
    let try_out = move |_| listing.with_value(|rule| rules.try_out(app, rule));
    let buttons = move || {
        if is_asked.get() {
            view! { <Confirm name rules app/> }.into_any()
        } else {
            let remove = (is_added && may_remove).then(|| {
                view! { <button class="pill" aria-label=remove_label.clone() data-testid="rule-remove" on:click=move |_| rules.removing.set(name.get_value())>"Remove"</button> }
            });
            view! {
                <div class="does">
                    <button class="pill" aria-label=try_label.clone() title="on what you were asked and answered" data-testid="rule-try" on:click=try_out>"Try"</button>
                    {remove}
                </div>
            }
            .into_any()
        }
    };
    view! {
        <li data-testid="rule" data-rule=rule.name.clone() data-decision=rule.decision.clone()>
            <p class="what"><i aria-hidden="true">{sign}</i><b>{rule.title.clone()}</b><span>{rule.decision.clone()}</span></p>
            <p class="about">{rule.about.clone()}" "<code>{rule.pattern.clone()}</code></p>
            <p class="about" hidden=rule.message.is_empty()>"tells the agent: “"{rule.message.clone()}"”"</p>
            {rule.warnings.iter().map(|why| view! { <p class="doubt">"⚠ "{why.clone()}</p> }).collect::<Vec<_>>()}
            <p class="dim">{origin}</p>
            {buttons}
            <p class="tried" role="status" data-testid="rule-tried">{tried}</p>
        </li>
    }
}

/// Whether a rule is really to be removed. The focus is on what changes nothing.
#[component]
fn Confirm(name: StoredValue<String>, rules: Rules, app: AppHandle) -> impl IntoView {
    let keep = NodeRef::<html::Button>::new();
    keep.on_load(|keep| {
        let _ = keep.focus();
    });
    let leave = move |_| {
        rules.removing.set(String::new());
        rules.focus();
    };
    view! {
        <div class="does asks" role="group" aria-label="remove this rule?" data-testid="rule-confirm">
            <span>"Agents ask you again what it answered."</span>
            <button class="pill" data-testid="rule-keep" node_ref=keep on:click=leave>"Keep"</button>
            <button class="pill ends" data-testid="rule-remove-now" on:click=move |_| rules.remove(app, name.get_value())>"Remove"</button>
        </div>
    }
}
