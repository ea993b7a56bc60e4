//! Streams of a real server, made as rooms are.

#[expect(unreachable_pub, reason = "tests of whole servers use it as well")]
#[path = "../../../tests/support/nats.rs"]
mod nats;

use arcane_shared::{RoomName, SpellName};

pub(super) use nats::NatsServer;

use super::connect::{Connection, Options, Replicas};
use super::message::Entry;
use super::names::Names;
use super::publish::{Condition, Outcome, Publisher};
use super::settings;
use crate::event::Body;
use crate::log::Record;
use crate::log::retention::Retention;

/// A server, and on it the stream of the room `main`.
pub(super) struct Nats {
    pub(super) server: NatsServer,
    pub(super) connection: Connection,
    pub(super) publisher: Publisher,
    pub(super) stream: String,
    pub(super) subject: String,
}

impl Nats {
    /// `None` where there is no program of it.
    pub(super) async fn start() -> Option<Self> {
        let server = NatsServer::start().await?;
        let options = Options { servers: vec![server.url()], ..Options::default() };
        let connection = Connection::open(&options).await.unwrap();
        let (names, room) = (Names::default(), RoomName::default());
        let config = settings::wanted(&names, &room, &Retention::default(), Replicas::One);
        connection.context().create_stream(config).await.unwrap();
        let publisher = Publisher::new(&connection);
        Some(Self {
            server,
            connection,
            publisher,
            stream: names.stream(&room),
            subject: names.events(&room),
        })
    }

    /// Sends events that the stream has to take.
    pub(super) async fn taken(&self, entries: &[Entry]) {
        let sent = self.publisher.send(&self.stream, &self.subject, entries, Condition::None).await.unwrap();
        let outcome = sent.outcome().await;
        assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
    }
}

/// An event that is like no other.
pub(super) fn entry(n: u64) -> Entry {
    let body = Body {
        spell_name: SpellName::Reveal,
        daemon_name: None,
        success: true,
        at: 5,
        json: format!(r#"{{"description":"{n}"}}"#).into(),
    };
    Entry { body, records: vec![Record::keep(format!("key/main/{n}"), "ü")], id: format!("n1-{n}").into() }
}

#[tokio::test]
async fn a_stream_that_was_made_is_as_it_was_wanted() {
    let Some(nats) = Nats::start().await else { return };
    let stream = nats.connection.context().get_stream(&nats.stream).await.unwrap();
    let wanted =
        settings::wanted(&Names::default(), &RoomName::default(), &Retention::default(), Replicas::One);
    assert_eq!(settings::check(&stream.cached_info().config, &wanted), []);
}
