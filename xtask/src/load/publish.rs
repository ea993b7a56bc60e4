//! How events are put into requests.

use std::sync::Arc;

use super::events::Template;
use super::frame::{self, Opcode};
use super::options::{Options, PUBLISHERS_MAX, room};
use super::peer::Peer;
use super::stamp::Stamp;
use super::way::Way;

/// Writes the requests of one connection one after the other, each with the next events of a stream.
#[derive(Debug)]
pub(crate) struct Writer {
    way: Way,
    peer: Peer,
    lane: u64,
    /// Of a request to each room.
    heads: Vec<String>,
    requests: usize,
    templates: Arc<[Template]>,
    batch: u64,
    next: u64,
    body: Vec<u8>,
}

impl Writer {
    /// For requests of `batch` events on the connection `lane`.
    pub(crate) fn new(options: &Options, lane: usize, templates: Arc<[Template]>) -> Self {
        let Options { way, peer, port, batch, .. } = *options;
        let path = peer.events_path();
        let head = |query: &str| {
            format!(
                "POST {path}{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
            )
        };
        // Connections that begin with different rooms come to all of them together.
        let begin = |n: usize| (n + lane) % options.rooms;
        let heads = match options.rooms {
            0 => vec![head("")],
            rooms => (0..rooms).map(|n| head(&format!("?room={}", room(begin(n))))).collect(),
        };
        Self { way, peer, lane: lane as u64, heads, requests: 0, templates, batch, next: 0, body: Vec::new() }
    }

    /// The next request, stamped.
    pub(crate) fn write(&mut self, at_ns: u64, out: &mut Vec<u8>) {
        out.clear();
        if self.way == Way::Nats {
            for _ in 0..self.batch {
                self.body.clear();
                self.event(at_ns);
                out.extend_from_slice(format!("PUB events {}\r\n", self.body.len()).as_bytes());
                out.extend_from_slice(&self.body);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(self.way.asks());
            return;
        }
        if self.way == Way::Redis {
            for _ in 0..self.batch {
                self.body.clear();
                self.event(at_ns);
                let len = self.body.len();
                let head = format!("*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$1\r\ne\r\n${len}\r\n");
                out.extend_from_slice(head.as_bytes());
                out.extend_from_slice(&self.body);
                out.extend_from_slice(b"\r\n");
            }
            return;
        }
        self.body.clear();
        if self.way == Way::Ws && !self.peer.is_ours() {
            // What these take is the event itself.
            for _ in 0..self.batch {
                self.body.clear();
                self.event(at_ns);
                frame::masked(Opcode::Text, &self.body, out);
            }
            return;
        }
        if self.way == Way::Ws {
            self.body.extend_from_slice(b"{\"type\":\"publish\",\"events\":");
        }
        let array = self.batch > 1 || self.way == Way::Ws;
        for nth in 0..self.batch {
            if array {
                self.body.push(if nth == 0 { b'[' } else { b',' });
            }
            self.event(at_ns);
        }
        if array {
            self.body.push(b']');
        }
        if self.way == Way::Ws {
            self.body.push(b'}');
            return frame::masked(Opcode::Text, &self.body, out);
        }
        let head = &self.heads[self.requests % self.heads.len()];
        self.requests += 1;
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(format!("{}\r\n\r\n", self.body.len()).as_bytes());
        out.extend_from_slice(&self.body);
    }

    fn event(&mut self, at_ns: u64) {
        let template = &self.templates[(self.next % self.templates.len() as u64) as usize];
        template.write(Stamp { at_ns, number: numbered(self.lane, self.next) }, &mut self.body);
        self.next += 1;
    }
}

/// What the how-manieth event of a connection is called. One connection's events stay in their order, whatever comes between
/// them of others.
pub(crate) fn numbered(lane: u64, nth: u64) -> u64 {
    nth * PUBLISHERS_MAX as u64 + lane
}

/// The connection of an event, and the how-manieth of it it is.
pub(crate) fn lane_of(number: u64) -> (usize, u64) {
    ((number % PUBLISHERS_MAX as u64) as usize, number / PUBLISHERS_MAX as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::events::uniform;
    use super::*;

    fn written(way: Way, batch: u64) -> String {
        let peer = if way == Way::Nats { Peer::Nats } else { Peer::Arcane };
        let options = Options { way, batch, port: 80, ..Options::new(peer) };
        let mut writer = Writer::new(&options, 0, uniform().into());
        let mut out = b"rest of the last one".to_vec();
        writer.write(1, &mut out);
        assert_eq!(writer.next, batch);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn http_says_how_long_the_body_is() {
        for (batch, array) in [(1, false), (3, true)] {
            let request = written(Way::Http, batch);
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body.as_array().map(Vec::len), array.then_some(batch as usize));
        }
    }

    #[test]
    fn rooms_take_turns() {
        let options = Options { rooms: 3, clients: 0, port: 80, ..Options::new(Peer::Arcane) };
        let mut writer = Writer::new(&options, 1, uniform().into());
        let mut rooms = || {
            let mut out = Vec::new();
            writer.write(1, &mut out);
            let text = String::from_utf8_lossy(&out).into_owned();
            text.split(' ').nth(1).unwrap().to_owned()
        };
        let paths = ["1", "2", "0", "1"].map(|n| format!("/events?room=bench-{n}"));
        assert_eq!([rooms(), rooms(), rooms(), rooms()], paths);
    }

    #[test]
    fn a_message_on_a_websocket_has_an_array_always() {
        for batch in [1, 2] {
            let message = written(Way::Ws, batch);
            let body: Value = serde_json::from_str(&message[message.find('{').unwrap()..]).unwrap();
            assert_eq!(body["type"], "publish");
            assert_eq!(body["events"].as_array().unwrap().len(), batch as usize);
        }
    }

    #[test]
    fn nats_takes_one_event_after_the_other() {
        let lines = written(Way::Nats, 2);
        let lines: Vec<&str> = lines.split("\r\n").collect();
        assert_eq!((lines.len(), lines[4]), (6, "PING"));
        assert_eq!(lines[2], format!("PUB events {}", lines[3].len()));
    }
}
