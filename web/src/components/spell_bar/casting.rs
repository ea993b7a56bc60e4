//! What the spell bar knows and does: what is typed, what could be meant, and what came of it.

use std::time::Duration;

use arcane_stage::dictionary::{Term, Tongue};
use leptos::html;
use leptos::prelude::*;

use super::SpellState;
use crate::api::Failure;
use crate::app_handle::AppHandle;

/// Spells remembered for the arrow keys.
const PAST_MAX: usize = 50;
/// How long a sentence stands that says that it worked.
const FEEDBACK_STANDS: Duration = Duration::from_secs(8);

/// What the server made of the last spell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Feedback {
    pub(super) failed: bool,
    pub(super) text: String,
    pub(super) suggestions: Vec<String>,
}

impl Feedback {
    fn of(failure: Failure, tongue: Tongue) -> Self {
        let (text, suggestions) = failure.problem.map_or_else(
            || (tongue.say(Term::NotCast).into(), Vec::new()),
            |problem| (problem.sentence, problem.suggestions),
        );
        Self { failed: true, text, suggestions }
    }
}

/// The bar's state.
#[derive(Clone, Copy)]
pub(crate) struct Bar {
    pub(super) app: AppHandle,
    pub(super) field: NodeRef<html::Input>,
    pub(super) typed: RwSignal<String>,
    pub(super) feedback: RwSignal<Feedback>,
    /// Whether a spell is on its way.
    pub(super) casting: RwSignal<bool>,
    pub(super) focused: RwSignal<bool>,
    pub(super) offers: Memo<Vec<String>>,
    /// The offer that the arrow keys are on, from 1; 0: none.
    pub(super) chosen: RwSignal<usize>,
    lexicon: RwSignal<arcane_stage::completion::Lexicon>,
    /// Spells of before, the latest last.
    past: StoredValue<Vec<String>>,
}

impl Bar {
    pub(super) fn new(state: SpellState, app: AppHandle) -> Self {
        let SpellState { lexicon, field, .. } = state;
        let typed = RwSignal::new(String::new());
        Self {
            app,
            field,
            typed,
            feedback: RwSignal::default(),
            casting: RwSignal::default(),
            focused: RwSignal::default(),
            offers: Memo::new(move |_| {
                let later = app.views.later.get();
                later
                    .map(|later| lexicon.with(|lexicon| (later.complete)(lexicon, &typed.get())))
                    .unwrap_or_default()
            }),
            chosen: RwSignal::default(),
            lexicon,
            past: StoredValue::default(),
        }
    }

    /// What would complete what is typed; empty: nothing.
    pub(super) fn ghost(self) -> String {
        let (typed, later) = (self.typed.get(), self.app.views.later.get());
        let ghost = later.and_then(|later| self.lexicon.with(|lexicon| (later.ghost)(lexicon, &typed)));
        ghost.unwrap_or_default()
    }

    /// Openings are offered until the first answer; afterwards only what goes on from something typed.
    pub(super) fn is_offering(self) -> bool {
        let fresh = self.feedback.with(|f| f.text.is_empty()) || !self.typed.with(String::is_empty);
        self.focused.get() && fresh && !self.offers.with(Vec::is_empty)
    }

    /// Puts a spell into the field.
    pub(super) fn fill(self, spell: String) {
        self.typed.set(spell);
        self.chosen.set(0);
        if let Some(field) = self.field.get_untracked() {
            let _ = field.focus();
        }
    }

    /// Takes the completion, if the cursor is at the end of what is typed.
    pub(super) fn complete(self) -> bool {
        let Some(field) = self.field.get_untracked() else { return false };
        let end = u32::try_from(field.value().encode_utf16().count()).unwrap_or(0);
        let tail = untrack(|| self.ghost());
        let takes = field.selection_start().ok().flatten() == Some(end) && !tail.is_empty();
        if takes {
            self.typed.update(|typed| typed.push_str(&tail));
        }
        takes
    }

    /// To the next offer, or to the one before.
    pub(super) fn choose(self, forward: bool) {
        let count = self.offers.with_untracked(Vec::len);
        if count == 0 {
            return;
        }
        self.chosen.update(|at| {
            *at = match (*at, forward) {
                (0 | 1, false) => count,
                (at, false) => at - 1,
                (at, true) => at % count + 1,
            };
        });
    }

    /// The offer that is chosen.
    pub(super) fn chosen_offer(self) -> Option<String> {
        let at = self.chosen.get_untracked().checked_sub(1)?;
        self.offers.with_untracked(|offers| offers.get(at).cloned())
    }

    /// From nothing, or from a spell of before, to the one before that.
    pub(super) fn earlier(self) -> Option<String> {
        let typed = self.typed.get_untracked();
        self.past.with_value(|past| {
            let before =
                past.iter().position(|spell| *spell == typed).or(typed.is_empty().then_some(past.len()));
            past.get(before?.checked_sub(1)?).cloned()
        })
    }

    /// Empties the field; an empty one gives the focus away.
    pub(super) fn clear(self) {
        if self.typed.with_untracked(String::is_empty) {
            self.leave();
        }
        self.typed.set(String::new());
        self.feedback.set(Feedback::default());
    }

    /// Gives the focus away: the page's keys work again.
    fn leave(self) {
        if let Some(field) = self.field.get_untracked() {
            let _ = field.blur();
        }
    }

    /// Casts what is typed.
    pub(super) fn cast(self) {
        let spell = self.typed.get_untracked().trim().to_owned();
        if !spell.is_empty() {
            self.app.with_later(move |later| (later.cast)(self, spell));
        }
    }

    /// Sends a spell, unless one is on its way.
    pub(crate) fn send(self, spell: String) {
        if self.casting.get_untracked() {
            return;
        }
        self.remember(&spell);
        self.casting.set(true);
        self.chosen.set(0);
        self.app.return_to_live();
        leptos::task::spawn_local(async move {
            let outcome = self.app.server().cast(&spell).await;
            self.casting.set(false);
            match outcome {
                Ok(message) => self.succeed(&spell, message),
                Err(failure) => {
                    self.feedback.set(Feedback::of(failure, self.app.views.tongue.get_untracked()));
                }
            }
        });
    }

    fn remember(self, spell: &str) {
        self.past.update_value(|past| {
            past.retain(|other| other != spell);
            past.push(spell.to_owned());
            if past.len() > PAST_MAX {
                past.remove(0);
            }
        });
    }

    fn succeed(self, spell: &str, text: String) {
        // What was typed meanwhile is the next spell.
        if self.typed.with_untracked(|typed| typed.trim() == spell) {
            self.typed.set(String::new());
            self.leave();
        }
        // An answer stays until it was read.
        let stays = text.contains('\n');
        let done = Feedback { failed: false, text, suggestions: Vec::new() };
        self.feedback.set(done.clone());
        if stays {
            return;
        }
        let fade = move || {
            if self.feedback.with_untracked(|shown| *shown == done) {
                self.feedback.set(Feedback::default());
                self.focused.set(false);
            }
        };
        set_timeout(fade, FEEDBACK_STANDS);
    }
}
