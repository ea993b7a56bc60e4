//! Compression as readers meet it: some share a window, some cannot, some come and go in between,
//! and each reads what was published.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use arcane_server::config::{BusConfig, Config, Dashboard, NetConfig};
use arcane_server::ws::deflate::COHORT_EVENTS_MAX;
use flate2::{Compress, Compression, FlushCompress};
use serde_json::{Value, json};
use support::{TestServer, event};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wire::reader::{Reader, Told};
use wire::realm::{Dice, events, noise};
use wire::{FIN, PING, RSV1, TEXT, fragments, frame};

/// What browsers offer.
const CHROMIUM: Option<&str> = Some("permessage-deflate; client_max_window_bits");
const FIREFOX: Option<&str> = Some("permessage-deflate");

/// Most events of a shared window.
const WINDOW: u64 = COHORT_EVENTS_MAX as u64;

fn all(_: &Value) -> bool {
    true
}

fn invocations(event: &Value) -> bool {
    event["spell_name"] == "invoke"
}

/// Publishes events next to each other; returns the last one's number.
async fn publish(server: &TestServer, events: &[Value]) -> u64 {
    let (status, answer) = server.ask("/events", json!(events)).await;
    assert_eq!(status, 201, "{answer}");
    answer["events"].as_array().unwrap().last().unwrap()["seq"].as_u64().unwrap()
}

/// What a reader without compression was told.
fn published(plain: &Reader) -> BTreeMap<u64, String> {
    assert!(plain.events().all(|event| !event.compressed));
    let published: BTreeMap<u64, String> =
        plain.events().map(|event| (event.seq, event.text.clone())).collect();
    assert!((1..).zip(published.keys()).all(|(expected, seq)| expected == *seq), "without holes");
    published
}

/// The numbers of the events that two readers got as the same bytes: they share a window.
fn in_common<'a>(one: &Reader, other: &'a Reader) -> impl Fn(u64) -> bool + use<'a> {
    let of_one: BTreeMap<u64, Vec<u8>> =
        one.events().map(|event| (event.seq, event.payload.clone())).collect();
    move |seq| other.events().any(|event| event.seq == seq && of_one.get(&seq) == Some(&event.payload))
}

/// A message as a client compresses it.
fn compressed(message: &Value) -> Vec<u8> {
    let message = message.to_string();
    let mut bytes = Vec::with_capacity(message.len() * 2 + 64);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(message.as_bytes(), &mut bytes, FlushCompress::Sync).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes
}

#[tokio::test]
async fn the_handshake_tells_what_was_agreed_on() {
    let server = TestServer::start().await;
    let alone = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
    for (offer, agreed) in [
        (CHROMIUM, Some("permessage-deflate; client_no_context_takeover")),
        (FIREFOX, Some("permessage-deflate; client_no_context_takeover")),
        (Some("permessage-deflate; server_no_context_takeover"), Some(alone)),
        (
            Some("permessage-deflate; server_max_window_bits=12"),
            Some(&*format!("{alone}; server_max_window_bits=12")),
        ),
        (Some("permessage-bzip2"), None),
        (None, None),
    ] {
        let mut reader = Reader::open(server.address, "", offer).await;
        assert_eq!(reader.extensions.as_deref(), agreed, "{offer:?}");
        reader.say(&json!({"type": "ping", "t0": 1})).await;
        reader.read_answer("pong").await;
    }
    let net = NetConfig { compression: false, ..NetConfig::default() };
    let server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    assert_eq!(Reader::open(server.address, "", CHROMIUM).await.extensions, None);
}

#[tokio::test]
async fn the_greeting_is_readable_with_what_it_holds() {
    let server = TestServer::start().await;
    publish(&server, &events(100)).await;
    for offer in [CHROMIUM, Some("permessage-deflate; server_max_window_bits=12"), None] {
        let reader = Reader::open(server.address, "recent=100", offer).await;
        let Told::Control(greeting, _) = &reader.told[0] else { unreachable!() };
        assert_eq!(greeting["recent_events"].as_array().unwrap().len(), 100);
    }
}

