//! The events that a session becomes: what each says, and what all of them carry. Pure.

use arcane_shared::api::Via as RequestVia;
use arcane_shared::roster::{BEGIN, END, ENRICH, PROGRESS};
use arcane_shared::{Metadata, SpellName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::intake::Draft;

use super::super::line;
use super::super::people::without_people;
use super::super::secrets::masked;
use super::super::sign::{Outcome, Sign, Usage, Wait};
use super::actor::Actor;

/// Tools with names of their own for what a call of one is.
const TURN: &str = "turn";

/// What all events of a session carry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    #[serde(skip)]
    pub(super) session: Box<str>,
    pub(super) host: Option<Box<str>>,
    pub(super) project: Option<Box<str>>,
    /// The folder of the project. No event tells more of it than its last part.
    #[serde(skip)]
    pub(super) folder: Option<Box<str>>,
    /// The folder that it is in now.
    #[serde(skip)]
    pub(super) cwd: Option<Box<str>>,
    pub(super) model: Option<Box<str>>,
}

/// Makes the events of one sign.
pub(super) struct Drafts<'a> {
    about: &'a About,
    /// The sign's dialect and name; without one the server tells by itself.
    source: Option<(&'static str, &'a str)>,
    made: Vec<Draft>,
}

/// How a call ended.
pub(super) struct Ended<'a> {
    pub(super) task: &'a str,
    pub(super) outcome: &'a Outcome,
    /// How long it took, if that is known.
    pub(super) seconds: Option<f64>,
    /// What it gave, where content is captured.
    pub(super) output: Option<&'a str>,
}

/// A metadata field, if there is something to say.
fn put(metadata: &mut Metadata, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        metadata.insert(key.into(), value.into());
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::String(masked(text).into_owned())
}

/// What a program says of its failure.
fn error_text(error: &str) -> Value {
    text(&without_people(error))
}

impl<'a> Drafts<'a> {
    pub(super) fn of(about: &'a About, sign: Option<&'a Sign>) -> Self {
        Self { about, source: sign.map(|sign| (sign.source, sign.event.as_ref())), made: Vec::new() }
    }

    pub(super) fn done(self) -> Vec<Draft> {
        self.made
    }

    /// Whether an event was made that shows to whoever folds them that the actor goes on.
    pub(super) fn show_life(&self) -> bool {
        self.made.iter().any(|draft| match draft.spell_name {
            SpellName::Invoke | SpellName::Parse | SpellName::Banish => true,
            SpellName::Reveal => draft.metadata.get("query_type") == Some(&json!(PROGRESS)),
            SpellName::Voice => draft.metadata.get("attention").is_none(),
            SpellName::Summon => false,
        })
    }

    /// An event of an actor; its metadata is given back to be added to.
    fn tell(
        &mut self,
        actor: &Actor,
        spell_name: SpellName,
        success: bool,
        description: Option<String>,
    ) -> &mut Metadata {
        let mut metadata = Metadata::new();
        let About { session, host, project, model, .. } = self.about;
        put(&mut metadata, "session", (!session.is_empty()).then(|| text(session)));
        put(&mut metadata, "agent_id", actor.agent.as_deref().map(text));
        if let Some((daemon, id)) = &actor.parent {
            put(&mut metadata, "parent_daemon", Some(daemon.as_str()));
            put(&mut metadata, "parent_agent_id", id.as_deref().map(text));
        }
        put(&mut metadata, "host", host.as_deref().map(text));
        put(&mut metadata, "project", project.as_deref().map(text));
        put(&mut metadata, "model", model.as_deref().map(text));
        if let Some((source, event)) = self.source {
            put(&mut metadata, "source", Some(source));
            put(&mut metadata, "source_event", Some(text(event)));
        }
        self.made.push(Draft {
            spell_name,
            daemon_name: Some(actor.daemon.clone()),
            timestamp: None,
            success,
            description,
            metadata,
            directives: None,
        });
        let at = self.made.len() - 1;
        &mut self.made[at].metadata
    }

    pub(super) fn summon(&mut self, actor: &Actor, manifestations: u64, is_synthetic: bool) {
        let metadata = self.tell(actor, SpellName::Summon, true, None);
        put(metadata, "manifestations", Some(manifestations));
        put(metadata, "synthetic", is_synthetic.then_some(true));
        // Every summon has one; a model that is not known yet has no name.
        metadata.entry("model").or_insert_with(|| "".into());
    }

