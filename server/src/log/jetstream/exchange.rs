//! Tells other nodes once a second how far rooms are here, and hears it of them; hears of streams that were deleted or
//! restored, and notices when no leader says anything any more.

use std::time::{Duration, Instant};

use arcane_shared::RoomName;
use async_nats::Subscriber;
use futures_util::StreamExt as _;
use tokio::time::MissedTickBehavior;

use super::core::Core;
use super::heads::{FORMAT, Head, Heads, Teller, retention};
use crate::clock;

/// How often nodes tell of themselves.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long it is told that a room's numbers have begun anew.
const BEGUN_TOLD: Duration = Duration::from_mins(1);
/// How long one message may take to be handed to the connection.
const HAND_OVER_MAX: Duration = Duration::from_millis(500);
/// What JetStream says of streams: then what happened, and the stream.
const ADVISORIES: &str = "$JS.EVENT.ADVISORY.STREAM.*.*";
/// Another server has all to say of a stream: it may have less of it than the one before had.
const LEADER: &str = "LEADER_ELECTED";
/// What else of that is a reason to ask a room's leader.
const REASONS: [&str; 4] = ["CREATED", "DELETED", "UPDATED", "RESTORE_COMPLETE"];
/// How long no leader has said anything when readers are sent to other nodes.
const SENT_AWAY_AFTER: Duration = Duration::from_secs(10);
/// Other nodes are there if one was heard within this time; they are out of reach if none was within [`HEARD_LATELY`].
const OTHERS_MAX: Duration = Duration::from_secs(70);
const HEARD_LATELY: Duration = Duration::from_secs(5);

impl Core {
    /// Exchanges heads with other nodes until the log is closed.
    pub(super) async fn exchange(&self) {
        let mut ended = self.ended.subscribe();
        tokio::select! {
            _ = ended.wait_for(|ended| *ended) => {}
            () = self.exchange_on() => {}
        }
        self.send(Vec::new(), true).await;
    }

    async fn exchange_on(&self) {
        let (mut heads, mut advisories) =
            (self.subscribed(&self.names.heads()).await, self.subscribed(ADVISORIES).await);
        let (mut teller, mut are_sent_away) = (Teller::default(), false);
        let mut ticks = tokio::time::interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(message) = heads.next() => self.hear(&message.payload),
                Some(message) = advisories.next() => self.hear_of_stream(&message.subject),
                _ = ticks.tick() => {
                    self.tell(&mut teller).await;
                    are_sent_away = self.send_readers_away(are_sent_away);
                }
            }
        }
    }

    async fn subscribed(&self, subject: &str) -> Subscriber {
        loop {
            match self.connection.client().subscribe(subject.to_owned()).await {
                Ok(subscriber) => return subscriber,
                Err(error) => {
                    tracing::warn!(%error, subject, "what is said of rooms cannot be heard yet");
                    tokio::time::sleep(TELL_EVERY).await;
                }
            }
        }
    }

    async fn tell(&self, teller: &mut Teller) {
        let entries = self.rooms().entries();
        let heads = entries.iter().filter_map(|entry| {
            let follower = entry.follower()?;
            Some(Head(entry.name.clone(), entry.epoch.clone(), entry.extent().head, follower.readers()))
        });
        let heads: Vec<Head> = heads.chain(self.begun()).collect();
        for rooms in teller.next(heads) {
            self.send(rooms, false).await;
        }
    }

    /// A room's numbers have begun anew: other nodes are told of its epoch for a while, whether it is open here or not.
    pub(super) async fn tell_begun(&self, name: RoomName) {
        if let Err(error) = self.find(&name).await {
            tracing::debug!(%error, room = %name, "the room's new epoch is told when it is opened");
            return;
        }
        let now = Instant::now();
        let mut rooms = self.rooms();
        let Some(record) = rooms.record(&name) else { return };
        rooms.begun.retain(|(head, since)| head.0 != name && now.duration_since(*since) < BEGUN_TOLD);
        rooms.begun.push((Head(name, record.epoch, record.head, 0), now));
    }

    /// What of that is to be told now.
    fn begun(&self) -> Vec<Head> {
        let now = Instant::now();
        let mut rooms = self.rooms();
        rooms.begun.retain(|(_, since)| now.duration_since(*since) < BEGUN_TOLD);
        let closed = rooms
            .begun
            .iter()
            .filter(|(head, _)| rooms.entry(&head.0).is_none_or(|entry| entry.follower().is_none()));
        closed.map(|(head, _)| head.clone()).collect()
    }

    async fn send(&self, rooms: Vec<Head>, leaves: bool) {
        if !self.connection.is_connected() {
            return;
        }
        let (node, at) = (self.node().to_owned(), clock::now().unix_micros());
        let heads = Heads { format: FORMAT, node, at, retention: retention(&self.retention), rooms, leaves };
        let json = serde_json::to_vec(&heads).expect("numbers and text are JSON");
        let sending = self.connection.client().publish(self.names.heads(), json.into());
        // Whoever does not hear it hears the next one.
        let _ = tokio::time::timeout(HAND_OVER_MAX, sending).await;
    }

    fn hear(&self, payload: &[u8]) {
        let heard = self.cluster().hear(payload, clock::now().unix_micros(), Instant::now());
        if let Some(warning) = heard.warning {
            tracing::warn!("{warning}");
        }
        for Head(room, epoch, seq, _) in heard.rooms {
            let entry = self.rooms().entry(&room);
            match entry {
                Some(entry) if entry.epoch == epoch => entry.hear(seq),
                Some(entry) => entry.doubt(),
                None => {}
            }
        }
    }

    /// JetStream says what happened to a stream.
    fn hear_of_stream(&self, subject: &str) {
        let mut tokens = subject.rsplit('.');
        let (Some(stream), Some(what)) = (tokens.next(), tokens.next()) else { return };
        let Some(room) = self.names.room_of_stream(stream) else { return };
        let entry = self.rooms().entry(&room);
        match entry {
            Some(entry) if what == LEADER => entry.doubt_later(),
            Some(entry) if REASONS.contains(&what) => entry.doubt(),
            _ => {}
        }
    }

    /// Closes readers whose rooms stand still here and may go on elsewhere: no leader has said anything for a while though
    /// there is a connection, and other nodes that were heard are not heard any more. Returns whether they are away.
    fn send_readers_away(&self, are_away: bool) -> bool {
        let now = Instant::now();
        let (silence, cluster) = (self.trouble.silence(now), self.cluster());
        let is_cut_off = self.connection.is_connected()
            && silence >= SENT_AWAY_AFTER
            && cluster.is_heard_within(OTHERS_MAX, now)
            && !cluster.is_heard_within(HEARD_LATELY, now);
        drop(cluster);
        if !is_cut_off || are_away {
            return are_away && silence >= SENT_AWAY_AFTER;
        }
        tracing::warn!(
            "no leader of a stream has said anything for {} s, and other nodes are not heard: readers are closed, to go elsewhere",
            silence.as_secs()
        );
        for follower in self.rooms().entries().iter().filter_map(|entry| entry.follower()) {
            follower.over();
        }
        true
    }
}
