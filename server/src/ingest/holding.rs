//! Hooks that wait for an answer: which request a payload opens, and what becomes of it once its event is made.

use std::time::Duration;

use arcane_shared::api::Choice;
use arcane_shared::roster::{Roster, Wait as Waiting};
use arcane_shared::{DaemonName, Metadata, RoomName, Timestamp};
use serde_json::Value;
use tokio::sync::oneshot;

use super::asking::{self, Form, Place, Question};
use super::dialect::Agent;
use super::line::{self, short};
use super::secrets::{masked, masked_within};
use super::sign::{Asked, Sign, Wait, What, Why};
use crate::clock;
use crate::intake::Draft;
use crate::requests::{Ask, Held, RequestId, Requests, Ruled, millis};

/// Characters of an input that its event keeps.
const INPUT_CHARS: usize = 200;
/// The same where content is captured.
const CAPTURED_CHARS: usize = 4_096;
/// How long a request of an earlier run that does not say when it ends is shown: 10 minutes, in milliseconds.
const RESTORED_MS: u64 = 10 * 60 * 1000;
/// The longest that any may be open: an hour, in milliseconds.
const LONGEST_MS: u64 = 60 * 60 * 1000;
/// What stands in the event of a request, and in that of its end not or otherwise.
const OF_THE_OPENING: [&str; 11] = [
    "event",
    "attention",
    "why",
    "since",
    "task",
    "request_id",
    "expires_at",
    "options",
    "input",
    "source_event",
    "count",
];

/// What a hook asks for that may wait.
#[derive(Debug)]
pub(crate) struct Hold {
    /// For how long, at most.
    pub(crate) patience: Duration,
    /// A page is looked at where it can be answered. Otherwise only rules answer.
    pub(crate) is_watched: bool,
    /// Where it hears that it is held. Dropped: it is not.
    pub(crate) reply: oneshot::Sender<Waits>,
}

/// A hook that is held.
#[derive(Debug)]
pub(crate) struct Waits {
    /// What it waits on.
    pub(crate) held: Held,
    /// How its answer is written.
    pub(crate) form: Form,
}

/// A request whose event is yet to be made.
#[derive(Debug)]
pub(super) struct Pending {
    id: RequestId,
    question: Question,
    expires_at: Timestamp,
    agent: Agent,
    /// A human is at the agent's own prompt.
    is_attended: bool,
    is_watched: bool,
    /// What a rule answers.
    ruled: Option<Ruled>,
    reply: oneshot::Sender<Waits>,
}

impl Pending {
    /// What a payload asks, if it asks something and its hook may wait.
    pub(super) fn of(
        agent: Agent,
        payload: &Value,
        event: Option<&str>,
        is_attended: bool,
        hold: Option<Hold>,
    ) -> Option<Self> {
        let Hold { patience, is_watched, reply } = hold?;
        let question = asking::question(agent, payload, event);
        let question = question.or_else(|| asking::looping(agent, payload, event))?;
        let is_of_a_loop = matches!(question.form, Form::Looping { .. });
        let most = if is_of_a_loop { asking::LOOP_HOLD_MAX_S } else { asking::hold_max_s(agent, payload) };
        let patience = patience.min(Duration::from_secs(most));
        let micros = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
        let expires_at = Timestamp::from_unix_micros(clock::now().unix_micros().saturating_add(micros));
        let id = Requests::new_id();
        Some(Self { id, question, expires_at, agent, is_attended, is_watched, ruled: None, reply })
    }

    /// With what a rule answers; `None`: no rule does, and no human would. `known` is the session's project and its folder, if there is such a
    /// session, and `cwd` the folder that it is in now.
    pub(super) fn ruled(
        mut self,
        requests: &Requests,
        known: Option<(Option<&str>, Option<&str>)>,
        cwd: Option<&str>,
    ) -> Option<Self> {
        let begun_here = cwd.and_then(line::project);
        let (project, folder) = known.unwrap_or((begun_here.as_deref(), cwd));
        let case = asking::case(self.agent, &self.question, Place { project, folder, cwd });
        self.ruled = case.and_then(|case| requests.rule(&case));
        (self.is_watched || self.ruled.is_some()).then_some(self)
    }

