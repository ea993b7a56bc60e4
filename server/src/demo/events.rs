//! From a beat of the script to the event that tells of it, with the fields that agents' hooks and telemetry give theirs. Pure.

use arcane_shared::roster::{BEGIN, ENRICH, PROGRESS};
use arcane_shared::{Metadata, SpellName, Timestamp};
use serde_json::{Map, Value, json};

use super::cast::{self, Who};
use super::script::{Beat, Call, Deed, SCRIPT};
use crate::intake::Draft;

/// The event of a beat in a round of the demo. `now`: when it happens.
pub(super) fn draft(beat: &Beat, round: u64, now: Timestamp) -> Draft {
    let Told { spell_name, success, description, fields } = told(beat, round, now);
    let mut metadata = beat.who.map(|who| about(who, round)).unwrap_or_default();
    metadata.insert("source".into(), "demo".into());
    metadata.extend(fields);
    let explains = matches!(beat.deed, Deed::Explains { .. });
    let daemon_name = beat.who.map(Who::daemon).or_else(|| explains.then(cast::narrator));
    Draft { spell_name, daemon_name, timestamp: Some(now), success, description, metadata, directives: None }
}

/// What an event says besides whose it is.
struct Told {
    spell_name: SpellName,
    success: bool,
    /// `None`: the words of the lore.
    description: Option<String>,
    fields: Map<String, Value>,
}

impl Told {
    fn new(spell_name: SpellName, fields: Value) -> Self {
        let Value::Object(fields) = fields else { unreachable!("fields are written as an object") };
        Self { spell_name, success: true, description: None, fields }
    }

    fn saying(self, description: String) -> Self {
        Self { description: Some(description), ..self }
    }
}

fn told(beat: &Beat, round: u64, now: Timestamp) -> Told {
    use SpellName::{Banish, Invoke, Parse, Reveal, Summon, Voice};
    let shout = beat.who.map(Who::name).unwrap_or_default().to_uppercase();
    match beat.deed {
        Deed::Arrives => Told::new(Summon, json!({})),
        Deed::Leaves => {
            let (count, seconds) = work_before(beat);
            Told::new(
                Banish,
                json!({"is_active": false, "invocation_count": count, "total_time": seconds, "reason": "done"}),
            )
        }
        Deed::Hears { chars } => Told::new(Parse, json!({"prompt_length": chars, "parsed_action": "invoke"}))
            .saying(format!("✨ A mortal speaks to {shout}. ✨")),
        Deed::Begins { call, tool, task } => Told::new(
            Reveal,
            json!({"query_type": PROGRESS, "phase": BEGIN, "call_id": id(call, round), "tool": tool, "task": task}),
        ),
        Deed::Comes { call, line } => Told::new(
            Reveal,
            json!({"query_type": PROGRESS, "phase": "continue", "call_id": id(call, round), "task": line}),
        ),
        Deed::GoesOn { call } => Told::new(
            Reveal,
            json!({"query_type": PROGRESS, "phase": "continue", "call_id": id(call, round)}),
        )
        .saying(format!("✨ {shout} goes on. ✨")),
        Deed::Ends { call } => Told::new(Invoke, ended(beat, call, round)),
        Deed::Fails { call, error } => {
            let mut failed = Told::new(Invoke, ended(beat, call, round));
            failed.fields.insert("error".into(), error.into());
            Told { success: false, ..failed }
        }
        Deed::Waits { call, why, line } => Told::new(
            Voice,
            json!({
                "event": "await", "attention": true, "why": why, "task": line, "call_id": id(call, round),
                "since": now.to_string(),
            }),
        )
        .saying(format!("{shout} awaits your word: {line}")),
        // What is told late is no sign of life: nobody of that name is there.
        Deed::Explains { line } => {
            Told::new(Voice, json!({"event": "speech", "text": line, "late": true})).saying(line.into())
        }
        Deed::Says { line } => Told::new(Voice, json!({"event": "answer", "text": line})).saying(line.into()),
        Deed::Spends { input, output, cache_read, cost_micros } => {
            let mut spent = Told::new(
                Reveal,
                json!({
                    "query_type": ENRICH, "input_tokens": input, "output_tokens": output,
                    "cache_read_tokens": cache_read, "cost_usd": dollars(cost_micros),
                }),
            );
            if !beat.who.is_some_and(Who::reports_cost) {
                spent.fields.insert("cost_computed".into(), true.into());
            }
            spent
        }
        Deed::Casts { spell } => Told::new(Parse, json!({"spell_text": spell, "parsed_action": "query"})),
        Deed::Looks { count } => Told::new(Reveal, json!({"query_type": "active", "daemon_count": count})),
    }
}

/// What all events of an agent carry.
fn about(who: Who, round: u64) -> Metadata {
    let id = |who: Who| format!("demo-{round}-{}", who.name());
    let mut metadata = Metadata::new();
    let mut put = |key: &str, value: String| metadata.insert(key.into(), value.into());
    put("session", id(who.parent().unwrap_or(who)));
    if let Some(parent) = who.parent() {
        put("agent_id", id(who));
        put("parent_daemon", parent.name().into());
    }
    put("host", who.place().host.into());
    put("project", who.place().project.into());
    put("model", who.model().into());
    metadata
}

fn id(call: Call, round: u64) -> String {
    format!("demo-{round}-{call}")
}

/// The fields of a call's end.
fn ended(end: &Beat, call: Call, round: u64) -> Value {
    let (tool, task) = SCRIPT
        .iter()
        .find_map(|beat| match beat.deed {
            Deed::Begins { call: of, tool, task } if of == call => Some((tool, task)),
            _ => None,
        })
        .unwrap_or_default();
    let (count, _) = work_before(end);
    json!({
        "call_id": id(call, round), "tool": tool, "task": task, "execution_time": seconds_of(end, call),
        "invocation_number": count + 1,
    })
}

/// How long the call took that a beat ends.
fn seconds_of(end: &Beat, call: Call) -> f64 {
    let begins = |beat: &&Beat| matches!(beat.deed, Deed::Begins { call: of, .. } if of == call);
    SCRIPT.iter().find(begins).map_or(0.0, |begin| seconds(end.at_ms.saturating_sub(begin.at_ms)))
}

/// How many calls of an agent had ended before a beat of it, and how long they took together, seconds.
fn work_before(of: &Beat) -> (u64, f64) {
    let before = SCRIPT.iter().filter(|beat| beat.who == of.who && beat.at_ms < of.at_ms);
    let ends = before.filter_map(|beat| match beat.deed {
        Deed::Ends { call } | Deed::Fails { call, .. } => Some(seconds_of(beat, call)),
        _ => None,
    });
    ends.fold((0, 0.0), |(count, sum), seconds| (count + 1, sum + seconds))
}

#[expect(clippy::cast_precision_loss, reason = "a round has few milliseconds")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "a request costs few millionths")]
fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}
