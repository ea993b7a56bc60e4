//! `arcane rules`: which rules answer what agents ask, what they would have answered before, and which might be added.

use std::path::PathBuf;

use anyhow::Context;
use arcane_shared::api::{
    RuleBody, RuleCard, RuleOrigin, RulesAnswer, RulesTest, RulesTestAnswer, SuggestedRule,
};
use arcane_shared::counted;
use clap::{Args, Subcommand};

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
    list: List,
}

#[derive(Debug, Clone, Args)]
struct List {
    /// The room whose answers suggestions are made of.
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
    /// Add rules of a file, or one that is suggested: it holds at once, and after a restart.
    Add(Add),
    /// Remove a rule that was added.
    Remove(Remove),
}

#[derive(Debug, Clone, Args)]
struct Test {
    /// A file with [[rules]], as the configuration has them.
    #[arg(default_value = "arcane.toml")]
    file: PathBuf,
    /// The room whose log has what was answered.
    #[arg(long, default_value = "main")]
    room: String,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Args)]
struct Add {
    /// A file with [[rules]]. With --suggested the name of a suggestion of `arcane rules`.
    what: String,
    /// Add the suggestion of this name.
    #[arg(long)]
    suggested: bool,
    /// The room whose answers suggestions are made of.
    #[arg(long, default_value = "main")]
    room: String,
    #[command(flatten)]
    target: Target,
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
                Ok(print(&screen::line(&format!("The rule {name:?} answers nothing any more.")))?)
            }
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let answer: serde_json::Value = self.target.send(asked(&self.target, &self.room)?).await?;
        if self.json {
            return Ok(print(&screen::json(&serde_json::to_string_pretty(&answer)?))?);
        }
        let RulesAnswer { rules, suggestions, .. } = serde_json::from_value(answer)?;
        if rules.is_empty() {
            print("No rule answers anything: every question is a person's.")?;
        }
        for RuleCard { rule, origin } in &rules {
            let origin = if *origin == RuleOrigin::File { "arcane.toml" } else { "added" };
            print(&screen::line(&format!(
                "{:<5} {}  {}  ({origin})",
                rule.decision,
                rule.name,
                covers(rule)
            )))?;
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
        let room: String = form_urlencoded::byte_serialize(self.room.as_bytes()).collect();
        let request = self.target.post(&format!("/rules/test?room={room}"))?.json(&RulesTest { rules });
        let answer: serde_json::Value = self.target.send(request).await?;
        if self.json {
            return Ok(print(&screen::json(&serde_json::to_string_pretty(&answer)?))?);
        }
        let RulesTestAnswer { sentence, not_whole, against, rules, .. } = serde_json::from_value(answer)?;
        print(&screen::line(&sentence))?;
        for done in &rules {
            let otherwise = match done.against {
                0 => String::new(),
                n => format!(", {n} of them otherwise than you did"),
            };
            print(&screen::line(&format!("  {}: {}{otherwise}", done.rule, counted(done.decided, "time"))))?;
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
        let rules: Vec<RuleBody> = if self.suggested {
            let RulesAnswer { suggestions, .. } = self.target.send(asked(&self.target, &self.room)?).await?;
            let named = suggestions.into_iter().map(|one| one.rule).find(|rule| rule.name == self.what);
            vec![named.with_context(|| {
                format!("no rule {:?} is suggested; `arcane rules` lists those that are", self.what)
            })?]
        } else {
            read(self.what.as_ref())?.iter().map(Rule::body).collect()
        };
        for rule in &rules {
            let _: RuleCard = self.target.send(self.target.post("/rules")?.json(rule)).await?;
            print(&screen::line(&format!(
                "The rule {:?} holds: {} {}",
                rule.name,
                rule.decision,
                covers(rule)
            )))?;
        }
        Ok(())
    }
}

fn asked(target: &Target, room: &str) -> anyhow::Result<reqwest::RequestBuilder> {
    let room: String = form_urlencoded::byte_serialize(room.as_bytes()).collect();
    target.get(&format!("/rules?room={room}"))
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
