//! All clients of a run on one thread: sockets, and nothing that decides.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::answers::Answers;
use super::client::{Client, Reading, Wish};
use super::handshake;
use super::histogram::Histogram;
use super::options::Options;
use super::order::Faults;
use super::peer::Peer;
use super::stamp::Search;

/// Most clients that are between connecting and being ready.
const OPENING_MAX: usize = 256;
/// All clients are ready after this time, or the run ends.
const OPENING_TIME_MAX: Duration = Duration::from_secs(60);
/// Most bytes of one read.
const READ_BYTES: usize = 256 * 1024;
/// Most sockets of one turn.
const TURN_SOCKETS: usize = 1024;
/// The first of those that publish.
const PUBLISHERS: usize = usize::MAX / 2;

/// What arrived so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    pub(crate) bytes: u64,
    /// On each connection that publishes.
    pub(crate) answered: Vec<u64>,
    /// Counted only while it is there.
    pub(crate) latency: Option<Histogram>,
    /// Clients whose connection ended.
    pub(crate) gone: u64,
    /// Clients that were told so before, and with which code.
    pub(crate) closes: Vec<u16>,
}

/// A socket and the client behind it.
#[derive(Debug)]
struct Seat {
    stream: Option<TcpStream>,
    asked: bool,
    client: Client,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Readers {
    poll: Poll,
    events: Events,
    seats: Vec<Seat>,
    publishers: Vec<(Arc<TcpStream>, Answers)>,
    buffer: Vec<u8>,
    search: Search,
    clock: Instant,
    peer: Peer,
    reading: Reading,
    request: Vec<u8>,
    pub(crate) tally: Tally,
}

impl Readers {
    /// Connects all clients; those that never read are left alone as soon as they are ready.
    pub(crate) fn connect(options: &Options, clock: Instant) -> Result<Self> {
        let reading = match (options.compress, options.drain) {
            (true, _) => Reading::Deflated,
            (false, true) => Reading::Frames,
            (false, false) => Reading::Stamps,
        };
        let mut readers = Self {
            poll: Poll::new().context("watching sockets")?,
            events: Events::with_capacity(TURN_SOCKETS),
            seats: Vec::with_capacity(options.clients),
            publishers: Vec::new(),
            buffer: vec![0; READ_BYTES],
            search: Search::new(),
            clock,
            peer: options.peer,
            reading,
            request: handshake::request(options.port, options.peer.stream_path(), options.compress),
            tally: Tally::default(),
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let start = Instant::now();
        let mut ready = 0;
        while ready < options.clients {
            while readers.seats.len() < options.clients && readers.seats.len() - ready < OPENING_MAX {
                readers
                    .sit_down(address, options.slow)
                    .with_context(|| format!("connecting to {address}"))?;
            }
            ready += readers.turn(Duration::from_millis(100), options.slow)?;
            if readers.tally.gone > 0 {
                bail!("{} connections ended before they were ready", readers.tally.gone);
            }
            if start.elapsed() > OPENING_TIME_MAX {
                bail!("{ready} of {} clients were ready after {OPENING_TIME_MAX:?}", options.clients);
            }
        }
        readers.tally.bytes = 0;
        Ok(readers)
    }

    fn sit_down(&mut self, address: SocketAddr, slow: usize) -> Result<()> {
        let mut stream = if self.seats.len() < slow {
            connect_as_from_afar(address)?
        } else {
            TcpStream::connect(address)?
        };
        let token = Token(self.seats.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.seats.push(Seat { stream: Some(stream), asked: false, client: Client::new(self.reading) });
        Ok(())
    }

    /// Also reads what a publisher's connection is answered.
    pub(crate) fn watch(&mut self, mut stream: TcpStream, answers: Answers) -> Result<Arc<TcpStream>> {
        let token = Token(PUBLISHERS + self.publishers.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
        let stream = Arc::new(stream);
        self.publishers.push((Arc::clone(&stream), answers));
        self.tally.answered.push(0);
        Ok(stream)
    }

    /// Does not read what publishers are answered any more.
    pub(crate) fn forget_publishers(&mut self) {
        // Closing a socket, which happens with its last owner, ends the watching too.
        self.publishers.clear();
    }

    /// Reads everything that arrives within some time, or what is there already, and says how many clients became
    /// ready. The first `slow` clients are not watched any more from then on.
    pub(crate) fn turn(&mut self, patience: Duration, slow: usize) -> Result<usize> {
        match self.poll.poll(&mut self.events, Some(patience)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
            other => other.context("waiting for sockets")?,
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let mut ready = 0;
        for event in &events {
            if event.token().0 >= PUBLISHERS {
                self.read_answers(event)?;
            } else if self.read_client(event, slow).with_context(|| format!("client {}", event.token().0))? {
                ready += 1;
            }
        }
        self.events = events;
        Ok(ready)
    }

    fn read_answers(&mut self, event: &Event) -> Result<()> {
        let lane = event.token().0 - PUBLISHERS;
        let Some((stream, answers)) = self.publishers.get_mut(lane) else { return Ok(()) };
        loop {
            match (&**stream).read(&mut self.buffer) {
                Ok(0) => bail!("the server ended the publisher's connection"),
                Ok(len) => {
                    self.tally.answered[lane] += answers.take(&self.buffer[..len])?;
                    if len < READ_BYTES && !event.is_read_closed() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("reading answers to the publisher"),
            }
        }
    }

    fn read_client(&mut self, event: &Event, slow: usize) -> Result<bool> {
        let at = event.token().0;
        let Seat { stream: Some(stream), asked, client } = &mut self.seats[at] else { return Ok(false) };
        if !*asked && event.is_writable() {
            if let Some(error) = stream.take_error()? {
                return Err(error).context("connecting");
            }
            stream.set_nodelay(true)?;
            stream.write_all(&self.request).context("asking for a WebSocket")?;
            *asked = true;
        }
        let (mut ready, mut gone) = (false, false);
        while event.is_readable() || event.is_read_closed() {
            let len = match stream.read(&mut self.buffer) {
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => 0,
            };
            if len == 0 {
                gone = true;
                break;
            }
            let now_ns = self.clock.elapsed().as_nanos() as u64;
            self.tally.bytes += len as u64;
            let Tally { delivered, latency, .. } = &mut self.tally;
            let wish = client.take(self.peer, self.reading, &self.search, &self.buffer[..len], |stamp| {
                *delivered += 1;
                if let Some(latency) = latency {
                    latency.count(now_ns.saturating_sub(stamp.at_ns) / 1000);
                }
            })?;
            let Wish { say, ready: now_ready, close } = wish;
            // A goodbye's answer may find nobody any more.
            if !say.is_empty() && stream.write_all(&say).is_err() && close.is_none() {
                gone = true;
                break;
            }
            self.tally.closes.extend(close);
            ready |= now_ready;
            if len < READ_BYTES && !event.is_read_closed() {
                break;
            }
        }
        if gone {
            self.tally.gone += 1;
            self.seats[at].stream = None;
        } else if ready && at < slow {
            self.poll.registry().deregister(stream)?;
        }
        Ok(ready)
    }

    /// What was not as it must be, of all clients.
    pub(crate) fn faults(&self) -> Faults {
        let mut all = Faults::default();
        self.seats.iter().for_each(|seat| all += seat.client.order.faults);
        all
    }
}

/// Connects with segments of the size that networks have. With those of the loopback, of 64 KiB, the kernel would keep
/// megabytes for each client that does not read, and no server would notice any.
#[cfg(unix)]
fn connect_as_from_afar(address: SocketAddr) -> Result<TcpStream> {
    use socket2::{Domain, Protocol, Socket, Type};
    const SEGMENT_BYTES: u32 = 1460;
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_mss(SEGMENT_BYTES).context("setting the size of segments")?;
    socket.connect(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(TcpStream::from_std(socket.into()))
}

#[cfg(not(unix))]
fn connect_as_from_afar(address: SocketAddr) -> Result<TcpStream> {
    Ok(TcpStream::connect(address)?)
}
