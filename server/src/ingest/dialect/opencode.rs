//! What opencode's plugin posts: its bus events as they are, and its hooks as `{"hook", "input", "output"}`. Pure.

use serde_json::Value;

use super::super::failure;
use super::super::line;
use super::super::payload::Fields;
use super::super::result::result_print;
use super::super::sign::{Outcome, Prompter, Start, Subagent, Usage, Wait, What, Why, with_reasoning};
use super::reader::{Reader, said, text_of};

const KNOWN: &[&str] =
    &["hook", "input", "output", "directory", "id", "type", "properties", "location", "metadata"];
const SESSION: &[&str] = &["sessionID"];

pub(super) fn read(reader: &mut Reader<'_>) {
    reader.know(&[KNOWN]);
    let fields = reader.fields;
    if let Some(hook) = fields.text(&["hook"]) {
        let (Some(input), output) = (fields.inner(&["input"]), fields.inner(&["output"])) else {
            reader.begin(hook, None);
            return;
        };
        if reader.begin(hook, input.name(SESSION)) {
            reader.who().cwd = fields.name(&["directory"]);
            read_hook(reader, hook, input, output);
        }
        return;
    }
    let event = fields.text(&["type"]).or(reader.context.event.as_deref()).unwrap_or_default();
    let properties = fields.inner(&["properties"]);
    let session = properties.and_then(|properties| properties.name(SESSION));
    let Some(properties) = properties.filter(|_| session.is_some()) else {
        // Plugins, catalogs, files: nothing of a session.
        return;
    };
    if reader.begin(event, session) {
        reader.who().cwd = fields.name(&["directory"]);
        read_event(reader, event, properties);
    }
}

fn read_hook(reader: &mut Reader<'_>, hook: &str, input: Fields<'_>, output: Option<Fields<'_>>) {
    match hook {
        "chat.message" => {
            let parts = output.and_then(|output| output.get(&["parts"])).and_then(Value::as_array);
            let text =
                parts.and_then(|parts| parts.iter().find_map(|part| Fields::of(part)?.text(&["text"])));
            let message = output.and_then(|output| output.inner(&["message"]));
            let model = message.and_then(|message| message.inner(&["model"]));
            let who = reader.who();
            who.turn = message.and_then(|message| message.name(&["id"]));
            who.model = model.and_then(|model| model.name(&["modelID"]));
            reader.prompt(text.unwrap_or_default(), Prompter::Human);
        }
        "tool.execute.before" => {
            let input_of = output.and_then(|output| output.get(&["args"])).unwrap_or(&Value::Null);
            let tool = input.name(&["tool"]).unwrap_or_else(|| "tool".into());
            let (call, task) = reader.call_of(input.name(&["callID"]), tool, input_of);
            reader.tell(What::CallBegan { call, task });
        }
        "tool.execute.after" => {
            let given = input.get(&["args"]).unwrap_or(&Value::Null);
            let tool = input.name(&["tool"]).unwrap_or_else(|| "tool".into());
            let (call, task) = reader.call_of(input.name(&["callID"]), tool, given);
            let outcome = output.map_or(Outcome::Done, ended);
            let gave = output.and_then(|output| output.get(&["output"]));
            let (output, result) = (reader.output(gave), gave.map(result_print));
            reader.tell(What::CallEnded { call, task, outcome, seconds: None, output, result });
        }
        "command.execute.before" => reader.tell(What::Heard),
        "experimental.session.compacting" => reader.state("compacting", &[], true),
        "permission.ask" => {}
        _ => reader.unknown_event(),
    }
}

/// How a command ended that the plugin's hook tells of.
fn ended(output: Fields<'_>) -> Outcome {
    let metadata = output.inner(&["metadata"]);
    if failure::is_interruption(output.text(&["output"]).unwrap_or_default()) {
        return Outcome::Interrupted;
    }
    match metadata.and_then(|metadata| metadata.get(&["exit"])?.as_i64()) {
        Some(code) if code != 0 => {
            Outcome::Failed { error: format!("exit code {code}").into(), is_inferred: false }
        }
        _ => Outcome::Done,
    }
}

fn read_event(reader: &mut Reader<'_>, event: &str, properties: Fields<'_>) {
    match event {
        "session.created" => created(reader, properties),
        "session.deleted" => reader.tell(What::Ended { reason: "deleted".into() }),
        "session.idle" => reader.tell(What::TurnEnded { text: None }),
        "session.error" => failed(reader, properties),
        "session.status" => status(reader, properties),
        "session.compacted" => reader.state("compacted", &[], true),
        "permission.asked" | "question.asked" => asked(reader, event, properties),
        "permission.replied" | "question.replied" | "question.rejected" => {
            let denied = properties.text(&["reply"]) == Some("reject") || event == "question.rejected";
            let request = properties.name(&["requestID", "permissionID"]);
            reader.tell(What::WaitOver { request, denied });
        }
        "message.part.updated" => part(reader, properties),
        "session.updated"
        | "message.updated"
        | "todo.updated"
        | "message.removed"
        | "message.part.removed"
        | "command.executed"
        | "session.next.step.ended" => reader.tell(What::Heard),
        // What comes after an end shows no life.
        "session.diff" => {}
        _ => reader.unknown_event(),
    }
}

