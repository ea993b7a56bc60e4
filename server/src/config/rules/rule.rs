//! One `[[rules]]` table: which questions it is for, and what it answers. Pure.

use arcane_shared::api::RuleBody;
use arcane_shared::{DaemonName, visible};

use super::super::near::unknown_key;
use super::{CommandPrefix, PathPattern, WrongKey};

/// Longest name of a rule, bytes.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// Longest name of a project or a tool, bytes.
pub(super) const WORD_BYTES_MAX: usize = 256;
/// Longest message, bytes.
const MESSAGE_BYTES_MAX: usize = 1024;
const KEYS: [&str; 9] =
    ["name", "agent", "project", "tool", "command", "exact", "path", "decision", "message"];
/// Names that agents give to the tools that run any command, in lower case.
const SHELLS: [&str; 9] = [
    "bash",
    "shell",
    "sh",
    "exec_command",
    "run_shell_command",
    "powershell",
    "local_shell",
    "shell_command",
    "terminal",
];

/// One rule. All that it names has to fit a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, 1–64 bytes, no other rule's: an answer in the log says which rule gave it.
    pub name: String,
    /// Whose questions; `None`: any agent's.
    pub agent: Option<DaemonName>,
    /// In which project, 1–256 bytes; `None`: in any, and in none.
    pub project: Option<String>,
    /// About which tool, as the agent calls it, 1–256 bytes; `None`: any.
    pub tool: Option<String>,
    /// What the tool would do.
    pub subject: Subject,
    /// What is answered.
    pub decision: Decision,
}

/// What of a tool's input a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Whatever it is.
    Any,
    /// Commands that begin with these words.
    Command(CommandPrefix),
    /// Files whose path fits this pattern.
    Path(PathPattern),
}

/// What a rule answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The tool may run.
    Allow,
    /// A person is asked, whatever rules allow.
    Ask,
    /// The tool may not run.
    Deny {
        /// What the agent is told, 1–1,024 bytes.
        message: Option<String>,
    },
}

impl Decision {
    /// How it is written: `allow`, `ask` or `deny`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny { .. } => "deny",
        }
    }
}

impl Rule {
    /// The table of the configuration that says it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let table = self.body();
        let lines = fields(&table);
        let lines = lines.into_iter().map(|(key, value)| format!("{key} = {value}\n"));
        "[[rules]]\n".to_owned() + &lines.collect::<String>()
    }

    /// It, as a request's body has it.
    #[must_use]
    pub fn body(&self) -> RuleBody {
        let (command, exact, path) = match &self.subject {
            Subject::Any => (None, false, None),
            Subject::Command(prefix) => (Some(prefix.words().join(" ")), prefix.is_exact(), None),
            Subject::Path(pattern) => (None, false, Some(pattern.as_str().to_owned())),
        };
        let message = match &self.decision {
            Decision::Deny { message } => message.clone(),
            Decision::Allow | Decision::Ask => None,
        };
        RuleBody {
            name: self.name.clone(),
            agent: self.agent.as_ref().map(ToString::to_string),
            project: self.project.clone(),
            tool: self.tool.clone(),
            command,
            exact,
            path,
            decision: self.decision.as_str().to_owned(),
            message,
        }
    }

    /// Reads a table of the configuration, or what has the same keys.
    ///
    /// # Errors
    /// If it is no rule: which key cannot be used, and what would be right. [`WrongKey::at`] is 0.
    pub fn read(mut table: toml::Table) -> Result<Self, WrongKey> {
        let name = name(table.remove("name"))?;
        let mut keys = Keys { name, table };
        let decision = keys.decision()?;
        let agent = keys.text("agent", WORD_BYTES_MAX)?;
        let agent = agent.map(|agent| DaemonName::parse(&agent)).transpose();
        let agent = agent.map_err(|error| keys.wrong("agent", error.to_string()))?;
        let (project, tool) = (keys.project()?, keys.tool()?);
        let subject = keys.subject(&decision)?;
        if let Some(key) = keys.table.keys().next() {
            return Err(keys.wrong(key, unknown_key(key, &KEYS)));
        }
        if decision == Decision::Allow && subject == Subject::Any && tool.is_none() {
            let detail = "allows everything; name what it allows: a tool, a command or a path";
            return Err(keys.wrong("decision", detail));
        }
        let is_shell = tool.as_ref().is_some_and(|tool| SHELLS.contains(&tool.to_lowercase().as_str()));
        if decision == Decision::Allow && subject == Subject::Any && is_shell {
            let detail = "allows every command; name one: command = \"cargo test\"";
            return Err(keys.wrong("tool", detail));
        }
        Ok(Self { name: keys.name, agent, project, tool, subject, decision })
    }
}

/// What is left to be read of a table.
struct Keys {
    name: String,
    table: toml::Table,
}

impl Keys {
    fn wrong(&self, key: &str, detail: impl Into<String>) -> WrongKey {
        WrongKey { at: 0, rule: Some(self.name.clone()), key: key.to_owned(), detail: detail.into() }
    }

