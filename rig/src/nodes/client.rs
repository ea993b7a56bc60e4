//! What clients ask nodes over HTTP: to publish, and for pages of a room.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{self, Said};
use super::caster::DAEMONS;
use crate::history::{Card, Content, Decision, Source, Spell};

/// How long an answer may take: nodes send again for 10 s, and say then what they know.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// How long the answer to a spell may take: it waits for those before it at its node for 10 s, and is decided and sent again for as long each.
const SPELL_MAX: Duration = Duration::from_secs(40);
/// Events of a page.
const PAGE: usize = 1000;
/// Fills events up to about the size of those of a realm at work.
const PADDING: &str = "a sentence about what is being done, as agents tell it";

/// A client of all nodes, which it names by number. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    /// Host and port of each.
    pub(super) addresses: Arc<[String]>,
}

/// What is published in one request.
#[derive(Debug, Clone)]
pub(super) struct Publication {
    pub(super) room: Arc<str>,
    pub(super) contents: Vec<Content>,
    pub(super) key: Option<Arc<str>>,
    body: Bytes,
}

/// An event as a reader of a room has it.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'e> {
    pub(super) seq: u64,
    #[serde(default, borrow)]
    spell_name: Option<Cow<'e, str>>,
    #[serde(default, borrow)]
    daemon_name: Option<Cow<'e, str>>,
    #[serde(default)]
    success: bool,
    #[serde(borrow)]
    metadata: Metadata<'e>,
}

#[derive(Debug, Deserialize)]
struct Metadata<'e> {
    #[serde(borrow)]
    task: Option<Cow<'e, str>>,
}

#[derive(Debug, Deserialize)]
struct Page {
    epoch: String,
    events: Vec<Box<RawValue>>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Daemons {
    daemons: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
struct Daemon {
    daemon_name: String,
    is_active: bool,
    total_invocations: u64,
}

/// A room as a node has it.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) epoch: Arc<str>,
    /// In the order in which they were given.
    pub(super) events: Vec<Box<RawValue>>,
}

impl Publication {
    pub(super) fn new(room: &Arc<str>, contents: Vec<Content>, key: Option<Arc<str>>) -> Self {
        let event = |content: &Content| {
            let metadata = serde_json::json!({ "task": &**content, "execution_time": 0.1, "text": PADDING });
            serde_json::json!({ "spell_name": "invoke", "daemon_name": "rig", "metadata": metadata })
        };
        let body = match &contents[..] {
            [content] => event(content),
            contents => contents.iter().map(event).collect(),
        };
        Self { room: room.clone(), contents, key, body: body.to_string().into() }
    }
}

impl Event<'_> {
    /// Reads an event; `None` if it is none.
    pub(super) fn read(json: &str) -> Option<Event<'_>> {
        serde_json::from_str(json).ok()
    }

    /// What it says: what a publisher published, which tells it apart, or what the realm tells of a daemon that casters cast spells on; empty: it is none of the rig's.
    pub(super) fn words(&self) -> Cow<'_, str> {
        match (self.source(), &self.spell_name, &self.daemon_name) {
            (Source::Publisher, ..) | (_, None, _) | (_, _, None) => {
                self.metadata.task.as_deref().unwrap_or_default().into()
            }
            (_, Some(spell), Some(daemon)) => format!("{spell} {daemon}, {}", self.success).into(),
        }
    }

    /// Who made it.
    pub(super) fn source(&self) -> Source {
        let (Some(spell), Some(daemon)) = (&self.spell_name, &self.daemon_name) else {
            return Source::Publisher;
        };
        if !DAEMONS.contains(&&**daemon) {
            return Source::Publisher;
        }
        if spell == "voice" {
            return Source::Narration;
        }
        match Spell::ALL.into_iter().find(|known| known.as_str() == spell) {
            Some(spell) => Source::Spell { spell, daemon: (&**daemon).into(), is_accepted: self.success },
            None => Source::Publisher,
        }
    }
}

impl Client {
    pub(super) fn new(addresses: Arc<[String]>) -> Result<Self> {
        let builder = reqwest::Client::builder().tls_certs_only([]).no_proxy().timeout(ANSWER_MAX);
        let http = builder.tcp_nodelay(true).build().context("a client of HTTP")?;
        Ok(Self { http, addresses })
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.addresses.len()
    }

    /// Sends a publication to a node, once.
    pub(super) async fn publish(&self, node: usize, publication: &Publication) -> Said {
        let url = format!("http://{}/events?room={}", self.addresses[node], publication.room);
        let request = self.http.post(url).header("content-type", "application/json");
        let request = match &publication.key {
            Some(key) => request.header("idempotency-key", &**key),
            None => request,
        };
        let answer = match request.body(publication.body.clone()).send().await {
            Ok(answer) => answer,
            // Nothing was sent, for there was no connection.
            Err(error) if error.is_connect() => return Said::NotPublished,
            Err(_) => return Said::Unknown,
        };
        let status = answer.status().as_u16();
        match answer.bytes().await {
            Ok(body) => answer::read(status, &body, publication.contents.len()),
            Err(_) => Said::Unknown,
        }
    }

