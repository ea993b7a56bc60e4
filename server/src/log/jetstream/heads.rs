//! What nodes tell each other once a second: how far their rooms are, who reads them, and by which clock. Pure.
//!
//! It is sent at most once and kept nowhere. A room that is further at another node has an event that was not told here:
//! the last one before a pause, which no later number shows to be missing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use arcane_shared::{Epoch, RoomName, Seq};
use serde::{Deserialize, Serialize};

use crate::log::retention::Retention;

/// The format of [`Heads`]: a node that does not know another's tells so, and takes nothing from it.
pub const FORMAT: u32 = 1;
/// How long what a node said holds: nodes say it again before that.
pub const HOLDS: Duration = Duration::from_secs(5);
/// How long a node is remembered that says nothing.
const REMEMBERED: Duration = Duration::from_mins(1);
/// So many messages later a room is told of again that has not changed. There is one a second.
const AGAIN_AFTER: u64 = 3;
/// Most rooms of one message: it has less than 48 KiB.
const ROOMS_MAX: usize = 256;
/// Most nodes that are listened to. Further ones are not heard.
const NODES_MAX: usize = 1_000;
/// Most rooms of a node that are remembered.
const ROOMS_OF_A_NODE_MAX: usize = 100_000;
/// Messages of which the one that was the shortest on its way says how clocks differ.
const CLOCKS: usize = 8;
/// Microseconds that clocks may differ without a warning.
const SKEW_MAX: i64 = 1_000_000;
/// The time in which these must have come for a warning: messages that were held up come together, and are late.
const CLOCKS_TIME_MIN: Duration = Duration::from_secs(4);

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// [`FORMAT`].
    pub format: u32,
    /// Which node, as long as its process lives.
    pub node: String,
    /// Its time, Unix microseconds.
    pub at: i64,
    /// What it keeps of a room: events, seconds and bytes.
    pub retention: (u64, u64, u64),
    /// Rooms that are open there: those that have changed, and each of them from time to time.
    pub rooms: Vec<Head>,
    /// Whether it is about to end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaves: bool,
}

/// How far a room is, and how many readers it has at a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head(pub RoomName, pub Epoch, pub Seq, pub u64);

/// What of a message can be read whatever its format.
#[derive(Deserialize)]
struct Preface {
    format: u32,
    node: String,
}

/// What a node keeps of a room, as it stands in a message.
#[must_use]
pub fn retention(of: &Retention) -> (u64, u64, u64) {
    (of.events_max, of.age_max.as_secs(), of.bytes_max)
}

/// What this node has told.
#[derive(Debug, Default)]
pub struct Teller {
    turn: u64,
    told: HashMap<RoomName, (Head, u64)>,
}

impl Teller {
    /// What is to be told now of the rooms that are open here: the rooms of each message. There is always one.
    pub fn next(&mut self, rooms: Vec<Head>) -> Vec<Vec<Head>> {
        self.turn += 1;
        let (turn, before) = (self.turn, std::mem::take(&mut self.told));
        let mut due = Vec::new();
        for head in rooms {
            let told = before.get(&head.0).filter(|(told, at)| *told == head && turn - at < AGAIN_AFTER);
            let at = told.map_or(turn, |(_, at)| *at);
            if at == turn {
                due.push(head.clone());
            }
            self.told.insert(head.0.clone(), (head, at));
        }
        if due.is_empty() { vec![due] } else { due.chunks(ROOMS_MAX).map(<[Head]>::to_vec).collect() }
    }
}

/// What other nodes have said.
#[derive(Debug)]
pub struct Cluster {
    own: String,
    retention: (u64, u64, u64),
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug)]
struct Node {
    heard_at: Instant,
    format: u32,
    retention: (u64, u64, u64),
    /// Its time less that of this node when a message arrived, microseconds: less than it is by the time of the way.
    clocks: VecDeque<(i64, Instant)>,
    rooms: HashMap<RoomName, (Head, Instant)>,
    /// What was warned of, so that it is not said again each second.
    warned: Option<String>,
}

/// What follows from what was heard.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How far rooms are at another node.
    pub rooms: Vec<Head>,
    /// What should be otherwise, if that was not said before.
    pub warning: Option<String>,
}