    /// Notes in the sign of a wait that it can be answered from elsewhere.
    pub(super) fn note(&self, signs: &mut Vec<Sign>, captures_content: bool) {
        if self.is_of_a_loop() {
            let waits = signs.iter().find_map(begins_once_more);
            signs.extend(waits);
        }
        let wait = signs.iter_mut().find_map(|sign| match &mut sign.what {
            What::Waits(wait) => Some(wait),
            _ => None,
        });
        let Some(wait) = wait else { return };
        let chars = if captures_content { CAPTURED_CHARS } else { INPUT_CHARS };
        let kept = masked_within(&self.question.input, 4 * chars);
        wait.asked = Some(Box::new(Asked {
            id: self.id.clone(),
            expires_at: self.expires_at,
            options: self.told_options(),
            input: short(&kept.to_string(), chars),
            hash: asking::hash_of(&self.question.input).into(),
            is_ruled: self.ruled.is_some(),
        }));
    }

    /// The id of the request.
    pub(super) fn id(&self) -> &RequestId {
        &self.id
    }

    /// Whether it is about a call that is made again and again, and not about what its agent asks by itself.
    pub(super) fn is_of_a_loop(&self) -> bool {
        matches!(self.question.form, Form::Looping { .. })
    }

    /// Whether one of these events tells of it. A call that begins and is none of a loop is asked nothing.
    pub(super) fn is_told(&self, drafts: &[Draft]) -> bool {
        !self.is_of_a_loop() || drafts.iter().any(|draft| opens(draft) == Some(&*self.id))
    }

    /// The options as the log may have them.
    fn told_options(&self) -> Vec<Choice> {
        let told = |choice: &Choice| Choice { label: masked(&choice.label).into(), ..choice.clone() };
        self.question.options.iter().map(told).collect()
    }

    /// Opens the request that one of these events tells of, and tells the hook. Where a rule answers that event is taken out: nobody has to
    /// be called. Gives the request's id, and what the rule answers.
    ///
    /// # Errors
    /// If none does, or the request is beyond a bound: why, in a word. The event is that of a wait like any other then, and the hook
    /// hears nothing.
    pub(super) fn open(
        self,
        requests: &Requests,
        room: &RoomName,
        drafts: &mut Vec<Draft>,
    ) -> Result<(RequestId, Option<Ruled>), &'static str> {
        let told_labels = self.told_options().into_iter().map(|choice| choice.label).collect();
        let is_of_a_loop = self.is_of_a_loop();
        let Self { id, mut question, expires_at, agent, is_attended, ruled, reply, .. } = self;
        let at = drafts.iter().position(|draft| opens(draft) == Some(&*id)).ok_or("request_told")?;
        let draft = &mut drafts[at];
        let daemon = draft.daemon_name.clone().ok_or("request_told")?;
        let text = |name: &str| draft.metadata.get(name).and_then(Value::as_str).unwrap_or_default().into();
        let (why, task) = (text("why"), text("task"));
        if let Form::Looping { count } = &mut question.form {
            *count = draft.metadata.get("count").and_then(Value::as_u64).unwrap_or_default();
        }
        let ask = Ask {
            room: room.clone(),
            daemon,
            why,
            task,
            tool: question.tool,
            // What is answered at once is shown to nobody, and takes no place.
            input: ruled.is_none().then(|| question.input.to_string().into()),
            options: question.options.into(),
            told_labels,
            takes_message: question.takes_message,
            fields: question.fields.into(),
            has_prompt: is_attended && !is_of_a_loop,
            ends_hook_when_denied: agent == Agent::Claude && !is_of_a_loop,
            about: about(&draft.metadata, ruled.is_some()),
            expires_at: millis(expires_at),
            untold: ruled.is_some().then(|| Box::new(as_any_wait(draft.clone()))),
        };
        match requests.open(&id, ask, ruled.is_some()) {
            Ok(held) => {
                if ruled.is_some() {
                    drafts.remove(at);
                }
                // A hook that is gone drops what it waits on, which ends the request.
                let _ = reply.send(Waits { held, form: question.form });
                Ok((id, ruled))
            }
            // Nothing but the request would wait.
            Err(refused) if is_of_a_loop => {
                drafts.remove(at);
                Err(refused.word())
            }
            Err(refused) => {
                *draft = as_any_wait(draft.clone());
                Err(refused.word())
            }
        }
    }
}

