//! Rules as a table of traps each: what allows, what denies, paths, what is refused; and the laws of all of them.

mod allowed;
mod denied;
mod laws;
mod passed_on;
mod paths;
mod refused;
mod rehearsed;
mod suggested;

use arcane_shared::DaemonName;

use super::{Decision, Question, Rules, decide};

fn rules(text: &str) -> Rules {
    let mut file: toml::Table = text.parse().unwrap();
    Rules::read(file.remove("rules").unwrap())
        .map_err(|wrong| format!("{}: {}", wrong.place, wrong.detail))
        .unwrap()
}

fn rule(subject: &str, decision: &str) -> Rules {
    rules(&format!("[[rules]]\nname = \"r\"\n{subject}\ndecision = \"{decision}\""))
}

/// What is decided of a command.
fn of_command(rules: &Rules, command: &str) -> Option<&'static str> {
    let agent = DaemonName::parse("claude").unwrap();
    let question = Question {
        agent: &agent,
        project: Some("shop"),
        tool: "Bash",
        command: Some(command),
        path: None,
        cwd: Some("/home/u/shop"),
    };
    decide(rules.as_slice(), &question).map(|verdict| Decision::as_str(verdict.decision))
}

/// What is decided of a path.
fn of_path(rules: &Rules, path: &str) -> Option<&'static str> {
    let agent = DaemonName::parse("claude").unwrap();
    let question = Question {
        agent: &agent,
        project: Some("shop"),
        tool: "Edit",
        command: None,
        path: Some(path),
        cwd: Some("/home/u/shop"),
    };
    decide(rules.as_slice(), &question).map(|verdict| Decision::as_str(verdict.decision))
}