/// A node that said something lately.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeFigures {
    /// Which.
    pub node: String,
    /// Its clock less that of this node, microseconds.
    pub skew: i64,
}

impl Cluster {
    /// Nobody has said anything yet.
    #[must_use]
    pub fn new(own: String, retention: (u64, u64, u64)) -> Self {
        Self { own, retention, nodes: BTreeMap::new() }
    }

    /// A message has come. `at`: this node's time, Unix microseconds.
    pub fn hear(&mut self, payload: &[u8], at: i64, now: Instant) -> Heard {
        self.nodes.retain(|_, node| now.duration_since(node.heard_at) < REMEMBERED);
        let Ok(Preface { format, node }) = serde_json::from_slice(payload) else { return Heard::default() };
        if node == self.own {
            return Heard::default();
        }
        let heads = serde_json::from_slice(payload).ok().filter(|_| format == FORMAT);
        if heads.as_ref().is_some_and(|heads: &Heads| heads.leaves) {
            self.nodes.remove(&node);
            return Heard::default();
        }
        if self.nodes.len() >= NODES_MAX && !self.nodes.contains_key(&node) {
            return Heard::default();
        }
        let unknown = || Node {
            heard_at: now,
            format,
            retention: self.retention,
            clocks: VecDeque::new(),
            rooms: HashMap::new(),
            warned: None,
        };
        let known = self.nodes.entry(node.clone()).or_insert_with(unknown);
        (known.heard_at, known.format) = (now, format);
        let mut rooms = Vec::new();
        if let Some(heads) = heads {
            known.take(&heads, at, now);
            rooms = heads.rooms;
        }
        let wrong = known.wrong(&node, self.retention);
        let is_new = wrong.is_some() && known.warned.is_none();
        known.warned.clone_from(&wrong);
        Heard { rooms, warning: wrong.filter(|_| is_new) }
    }

    /// Whether another node has said something within a time.
    #[must_use]
    pub fn is_heard_within(&self, time: Duration, now: Instant) -> bool {
        self.nodes.values().any(|node| now.duration_since(node.heard_at) < time)
    }

    /// Returns whether another node has said something lately.
    #[must_use]
    pub fn is_there(&self, node: &str, now: Instant) -> bool {
        self.nodes.get(node).is_some_and(|node| now.duration_since(node.heard_at) < HOLDS)
    }

    /// The other nodes, as far as they are there.
    #[must_use]
    pub fn nodes(&self, now: Instant) -> Vec<NodeFigures> {
        let there = self.there(now);
        there.map(|(name, node)| NodeFigures { node: name.clone(), skew: node.skew().unwrap_or(0) }).collect()
    }

    /// Readers of a room at other nodes, or of all rooms.
    #[must_use]
    pub fn readers(&self, room: Option<&RoomName>, now: Instant) -> u64 {
        let holds = |(_, said): &&(Head, Instant)| now.duration_since(*said) < HOLDS;
        let of_node = |node: &Node| -> u64 {
            match room {
                Some(room) => node.rooms.get(room).into_iter().filter(holds).map(|(head, _)| head.3).sum(),
                None => node.rooms.values().filter(holds).map(|(head, _)| head.3).sum(),
            }
        };
        self.there(now).map(|(_, node)| of_node(node)).sum()
    }

    /// The furthest that another node said of a run of numbers; 0 if none says anything.
    #[must_use]
    pub fn head(&self, room: &RoomName, epoch: &Epoch, now: Instant) -> Seq {
        let heads = self.there(now).filter_map(|(_, node)| node.rooms.get(room));
        heads.filter(|(head, _)| head.1 == *epoch).map(|(head, _)| head.2).max().unwrap_or(0)
    }

    /// What should be otherwise, of each node that is there.
    #[must_use]
    pub fn warnings(&self, now: Instant) -> Vec<String> {
        self.there(now).filter_map(|(_, node)| node.warned.clone()).collect()
    }

    fn there(&self, now: Instant) -> impl Iterator<Item = (&String, &Node)> {
        self.nodes.iter().filter(move |(_, node)| now.duration_since(node.heard_at) < HOLDS)
    }
}

