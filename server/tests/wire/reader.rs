//! A reader with an inflater of its own that keeps what it was told.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use flate2::{Decompress, FlushDecompress};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};

use super::{CLOSE, FIN, PING, PONG, RSV1, TEXT, Wire, frame};

/// What a compressed message ends with before it is sent (RFC 7692, 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// Larger than any message here.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// Something that the server told.
#[derive(Debug)]
pub enum Told {
    /// An event.
    Event(Event),
    /// Any other message, and whether it was compressed.
    Control(Value, bool),
}

/// An event, as text and as it was on the wire.
#[derive(Debug, Clone)]
pub struct Event {
    pub seq: u64,
    pub text: String,
    pub payload: Vec<u8>,
    pub compressed: bool,
}

/// One connection and all that it was told.
pub struct Reader {
    wire: Wire,
    inflater: Option<Decompress>,
    /// What was agreed on.
    pub extensions: Option<String>,
    /// In the order in which it came; at first the greeting.
    pub told: Vec<Told>,
    /// Answers to ping frames.
    pub pongs: Vec<Vec<u8>>,
    /// How often the server asked whether it is still there.
    pub pings: usize,
}

impl Reader {
    /// Opens a stream and reads the greeting.
    pub async fn open(server: SocketAddr, query: &str, offer: Option<&str>) -> Self {
        Self::shake_hands(TcpStream::connect(server).await.unwrap(), query, offer).await
    }

    /// The same with a socket that takes next to nothing while nobody reads.
    pub async fn open_narrow(server: SocketAddr, query: &str, offer: Option<&str>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::shake_hands(socket.connect(server).await.unwrap(), query, offer).await
    }

    async fn shake_hands(stream: TcpStream, query: &str, offer: Option<&str>) -> Self {
        let (wire, extensions) = Wire::shake_hands(stream, query, offer).await;
        // A client that asked for a small window has no more than that.
        let bits =
            extensions.as_deref().and_then(|accepted| accepted.split("server_max_window_bits=").nth(1));
        let bits = bits.map_or(15, |bits| bits.split(';').next().unwrap().parse().unwrap());
        let inflater = extensions.is_some().then(|| Decompress::new_with_window_bits(false, bits));
        let mut reader = Self { wire, inflater, extensions, told: Vec::new(), pongs: Vec::new(), pings: 0 };
        assert!(reader.next().await, "a greeting");
        assert!(matches!(&reader.told[0], Told::Control(greeting, _) if greeting["type"] == "connection"));
        reader
    }

    /// Reads one more message; `false` at the end. Pings are answered on the way.
    pub async fn next(&mut self) -> bool {
        loop {
            let Some((first, payload)) = self.wire.frame().await else { return false };
            match first {
                _ if first == FIN | PING => {
                    self.pings += 1;
                    self.wire.send(&frame(FIN | PONG, &payload)).await;
                }
                _ if first == FIN | PONG => self.pongs.push(payload),
                _ if first == FIN | CLOSE => return false,
                _ => {
                    let told = self.told(first, payload);
                    self.told.push(told);
                    return true;
                }
            }
        }
    }

    fn told(&mut self, first: u8, payload: Vec<u8>) -> Told {
        let compressed = first & RSV1 > 0;
        assert_eq!(first & !RSV1, FIN | TEXT, "a whole text");
        let text = if compressed { self.inflate(&payload) } else { payload.clone() };
        let text = String::from_utf8(text).expect("text");
        let message: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        match message["seq"].as_u64().filter(|_| message["spell_name"].is_string()) {
            Some(seq) => Told::Event(Event { seq, text, payload, compressed }),
            None => Told::Control(message, compressed),
        }
    }

    fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        let inflater = self.inflater.as_mut().expect("compression was agreed on");
        let alone =
            self.extensions.as_ref().is_some_and(|agreed| agreed.contains("server_no_context_takeover"));
        if alone {
            inflater.reset(false);
        }
        let mut message = Vec::with_capacity(MESSAGE_BYTES_MAX);
        for part in [payload, &TAIL] {
            let before = inflater.total_in();
            inflater.decompress_vec(part, &mut message, FlushDecompress::Sync).expect("what fits the window");
            assert_eq!(inflater.total_in() - before, part.len() as u64, "all of it");
        }
        message
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.wire.send(bytes).await;
    }

    /// Sends a message as it is.
    pub async fn say(&mut self, message: &Value) {
        self.send(&frame(FIN | TEXT, message.to_string().as_bytes())).await;
    }

    /// Reads until it has this event or a later one.
    pub async fn read_to(&mut self, seq: u64) {
        while self.position() < seq {
            assert!(self.next().await, "ended at {} although {seq} was to come", self.position());
        }
    }

    /// Reads until it was told a control message of this type.
    pub async fn read_answer(&mut self, kind: &str) -> Value {
        loop {
            assert!(self.next().await, "ended before {kind}");
            match self.told.last() {
                Some(Told::Control(message, _)) if message["type"] == kind => return message.clone(),
                _ => {}
            }
        }
    }

    /// The number of the last event that it was told.
    pub fn position(&self) -> u64 {
        self.events().last().map_or(0, |event| event.seq)
    }

    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.told.iter().filter_map(|told| if let Told::Event(event) = told { Some(event) } else { None })
    }

    /// The control messages of a type.
    pub fn controls(&self, kind: &str) -> Vec<&Value> {
        let controls = self.told.iter().filter_map(|told| match told {
            Told::Control(message, _) => Some(message),
            Told::Event(_) => None,
        });
        controls.filter(|message| message["type"] == kind).collect()
    }

    /// What its events left of their texts, as a fraction, from one number to another.
    pub fn ratio(&self, seqs: std::ops::RangeInclusive<u64>) -> f64 {
        let of = |len: fn(&Event) -> usize| {
            self.events().filter(|event| seqs.contains(&event.seq)).map(len).sum::<usize>()
        };
        let exact = |bytes: usize| f64::from(u32::try_from(bytes).unwrap());
        exact(of(|event| event.payload.len())) / exact(of(|event| event.text.len()))
    }

    /// Panics unless it was told, after its greeting, each event that was published and passes its
    /// filter, once and in order, byte for byte as `published` has it. `filters`: what it asked for, one
    /// after the other, at first with its handshake. `until`: the last event that counts.
    pub fn must_have_read(
        &self,
        published: &BTreeMap<u64, String>,
        until: u64,
        filters: &[fn(&Value) -> bool],
    ) {
        let mut filters = filters.iter();
        let mut passes = filters.next().expect("a filter at first");
        let expected = |passes: &fn(&Value) -> bool, from: u64, to: u64| -> Vec<u64> {
            let between = published.range(from + 1..=to);
            let passing = between.filter(|(_, text)| passes(&serde_json::from_str(text).unwrap()));
            passing.map(|(seq, _)| *seq).collect()
        };
        let (mut from, mut seen) = (0, Vec::new());
        for told in &self.told {
            match told {
                Told::Control(message, _) if message["type"] == "connection" => {
                    from = message["seq"].as_u64().unwrap();
                }
                Told::Control(message, _) if message["type"] == "filtered" => {
                    let to = message["seq"].as_u64().unwrap();
                    assert_eq!(seen, expected(passes, from, to), "before the filter changed at {to}");
                    (from, seen) = (to, Vec::new());
                    passes = filters.next().expect("as many filters as answers");
                }
                Told::Control(..) => {}
                Told::Event(event) => {
                    assert_eq!(published.get(&event.seq), Some(&event.text));
                    seen.push(event.seq);
                }
            }
        }
        assert_eq!(seen, expected(passes, from, until), "to the end");
        assert!(filters.next().is_none(), "a filter was not answered");
    }
}
