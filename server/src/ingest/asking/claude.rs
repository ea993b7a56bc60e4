//! Claude Code: `PermissionRequest` for calls, plans and questions alike, and `Elicitation` for the forms of MCP servers. Pure.
//!
//! Its own dialog is there at the same time; whichever answers first counts. `PreToolUse` would answer questions too, but hides them meanwhile.

use arcane_shared::api::{Choice, ChoiceKind};
use serde_json::{Map, Value, json};

use super::super::payload::Fields;
use super::super::secrets::is_secret;
use super::{Form, Question, choice, decided, denied, is_shown_as_it_is, object, yes_or_no};
use crate::requests::Decision;

/// Most options of one request, those of the agent and our own.
const OPTIONS_MAX: usize = 12;
/// Most questions or fields of one request.
const FIELDS_MAX: usize = 64;
/// Longest label that is shown, bytes.
const LABEL_BYTES_MAX: usize = 400;
/// Longest suggestion that is offered, bytes of JSON.
const SUGGESTION_BYTES_MAX: usize = 8 * 1024;
/// The tool that asks a human something.
const ASKS: &str = "AskUserQuestion";
/// The tool that leaves the mode in which a plan is made.
const PLANS: &str = "ExitPlanMode";

pub(super) fn question(fields: Fields<'_>, event: Option<&str>) -> Option<Question> {
    match fields.text(&["hook_event_name"]).or(event)? {
        "PermissionRequest" => permission_asked(fields),
        "Elicitation" => form_asked(fields),
        _ => None,
    }
}

fn permission_asked(fields: Fields<'_>) -> Option<Question> {
    let tool = fields.name(&["tool_name"])?;
    let input = fields.get(&["tool_input"]).cloned().unwrap_or(Value::Null);
    if *tool == *ASKS {
        return questions_asked(tool, input);
    }
    let all = fields.get(&["permission_suggestions"]).and_then(Value::as_array).into_iter().flatten();
    // What is not shown whole is not offered: a human would allow more than was read.
    let known = all.filter_map(|suggestion| {
        let label = label(suggestion).filter(|label| label.len() <= LABEL_BYTES_MAX)?;
        let text = Some(suggestion.to_string()).filter(|text| text.len() <= SUGGESTION_BYTES_MAX)?;
        is_shown_as_it_is(&label).then(|| (label, Box::<str>::from(text)))
    });
    let (labels, suggestions): (Vec<String>, Vec<Box<str>>) = known.take(OPTIONS_MAX - 2).unzip();
    let between =
        labels.into_iter().enumerate().map(|(n, label)| choice(&always(n), label, ChoiceKind::AllowAlways));
    let (options, form) = if *tool == *PLANS {
        (yes_or_no(Vec::new(), "No, keep planning"), Form::Plan { input: input.to_string().into() })
    } else {
        (yes_or_no(between.collect(), "No"), Form::Claude { suggestions })
    };
    let tool = Some(tool);
    Some(Question { tool, input, options, takes_message: true, fields: Vec::new(), form })
}

/// Claude's questions: the labels of one question are options, and any of them takes a text.
fn questions_asked(tool: Box<str>, input: Value) -> Option<Question> {
    let questions = input.get("questions")?.as_array()?.clone();
    let mut options: Vec<Choice> = Vec::new();
    if let [one] = questions.as_slice()
        && one.get("multiSelect").and_then(Value::as_bool) != Some(true)
    {
        for (n, label) in labels(one).take(OPTIONS_MAX).enumerate() {
            options.push(choice(&answer_id(n), label, ChoiceKind::Answer));
        }
    }
    options.push(choice("deny", "No answer", ChoiceKind::Deny));
    Some(Question {
        tool: Some(tool),
        options,
        takes_message: true,
        fields: texts(&questions).take(FIELDS_MAX).map(Into::into).collect(),
        form: Form::Questions { questions: Value::Array(questions).to_string().into() },
        input,
    })
}

/// A form of an MCP server. None that asks for a secret, and no page elsewhere: those are answered where the agent runs.
fn form_asked(fields: Fields<'_>) -> Option<Question> {
    if fields.text(&["mode"]).is_some_and(|mode| mode != "form") {
        return None;
    }
    let schema = fields.get(&["requested_schema"]).cloned().unwrap_or(Value::Null);
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_of_secrets = |text: &str| is_secret(&text.replace(' ', "_"), &Value::from("x"));
    let secret = |(name, of): (&String, &Value)| {
        let said = ["title", "description"].iter().filter_map(|said| of.get(said)?.as_str());
        is_of_secrets(name)
            || said.flat_map(|said| said.split(['/', ',', ';'])).any(|said| is_of_secrets(said.trim()))
            || of.get("format").and_then(Value::as_str) == Some("password")
    };
    if properties.into_iter().flatten().any(secret) {
        return None;
    }
    let input = json!({"server": fields.get(&["mcp_server_name"]), "message": fields.get(&["message"]), "requested_schema": schema});
    let mut options = yes_or_no(Vec::new(), "Decline");
    options[0].label = "Accept".into();
    // What has to be filled in is no mere yes.
    let is_required = schema.get("required").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    options.retain(|option| !(is_required && option.kind == ChoiceKind::Allow));
    options.push(choice("cancel", "Cancel", ChoiceKind::Deny));
    let names = properties.into_iter().flatten().map(|(name, _)| name.as_str().into());
    let fields = names.take(FIELDS_MAX).collect();
    Some(Question { tool: None, input, options, takes_message: false, fields, form: Form::Elicitation })
}

