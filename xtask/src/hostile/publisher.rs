//! The honest publisher: one event after the other, each under a key, sent again until it is answered.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::load::answers::Answers;
use crate::load::peer::Peer;
use crate::load::way::Way;

/// Between two events.
const EVERY: Duration = Duration::from_millis(50);
/// A request that is not answered after this time is sent again.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Before an event is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What publisher and others know of each other.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Events that were answered.
    pub(crate) acknowledged: AtomicU64,
    /// Events that were sent again.
    pub(crate) again: AtomicU64,
    /// Whether it publishes now.
    pub(crate) runs: AtomicBool,
    /// Whether it is to end.
    pub(crate) ends: AtomicBool,
}

/// Publishes until it is told to end.
pub(crate) fn run(peer: Peer, port: u16, clock: Instant, published: &Arc<Published>) {
    let mut connection = None;
    let mut number = 0_u64;
    while !published.ends.load(Ordering::Relaxed) {
        let turn = Instant::now();
        if published.runs.load(Ordering::Relaxed) {
            let body = event(number, clock);
            while let Err(_refused) = publish(&mut connection, peer, port, number, &body) {
                connection = None;
                published.again.fetch_add(1, Ordering::Relaxed);
                if published.ends.load(Ordering::Relaxed) {
                    return;
                }
                thread::sleep(AGAIN_AFTER);
            }
            number += 1;
            published.acknowledged.store(number, Ordering::Relaxed);
        }
        thread::sleep(EVERY.saturating_sub(turn.elapsed()));
    }
}

fn event(number: u64, clock: Instant) -> String {
    let at_us = clock.elapsed().as_micros() as u64;
    json!({
        "spell_name": "invoke",
        "daemon_name": "claude",
        "success": true,
        "description": "Runes flare along the circle: CLAUDE has done what was asked of it.",
        "metadata": {"task": "review the pull request", "number": number, "at_us": at_us},
    })
    .to_string()
}

fn publish(kept: &mut Option<TcpStream>, peer: Peer, port: u16, number: u64, body: &str) -> Result<()> {
    let stream = match kept {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER_MAX))?;
            kept.insert(stream)
        }
    };
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: event {number}\r\nContent-Length: {}\r\n\r\n{body}",
        peer.events_path(),
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let (mut answers, mut bytes) = (Answers::new(Way::Http), [0; 4096]);
    loop {
        let read = stream.read(&mut bytes)?;
        if read == 0 {
            bail!("the connection ended before the answer");
        }
        if answers.take(&bytes[..read])? > 0 {
            return Ok(());
        }
    }
}
