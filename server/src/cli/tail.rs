//! `arcane tail`.

use std::time::Duration;

use anyhow::{Context, bail};
use arcane_shared::control::{ClientMessage, CloseCode, Connection, ServerMessage, is_reconnectable};
use arcane_shared::dictionary::Tongue;
use arcane_shared::{NotRecovered, ReceivedEvent, Seq};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::client::{line, wants_color};
use super::print::{self, Unwritten, print};
use super::{Target, screen};

/// Watches events in the terminal until interrupted; comes back when the server does.
#[derive(Debug, Clone, Args)]
pub(super) struct Tail {
    /// The room.
    #[arg(long, default_value = "main")]
    room: String,
    /// Only these spells, comma-separated.
    #[arg(long)]
    spell: Option<String>,
    /// Only these daemons, comma-separated.
    #[arg(long)]
    daemon: Option<String>,
    /// Only what failed.
    #[arg(long)]
    failures: bool,
    /// Events of the history to begin with, 0–100.
    #[arg(long, default_value_t = 10)]
    recent: u32,
    /// Go on after a position: EPOCH:SEQ or SEQ.
    #[arg(long, conflicts_with_all = ["from", "recent"])]
    since: Option<String>,
    /// Replay history from an event's number or a UTC time on, at its own pace, and stop where it was at the beginning.
    #[arg(long, conflicts_with = "consumer")]
    from: Option<String>,
    /// How many times as fast as it was, 0.1–100.
    #[arg(long, requires = "from")]
    speed: Option<f64>,
    /// Cut longer pauses to so many seconds.
    #[arg(long, requires = "from")]
    max_gap: Option<f64>,
    /// Read as this durable consumer: goes on where it was, and acknowledges what it prints.
    #[arg(long)]
    consumer: Option<String>,
    /// Stop after so many events.
    #[arg(long, short = 'n')]
    count: Option<u64>,
    /// Print plain words (agent, started, left), whatever the server's page speaks. JSON stays as it is.
    #[arg(long)]
    plain: bool,
    /// Print each event as one line of JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Where the reader is, so that a new connection shows nothing twice and admits what it missed.
#[derive(Debug, Default)]
struct TailState {
    epoch: Option<String>,
    seq: Seq,
    printed: u64,
    tongue: Tongue,
}

enum Ended {
    /// As many events as wanted.
    Enough,
    /// The connection broke, after it had worked or not.
    Broke { worked: bool },
}

/// How long the server may take to answer a goodbye.
const FAREWELL: Duration = Duration::from_secs(2);
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(10);

impl Tail {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            watched = self.watch() => watched,
            () = print::unread() => Err(Unwritten::Unread.into()),
        }
    }

    async fn watch(&self) -> anyhow::Result<()> {
        let mut at = TailState::default();
        let mut wait = WAIT_FIRST;
        loop {
            match self.connect(&mut at).await {
                Ok(Ended::Enough) => return Ok(()),
                Ok(Ended::Broke { worked }) => {
                    if worked {
                        wait = WAIT_FIRST;
                    }
                    self.remark("the connection broke; trying again");
                }
                // The very first attempt fails at once: most likely nobody is there.
                Err(error) if at.epoch.is_none() => return Err(error),
                Err(error) if error.is::<Final>() || error.is::<Unwritten>() => return Err(error),
                Err(_) => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    async fn connect(&self, at: &mut TailState) -> anyhow::Result<Ended> {
        let mut socket = self.target.stream(&self.query(at)).await?;
        socket.send(Message::text(r#"{"type":"hello","client":"arcane tail"}"#)).await?;
        let mut worked = false;
        while let Some(message) = socket.next().await {
            match message {
                Ok(Message::Text(text)) => {
                    worked = true;
                    let printed = at.printed;
                    let enough = self.receive(text.as_str(), at)?;
                    if self.consumer.is_some() && at.printed > printed {
                        let ack = serde_json::to_string(&ClientMessage::Ack { seq: at.seq })?;
                        socket.send(Message::text(ack)).await?;
                    }
                    if enough {
                        let _ = socket.close(None).await;
                        // The server answers the goodbye after everything that was said before it: acknowledgements too.
                        let farewell = async { while let Some(Ok(_)) = socket.next().await {} };
                        let _ = tokio::time::timeout(FAREWELL, farewell).await;
                        return Ok(Ended::Enough);
                    }
                }
                Ok(Message::Close(frame)) => return after_close(frame, worked),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Ok(Ended::Broke { worked })
    }

    fn query(&self, at: &TailState) -> Vec<(&'static str, String)> {
        let mut query = vec![("room", self.room.clone()), ("recent", self.recent.to_string())];
        // Coming back, it goes on after what it has printed. A consumer's position is the server's to know.
        let position = at.epoch.as_ref().map(|epoch| format!("{epoch}:{}", at.seq));
        match (&self.from, &self.consumer, position) {
            (Some(from), _, position) => {
                let from = position.map_or(from.clone(), |_| (at.seq + 1).to_string());
                query.push(("from", from));
                query.extend(self.speed.map(|speed| ("speed", speed.to_string())));
                query.extend(self.max_gap.map(|max_gap| ("max_gap", max_gap.to_string())));
            }
            (None, Some(consumer), _) => {
                query.push(("consumer", consumer.clone()));
                query.extend(self.since.clone().map(|since| ("since", since)));
            }
            (None, None, position) => {
                query.extend(position.or(self.since.clone()).map(|since| ("since", since)));
            }
        }
        query.extend(self.spell.clone().map(|spell| ("spell", spell)));
        query.extend(self.daemon.clone().map(|daemon| ("daemon", daemon)));
        query.extend(self.failures.then(|| ("success", "false".to_owned())));
        query
    }

    /// Prints what a message holds; true when that was enough.
    fn receive(&self, text: &str, at: &mut TailState) -> anyhow::Result<bool> {
        if let Ok(message) = serde_json::from_str::<ServerMessage>(text) {
            return match message {
                ServerMessage::Connection(connection) => self.welcome(connection, at),
                ServerMessage::Gap { from, to, reason } => {
                    self.remark(&format!("events {from}–{to} were missed ({reason})"));
                    Ok(false)
                }
                ServerMessage::Draining { .. } => {
                    self.remark("the server is about to stop");
                    Ok(false)
                }
                _ => Ok(false),
            };
        }
        let event: ReceivedEvent = serde_json::from_str(text).context("the server sent what is no event")?;
        self.print(&event, at)
    }

    fn welcome(&self, connection: Connection, at: &mut TailState) -> anyhow::Result<bool> {
        match connection.resume.and_then(|resume| resume.reason) {
            None => {}
            Some(NotRecovered::Expired) => {
                self.remark("events after that position are past what the server keeps: they were missed");
            }
            Some(NotRecovered::EpochChanged) => {
                self.remark("the server's log is not the one of that position; events may have been missed");
            }
            Some(NotRecovered::Ahead) => self.remark("the server has no event of that number yet"),
            Some(NotRecovered::Other) => self.remark("the server could not go on from that position"),
        }
        if at.epoch.as_ref() != Some(&connection.epoch.0) {
            at.seq = 0;
        }
        at.epoch = Some(connection.epoch.0);
        at.tongue = if self.plain || connection.plain { Tongue::Plain } else { Tongue::Fantasy };
        for event in connection.recent_events {
            if self.print(&event, at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn print(&self, event: &ReceivedEvent, at: &mut TailState) -> anyhow::Result<bool> {
        if event.seq.is_some_and(|seq| seq <= at.seq) {
            return Ok(false);
        }
        at.seq = event.seq.unwrap_or(at.seq);
        if self.json {
            print(&screen::json(&serde_json::to_string(event)?))?;
        } else {
            print(&line(event, at.tongue, wants_color(&std::io::stdout())))?;
        }
        at.printed += 1;
        Ok(self.count.is_some_and(|count| at.printed >= count))
    }

    fn remark(&self, text: &str) {
        if !self.json {
            print::remark(&format!("  · {text}"));
        }
    }
}

/// A close after which trying again cannot help.
#[derive(Debug, thiserror::Error)]
#[error("the server closed the connection: {reason} ({code})")]
struct Final {
    code: u16,
    reason: String,
}

fn after_close(frame: Option<CloseFrame>, worked: bool) -> anyhow::Result<Ended> {
    match frame {
        Some(frame) if u16::from(frame.code) == CloseCode::ReplayComplete.code() => Ok(Ended::Enough),
        Some(frame) if !is_reconnectable(frame.code.into()) => {
            bail!(Final { code: frame.code.into(), reason: frame.reason.to_string() })
        }
        _ => Ok(Ended::Broke { worked }),
    }
}
