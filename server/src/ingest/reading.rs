//! One payload of a hook, read: which signs it gives, and whether its hook may wait for an answer.

use arcane_shared::RoomName;
use bytes::Bytes;
use serde_json::Value;

use super::dialect::{self, Agent, Context};
use super::holding::{Hold, Pending};
use super::secrets::masked;
use super::sign::Sign;
use super::{READ_AT_ONCE_MAX, Reader};
use crate::bus::ArcaneEventBus;
use crate::json;

impl Reader {
    /// What a hook's payload tells, and what it asks that somebody elsewhere or a rule may answer.
    pub(super) async fn read(
        &mut self,
        bus: &ArcaneEventBus,
        room: &RoomName,
        (agent, body): (Option<Agent>, Bytes),
        context: Context,
        hold: Option<Hold>,
    ) -> (Vec<Sign>, Option<Pending>) {
        let Some(payload) = parse(body).await else {
            self.metrics.ingest_dropped("not_json");
            return (Vec::new(), None);
        };
        // Agents run each other's hooks, so the payload's own shape goes before the address.
        let Some(agent) = dialect::detect(&payload, agent).or(agent) else {
            self.metrics.ingest_dropped("unknown_agent");
            return (Vec::new(), None);
        };
        let is_attended = !context.is_unattended;
        let asked = Pending::of(agent, &payload, context.event.as_deref(), is_attended, hold);
        // Somebody is there who can answer: here.
        let answered = Context { is_unattended: context.is_unattended && asked.is_none(), ..context.clone() };
        let mut reading = dialect::read(agent, &payload, &answered);
        let was_asked = asked.is_some();
        if was_asked && bus.is_shared() {
            // Rules look at where its session began.
            self.know_all(bus, room, &reading.signs).await;
        }
        let who = reading.signs.first().map(|sign| &sign.who);
        let pending = asked.zip(who).and_then(|(asked, who)| {
            asked.ruled(&self.requests, self.table.project_of(room, who), who.cwd.as_deref())
        });
        if was_asked && pending.is_none() && context.is_unattended {
            reading = dialect::read(agent, &payload, &context);
        }
        if let Some(pending) = &pending {
            pending.note(&mut reading.signs, context.captures_content);
        }
        self.metrics.ingest_read(agent.name());
        if reading.is_foreign {
            self.metrics.ingest_dropped("no_session");
        }
        if let Some(event) = &reading.unknown_event {
            self.metrics.ingest_unknown(agent.name(), "event");
            let event = masked(event);
            tracing::debug!(agent = agent.name(), %event, "an event of an agent that is not known");
        }
        for field in &reading.unknown_fields {
            self.metrics.ingest_unknown(agent.name(), "field");
            let field = masked(field);
            tracing::debug!(agent = agent.name(), %field, "a field of an agent's payload that is not known");
        }
        (reading.signs, pending)
    }
}

/// The payload's JSON; a long one is read beside the tasks of all others.
async fn parse(body: Bytes) -> Option<Value> {
    let read = |body: &[u8]| serde_json::from_slice::<Value>(&json::plain(json::without_bom(body))).ok();
    if body.len() <= READ_AT_ONCE_MAX {
        return read(&body);
    }
    tokio::task::spawn_blocking(move || read(&body)).await.ok().flatten()
}
