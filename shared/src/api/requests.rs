//! What agents ask a human, and how that is answered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{DaemonName, RoomName, Seq, Timestamp};

/// `event` of the VOICE event that tells of the end of a request.
pub const AWAIT_END: &str = "await_end";

/// Answer of `GET /requests`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestsAnswer {
    /// Those that are open, the oldest first, without their inputs.
    pub requests: Vec<OpenRequest>,
}

/// A question of an agent that has no answer yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenRequest {
    /// Its id.
    pub request_id: Box<str>,
    /// Where its events are.
    pub room: RoomName,
    /// Who asks.
    pub daemon_name: DaemonName,
    /// The agent's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// The project that the agent works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Box<str>>,
    /// The machine that the agent runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Box<str>>,
    /// The tool that it is about, by the agent's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Box<str>>,
    /// `permission`, `question`, `input`, or `loop`: a call that it makes again and again.
    pub why: Box<str>,
    /// What is asked, in a line without secrets.
    pub task: Box<str>,
    /// What can be answered, as the agent names it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Whether the agent hears a message with `deny`.
    pub takes_message: bool,
    /// Whether the agent takes `answers`: a value for each question or field of its input.
    pub takes_answers: bool,
    /// Whether the agent waits for an answer from here. If not, it can only be answered where the agent runs.
    pub is_held: bool,
    /// Since when it is open.
    pub since: Timestamp,
    /// When it ends without an answer from here.
    pub expires_at: Timestamp,
    /// The event that told of it; absent until that is in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The whole input; only in the answer of `GET /requests/{id}`, and absent after a restart of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
}

/// One answer that an agent takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Choice {
    /// What to send as `decision`.
    pub id: Box<str>,
    /// The agent's words for it.
    pub label: Box<str>,
    /// What it does.
    pub kind: ChoiceKind,
}

/// What an answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChoiceKind {
    /// The agent goes on, this once.
    Allow,
    /// The agent goes on, and asks no more for calls like this.
    AllowAlways,
    /// The agent does not do it.
    Deny,
    /// It answers a question.
    Answer,
}

/// Body of `POST /requests/{id}/answer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestAnswer {
    /// The `id` of one of the request's options: `allow`, `deny`, or what the agent offers besides.
    pub decision: Box<str>,
    /// What the agent is told with `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<str>>,
    /// With `allow`, for requests that take it: a value for each question or field.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub answers: Map<String, Value>,
}

/// How a request ended: answer of `POST /requests/{id}/answer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestEnd {
    /// `success`.
    pub status: String,
    /// A sentence.
    pub message: String,
    /// The request.
    pub request_id: Box<str>,
    /// What was decided.
    pub decision: Box<str>,
    /// Who decided: the token's subject, or the rule's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Box<str>>,
    /// Which way.
    pub via: Via,
    /// How long it was open, seconds.
    pub waited_s: f64,
    /// The same answer had come before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_repeated: bool,
}

/// Which way a request came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// A human answered in the page.
    Stage,
    /// A human answered by `arcane answer`, or by the route.
    Cli,
    /// A rule of the configuration answered.
    Rule,
    /// The agent went on: it was answered where the agent runs.
    Terminal,
    /// Its time was over.
    Expired,
    /// The agent no longer waits for an answer from here: its session ended, its hook is gone, or nobody watches any more.
    Withdrawn,
}

impl Via {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Cli => "cli",
            Self::Rule => "rule",
            Self::Terminal => "terminal",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}
