//! How a room's stream has to be set, and what of a stream that is there must be otherwise. Pure.
//!
//! The numbers of a stream are the numbers of events on the wire. So nothing may take a message out of its middle, and
//! nothing may keep a message that was not acknowledged.

use std::fmt;
use std::time::Duration;

use arcane_shared::RoomName;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, Republish, RetentionPolicy, StorageType,
};

use super::connect::Replicas;
use super::names::Names;
use crate::log::retention::Retention;

/// How long a stream knows the ids of its messages. After a restart it reads all messages of this time.
pub const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);
/// A stream keeps events so much longer than a node says: what a reader was told is there does not go before it is read.
const AGE_SLACK: Duration = Duration::from_mins(10);

/// A setting of a stream that is there, and is not what a room needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What JetStream calls it.
    pub name: &'static str,
    /// What it is.
    pub is: String,
    /// What it must be.
    pub must_be: String,
    /// What comes of it.
    pub weight: Weight,
}

/// What comes of a setting that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Numbers could be missing or given twice, or readers would hear nothing: the room cannot be kept there.
    Breaks,
    /// As above, and no command changes it: the stream has to be made anew.
    BreaksForEver,
    /// The room is kept, for longer or shorter or by more or fewer servers than this node would.
    Differs,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, is, must_be, weight } = self;
        match weight {
            Weight::Breaks | Weight::Differs => {
                write!(f, "{name} is {is}, not {must_be}: set it with `nats stream edit`")
            }
            Weight::BreaksForEver => {
                write!(f, "{name} is {is}, not {must_be}: no command changes that, delete the stream")
            }
        }
    }
}

/// Events that a stream keeps: a hundredth more than a node says, so that what a reader was told is there does not go before
/// it is read.
#[must_use]
pub fn events_kept(retention: &Retention) -> u64 {
    retention.events_max.saturating_add(retention.events_max / 100)
}

/// The settings of a room's stream.
#[must_use]
pub fn wanted(names: &Names, room: &RoomName, retention: &Retention, replicas: Replicas) -> Config {
    let signed = |max: u64| i64::try_from(max).unwrap_or(i64::MAX);
    let age_max = retention.age_max;
    Config {
        name: names.stream(room),
        description: Some(format!("Room {room} of the Arcane event bus")),
        subjects: vec![names.subjects(room)],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::Old,
        max_messages: signed(events_kept(retention)),
        // A server would reserve all of it: see `bound`.
        max_bytes: -1,
        max_age: age_max.saturating_add(AGE_SLACK),
        max_messages_per_subject: -1,
        max_message_size: -1,
        max_consumers: -1,
        duplicate_window: DUPLICATE_WINDOW,
        num_replicas: replicas.count(),
        deny_delete: true,
        allow_direct: true,
        allow_atomic_publish: true,
        republish: Some(Republish {
            source: names.subjects(room),
            destination: names.live(room),
            headers_only: false,
        }),
        ..Config::default()
    }
}

/// What of a stream is not as it must be, the worst first.
#[must_use]
pub fn check(found: &Config, wanted: &Config) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut expect = |name, weight, is: String, must_be: String| {
        if is != must_be {
            wrong.push(Wrong { name, is, must_be, weight });
        }
    };
    let said = |is: bool| if is { "true" } else { "false" }.to_owned();
    let (ever, breaks) = (Weight::BreaksForEver, Weight::Breaks);
    let mirror = found.mirror.is_some() || found.sources.as_ref().is_some_and(|sources| !sources.is_empty());
    expect("mirror or sources", ever, said(mirror), said(false));
    expect("storage", ever, format!("{:?}", found.storage), format!("{:?}", wanted.storage));
    expect("retention", ever, format!("{:?}", found.retention), format!("{:?}", wanted.retention));
    let asynchronous = found.persist_mode == Some(PersistenceMode::Async);
    expect("persist_mode async", ever, said(asynchronous), said(false));
    expect("deny_purge", ever, said(found.deny_purge), said(false));
    expect("sealed", ever, said(found.sealed), said(false));
    expect("allow_msg_counter", ever, said(found.allow_message_counter), said(false));
    // A message that ends by a time of its own leaves a hole.
    expect("allow_msg_schedules", ever, said(found.allow_message_schedules), said(false));
    expect("allow_msg_ttl", ever, said(found.allow_message_ttl), said(false));
    expect("subjects", breaks, found.subjects.join(", "), wanted.subjects.join(", "));
    expect("subject_transform", breaks, said(found.subject_transform.is_some()), said(false));
    expect("discard", breaks, format!("{:?}", found.discard), format!("{:?}", wanted.discard));
    let each = |config: &Config| match config.max_messages_per_subject {
        ..=0 => "unlimited".to_owned(),
        max => max.to_string(),
    };
    expect("max_msgs_per_subject", breaks, each(found), each(wanted));
    expect("no_ack", breaks, said(found.no_ack), said(false));
    expect("allow_rollup_hdrs", breaks, said(found.allow_rollup), said(false));
    expect("deny_delete", breaks, said(found.deny_delete), said(true));
    expect("allow_direct", breaks, said(found.allow_direct), said(true));
    expect("allow_atomic", breaks, said(found.allow_atomic_publish), said(true));
    expect("republish", breaks, republish(found), republish(wanted));
    let window = |config: &Config| format!("{:?}", config.duplicate_window);
    // A longer one only costs memory.
    if found.duplicate_window < wanted.duplicate_window {
        expect("duplicate_window", breaks, window(found), window(wanted));
    }
    let size = |config: &Config| match config.max_message_size {
        ..=0 => "unlimited".to_owned(),
        max => max.to_string(),
    };
    expect("max_msg_size", breaks, size(found), size(wanted));
    let limit = |max: i64| if max <= 0 { "unlimited".to_owned() } else { max.to_string() };
    expect("max_msgs", Weight::Differs, limit(found.max_messages), limit(wanted.max_messages));
    expect("max_bytes", Weight::Differs, limit(found.max_bytes), limit(wanted.max_bytes));
    expect("max_age", Weight::Differs, format!("{:?}", found.max_age), format!("{:?}", wanted.max_age));
    expect("num_replicas", Weight::Differs, found.num_replicas.to_string(), wanted.num_replicas.to_string());
    wrong
}

