//! Rules that would have spared a person questions that were always allowed: "you allowed `cargo test` 14 times: always, for this project?" Pure.
//!
//! A suggestion is never wider than it must be: one command with nothing more, of files one folder without those in it, of one agent, tool and
//! project. A person decides about it, and reads little: so a command of whose like one was denied, or of a program that destroys, makes none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::history::HISTORY_MAX;
use super::matching::Asked;
use super::paths::StrictPath;
use super::plain::words_of;
use super::rule::{NAME_BYTES_MAX, WORD_BYTES_MAX, check_text};
use super::shell;
use super::{Answer, CommandPrefix, Decision, Past, PathPattern, Question, Rule, Subject, decide};

/// How often something must have been allowed.
const TIMES_MIN: usize = 5;
/// Most suggestions; those for the most questions stay.
const SUGGESTIONS_MAX: usize = 16;
/// Most groups that are counted. Questions that would make another are left out.
const GROUPS_MAX: usize = 1024;
/// Most words of a suggested command.
const WORDS_MAX: usize = 32;

/// Programs of which one more word changes everything.
const NEVER: [&str; 30] = [
    "rm",
    "rmdir",
    "unlink",
    "mv",
    "cp",
    "ln",
    "dd",
    "shred",
    "truncate",
    "tee",
    "chmod",
    "chown",
    "chgrp",
    "kill",
    "pkill",
    "killall",
    "curl",
    "wget",
    "scp",
    "sftp",
    "rsync",
    "nc",
    "find",
    "fd",
    "sed",
    "awk",
    "crontab",
    "mount",
    "systemctl",
    "launchctl",
];
/// Commands of which one more word changes everything.
const NEVER_AFTER: [[&str; 2]; 14] = [
    ["git", "push"],
    ["git", "reset"],
    ["git", "clean"],
    ["git", "checkout"],
    ["git", "restore"],
    ["git", "rebase"],
    ["git", "config"],
    ["docker", "run"],
    ["docker", "exec"],
    ["kubectl", "exec"],
    ["npm", "publish"],
    ["cargo", "publish"],
    ["kubectl", "delete"],
    ["terraform", "apply"],
];
/// A rule, and how many questions it would have answered. `Display` asks for it in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The rule, which allows. Its name is no other's of the rules and suggestions.
    pub rule: Rule,
    /// How often a person allowed what it allows.
    pub times: usize,
}

/// What questions have in common that one rule would answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group<'p> {
    agent: &'p str,
    project: &'p str,
    tool: &'p str,
    subject: Common<'p>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Common<'p> {
    /// The words of a command.
    Words(Vec<&'p str>),
    /// The folder of a file, from the project's.
    Folder(Vec<&'p str>),
}

/// Suggests rules for what a person allowed at least five times and never denied, the newest first. What `rules` decide by now is left out.
#[must_use]
pub fn suggest(rules: &[Rule], history: &[Past<'_>]) -> Vec<Suggestion> {
    let history = &history[..history.len().min(HISTORY_MAX)];
    let mut groups: BTreeMap<Group<'_>, Vec<&Past<'_>>> = BTreeMap::new();
    for past in history.iter().filter(|past| past.answer == Answer::Allowed) {
        let Some(group) = group(&past.question) else { continue };
        if decide(rules, &past.question).is_none()
            && (groups.len() < GROUPS_MAX || groups.contains_key(&group))
        {
            groups.entry(group).or_default().push(past);
        }
    }
    let denied = history.iter().filter(|past| past.answer == Answer::Denied);
    // Each is read once, for all groups.
    let denied: Vec<Asked<'_>> = denied.map(|past| Asked::new(&past.question)).collect();
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, pasts)| pasts.len() >= TIMES_MIN).collect();
    groups.sort_by_key(|(_, pasts)| std::cmp::Reverse(pasts.len()));
    let suggested = groups.iter().filter_map(|(group, pasts)| {
        let rule = rule(group, pasts.first()?)?;
        let allows = |past: &&&Past<'_>| Asked::new(&past.question).fits(&rule);
        let times = pasts.iter().filter(allows).count();
        (times >= TIMES_MIN && !is_denied(&rule, &denied)).then_some(Suggestion { rule, times })
    });
    let mut suggested: Vec<Suggestion> = suggested.take(SUGGESTIONS_MAX).collect();
    let mut names: BTreeSet<String> = rules.iter().map(|rule| rule.name.clone()).collect();
    for Suggestion { rule, .. } in &mut suggested {
        rule.name = free_name(&rule.name, &names);
        names.insert(rule.name.clone());
    }
    suggested
}

/// Whether a person denied something of the kind in that project, whoever asked, and with whatever tool.
fn is_denied(rule: &Rule, denied: &[Asked<'_>]) -> bool {
    let denying =
        Rule { agent: None, tool: None, decision: Decision::Deny { message: None }, ..rule.clone() };
    denied.iter().any(|asked| asked.fits(&denying))
}

fn group<'p>(question: &Question<'p>) -> Option<Group<'p>> {
    let Question { agent, project, tool, command, path, cwd } = *question;
    let subject = match (command, path) {
        (Some(command), None) => Common::Words(whole(command)?),
        (None, Some(path)) => {
            let mut names = StrictPath { path, cwd }.relative()?;
            names.pop()?;
            // Files of the project's own folder are of too many kinds.
            (!names.is_empty()).then_some(Common::Folder(names))?
        }
        _ => return None,
    };
    Some(Group { agent: agent.as_str(), project: project?, tool, subject })
}

