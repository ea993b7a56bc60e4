//! AG-UI: the events that an agent's backend streams to its page, into signs. Pure.

mod frames;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use arcane_shared::{DaemonName, Timestamp};
use serde_json::{Value, json};

pub(crate) use frames::events;

use super::kept::Keeping;
use super::line::{LINE_CHARS, Tool, call_print, short};
use super::payload::Fields;
use super::result::{input_print, result_print};
use super::sign::{
    By, Call, Outcome, Prompter, Sign, Start, Usage, Via, Wait, What, Who, Why, print_of, without_cache,
};

/// Most bytes of a call's arguments that are put together.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 4 * 1024;

/// What a request tells.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) signs: Vec<Sign>,
    /// How many events are of types that are not known.
    pub(crate) unknown: usize,
    /// How many came before any thread was named.
    pub(crate) homeless: usize,
}

/// Whose events they are.
pub(crate) struct Source {
    pub(crate) daemon: DaemonName,
    /// The thread of events that come before a `RUN_STARTED`.
    pub(crate) thread: Option<Box<str>>,
    pub(crate) keeping: Keeping,
}

/// What goes before an event in its request.
struct Reader<'a> {
    source: &'a Source,
    thread: Option<Box<str>>,
    run: Option<Box<str>>,
    /// Arguments of calls, in whole.
    arguments: HashMap<&'a str, String>,
    /// Calls that began in this request: their tools.
    tools: HashMap<&'a str, &'a str>,
    answer: String,
    reading: Reading,
}

/// Reads the events of one request, in their order.
pub(crate) fn read(events: &[Value], source: &Source) -> Reading {
    let mut reader = Reader {
        source,
        thread: source.thread.clone(),
        run: None,
        arguments: HashMap::new(),
        tools: HashMap::new(),
        answer: String::new(),
        reading: Reading::default(),
    };
    let fields: Vec<Fields<'_>> = events.iter().filter_map(Fields::of).collect();
    for fields in &fields {
        // They come in parts after the call began; what it does is told with its beginning.
        if let (Some("TOOL_CALL_ARGS" | "TOOL_CALL_CHUNK"), Some(id), Some(delta)) =
            (fields.text(&["type"]), fields.text(&["toolCallId"]), fields.text(&["delta"]))
        {
            let arguments = reader.arguments.entry(id).or_default();
            if arguments.len() + delta.len() <= ARGUMENTS_BYTES_MAX {
                arguments.push_str(delta);
            }
        }
    }
    for fields in fields {
        reader.event(fields);
    }
    reader.reading
}

impl<'a> Reader<'a> {
    fn event(&mut self, fields: Fields<'a>) {
        let kind = fields.text(&["type"]).unwrap_or_default();
        if kind == "RUN_STARTED" {
            self.thread = fields.name(&["threadId"]).or(self.thread.take());
            self.run = fields.name(&["runId"]);
        }
        if self.thread.is_none() {
            self.reading.homeless += 1;
            return;
        }
        let what = match kind {
            "RUN_STARTED" => {
                self.tell(fields, kind, What::Began(Start::New));
                self.prompt(fields)
            }
            "RUN_FINISHED" => self.finished(fields),
            "RUN_ERROR" => What::TurnFailed {
                error: short(fields.text(&["message"]).unwrap_or("the run failed"), LINE_CHARS),
                kind: fields.name(&["code"]),
            },
            "TOOL_CALL_START" => self.call_begins(fields),
            "TOOL_CALL_CHUNK" if fields.has("toolCallName") => self.call_begins(fields),
            "TOOL_CALL_RESULT" => self.call_ends(fields),
            "STEP_STARTED" => {
                let step = fields.text(&["stepName"]).map(|name| short(name, LINE_CHARS));
                let details = step.map(|step| ("step".to_owned(), json!(step))).into_iter().collect();
                What::State { name: "step", details, is_life: true }
            }
            "TEXT_MESSAGE_CONTENT" | "TEXT_MESSAGE_CHUNK" => {
                let delta = fields.text(&["delta"]).unwrap_or_default();
                if self.answer.len() + delta.len() <= ANSWER_BYTES_MAX {
                    self.answer.push_str(delta);
                }
                return;
            }
            // Pieces of what was begun before: nothing new is told by them.
            "TOOL_CALL_ARGS" | "TOOL_CALL_END" | "TOOL_CALL_CHUNK" | "STATE_DELTA" | "ACTIVITY_DELTA" => {
                return;
            }
            kind if is_known(kind) => What::Alive,
            _ => {
                self.reading.unknown += 1;
                What::Heard
            }
        };
        self.tell(fields, kind, what);
    }

    fn tell(&mut self, fields: Fields<'_>, event: &str, what: What) {
        let who = Who {
            daemon: self.source.daemon.clone(),
            session: self.thread.clone().unwrap_or_default(),
            agent: None,
            cwd: None,
            host: None,
            model: None,
            turn: self.run.clone(),
            at: fields.time(&["timestamp"]).filter(|at| *at > Timestamp::UNKNOWN),
            sent_at: None,
        };
        let event = short(event, 64);
        self.reading.signs.push(Sign { who, via: Via::Live, source: "ag-ui", event, what });
    }