fn republish(config: &Config) -> String {
    config.republish.as_ref().map_or_else(
        || "none".to_owned(),
        |Republish { source, destination, headers_only }| {
            format!("{source} to {destination}{}", if *headers_only { ", headers only" } else { "" })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_main() -> Config {
        wanted(&Names::default(), &RoomName::default(), &Retention::default(), Replicas::Three)
    }

    #[test]
    fn a_room_has_a_stream_that_loses_no_number() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&of_main()).unwrap(), @r#"
        {
          "name": "arcane-room-main",
          "max_bytes": -1,
          "max_msgs": 1010000,
          "max_msgs_per_subject": -1,
          "discard": "old",
          "subjects": [
            "arcane.room.main.>"
          ],
          "retention": "limits",
          "max_consumers": -1,
          "max_age": 2592600000000000,
          "max_msg_size": -1,
          "storage": "file",
          "num_replicas": 3,
          "duplicate_window": 120000000000,
          "description": "Room main of the Arcane event bus",
          "deny_delete": true,
          "republish": {
            "src": "arcane.room.main.>",
            "dest": "arcane.live.main.>",
            "headers_only": false
          },
          "allow_direct": true,
          "consumer_limits": null,
          "allow_atomic": true
        }
        "#);
        assert_eq!(check(&of_main(), &of_main()), []);
    }

    #[test]
    fn limits_have_slack_and_no_end() {
        let age_max = Duration::from_secs(1);
        let retention = Retention { events_max: u64::MAX, bytes_max: u64::MAX, age_max };
        let config = wanted(&Names::default(), &RoomName::default(), &retention, Replicas::One);
        assert_eq!((config.max_messages, config.max_bytes), (i64::MAX, -1));
        assert!(config.max_age >= config.duplicate_window);
    }

    #[test]
    fn what_breaks_is_told_with_what_it_must_be() {
        let found = Config {
            subjects: vec!["arcane.>".into()],
            retention: RetentionPolicy::Interest,
            storage: StorageType::Memory,
            discard: DiscardPolicy::New,
            max_messages: -1,
            max_bytes: 5,
            max_age: Duration::from_secs(60),
            max_messages_per_subject: 1,
            max_message_size: 100,
            duplicate_window: Duration::from_secs(1),
            num_replicas: 1,
            no_ack: true,
            sealed: true,
            allow_rollup: true,
            deny_delete: false,
            deny_purge: true,
            allow_direct: false,
            allow_atomic_publish: false,
            allow_message_ttl: true,
            allow_message_schedules: true,
            allow_message_counter: true,
            persist_mode: Some(PersistenceMode::Async),
            republish: None,
            ..of_main()
        };
        let told: Vec<String> =
            check(&found, &of_main()).iter().map(|wrong| format!("{:?}: {wrong}", wrong.weight)).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        BreaksForEver: storage is Memory, not File: no command changes that, delete the stream
        BreaksForEver: retention is Interest, not Limits: no command changes that, delete the stream
        BreaksForEver: persist_mode async is true, not false: no command changes that, delete the stream
        BreaksForEver: deny_purge is true, not false: no command changes that, delete the stream
        BreaksForEver: sealed is true, not false: no command changes that, delete the stream
        BreaksForEver: allow_msg_counter is true, not false: no command changes that, delete the stream
        BreaksForEver: allow_msg_schedules is true, not false: no command changes that, delete the stream
        BreaksForEver: allow_msg_ttl is true, not false: no command changes that, delete the stream
        Breaks: subjects is arcane.>, not arcane.room.main.>: set it with `nats stream edit`
        Breaks: discard is New, not Old: set it with `nats stream edit`
        Breaks: max_msgs_per_subject is 1, not unlimited: set it with `nats stream edit`
        Breaks: no_ack is true, not false: set it with `nats stream edit`
        Breaks: allow_rollup_hdrs is true, not false: set it with `nats stream edit`
        Breaks: deny_delete is false, not true: set it with `nats stream edit`
        Breaks: allow_direct is false, not true: set it with `nats stream edit`
        Breaks: allow_atomic is false, not true: set it with `nats stream edit`
        Breaks: republish is none, not arcane.room.main.> to arcane.live.main.>: set it with `nats stream edit`
        Breaks: duplicate_window is 1s, not 120s: set it with `nats stream edit`
        Breaks: max_msg_size is 100, not unlimited: set it with `nats stream edit`
        Differs: max_msgs is unlimited, not 1010000: set it with `nats stream edit`
        Differs: max_bytes is 5, not unlimited: set it with `nats stream edit`
        Differs: max_age is 60s, not 2592600s: set it with `nats stream edit`
        Differs: num_replicas is 1, not 3: set it with `nats stream edit`
        ");
    }

    #[test]
    fn a_longer_window_for_duplicates_is_no_mistake() {
        let found = Config { duplicate_window: Duration::from_hours(1), ..of_main() };
        assert_eq!(check(&found, &of_main()), []);
    }
}
