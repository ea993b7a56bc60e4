//! Prints the events of a room, reconnects, and prints what it missed meanwhile once.
//!
//! `cargo run --package arcane-server --example listen [ROOM]`
#![expect(clippy::print_stdout, reason = "an example that prints")]

use std::time::Duration;

use arcane_shared::{ReceivedEvent, Resume, Seq};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio_tungstenite::{connect_async, tungstenite::Message};

/// Every message: the first one is a `Connection`, all others are events.
#[derive(Deserialize)]
#[serde(untagged)]
enum Received {
    Connection {
        message: String,
        subscriber_count: u64,
        epoch: String,
        recent_events: Vec<ReceivedEvent>,
        resume: Option<Resume>,
    },
    Event(ReceivedEvent),
}

/// Where this reader is.
#[derive(Default)]
struct Reader {
    epoch: String,
    last: Option<Seq>,
}

impl Reader {
    /// What makes the server send everything after what is here, and nothing twice.
    fn position(&self) -> String {
        self.last.map_or("recent=100".into(), |last| format!("since={}:{last}", self.epoch))
    }

    fn receive(&mut self, received: Received) {
        let events = match received {
            Received::Connection { message, subscriber_count, epoch, recent_events, resume } => {
                println!("· {message} ({subscriber_count} listening)");
                let missed = resume.and_then(|resume| resume.reason);
                if let Some(reason) = missed {
                    println!("· events were missed: {reason}");
                }
                if epoch != self.epoch || missed.is_some() {
                    *self = Self { epoch, last: None };
                }
                recent_events
            }
            Received::Event(event) => vec![event],
        };
        for event in events {
            if event.seq > self.last {
                self.last = event.seq;
                show(&event);
            }
        }
    }
}

fn show(event: &ReceivedEvent) {
    let who = event.daemon_name.as_ref().map_or("the realm", |name| name.as_str());
    let mark = if event.success { '✓' } else { '✗' };
    println!("{mark} {} {who}: {}", event.spell_name.as_str(), event.description);
    if let Some(seconds) = event.number("execution_time") {
        println!("  took {seconds:.3} s: {}", event.text("task").unwrap_or_default());
    }
}

#[tokio::main]
async fn main() {
    let base = std::env::var("ARCANE_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".to_owned());
    let room = std::env::args().nth(1).unwrap_or_else(|| "main".to_owned());
    let base = base.trim_end_matches('/').replacen("http", "ws", 1);
    let mut reader = Reader::default();
    let mut pause = Duration::from_millis(250);
    loop {
        let url = format!("{base}/ws/events?room={room}&{}", reader.position());
        if let Ok((mut socket, _)) = connect_async(&url).await {
            pause = Duration::from_millis(250);
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    // What a later server may add is left out, as the protocol asks.
                    Message::Text(text) => {
                        if let Ok(received) = serde_json::from_str(&text) {
                            reader.receive(received);
                        }
                    }
                    // These codes stay true until something changes: trying again would not help.
                    Message::Close(Some(frame)) if (4400..4500).contains(&u16::from(frame.code)) => {
                        println!("the server refused: {} {}", frame.code, frame.reason);
                        return;
                    }
                    _ => {}
                }
            }
        }
        println!("· disconnected, trying again in {pause:?}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}