/// What became of a request, for its event that is made anew.
#[derive(Debug)]
pub(super) enum Opening {
    /// It is open, and its event opens it.
    Open,
    /// A rule answers it: there is no such event.
    Ruled(RequestId),
    /// It was refused. `is_of_a_loop`: nothing but the request would have waited.
    Refused { id: RequestId, is_of_a_loop: bool },
}

impl Opening {
    /// Makes of events that are made anew what [`Pending::open`] has made of those before them.
    pub(super) fn apply(&self, drafts: &mut Vec<Draft>) {
        let (id, is_told) = match self {
            Self::Open => return,
            Self::Ruled(id) => (id, false),
            Self::Refused { id, is_of_a_loop } => (id, !is_of_a_loop),
        };
        let Some(at) = drafts.iter().position(|draft| opens(draft) == Some(&**id)) else { return };
        if is_told {
            drafts[at] = as_any_wait(drafts[at].clone());
        } else {
            drafts.remove(at);
        }
    }
}

/// The event of a wait that cannot be answered from here.
fn as_any_wait(mut opening: Draft) -> Draft {
    for field in ["request_id", "expires_at", "options"] {
        opening.metadata.shift_remove(field);
    }
    opening
}

/// The sign of a wait of a call that begins, if it turns out to be one more of a loop.
fn begins_once_more(begun: &Sign) -> Option<Sign> {
    let What::CallBegan { call, task } = &begun.what else { return None };
    let wait =
        Wait { why: Why::Loop, call: Some(call.clone()), request: None, line: task.clone(), asked: None };
    Some(Sign { what: What::Waits(wait), ..begun.clone() })
}

/// The request that an event opens.
pub(super) fn opens(draft: &Draft) -> Option<&str> {
    draft.metadata.get("attention")?;
    draft.metadata.get("request_id")?.as_str()
}

/// What the event of an end tells besides. `is_alone`: nothing tells of the opening, so the end has the beginning of the input.
fn about(opening: &Metadata, is_alone: bool) -> Metadata {
    let is_kept = |name: &str| is_alone && name == "input" || !OF_THE_OPENING.contains(&name);
    let kept = opening.iter().filter(|(name, _)| is_kept(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Brings back the requests that a room's roster tells of: those of an earlier run of the server.
pub(super) fn restore(requests: &Requests, room: &RoomName, roster: &Roster) {
    for daemon in roster.present() {
        for wait in &daemon.waiting {
            let Some(id) = &wait.request_id else { continue };
            let ask = restored(room, &daemon.daemon_name, wait);
            requests.restore(id, ask, millis(wait.since), wait.seq);
        }
    }
}

fn restored(room: &RoomName, daemon: &DaemonName, wait: &Waiting) -> Ask {
    let named = |name: &str, value: &Option<Box<str>>| {
        value.as_deref().map(|value| (name.to_owned(), Value::from(value)))
    };
    let about = [named("session", &wait.session), named("call_id", &wait.call_id)];
    let since = millis(wait.since);
    let expires_at = wait.expires_at.map_or(since + RESTORED_MS, millis).min(since + LONGEST_MS);
    Ask {
        room: room.clone(),
        daemon: daemon.clone(),
        why: "permission".into(),
        task: wait.reason.clone(),
        tool: None,
        input: None,
        options: [].into(),
        told_labels: [].into(),
        takes_message: false,
        fields: [].into(),
        has_prompt: true,
        ends_hook_when_denied: false,
        about: about.into_iter().flatten().collect(),
        expires_at,
        untold: None,
    }
}
