//! Hooks that rules answer, from the queue to the log.

use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use super::super::{Content, Given, Hold, Ingest};
use super::*;
use crate::config::Rules;
use crate::metrics::Metrics;
use crate::requests::{Requests, Rulings};

#[tokio::test]
async fn a_wait_is_told_where_the_hook_is_gone_before_its_rule_answers() {
    let bus = ArcaneEventBus::new(BusConfig::default());
    let file: toml::Table =
        "[[rules]]\nname = \"tests\"\ncommand = \"cargo test\"\ndecision = \"allow\"".parse().unwrap();
    let rules = Rules::read(file["rules"].clone()).unwrap();
    let rulings = Rulings::open(&bus, rules).await.unwrap();
    let asked = Requests::new(bus.clone(), false, rulings);
    let (ingest, reader) = Ingest::new(Metrics::new(), Prices::none(), 0, asked);
    let payload = json!({
        "session_id": "s", "hook_event_name": "PermissionRequest", "cwd": "/home/user/shop", "tool_name": "Bash",
        "tool_input": {"command": "cargo test"},
    });
    // Who would have heard the answer has gone.
    let (reply, _) = oneshot::channel();
    let hold = Some(Hold { patience: Duration::from_secs(60), is_watched: false, reply });
    let (body, context) = (payload.to_string().into(), Context::default());
    let content = Content::Hook { agent: Some(Agent::Claude), body, context, hold, told: None };
    ingest.hand_in(Given { room: RoomName::default(), content });
    let waits = async || {
        let room = bus.default_room();
        while room.daemons().get("claude").is_none_or(|claude| claude.waiting.is_empty()) {
            tokio::task::yield_now().await;
        }
    };
    let told = async { tokio::time::timeout(Duration::from_secs(20), waits()).await };
    let (sender, stopping) = oneshot::channel::<()>();
    let reading = tokio::spawn(reader.run(bus.clone(), async { drop(stopping.await) }));
    told.await.expect("the wait is told");
    let roster = bus.default_room().daemons();
    let wait = &roster.get("claude").unwrap().waiting[0];
    assert_eq!((&*wait.reason, &wait.request_id), ("Bash: cargo test", &None));
    drop(sender);
    reading.await.unwrap();
}