/// A permission's answer.
pub(super) fn permission(decision: &Decision, suggestions: &[Box<str>]) -> Option<Value> {
    Some(decided(match decision {
        Decision::Allow => object("behavior", "allow"),
        Decision::Deny(message) => denied(message.as_deref()),
        Decision::Option(id) => {
            let n = (0..suggestions.len()).find(|n| *always(*n) == **id)?;
            let mut allow = object("behavior", "allow");
            let suggestion: Value = serde_json::from_str(&suggestions[n]).ok()?;
            allow.insert("updatedPermissions".into(), json!([suggestion]));
            allow
        }
        Decision::Answers(_) => return None,
    }))
}

/// A plan's answer. Claude takes no yes without the plan.
pub(super) fn planned(decision: &Decision, input: &str) -> Option<Value> {
    let mut answer = permission(decision, &[])?;
    if *decision == Decision::Allow {
        answer["hookSpecificOutput"]["decision"]["updatedInput"] = serde_json::from_str(input).ok()?;
    }
    Some(answer)
}

/// The answers to questions: they go back beside the questions.
pub(super) fn answered(decision: &Decision, questions: &str) -> Option<Value> {
    let questions: Value = serde_json::from_str(questions).ok()?;
    let answers = match decision {
        Decision::Deny(message) => return Some(decided(denied(message.as_deref()))),
        Decision::Option(id) => {
            let one = questions.get(0)?;
            let label = labels(one).enumerate().find(|(n, _)| *answer_id(*n) == **id)?.1;
            object(one.get("question")?.as_str()?, label)
        }
        Decision::Answers(answers) => {
            answers.iter().map(|(question, value)| (question.clone(), joined(value))).collect()
        }
        Decision::Allow => return None,
    };
    let mut allow = object("behavior", "allow");
    allow.insert("updatedInput".into(), json!({"questions": questions, "answers": answers}));
    Some(decided(allow))
}

/// A form's answer.
pub(super) fn filled_in(decision: &Decision) -> Option<Value> {
    let mut output = object("hookEventName", "Elicitation");
    let action = match decision {
        Decision::Allow | Decision::Answers(_) => "accept",
        Decision::Deny(_) => "decline",
        Decision::Option(_) => "cancel",
    };
    output.insert("action".into(), action.into());
    if action == "accept" {
        let content = if let Decision::Answers(answers) = decision { answers.clone() } else { Map::new() };
        output.insert("content".into(), Value::Object(content));
    }
    Some(object("hookSpecificOutput", output).into())
}

/// A text, or the texts of several that were chosen, as one.
fn joined(value: &Value) -> Value {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ").into(),
        other => other.to_string().into(),
    }
}

/// The texts of questions.
fn texts(questions: &[Value]) -> impl Iterator<Item = &str> {
    questions.iter().filter_map(|one| one.get("question")?.as_str())
}

fn labels(question: &Value) -> impl Iterator<Item = &str> {
    let all = question.get("options").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|option| option.get("label")?.as_str()).filter(|label| label.len() <= LABEL_BYTES_MAX)
}

fn always(n: usize) -> String {
    format!("always-{}", n + 1)
}

fn answer_id(n: usize) -> String {
    format!("answer-{}", n + 1)
}

/// A suggestion of Claude's in words; `None`: it does something that this does not know, or allows nothing.
fn label(suggestion: &Value) -> Option<String> {
    let fields = Fields::of(suggestion)?;
    let for_whom = match fields.text(&["destination"])? {
        "session" => "for this session",
        "localSettings" => "in this project, for me",
        "projectSettings" => "in this project, for everybody",
        "userSettings" => "in all my projects",
        _ => return None,
    };
    let what = match fields.text(&["type"])? {
        "addRules" if fields.text(&["behavior"]) == Some("allow") => {
            let rules = fields.get(&["rules"])?.as_array()?;
            let named: Option<Vec<String>> = rules.iter().map(rule).collect();
            format!("do not ask again for {}", named.filter(|named| !named.is_empty())?.join(", "))
        }
        "setMode" => format!("go on in the mode {}", fields.text(&["mode"])?),
        "addDirectories" => {
            let folders: Option<Vec<&str>> =
                fields.get(&["directories"])?.as_array()?.iter().map(Value::as_str).collect();
            format!("allow the folder {}", folders.filter(|folders| !folders.is_empty())?.join(", "))
        }
        _ => return None,
    };
    Some(format!("Yes, and {what}, {for_whom}"))
}

fn rule(rule: &Value) -> Option<String> {
    let fields = Fields::of(rule)?;
    let tool = fields.text(&["toolName"])?;
    Some(fields.text(&["ruleContent"]).map_or_else(|| tool.to_owned(), |of| format!("{tool}({of})")))
}
