//! What every event pays for: `cargo bench -p arcane-server`.
//!
//! Only ratios within one run mean something: machines differ, and so do days.

use std::hint::black_box;
use std::time::Instant;

use arcane_server::bus::ArcaneEventBus;
use arcane_server::config::BusConfig;
use arcane_server::gate::Pass;
use arcane_server::ws::deflate::{Cohort, alone};
use arcane_server::ws::publish::{Rooms, publish};
use arcane_shared::{ArcaneEvent, DaemonName, EventFilter, Metadata, RoomName, SpellName, Timestamp};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn bus() -> ArcaneEventBus {
    ArcaneEventBus::new(BusConfig::default())
}

fn event(number: u64) -> ArcaneEvent {
    let mut metadata = Metadata::new();
    metadata.insert("task".into(), format!("review pull request {number}").into());
    metadata.insert("execution_time".into(), json!(0.456));
    metadata.insert("parameters".into(), json!({}));
    metadata.insert("invocation_number".into(), number.into());
    ArcaneEvent {
        spell_name: SpellName::Invoke,
        daemon_name: DaemonName::parse("claude").ok(),
        timestamp: Timestamp::from_unix_micros(1_761_309_310_123_000),
        success: true,
        description: "✨ The runes shimmer! CLAUDE completes the task with flawless logic. ✨".into(),
        metadata,
        seq: None,
        room: None,
    }
}

/// From values to a numbered frame in the ring.
fn emit(c: &mut Criterion) {
    let bus = bus();
    let mut group = c.benchmark_group("emit");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one event", |b| {
        b.iter_batched(|| event(1), |event| bus.emit(event), criterion::BatchSize::SmallInput);
    });
    group.finish();
}

/// From a client's JSON to frames in the ring.
fn ingest(c: &mut Criterion) {
    let bus = bus();
    let events: Vec<_> = (0..100).map(event).collect();
    let message = json!({"type": "publish", "events": events}).to_string();
    let mut group = c.benchmark_group("ingest");
    group.throughput(Throughput::Elements(100));
    let pass = Pass::anonymous();
    group.bench_function("a message of 100 events", |b| {
        let rooms = Rooms { pass: &pass, own: &bus.default_room(), named: None };
        b.iter(|| publish(&bus, rooms, black_box(&message)));
    });
    group.finish();
}

/// From publishing to the task of a reader that waits, with others beside it.
fn wake(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let Ok(runtime) = runtime else { return };
    let mut group = c.benchmark_group("wake");
    for readers in [1_usize, 100] {
        group.throughput(Throughput::Elements(readers as u64));
        group.bench_function(format!("{readers} subscriptions"), |b| {
            b.to_async(&runtime).iter_custom(|rounds| async move {
                let bus = bus();
                let mut waiting: Vec<_> = (0..readers).map(|_| bus.subscribe()).collect();
                let began = Instant::now();
                for _ in 0..rounds {
                    let ready = futures_util::future::join_all(waiting.iter_mut().map(|one| one.ready()));
                    let (_, emitted) = tokio::join!(ready, async { bus.emit(event(1)) });
                    black_box(emitted.is_ok());
                    for one in &mut waiting {
                        black_box(one.take(64, usize::MAX));
                    }
                }
                began.elapsed()
            });
        });
    }
    group.finish();
}

/// One event's JSON, once for all readers.
fn deflate(c: &mut Criterion) {
    let bus = bus();
    (0..64).for_each(|number| drop(bus.emit(event(number))));
    let frames = bus.recent(&RoomName::default(), 64, &EventFilter::default()).unwrap_or_default();
    let mut group = c.benchmark_group("deflate");
    group.throughput(Throughput::Elements(1));
    let mut cohort = Cohort::new();
    let mut next = frames.iter().cycle();
    group.bench_function("with the cohort's window", |b| {
        b.iter(|| next.next().map(|frame| cohort.frame(black_box(frame.json()), Instant::now())));
    });
    group.bench_function("alone", |b| {
        b.iter(|| next.next().map(|frame| alone(black_box(frame.json()))));
    });
    group.finish();
}

criterion_group!(hot_paths, emit, ingest, wake, deflate);
criterion_main!(hot_paths);
