//! The bodies of requests and answers, each as it is on the wire, with every field that it can have. They change only
//! together with these texts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use arcane_shared::api::{
    AckRequest, ActivityAnswer, ActivityBucket, CastAnswer, ConsumerCard, ConsumersAnswer, DaemonAliases,
    DaemonAnswer, DaemonRequest, DaemonsAnswer, ExampleGroup, ExamplesAnswer, FieldError, HealthAnswer,
    HistoryAnswer, InvokeRequest, LogServers, LoginAnswer, OpenRequest, OtlpState, ParseAnswer, ParsedSpell,
    Problem, PublishAnswer, PublishEvent, Published, PurgeAnswer, ReadyAnswer, RecentAnswer, RequestAnswer,
    RequestEnd, RequestsAnswer, RoomCard, RoomsAnswer, RosterAnswer, SeenAnswer, Span, SpanKind, SpellAction,
    SpellRequest, StatisticsAnswer, StatsAnswer, VoiceAnswer, VoiceRequest, WhoAmIAnswer,
};
use arcane_shared::control::{CloseCode, MissReason, PaintSample, StreamClose, is_reconnectable};
use arcane_shared::daemon::DaemonCard;
use arcane_shared::roster::{SessionState, Sums};
use arcane_shared::{
    ConsumerName, DaemonName, Epoch, NotRecovered, Position, Resume, Rgb, RoomName, SpellName, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Checks that a text is read, and written again as it was: every name, in this order, and nothing else.
#[track_caller]
fn is<T: Serialize + DeserializeOwned>(text: &str) {
    let read: T = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

/// Checks what is written for a text that leaves out what may be left out.
#[track_caller]
fn becomes<T: Serialize + DeserializeOwned>(text: &str, written: &str) {
    let read: T = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}

#[track_caller]
fn is_refused<T: DeserializeOwned>(text: &str) {
    assert!(serde_json::from_str::<T>(text).is_err(), "{text}");
}

const CARD: &str = r##"{"daemon_name":"claude","is_active":true,"role":"Keeper","domain":"Reasoning","model":"m","capabilities":["logic"],"color":"#8B5CF6","summoned_at":"1970-01-01T00:00:00.000000","invocation_count":1,"total_time":0.5,"total_invocations":2,"failed_invocations":1,"total_execution_time":1.5,"average_execution_time":0.75}"##;
/// What is told of sessions and spending, with every field.
const SPENT: &str = r#""input_tokens":100,"output_tokens":5,"cache_read_tokens":900,"cache_write_tokens":50,"reasoning_tokens":2,"cost_usd":0.0125,"cost_computed_usd":0.01,"unpriced_tokens":7"#;
const ABSENT: &str = r##"{"daemon_name":"codex-cli","is_active":false,"role":"","domain":"","model":null,"capabilities":[],"color":"#102030","summoned_at":null,"invocation_count":0,"total_time":0.0,"total_invocations":0,"failed_invocations":0,"total_execution_time":0.0,"average_execution_time":0.0}"##;
const EVENT: &str = r#"{"spell_name":"invoke","daemon_name":"claude","timestamp":"2025-10-24T12:34:56.789000","success":true,"description":"","metadata":{},"seq":42,"room":"main"}"#;
const ROOM: &str = r#"{"room":"main","epoch":"9f3c01ab77de","seq":42,"subscribers":2,"history_size":40,"oldest":3,"bytes":20000,"lagging":1,"events_per_second":0.5}"#;
const CONSUMER: &str = r#"{"consumer":"billing","room":"main","seq":40,"lag":2,"connected":true,"updated_at":"1970-01-01T00:00:00.000000"}"#;
const SPELL: &str = r#"{"action":"invoke","daemon":"claude","task":"build","parameters":{"tries":3},"confidence":0.8,"raw_input":"claude, build","spans":[{"kind":"daemon","start":0,"end":6}]}"#;

const REQUEST: &str = r#"{"request_id":"k3x9","room":"main","daemon_name":"claude","session":"s","project":"arcane","host":"mill","tool":"Bash","why":"permission","task":"Bash: git push","options":[{"id":"allow","label":"Yes","kind":"allow"},{"id":"always-1","label":"Yes, always","kind":"allow_always"},{"id":"deny","label":"No","kind":"deny"},{"id":"answer-1","label":"Red","kind":"answer"}],"takes_message":true,"takes_answers":false,"is_held":true,"since":"2026-01-31T09:00:09.500000","expires_at":"2026-01-31T09:10:09.500000","seq":9,"input":{"command":"git push"}}"#;

#[test]
fn requests() {
    is::<OpenRequest>(REQUEST);
    is::<OpenRequest>(
        r#"{"request_id":"k3x9","room":"main","daemon_name":"claude","why":"input","task":"…","takes_message":false,"takes_answers":false,"is_held":false,"since":"2026-01-31T09:00:09.500000","expires_at":"2026-01-31T09:10:09.500000"}"#,
    );
    is::<RequestsAnswer>(&format!(r#"{{"requests":[{REQUEST}]}}"#));
    is::<RequestAnswer>(r#"{"decision":"deny","message":"not today"}"#);
    is::<RequestAnswer>(r#"{"decision":"allow","answers":{"Which colour?":"Red"}}"#);
    is_refused::<RequestAnswer>(r#"{"decision":"allow","always":true}"#);
    is::<RequestEnd>(
        r#"{"status":"success","message":"…","request_id":"k3x9","decision":"allow","by":"ada","via":"stage","waited_s":4.2,"is_repeated":true}"#,
    );
    for via in ["stage", "cli", "rule", "terminal", "expired", "withdrawn"] {
        is::<RequestEnd>(&format!(
            r#"{{"status":"success","message":"…","request_id":"k3x9","decision":"deny","via":"{via}","waited_s":0.5}}"#
        ));
    }
}

#[test]
fn daemons() {
    is::<DaemonCard>(CARD);
    is::<DaemonCard>(ABSENT);
    is::<DaemonsAnswer>(&format!(
        r#"{{"status":"success","message":"2 daemons","count":2,"daemons":[{CARD},{ABSENT}]}}"#
    ));
    is::<DaemonAnswer>(&format!(r#"{{"status":"success","message":"claude","daemon":{CARD}}}"#));
    is::<SeenAnswer>(r#"{"status":"seen","message":"…","room":"main","epoch":"9f3c01ab77de","seq":9}"#);
    is::<SeenAnswer>(r#"{"status":"already-seen","message":"…","room":"main","epoch":"9f3c01ab77de"}"#);
    is::<RosterAnswer>(
        r##"{"status":"success","message":"…","room":"main","epoch":"9f3c01ab77de","roster":{"seq":9,"after":0,"day_offset_minutes":60,"daemons":[{"daemon_name":"codex","color":"#10B981","doing":"waiting","present_since":"2026-01-31T09:00:00.000000","heard_at":"2026-01-31T09:00:09.500000","heard_seq":9,"last":"cargo test","last_seq":8,"calls":[{"call_id":"c1","task":"cargo test","since":"2026-01-31T09:00:08.000000","seq":8},{"task":"cargo doc","since":"2026-01-31T09:00:08.100000","seq":9,"beside":true}],"is_beginning":true,"waiting":[{"call_id":"c1","reason":"may I?","since":"2026-01-31T09:00:09.500000","seq":9,"request_id":"r1","expires_at":"2026-01-31T09:10:09.500000"}],"waiting_since":"2026-01-31T09:00:09.500000","failure":{"task":"cargo build","error":"exit 101","at":"2026-01-31T09:00:02.000000","seq":3},"session":{"invocations":1,"failures":1,"seconds":0.5,"waited_ms":0},"today":{"invocations":1,"failures":1,"seconds":0.5,"input_tokens":100,"output_tokens":5,"cost_usd":0.0125,"waited_ms":0},"day":20484,"all":{"invocations":3,"failures":1,"seconds":1.25,"waited_ms":1500}}]}}"##,
    );
    let sums = format!(
        r#"{{"invocations":1,"failures":0,"seconds":0.5,{SPENT},"waited_ms":3,"subagents":{{{SPENT}}}}}"#
    );
    let session = format!(
        r#"{{"id":"x","session":"s","parent_daemon":"claude","parent_agent_id":"y","host":"mill","project":"arcane","model":"m","context_tokens":10,"context_limit":100,"spent":{{{SPENT}}},"subagents":{{{SPENT}}},"since":"2026-01-31T09:00:00.000000","heard_at":"2026-01-31T09:00:01.000000","heard_seq":4}}"#
    );
    is::<Sums>(&sums);
    is::<SessionState>(&session);
    let card = CARD.trim_end_matches('}');
    is::<DaemonCard>(&format!(r#"{card},"sessions":[{session}],"today":{sums},"all":{sums}}}"#));
    is::<StatisticsAnswer>(&format!(
        r#"{{"status":"success","message":"…","active_daemons":1,"total_invocations":2,"failed_invocations":1,"total_execution_time":1.5,"daemons":[{CARD}],"window":"today","after":0,"sums":{{"invocations":1,"failures":0,"seconds":0.5,"cost_usd":0.0125,"waited_ms":0}},"figures":[{{"daemon_name":"claude","invocations":1,"failures":0,"seconds":0.5,"cost_usd":0.0125,"waited_ms":0}}]}}"#
    ));
}

#[test]
fn spells() {
    is::<DaemonRequest>(r#"{"daemon_name":"claude"}"#);
    is_refused::<DaemonRequest>(r#"{"daemon_name":"claude","model":"m"}"#);
    is::<InvokeRequest>(r#"{"daemon_name":"claude","task":"build","parameters":{"tries":3}}"#);
    becomes::<InvokeRequest>(
        r#"{"daemon_name":"claude","task":"build"}"#,
        r#"{"daemon_name":"claude","task":"build","parameters":{}}"#,
    );
    is_refused::<InvokeRequest>(r#"{"daemon_name":"claude","task":"build","parameter":{}}"#);
    is::<SpellRequest>(r#"{"spell":"summon claude"}"#);
    is::<CastAnswer>(&format!(
        r#"{{"status":"invoked","daemon":{CARD},"message":"✨","result":"done","execution_time":0.25,"seq":42}}"#
    ));
    is::<CastAnswer>(&format!(r#"{{"status":"banished","daemon":{ABSENT},"message":"✨","seq":43}}"#));
    is::<ParsedSpell>(SPELL);
    is::<ParseAnswer>(&format!(r#"{{"status":"parsed","spell":{SPELL}}}"#));
    for action in ["summon", "invoke", "banish", "query"] {
        is::<SpellAction>(&format!("\"{action}\""));
        is::<ExampleGroup>(&format!(r#"{{"action":"{action}","spells":["summon claude"]}}"#));
    }
    for kind in ["action", "daemon", "task", "parameter"] {
        is::<SpanKind>(&format!("\"{kind}\""));
        is::<Span>(&format!(r#"{{"kind":"{kind}","start":0,"end":6}}"#));
    }
    is::<DaemonAliases>(r#"{"daemon_name":"claude","aliases":["sage"]}"#);
    is::<ExamplesAnswer>(
        r#"{"status":"success","examples":[{"action":"summon","spells":["summon claude"]}],"daemons":[{"daemon_name":"claude","aliases":["sage"]}]}"#,
    );
    is::<VoiceRequest>(r#"{"daemon_name":"claude","text":"hello","event":null}"#);
    becomes::<VoiceRequest>(
        r#"{"daemon_name":"claude","event":"summon"}"#,
        r#"{"daemon_name":"claude","text":null,"event":"summon"}"#,
    );
    is::<VoiceAnswer>(r#"{"status":"spoken","message":"hello","audio_path":"/audio/a.mp3","seq":42}"#);
    is::<VoiceAnswer>(r#"{"status":"narrated","message":"hello","audio_path":null,"seq":42}"#);
}

#[test]
fn events() {
    is::<PublishEvent>(
        r#"{"spell_name":"invoke","daemon_name":"claude","timestamp":"2025-10-24T12:34:56.789","success":false,"description":"d","metadata":{"task":"build"}}"#,
    );
    becomes::<PublishEvent>(
        r#"{"spell_name":"reveal"}"#,
        r#"{"spell_name":"reveal","daemon_name":null,"timestamp":null,"success":null,"description":null,"metadata":null}"#,
    );
    is::<Published>(r#"{"seq":42}"#);
    is::<PublishAnswer>(
        r#"{"status":"published","room":"main","epoch":"9f3c01ab77de","ack":"logged","events":[{"seq":42},{"seq":43}]}"#,
    );
    is::<RecentAnswer>(&format!(
        r#"{{"status":"success","message":"1 event","count":1,"events":[{EVENT}]}}"#
    ));
    is::<HistoryAnswer>(&format!(
        r#"{{"room":"main","epoch":"9f3c01ab77de","oldest":1,"head":42,"events":[{EVENT}],"next":"9f3c01ab77de:42"}}"#
    ));
    is::<HistoryAnswer>(r#"{"room":"main","epoch":"e","oldest":1,"head":0,"events":[],"next":null}"#);
    is::<ActivityBucket>(r#"{"at":60000.0,"seq":7,"events":3,"failures":1,"by_spell":{"invoke":3}}"#);
    is::<ActivityAnswer>(
        r#"{"room":"main","epoch":"e","oldest":1,"head":0,"oldest_at":null,"head_at":null,"step_s":60,"buckets":[]}"#,
    );
    is::<PurgeAnswer>(r#"{"status":"purged","room":"main","epoch":"e","purged":20,"oldest":21,"head":42}"#);
}

#[test]
fn rooms_and_consumers() {
    is::<RoomCard>(ROOM);
    becomes::<RoomCard>(
        r#"{"room":"main","epoch":"e","seq":0,"subscribers":0,"history_size":0,"events_per_second":0.0}"#,
        r#"{"room":"main","epoch":"e","seq":0,"subscribers":0,"history_size":0,"oldest":0,"bytes":0,"lagging":0,"events_per_second":0.0}"#,
    );
    is::<RoomsAnswer>(&format!(r#"{{"status":"success","rooms":[{ROOM}]}}"#));
    is::<StatsAnswer>(&format!(
        r#"{{"status":"success","message":"…","subscribers":2,"history_size":40,"active":true,"rooms":[{ROOM}],"events_by_spell":{{"invoke":3}},"skipped_deliveries":1,"consumers":[{CONSUMER}]}}"#
    ));
    is::<ConsumerCard>(CONSUMER);
    is::<ConsumersAnswer>(&format!(r#"{{"status":"success","consumers":[{CONSUMER}]}}"#));
    is::<AckRequest>(r#"{"seq":7,"epoch":"e"}"#);
    is::<AckRequest>(r#"{"seq":7}"#);
    is_refused::<AckRequest>(r#"{"seq":7,"room":"main"}"#);
}

#[test]
fn operating() {
    is::<HealthAnswer>(r#"{"status":"healthy","version":"0.1.0","uptime_s":1.5,"subscribers":2}"#);
    is::<HealthAnswer>(
        r#"{"status":"healthy","version":"0.1.0","uptime_s":1.5,"subscribers":2,"otlp":{"address":"127.0.0.1:4318"}}"#,
    );
    is::<HealthAnswer>(
        r#"{"status":"healthy","version":"0.1.0","uptime_s":1.5,"subscribers":2,"log":{"addresses":["nats://10.0.0.1:4222"],"version":"2.15.1","connected":true,"replicas":3,"prefix":"arcane","node":"9f3c01ab77de0000","nodes":3,"synced":true}}"#,
    );
    is::<HealthAnswer>(
        r#"{"status":"healthy","version":"0.1.0","uptime_s":1.5,"subscribers":2,"demo":true}"#,
    );
    is::<LogServers>(
        r#"{"version":"2.14.6","connected":false,"replicas":1,"prefix":"lab","warning":"nats-server 2.14.6 keeps rooms"}"#,
    );
    is::<OtlpState>(r#"{"address":"127.0.0.1:4318","error":"Address already in use (os error 98)"}"#);
    is::<LoginAnswer>(r#"{"token":"a.b.c"}"#);
    is::<WhoAmIAnswer>(r#"{"subject":"anonymous","can":["subscribe","cast"],"rooms":["*"]}"#);
    is::<WhoAmIAnswer>(
        r#"{"subject":"wall","can":["subscribe"],"rooms":["main","team-*"],"filter":{"spell":["voice"]},"expires_at":"2026-01-02T03:04:05.000000"}"#,
    );
    is::<ReadyAnswer>(r#"{"ready":true}"#);
    is::<ReadyAnswer>(r#"{"ready":false,"reason":"the disk is full","clock":"the clock jumped"}"#);
    is::<FieldError>(r#"{"pointer":"/events/0","detail":"…"}"#);
    is::<Problem>(
        r##"{"type":"/docs#problem-invalid","title":"Unprocessable Entity","status":422,"detail":"…","errors":[{"pointer":"","detail":"…"}],"suggestions":["summon claude"]}"##,
    );
    is::<Problem>(r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"…"}"#);
}

#[test]
fn names_and_positions() {
    for name in ["summon", "invoke", "banish", "reveal", "parse", "voice"] {
        is::<SpellName>(&format!("\"{name}\""));
    }
    let names: BTreeSet<_> = SpellName::ALL.iter().map(|name| name.as_str()).collect();
    assert_eq!(names.len(), 6);
    is::<DaemonName>("\"codex-cli\"");
    is::<RoomName>("\"night.shift\"");
    is::<ConsumerName>("\"billing\"");
    is::<Epoch>("\"9f3c01ab77de\"");
    is::<Position>("\"9f3c01ab77de:42\"");
    is::<Timestamp>("\"2025-10-24T12:34:56.789000\"");
    is::<Rgb>("\"#8B5CF6\"");
    is::<Resume>(r#"{"recovered":true,"count":7}"#);
    for reason in ["expired", "epoch_changed", "ahead"] {
        is::<NotRecovered>(&format!("\"{reason}\""));
        is::<Resume>(&format!(r#"{{"recovered":false,"reason":"{reason}"}}"#));
    }
}

/// What else is said beside the messages that `wire.rs` names.
#[test]
fn ends_of_streams_and_late_paints() {
    is::<StreamClose>(r#"{"code":4409,"reason":"another reader took over"}"#);
    for reason in ["transport", "frame"] {
        is::<MissReason>(&format!("\"{reason}\""));
        is::<PaintSample>(&format!(
            r#"{{"seq":8,"painted_at":1.5,"late_ms":210.0,"missed":true,"reason":"{reason}"}}"#
        ));
    }
}

/// Clients decide by these numbers whether they come back.
#[test]
fn close_codes() {
    for (close, code, comes_back) in [
        (CloseCode::Normal, 1000, true),
        (CloseCode::GoingAway, 1001, true),
        (CloseCode::Protocol, 1002, true),
        (CloseCode::Unsupported, 1003, true),
        (CloseCode::NotUtf8, 1007, true),
        (CloseCode::ReplayComplete, 4000, false),
        (CloseCode::BadRequest, 4400, false),
        (CloseCode::NotAuthenticated, 4401, false),
        (CloseCode::Forbidden, 4403, false),
        (CloseCode::NoSuchRoom, 4404, false),
        (CloseCode::NoPong, 4408, false),
        (CloseCode::TakenOver, 4409, false),
        (CloseCode::TooLarge, 4413, false),
        (CloseCode::TooMany, 4429, false),
        (CloseCode::Draining, 4501, true),
    ] {
        assert_eq!((close.code(), is_reconnectable(close.code())), (code, comes_back), "{close:?}");
    }
}
