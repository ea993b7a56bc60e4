//! The bus as the seed's own test uses it, and what the seed got wrong.

mod rooms;
mod roster;

use arcane_shared::{NotRecovered, Resume};

use super::*;
use crate::event::GapReason;
use crate::intake;
use crate::log::Record;
use crate::log::retention::Retention;
use crate::realm::Emit;

fn bus() -> ArcaneEventBus {
    ArcaneEventBus::new(BusConfig::default())
}

fn claude() -> DaemonName {
    DaemonName::parse("claude").unwrap()
}

async fn next(subscription: &mut Subscription) -> ArcaneEvent {
    match subscription.next().await {
        Delivery::Event(frame) => frame.event(),
        Delivery::Gap(gap) => panic!("{gap:?}"),
        Delivery::Over => panic!("it is over"),
    }
}

#[tokio::test]
async fn the_seeds_own_test() {
    let bus = bus();
    let mut queue = bus.subscribe();
    bus.emit_summon(&claude(), Emit::default()).unwrap();
    let event = next(&mut queue).await;
    assert_eq!(event.spell_name, SpellName::Summon);
    assert_eq!(event.daemon_name, Some(claude()));
    assert!(event.success);
    assert_eq!(event.text("color"), Some("#8B5CF6"));
    assert_eq!(bus.subscriber_count(), 1);
    drop(queue);
    assert_eq!(bus.subscriber_count(), 0, "gone at once, not at the next event");
}

#[tokio::test]
async fn all_six_helpers_arrive_in_order_with_the_seeds_fields() {
    let bus = bus();
    let mut queue = bus.subscribe();
    bus.emit_summon(&claude(), Emit::default()).unwrap();
    bus.emit_invoke(&claude(), "analyze code", 0.5, Emit::default()).unwrap();
    bus.emit_banish(&claude(), 5, 2.5, Emit::default()).unwrap();
    bus.emit_reveal(Some(&claude()), true, Emit::default()).unwrap();
    bus.emit_parse("summon claude", true, Some("summon"), Some(&claude())).unwrap();
    bus.emit_voice(&claude(), "Claude speaks", Emit::default()).unwrap();
    for (index, spell) in [
        SpellName::Summon,
        SpellName::Invoke,
        SpellName::Banish,
        SpellName::Reveal,
        SpellName::Parse,
        SpellName::Voice,
    ]
    .into_iter()
    .enumerate()
    {
        let event = next(&mut queue).await;
        assert_eq!((event.spell_name, event.seq), (spell, Some(index as u64 + 1)));
        assert!(event.metadata["sync"]["emitted_at"].as_f64().unwrap() > 1.0e12);
    }
}

