//! What all dialects of hooks do alike: who tells, calls, prompts, and what is not understood. Pure.

use arcane_shared::Metadata;
use serde_json::{Value, json};

use super::super::line::{Tool, call_print};
use super::super::payload::{Fields, cut};
use super::super::result::{input_print, result_print};
use super::super::secrets::{beginning, masked, masked_within};
use super::super::sign::{
    By, Call, Outcome, Prompter, Sign, Subagent, Usage, Via, Wait, What, Who, Why, print_of,
};
use super::super::{failure, line};
use super::{Agent, Context, Reading};

/// Where agents put what a tool gave.
const RESULTS: &[&str] = &[
    "tool_response",
    "toolResult",
    "tool_result",
    "tool_output",
    "output",
    "result_json",
    "error",
    "error_message",
];
/// Most bytes of a captured prompt, answer or result.
const CONTENT_BYTES_MAX: usize = 4 * 1024;

/// Agents that have no other sign of a question than the tool that asks it.
const TELLS_OF_QUESTIONS_ONLY_SO: [Agent; 3] = [Agent::Codex, Agent::Cursor, Agent::Antigravity];

/// Reads one payload.
pub(super) struct Reader<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) context: &'a Context,
    agent: Agent,
    event: Box<str>,
    who: Option<Who>,
    reading: Reading,
}

/// Where the fields of a dialect's calls are.
pub(super) struct CallFields {
    pub(super) id: &'static [&'static str],
    pub(super) tool: &'static [&'static str],
    pub(super) input: &'static [&'static str],
}

impl<'a> Reader<'a> {
    pub(super) fn of(agent: Agent, payload: &'a Value, context: &'a Context) -> Option<Self> {
        let fields = Fields::of(payload)?;
        Some(Self { fields, context, agent, event: Box::default(), who: None, reading: Reading::default() })
    }

    /// Says which event it is, and of which session; `false`: it names none.
    pub(super) fn begin(&mut self, event: &str, session: Option<Box<str>>) -> bool {
        self.event = beginning(event, 64).into();
        let Some(session) = session else {
            self.reading.is_foreign = true;
            return false;
        };
        self.who = Some(Who {
            host: self.context.host.clone(),
            sent_at: self.context.sent_at,
            ..Who::of(self.agent.daemon(), session)
        });
        true
    }

