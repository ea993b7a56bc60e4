//! What of an agent's question is for rules: the command or the file that it is about, and whether that is all that it asks for. Pure.
//!
//! What denies is to see everything that could be meant; what allows is to see only what is known to mean one thing. So a command or a path is found in tools of any
//! name, and [`Grants`] says whether a rule may allow it: a field that is not known is more than the rule's reader has thought of.

use serde_json::{Map, Value};

use super::super::dialect::Agent;
use super::named::{Named, is_patch};
use super::{Form, Question};
use crate::requests::{Case, Grants};

/// Where tools of any agent have the command that a shell is to run.
const COMMANDS: [&str; 3] = ["command", "cmd", "script"];
/// Where they have the words that follow it.
const LISTS: [&str; 2] = ["args", "argv"];
/// Where they have a file or a folder.
const PATHS: [&str; 9] = [
    "file_path",
    "notebook_path",
    "absolute_path",
    "path",
    "filePath",
    "filepath",
    "dir_path",
    "directory",
    "workdir",
];
/// The tools that run a command in a shell of POSIX, and do nothing else with it.
pub(super) const SHELLS: [(Agent, &str); 4] = [
    (Agent::Claude, "Bash"),
    (Agent::Codex, "Bash"),
    (Agent::Qwen, "run_shell_command"),
    (Agent::Opencode, "bash"),
];
/// What else such a tool may be given: how long, how shown, and in words what for.
const BESIDE_COMMANDS: [&str; 4] = ["description", "timeout", "run_in_background", "is_background"];
/// The tools that read or write the one file that they name.
const OF_FILES: [&str; 9] = [
    "Read",
    "Edit",
    "MultiEdit",
    "Write",
    "NotebookEdit",
    "read_file",
    "edit",
    "write_file",
    "notebook_edit",
];
/// What else such a tool may be given: which part, and what is to stand there.
const BESIDE_FILES: [&str; 12] = [
    "content",
    "old_string",
    "new_string",
    "replace_all",
    "edits",
    "limit",
    "offset",
    "pages",
    "new_source",
    "cell_id",
    "cell_type",
    "edit_mode",
];
/// The tools that ask a human something: their answer is no mere yes.
pub(super) const ASKS: [&str; 4] = ["AskUserQuestion", "ExitPlanMode", "ask_user_question", "exit_plan_mode"];
/// Longest command or path that a rule may allow, bytes.
const ALLOWED_BYTES_MAX: usize = 8 * 1024;
/// What Codex says of a call that is to reach the network, instead of what it is for.
const NETWORK: &str = "network-access";

/// Where an agent is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place<'a> {
    /// The project that its session began in.
    pub(crate) project: Option<&'a str>,
    /// The folder of that project.
    pub(crate) folder: Option<&'a str>,
    /// The folder that it is in now.
    pub(crate) cwd: Option<&'a str>,
}

/// What rules look at of a question; `None`: it is none for rules.
pub(crate) fn case(agent: Agent, question: &Question, place: Place<'_>) -> Option<Case> {
    let is_permission =
        matches!(question.form, Form::Claude { .. } | Form::Codex | Form::Opencode | Form::Qwen);
    case_of(agent, question.tool.as_deref().filter(|_| is_permission)?, &question.input, place)
}

/// The same of a call that wants to be allowed.
pub(crate) fn case_of(agent: Agent, tool: &str, input: &Value, place: Place<'_>) -> Option<Case> {
    if ASKS.contains(&tool) {
        return None;
    }
    let nothing = Map::new();
    let whole = input.as_object().unwrap_or(&nothing);
    // opencode tells of a call what its rules match; the call itself is beside.
    let input = match agent {
        Agent::Opencode => whole.get("metadata").and_then(Value::as_object).unwrap_or(&nothing),
        _ => whole,
    };
    let mut named = Named::of(tool, input);
    let (command, more_commands) = text(input, &COMMANDS);
    let (path, more_paths) = text(input, &PATHS);
    // What is given in parts is denied like the lines that it may stand for.
    let listed = named.commands.first().cloned().filter(|_| is_in_parts(input));
    let command = command.filter(|_| !is_patch(tool));
    let read = Read { agent, tool, command, path, input };
    let grants =
        if more_commands || more_paths || !place.holds(path) { Grants::Nothing } else { read.grants() };
    // No rule allows what is longer than a human reads, comes in pieces, or names something else as well; a rule that denies a command denies it.
    let is_long =
        listed.is_some() || [command, path].into_iter().flatten().any(|text| text.len() > ALLOWED_BYTES_MAX);
    let names_more = named.commands.iter().any(|other| Some(other.trim()) != command.map(str::trim))
        || named.paths.iter().any(|other| Some(&**other) != path);
    let grants = match grants {
        _ if is_long => Grants::Nothing,
        Grants::Whole if names_more => Grants::Nothing,
        grants => grants,
    };
    if let Some(patterns) = whole.get("patterns").filter(|_| agent == Agent::Opencode) {
        named.add_patterns(tool, patterns);
    }
    let command = listed.or_else(|| command.map(Into::into));
    let (more_commands, more_paths) = named.besides(command.as_deref(), path);
    Some(Case {
        agent: agent.daemon(),
        project: place.project.map(Into::into),
        folder: place.folder.or(place.cwd).map(Into::into),
        tool: tool.into(),
        command,
        path: path.map(Into::into),
        more_commands,
        more_paths,
        grants,
    })
}