fn created(reader: &mut Reader<'_>, properties: Fields<'_>) {
    let Some(info) = properties.inner(&["info"]) else { return };
    let created = info.inner(&["time"]).and_then(|time| time.time(&["created"]));
    let who = reader.who();
    who.cwd = info.name(&["directory"]).or(who.cwd.take());
    who.at = created;
    match info.name(&["parentID"]) {
        Some(parent) => {
            let id = std::mem::replace(&mut who.session, parent);
            let kind = info.name(&["agent"]);
            who.agent = Some(Subagent { id, kind, parent: None });
            reader.tell(What::SubagentBegan);
        }
        None => reader.tell(What::Began(Start::New)),
    }
}

fn failed(reader: &mut Reader<'_>, properties: Fields<'_>) {
    let error = properties.inner(&["error"]);
    let name = error.and_then(|error| error.name(&["name"]));
    if name.as_deref() == Some("MessageAbortedError") {
        return reader.tell(What::Interrupted);
    }
    let text = error.and_then(|error| error.get(&["data"])).map(text_of);
    let error = text.unwrap_or_else(|| "the turn failed".into());
    reader.tell(What::TurnFailed { error: failure::reason(&error), kind: name });
}

fn status(reader: &mut Reader<'_>, properties: Fields<'_>) {
    let Some(status) = properties.inner(&["status"]) else { return };
    match status.text(&["type"]) {
        Some("retry") => {
            let message = status.text(&["message"]).map(|text| line::short(text, line::LINE_CHARS));
            let attempt = status.count(&["attempt"]).map(Value::from);
            reader.state("retry", &[("attempt", attempt), ("error", said(message))], true);
        }
        Some("idle") => {}
        _ => reader.tell(What::Heard),
    }
}

fn asked(reader: &mut Reader<'_>, event: &str, properties: Fields<'_>) {
    let id = properties.inner(&["tool"]).and_then(|tool| tool.name(&["callID"]));
    let request = properties.name(&["id", "requestID"]);
    let (tool, why) = match event {
        "question.asked" => ("question".into(), Why::Question),
        _ => (properties.name(&["permission"]).unwrap_or_else(|| "tool".into()), Why::Permission),
    };
    let questions =
        properties.get(&["questions"]).map(|questions| serde_json::json!({ "questions": questions }));
    let input = questions.as_ref().or(properties.get(&["metadata"])).unwrap_or(&Value::Null);
    let (call, task) = reader.call_of(id, tool, input);
    let line = if why == Why::Question { task } else { format!("{}: {task}", call.tool).into() };
    reader.tell(What::Waits(Wait { why, call: Some(call), request, line, asked: None }));
}

/// Parts of messages: what a step cost, and how tools ended that no hook tells of.
fn part(reader: &mut Reader<'_>, properties: Fields<'_>) {
    let Some(part) = properties.inner(&["part"]) else { return };
    match part.text(&["type"]) {
        Some("step-finish") => {
            let tokens = part.inner(&["tokens"]);
            let cache = tokens.and_then(|tokens| tokens.inner(&["cache"]));
            let count =
                |fields: Option<Fields<'_>>, name: &str| fields.and_then(|fields| fields.tokens(&[name]));
            let reasoning = count(tokens, "reasoning");
            let usage = Usage {
                input: count(tokens, "input"),
                output: count(tokens, "output").map(|output| with_reasoning(output, reasoning)),
                cache_read: count(cache, "read"),
                cache_write: count(cache, "write"),
                reasoning,
                cost_usd: part.dollars(&["cost"]),
                ..Usage::default()
            };
            reader.usage(usage, part.name(&["id"]));
        }
        Some("tool") => {
            let Some(state) = part.inner(&["state"]) else { return };
            if state.text(&["status"]) != Some("error") {
                return reader.tell(What::Heard);
            }
            let given = state.get(&["input"]).unwrap_or(&Value::Null);
            let tool = part.name(&["tool"]).unwrap_or_else(|| "tool".into());
            let (call, task) = reader.call_of(part.name(&["callID"]), tool, given);
            let text = state.text(&["error"]).unwrap_or("failed");
            let outcome = if text.contains("rejected permission") || text.contains("rejected the") {
                Outcome::Denied { reason: "denied".into() }
            } else if failure::is_interruption(text) || text.contains("aborted") {
                Outcome::Interrupted
            } else {
                Outcome::Failed { error: failure::reason(text), is_inferred: false }
            };
            let result = Some(result_print(&Value::from(text)));
            reader.tell(What::CallEnded { call, task, outcome, seconds: None, output: None, result });
        }
        _ => reader.tell(What::Heard),
    }
}