    /// What the run is to answer: the last words of its user, if the event has its input.
    fn prompt(&self, fields: Fields<'_>) -> What {
        let messages = fields.inner(&["input"]).and_then(|input| input.get(&["messages"])?.as_array());
        let of_user = |message: &Value| message["role"] == "user";
        let last = messages.and_then(|all| all.iter().rev().find(|message| of_user(message)));
        let text = last.and_then(|message| message["content"].as_str()).unwrap_or_default();
        What::Prompt {
            by: Prompter::Human,
            text: self.captured(text),
            chars: text.chars().count(),
            digest: print_of(text),
        }
    }

    fn finished(&mut self, fields: Fields<'_>) -> What {
        for (n, spent) in
            fields.get(&["usage"]).and_then(Value::as_array).into_iter().flatten().take(16).enumerate()
        {
            let Some(spent) = Fields::of(spent) else { continue };
            let cached = spent.tokens(&["cachedInputTokens"]);
            let usage = Usage {
                input: spent.tokens(&["inputTokens"]).map(|all| without_cache(all, [cached, None])),
                output: spent.tokens(&["outputTokens"]),
                cache_read: cached,
                reasoning: spent.tokens(&["reasoningTokens"]),
                ..Usage::default()
            };
            let key = self.run.as_ref().map(|run| format!("{run} {n}").into());
            self.tell(fields, "RUN_FINISHED", What::Usage { usage, key, by: By::Hook });
            if let Some(sign) = self.reading.signs.last_mut() {
                sign.who.model = spent.name(&["model"]);
            }
        }
        let outcome = fields.inner(&["outcome"]);
        if outcome.and_then(|outcome| outcome.text(&["type"])) == Some("interrupt") {
            let asked = outcome.and_then(|outcome| outcome.get(&["interrupts"])?.as_array()?.first());
            let asked = asked.and_then(Fields::of);
            let line = asked.and_then(|asked| asked.text(&["message", "reason"])).unwrap_or("waits for you");
            let request = asked.and_then(|asked| asked.name(&["id", "interruptId"]));
            let line = short(line, LINE_CHARS);
            return What::Waits(Wait { why: Why::Input, call: None, request, line, asked: None });
        }
        let answer = std::mem::take(&mut self.answer);
        What::TurnEnded { text: self.captured(&answer) }
    }

    fn call_begins(&mut self, fields: Fields<'a>) -> What {
        let id = fields.text(&["toolCallId"]).unwrap_or_default();
        self.tools.insert(id, fields.text(&["toolCallName"]).unwrap_or("tool"));
        let (call, task) = self.call(id);
        What::CallBegan { call, task }
    }

    fn call_ends(&mut self, fields: Fields<'a>) -> What {
        let id = fields.text(&["toolCallId"]).unwrap_or_default();
        let (call, task) = self.call(id);
        // Whoever was told of its beginning in another request knows what it does.
        let task = if self.tools.contains_key(id) { task } else { Box::default() };
        let content = fields.text(&["content"]).unwrap_or_default();
        let error = serde_json::from_str::<Value>(content).ok();
        let error = error
            .as_ref()
            .and_then(|content| content.get("error"))
            .filter(|error| !matches!(error, Value::Null | Value::Bool(false)));
        let outcome = match error {
            Some(error) => Outcome::Failed {
                error: short(error.as_str().or(error["message"].as_str()).unwrap_or("failed"), LINE_CHARS),
                is_inferred: true,
            },
            None => Outcome::Done,
        };
        let result = Some(result_print(&Value::from(content)));
        What::CallEnded { call, task, outcome, seconds: None, output: self.captured(content), result }
    }

    fn call(&self, id: &str) -> (Call, Box<str>) {
        let tool = self.tools.get(id).copied().unwrap_or("tool");
        let arguments = self.arguments.get(id).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let arguments = arguments.unwrap_or_default();
        let task = Tool { name: tool, input: &arguments, cwd: None }.task();
        let name = short(tool, LINE_CHARS);
        let call_id = (!id.is_empty()).then(|| short(id, 256));
        let again = if arguments.is_null() { 0 } else { input_print(&name, &arguments) };
        (Call { id: call_id, tool: name, print: call_print(&arguments), digest: 0, again }, task)
    }

    fn captured(&self, text: &str) -> Option<Box<str>> {
        let kept =
            (self.source.keeping.content && !text.trim().is_empty()).then(|| self.source.keeping.text(text));
        kept.and_then(|kept| kept.as_str().map(Into::into))
    }
}

/// Whether a type is one of AG-UI's, of this or an older version.
fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "STEP_FINISHED" | "STATE_SNAPSHOT" | "MESSAGES_SNAPSHOT" | "ACTIVITY_SNAPSHOT" | "RAW" | "CUSTOM"
    ) || ["TEXT_MESSAGE_", "REASONING_", "THINKING_"].iter().any(|begin| kind.starts_with(begin))
}
