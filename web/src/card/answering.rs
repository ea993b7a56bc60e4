//! What the card asks its server, and what it tells it: one answer, or one for several that ask the very same.

use arcane_shared::api::{ChoiceKind, RequestAnswer};
use arcane_stage::asking::end::Outcome;
use arcane_stage::asking::guard::Guard;
use arcane_stage::asking::request::{Request, resembling};
use arcane_stage::message::written;
use leptos::prelude::*;

use super::{AGAIN_AFTER, Card, where_it_runs};
use crate::api::Failure;
use crate::app_handle::AppHandle;
use crate::clock;
use crate::views::put;

/// Most requests that are answered at once.
const ALIKE_MAX: usize = 24;
/// What is said of a server that says nothing.
const NO_ANSWER: &str = "The server did not answer.";

impl Card {
    pub(super) fn is_turn(self, turn: u32) -> bool {
        self.turn.with_value(|now| *now == turn)
    }

    /// Asks the server what the daemon asks.
    pub(super) fn fetch(self, app: AppHandle) {
        let turn = self.turn.get_value();
        let path = path_of(&self.asked.with_untracked(|asked| asked.request_id.clone()), "");
        leptos::task::spawn_local(async move {
            let answer = app.server().request(&path, None).await;
            if !self.is_turn(turn) || self.guard.with_value(Guard::is_over) {
                return;
            }
            match answer {
                Ok(answer) => match Request::read(&answer) {
                    Some(request) => self.take(request),
                    None => self.fetch_again(app, turn, "The server's answer is not understood.".into()),
                },
                Err(failure) if failure.status == 409 => self.end(Outcome::Other, sentence(failure)),
                Err(failure) if failure.status == 403 => self.elsewhere.set(sentence(failure)),
                Err(failure) => self.fetch_again(app, turn, sentence(failure)),
            }
        });
    }

    fn take(self, request: Request) {
        put(self.trouble, String::new());
        if !request.is_held {
            let place = self.asked.with_untracked(where_it_runs);
            self.elsewhere.set(["It waits for no answer from here any more. Answer ", &place, "."].concat());
        }
        self.put(request);
    }

    /// A request is told of a moment before the server shows it; and a server may be away.
    fn fetch_again(self, app: AppHandle, turn: u32, why: String) {
        put(self.trouble, why);
        let again = move || {
            if self.is_turn(turn) && !self.guard.with_value(Guard::is_over) {
                self.fetch(app);
            }
        };
        set_timeout(again, AGAIN_AFTER);
    }

    /// Looks for requests that ask the very same: by their whole inputs, for a line of theirs may leave something out.
    pub(crate) fn look_alike(self, app: AppHandle) {
        let Some(question) = self.question.get_untracked() else { return };
        let is_over = self.guard.with_value(|guard| guard.is_over() || guard.is_under_way());
        if is_over || !question.fields.is_empty() || !question.request.is_held {
            return;
        }
        if self.requests.with_untracked(|requests| requests.len() < 2) {
            return self.put_alike(Vec::new());
        }
        let turn = self.turn.get_value();
        leptos::task::spawn_local(async move {
            let list = app.server().look("/requests").await;
            let mut alike = Vec::new();
            for id in resembling(&list, &question.request, ALIKE_MAX - 1) {
                let other = Request::read(&app.server().look(&path_of(&id, "")).await);
                if let Some(other) = other.filter(|other| question.request.is_alike(other)) {
                    alike.push([other.id, other.daemon]);
                }
            }
            if self.is_turn(turn) && !self.guard.with_value(Guard::is_under_way) {
                self.put_alike(alike);
            }
        });
    }

    fn put_alike(self, alike: Vec<[String; 2]>) {
        if self.alike.with_untracked(|before| *before != alike) {
            self.guard.update_value(|guard| guard.change(clock::now()));
            self.alike.set(alike);
            self.rest();
        }
    }

