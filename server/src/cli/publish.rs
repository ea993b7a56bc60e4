//! `arcane publish`.

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use arcane_shared::api::PublishAnswer;
use arcane_shared::verbatim::Verbatim;
use clap::Args;
use serde_json::{Map, Value, json};

use super::print::print;
use super::{Target, screen};
use crate::json;

/// Publishes one event from flags, or JSON or NDJSON from standard input.
#[derive(Debug, Clone, Args)]
pub(super) struct Publish {
    /// summon, invoke, banish, reveal, parse or voice; without it events come from standard input.
    spell: Option<String>,
    /// Who did it.
    #[arg(long)]
    daemon: Option<String>,
    /// It did not work.
    #[arg(long)]
    failed: bool,
    /// A sentence for people.
    #[arg(long)]
    description: Option<String>,
    /// The task, of an invoke.
    #[arg(long)]
    task: Option<String>,
    /// More metadata: NAME=VALUE, where VALUE is JSON or a plain text. May be repeated.
    #[arg(long = "meta", value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// The room.
    #[arg(long, default_value = "main")]
    room: String,
    #[command(flatten)]
    target: Target,
}

impl Publish {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (body, kind) = match &self.spell {
            Some(spell) => (self.event(spell)?.to_string(), "application/json"),
            None => from_standard_input()?,
        };
        let room = form_urlencoded::byte_serialize(self.room.as_bytes()).collect::<String>();
        let request =
            self.target.post(&format!("/events?room={room}"))?.header("content-type", kind).body(body);
        let answer: PublishAnswer = self.target.send(request).await?;
        let PublishAnswer { epoch, room, events, .. } = answer;
        let told = match events.as_slice() {
            [] => "nothing published".to_owned(),
            [one] => format!("published {epoch}:{} in {room}", one.seq),
            [first, .., last] => {
                format!("published {} events, {epoch}:{}–{} in {room}", events.len(), first.seq, last.seq)
            }
        };
        Ok(print(&screen::line(&told))?)
    }

    fn event(&self, spell: &str) -> anyhow::Result<Value> {
        let mut metadata = Map::new();
        if let Some(task) = &self.task {
            metadata.insert("task".into(), task.as_str().into());
        }
        for pair in &self.metadata {
            let Some((name, value)) = pair.split_once('=') else {
                bail!("--meta {pair:?}: write NAME=VALUE")
            };
            let json = json::plain(value.as_bytes());
            if let Some(number) = json::beyond_64_bits(&json) {
                bail!("--meta {name}: {number}, in JSON's quotes: --meta '{name}=\"…\"'");
            }
            let value = serde_json::from_slice(&json).map_or_else(|_| value.into(), |Verbatim(value)| value);
            metadata.insert(name.into(), value);
        }
        let mut event = json!({ "spell_name": spell, "success": !self.failed, "metadata": metadata });
        for (key, value) in [("daemon_name", &self.daemon), ("description", &self.description)] {
            if let Some(value) = value {
                event[key] = value.as_str().into();
            }
        }
        Ok(event)
    }
}

fn from_standard_input() -> anyhow::Result<(String, &'static str)> {
    if std::io::stdin().is_terminal() {
        bail!("name a spell (arcane publish invoke --daemon claude --task …), or pipe JSON or NDJSON in");
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
    // Some shells and editors put a byte order mark before what they write.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    Ok((text, if whole { "application/json" } else { "application/x-ndjson" }))
}
