//! The thread that publishes, on one connection or many.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;

use super::events;
use super::handshake;
use super::options::{Options, Pace};
use super::publish::Writer;
use super::way::Way;

/// A publisher that waits looks again after this time, should nobody wake it.
const NAP: Duration = Duration::from_millis(1);
/// Most unanswered requests at a given rate; beyond, the publisher waits and its rate is not reached.
const UNANSWERED_MAX: u64 = 10_000;
/// How many events are on their way while buffers are filled.
const FILLING: Pace = Pace::Window(64);
/// A connection for publishing is there after this time, or the run ends.
const OPENING_TIME_MAX: Duration = Duration::from_secs(5);

/// What the publisher and the readers know of each other.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) stop: AtomicBool,
    /// Buffers of clients that do not read are being filled: as fast as possible, whatever the pace.
    pub(crate) filling: AtomicBool,
    /// Nothing is published for now.
    pub(crate) resting: AtomicBool,
    pub(crate) sent_events: AtomicU64,
    pub(crate) sent_requests: AtomicU64,
    /// On each connection.
    pub(crate) answered: Vec<AtomicU64>,
    pub(crate) delivered: AtomicU64,
}

/// How far everybody is, in one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    events: u64,
    unanswered: u64,
    delivered: u64,
}

/// Whether the next request may be sent.
fn may_send(pace: Pace, readers: u64, batch: u64, look: Look) -> bool {
    let Look { events, unanswered, delivered } = look;
    match pace {
        Pace::Rate(_) => unanswered < UNANSWERED_MAX,
        Pace::Window(window) => {
            // What is on its way, on average over the readers.
            let on_its_way = delivered.checked_div(readers).map_or(0, |each| events.saturating_sub(each));
            unanswered < window && on_its_way < window * batch
        }
    }
}

/// Opens the connection that a publisher writes to.
pub(crate) fn connect(options: &Options) -> Result<TcpStream> {
    let port = options.publish_port.unwrap_or(options.port);
    let stream =
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting to publish")?;
    stream.set_nodelay(true)?;
    match options.way {
        Way::Ws => upgrade(&stream, options)?,
        Way::Nats => (&stream).write_all(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n")?,
        Way::Http | Way::Redis | Way::None => {}
    }
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

fn upgrade(mut stream: &std::net::TcpStream, options: &Options) -> Result<()> {
    stream.set_read_timeout(Some(OPENING_TIME_MAX))?;
    stream.write_all(&handshake::request(options.port, options.peer.publisher_path(), false))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    // One byte at a time: what follows the answer is left for the one that counts answers.
    while handshake::answer(&head)?.is_none() {
        if stream.read(&mut byte).context("waiting for a WebSocket to publish on")? == 0 {
            bail!("the server ended the publisher's connection");
        }
        head.push(byte[0]);
    }
    Ok(())
}

/// A connection, and what was sent on it.
struct Lane {
    stream: Arc<TcpStream>,
    writer: Writer,
    requests: u64,
}

/// Connections that take turns.
struct Lanes {
    all: Vec<Lane>,
    next: usize,
    /// Most unanswered requests of one of them.
    unanswered_max: u64,
}

impl Lanes {
    fn open(options: &Options, streams: Vec<Arc<TcpStream>>) -> Self {
        let templates: Arc<[_]> = if options.varied { events::varied() } else { events::uniform() }.into();
        let lane = |(number, stream)| {
            let writer = Writer::new(options, number, Arc::clone(&templates));
            Lane { stream, writer, requests: 0 }
        };
        let most = match options.pace {
            Pace::Window(window) => window,
            Pace::Rate(_) => UNANSWERED_MAX,
        };
        let unanswered_max = most.div_ceil(streams.len() as u64);
        Self { all: streams.into_iter().enumerate().map(lane).collect(), next: 0, unanswered_max }
    }

    /// The next one that may send.
    fn take_turn(&mut self, answered: &[AtomicU64]) -> Option<&mut Lane> {
        let count = self.all.len();
        let free =
            |at: &usize| self.all[*at].requests - answered[*at].load(Ordering::Relaxed) < self.unanswered_max;
        let at = (self.next..self.next + count).map(|at| at % count).find(free)?;
        self.next = (at + 1) % count;
        Some(&mut self.all[at])
    }
}

/// Starts publishing; the result is how many events were sent.
pub(crate) fn start(
    options: &Options,
    streams: Vec<Arc<TcpStream>>,
    progress: Arc<Progress>,
    clock: Instant,
) -> JoinHandle<Result<u64>> {
    let mut lanes = Lanes::open(options, streams);
    let (pace, readers, batch) = (options.pace, options.readers(), options.batch);
    let events_max = options.events_max.unwrap_or(u64::MAX);
    thread::spawn(move || {
        let (mut steady, mut request) = (None, Vec::new());
        let (mut events, mut requests) = (0, 0);
        while !progress.stop.load(Ordering::Relaxed) && events < events_max {
            let answered = progress.answered.iter().map(|lane| lane.load(Ordering::Relaxed)).sum::<u64>();
            let delivered = progress.delivered.load(Ordering::Relaxed);
            let look = Look { events, unanswered: requests - answered, delivered };
            let pace = if progress.filling.load(Ordering::Relaxed) { FILLING } else { pace };
            let may = !progress.resting.load(Ordering::Relaxed) && may_send(pace, readers, batch, look);
            let Some(lane) = may.then(|| lanes.take_turn(&progress.answered)).flatten() else {
                thread::park_timeout(NAP);
                continue;
            };
            if let Pace::Rate(rate) = pace {
                let (start, first) = *steady.get_or_insert_with(|| (Instant::now(), events));
                let due = Duration::from_secs_f64((events - first) as f64 / rate);
                if let Some(early) = due.checked_sub(start.elapsed()) {
                    thread::sleep(early.min(10 * NAP));
                    if early > 10 * NAP {
                        continue;
                    }
                }
            }
            lane.writer.write(clock.elapsed().as_nanos() as u64, &mut request);
            lane.requests += 1;
            (events, requests) = (events + batch, requests + 1);
            // Before sending: an answer must not come before its request.
            progress.sent_requests.store(requests, Ordering::Relaxed);
            progress.sent_events.store(events, Ordering::Relaxed);
            send(&lane.stream, &request)?;
        }
        Ok(events)
    })
}

fn send(mut stream: &TcpStream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::park_timeout(NAP),
            Err(error) => return Err(error).context("publishing"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_of_answers_and_of_deliveries() {
        let look = |events, unanswered, delivered| Look { events, unanswered, delivered };
        let table = [
            (Pace::Window(8), 10, 1, look(0, 0, 0), true),
            (Pace::Window(8), 10, 1, look(8, 8, 80), false),
            (Pace::Window(8), 10, 1, look(8, 0, 9), false),
            (Pace::Window(8), 10, 1, look(8, 0, 10), true),
            (Pace::Window(8), 10, 100, look(799, 7, 0), true),
            (Pace::Window(8), 0, 100, look(5000, 7, 0), true),
            (Pace::Window(8), 0, 100, look(5000, 8, 0), false),
            (Pace::Rate(1.0), 10, 1, look(500, 500, 0), true),
            (Pace::Rate(1.0), 10, 1, look(UNANSWERED_MAX, UNANSWERED_MAX, 0), false),
        ];
        for (pace, readers, batch, look, expected) in table {
            assert_eq!(may_send(pace, readers, batch, look), expected, "{pace:?} {readers} {look:?}");
        }
    }
}