    /// Answers with one of the options as it is, if a press counts now. `all`: those that ask the very same, too.
    pub(crate) fn decide(self, app: AppHandle, decision: &str, all: bool) {
        let (decision, answers) = (decision.into(), serde_json::Map::new());
        self.send(app, RequestAnswer { decision, message: None, answers }, all);
    }

    /// Answers, if a press counts now. `all`: those that ask the very same, too.
    pub(crate) fn send(self, app: AppHandle, answer: RequestAnswer, all: bool) {
        // What looks dead is dead, even where it would come alive in a moment.
        let is_shown_dead = self.dead.with_untracked(Option::is_some);
        self.settle();
        if is_shown_dead || self.dead.with_untracked(Option::is_some) {
            return;
        }
        let Some(question) = self.question.get_untracked() else { return };
        self.guard.update_value(Guard::send);
        self.settle();
        put(self.trouble, String::new());
        let turn = self.turn.get_value();
        let mut ids = vec![question.request.id.clone()];
        if all {
            self.alike.with_untracked(|alike| ids.extend(alike.iter().map(|[id, _]| id.clone())));
        }
        let said = said(&question.request, &answer);
        leptos::task::spawn_local(async move {
            let body = written(&answer);
            let (count, mut heard, mut failed) = (ids.len(), 0, None);
            for id in &ids {
                match app.server().request(&path_of(id, "/answer"), Some(body.clone())).await {
                    Ok(_) => heard += 1,
                    Err(failure) => failed = failed.or(Some(failure)),
                }
            }
            let said = if count > 1 {
                [&said, " ", &heard.to_string(), " of ", &count.to_string(), " heard it."].concat()
            } else {
                said
            };
            let is_plain = *answer.decision == *"allow" && answer.answers.is_empty();
            self.heard(app, turn, &answer, heard > 0, failed, said);
            if heard > 0 && is_plain && self.is_turn(turn) {
                self.ask_for_rule(app, turn, ids);
            }
        });
    }

    fn heard(
        self,
        app: AppHandle,
        turn: u32,
        answer: &RequestAnswer,
        is_heard: bool,
        failed: Option<Failure>,
        said: String,
    ) {
        let status = failed.as_ref().map_or(0, |failure| failure.status);
        let why = failed.map(sentence);
        if !self.is_turn(turn) {
            return why.into_iter().for_each(|why| app.tell(&why));
        }
        match why {
            Some(why) if is_heard => {
                self.end(Outcome::of(Some(&answer.decision)), [&said, " ", &why].concat());
            }
            Some(why) if matches!(status, 404 | 409) => self.end(Outcome::Other, why),
            Some(why) => {
                self.guard.update_value(|guard| guard.fail(clock::now()));
                self.trouble.set(why);
                self.rest();
            }
            None => self.end(Outcome::of(Some(&answer.decision)), said),
        }
    }
}

/// A route of a request.
fn path_of(id: &str, what: &str) -> String {
    // What is none of these is of no id.
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    ["/requests/", &id, what].concat()
}

/// What an answer is told as.
fn said(request: &Request, answer: &RequestAnswer) -> String {
    let choice = request.options.iter().find(|choice| choice.id == answer.decision);
    let agent = &request.daemon;
    match (&*answer.decision, choice) {
        ("allow", _) if !answer.answers.is_empty() => [agent, " has your answer."].concat(),
        ("allow", _) => ["You allowed it: ", agent, " goes on."].concat(),
        ("deny", _) => ["You said no: ", agent, " hears it."].concat(),
        (_, Some(choice)) if choice.kind == ChoiceKind::Deny => ["You said: ", &choice.label, "."].concat(),
        (_, Some(choice)) => ["You answered: ", &choice.label, "."].concat(),
        (_, None) => "You answered.".into(),
    }
}

/// What a server said against it, as a sentence.
pub(crate) fn sentence(failure: Failure) -> String {
    let Some(problem) = failure.problem else { return NO_ANSWER.into() };
    let mut letters = problem.sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    [&first, letters.as_str().trim_end_matches('.'), "."].concat()
}
