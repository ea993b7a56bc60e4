//! Rooms: separate, bounded, opened, closed and deleted.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn rooms_are_separate_and_bounded() {
    let bus = ArcaneEventBus::new(BusConfig { rooms_max: 3, ..BusConfig::default() });
    let name = |text: &str| RoomName::parse(text).unwrap();
    let now = |room: &HeldRoom| bus.subscribe_to(room, EventFilter::default(), Start::Recent(0));
    let mut lab = now(&bus.open_room(&name("lab")).await.unwrap());
    bus.emit_summon(&claude(), Emit::default()).unwrap();
    let mut event = bus.recent_events(1).remove(0);
    event.room = Some(name("lab"));
    bus.emit(event).unwrap();
    let got = next(&mut lab).await;
    assert_eq!((got.seq, got.room.unwrap().as_str()), (Some(1), "lab"));

    // An unused room gives way to a new one, a used one does not.
    drop(now(&bus.open_room(&name("unused")).await.unwrap()));
    let kept = now(&bus.open_room(&name("fourth")).await.unwrap());
    let refused = bus.open_room(&name("fifth")).await.unwrap_err();
    assert_eq!(refused, NoSuchRoom::TooMany { name: "fifth".into(), max: 3 });
    assert!(bus.room_info(&name("unused")).is_err(), "nothing happened in it: it is forgotten");
    drop(kept);
}

fn in_room(room: &str, task: &str) -> ArcaneEvent {
    let other = bus();
    other.emit_invoke(&claude(), task, 0.0, Emit::default()).unwrap();
    ArcaneEvent { room: RoomName::parse(room).ok(), seq: None, ..other.recent_events(1).remove(0) }
}

#[tokio::test]
async fn a_room_that_nobody_uses_leaves_memory_and_comes_back_whole() {
    let bus = ArcaneEventBus::new(BusConfig { rooms_max: 2, ..BusConfig::default() });
    let name = |n: u32| RoomName::parse(&format!("room-{n}")).unwrap();
    for n in 0..19 {
        assert_eq!(bus.emit(in_room(&format!("room-{n}"), "first")).unwrap().run().unwrap().first, 1);
    }
    assert_eq!(bus.open_room_cards().len(), 2, "memory is bounded");
    assert_eq!(bus.room_cards().len(), 20, "the log keeps the rest");
    assert!(matches!(
        bus.emit(in_room("room-20", "first")),
        Err(EmitError::NoSuchRoom(NoSuchRoom::TooManyKept { .. }))
    ));
    let epoch = bus.room_info(&name(3)).unwrap().epoch;
    let _held = bus.open_known_room(&name(3)).await.unwrap();
    assert_eq!(
        bus.emit(in_room("room-3", "second")).unwrap().run().unwrap().first,
        2,
        "it goes on where it was"
    );
    assert_eq!(bus.recent(&name(3), 9, &EventFilter::default()).unwrap().len(), 2);
    assert_eq!(bus.room_info(&name(3)).unwrap().epoch, epoch);
}

#[tokio::test]
async fn a_room_rests_when_nobody_has_used_it_for_a_while_and_comes_back_whole() {
    let bus = ArcaneEventBus::new(BusConfig::default());
    let name = |n: u32| RoomName::parse(&format!("room-{n}")).unwrap();
    for n in 1..=3 {
        bus.emit(in_room(&format!("room-{n}"), "first")).unwrap();
    }
    assert_eq!(bus.let_rest(Duration::from_mins(5)), 0, "something happened a moment ago");
    let held = bus.open_room(&name(1)).await.unwrap();
    let read =
        bus.subscribe_to(&bus.open_room(&name(2)).await.unwrap(), EventFilter::default(), Start::Recent(0));
    assert_eq!(bus.let_rest(Duration::ZERO), 1, "one is held, one is read, and the default room stays");
    assert_eq!(bus.open_room_cards().len(), 3);
    drop((held, read));
    assert_eq!(bus.let_rest(Duration::ZERO), 2);
    assert_eq!(bus.room_cards().len(), 4, "the log has them all");
    assert_eq!(bus.emit(in_room("room-3", "second")).unwrap().run().unwrap().first, 2);
    assert_eq!(bus.recent(&name(3), 9, &EventFilter::default()).unwrap().len(), 2);
}

#[test]
fn a_room_that_no_publisher_can_open_is_not_said_to_open_with_one() {
    let rooms = Some(vec![RoomName::parse("lab").unwrap()]);
    let bus = ArcaneEventBus::new(BusConfig { rooms, ..BusConfig::default() });
    let other = RoomName::parse("other").unwrap();
    let none = NoSuchRoom::NotConfigured("other".into());
    assert_eq!(bus.room_info(&other), Err(none.clone()));
    assert_eq!(bus.recent(&other, 1, &EventFilter::default()).unwrap_err(), none);
    assert_eq!(bus.emit(in_room("other", "x")).unwrap_err(), EmitError::NoSuchRoom(none));
}

