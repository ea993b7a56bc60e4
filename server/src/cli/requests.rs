//! `arcane requests`: what agents ask and nobody has answered.

use arcane_shared::api::{OpenRequest, RequestsAnswer};
use arcane_shared::counted;
use clap::Args;
use serde_json::Value;

use super::print::print;
use super::{Target, screen};

/// List what agents ask and nobody has answered, or show one of these whole.
#[derive(Debug, Clone, Args)]
pub(super) struct Requests {
    /// The request that is to be shown with its whole input.
    id: Option<String>,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Requests {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Some(id) = &self.id {
            return self.show(id).await;
        }
        let answer: Value = self.target.send(self.target.get("/requests")?).await?;
        if self.json {
            return Ok(print(&screen::json(&serde_json::to_string_pretty(&answer)?))?);
        }
        let RequestsAnswer { requests } = serde_json::from_value(answer)?;
        if requests.is_empty() {
            print("No agent asks anything that can be answered from here.")?;
            return Ok(());
        }
        let count = u64::try_from(requests.len()).unwrap_or(u64::MAX);
        print(&format!("{}, the oldest first:", counted(count, "open request")))?;
        for one in &requests {
            print(&screen::line(&line(one)))?;
        }
        print("Show one whole: arcane requests ID · answer: arcane answer ID allow|deny|OPTION")?;
        Ok(())
    }

    async fn show(&self, id: &str) -> anyhow::Result<()> {
        let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let answer: Value = self.target.send(self.target.get(&format!("/requests/{id}"))?).await?;
        if self.json {
            return Ok(print(&screen::json(&serde_json::to_string_pretty(&answer)?))?);
        }
        let one: OpenRequest = serde_json::from_value(answer)?;
        print(&screen::line(&line(&one)))?;
        for (name, value) in [("session", &one.session), ("project", &one.project), ("machine", &one.host)] {
            if let Some(value) = value {
                print(&screen::line(&format!("  {name:<8} {value}")))?;
            }
        }
        if !one.is_held {
            print("  It can only be answered where the agent runs.")?;
        }
        for choice in &one.options {
            print(&screen::line(&format!("  {:<8} {}", choice.id, choice.label)))?;
        }
        match &one.input {
            None => print("  Its input is not known any more.")?,
            // A command is read best as it is run.
            Some(input) => match input.get("command").and_then(Value::as_str) {
                Some(command) => print(&screen::lines(command))?,
                None => print(&screen::json(&serde_json::to_string_pretty(input)?))?,
            },
        }
        Ok(())
    }
}

fn line(one: &OpenRequest) -> String {
    let since = one.since.to_string();
    let clock = since.get(11..19).unwrap_or(&since);
    let project = one.project.as_deref().map(|project| format!(" · {project}")).unwrap_or_default();
    format!("{}  {clock}  {:<12} {}{project}", one.request_id, one.daemon_name.as_str(), one.task)
}