    /// A text without hidden characters, or nothing.
    fn text(&mut self, key: &str, bytes_max: usize) -> Result<Option<String>, WrongKey> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let toml::Value::String(text) = value else { return Err(self.wrong(key, "must be a string")) };
        match check_text(&text, bytes_max) {
            Ok(()) => Ok(Some(text)),
            Err(detail) => Err(self.wrong(key, detail)),
        }
    }

    fn decision(&mut self) -> Result<Decision, WrongKey> {
        let decisions = "write \"allow\", \"deny\" or \"ask\"";
        let decision = match self.table.remove("decision") {
            None => return Err(self.wrong("decision", format!("is missing; {decisions}"))),
            Some(toml::Value::String(decision)) => decision,
            Some(_) => return Err(self.wrong("decision", format!("must be a string; {decisions}"))),
        };
        let message = self.text("message", MESSAGE_BYTES_MAX)?;
        match (decision.as_str(), message) {
            ("deny", message) => Ok(Decision::Deny { message }),
            ("allow", None) => Ok(Decision::Allow),
            ("ask", None) => Ok(Decision::Ask),
            ("allow" | "ask", Some(_)) => {
                let detail = format!("is told to agents that are denied; decision is {decision:?}");
                Err(self.wrong("message", detail))
            }
            _ => Err(self.wrong("decision", format!("{decision:?} is no decision; {decisions}"))),
        }
    }

    /// A project is known by the name of its folder.
    fn project(&mut self) -> Result<Option<String>, WrongKey> {
        let project = self.text("project", WORD_BYTES_MAX)?;
        if project.as_ref().is_some_and(|project| project.contains(['/', '\\'])) {
            return Err(self.wrong("project", "is the name of a folder, not its path: the last part of it"));
        }
        Ok(project)
    }

    /// A tool is named whole.
    fn tool(&mut self) -> Result<Option<String>, WrongKey> {
        let tool = self.text("tool", WORD_BYTES_MAX)?;
        if tool.as_ref().is_some_and(|tool| tool.contains(['*', '?', '['])) {
            return Err(
                self.wrong("tool", "is compared whole, without wildcards: write a rule for each tool")
            );
        }
        Ok(tool)
    }

    fn exact(&mut self, decision: &Decision) -> Result<bool, WrongKey> {
        match self.table.remove("exact") {
            None | Some(toml::Value::Boolean(false)) => Ok(false),
            Some(toml::Value::Boolean(true)) if *decision != Decision::Allow => Err(self
                .wrong("exact", "is for rules that allow; what denies or asks looks for its words anywhere")),
            Some(toml::Value::Boolean(true)) if !self.table.contains_key("command") => Err(self.wrong(
                "exact",
                "says that nothing may follow a command; write one: command = \"cargo test\"",
            )),
            Some(toml::Value::Boolean(true)) => Ok(true),
            Some(_) => Err(self.wrong("exact", "must be true or false")),
        }
    }

    fn subject(&mut self, decision: &Decision) -> Result<Subject, WrongKey> {
        let allows = *decision == Decision::Allow;
        let is_exact = self.exact(decision)?;
        let command = self.text("command", CommandPrefix::BYTES_MAX)?;
        let path = self.text("path", PathPattern::BYTES_MAX)?;
        match (command, path) {
            (None, None) => Ok(Subject::Any),
            (Some(command), None) => CommandPrefix::parse(&command, allows, is_exact)
                .map(Subject::Command)
                .map_err(|detail| self.wrong("command", detail)),
            (None, Some(path)) => PathPattern::parse(&path, allows)
                .map(Subject::Path)
                .map_err(|detail| self.wrong("path", detail)),
            (Some(_), Some(_)) => {
                Err(self.wrong("path", "stands beside a command; a rule has one of them: write two rules"))
            }
        }
    }
}

/// What a body says, under the keys of a table, in their order.
fn fields(body: &RuleBody) -> Vec<(&'static str, toml::Value)> {
    let RuleBody { name, agent, project, tool, command, exact, path, decision, message } = body;
    let exact = exact.then_some(toml::Value::Boolean(true));
    let text = |text: &Option<String>| text.as_deref().map(toml::Value::from);
    let values = [
        Some(name.as_str().into()),
        text(agent),
        text(project),
        text(tool),
        text(command),
        exact,
        text(path),
        Some(decision.as_str().into()),
        text(message),
    ];
    KEYS.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
}

fn name(name: Option<toml::Value>) -> Result<String, WrongKey> {
    let wrong = |detail: String| WrongKey { at: 0, rule: None, key: "name".into(), detail };
    match name {
        Some(toml::Value::String(name)) => match check_text(&name, NAME_BYTES_MAX) {
            Ok(()) if !name.contains('\n') => Ok(name),
            Ok(()) => Err(wrong(format!("{name:?} is no name: it has one line"))),
            Err(detail) => Err(wrong(format!("{:?} {detail}", visible::line(&name, NAME_BYTES_MAX)))),
        },
        Some(_) => Err(wrong("must be a string".into())),
        None => Err(wrong("is missing; an answer in the log names its rule: name = \"tests\"".into())),
    }
}

/// What is wrong with a text of a rule, if anything.
pub(super) fn check_text(text: &str, bytes_max: usize) -> Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    if text.len() > bytes_max {
        return Err(format!("has {} bytes; it has at most {bytes_max}", text.len()));
    }
    if visible::lines(text) != text || text.contains('\t') {
        return Err(format!("has characters that are not seen: {}", visible::line(text, 80)));
    }
    if text.trim() != text {
        return Err("must not begin or end with a space".into());
    }
    Ok(())
}