#[tokio::test]
async fn a_shared_window_leaves_a_quarter_of_a_real_stream() {
    let server = TestServer::start().await;
    let (mut plain, mut reader) =
        (Reader::open(server.address, "", None).await, Reader::open(server.address, "", CHROMIUM).await);
    let mut last = 0;
    for batch in events(2000).chunks(8) {
        last = publish(&server, batch).await;
        reader.read_to(last).await;
        plain.read_to(last).await;
    }
    reader.must_have_read(&published(&plain), last, &[all]);
    let ratio = reader.ratio(1..=last);
    assert!(ratio <= 0.25, "{ratio}");
}

#[tokio::test]
async fn a_newcomer_shares_the_window_as_soon_as_one_begins() {
    let server = TestServer::start().await;
    let stream = events(1000);
    let mut first = Reader::open(server.address, "", CHROMIUM).await;
    let last = publish(&server, &stream[..20]).await;
    first.read_to(last).await;
    let mut newcomer = Reader::open(server.address, "", FIREFOX).await;
    let mut plain = Reader::open(server.address, "", None).await;
    let (begun, mut last) = (last, last);
    for batch in stream[20..500].chunks(5) {
        last = publish(&server, batch).await;
        for reader in [&mut first, &mut newcomer, &mut plain] {
            reader.read_to(last).await;
        }
    }
    newcomer.must_have_read(
        &plain.events().map(|event| (event.seq, event.text.clone())).collect(),
        last,
        &[all],
    );
    let shared = in_common(&first, &newcomer);
    let joined = (begun + 1..=last).find(|seq| shared(*seq)).expect("it joins");
    assert!(joined <= begun + WINDOW, "{joined} after {begun}");
    assert!((joined..=last).all(&shared), "from there on they share every frame");
    assert!(newcomer.ratio(joined..=last) <= 0.25, "{}", newcomer.ratio(joined..=last));
}

#[tokio::test]
async fn who_stops_reading_leaves_and_comes_back_at_a_window() {
    let server = TestServer::start().await;
    let mut lively = Reader::open(server.address, "", CHROMIUM).await;
    let mut slow = Reader::open_narrow(server.address, "", CHROMIUM).await;
    let mut plain = Reader::open(server.address, "", None).await;
    let stream = events(500);
    let together = publish(&server, &stream[..100]).await;
    for reader in [&mut lively, &mut slow, &mut plain] {
        reader.read_to(together).await;
    }
    // More than the kernel keeps for a reader that does not read.
    let mut dice = Dice::new(7);
    let mut last = together;
    for _ in 0..60 {
        let batch: Vec<Value> = (0..6).map(|_| noise(&mut dice, 30_000)).collect();
        last = publish(&server, &batch).await;
        lively.read_to(last).await;
        plain.read_to(last).await;
    }
    let stopped = last;
    slow.read_to(stopped).await;
    for batch in stream[100..].chunks(10) {
        last = publish(&server, batch).await;
        for reader in [&mut lively, &mut slow, &mut plain] {
            reader.read_to(last).await;
        }
    }
    let published = published(&plain);
    lively.must_have_read(&published, last, &[all]);
    slow.must_have_read(&published, last, &[all]);
    let shared = in_common(&lively, &slow);
    assert!(shared(together), "at first it shares");
    assert!((together + 1..=stopped).any(|seq| !shared(seq)), "then it is on its own");
    assert!((last - 100..=last).all(&shared), "then it shares again");
}