    pub(super) fn banish(&mut self, actor: &Actor, manifestations: u64, reason: &str, is_synthetic: bool) {
        let metadata = self.tell(actor, SpellName::Banish, true, None);
        put(metadata, "manifestations", Some(manifestations));
        put(metadata, "is_active", Some(manifestations > 0));
        put(metadata, "invocation_count", Some(actor.invocations));
        put(metadata, "total_time", Some(actor.seconds));
        put(metadata, "reason", Some(text(reason)));
        put(metadata, "synthetic", is_synthetic.then_some(true));
    }

    pub(super) fn prompt(&mut self, actor: &Actor, prompt: Option<&str>, chars: usize) {
        let name = actor.daemon.as_str().to_uppercase();
        let description = format!("✨ A mortal speaks to {name}. ✨");
        let metadata = self.tell(actor, SpellName::Parse, true, Some(description));
        put(metadata, "spell_text", prompt.map(text));
        put(metadata, "prompt_length", Some(chars));
        put(metadata, "parsed_action", Some("invoke"));
    }

    pub(super) fn begin(&mut self, actor: &Actor, call: (&str, &str), task: &str) {
        let metadata = self.tell(actor, SpellName::Reveal, true, None);
        put(metadata, "query_type", Some(PROGRESS));
        put(metadata, "phase", Some(BEGIN));
        call_fields(metadata, call, task);
    }

    /// A call goes on no longer, and nobody says how it ended.
    pub(super) fn close(&mut self, actor: &Actor, call: (&str, &str), task: &str) {
        let name = actor.daemon.as_str().to_uppercase();
        let metadata =
            self.tell(actor, SpellName::Reveal, true, Some(format!("✨ {name} lets go of the task. ✨")));
        put(metadata, "query_type", Some(PROGRESS));
        put(metadata, "phase", Some(END));
        put(metadata, "outcome", Some("unknown"));
        put(metadata, "inferred", Some(true));
        call_fields(metadata, call, task);
    }

    /// A wait is over, or the actor goes on after one.
    pub(super) fn goes_on(&mut self, actor: &Actor, call: Option<&str>) {
        let name = actor.daemon.as_str().to_uppercase();
        let metadata = self.tell(actor, SpellName::Reveal, true, Some(format!("✨ {name} goes on. ✨")));
        put(metadata, "query_type", Some(PROGRESS));
        put(metadata, "phase", Some("continue"));
        put(metadata, "call_id", call.map(text));
    }

    /// A call ended. `is_late`: after the end of its session.
    pub(super) fn end(&mut self, actor: &Actor, call: (&str, &str), ended: &Ended<'_>, is_late: bool) {
        let metadata = self.tell(actor, SpellName::Invoke, *ended.outcome == Outcome::Done, None);
        call_fields(metadata, call, ended.task);
        put(metadata, "execution_time", Some(ended.seconds.unwrap_or_default()));
        put(metadata, "invocation_number", Some(actor.invocations));
        put(metadata, "output", ended.output.map(text));
        put(metadata, "late", is_late.then_some(true));
        match ended.outcome {
            Outcome::Done | Outcome::Unknown => {}
            Outcome::Failed { error, is_inferred } => {
                put(metadata, "error", Some(error_text(error)));
                put(metadata, "inferred", is_inferred.then_some(true));
            }
            Outcome::Denied { reason } => {
                put(metadata, "error", Some(text(reason)));
                put(metadata, "denied", Some(true));
            }
            Outcome::Interrupted => {
                put(metadata, "error", Some("interrupted by a human"));
                put(metadata, "interrupted", Some(true));
            }
        }
    }

    /// How the call that was told last came to be denied: without it, where its agent runs.
    pub(super) fn denied_by(&mut self, via: RequestVia) {
        if let Some(metadata) = self.last() {
            put(metadata, "via", Some(via.word()));
        }
    }

    pub(super) fn turn_failed(&mut self, actor: &Actor, error: &str, kind: Option<&str>) {
        let metadata = self.tell(actor, SpellName::Invoke, false, None);
        put(metadata, "task", Some(TURN));
        put(metadata, "tool", Some(TURN));
        put(metadata, "error", Some(error_text(error)));
        put(metadata, "error_type", kind.map(text));
    }

