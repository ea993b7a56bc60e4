//! What the roster looks at in one event.

use serde_json::Value;

use super::amount::Seconds;
use super::guard::Guarded;
use super::session::Membership;
use super::spent::Spent;
use super::value::{cost, count, micros, seconds};
use crate::api::AWAIT_END;
use crate::{AnySpell, ArcaneEvent, DaemonName, Rgb, Seq, SpellName, Timestamp, visible};

/// Most characters of a line that the roster keeps: a task, a sentence, an error.
pub const LINE_CHARS_MAX: usize = 160;
/// Most characters of a call's id that are kept; calls are told apart by no more.
pub const CALL_ID_CHARS_MAX: usize = 64;
/// Before the digest of an id whose event was deleted.
pub(super) const DIGEST: &str = "~";
/// `query_type` of a REVEAL that says a failure was seen.
pub const ACKNOWLEDGE: &str = "acknowledge";
/// `query_type` of a REVEAL that says a daemon is forgotten.
pub const FORGET: &str = "forget";
/// `query_type` of a REVEAL that tells how far work has come.
pub const PROGRESS: &str = "progress";
/// `phase` of an event that tells of the beginning of a call.
pub const BEGIN: &str = "begin";
/// `phase` of a REVEAL that says a call goes on no longer, though nobody knows how it ended.
pub const END: &str = "end";
/// `query_type` of a REVEAL that adds figures to work that was told before.
pub const ENRICH: &str = "enrich";
/// `event` of the sentences that the realm itself speaks about a spell: they are no signs of the daemon's life.
const OF_A_SPELL: [&str; 4] = ["summon", "invoke", "failure", "banish"];

/// A spell by name, where events are made and where they are read.
pub trait Spell {
    /// The spell, if it is one of the six.
    fn spell(&self) -> Option<SpellName>;
}

impl Spell for SpellName {
    fn spell(&self) -> Option<SpellName> {
        Some(*self)
    }
}

impl Spell for AnySpell {
    fn spell(&self) -> Option<SpellName> {
        self.known()
    }
}

/// What the roster looks at in one event of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    pub(super) daemon: DaemonName,
    /// When the bus took it, Unix microseconds.
    pub(super) at: i64,
    pub(super) color: Option<Rgb>,
    /// The event tells of a failure.
    pub(super) failed: bool,
    pub(super) deed: Deed,
    /// The task, the sentence or the error.
    pub(super) line: Box<str>,
    pub(super) spent: Spent,
    /// The session that it is of.
    pub(super) of: Option<Box<Membership>>,
    /// It tells of what was over before: figures only.
    pub(super) late: bool,
}

/// What an event says of its daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// It is in the realm from now on.
    Summoned,
    /// It is not in the realm any more.
    Banished,
    /// What it did is forgotten.
    Forgotten,
    /// Its failure was seen: that of this event, or whichever lasts.
    Acknowledged { failure: Option<Seq> },
    /// A call has begun.
    Began { call_id: Option<Box<str>> },
    /// A call has ended: in how many seconds, and why it failed if it did. `is_denied`: a human or a rule would not have it made.
    Ended { call_id: Option<Box<str>>, seconds: Seconds, error: Option<Box<str>>, is_denied: bool },
    /// A call goes on no longer, and is not counted.
    Closed { call_id: Option<Box<str>> },
    /// It waits for a human.
    Waits { call_id: Option<Box<str>>, request: Option<Box<Asked>> },
    /// What it asked was answered, or can be answered from here no longer: then it may wait on.
    Answered { request_id: Box<str>, waits_on: bool },
    /// It speaks; what it did before has ended.
    Spoke { call_id: Option<Box<str>> },
    /// It goes on with what it does.
    GoesOn { call_id: Option<Box<str>> },
    /// A guard tells of what it spends, or does again and again.
    Guarded(Box<Guarded>),
    /// The event is about the daemon and no sign of its life.
    Named,
}

/// A request, as the event says that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) id: Box<str>,
    pub(super) expires_at: Option<Timestamp>,
}

/// Which part of a call an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallPart<'a> {
    /// Its beginning.
    Begin {
        /// Joins it with its end; absent where its publisher gave none.
        call_id: Option<&'a str>,
    },
    /// Its end.
    End {
        /// Joins it with its beginning.
        call_id: Option<&'a str>,
    },
}

/// The fields of metadata that are looked at.
#[derive(Default)]
struct Fields<'a> {
    query_type: Option<&'a str>,
    failure: Option<Seq>,
    phase: Option<&'a str>,
    call_id: Option<&'a str>,
    task: Option<&'a str>,
    error: Option<&'a str>,
    event: Option<&'a str>,
    request_id: Option<&'a str>,
    expires_at: Option<&'a str>,
    waits_on: bool,
    attention: bool,
    refused: bool,
    denied: bool,
    seconds: Option<Seconds>,
    spent: Spent,
    emitted_at: Option<f64>,
    session: Option<&'a str>,
    agent_id: Option<&'a str>,
    parent_daemon: Option<&'a str>,
    parent_agent_id: Option<&'a str>,
    model: Option<&'a str>,
    context_tokens: Option<u64>,
    context_limit: Option<u64>,
    /// The cost is none that an agent reported.
    is_computed: bool,
    host: Option<&'a str>,
    project: Option<&'a str>,
    manifestations: Option<u64>,
    late: bool,
}

