//! `arcane cast "summon claude"`.

use clap::Args;
use serde_json::{Value, json};

use super::Target;

/// Casts a spell in plain words and says what came of it.
#[derive(Debug, Clone, Args)]
pub(super) struct Cast {
    /// The spell, for example: summon claude · ask claude to write a haiku · list daemons
    #[arg(required = true)]
    spell: Vec<String>,
    /// Print the server's whole answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Cast {
    #[expect(clippy::print_stdout, reason = "the answer is this command's output")]
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let request = self.target.post("/spell/cast").json(&json!({ "spell": self.spell.join(" ") }));
        let answer: Value = self.target.send(request).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&answer)?);
            return Ok(());
        }
        println!("{}", answer["message"].as_str().unwrap_or_default());
        for daemon in answer["daemons"].as_array().into_iter().flatten() {
            let name = daemon["daemon_name"].as_str().unwrap_or_default();
            let place = if daemon["is_active"] == true { "here" } else { "away" };
            println!("  {name:<16} {place:<5} {}", daemon["role"].as_str().unwrap_or_default());
        }
        if let Some(result) = answer["result"].as_str() {
            println!("{}", result.trim_end());
        }
        Ok(())
    }
}