/// The words of a command that might be allowed for ever.
fn whole(command: &str) -> Option<Vec<&str>> {
    let words = words_of(command)?;
    let is_short = words.len() <= WORDS_MAX && command.len() <= CommandPrefix::BYTES_MAX;
    if !is_short || words.iter().any(|word| word.is_quoted) {
        return None;
    }
    let words: Vec<&str> = words.iter().map(|word| word.text).collect();
    let program = words[0].rsplit('/').next().unwrap_or_default();
    let is_never = NEVER.contains(&program)
        || words.get(1).is_some_and(|word| NEVER_AFTER.contains(&[program, word]))
        || words.iter().any(|word| shell::is_runner(word));
    (!is_never).then_some(words)
}

/// The rule for a group; `None`: none can be written.
fn rule(group: &Group<'_>, past: &Past<'_>) -> Option<Rule> {
    let (subject, what) = match &group.subject {
        Common::Words(words) => {
            let command = words.join(" ");
            (Subject::Command(CommandPrefix::parse(&command, true, true).ok()?), command)
        }
        Common::Folder(names) => {
            let pattern = names.join("/") + "/*";
            (Subject::Path(PathPattern::parse(&pattern, true).ok()?), pattern)
        }
    };
    check_text(group.project, WORD_BYTES_MAX).ok()?;
    check_text(group.tool, WORD_BYTES_MAX).ok()?;
    Some(Rule {
        name: format!("{what} in {}", group.project),
        agent: Some(past.question.agent.clone()),
        project: Some(group.project.to_owned()),
        tool: Some(group.tool.to_owned()),
        subject,
        decision: Decision::Allow,
    })
}

/// A name that no rule has, within the bound of names.
fn free_name(name: &str, names: &BTreeSet<String>) -> String {
    let cut = |room: usize| {
        let end =
            (0..=room.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
        name[..end].trim_end().to_owned()
    };
    let numbered = (2..).map(|n: usize| {
        let number = format!(" {n}");
        cut(NAME_BYTES_MAX - number.len()) + &number
    });
    std::iter::once(cut(NAME_BYTES_MAX))
        .chain(numbered)
        .find(|name| !names.contains(name))
        .unwrap_or_default()
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tool = self.rule.tool.as_deref().unwrap_or_default();
        let what = match &self.rule.subject {
            Subject::Command(prefix) => format!("`{}`", prefix.words().join(" ")),
            Subject::Path(pattern) => format!("{tool} in `{}`", pattern.as_str()),
            Subject::Any => tool.to_owned(),
        };
        write!(f, "you allowed {what} {} times: always, for this project?", self.times)
    }
}