/// The first text under one of these names, and whether there is another one, or something that is no text.
fn text<'a>(input: &'a Map<String, Value>, names: &[&str]) -> (Option<&'a str>, bool) {
    let mut found = names.iter().filter_map(|name| input.get(*name)).filter(|value| !value.is_null());
    let first = found.next();
    let text = first.and_then(Value::as_str);
    (text, found.next().is_some() || first.is_some() && text.is_none())
}

/// Whether commands and their arguments are not one text alone.
fn is_in_parts(input: &Map<String, Value>) -> bool {
    let of = |names: &[&str]| {
        let values = names.iter().filter_map(|name| input.get(*name));
        values.filter(|value| !value.is_null()).collect::<Vec<_>>()
    };
    let (commands, lists) = (of(&COMMANDS), of(&LISTS));
    let has_list = commands.iter().chain(&lists).any(|value| value.is_array());
    match commands.as_slice() {
        [] => has_list,
        [one] => has_list || !lists.is_empty() || !one.is_string(),
        _ => true,
    }
}

struct Read<'a> {
    agent: Agent,
    tool: &'a str,
    command: Option<&'a str>,
    path: Option<&'a str>,
    input: &'a Map<String, Value>,
}

impl Read<'_> {
    fn grants(&self) -> Grants {
        let is_shell = SHELLS.contains(&(self.agent, self.tool));
        match (self.command, self.path) {
            // Whatever a field of any other name is for, its tool alone does not say what it does.
            (Some(_), None) if is_shell => self.whole_if(&COMMANDS, &BESIDE_COMMANDS),
            (None, Some(_)) if OF_FILES.contains(&self.tool) => self.whole_if(&PATHS, &BESIDE_FILES),
            (None, None) if !is_shell && !OF_FILES.contains(&self.tool) => Grants::Tool,
            (Some(_), _) => Grants::Nothing,
            (None, _) => Grants::Tool,
        }
    }

    fn whole_if(&self, of: &[&str], beside: &[&str]) -> Grants {
        let is_known = |(name, value): (&String, &Value)| {
            value.is_null() || of.contains(&name.as_str()) || beside.contains(&name.as_str())
        };
        let is_of_network = || {
            let said = self.input.get("description").and_then(Value::as_str);
            self.agent == Agent::Codex
                && said
                    .and_then(|said| said.trim_start().get(..NETWORK.len()))
                    .is_some_and(|said| said.eq_ignore_ascii_case(NETWORK))
        };
        if self.input.iter().all(is_known) && !is_of_network() { Grants::Whole } else { Grants::Nothing }
    }
}

impl Place<'_> {
    /// Whether the agent is in its project, and a path means there what it means in the project's folder.
    fn holds(&self, path: Option<&str>) -> bool {
        // A session of which the folder is not known any more has no project for rules either, so only rules for any place allow it something.
        let (Some(folder), Some(cwd)) = (self.folder, self.cwd) else {
            return self.project.is_none() && path.is_none_or(|path| path.starts_with('/'));
        };
        // Elsewhere `\` is a letter of a name.
        let is_of_windows = folder.as_bytes().get(1) == Some(&b':') || folder.starts_with("\\\\");
        let separators: &[char] = if is_of_windows { &['/', '\\'] } else { &['/'] };
        let below = cwd.strip_prefix(folder.trim_end_matches(separators));
        let is_inside = (is_of_windows || cwd.starts_with('/'))
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with(separators))
            && !cwd.split(separators).any(|name| name == "..");
        let is_absolute = |path: &str| path.starts_with('/');
        is_inside
            && path.is_none_or(|path| {
                is_absolute(path) || cwd.trim_end_matches(separators) == folder.trim_end_matches(separators)
            })
    }
}

#[cfg(test)]
mod tests;