impl Sign {
    /// What an event as the bus sends it says: its colour and the bus's time are in it. `None`: it is about no daemon.
    #[must_use]
    pub fn read<S: Spell>(event: &ArcaneEvent<S>) -> Option<Self> {
        let fields = Fields::of(event);
        let at = fields.emitted_at.map_or_else(|| event.timestamp.unix_micros(), micros);
        Self::made(event, &fields, at, event.color())
    }

    /// What an event says that the bus is taking: with the colour and at the moment, Unix microseconds, that it gets.
    #[must_use]
    pub fn taken<S: Spell>(event: &ArcaneEvent<S>, at: i64, color: Option<Rgb>) -> Option<Self> {
        Self::made(event, &Fields::of(event), at, color)
    }

    /// Whose sign it is.
    #[must_use]
    pub fn daemon(&self) -> &DaemonName {
        &self.daemon
    }

    /// Which part of a call it tells, if one.
    #[must_use]
    pub fn call_part(&self) -> Option<CallPart<'_>> {
        match &self.deed {
            Deed::Began { call_id } => Some(CallPart::Begin { call_id: call_id.as_deref() }),
            Deed::Ended { call_id, .. } | Deed::Closed { call_id } => {
                Some(CallPart::End { call_id: call_id.as_deref() })
            }
            _ => None,
        }
    }

    /// The id of the call that waits for a human; `Some(None)`: something does, and the event names no call.
    #[must_use]
    pub fn wait(&self) -> Option<Option<&str>> {
        if let Deed::Waits { call_id, .. } = &self.deed { Some(call_id.as_deref()) } else { None }
    }

    /// The session that it is of: the subagent's id, or that of the session.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.of.as_deref().map(|of| of.id.as_ref())
    }

    /// Whether none of its daemon's calls goes on after it.
    #[must_use]
    pub fn ends_all(&self) -> bool {
        !self.failed
            && matches!(self.deed, Deed::Summoned | Deed::Banished | Deed::Forgotten | Deed::Spoke { .. })
    }

    fn made<S: Spell>(
        event: &ArcaneEvent<S>,
        fields: &Fields<'_>,
        at: i64,
        color: Option<Rgb>,
    ) -> Option<Self> {
        let daemon = event.daemon_name.clone()?;
        let spell = event.spell_name.spell();
        let told = fields.event.filter(|_| spell == Some(SpellName::Voice));
        let guarded = told.and_then(|name| Guarded::read(name, event));
        let deed = guarded.unwrap_or_else(|| fields.deed(spell, event.success));
        let line = match deed {
            Deed::Began { .. }
            | Deed::Ended { .. }
            | Deed::Closed { .. }
            | Deed::Waits { .. }
            | Deed::Guarded(_) => said(fields.task).unwrap_or(&event.description),
            Deed::Spoke { .. } => &event.description,
            _ => "",
        };
        let failed = !event.success;
        Some(Self {
            daemon,
            at,
            color,
            failed,
            line: shortened(line, LINE_CHARS_MAX),
            // What a loop has cost was told before.
            spent: if matches!(deed, Deed::Guarded(_)) { Spent::default() } else { fields.spent },
            deed,
            of: fields.membership().map(Box::new),
            late: fields.late,
        })
    }
}

impl<'a> Fields<'a> {
    /// In one pass: metadata is small, and every event that is published pays for this.
    fn of<S>(event: &'a ArcaneEvent<S>) -> Self {
        let mut fields = Self::default();
        for (key, value) in &event.metadata {
            match key.as_str() {
                "query_type" => fields.query_type = value.as_str(),
                "failure" => fields.failure = value.as_u64(),
                "phase" => fields.phase = value.as_str(),
                "call_id" => fields.call_id = value.as_str(),
                "task" => fields.task = value.as_str(),
                "error" => fields.error = value.as_str(),
                "event" => fields.event = value.as_str(),
                "request_id" => fields.request_id = value.as_str(),
                "expires_at" => fields.expires_at = value.as_str(),
                "waits_on" => fields.waits_on = value.as_bool() == Some(true),
                "refused" => fields.refused = value.as_bool() == Some(true),
                "denied" => fields.denied = value.as_bool() == Some(true),
                "attention" => fields.attention = value.as_bool() == Some(true),
                "execution_time" => fields.seconds = seconds(value),
                "input_tokens" => fields.spent.input_tokens = count(value),
                "output_tokens" => fields.spent.output_tokens = count(value),
                "cache_read_tokens" => fields.spent.cache_read_tokens = count(value),
                "cache_write_tokens" => fields.spent.cache_write_tokens = count(value),
                "reasoning_tokens" => fields.spent.reasoning_tokens = count(value),
                "cost_usd" => fields.spent.cost_usd = cost(value),
                "cost_computed" => fields.is_computed = value.as_bool() == Some(true),
                "context_tokens" => fields.context_tokens = count(value),
                "context_limit" => fields.context_limit = count(value),
                "model" => fields.model = value.as_str().filter(|model| !model.is_empty()),
                "parent_agent_id" => fields.parent_agent_id = value.as_str(),
                "session" => fields.session = value.as_str(),
                "agent_id" => fields.agent_id = value.as_str(),
                "parent_daemon" => fields.parent_daemon = value.as_str(),
                "host" => fields.host = value.as_str(),
                "project" => fields.project = value.as_str(),
                "manifestations" => fields.manifestations = value.as_u64(),
                "late" => fields.late = value.as_bool() == Some(true),
                "sync" => fields.emitted_at = value.get("emitted_at").and_then(Value::as_f64),
                _ => {}
            }
        }
        let spent = &mut fields.spent;
        if spent.cost_usd.is_some() {
            spent.cost_computed_usd = spent.cost_usd.filter(|_| fields.is_computed);
        } else {
            spent.unpriced_tokens = Some(spent.tokens()).filter(|tokens| *tokens > 0);
        }
        fields
    }

