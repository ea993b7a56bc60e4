//! `arcane answer ID DECISION`: answers what an agent asks.

use anyhow::bail;
use arcane_shared::api::RequestEnd;
use clap::Args;
use serde_json::{Map, Value, json};

use super::print::print;
use super::{Target, screen};

/// Answer what an agent asks.
///
/// The agent hears it at once. If somebody else was first, this says who.
#[derive(Debug, Clone, Args)]
pub(super) struct Answer {
    /// The request, as `arcane requests` lists it.
    id: String,
    /// allow, deny, or another option of the request.
    decision: String,
    /// What the agent is told with deny.
    #[arg(long)]
    message: Option<String>,
    /// With allow, for what takes it: an answer to one of its questions; several times, if there are several.
    #[arg(long = "answer", value_name = "QUESTION=ANSWER", value_parser = said)]
    answers: Vec<(String, String)>,
    /// Print the server's answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Answer {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if self.id.trim().is_empty() {
            bail!("which request? arcane requests lists those that are open");
        }
        let id: String = form_urlencoded::byte_serialize(self.id.as_bytes()).collect();
        let mut body = json!({"decision": self.decision});
        if let Some(message) = self.message {
            body["message"] = message.into();
        }
        if !self.answers.is_empty() {
            let answers = self.answers.into_iter().map(|(name, text)| (name, Value::from(text)));
            body["answers"] = Value::Object(answers.collect::<Map<_, _>>());
        }
        let request = self.target.post(&format!("/requests/{id}/answer"))?.json(&body);
        let answer: Value = self.target.send(request).await?;
        if self.json {
            return Ok(print(&screen::json(&serde_json::to_string_pretty(&answer)?))?);
        }
        let RequestEnd { decision, is_repeated, waited_s, .. } = serde_json::from_value(answer)?;
        let before = if is_repeated { ", as it did before" } else { "" };
        print(&screen::line(&format!("the agent hears {decision}{before}; it waited {waited_s:.1} s")))?;
        Ok(())
    }
}

fn said(text: &str) -> Result<(String, String), String> {
    let (question, answer) = text.split_once('=').ok_or("is QUESTION=ANSWER")?;
    Ok((question.to_owned(), answer.to_owned()))
}
