//! Rules that answer what agents ask.

use serde::{Deserialize, Serialize};

/// Answer of `GET /rules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RulesAnswer {
    /// Those that hold: those of the configuration in its order, then those that were added.
    pub rules: Vec<RuleCard>,
    /// Rules that would have spared people questions that they always allowed, the most often first.
    pub suggestions: Vec<SuggestedRule>,
    /// Whether whoever asks may add rules.
    #[serde(default)]
    pub may_add: bool,
}

/// A rule that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleCard {
    /// The rule.
    pub rule: RuleBody,
    /// Where it is from.
    pub origin: RuleOrigin,
    /// Why it may answer nothing: an agent or a tool that is not known. It holds all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Body of `POST /rules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum RulesToAdd {
    /// One rule.
    One(RuleBody),
    /// Several, of which all are added or none.
    Several(RuleList),
}

/// Answer of `POST /rules`, as its body was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum RulesAddedAnswer {
    /// The rule.
    One(Box<RuleCard>),
    /// The rules, in the order of the body.
    Several(RulesAdded),
}

/// Rules that were added together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RulesAdded {
    /// Each of them.
    pub rules: Vec<RuleCard>,
}

/// Where a rule is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RuleOrigin {
    /// The configuration, which alone changes it.
    File,
    /// `POST /rules`; `DELETE /rules/{name}` takes it back.
    Added,
}

/// A rule, as `[[rules]]` of the configuration has it. All that it names has to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleBody {
    /// Its name, which no other has: 1–64 bytes, one line.
    pub name: String,
    /// The agent; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The folder's name of the project; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The tool, by the agent's own name; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The words that a command begins with. Not beside `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Nothing may follow these words. Only with `allow`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// A pattern of paths. Not beside `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `allow`, `deny` or `ask`.
    pub decision: String,
    /// What an agent is told with `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A rule that might be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestedRule {
    /// It, as a question: "you allowed `cargo test` 14 times: always, for this project?"
    pub sentence: String,
    /// How often people allowed what it allows.
    pub times: u64,
    /// The latest request of these.
    pub request_id: String,
    /// The rule, as `POST /rules` takes it.
    pub rule: RuleBody,
}

/// Several rules: body of `POST /rules/test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleList {
    /// The rules, at most 256, each with a name of its own.
    pub rules: Vec<RuleBody>,
}

/// Answer of `POST /rules/test`: what rules would have answered to what people were asked and answered from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RulesTestAnswer {
    /// It in a sentence: "would have answered 31 of 40, all as you did".
    pub sentence: String,
    /// Questions that the log tells whole.
    pub asked: u64,
    /// Questions that the log does not tell whole, on which nothing can be tried.
    pub not_whole: u64,
    /// Of `asked`, those that the rules would have answered.
    pub would_answer: u64,
    /// Of these, those that they would have answered as people did.
    pub same: u64,
    /// The others of these, the newest 64.
    pub against: Vec<AnsweredOtherwise>,
    /// What each rule would have done, in the order of the rules.
    pub rules: Vec<RuleDone>,
}

/// A question that a rule would have answered otherwise than a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnsweredOtherwise {
    /// The request.
    pub request_id: String,
    /// What was asked, in a line without secrets.
    pub task: String,
    /// The rule.
    pub rule: String,
    /// What the person decided; the rule has it the other way round.
    pub decision: String,
}

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleDone {
    /// Its name.
    pub rule: String,
    /// How often it would have answered, or, if it asks, left a question to a person.
    pub decided: u64,
    /// How often of these otherwise than people did.
    pub against: u64,
    /// Why it may answer nothing: an agent or a tool that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