#[tokio::test]
async fn who_lost_what_others_share_waits_for_a_window() {
    let bus = BusConfig { ring_frames: 64, ..BusConfig::default() };
    let server = TestServer::with(Config { bus, dashboard: Dashboard::Off, ..Config::default() }).await;
    let (only, mut dice) = ("spell=invoke", Dice::new(7));
    let mut slow = Reader::open_narrow(server.address, only, CHROMIUM).await;
    let mut lively = Reader::open(server.address, only, CHROMIUM).await;
    let last = publish(&server, &[event("both are here")]).await;
    slow.read_to(last).await;
    lively.read_to(last).await;
    // More than the kernel keeps, and then events that only the others get.
    for _ in 0..60 {
        let batch: Vec<Value> = (0..6).map(|_| noise(&mut dice, 30_000)).collect();
        let last = publish(&server, &batch).await;
        lively.read_to(last).await;
    }
    let stopped = lively.position();
    // Behind the gap there is nothing for this filter. Slowly: the others lose nothing.
    for _ in 0..20 {
        publish(&server, &vec![json!({"spell_name": "reveal"}); 10]).await;
    }
    // It reads what is left, and once it is answered it has caught up.
    slow.say(&json!({"type": "ping", "t0": 1})).await;
    slow.read_answer("pong").await;
    assert!(slow.position() < stopped, "it has lost some");
    for n in 0..100 {
        let last = publish(&server, &[event(&format!("to both again, {n}"))]).await;
        slow.read_to(last).await;
        lively.read_to(last).await;
    }
    let told =
        |reader: &Reader| reader.events().rev().take(100).map(|event| event.text.clone()).collect::<Vec<_>>();
    assert_eq!(told(&slow), told(&lively));
}

/// What a reader does in the middle of the stream.
enum Act {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Goes away and comes back with a new connection.
    Reopen,
}

/// How a reader joins, and what it does.
struct Part {
    name: &'static str,
    /// After how many batches it joins.
    joins: usize,
    query: &'static str,
    offer: Option<&'static str>,
    /// Each is done when it was told so many messages more.
    acts: Vec<(usize, Act)>,
    filters: Vec<fn(&Value) -> bool>,
}

impl Part {
    fn new(name: &'static str, joins: usize, offer: Option<&'static str>) -> Self {
        Self { name, joins, query: "", offer, acts: vec![], filters: vec![all] }
    }

    fn only(self, query: &'static str, passes: fn(&Value) -> bool) -> Self {
        Self { query, filters: vec![passes], ..self }
    }

    fn says(mut self, after: usize, message: &Value) -> Self {
        self.acts.push((after, Act::Send(frame(FIN | TEXT, message.to_string().as_bytes()))));
        self
    }

    fn sends(mut self, after: usize, bytes: Vec<u8>) -> Self {
        self.acts.push((after, Act::Send(bytes)));
        self
    }

    fn filters(mut self, after: usize, message: &Value, passes: fn(&Value) -> bool) -> Self {
        self.filters.push(passes);
        self.says(after, message)
    }

    fn reopens(mut self, after: usize) -> Self {
        self.acts.push((after, Act::Reopen));
        self
    }

    /// Plays the part in a task of its own. Returns it with each of its connections.
    async fn play(self, server: &TestServer, end: watch::Receiver<u64>) -> JoinHandle<(Self, Vec<Reader>)> {
        let address = server.address;
        let mut reader = Reader::open(address, self.query, self.offer).await;
        tokio::spawn(async move {
            let mut before = Vec::new();
            for (after, act) in &self.acts {
                for _ in 0..*after {
                    assert!(reader.next().await, "{}", self.name);
                }
                match act {
                    Act::Send(bytes) => reader.send(bytes).await,
                    Act::Reopen => {
                        let again = Reader::open(address, self.query, self.offer).await;
                        before.push(std::mem::replace(&mut reader, again));
                    }
                }
            }
            while reader.position() < *end.borrow() {
                assert!(reader.next().await, "{}", self.name);
            }
            before.push(reader);
            (self, before)
        })
    }
}

fn publication(id: &str, n: usize) -> Value {
    json!({"type": "publish", "id": id, "events": events(n)})
}

