//! Pages, searches and activity over a million events: `cargo bench -p arcane-server --bench history`.
//!
//! A table instead of a harness: what counts is a question that has not just been asked, so each of its repetitions
//! is another one (another page, daemon or word), and what the worst of them take.

#![expect(clippy::print_stdout, reason = "the table is the result")]

mod log;
mod questions;

use std::time::{Duration, Instant};

use anyhow::Context;
use arcane_server::log::history::HistoryQuery;
use arcane_server::log::history::Order;
use arcane_server::log::sqlite::index::{Index, IndexError};
use arcane_shared::EventFilter;

use crate::log::{EVENTS, Log, ROOM};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// New events, while as many old ones go.
const TURNOVER: u64 = 200_000;
/// What the thread collects at most before it goes on.
const COLLECTED: u64 = 2_000;

fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let began = Instant::now();
    let mut log = Log::create(dir.path())?;
    log.append(EVENTS)?;
    println!("{EVENTS} events written in {:.1} s", began.elapsed().as_secs_f64());

    let began = Instant::now();
    let index = Index::open(dir.path())?;
    catch_up(&index)?;
    println!("indexed in {:.1} s", began.elapsed().as_secs_f64());
    sizes(dir.path())?;
    questions::table(&index, &log)?;

    let began = Instant::now();
    for _ in 0..TURNOVER / COLLECTED {
        log.append(COLLECTED)?;
        log.purge(COLLECTED)?;
        index.wake(COLLECTED);
        catch_up(&index)?;
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "\n{TURNOVER} events came and as many went, {COLLECTED} at a time, in {took:.1} s (log included)"
    );
    sizes(dir.path())?;
    questions::table(&index, &log)?;

    let began = Instant::now();
    drop(index);
    println!("\nclosed in {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Waits until a question with a filter can be answered.
fn catch_up(index: &Index) -> anyhow::Result<()> {
    let filter = EventFilter { success: Some(true), ..EventFilter::default() };
    let query =
        HistoryQuery { room: ROOM, limit: 1, order: Order::Descending, filter, ..HistoryQuery::default() };
    let deadline = Instant::now() + Duration::from_mins(10);
    loop {
        match index.history(&query) {
            Err(IndexError::Behind { .. }) if Instant::now() < deadline => {}
            answer => return answer.map(drop).context("the index does not catch up"),
        }
    }
}

fn sizes(dir: &std::path::Path) -> anyhow::Result<()> {
    for name in ["events.db", "events.db-wal", "index.db", "index.db-wal"] {
        let bytes = std::fs::metadata(dir.join(name)).map_or(0, |file| file.len());
        print!("{name} {} MiB  ", bytes >> 20);
    }
    println!();
    Ok(())
}