impl Node {
    fn take(&mut self, heads: &Heads, at: i64, now: Instant) {
        self.retention = heads.retention;
        if self.clocks.len() >= CLOCKS {
            self.clocks.pop_front();
        }
        self.clocks.push_back((heads.at.saturating_sub(at), now));
        self.rooms.retain(|_, (_, said)| now.duration_since(*said) < HOLDS);
        for head in &heads.rooms {
            if self.rooms.len() < ROOMS_OF_A_NODE_MAX || self.rooms.contains_key(&head.0) {
                self.rooms.insert(head.0.clone(), (head.clone(), now));
            }
        }
    }

    /// Its clock less that of this node, microseconds: of the message that was the shortest on its way.
    fn skew(&self) -> Option<i64> {
        self.clocks.iter().map(|(clock, _)| *clock).max()
    }

    /// Whether that can be said: its messages were not held up.
    fn is_measured(&self) -> bool {
        let (first, last) = (self.clocks.front(), self.clocks.back());
        first.zip(last).is_some_and(|((_, first), (_, last))| last.duration_since(*first) >= CLOCKS_TIME_MIN)
    }

    fn wrong(&self, name: &str, own: (u64, u64, u64)) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!(
                "node {name} tells its heads in format {}, and this node in format {FORMAT}: run one version of arcane on all nodes",
                self.format
            ));
        }
        let settings = [
            ("retention-events", self.retention.0, own.0),
            ("retention-days (in seconds)", self.retention.1, own.1),
            ("retention-bytes", self.retention.2, own.2),
        ];
        let differs = settings.iter().filter(|(_, there, here)| there != here);
        let differs: Vec<String> = differs
            .map(|(setting, there, here)| format!("{setting} is {there} there and {here} here"))
            .collect();
        if !differs.is_empty() {
            return Some(format!(
                "node {name} has other settings: {}; the node that opened a room last decides, so set all nodes alike",
                differs.join(", ")
            ));
        }
        let skew = self.skew().filter(|skew| skew.abs() > SKEW_MAX && self.is_measured())?;
        let (seconds, way) =
            (skew.unsigned_abs().div_ceil(100_000), if skew > 0 { "ahead of" } else { "behind" });
        Some(format!(
            "the clock of node {name} is {}.{} s {way} this node's: set the time of both machines (NTP)",
            seconds / 10,
            seconds % 10
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: (u64, u64, u64) = (1_000, 86_400, 1 << 30);

    fn head(room: &str, seq: Seq, readers: u64) -> Head {
        Head(RoomName::parse(room).unwrap(), Epoch("9f3c01ab77de".into()), seq, readers)
    }

    fn heads(node: &str, rooms: Vec<Head>) -> Heads {
        Heads { format: FORMAT, node: node.into(), at: 0, retention: KEPT, rooms, leaves: false }
    }

    fn said(heads: &Heads) -> Vec<u8> {
        serde_json::to_vec(heads).unwrap()
    }

    #[test]
    fn what_is_said_is_small_and_stays_as_it_is() {
        let heads = Heads { at: 5, ..heads("n1", vec![head("main", 41, 2)]) };
        insta::assert_snapshot!(String::from_utf8(said(&heads)).unwrap(), @r#"{"format":1,"node":"n1","at":5,"retention":[1000,86400,1073741824],"rooms":[["main","9f3c01ab77de",41,2]]}"#);
        let long =
            Head(RoomName::parse(&"r".repeat(64)).unwrap(), Epoch("9f3c01ab77de".into()), Seq::MAX, u64::MAX);
        let largest = Heads { rooms: vec![long; ROOMS_MAX], ..heads };
        assert!(said(&largest).len() < 48 * 1024);
    }

    #[test]
    fn what_changed_is_told_at_once_and_the_rest_from_time_to_time() {
        let mut teller = Teller::default();
        let rooms = |seq| vec![head("a", seq, 0), head("b", 1, 0)];
        let mut told = |seq| {
            let messages = teller.next(rooms(seq));
            messages.concat().iter().map(|head| head.0.to_string()).collect::<String>()
        };
        assert_eq!([told(1), told(1), told(2), told(2), told(2), told(2)], ["ab", "", "a", "b", "", "a"]);
        let many: Vec<Head> = (0..1_000).map(|n| head(&format!("r{n}"), 1, 0)).collect();
        let sizes: Vec<usize> = teller.next(many.clone()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [256, 256, 256, 232]);
        assert_eq!(teller.next(many), [Vec::new()], "a node says that it is there");
    }

    #[test]
    fn readers_are_those_of_nodes_that_are_there() {
        let (mut cluster, now) = (Cluster::new("own".into(), KEPT), Instant::now());
        let main = RoomName::default();
        let of_n1 = heads("n1", vec![head("main", 7, 2), head("other", 1, 5)]);
        assert_eq!(cluster.hear(&said(&of_n1), 0, now), Heard { rooms: of_n1.rooms.clone(), warning: None });
        cluster.hear(&said(&heads("n2", vec![head("main", 9, 1)])), 0, now);
        cluster.hear(&said(&heads("own", vec![head("main", 99, 50)])), 0, now);
        cluster.hear(b"what is this", 0, now);
        assert_eq!((cluster.readers(Some(&main), now), cluster.readers(None, now)), (3, 8));
        let epoch = Epoch("9f3c01ab77de".into());
        assert_eq!((cluster.head(&main, &epoch, now), cluster.head(&main, &Epoch("0".into()), now)), (9, 0));
        cluster.hear(&said(&Heads { leaves: true, ..heads("n2", Vec::new()) }), 0, now);
        assert_eq!((cluster.readers(None, now), cluster.nodes(now).len()), (7, 1));
        let later = now + Duration::from_secs(3);
        cluster.hear(&said(&heads("n1", vec![head("main", 7, 2)])), 0, later);
        assert_eq!(cluster.readers(None, now + HOLDS), 2, "it said nothing of the other room for so long");
        assert_eq!(cluster.readers(None, later + HOLDS), 0);
        assert!(cluster.is_heard_within(REMEMBERED, later + HOLDS));
        assert_eq!([now, later + HOLDS].map(|at| cluster.is_there("n1", at)), [true, false]);
        assert!(!cluster.is_there("n2", now), "it has left");
        assert_eq!(cluster.nodes(later + HOLDS), []);
    }

    #[test]
    fn what_should_be_otherwise_is_said_once() {
        let (mut cluster, now) = (Cluster::new("own".into(), KEPT), Instant::now());
        let mut warnings = Vec::new();
        let ahead = Heads { at: 3_600_000_000, ..heads("n1", Vec::new()) };
        let retention = Heads { retention: (1_000, 60, 5), ..heads("n2", Vec::new()) };
        let mut newer: serde_json::Value = serde_json::to_value(heads("n3", Vec::new())).unwrap();
        newer["format"] = 2.into();
        newer["rooms"] = "in another form".into();
        // Messages that were held up come together, and say nothing about its clock.
        for _ in 0..CLOCKS {
            assert_eq!(cluster.hear(&said(&ahead), 2_500_000, now).warning, None);
        }
        let now = now + CLOCKS_TIME_MIN;
        for message in [said(&ahead), said(&retention), newer.to_string().into_bytes()] {
            warnings.extend(cluster.hear(&message, 2_500_000, now).warning);
            assert_eq!(cluster.hear(&message, 2_500_000, now).warning, None);
        }
        insta::assert_snapshot!(warnings.join("\n"), @"
        the clock of node n1 is 3597.5 s ahead of this node's: set the time of both machines (NTP)
        node n2 has other settings: retention-days (in seconds) is 60 there and 86400 here, retention-bytes is 5 there and 1073741824 here; the node that opened a room last decides, so set all nodes alike
        node n3 tells its heads in format 2, and this node in format 1: run one version of arcane on all nodes
        ");
        assert_eq!(cluster.warnings(now).len(), 3);
        assert_eq!(cluster.nodes(now)[0].skew, 3_597_500_000);
        for _ in 0..CLOCKS {
            cluster.hear(&said(&Heads { at: 2_000_000, ..ahead.clone() }), 2_500_000, now);
        }
        assert_eq!(cluster.warnings(now).len(), 2, "its clock was set");
    }
}
