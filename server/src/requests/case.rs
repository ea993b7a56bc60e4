//! What rules look at of a question. Plain data.

use arcane_shared::DaemonName;

use crate::config;

/// A tool that is to be called, as rules see it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    /// The agent's family: `claude`. Its subagents are the agent's.
    pub(crate) agent: DaemonName,
    /// The project that the session began in.
    pub(crate) project: Option<Box<str>>,
    /// The folder of that project.
    pub(crate) folder: Option<Box<str>>,
    /// The tool, by the agent's own name.
    pub(crate) tool: Box<str>,
    /// What a shell would run.
    pub(crate) command: Option<Box<str>>,
    /// What the tool would read or change.
    pub(crate) path: Option<Box<str>>,
    /// The other commands that it names, or may stand for: rules may deny them, and allow nothing by them. At most 65.
    pub(crate) more_commands: Box<[Box<str>]>,
    /// The other files that it names, for rules that deny or ask. At most 257.
    pub(crate) more_paths: Box<[Box<str>]>,
    /// How much a rule may allow of it.
    pub(crate) grants: Grants,
}

/// How much a rule may allow of a call: as much as is understood of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grants {
    /// Its command or path is all that matters of it.
    Whole,
    /// What it does is not known: only a rule for the tool as such allows it.
    Tool,
    /// It asks for more than its command or path says, so a person decides.
    Nothing,
}

impl Case {
    /// The question for rules.
    pub(crate) fn question(&self) -> config::Question<'_> {
        config::Question {
            agent: &self.agent,
            project: self.project.as_deref(),
            tool: &self.tool,
            command: self.command.as_deref(),
            path: self.path.as_deref(),
            cwd: self.folder.as_deref(),
        }
    }

    /// A question for each of the other commands and files, to be denied or left to a person.
    pub(crate) fn more_questions(&self) -> impl Iterator<Item = config::Question<'_>> {
        let nothing = config::Question { command: None, path: None, ..self.question() };
        let of_command = move |command| config::Question { command: Some(command), ..nothing };
        let of_path = move |path| config::Question { path: Some(path), ..nothing };
        let commands = self.more_commands.iter().map(AsRef::as_ref).map(of_command);
        commands.chain(self.more_paths.iter().map(AsRef::as_ref).map(of_path))
    }
}
