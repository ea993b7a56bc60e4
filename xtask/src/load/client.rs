//! One client: from the handshake to the last event, given what its socket reads.

use anyhow::{Result, bail};
use memchr::memmem;

use super::frame::{self, Opcode};
use super::handshake;
use super::messages::{Messages, Said};
use super::order::Order;
use super::peer::Peer;
use super::stamp::{Cut, Search, Stamp};

/// Most bytes before a server says that it is ready.
const GREETING_BYTES_MAX: usize = 256 * 1024;

/// How a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Looks for stamps only: the cheapest, so that the server's core is the one that is busy.
    Stamps,
    /// Takes frames apart, so that it sees closing.
    Frames,
    /// And asks for deflated messages.
    Deflated,
}

/// How far a client is.
#[derive(Debug)]
enum Phase {
    Upgrading(Vec<u8>),
    Greeting(Vec<u8>),
    Reading,
}

/// What a client wants after it has read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// To be written.
    pub(crate) say: Vec<u8>,
    /// It has just become ready.
    pub(crate) ready: bool,
    /// It has just been told that the connection ends, with this code.
    pub(crate) close: Option<u16>,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    phase: Phase,
    cut: Cut,
    pub(crate) order: Order,
    /// Only where frames are taken apart.
    messages: Option<Box<Messages>>,
}

impl Client {
    /// About to send its handshake.
    pub(crate) fn new(reading: Reading) -> Self {
        let messages = || Box::new(Messages::new(reading == Reading::Deflated));
        Self {
            phase: Phase::Upgrading(Vec::new()),
            cut: Cut::default(),
            order: Order::default(),
            messages: (reading != Reading::Stamps).then(messages),
        }
    }

    /// Takes what the socket read; tells of every stamp.
    pub(crate) fn take(
        &mut self,
        peer: Peer,
        reading: Reading,
        search: &Search,
        bytes: &[u8],
        mut found: impl FnMut(Stamp),
    ) -> Result<Wish> {
        let mut wish = Wish::default();
        match &mut self.phase {
            Phase::Reading => self.read(search, bytes, &mut wish, &mut found)?,
            Phase::Upgrading(head) => {
                head.extend_from_slice(bytes);
                let Some((agreed, len)) = handshake::answer(head)? else { return Ok(wish) };
                if reading == Reading::Deflated && !agreed.deflate {
                    bail!("{} does not offer permessage-deflate", peer.name());
                }
                let rest = head.split_off(len);
                self.phase = Phase::Greeting(Vec::new());
                if let Some((opcode, text)) = peer.greeting() {
                    frame::masked(opcode, text, &mut wish.say);
                }
                self.greet(peer, &rest, &mut wish)?;
            }
            Phase::Greeting(_) => self.greet(peer, bytes, &mut wish)?,
        }
        Ok(wish)
    }

    fn greet(&mut self, peer: Peer, bytes: &[u8], wish: &mut Wish) -> Result<()> {
        let Phase::Greeting(said) = &mut self.phase else { return Ok(()) };
        match &mut self.messages {
            None => said.extend_from_slice(bytes),
            Some(messages) => messages.take(bytes, |what| {
                if let Said::Message(text) = what {
                    said.extend_from_slice(text);
                }
            })?,
        }
        if said.len() > GREETING_BYTES_MAX {
            bail!("{} said {GREETING_BYTES_MAX} bytes and not that it is ready", peer.name());
        }
        if memmem::find(said, peer.ready()).is_some() {
            self.phase = Phase::Reading;
            wish.ready = true;
        }
        Ok(())
    }

    fn read(
        &mut self,
        search: &Search,
        bytes: &[u8],
        wish: &mut Wish,
        found: &mut impl FnMut(Stamp),
    ) -> Result<()> {
        let Self { cut, order, messages, .. } = self;
        let mut count = |stamp: Stamp| {
            order.take(stamp.number);
            found(stamp);
        };
        let Some(messages) = messages else {
            cut.search(search, bytes, count);
            return Ok(());
        };
        messages.take(bytes, |said| match said {
            Said::Message(text) => cut.search(search, text, &mut count),
            Said::Ping(payload) => frame::masked(Opcode::Pong, payload, &mut wish.say),
            Said::Close(code) => {
                let code = code.unwrap_or_default();
                frame::masked(Opcode::Close, &code.to_be_bytes(), &mut wish.say);
                wish.close = Some(code);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

    fn stamped(number: u64) -> Vec<u8> {
        let mut text = Vec::new();
        Stamp { at_ns: 1, number }.write(&mut text);
        [&[0x81, text.len() as u8], &text[..]].concat()
    }

    #[test]
    fn a_client_becomes_ready_once_and_counts_from_there() {
        let hello = b"\x81\x0alistening\n";
        let stream = [SWITCH, hello, &stamped(0), &stamped(1)].concat();
        for reading in [Reading::Stamps, Reading::Frames] {
            for size in [1, 3] {
                let (mut client, search) = (Client::new(reading), Search::new());
                let (mut ready, mut found) = (0, Vec::new());
                for piece in stream.chunks(size) {
                    let wish =
                        client.take(Peer::Raw, reading, &search, piece, |stamp| found.push(stamp.number));
                    ready += usize::from(wish.unwrap().ready);
                }
                assert_eq!((ready, found), (1, vec![0, 1]), "{reading:?} in pieces of {size}");
                assert!(client.order.faults.none() && client.order.delivered == 2);
            }
        }
    }

    #[test]
    fn a_goodbye_is_answered_and_told() {
        let (mut client, search) = (Client::new(Reading::Frames), Search::new());
        let mut take =
            |bytes: &[u8]| client.take(Peer::Raw, Reading::Frames, &search, bytes, |_| {}).unwrap();
        assert!(take(&[SWITCH, b"\x81\x09listening"].concat()).ready);
        let wish = take(&[0x88, 2, 0x11, 0x95]);
        assert_eq!((wish.close, wish.say[0]), (Some(4501), 0x88));
        assert_eq!(take(&[0x89, 0]).say[0], 0x8a);
    }

    #[test]
    fn nats_is_greeted_first_and_deflate_must_be_agreed_on() {
        let (mut client, search) = (Client::new(Reading::Stamps), Search::new());
        let wish = client.take(Peer::Nats, Reading::Stamps, &search, SWITCH, |_| {}).unwrap();
        assert!(!wish.say.is_empty() && !wish.ready);
        let mut deflating = Client::new(Reading::Deflated);
        assert!(deflating.take(Peer::Raw, Reading::Deflated, &search, SWITCH, |_| {}).is_err());
    }
}
