//! A client that checks every event against what was published.

use std::sync::Arc;

use arcane_shared::{Epoch, EventFilter, Seq};
use flate2::{Decompress, FlushDecompress};
use serde_json::Value;

use super::wire::Wire;

/// A client that believes nothing: it checks every event against what was published.
pub(super) struct Client {
    wire: Arc<Wire>,
    filter: EventFilter,
    inflate: Decompress,
    unread: Vec<u8>,
    /// It has, or was told that it lost, or did not want, everything up to here.
    at: Seq,
    pub(super) lost: u64,
    pub(super) gone: bool,
    /// The code with which the server closed it.
    pub(super) closed: Option<u16>,
    /// The run of numbers that it reads.
    epoch: Epoch,
}

impl Client {
    /// A client that has everything up to `at`.
    pub(super) fn new(wire: Arc<Wire>, filter: EventFilter, at: Seq, epoch: Epoch) -> Self {
        Self {
            wire,
            filter,
            inflate: Decompress::new(false),
            unread: Vec::new(),
            at,
            lost: 0,
            gone: false,
            closed: None,
            epoch,
        }
    }

    /// Reads up to `n` bytes, and checks what has come.
    pub(super) fn read(&mut self, n: usize, published: &[bool]) -> usize {
        let taken = {
            let mut ends = self.wire.0.lock().unwrap();
            let n = n.min(ends.to_client.len());
            self.unread.extend(ends.to_client.drain(..n));
            if let Some(writer) = ends.writes.take_if(|_| n > 0) {
                writer.wake();
            }
            n
        };
        while let Some(message) = self.message() {
            self.check(&serde_json::from_slice(&message).unwrap(), published);
        }
        taken
    }

    fn message(&mut self) -> Option<Vec<u8>> {
        let [first, len, ..] = self.unread[..] else { return None };
        let (at, len) = match len {
            126 => (4, usize::from(u16::from_be_bytes([*self.unread.get(2)?, *self.unread.get(3)?]))),
            len => (2, usize::from(len)),
        };
        let mut payload = self.unread.get(at..at + len)?.to_vec();
        self.unread.drain(..at + len);
        match first {
            0x81 => Some(payload),
            0xC1 => {
                payload.extend([0, 0, 0xFF, 0xFF]);
                let mut message = Vec::with_capacity(10_000);
                self.inflate.decompress_vec(&payload, &mut message, FlushDecompress::Sync).unwrap();
                Some(message)
            }
            0x88 => {
                self.closed = Some(u16::from_be_bytes([payload[0], payload[1]]));
                self.go();
                None
            }
            other => panic!("an unexpected frame {other:#x}"),
        }
    }

    fn check(&mut self, message: &Value, published: &[bool]) {
        match message.get("type").and_then(Value::as_str) {
            None => {
                let seq = message["seq"].as_u64().unwrap();
                self.skip_to(seq, published);
                assert_eq!(message["success"], published[index(seq)], "event {seq}");
                self.at = seq;
            }
            Some("gap") => {
                let (from, to) = (message["from"].as_u64().unwrap(), message["to"].as_u64().unwrap());
                self.skip_to(from, published);
                self.lost += to - from + 1;
                self.at = to;
            }
            Some("lagging") => assert!(message["behind"].as_u64().unwrap() <= published.len() as u64),
            Some("caught_up") => {
                // Everything before this was considered; it may have nothing for this filter.
                let seq = message["seq"].as_u64().unwrap();
                assert!(seq >= self.at && seq <= published.len() as u64, "{seq} is not after {}", self.at);
            }
            Some("pong" | "hello" | "position") => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Nothing that this client wants is between what it has and `seq`.
    pub(super) fn skip_to(&mut self, seq: Seq, published: &[bool]) {
        assert!(seq > self.at, "{seq} comes after {}", self.at);
        for missing in self.at + 1..seq {
            let wanted = self.filter.success.is_none_or(|wanted| wanted == published[index(missing)]);
            assert!(!wanted, "{missing} is missing before {seq}");
        }
    }

    pub(super) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    pub(super) fn say(&self, text: &str) {
        let mut ends = self.wire.0.lock().unwrap();
        ends.to_server.extend([0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0]);
        ends.to_server.extend(text.as_bytes());
        if let Some(reader) = ends.reads.take() {
            reader.wake();
        }
    }

    pub(super) fn go(&mut self) {
        self.gone = true;
        let mut ends = self.wire.0.lock().unwrap();
        ends.closed = true;
        if let Some(reader) = ends.reads.take() {
            reader.wake();
        }
    }
}

fn index(seq: Seq) -> usize {
    usize::try_from(seq - 1).unwrap()
}
