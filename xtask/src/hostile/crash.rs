//! `kill -9` in the middle of an attack, and a restart on the same log.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::options::{From, Options};
use super::phase::{Attackers, Honest};
use super::server::{Server, Starter};
use super::verdict::Crash;

/// How long events are published before the server is killed, and after it is back.
const PUBLISHED_FOR: Duration = Duration::from_secs(3);

/// Kills the server between two answers, as far as anybody can tell, and starts it again.
pub(crate) fn perform(
    starter: &Starter<'_>,
    options: &Options,
    server: &mut Server,
    honest: &Honest,
) -> Result<Crash> {
    let attackers = Attackers::start(starter, options, server, From::Many)?;
    honest.publish();
    thread::sleep(PUBLISHED_FOR);
    let before = honest.acknowledged();
    server.kill()?;
    let start = Instant::now();
    *server = starter.start_on(server.peer, server.port)?;
    let back = start.elapsed();
    thread::sleep(PUBLISHED_FOR);
    honest.pause();
    drop(attackers);
    Ok(Crash { back, after: honest.acknowledged() - before, outcome: honest.outcome() })
}
