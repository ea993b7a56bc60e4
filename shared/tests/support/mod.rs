//! A room whose events are folded one after another.

#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "each test file uses its own part of this"
)]

use arcane_shared::roster::{Roster, Sign};
use arcane_shared::{ReceivedEvent, Seq};
use serde_json::{Value, json};

/// What a room has told so far. Test files add the sentences that they tell.
#[derive(Default)]
pub struct Told {
    pub roster: Roster,
    pub seq: Seq,
    /// How long the evening has gone on, for files that let time pass.
    pub passed_ms: f64,
}

impl Told {
    /// Folds the next event. Of an event that does not say otherwise it is heard on an evening in the room `main`, and succeeded.
    pub fn fold(&mut self, event: Value) -> &mut Self {
        self.seq += 1;
        let mut said = json!({
            "timestamp": "2026-01-31T22:00:00", "success": true, "description": "heard", "seq": self.seq, "room": "main",
        });
        let Value::Object(event) = event else { panic!("no event: {event}") };
        said.as_object_mut().unwrap().extend(event);
        let event: ReceivedEvent = serde_json::from_value(said).unwrap();
        self.roster.fold(self.seq, Sign::read(&event).as_ref());
        self
    }
}