    fn membership(&self) -> Option<Membership> {
        let id = said(self.agent_id).or(said(self.session))?;
        let kept = |text: Option<&str>| said(text).map(|text| shortened(text, CALL_ID_CHARS_MAX));
        Some(Membership {
            id: shortened(id, CALL_ID_CHARS_MAX),
            session: kept(self.session.filter(|_| said(self.agent_id).is_some())),
            parent: said(self.parent_daemon).and_then(|name| DaemonName::parse(name).ok()),
            parent_id: kept(self.parent_agent_id),
            model: kept(self.model),
            context_tokens: self.context_tokens,
            context_limit: self.context_limit,
            host: kept(self.host),
            project: kept(self.project),
            manifestations: self.manifestations,
        })
    }

    fn asked(&self) -> Option<Asked> {
        let id = said(self.request_id)?;
        let expires_at = self.expires_at.and_then(|text| Timestamp::parse(text).ok());
        Some(Asked { id: shortened(id, CALL_ID_CHARS_MAX), expires_at })
    }

    fn deed(&self, spell: Option<SpellName>, success: bool) -> Deed {
        let call_id = || said(self.call_id).map(|id| shortened(id, CALL_ID_CHARS_MAX));
        match (spell, success) {
            (Some(SpellName::Summon), true) => Deed::Summoned,
            (Some(SpellName::Banish), true) => Deed::Banished,
            (Some(SpellName::Invoke), _) if self.phase == Some(BEGIN) => Deed::Began { call_id: call_id() },
            // A refusal says nothing of the daemon: it was never asked.
            (Some(SpellName::Invoke), false) if self.refused => Deed::Named,
            (Some(SpellName::Invoke), _) => Deed::Ended {
                call_id: call_id(),
                seconds: self.seconds.unwrap_or_default(),
                error: (!success).then(|| shortened(said(self.error).unwrap_or("failed"), LINE_CHARS_MAX)),
                is_denied: self.denied,
            },
            (Some(SpellName::Voice), _) if self.attention => {
                Deed::Waits { call_id: call_id(), request: self.asked().map(Box::new) }
            }
            (Some(SpellName::Voice), _) if self.event == Some(AWAIT_END) => match said(self.request_id) {
                Some(id) => {
                    Deed::Answered { request_id: shortened(id, CALL_ID_CHARS_MAX), waits_on: self.waits_on }
                }
                None => Deed::Named,
            },
            (Some(SpellName::Voice), _) => {
                let of_a_spell = self.event.is_some_and(|event| OF_A_SPELL.contains(&event));
                if of_a_spell { Deed::Named } else { Deed::Spoke { call_id: call_id() } }
            }
            (Some(SpellName::Reveal), true) => match self.query_type {
                Some(FORGET) => Deed::Forgotten,
                Some(ACKNOWLEDGE) => Deed::Acknowledged { failure: self.failure },
                Some(PROGRESS) if self.phase == Some(BEGIN) => Deed::Began { call_id: call_id() },
                Some(PROGRESS) if self.phase == Some(END) => Deed::Closed { call_id: call_id() },
                Some(PROGRESS) => Deed::GoesOn { call_id: call_id() },
                // Prices of work may come when the daemon has long gone: they are figures only.
                Some(ENRICH) => Deed::Named,
                _ => Deed::Named,
            },
            // A prompt that an agent's session was given.
            (Some(SpellName::Parse), true) if said(self.session).is_some() => Deed::GoesOn { call_id: None },
            // A refused summons or banishment is no failure of the daemon that it names.
            _ => Deed::Named,
        }
    }
}

/// Tells an id apart without its words.
pub(super) fn digest(id: &str) -> Box<str> {
    format!("{DIGEST}{:016x}", crate::color::hash(id)).into()
}

fn said(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// At most `max` characters on one line, all of them visible.
pub(super) fn shortened(text: &str, max: usize) -> Box<str> {
    if text.len() <= max && !text.bytes().any(|byte| byte.is_ascii_control() || byte >= 0x80) {
        return text.into();
    }
    visible::line(text, max).into()
}