#[tokio::test]
async fn history_keeps_the_latest_hundred() {
    let bus = bus();
    for n in 0..250 {
        bus.emit_invoke(&claude(), &n.to_string(), 0.0, Emit::default()).unwrap();
    }
    let tasks: Vec<_> =
        bus.recent_events(1000).iter().map(|event| event.text("task").unwrap().to_owned()).collect();
    assert_eq!(tasks, (150..250).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(bus.history_len(), 100);
}

#[tokio::test]
async fn a_reader_that_falls_behind_the_ring_learns_what_it_missed() {
    let retention = Retention { events_max: 100, ..Retention::default() };
    let bus = ArcaneEventBus::new(BusConfig {
        ring_frames: 50,
        history_size: 1,
        retention,
        ..BusConfig::default()
    });
    let mut queue = bus.subscribe();
    for _ in 0..131 {
        bus.emit_summon(&claude(), Emit::default()).unwrap();
    }
    queue.ready().await;
    assert_eq!(bus.lagging(), 1);
    let batch = queue.take(64, usize::MAX);
    assert_eq!(batch.lagging, Some(131));
    let (gap, reason) = batch.gap.unwrap();
    assert_eq!((gap.from, reason), (1, GapReason::Expired));
    assert_eq!(batch.frames[0].seq(), gap.to + 1);
    assert!((30..=31).contains(&gap.to), "{gap:?}");
    assert_eq!(bus.skipped(), gap.to);
    let mut last = batch.seq;
    let mut caught_up = batch.caught_up;
    while last < 131 {
        queue.ready().await;
        let batch = queue.take(10, usize::MAX);
        assert!(batch.frames.iter().map(|frame| frame.seq()).eq(last + 1..=batch.seq), "{batch:?}");
        last = batch.seq;
        caught_up = caught_up.or(batch.caught_up);
    }
    assert!(caught_up.is_some());
    assert_eq!(bus.lagging(), 0);
}

#[tokio::test]
async fn a_reader_goes_on_after_any_position() {
    let bus = ArcaneEventBus::new(BusConfig { ring_frames: 10, history_size: 1, ..BusConfig::default() });
    for _ in 0..40 {
        bus.emit_summon(&claude(), Emit::default()).unwrap();
    }
    for seq in 0..=40 {
        let since = Since { epoch: None, seq };
        let start = Start::Since(since, 10);
        let mut reader = bus.subscribe_to(&bus.default_room(), EventFilter::default(), start);
        assert_eq!(reader.resume(), Some(Resume::recovered(40 - seq)));
        let mut got = Vec::new();
        while got.len() < usize::try_from(40 - seq).unwrap() {
            got.push(next(&mut reader).await.seq.unwrap());
        }
        assert_eq!(got, (seq + 1..=40).collect::<Vec<_>>());
    }
    let ahead = Start::Since(Since { epoch: None, seq: 41 }, 3);
    let mut reader = bus.subscribe_to(&bus.default_room(), EventFilter::default(), ahead);
    assert_eq!(reader.resume(), Some(Resume::refused(NotRecovered::Ahead)));
    assert_eq!(reader.take_recent().len(), 1, "as without since: memory has one for newcomers");
}

#[tokio::test]
async fn a_replay_keeps_the_pace_and_ends() {
    let bus = bus();
    for _ in 0..3 {
        bus.emit_summon(&claude(), Emit::default()).unwrap();
    }
    let start = Start::Replay { after: 1, speed: Speed::default() };
    let mut reader = bus.subscribe_to(&bus.default_room(), EventFilter::default(), start);
    bus.emit_summon(&claude(), Emit::default()).unwrap();
    let mut got = Vec::new();
    loop {
        reader.ready().await;
        let batch = reader.take(64, usize::MAX);
        got.extend(batch.frames.iter().map(|frame| frame.seq()));
        if batch.ended {
            break;
        }
    }
    assert_eq!(got, [2, 3], "up to what was the latest when it began");
}

#[tokio::test]
async fn what_is_too_large_takes_no_number() {
    let bus = bus();
    let refused = bus.emit_invoke(&claude(), &"x".repeat(70_000), 0.0, Emit::default());
    assert!(matches!(refused, Err(EmitError::TooLarge(_))));
    let frame = bus.emit_summon(&claude(), Emit::default()).unwrap();
    assert_eq!(frame.run().unwrap().first, 1);
}

#[test]
fn many_publishers_make_one_order_without_holes() {
    let bus = bus();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    bus.emit_summon(&claude(), Emit::default()).unwrap();
                }
            });
        }
    });
    let mut reader = bus.subscribe_to(&bus.default_room(), EventFilter::default(), Start::Recent(100));
    let recent: Vec<_> = reader.take_recent().iter().map(|frame| frame.seq()).collect();
    assert_eq!(recent, (901..=1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_consumer_is_behind_by_what_it_would_be_sent() {
    let bus = bus();
    let main = RoomName::default();
    for _ in 0..5 {
        bus.emit_summon(&claude(), Emit::default()).unwrap();
    }
    let epoch = bus.epoch(&main).unwrap();
    let kept = |room: &str, name: &str, epoch: &str, seq: u64| {
        Record::keep(format!("consumer/{room}/{name}"), format!("{epoch}:{seq} 0"))
    };
    let records = vec![
        kept("main", "behind", &epoch.0, 3),
        kept("main", "ahead", &epoch.0, 9),
        kept("main", "foreign", "000000000000", 3),
        kept("main", "foreign-and-ahead", "000000000000", 900),
        kept("nowhere", "lost", "000000000000", 3),
    ];
    bus.log().remember(records).unwrap();
    let consumers = Consumers::recall(Arc::clone(bus.log())).await.unwrap();
    let cards = consumers.cards(|room| bus.room_info(room).ok());
    assert_eq!(
        cards.iter().map(|card| (card.consumer.as_str(), card.lag)).collect::<Vec<_>>(),
        [("ahead", 5), ("behind", 2), ("foreign", 5), ("foreign-and-ahead", 5), ("lost", 0)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_log_does_not_take_is_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(crate::log::sqlite::SqliteLog::open(dir.path(), Retention::default()).unwrap());
    let (main, name) = (RoomName::default(), arcane_shared::ConsumerName::parse("billing").unwrap());
    let (log, nobody) = (open(), || Box::new(|| {}));
    let bus = ArcaneEventBus::with_log(BusConfig::default(), log.clone()).await.unwrap();
    for _ in 0..3 {
        bus.emit_summon(&claude(), Emit::default()).unwrap().logged().await.unwrap();
    }
    let epoch = bus.epoch(&main).unwrap();
    let begin = arcane_shared::Position { epoch: epoch.clone(), seq: 0 };
    let room = bus.default_room();
    let attach = |name| bus.consumers().attach(&room, name, &begin, || bus.room_info(&main), nobody());
    attach(&name).await.unwrap();
    let ack = |seq| bus.consumers().ack(&main, &name, &epoch, seq, 3);
    let kept = || bus.consumers().cards(|room| bus.room_info(room).ok())[0].seq;
    ack(1).await.unwrap();

    // Another program holds the database, and as much waits as may.
    let other = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    other.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let refused = bus.emit_summon(&claude(), Emit::default()).unwrap().logged().await.unwrap_err();
    assert_eq!(refused.fault, crate::log::Fault::Locked);
    ack(2).await.unwrap();
    let filled = (0..).find(|n| log.remember(vec![Record::keep(format!("filler/{n}"), "")]).is_err());
    assert!(filled.unwrap() >= 99_999, "{filled:?}");
    ack(3).await.unwrap();
    assert!(
        matches!(bus.consumers().delete(&main, &name).await, Ok(())),
        "what waits for this key is replaced"
    );
    let other_name = arcane_shared::ConsumerName::parse("shipping").unwrap();
    assert!(matches!(attach(&other_name).await, Err(ConsumerError::Log(_))));
    assert!(
        matches!(bus.consumers().delete(&main, &other_name).await, Err(ConsumerError::Unknown(_))),
        "nothing half done"
    );
    attach(&name).await.unwrap();
    assert_eq!(kept(), 0);
    other.execute_batch("ROLLBACK").unwrap();
    let waiting = std::time::Instant::now();
    while attach(&other_name).await.is_err() {
        assert!(waiting.elapsed() < std::time::Duration::from_secs(20), "it goes on by itself");
        std::thread::yield_now();
    }
    ack(2).await.unwrap();
    log.close(std::time::Duration::ZERO).await;
    assert!(matches!(ack(3).await, Err(ConsumerError::Log(_))), "what ended takes nothing more");
    assert_eq!(kept(), 2);
    drop((bus, room, log));
    let bus = ArcaneEventBus::with_log(BusConfig::default(), open()).await.unwrap();
    let cards = bus.consumers().cards(|room| bus.room_info(room).ok());
    assert_eq!(
        cards.iter().map(|card| (card.consumer.as_str(), card.seq)).collect::<Vec<_>>(),
        [("billing", 2), ("shipping", 0)]
    );
    assert_eq!(bus.log().recall("filler/").await.unwrap().len() as u64, filled.unwrap(), "nothing is lost");
}
