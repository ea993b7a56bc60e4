//! `arcane rules`: which rules answer what agents ask, what they would have answered before, and which might be added.

use std::path::PathBuf;

use anyhow::Context;
use arcane_shared::api::{
    RuleBody, RuleCard, RuleList, RuleOrigin, RulesAdded, RulesAnswer, RulesTestAnswer, SuggestedRule,
};
use arcane_shared::counted;
use clap::{Args, Subcommand};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;

use super::print::print;
use super::{Target, screen};
use crate::config::{Rule, Rules as ConfiguredRules};

/// List the rules that answer what agents ask, and those that might be added.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: Asked,
}

/// What is asked of a room, and of which server.
#[derive(Debug, Clone, Args)]
struct Asked {
    /// The room whose log has what people answered.
    #[arg(long, default_value = "main")]
    room: String,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Try rules of a file on what people answered before, without answering anything.
    Test(Test),
    /// Add the rules of a file, all or none, or one that is suggested: they hold at once, and after a restart.
    Add(Add),
    /// Remove a rule that was added.
    Remove(Remove),
}

#[derive(Debug, Clone, Args)]
struct Test {
    /// A file with [[rules]], as the configuration has them.
    #[arg(default_value = "arcane.toml")]
    file: PathBuf,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Clone, Args)]
struct Add {
    /// A file with [[rules]]. With --suggested the name of a suggestion of `arcane rules`.
    what: String,
    /// Add the suggestion of this name.
    #[arg(long)]
    suggested: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Clone, Args)]
struct Remove {
    /// The rule's name.
    name: String,
    #[command(flatten)]
    target: Target,
}

impl Rules {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            None => self.list.run().await,
            Some(Command::Test(test)) => test.run().await,
            Some(Command::Add(add)) => add.run().await,
            Some(Command::Remove(Remove { name, target })) => {
                target.delete("/rules", &name).await?;
                Ok(print(&screen::line(&format!("The rule {name:?} that was added is removed.")))?)
            }
        }
    }
}

impl Asked {
    /// A path with the room in its query.
    fn path(&self, path: &str) -> String {
        let room: String = form_urlencoded::byte_serialize(self.room.as_bytes()).collect();
        format!("{path}?room={room}")
    }

    /// The server's answer; `None`: it was printed as it is.
    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<Option<T>> {
        let answer: serde_json::Value = self.target.send(request).await?;
        if self.json {
            print(&screen::json(&serde_json::to_string_pretty(&answer)?))?;
            return Ok(None);
        }
        Ok(Some(serde_json::from_value(answer)?))
    }

    async fn run(self) -> anyhow::Result<()> {
        let request = self.target.get(&self.path("/rules"))?;
        let Some(RulesAnswer { rules, suggestions, .. }) = self.answer(request).await? else { return Ok(()) };
        if rules.is_empty() {
            print("No rule answers anything: every question is a person's.")?;
        }
        for RuleCard { rule, origin, warnings } in &rules {
            let origin = if *origin == RuleOrigin::File { "arcane.toml" } else { "added" };
            print(&screen::line(&format!(
                "{:<5} {}  {}  ({origin})",
                rule.decision,
                rule.name,
                covers(rule)
            )))?;
            warn(warnings)?;
        }
        if !suggestions.is_empty() {
            print("Suggested, by what was always allowed:")?;
        }
        for SuggestedRule { sentence, rule, .. } in &suggestions {
            print(&screen::line(&format!("  {sentence}")))?;
            print(&screen::line(&format!("    arcane rules add --suggested {:?}", rule.name)))?;
        }
        Ok(())
    }
}

impl Test {
    async fn run(self) -> anyhow::Result<()> {
        let rules = read(&self.file)?.iter().map(Rule::body).collect();
        let asked = &self.asked;
        let request = asked.target.post(&asked.path("/rules/test"))?.json(&RuleList { rules });
        let Some(RulesTestAnswer { sentence, not_whole, against, rules, .. }) = asked.answer(request).await?
        else {
            return Ok(());
        };
        print(&screen::line(&sentence))?;
        for done in &rules {
            let otherwise = match done.against {
                0 => String::new(),
                n => format!(", {n} of them otherwise than you did"),
            };
            print(&screen::line(&format!("  {}: {}{otherwise}", done.rule, counted(done.decided, "time"))))?;
            warn(&done.warnings)?;
        }
        for one in &against {
            let said = format!(
                "  you said {} and {:?} the other: {} ({})",
                one.decision, one.rule, one.task, one.request_id
            );
            print(&screen::line(&said))?;
        }
        if not_whole > 0 {
            let questions = counted(not_whole, "more question");
            print(&format!(
                "{questions} cannot be tried: the log does not have the whole input (--capture-content keeps more of it)"
            ))?;
        }
        Ok(())
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let target = &self.asked.target;
        let rules: Vec<RuleBody> = if self.suggested {
            let request = target.get(&self.asked.path("/rules"))?;
            let RulesAnswer { suggestions, .. } = target.send(request).await?;
            let named = suggestions.into_iter().map(|one| one.rule).find(|rule| rule.name == self.what);
            vec![named.with_context(|| {
                format!("no rule {:?} is suggested; `arcane rules` lists those that are", self.what)
            })?]
        } else {
            read(self.what.as_ref())?.iter().map(Rule::body).collect()
        };
        let request = target.post("/rules")?.json(&RuleList { rules });
        let Some(RulesAdded { rules }) = self.asked.answer(request).await? else { return Ok(()) };
        for RuleCard { rule, warnings, .. } in &rules {
            print(&screen::line(&format!(
                "The rule {:?} holds: {} {}",
                rule.name,
                rule.decision,
                covers(rule)
            )))?;
            warn(warnings)?;
        }
        Ok(())
    }
}

fn warn(warnings: &[String]) -> anyhow::Result<()> {
    for warning in warnings {
        print(&screen::line(&format!("  warning: {warning}")))?;
    }
    Ok(())
}

/// The rules of a file.
fn read(file: &std::path::Path) -> anyhow::Result<Vec<Rule>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let mut table: toml::Table = text.parse().with_context(|| format!("{name} is not valid TOML"))?;
    let rules = table.remove("rules").with_context(|| format!("{name} has no [[rules]]"))?;
    let rules = ConfiguredRules::read(rules)
        .map_err(|error| anyhow::anyhow!("{name}: {}: {}", error.place, error.detail))?;
    Ok(rules.into_vec())
}

/// What a rule is for, in a line.
fn covers(rule: &RuleBody) -> String {
    let parts = [
        ("", &rule.agent),
        ("tool ", &rule.tool),
        (if rule.exact { "exactly " } else { "command " }, &rule.command),
        ("path ", &rule.path),
        ("in ", &rule.project),
        ("· says ", &rule.message),
    ];
    let parts = parts.into_iter().filter_map(|(name, part)| Some(format!("{name}{}", part.as_ref()?)));
    let said = parts.collect::<Vec<_>>().join(" ");
    if said.is_empty() { "everything".into() } else { said }
}