    pub(super) fn waits(
        &mut self,
        actor: &Actor,
        wait: &Wait,
        call: Option<&str>,
        since: arcane_shared::Timestamp,
    ) {
        let name = actor.daemon.as_str().to_uppercase();
        let description = format!("{name} awaits your word: {}", masked(&wait.line));
        let metadata = self.tell(actor, SpellName::Voice, true, Some(description));
        put(metadata, "event", Some("await"));
        put(metadata, "attention", Some(true));
        put(metadata, "why", Some(wait.why.word()));
        put(metadata, "tool", wait.call.as_ref().map(|call| text(&call.tool)));
        put(metadata, "task", Some(text(&wait.line)));
        put(metadata, "call_id", call.map(text));
        put(metadata, "since", Some(since.to_string()));
        if let Some(asked) = &wait.asked {
            put(metadata, "request_id", Some(&*asked.id));
            put(metadata, "expires_at", Some(asked.expires_at.to_string()));
            put(metadata, "options", Some(json!(asked.options)));
            put(metadata, "input", Some(&*asked.input));
            put(metadata, "input_hash", Some(&*asked.hash));
        }
    }

    pub(super) fn answer(&mut self, actor: &Actor, event: &str, answer: Option<&str>) {
        let said = answer.map(|answer| line::short(answer, 280).into_string());
        let metadata =
            self.tell(actor, SpellName::Voice, true, Some(said.unwrap_or_else(|| "I have spoken.".into())));
        put(metadata, "event", Some(event));
        put(metadata, "text", answer.map(text));
    }

    /// The metadata of the event that was made last.
    pub(super) fn last(&mut self) -> Option<&mut Metadata> {
        self.made.last_mut().map(|draft| &mut draft.metadata)
    }

    /// What a guard says of an actor: quietly, for it is no deed of the actor's.
    pub(super) fn guard(&mut self, actor: &Actor, event: &str, said: &str) -> &mut Metadata {
        let metadata = self.tell(actor, SpellName::Voice, true, Some(masked(said).into_owned()));
        put(metadata, "event", Some(event));
        metadata
    }

    /// What was spent. `model`: that of the request, which need not be the session's. `is_late`: after the end of its session.
    pub(super) fn usage(&mut self, actor: &Actor, usage: &Usage, model: Option<&str>, is_late: bool) {
        let metadata = self.tell(actor, SpellName::Reveal, true, None);
        put(metadata, "late", is_late.then_some(true));
        put(metadata, "model", model.map(text));
        put(metadata, "query_type", Some(ENRICH));
        put(metadata, "call_id", usage.call.as_deref().map(text));
        put(metadata, "input_tokens", usage.input);
        put(metadata, "output_tokens", usage.output);
        put(metadata, "cache_read_tokens", usage.cache_read);
        put(metadata, "cache_write_tokens", usage.cache_write);
        put(metadata, "reasoning_tokens", usage.reasoning);
        put(metadata, "cost_usd", usage.cost_usd);
        put(metadata, "cost_computed", usage.is_computed.then_some(true));
        put(metadata, "unpriced", usage.is_unpriced.then_some(true));
        put(metadata, "context_tokens", usage.context);
        put(metadata, "context_limit", usage.context_limit);
    }

    /// A call that was told to have ended well has failed.
    pub(super) fn failed(&mut self, actor: &Actor, (id, tool): (&str, &str), error: &str, is_inferred: bool) {
        let name = actor.daemon.as_str().to_uppercase();
        let description = format!("What {name} did has failed, as is told only now.");
        let metadata = self.tell(actor, SpellName::Reveal, true, Some(description));
        put(metadata, "query_type", Some(ENRICH));
        put(metadata, "call_id", Some(text(id)));
        put(metadata, "tool", Some(text(tool)));
        put(metadata, "error", Some(error_text(error)));
        put(metadata, "inferred", is_inferred.then_some(true));
    }

    pub(super) fn state(&mut self, actor: &Actor, name: &str, details: &Metadata) {
        let who = actor.daemon.as_str().to_uppercase();
        let metadata = self.tell(actor, SpellName::Reveal, true, Some(format!("✨ {who}: {name} ✨")));
        put(metadata, "query_type", Some("state"));
        put(metadata, "state", Some(name));
        for (key, value) in details {
            let value = value.as_str().map_or_else(|| value.clone(), error_text);
            metadata.entry(key.as_str()).or_insert(value);
        }
    }

    pub(super) fn silent(&mut self, actor: &Actor) {
        let name = actor.daemon.as_str().to_uppercase();
        let metadata =
            self.tell(actor, SpellName::Reveal, true, Some(format!("✨ {name} has fallen silent. ✨")));
        put(metadata, "query_type", Some("silent"));
        put(metadata, "since", Some(actor.heard.to_string()));
        put(metadata, "synthetic", Some(true));
    }
}

fn call_fields(metadata: &mut Metadata, (id, tool): (&str, &str), task: &str) {
    put(metadata, "call_id", Some(text(id)));
    put(metadata, "tool", Some(text(tool)));
    put(metadata, "task", Some(text(task)));
}
