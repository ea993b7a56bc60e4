//! What all dialects of telemetry do alike: they say who tells, and what. Pure.

use arcane_shared::{Metadata, Timestamp};
use serde_json::{Value as Json, json};

use super::super::failure;
use super::super::line::{self, Tool, call_print};
use super::super::secrets::beginning;
use super::super::sign::{By, Call, Outcome, Prompter, Sign, Usage, What, Who, print_of, without_cache};
use super::model::{Attributes, Span, moment};
use super::program::Program;

/// Most texts of inputs that are read for a line; a longer one is told by its tool alone.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Makes the signs of one program's telemetry.
pub(super) struct Tell<'a> {
    pub(super) program: &'a Program,
    signs: &'a mut Vec<Sign>,
    /// Sessions of which it was told that they go on.
    heard: Vec<Box<str>>,
}

/// A tool's call, and what it does in a line.
pub(super) struct Called {
    pub(super) call: Call,
    pub(super) task: Box<str>,
}

impl<'a> Tell<'a> {
    pub(super) fn of(program: &'a Program, signs: &'a mut Vec<Sign>) -> Self {
        Self { program, signs, heard: Vec::new() }
    }

    pub(super) fn say(&mut self, who: Who, event: &str, what: What) {
        let (via, source) = (self.program.via(), self.program.source());
        self.signs.push(Sign { who, via, source, event: beginning(event, 64).into(), what });
    }

    /// The session goes on; said once a request.
    pub(super) fn heard(&mut self, session: Option<Box<str>>, at: Option<Timestamp>, event: &str) {
        let Some(session) = session.filter(|session| !self.heard.contains(session)) else { return };
        self.heard.push(session.clone());
        let who = self.program.who(session, at);
        self.say(who, event, What::Heard);
    }

    pub(super) fn prompt(&mut self, who: Who, event: &str, by: Prompter, chars: u64, digest: &str) {
        let chars = usize::try_from(chars).unwrap_or_default();
        self.say(who, event, What::Prompt { by, text: None, chars, digest: print_of(digest) });
    }

    pub(super) fn begins(&mut self, who: Who, event: &str, Called { call, task }: Called) {
        self.say(who, event, What::CallBegan { call, task });
    }

    pub(super) fn ends(
        &mut self,
        who: Who,
        event: &str,
        called: Called,
        outcome: Outcome,
        seconds: Option<f64>,
    ) {
        let Called { call, task } = called;
        self.say(who, event, What::CallEnded { call, task, outcome, seconds, output: None, result: None });
    }

    /// A turn is over, and something went on before it, whatever else is told of that.
    pub(super) fn turn_is_over(&mut self, who: Who, event: &str, over: What) {
        self.prompt(who.clone(), event, Prompter::Agent, 0, "");
        self.say(who, event, over);
    }

    pub(super) fn usage(&mut self, who: Who, event: &str, by: By, key: String, usage: Usage) {
        if usage != Usage::default() {
            self.say(who, event, What::Usage { usage, key: Some(key.into()), by });
        }
    }

    pub(super) fn state(
        &mut self,
        who: Who,
        event: &str,
        name: &'static str,
        details: &[(&str, Option<Json>)],
    ) {
        let some = details.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.clone()?)));
        let details: Metadata = some.collect();
        self.say(who, event, What::State { name, details, is_life: true });
    }
}

impl Called {
    /// A call of a tool, with what it was given as JSON in a text.
    pub(super) fn of(id: Option<Box<str>>, tool: Option<Box<str>>, input: Option<&str>) -> Self {
        let input = input.filter(|input| input.len() <= INPUT_BYTES_MAX);
        let input = input.and_then(|input| serde_json::from_str(input).ok()).unwrap_or(Json::Null);
        Self::with(id, tool, &input)
    }

    pub(super) fn with(id: Option<Box<str>>, tool: Option<Box<str>>, input: &Json) -> Self {
        let tool = tool.unwrap_or_else(|| "tool".into());
        let task = Tool { name: &tool, input, cwd: None }.task();
        // Without an id its input alone tells it apart; where telemetry has neither, each report is one call.
        Self { call: Call { id, print: call_print(input), digest: 0, again: 0, tool }, task }
    }
}

/// How a tool failed whose error is a text.
pub(super) fn failed(error: Option<&str>) -> Outcome {
    Outcome::Failed { error: failure::reason(error.unwrap_or("failed")), is_inferred: false }
}

/// A command that ended with a code.
pub(super) fn exited(code: i64, is_inferred: bool) -> Outcome {
    if code == 0 {
        Outcome::Done
    } else {
        Outcome::Failed { error: format!("exit code {code}").into(), is_inferred }
    }
}

/// A text as a value of metadata, if it is there.
pub(super) fn said(text: Option<Box<str>>) -> Option<Json> {
    text.map(|text| json!(text))
}

/// An error in a line.
pub(super) fn error_line(error: Option<&str>) -> Box<str> {
    line::short(error.unwrap_or("the model could not be asked"), line::LINE_CHARS)
}

/// Tokens as the conventions for generative AI count them: those of a cache are among those that were read.
pub(super) fn usage_of(attributes: &Attributes<'_>) -> Usage {
    let cache_read = attributes.tokens(&[
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_tokens.cached",
        "ai.usage.cachedInputTokens",
        "llm.token_count.prompt_details.cache_read",
    ]);
    let cache_write = attributes.tokens(&[
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ]);
    let all = attributes.tokens(&[
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "ai.usage.inputTokens",
        "llm.token_count.prompt",
    ]);
    Usage {
        input: all.map(|all| without_cache(all, [cache_read, cache_write])),
        output: attributes.tokens(&[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "ai.usage.outputTokens",
            "llm.token_count.completion",
        ]),
        cache_read,
        cache_write,
        reasoning: attributes.tokens(&[
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "ai.usage.reasoningTokens",
            "llm.token_count.completion_details.reasoning",
        ]),
        cost_usd: attributes.dollars(&["gen_ai.usage.cost", "llm.cost.total"]),
        ..Usage::default()
    }
}

/// The model that answered, or was asked.
pub(super) fn model_of(attributes: &Attributes<'_>) -> Option<Box<str>> {
    attributes.name(&["gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "model"])
}

/// When a span ended.
pub(super) fn end_of(span: &Span<'_>) -> Option<Timestamp> {
    moment(span.end_nanos)
}
