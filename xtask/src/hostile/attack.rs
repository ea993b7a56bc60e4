//! The attackers: a process of its own that holds connections of five kinds and opens each again when it ends.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::options::{Attack, From};
use crate::host;
use crate::load::handshake;

/// How much less than the honest processes the attackers get of a core.
const NICE: i32 = 10;
/// Changes how a process is scheduled; from util-linux.
pub(crate) const CHRT: &str = "chrt";
/// Between two looks at all connections.
const SWEEP_EVERY: Duration = Duration::from_millis(50);
/// Most connections that one sweep opens.
const OPENED_A_SWEEP: usize = 250;
/// After this time a connection is looked at, gets its next byte, or is torn down.
const ACT_EVERY: Duration = Duration::from_secs(1);
/// A client that never reads is opened again after this time: it does not see what the server did.
const NEVER_READING_FOR: Duration = Duration::from_secs(20);
/// An attacker that was let go comes back after this time.
const BACK_AFTER: Duration = Duration::from_secs(5);
/// Addresses where there are many.
const ADDRESSES: usize = 250;

/// What an attacker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Connects and says nothing.
    Idle,
    /// Sends half of a handshake.
    Half,
    /// Becomes a reader, and never reads.
    NeverReading,
    /// Sends its handshake a byte a second.
    ByteByByte,
    /// Becomes a reader, resets the connection a second later, and connects again.
    Storm,
}

impl Kind {
    /// Of the connection with this number.
    pub(crate) fn of(number: usize) -> Self {
        [Self::Idle, Self::Half, Self::NeverReading, Self::ByteByByte, Self::Storm][number % 5]
    }

    /// How much of a handshake of this length it sends at once.
    pub(crate) fn first_bytes(self, handshake: usize) -> usize {
        match self {
            Self::Idle => 0,
            Self::Half => handshake / 2,
            Self::ByteByByte => 1,
            Self::NeverReading | Self::Storm => handshake,
        }
    }
}

/// Where the connection with this number comes from.
pub(crate) fn address(from: From, number: usize) -> Ipv4Addr {
    match from {
        From::One => Ipv4Addr::new(127, 0, 0, 2),
        // Beside the kinds, or each address had one kind only.
        From::Many => Ipv4Addr::new(127, 0, 1, (number / 5 % ADDRESSES) as u8 + 1),
    }
}

/// An attacker's place.
struct Slot {
    stream: Option<TcpStream>,
    begun: bool,
    opened: Instant,
    sent: usize,
    due: Instant,
}

/// What the attackers count, and print every second.
#[derive(Debug, Default)]
struct Count {
    opened: u64,
    let_go: u64,
    failed: u64,
}

/// Attacks until this process is ended. Prints what it holds every second, once every connection was opened.
pub(crate) fn perform(connections: usize, attack: &Attack) -> Result<()> {
    host::raise_open_files();
    be_nice()?;
    be_idle();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, attack.port));
    let request = handshake::request(attack.port, &attack.path, false);
    let start = Instant::now();
    let vacant = || Slot { stream: None, begun: false, opened: start, sent: 0, due: start };
    let mut slots: Vec<Slot> = std::iter::repeat_with(vacant).take(connections).collect();
    let (mut count, mut told) = (Count::default(), start);
    loop {
        let mut openings = OPENED_A_SWEEP;
        for (number, slot) in slots.iter_mut().enumerate() {
            let now = Instant::now();
            if now < slot.due {
                continue;
            }
            let kind = Kind::of(number);
            if let Some(due) = go_on(slot, kind, &request, now, &mut count) {
                slot.due = due;
            } else if openings > 0 {
                openings -= 1;
                begin(slot, kind, server, address(attack.from, number), &request, &mut count);
            }
        }
        if told.elapsed() > ACT_EVERY && slots.iter().all(|slot| slot.begun) {
            told = Instant::now();
            let held = slots.iter().filter(|slot| slot.stream.is_some()).count();
            println!("{held} {} {} {}", count.opened, count.let_go, count.failed);
        }
        thread::sleep(SWEEP_EVERY);
    }
}

/// Does what is due; returns when the next is, or nothing where there is to be a new connection.
fn go_on(slot: &mut Slot, kind: Kind, request: &[u8], now: Instant, count: &mut Count) -> Option<Instant> {
    let stream = slot.stream.as_mut()?;
    let stays = match kind {
        Kind::Storm => false,
        Kind::NeverReading => now - slot.opened < NEVER_READING_FOR,
        Kind::Idle | Kind::Half => is_open(stream),
        Kind::ByteByByte => {
            let byte = &request[slot.sent..(slot.sent + 1).min(request.len())];
            slot.sent += byte.len();
            is_open(stream) && stream.write_all(byte).is_ok()
        }
    };
    if stays {
        return Some(now + ACT_EVERY);
    }
    slot.stream = None;
    if matches!(kind, Kind::Storm | Kind::NeverReading) {
        return None;
    }
    count.let_go += 1;
    Some(now + BACK_AFTER)
}

fn begin(slot: &mut Slot, kind: Kind, server: SocketAddr, own: Ipv4Addr, request: &[u8], count: &mut Count) {
    let now = Instant::now();
    (slot.begun, slot.opened, slot.due) = (true, now, now + ACT_EVERY);
    slot.sent = kind.first_bytes(request.len());
    let opened = connect(server, own, kind == Kind::NeverReading)
        .and_then(|mut stream| stream.write_all(&request[..slot.sent]).map(|()| stream));
    match opened {
        Ok(stream) => {
            slot.stream = Some(stream);
            count.opened += 1;
        }
        Err(_) => count.failed += 1,
    }
}

fn is_open(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 512]) {
        Ok(read) => read > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
    }
}

/// A connection that ends with a reset, so that none of its ports stays taken.
#[cfg(unix)]
fn connect(server: SocketAddr, own: Ipv4Addr, small: bool) -> std::io::Result<TcpStream> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if small {
        socket.set_recv_buffer_size(2048)?;
    }
    socket.set_linger(Some(Duration::ZERO))?;
    socket.bind(&SocketAddr::from((own, 0)).into())?;
    socket.connect_timeout(&server.into(), Duration::from_millis(200))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(not(unix))]
fn connect(_: SocketAddr, _: Ipv4Addr, _: bool) -> std::io::Result<TcpStream> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn be_nice() -> Result<()> {
    rustix::process::nice(NICE).context("taking a lower priority").map(drop)
}

#[cfg(not(unix))]
fn be_nice() -> Result<()> {
    anyhow::bail!("the attackers need Unix")
}

/// Leaves the core to the honest processes whenever they want it: a lower priority alone keeps a reader waiting for some milliseconds,
/// and that is not the server's doing.
fn be_idle() {
    let own = std::process::id().to_string();
    // Where it is missing, which the run has said, the priority has to do.
    let _ = Command::new(CHRT).args(["--idle", "--pid", "0", &own]).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_has_every_kind() {
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..ADDRESSES * 5 {
            seen.insert((address(From::Many, number), format!("{:?}", Kind::of(number))));
            assert_eq!(address(From::One, number), Ipv4Addr::new(127, 0, 0, 2));
        }
        assert_eq!(seen.len(), ADDRESSES * 5);
    }

    #[test]
    fn only_readers_finish_their_handshake_at_once() {
        let firsts: Vec<usize> = (0..5).map(|number| Kind::of(number).first_bytes(100)).collect();
        assert_eq!(firsts, [0, 50, 100, 1, 100]);
    }
}
