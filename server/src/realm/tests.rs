//! Spells end to end: what the caller hears and what the bus tells.

use arcane_shared::{ArcaneEvent, Metadata, SpellName};
use serde_json::{Value, json};

use super::*;
use crate::bus::Fault;
use crate::config::{BusConfig, ConduitKind, DaemonConfig, VoiceConfig};

fn name(text: &str) -> DaemonName {
    DaemonName::parse(text).unwrap()
}

async fn realm(config: RealmConfig) -> (Realm, ArcaneEventBus) {
    let bus = ArcaneEventBus::new(BusConfig::default());
    (Realm::new(bus.clone(), config).await.unwrap(), bus)
}

/// Spell, daemon, outcome, and the metadata under `key` of every event so far.
fn told(bus: &ArcaneEventBus, key: &str) -> Vec<(SpellName, bool, Value)> {
    let value = |event: &ArcaneEvent| event.metadata.get(key).cloned().unwrap_or_default();
    bus.recent_events(100).iter().map(|event| (event.spell_name, event.success, value(event))).collect()
}

#[tokio::test]
async fn a_life_in_the_realm() {
    let (realm, bus) = realm(RealmConfig::default()).await;
    let claude = name("claude");
    let summoned = realm.summon(&claude).await.unwrap();
    assert!(summoned.daemon.is_active);
    let invoked = realm.invoke(&claude, "say hello", Metadata::new()).await.unwrap();
    assert_eq!(invoked.result.as_deref(), Some("say hello"));
    assert!(invoked.execution_time.unwrap() >= 0.0);
    let banished = realm.banish(&claude).await.unwrap();
    assert!(!banished.daemon.is_active);
    assert_eq!(
        told(&bus, "event"),
        [
            (SpellName::Summon, true, Value::Null),
            (SpellName::Voice, true, json!("summon")),
            (SpellName::Invoke, true, Value::Null),
            (SpellName::Voice, true, json!("invoke")),
            (SpellName::Banish, true, Value::Null),
            (SpellName::Voice, true, json!("banish")),
        ]
    );
    let banish = bus.recent_events(2).remove(0);
    assert_eq!(banish.metadata["invocation_count"], 1);
    assert_eq!(banish.metadata["is_active"], false);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_an_event() {
    let (realm, bus) = realm(RealmConfig::default()).await;
    let claude = name("claude");
    let refused = realm.invoke(&claude, "anything", Metadata::new()).await.unwrap_err();
    assert_eq!(refused, SpellFailure::Refused(Refusal::NotHere(claude.clone())));
    let event = bus.recent_events(2).remove(0);
    assert_eq!((event.spell_name, event.success), (SpellName::Invoke, false));
    assert_eq!(event.metadata["execution_time"], 0.0);
    assert_eq!(event.metadata["sync"]["display_text"], "Rune destabilization detected");
    realm.summon(&claude).await.unwrap();
    assert_eq!(realm.summon(&claude).await.unwrap_err(), SpellFailure::Refused(Refusal::AlreadyHere(claude)));
}

#[tokio::test]
async fn narration_is_no_failure() {
    let (realm, bus) = realm(RealmConfig::default()).await;
    realm.summon(&name("claude")).await.unwrap();
    let voice = bus.recent_events(1).remove(0);
    assert_eq!((voice.spell_name, voice.success), (SpellName::Voice, true));
    assert_eq!(voice.metadata["narration"], true);
    assert_eq!(voice.metadata["sync"]["audio"], Value::Null);
    assert_eq!(voice.metadata["sync"]["invert"], false);
    assert_eq!(voice.metadata.get("error"), None);
}

#[tokio::test]
async fn a_broken_voice_engine_is_a_failure_with_its_error() {
    let voice = VoiceConfig {
        program: "/nowhere/voice".into(),
        args: vec![],
        suffix: "wav".into(),
        pass_env: vec![],
        timeout_s: 1,
    };
    let dir = tempfile::tempdir().unwrap();
    let (realm, bus) =
        realm(RealmConfig { voice: Some(voice), audio_dir: dir.path().into(), ..RealmConfig::default() })
            .await;
    let answer = realm.say(&name("claude"), "Hear me.", "speech").await.unwrap();
    assert_eq!((answer.status.as_str(), answer.audio_path), ("narrated", None));
    let event = bus.recent_events(1).remove(0);
    assert!(!event.success);
    assert!(event.text("error").unwrap().contains("/nowhere/voice"));
    assert!(event.description.starts_with("Hear me. [audio unavailable: "));
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_conduit_tells_of_its_beginning_and_its_end() {
    let config = DaemonConfig {
        conduit: ConduitKind::Command,
        program: Some("/bin/sh".into()),
        args: vec!["-c".into(), "read task; echo \"done: $task\"".into()],
        ..DaemonConfig::default()
    };
    let daemons = BTreeMap::from([(name("shell"), config)]);
    let (realm, bus) = realm(RealmConfig { daemons, ..RealmConfig::default() }).await;
    realm.summon(&name("shell")).await.unwrap();
    let answer = realm.invoke(&name("shell"), "sweep", Metadata::new()).await.unwrap();
    assert_eq!(answer.result.as_deref(), Some("done: sweep\n"));
    let events = bus.recent_events(3);
    assert_eq!(events[0].text("query_type"), Some("progress"));
    assert_eq!(events[0].metadata["call_id"], events[1].metadata["call_id"]);
    assert_eq!(events[1].text("conduit"), Some("command"));
    assert_eq!(events[1].metadata.get("output"), None, "output is private unless captured");
}

#[tokio::test]
async fn looking_is_an_event_but_not_each_time() {
    let (realm, bus) = realm(RealmConfig::default()).await;
    assert_eq!(realm.daemons(false, Look::Told).await.len(), 3);
    realm.daemons(false, Look::Told).await;
    assert_eq!(realm.daemons(true, Look::Told).await.len(), 0);
    assert!(realm.daemon(&name("nobody"), Look::Told).await.is_none());
    assert_eq!(
        told(&bus, "query_type"),
        [(SpellName::Reveal, true, json!("all")), (SpellName::Reveal, true, json!("active"))]
    );
}

#[tokio::test]
async fn parsing_is_an_event() {
    let (realm, bus) = realm(RealmConfig::default()).await;
    realm.parse("summon claude").unwrap();
    realm.parse("flibbertigibbet").unwrap_err();
    assert_eq!(
        told(&bus, "parsed_action"),
        [(SpellName::Parse, true, json!("summon")), (SpellName::Parse, false, json!("unknown"))]
    );
}

/// A realm whose log is full: another program holds the database, and as much waits as may wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_did_not_take_did_not_happen() {
    let dir = tempfile::tempdir().unwrap();
    let log = crate::log::sqlite::SqliteLog::open(dir.path(), Default::default()).unwrap();
    let bus = ArcaneEventBus::with_log(BusConfig::default(), Arc::new(log)).await.unwrap();
    let config = DaemonConfig {
        conduit: ConduitKind::Command,
        program: Some("/bin/sh".into()),
        args: vec!["-c".into(), format!("touch {}", dir.path().join("it-ran").display())],
        ..DaemonConfig::default()
    };
    let daemons = BTreeMap::from([(name("shell"), config)]);
    let realm = Realm::new(bus.clone(), RealmConfig { daemons, ..RealmConfig::default() }).await.unwrap();
    for daemon in ["gemini", "shell"] {
        realm.summon(&name(daemon)).await.unwrap();
    }
    let before = (realm.daemons(false, Look::Told).await, bus.recent_events(100).len());

    let other = rusqlite::Connection::open(dir.path().join(crate::log::sqlite::EVENTS_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let task = "x".repeat(60_000);
    let busy = loop {
        match bus.emit_invoke(&name("noise"), &task, 0.0, Emit::default()) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let EmitError::Log(fault) = busy else { panic!("{busy}") };
    assert!(matches!(fault.fault, Fault::Busy | Fault::Locked), "{fault}");
    let not_told = |result: Result<CastAnswer, SpellFailure>| {
        assert!(matches!(result, Err(SpellFailure::NotEmitted(EmitError::Log(_)))), "{result:?}");
    };
    not_told(realm.summon(&name("claude")).await);
    not_told(realm.banish(&name("gemini")).await);
    not_told(realm.invoke(&name("shell"), "anything", Metadata::new()).await);
    assert!(realm.forget(&name("claude")).await.is_err());
    assert!(!dir.path().join("it-ran").exists(), "work that cannot be told of does not begin");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);

    let settled = async {
        loop {
            match realm.summon(&name("claude")).await {
                Ok(_) => return,
                Err(SpellFailure::NotEmitted(_)) => tokio::task::yield_now().await,
                Err(failure) => panic!("it is not here yet: {failure}"),
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), settled).await.expect("the log goes on");
    realm.banish(&name("claude")).await.unwrap();
    assert_eq!(realm.daemons(false, Look::Told).await, before.0, "what was refused has left no trace");
}

#[tokio::test]
async fn a_forgotten_daemon_is_unknown_and_an_event_tells_of_it() {
    let (realm, bus) = realm(RealmConfig::default()).await;
    let codex = name("codex");
    assert!(!realm.forget(&codex).await.unwrap(), "it was never heard of");
    realm.summon(&codex).await.unwrap();
    let refused = realm.forget(&codex).await.unwrap_err();
    assert_eq!(refused, SpellFailure::Refused(Refusal::StillHere(codex.clone())));
    realm.banish(&codex).await.unwrap();
    assert!(realm.forget(&codex).await.unwrap());
    let event = bus.recent_events(1).remove(0);
    assert_eq!(
        (event.spell_name, event.success, event.text("query_type")),
        (SpellName::Reveal, true, Some("forget"))
    );
    assert!(realm.daemon(&codex, Look::Told).await.is_none());
}

#[tokio::test]
async fn a_full_realm_takes_a_new_daemon_for_one_that_is_gone() {
    let (realm, bus) = realm(RealmConfig { daemons_max: 4, ..RealmConfig::default() }).await;
    realm.summon(&name("codex")).await.unwrap();
    let refused = realm.summon(&name("aider")).await.unwrap_err();
    assert_eq!(refused, SpellFailure::Refused(Refusal::TooMany(4)));
    realm.banish(&name("codex")).await.unwrap();
    realm.summon(&name("aider")).await.unwrap();
    let told = realm.daemon(&name("codex"), Look::Told).await.unwrap();
    assert!(told.published && !told.is_active, "only its events tell of it");
    let kept = bus.log().recall("daemon/").await.unwrap();
    assert_eq!(kept.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["daemon/aider"]);
}
