//! Whether a question is one that a rule is for: strictly if the rule allows, eagerly if it denies or asks. Pure.

use std::cell::OnceCell;

use super::paths::{EagerPath, StrictPath};
use super::shell::Reading;
use super::{Decision, Question, Rule, Subject};

/// A question, and what was read of it so far: rules that do not look at a command do not pay for its reading.
pub(super) struct Asked<'q> {
    question: &'q Question<'q>,
    command: OnceCell<Reading>,
    path: OnceCell<EagerPath>,
}

impl<'q> Asked<'q> {
    pub(super) fn new(question: &'q Question<'q>) -> Self {
        Self { question, command: OnceCell::new(), path: OnceCell::new() }
    }

    pub(super) fn fits(&self, rule: &Rule) -> bool {
        if rule.agent.as_ref().is_some_and(|agent| agent != self.question.agent) {
            return false;
        }
        match rule.decision {
            Decision::Allow => self.fits_strictly(rule),
            Decision::Deny { .. } | Decision::Ask => self.fits_eagerly(rule),
        }
    }

    /// A rule for commands does not allow a question that names a file, too, nor the other way round: the rule says nothing of it.
    fn fits_strictly(&self, rule: &Rule) -> bool {
        let Question { project, tool, command, path, cwd, .. } = *self.question;
        let is_named = rule.tool.as_deref().is_none_or(|name| name == tool)
            && rule.project.as_deref().is_none_or(|name| project == Some(name));
        is_named
            && match &rule.subject {
                Subject::Any => rule.tool.is_some(),
                Subject::Command(prefix) => path.is_none() && command.is_some_and(|text| prefix.allows(text)),
                Subject::Path(pattern) => {
                    command.is_none() && path.is_some_and(|path| pattern.allows(&StrictPath { path, cwd }))
                }
            }
    }

    /// Case is no difference: agents name one tool `Bash` and `bash`, and files of macOS and Windows have one name in either case.
    fn fits_eagerly(&self, rule: &Rule) -> bool {
        let Question { project, tool, command, path, cwd, .. } = *self.question;
        let is_same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        let is_named = rule.tool.as_deref().is_none_or(|name| is_same(name, tool))
            && rule
                .project
                .as_deref()
                .is_none_or(|name| project.is_some_and(|project| is_same(name, project)));
        is_named
            && match &rule.subject {
                Subject::Any => true,
                Subject::Command(prefix) => command.is_some_and(|command| {
                    self.command.get_or_init(|| Reading::of(command)).runs(prefix.words())
                }),
                Subject::Path(pattern) => path
                    .is_some_and(|path| pattern.touches(self.path.get_or_init(|| EagerPath::of(path, cwd)))),
            }
    }
}
