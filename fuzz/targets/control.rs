//! Any lines as a client's messages. A session answers or closes, in words that can be encoded; and a
//! message that it understands is the same once written and read again.

#![no_main]

use std::time::{Duration, Instant};

use arcane_server::config::NetConfig;
use arcane_server::ws::codec::Incoming;
use arcane_server::ws::session::{Input, Output, Session};
use arcane_shared::control::ClientMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: &str| {
    let mut now = Instant::now();
    let mut session = Session::new(&NetConfig::default(), 100, now);
    for text in texts.lines() {
        if let Ok(message) = serde_json::from_str::<ClientMessage>(text) {
            let written = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<ClientMessage>(&written).unwrap(), message);
        }
        now += Duration::from_secs(1);
        if session.next_deadline() <= now {
            if session.handle(Input::Tick, now).contains(&Output::End) {
                return;
            }
            assert!(session.next_deadline() > now, "what was due is done");
        }
        let was_open = session.is_open();
        for output in session.handle(Input::Said(Incoming::Text(text.to_owned()), 1.5), now) {
            assert!(was_open, "after a goodbye nothing is said: {output:?}");
            if let Output::Send(message) = output {
                serde_json::to_string(&message).unwrap();
            }
        }
    }
});