    /// Casts a spell at a node. Gives what was decided, and the answer if no node may give it. `caster` tells the tasks of invocations apart.
    pub(super) async fn cast(
        &self,
        node: usize,
        spell: Spell,
        daemon: &str,
        caster: usize,
    ) -> (Decision, Option<String>) {
        let url = format!("http://{}/{}", self.addresses[node], spell.as_str());
        let mut body = serde_json::json!({ "daemon_name": daemon });
        if spell == Spell::Invoke {
            body["task"] = format!("a task of caster {caster}").into();
        }
        let request = self.http.post(url).header("content-type", "application/json").timeout(SPELL_MAX);
        let answer = match request.body(body.to_string()).send().await {
            Ok(answer) => answer,
            // Nothing was sent, for there was no connection.
            Err(error) if error.is_connect() => return (Decision::NotCast, None),
            Err(_) => return (Decision::Unknown, None),
        };
        let status = answer.status().as_u16();
        match answer.bytes().await {
            Ok(body) => answer::decision(status, &body),
            Err(_) => (Decision::Unknown, None),
        }
    }

    /// Acknowledges events for a consumer at a node. Gives whether the node answered that this is kept.
    pub(super) async fn ack(&self, node: usize, room: &str, consumer: &str, seq: u64) -> bool {
        let url = format!("http://{}/consumers/{consumer}/ack?room={room}", self.addresses[node]);
        let request = self.http.post(url).header("content-type", "application/json");
        let answer = request.body(serde_json::json!({ "seq": seq }).to_string()).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// What a node says of those of some daemons that it knows, in the order of their names.
    pub(super) async fn cards(&self, node: usize, of: &[&str]) -> Result<Vec<Card>> {
        let url = format!("http://{}/daemons", self.addresses[node]);
        let answer = self.http.get(url).send().await.context("asking for the daemons")?;
        let text = answer.error_for_status().context("asking for the daemons")?.text().await?;
        let Daemons { daemons } = serde_json::from_str(&text).context("reading the daemons")?;
        let mut cards = Vec::new();
        for json in daemons {
            let daemon: Daemon = serde_json::from_str(json.get()).context("reading a daemon")?;
            if of.contains(&&*daemon.daemon_name) {
                cards.push(Card {
                    node: super::name(node).into(),
                    daemon: daemon.daemon_name.into(),
                    is_present: daemon.is_active,
                    invocations: daemon.total_invocations,
                    whole: json.get().into(),
                });
            }
        }
        cards.sort_by(|one, other| one.daemon.cmp(&other.daemon));
        Ok(cards)
    }

    /// Reads a room from its first event to its last, as a node has it.
    pub(super) async fn whole(&self, node: usize, room: &str) -> Result<Whole> {
        let (mut after, mut events) = (None, Vec::new());
        loop {
            let page = self.page(node, room, after.as_deref()).await?;
            events.extend(page.events);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(Whole { epoch: page.epoch.into(), events }),
            }
        }
    }

    async fn page(&self, node: usize, room: &str, after: Option<&str>) -> Result<Page> {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let url = format!("http://{}/events?room={room}&limit={PAGE}{after}", self.addresses[node]);
        let answer = self.http.get(url).send().await.context("asking for a page")?;
        let status = answer.status();
        let text = answer.text().await.context("reading a page")?;
        if !status.is_success() {
            bail!("a page was answered {status}: {text}");
        }
        serde_json::from_str(&text).context("reading a page")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publications_are_what_nodes_take_and_events_say_of_which_they_are() {
        let one = Publication::new(&"main".into(), vec!["p1-1".into()], None);
        insta::assert_snapshot!(String::from_utf8_lossy(&one.body), @r#"{"spell_name":"invoke","daemon_name":"rig","metadata":{"task":"p1-1","execution_time":0.1,"text":"a sentence about what is being done, as agents tell it"}}"#);
        let two = Publication::new(&"main".into(), vec!["a".into(), "b".into()], None);
        assert!(two.body.starts_with(b"[{") && two.body.ends_with(b"}]"));
        let event = Event::read(r#"{"metadata":{"task":"p1-1","color":"x"},"seq":4,"room":"main"}"#).unwrap();
        assert_eq!((event.seq, &*event.words()), (4, "p1-1"));
        assert!(Event::read(r#"{"type":"caught_up","seq":4}"#).is_none());
    }

    #[test]
    fn events_of_the_realm_are_told_from_those_of_publishers() {
        let of = |spell: &str, daemon: &str| {
            let json = format!(
                r#"{{"spell_name":"{spell}","daemon_name":"{daemon}","success":true,"metadata":{{"task":"t"}},"seq":4}}"#
            );
            let event = Event::read(&json).unwrap();
            (event.words().into_owned(), event.source())
        };
        let summoned = Source::Spell { spell: Spell::Summon, daemon: "ada".into(), is_accepted: true };
        assert_eq!(of("summon", "ada"), ("summon ada, true".into(), summoned));
        assert_eq!(of("voice", "ada"), ("voice ada, true".into(), Source::Narration));
        assert_eq!(of("invoke", "rig"), ("t".into(), Source::Publisher));
    }
}