#[tokio::test]
async fn a_closed_room_is_gone_with_all_that_was_kept_of_it() {
    let bus = bus();
    let lab = RoomName::parse("lab").unwrap();
    let key = Some(Key::new("k", 0, b"content"));
    let submission = Submission { key, ..Submission::default() };
    let held = bus.open_room(&lab).await.unwrap();
    intake::submit(&bus, &held, vec![in_room("lab", "x").into()], submission).unwrap();
    drop(held);
    let other = ArcaneEvent { daemon_name: DaemonName::parse("codex").ok(), ..in_room("lab", "y") };
    bus.emit(other).unwrap();
    let before = bus.room_info(&lab).unwrap();
    let reader =
        bus.subscribe_to(&bus.open_room(&lab).await.unwrap(), EventFilter::default(), Start::Recent(0));
    let in_use = CannotClose::InUse { name: "lab".into(), subscribers: 1 };
    assert_eq!(bus.close_room(&lab).await, Err(in_use));
    drop(reader);
    bus.close_room(&lab).await.unwrap();
    assert_eq!(bus.close_room(&lab).await, Err(CannotClose::Unknown("lab".into())));
    assert_eq!(bus.close_room(&RoomName::default()).await, Err(CannotClose::Permanent("main".into())));
    for prefix in ["key/lab/", "color/lab/", "consumer/lab/"] {
        assert_eq!(bus.log().recall(prefix).await.unwrap(), [], "{prefix}");
    }
    assert_eq!(bus.room_cards().len(), 1);
    assert_eq!(bus.emit(in_room("lab", "again")).unwrap().run().unwrap().first, 1);
    assert_ne!(bus.room_info(&lab).unwrap().epoch, before.epoch);
}

#[tokio::test]
async fn what_a_run_let_go_of_and_did_not_delete_the_next_one_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(crate::log::sqlite::SqliteLog::open(dir.path(), Retention::default()).unwrap());
    let log = open();
    let bus = ArcaneEventBus::with_log(BusConfig::default(), log.clone()).await.unwrap();
    for _ in 0..5 {
        bus.emit_summon(&claude(), Emit::default()).unwrap().logged().await.unwrap();
    }
    log.close(std::time::Duration::from_secs(5)).await;
    drop((bus, log));
    // As a kill leaves it: readers were told that everything is gone, and its rows are there.
    let file = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    file.execute("UPDATE rooms SET first = 6", []).unwrap();
    let log = open();
    let began = std::time::Instant::now();
    let rows = || file.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).unwrap();
    while rows() > 0 || log.room(&RoomName::default()).unwrap().bytes > 0 {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{} rows are left", rows());
        tokio::task::yield_now().await;
    }
    let main = log.room(&RoomName::default()).unwrap();
    assert_eq!((main.first, main.head), (6, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_being_deleted_is_as_it_was_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(crate::log::sqlite::SqliteLog::open(dir.path(), Retention::default()).unwrap());
    let bus = ArcaneEventBus::with_log(BusConfig::default(), log).await.unwrap();
    let name = |n: u32| RoomName::parse(&format!("room-{n}")).unwrap();
    for n in 0..50 {
        let held = bus.open_room(&name(n)).await.unwrap();
        let draft = vec![in_room(&format!("room-{n}"), "x").into()];
        intake::submit(&bus, &held, draft, Submission::default()).unwrap().logged().await.unwrap();
    }
    let looking = bus.clone();
    let looks = std::thread::spawn(move || {
        while looking.room_cards().len() > 1 {
            for card in looking.room_cards() {
                assert!(card.oldest <= card.seq + 1, "{card:?}");
            }
        }
    });
    for n in 0..50 {
        // A look holds the rooms of memory for a moment.
        while matches!(bus.close_room(&name(n)).await, Err(CannotClose::InUse { .. })) {}
    }
    looks.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_can_be_closed_as_soon_as_its_publisher_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(crate::log::sqlite::SqliteLog::open(dir.path(), Retention::default()).unwrap());
    let bus = ArcaneEventBus::with_log(BusConfig::default(), log).await.unwrap();
    let lab = RoomName::parse("lab").unwrap();
    for n in 0..300 {
        let mut emitted = {
            let held = bus.open_room(&lab).await.unwrap();
            intake::submit(&bus, &held, vec![in_room("lab", "x").into()], Submission::default()).unwrap()
        };
        emitted.logged().await.unwrap();
        assert_eq!(bus.close_room(&lab).await, Ok(()), "the log still holds room {n}");
    }
}
