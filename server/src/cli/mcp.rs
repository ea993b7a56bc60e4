//! `arcane mcp`: tools by which an agent tells of itself, over standard input and output.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arcane_shared::{DaemonName, RoomName};
use clap::Args;
use rmcp::ServiceExt;
use rmcp::transport::async_rw::AsyncRwTransport;
use serde_json::Value;
use tokio::time::timeout;

use super::Target;
use crate::mcp::{Ask, Bus, InTurn, Owner, Tools};

/// An agent does not wait longer for a server.
const ANSWER: Duration = Duration::from_secs(5);
/// The goodbyes of all its daemons together take no longer.
const GOODBYE: Duration = Duration::from_secs(2);
/// Longest message, bytes: above it nothing tells whose it was, and it is left out.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Speaks the Model Context Protocol on standard input and output: tools by which an agent tells of itself. For settings of agents.
///
/// What its tools tell goes to the server over HTTP. While none answers, calls are answered with an error that says so, and the agent goes on.
#[derive(Debug, Clone, Args)]
pub(super) struct Mcp {
    /// Whose events they are where a call does not name a daemon; otherwise the agent that started it.
    #[arg(long, env = "ARCANE_DAEMON")]
    daemon: Option<DaemonName>,
    /// The room.
    #[arg(long, default_value = "main")]
    room: RoomName,
    #[command(flatten)]
    target: Target,
}

impl Mcp {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let bus = OverHttp { target: self.target, room: self.room };
        let session = format!("mcp-{:016x}", rand::random::<u64>());
        let tools = Arc::new(Tools::new(bus, Owner { daemon: self.daemon, session: Some(session) }));
        let transport = AsyncRwTransport::new_server(tokio::io::stdin(), tokio::io::stdout());
        let transport = InTurn::new(transport.with_max_line_length(MESSAGE_BYTES_MAX));
        let serving = Arc::clone(&tools).serve(transport).await;
        let serving = serving.context(
            "standard input does not speak the Model Context Protocol: it is for settings of agents",
        )?;
        // Also when what it says can be written no more: its client is gone.
        let _ = serving.waiting().await;
        let _ = timeout(GOODBYE, tools.end()).await;
        Ok(())
    }
}

/// A server that is reached over HTTP.
#[derive(Debug)]
struct OverHttp {
    target: Target,
    room: RoomName,
}

impl Bus for OverHttp {
    async fn ask(&self, ask: Ask) -> Result<Value, String> {
        let asked = timeout(ANSWER, self.answer(ask)).await;
        let late =
            || format!("the server at {} does not answer within {} s", self.target.url, ANSWER.as_secs());
        asked.map_err(|_| late())?.map_err(|error| super::print::reasons(&error))
    }
}

impl OverHttp {
    async fn answer(&self, ask: Ask) -> anyhow::Result<Value> {
        let query = ask.query(&self.room);
        let request = match ask {
            Ask::Publish(event) => self.target.post(&format!("/events?{query}"))?.json(&event),
            Ask::Roster => self.target.get(&format!("/roster?{query}"))?,
            Ask::Events { .. } => self.target.get(&format!("/events?{query}"))?,
        };
        self.target.send(request).await
    }
}