    /// Begins an event whose name, session and folder are where Claude Code has them, as others do; `None`: it names no session.
    pub(super) fn begin_as_claude(&mut self) -> Option<&'a str> {
        let (fields, context) = (self.fields, self.context);
        let event = fields.text(&["hook_event_name"]).or(context.event.as_deref()).unwrap_or_default();
        if !self.begin(event, fields.name(&["session_id"])) {
            return None;
        }
        self.who().cwd = fields.name(&["cwd"]);
        Some(event)
    }

    /// Who tells; only after [`Self::begin`].
    pub(super) fn who(&mut self) -> &mut Who {
        self.who.get_or_insert_with(|| Who::of(self.agent.daemon(), Box::default()))
    }

    /// The subagent that the payload names.
    pub(super) fn subagent(&self, id: &[&str], kind: &[&str], parent: &[&str]) -> Option<Subagent> {
        let id = self.fields.name(id)?;
        Some(Subagent { id, kind: self.fields.name(kind), parent: self.fields.name(parent) })
    }

    pub(super) fn tell(&mut self, what: What) {
        let (source, event) = (self.agent.source(), self.event.clone());
        let who = self.who().clone();
        self.reading.signs.push(Sign { who, via: Via::Live, source, event, what });
    }

    /// Something else happened.
    pub(super) fn state(&mut self, name: &'static str, details: &[(&str, Option<Value>)], is_life: bool) {
        let some = details.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.clone()?)));
        let details: Metadata = some.collect();
        self.tell(What::State { name, details, is_life });
    }

    /// Something happened for the reason that the payload's `trigger` says.
    pub(super) fn triggered(&mut self, name: &'static str) {
        let trigger = said(self.fields.name(&["trigger"]));
        self.state(name, &[("trigger", trigger)], true);
    }

    pub(super) fn unknown_event(&mut self) {
        self.reading.unknown_event = Some(self.event.clone());
        self.tell(What::Heard);
    }

    /// Counts the fields that are none of these.
    pub(super) fn know(&mut self, known: &[&[&str]]) {
        self.reading.unknown_fields = self.fields.unknown(known);
    }

    pub(super) fn done(self) -> Reading {
        self.reading
    }

    /// The call that a payload is about, and what it does in a line.
    pub(super) fn call(&mut self, at: &CallFields) -> (Call, Box<str>) {
        let fields = self.fields;
        let tool = fields.name(at.tool).unwrap_or_else(|| "tool".into());
        let input = fields.get(at.input);
        // Some write the input as JSON within JSON.
        let parsed = input.and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let input = parsed.as_ref().or(input).unwrap_or(&Value::Null);
        let id = fields.name(at.id);
        self.call_of(id, tool, input)
    }

    pub(super) fn call_of(
        &mut self,
        id: Option<Box<str>>,
        tool: Box<str>,
        input: &Value,
    ) -> (Call, Box<str>) {
        let task = Tool { name: &tool, input, cwd: self.who().cwd.as_deref() }.task();
        let digest = print_of(&input.to_string());
        // What is not told is no input.
        let again = if input.is_null() { 0 } else { input_print(&tool, input) };
        (Call { id, print: call_print(input), digest, again, tool }, task)
    }

    /// A tool begins.
    pub(super) fn call_begins(&mut self, at: &CallFields) {
        let (call, task) = self.call(at);
        let asks = line::is_question(&call.tool) && TELLS_OF_QUESTIONS_ONLY_SO.contains(&self.agent);
        let wait = asks.then(|| Wait {
            why: Why::Question,
            call: Some(call.clone()),
            request: None,
            line: task.clone(),
            asked: None,
        });
        self.tell(What::CallBegan { call, task });
        if let Some(wait) = wait.filter(|_| !self.context.is_unattended) {
            self.tell(What::Waits(wait));
        }
    }

    /// A tool ended, with a result.
    pub(super) fn call_ends(&mut self, at: &CallFields, outcome: Outcome, seconds: Option<f64>) {
        let (call, task) = self.call(at);
        let gave = self.fields.get(RESULTS);
        let (output, result) = (self.output(gave), gave.map(result_print));
        self.tell(What::CallEnded { call, task, outcome, seconds, output, result });
    }

    /// What a tool gave, where content is captured.
    pub(super) fn output(&self, result: Option<&Value>) -> Option<Box<str>> {
        let result = result.filter(|_| self.context.captures_content)?;
        self.content(&text_of(&masked_within(result, CONTENT_BYTES_MAX)))
    }

    /// How a tool failed whose error is a text.
    pub(super) fn failed(&self, error: &[&str]) -> Outcome {
        let text = self.fields.get(error).map(text_of).unwrap_or_default();
        Outcome::Failed { error: failure::reason(&text), is_inferred: false }
    }

    /// A prompt.
    pub(super) fn prompt(&mut self, text: &str, by: Prompter) {
        let what = What::Prompt {
            by,
            text: self.content(text),
            chars: text.chars().count(),
            digest: print_of(text),
        };
        self.tell(what);
    }

    /// A wait for permission or an answer about a tool.
    pub(super) fn waits_for_tool(&mut self, at: &CallFields) {
        if self.context.is_unattended {
            self.tell(What::Heard);
            return;
        }
        let (call, task) = self.call(at);
        let why = if line::is_question(&call.tool) { Why::Question } else { Why::Permission };
        let line = if why == Why::Question { task } else { asked(&call.tool, &task) };
        self.tell(What::Waits(Wait { why, call: Some(call), request: None, line, asked: None }));
    }

    /// A wait for permission to use a tool that a message names.
    pub(super) fn waits_for(&mut self, tool: &str, input: &Value) {
        if self.context.is_unattended {
            self.tell(What::Heard);
            return;
        }
        let (call, task) = self.call_of(None, tool.into(), input);
        let line = asked(tool, &task);
        let why = Why::Permission;
        self.tell(What::Waits(Wait { why, call: Some(call), request: None, line, asked: None }));
    }

    /// A wait that a message tells of.
    pub(super) fn waits(&mut self, why: Why, message: &str) {
        if self.context.is_unattended {
            self.tell(What::Heard);
            return;
        }
        let line = line::short(message, line::LINE_CHARS);
        self.tell(What::Waits(Wait { why, call: None, request: None, line, asked: None }));
    }

    /// The turn ended with an answer.
    pub(super) fn turn_ends(&mut self, answer: &[&str]) {
        let text = self.fields.text(answer).and_then(|text| self.content(text));
        self.tell(What::TurnEnded { text });
    }

    pub(super) fn usage(&mut self, usage: Usage, key: Option<Box<str>>) {
        if usage != Usage::default() {
            self.tell(What::Usage { usage, key, by: By::Hook });
        }
    }

    /// A text that stands in events only where content is captured.
    pub(super) fn content(&self, text: &str) -> Option<Box<str>> {
        let captured = self.context.captures_content && !text.trim().is_empty();
        // A secret at the end of what is kept is masked before it is cut in two.
        captured.then(|| cut(&masked(cut(text, 2 * CONTENT_BYTES_MAX)), CONTENT_BYTES_MAX).into())
    }
}

/// What a value says, as a text.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => match fields.get("message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// A text as a value of metadata, if it is there.
pub(super) fn said(text: Option<Box<str>>) -> Option<Value> {
    text.map(|text| json!(text))
}

/// What an agent asks for, in a line that names the tool once: the line of a file's tool names it already.
fn asked(tool: &str, task: &str) -> Box<str> {
    let rest = task.strip_prefix(tool);
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
        task.into()
    } else {
        format!("{tool}: {task}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[test]
    fn what_is_asked_names_its_tool_once() {
        for (tool, task, line) in [
            ("Bash", "cargo test", "Bash: cargo test"),
            ("Edit", "Edit src/cart.ts", "Edit src/cart.ts"),
            ("Edit", "Editor of the month", "Edit: Editor of the month"),
            ("WebSearch", "WebSearch", "WebSearch"),
        ] {
            assert_eq!(&*asked(tool, task), line);
        }
    }
}
