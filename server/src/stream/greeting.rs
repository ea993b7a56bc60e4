//! The connection message, with which every stream begins.

use std::sync::Arc;

use arcane_shared::control::{Connection, ServerMessage, WELCOME};

use bytes::Bytes;

use crate::bus::Subscription;
use crate::config::Config;
use crate::event::PreparedFrame;

/// A connection's name in logs and in its first message.
pub(crate) fn session_name(session: u64) -> String {
    format!("{session:016x}")
}

/// Goes on with a greeting's end by the roster: what comes after it.
pub(crate) fn with_roster(tail: &mut Vec<u8>, roster: Bytes) -> Vec<Bytes> {
    // The brace that ends the message comes after it.
    tail.pop();
    tail.extend_from_slice(b",\"roster\":");
    vec![roster, Bytes::from_static(b"}")]
}

/// The connection message as JSON, a [`ServerMessage::Connection`]: what is before the events, the events as they
/// were encoded, and what is after them. In between are commas.
pub(crate) fn greeting(
    subscription: &mut Subscription,
    session: &str,
    config: &Config,
) -> ([Vec<u8>; 2], Vec<Arc<PreparedFrame>>) {
    const EVENTS: &str = "\"recent_events\":[";
    let frames = subscription.take_recent();
    let connection = ServerMessage::Connection(Connection {
        message: WELCOME.into(),
        subscriber_count: subscription.subscriber_count() as u64,
        recent_events: vec![],
        room: subscription.room().clone(),
        epoch: subscription.epoch().clone(),
        seq: subscription.cursor(),
        session: session.into(),
        resume: subscription.resume(),
        roster: None,
        demo: config.demo,
        plain: config.plain,
    });
    let json = serde_json::to_string(&connection).expect("a greeting has string keys and finite numbers");
    // What stands before it is the server's own text.
    let at = json.find(EVENTS).expect("a greeting has a place for events") + EVENTS.len();
    let (head, tail) = json.split_at(at);
    ([head.into(), tail.into()], frames)
}
