//! What inputs tell, from their bytes to drafts, without queue, bus and clock: what fuzz targets drive.

use arcane_shared::{DaemonName, RoomName, Timestamp};
use serde_json::Value;

use super::cloudevent::{CloudEvent, Data};
use super::dialect::{Agent, Context};
use super::otlp::{Encoding, Signal, Told, Totals};
use super::session::Table;
use super::{ag_ui, cloudevent, dialect, kept, otlp, sign};
use crate::config::Maps;
use crate::intake::Draft;

/// What payloads of an agent tell, each a second after the one before.
pub(crate) fn told<'a>(agent: &str, payloads: impl Iterator<Item = &'a Value>) -> Vec<Draft> {
    let (mut table, room) = (Table::default(), RoomName::default());
    let agent = Agent::named(agent).unwrap_or(Agent::Claude);
    let context = Context { captures_content: true, ..Context::default() };
    let mut drafts = Vec::new();
    for (second, payload) in (0_i64..).zip(payloads) {
        let now = Timestamp::from_unix_micros(second * 1_000_000);
        let _ = dialect::detect(payload, None);
        let mut signs = dialect::read(agent, payload, &context).signs;
        sign::drop_unusable(&mut signs);
        for sign in signs {
            drafts.extend(table.take(&room, &sign, now));
        }
        drafts.extend(table.pass(now).into_iter().flat_map(|(_, drafts)| drafts));
    }
    drafts
}

/// What a request of telemetry tells that comes twice, read in either encoding, before and after sessions are told by it alone.
pub(crate) fn told_by_telemetry(signal: &str, body: &[u8]) -> Vec<Draft> {
    let signal = match signal {
        "logs" => Signal::Logs,
        "traces" => Signal::Traces,
        _ => Signal::Metrics,
    };
    let room = RoomName::default();
    let mut drafts = Vec::new();
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let (mut table, mut totals) = (Table::default(), Totals::new(0));
        for second in [0, 10, 20] {
            let now = Timestamp::from_unix_micros(second * 1_000_000);
            let Ok(Told { mut signs, sums, .. }) = otlp::read(signal, encoding, body) else { break };
            signs.extend(totals.take(sums));
            sign::drop_unusable(&mut signs);
            for sign in &signs {
                drafts.extend(table.take(&room, sign, now));
            }
            drafts.extend(table.pass(now).into_iter().flat_map(|(_, drafts)| drafts));
        }
    }
    drafts
}

/// What a body tells that is read as a `CloudEvent`, as a batch of them, and as the data of one whose attributes are headers, without
/// what is an event of the bus and may be as large as one.
pub(crate) fn told_by_cloudevents(body: &[u8]) -> Vec<Draft> {
    let (maps, keeping) = (Maps::default(), kept::Keeping { content: true });
    let mut events: Vec<CloudEvent> = cloudevent::read_batch(body).unwrap_or_default();
    events.extend(cloudevent::read_one(body));
    let head = body.windows(2).position(|end| end == b"\n\n").unwrap_or(body.len());
    let fields = body[..head].split(|byte| *byte == b'\n').filter_map(|line| {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        Some((std::str::from_utf8(name).ok()?, &value[1..]))
    });
    if let Ok(attributes) = cloudevent::attributes_of_headers(fields.take(64)) {
        let data = body.get(head + 2..).unwrap_or_default();
        for media in [None, Some("application/json"), Some("text/plain")] {
            events.extend(cloudevent::read_binary(attributes.clone(), media, data));
        }
    }
    let is_own =
        |event: &CloudEvent| matches!(&event.data, Data::Json(data) if data.get("spell_name").is_some());
    let mut drafts = Vec::new();
    for event in events {
        let (is_own, json) = (is_own(&event), event.to_json());
        assert!(event.key().len() < 8 * 1024 && json.is_object());
        match cloudevent::draft(event, &maps, keeping, "/0") {
            Ok(draft) if !is_own => drafts.push(draft),
            Ok(_) => {}
            Err(errors) => assert!(is_own && !errors.is_empty()),
        }
    }
    drafts
}

/// What events of AG-UI tell that come twice, as JSON and as a stream.
pub(crate) fn told_by_ag_ui(body: &[u8]) -> Vec<Draft> {
    let room = RoomName::default();
    let daemon = DaemonName::parse("ag-ui").expect("a name");
    let mut drafts = Vec::new();
    for (is_stream, thread) in [(false, None), (true, None), (true, Some("t".into()))] {
        let source =
            ag_ui::Source { daemon: daemon.clone(), thread, keeping: kept::Keeping { content: true } };
        let Ok(events) = ag_ui::events(body, is_stream) else { continue };
        let mut table = Table::default();
        for second in [0, 10] {
            let now = Timestamp::from_unix_micros(second * 1_000_000);
            for sign in &ag_ui::read(&events, &source).signs {
                drafts.extend(table.take(&room, sign, now));
            }
            drafts.extend(table.pass(now).into_iter().flat_map(|(_, drafts)| drafts));
        }
    }
    drafts
}
