//! Rooms that are opened before a run, and what they cost a server while nothing happens in them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::json;

use crate::http;
use crate::load::metric::{Figures, Metric};
use crate::load::options::room;
use crate::load::usage::{self, Usage};

/// How many rooms are opened at a time.
const AT_A_TIME: usize = 8;
/// How long opening one may take.
const OPENING_MAX: Duration = Duration::from_secs(60);
/// Pause before it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long servers have, after rooms were opened, to come to rest.
const REST: Duration = Duration::from_secs(5);

/// Publishes an event to each of so many rooms.
pub(crate) fn open(port: u16, rooms: usize) -> Result<()> {
    let next = AtomicUsize::new(0);
    let publish = || -> Result<()> {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= rooms {
                return Ok(());
            }
            open_one(port, n)?;
        }
    };
    thread::scope(|scope| {
        let opening: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(publish)).collect();
        opening.into_iter().try_for_each(|it| it.join().map_err(|_| anyhow!("opening rooms broke down"))?)
    })
}

/// Publishes an event to a room, again where servers that make many streams at once do not answer in time.
fn open_one(port: u16, n: usize) -> Result<()> {
    let path = format!("/events?room={}", room(n));
    let began = Instant::now();
    loop {
        match http::post(port, &path, &json!({ "spell_name": "reveal" })) {
            Ok(_) => return Ok(()),
            Err(error) if began.elapsed() > OPENING_MAX => {
                // The headers of the answer are of no use.
                let error = format!("{error:#}");
                bail!("room {n} could not be opened: {}", error.lines().next().unwrap_or_default());
            }
            Err(_) => thread::sleep(AGAIN_AFTER),
        }
    }
}

/// A server, and what its figures are called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Idle {
    pub(crate) pid: u32,
    pub(crate) memory: Metric,
    pub(crate) cpu: Metric,
}

/// What some servers use while nothing happens.
fn use_of(idle: &[Idle], time: Duration) -> Option<Vec<(f64, Usage)>> {
    let look = || idle.iter().map(|one| usage::settled(Some(one.pid))).collect::<Option<Vec<_>>>();
    let (began, before) = (Instant::now(), look()?);
    thread::sleep(time);
    let (after, took) = (look()?, began.elapsed().as_secs_f64());
    Some(before.into_iter().zip(after).map(|(then, now)| ((now.cpu_s - then.cpu_s) / took, now)).collect())
}

/// Opens rooms at a server, and gives by how much some servers use more than before.
pub(crate) fn cost(port: u16, rooms: usize, idle: &[Idle], time: Duration) -> Result<Figures> {
    const MISSING: &str = "this system does not say what processes use";
    let before = use_of(idle, time).context(MISSING)?;
    open(port, rooms)?;
    thread::sleep(REST);
    let after = use_of(idle, time).context(MISSING)?;
    let mut figures = Figures::new();
    for ((one, (cpu_before, then)), (cpu, now)) in idle.iter().zip(before).zip(after) {
        figures.insert(one.memory, (now.rss_kib - then.rss_kib) / 1024.0);
        figures.insert(one.cpu, (cpu - cpu_before) * 100.0);
    }
    Ok(figures)
}
