//! An honest reader: checks that every event comes once and in order, and resumes where it was.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;

use super::position::{Position, Step};
use crate::load::frame::{self, Opcode};
use crate::load::handshake;
use crate::load::messages::{Messages, Said};
use crate::load::peer::Peer;

/// Between two looks at whether the run is over.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Before connecting again.
const BACK_AFTER: Duration = Duration::from_millis(20);

/// What one reader tells.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Events of the publisher that it has, in order.
    pub(crate) next: AtomicU64,
    /// Events that were missing, repeated or out of order, and resumes that were refused.
    pub(crate) faults: AtomicU64,
    /// Connections that ended while the run went on.
    pub(crate) cuts: AtomicU64,
    /// Connections that went on where the one before had ended.
    pub(crate) resumed: AtomicU64,
    /// Whether the server has said that no event can pass it by.
    pub(crate) ready: AtomicBool,
}

/// What all readers share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) peer: Peer,
    pub(crate) port: u16,
    pub(crate) clock: Instant,
    pub(crate) ends: Arc<AtomicBool>,
    /// Microseconds from publishing to arrival.
    pub(crate) latencies: std::sync::mpsc::Sender<u64>,
}

/// Reads until the run ends.
pub(crate) fn run(shared: &Shared, told: &Told) {
    let mut position = Position::default();
    while !shared.ends.load(Ordering::Relaxed) {
        if let Ok(()) = read(shared, told, &mut position) {
            return;
        }
        if told.ready.load(Ordering::Relaxed) {
            told.cuts.fetch_add(1, Ordering::Relaxed);
        }
        // While there is no server, attempts are not cuts.
        told.ready.store(false, Ordering::Relaxed);
        thread::sleep(BACK_AFTER);
    }
}

/// Reads one connection: to the end of the run, or an error where the connection ends before it.
fn read(shared: &Shared, told: &Told, position: &mut Position) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.port))?;
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    let path = position.path(shared.peer);
    stream.write_all(&handshake::request(shared.port, &path, false))?;
    let (mut head, mut messages, mut bytes) = (Some(Vec::new()), Messages::new(false), vec![0; 64 * 1024]);
    while !shared.ends.load(Ordering::Relaxed) {
        let read = match stream.read(&mut bytes) {
            Ok(0) => bail!("the connection ended"),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(error) => return Err(error.into()),
        };
        let mut arrived = &bytes[..read];
        let rest;
        if let Some(begun) = &mut head {
            begun.extend_from_slice(arrived);
            let Some((_, len)) = handshake::answer(begun)? else { continue };
            rest = begun.split_off(len);
            arrived = &rest;
            head = None;
        }
        let (mut say, mut closed) = (Vec::new(), false);
        messages.take(arrived, |said| match said {
            Said::Message(text) => take(shared, told, position, text),
            Said::Ping(payload) => frame::masked(Opcode::Pong, payload, &mut say),
            Said::Close(_) => closed = true,
        })?;
        stream.write_all(&say)?;
        if closed {
            bail!("the server closed the connection");
        }
    }
    Ok(())
}

fn take(shared: &Shared, told: &Told, position: &mut Position, text: &[u8]) {
    let now_us = shared.clock.elapsed().as_micros() as u64;
    // What Bun says first is no JSON.
    let message: Value = serde_json::from_slice(text).unwrap_or_default();
    match position.take(&message) {
        Step::Greeted { resumed } => {
            told.resumed.fetch_add(u64::from(resumed), Ordering::Relaxed);
            told.ready.store(true, Ordering::Relaxed);
        }
        Step::Event { at_us } => {
            told.next.store(position.next, Ordering::Relaxed);
            // Nobody listens any more once the run has ended.
            let _ = shared.latencies.send(now_us.saturating_sub(at_us));
        }
        Step::Fault => {
            told.next.store(position.next, Ordering::Relaxed);
            told.faults.fetch_add(1, Ordering::Relaxed);
        }
        Step::Nothing => {}
    }
}