fn parts() -> Vec<Part> {
    let (hello, ping) = (json!({"type": "hello"}), json!({"type": "ping", "t0": 1}));
    let (invoke, everything) = (json!({"type": "filter", "spell": ["invoke"]}), json!({"type": "filter"}));
    vec![
        Part::new("from the beginning", 0, CHROMIUM),
        Part::new("in the middle of a window", 3, FIREFOX),
        Part::new("later", 29, CHROMIUM),
        Part::new("late", 61, FIREFOX),
        Part::new("asks the clock", 5, CHROMIUM)
            .says(1, &hello)
            .says(30, &ping)
            .sends(3, frame(FIN | PING, b"there?"))
            .says(70, &ping)
            .says(1, &ping)
            .sends(100, frame(FIN | PING, b"still there?")),
        Part::new("compresses what it asks", 9, CHROMIUM)
            .sends(10, frame(FIN | RSV1 | TEXT, &compressed(&hello)))
            .sends(40, fragments(RSV1 | TEXT, &compressed(&ping), 3)),
        Part::new("wants less, then more", 11, CHROMIUM)
            .filters(20, &invoke, invocations)
            .filters(90, &everything, all)
            .filters(90, &invoke, invocations),
        Part::new("wants invocations", 2, CHROMIUM).only("spell=invoke", invocations),
        Part::new("wants invocations later, with its position", 17, CHROMIUM)
            .only("spell=invoke", invocations)
            .says(30, &hello),
        Part::new("keeps no window", 7, Some("permessage-deflate; server_no_context_takeover"))
            .says(40, &ping),
        Part::new("keeps a small window", 13, Some("permessage-deflate; server_max_window_bits=12")).filters(
            40,
            &invoke,
            invocations,
        ),
        Part::new("does not compress", 19, None).says(50, &ping),
        Part::new("comes back", 4, FIREFOX).reopens(50).reopens(100),
        Part::new("publishes", 6, CHROMIUM)
            .sends(20, frame(FIN | RSV1 | TEXT, &compressed(&publication("whole", 10))))
            .sends(60, fragments(RSV1 | TEXT, &compressed(&publication("in fragments", 10)), 100))
            .says(60, &publication("plain", 10)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_when_and_asks_what_reads_everything_once_and_in_order() {
    let net = NetConfig { ping_interval: Duration::from_millis(40), ..NetConfig::default() };
    let server = TestServer::with(Config { net, dashboard: Dashboard::Off, ..Config::default() }).await;
    let mut plain = Reader::open(server.address, "", None).await;
    let (end, ended) = watch::channel(u64::MAX);
    let (mut waiting, mut playing) = (parts(), Vec::new());
    let stream = events(900);
    for (n, batch) in stream.chunks(10).enumerate() {
        for part in waiting.extract_if(.., |part| part.joins == n) {
            playing.push(part.play(&server, ended.clone()).await);
        }
        let last = publish(&server, batch).await;
        if n % 2 == 0 {
            plain.read_to(last).await;
        }
    }
    // Three publications are somebody else's.
    let total = stream.len() as u64 + 30;
    plain.read_to(total).await;
    // The last one passes every filter, so it ends the wait for it.
    end.send_replace(total + 1);
    let last = publish(&server, &[event("the end")]).await;
    assert_eq!(last, total + 1);
    plain.read_to(last).await;
    let published = published(&plain);
    for played in playing {
        let (part, readers) = played.await.unwrap();
        println!("{}: {:.2}", part.name, readers.last().unwrap().ratio(1..=last));
        let count = readers.len();
        for (i, reader) in readers.iter().enumerate() {
            let until = if i + 1 == count { last } else { reader.position() };
            reader.must_have_read(&published, until, &part.filters);
            assert_eq!(reader.extensions.is_some(), part.offer.is_some());
        }
        let pongs = readers.iter().map(|reader| reader.pongs.len()).sum::<usize>();
        let said = |bits| {
            part.acts.iter().filter(|(_, act)| matches!(act, Act::Send(bytes) if bytes[0] == bits)).count()
        };
        assert_eq!(pongs, said(FIN | PING), "{}", part.name);
        let published_by_it = readers.last().unwrap().controls("published").len();
        assert_eq!(published_by_it, if part.name == "publishes" { 3 } else { 0 });
    }
}
