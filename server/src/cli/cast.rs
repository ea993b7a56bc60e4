//! `arcane cast "summon claude"`.

use clap::Args;
use serde_json::{Value, json};

use super::print::print;
use super::{Target, screen};

/// Casts a spell in plain words and says what came of it.
#[derive(Debug, Clone, Args)]
pub(super) struct Cast {
    /// The spell, for example: summon claude · ask claude to write a haiku · list daemons
    #[arg(required = true)]
    spell: Vec<String>,
    /// Print the answer without its ornaments. JSON stays as it is.
    #[arg(long)]
    plain: bool,
    /// Print the server's whole answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Cast {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let request = self.target.post("/spell/cast")?.json(&json!({ "spell": self.spell.join(" ") }));
        let answer: Value = self.target.send(request).await?;
        if self.json {
            return Ok(print(&screen::json(&serde_json::to_string_pretty(&answer)?))?);
        }
        let message = answer["message"].as_str().unwrap_or_default();
        print(&screen::lines(if self.plain { message.trim_matches(['✨', ' ']) } else { message }))?;
        for daemon in answer["daemons"].as_array().into_iter().flatten() {
            let name = daemon["daemon_name"].as_str().unwrap_or_default();
            let place = if daemon["is_active"] == true { "here" } else { "away" };
            let role = daemon["role"].as_str().unwrap_or_default();
            print(&screen::line(&format!("  {name:<16} {place:<5} {role}")))?;
        }
        if let Some(result) = answer["result"].as_str() {
            print(&screen::lines(result.trim_end()))?;
        }
        Ok(())
    }
}
