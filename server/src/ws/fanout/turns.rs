//! The loop of one list: wait for news, lay them out, give everybody their part.

use std::sync::Weak;
use std::time::{Duration, Instant};

use arcane_shared::EventFilter;

use super::list::Pipe;
use super::news::News;
use super::{Encoding, Fanout, TURN_BYTES_MAX, TURN_FRAMES_MAX};
use crate::bus::Observer;
use crate::metrics::Metrics;

/// Runs until nobody holds the list any more. `stretch`: members that are served in one go.
pub(super) async fn serve<P: Pipe>(
    fanout: Weak<Fanout<P>>,
    mut observer: Observer,
    filter: EventFilter,
    encoding: Encoding,
    metrics: Metrics,
    stretch: usize,
) {
    let (mut news, mut last_turn) = (News::default(), Duration::ZERO);
    loop {
        gather(&mut observer, last_turn).await;
        let began = Instant::now();
        let Some(fanout) = fanout.upgrade() else { return };
        let from = observer.cursor();
        let mut batch = observer.take(TURN_FRAMES_MAX, TURN_BYTES_MAX);
        if batch.gap.is_some() {
            // The loop itself was too slow for the ring: every reader finds out on its own what it lost.
            fanout.list().dismiss(batch.seq);
            continue;
        }
        let over = batch.over;
        batch.frames.retain(|frame| frame.passes(&filter));
        let needs = fanout.list().begin(batch.seq);
        fanout.lay_out(&mut news, from, &batch, needs, encoding);
        let mut at = 0;
        loop {
            let (delivered, more) = fanout.list().deliver(at..at + stretch, &news);
            metrics.delivered(delivered);
            if !more {
                break;
            }
            at += stretch;
            tokio::task::yield_now().await;
        }
        last_turn = began.elapsed();
        if over {
            // Every reader finds out on its own that nothing more comes.
            fanout.list().dismiss(batch.seq);
            return;
        }
    }
}

/// So many looks in a row have to find nothing more before a turn begins. A publisher's request goes
/// through more than one task: measured, three looks make turns a fifth larger than one, and each
/// costs a few microseconds.
const QUIET_LOOKS: u32 = 3;
/// A look that took so long let a task run that does much at once. How long the next one takes nobody knows, and readers
/// wait.
const LOOK_MAX: Duration = Duration::from_millis(1);
/// How many times as long as the last turn took what is on its way into the log is waited for, and how long at most. Turns
/// that are shorter than a commit would otherwise begin with one event each, however many wait.
const WAIT_TURNS: u32 = 4;
/// See [`WAIT_TURNS`].
const WAIT_MAX: Duration = Duration::from_millis(2);

/// Waits for something new, and for what comes with it: what publishers that are about to run add, and what has its
/// number and is not in the log yet, for a few times as long as a turn takes: readers would wait longer if each event had a
/// turn of its own.
async fn gather(observer: &mut Observer, last_turn: Duration) {
    observer.ready().await;
    let began = Instant::now();
    loop {
        let pending = quiet(observer).await;
        let patience = (WAIT_TURNS * last_turn).min(WAIT_MAX).saturating_sub(began.elapsed());
        if pending >= TURN_FRAMES_MAX as u64 || patience.is_zero() || !observer.has_more_coming() {
            return;
        }
        if tokio::time::timeout(patience, observer.more_than(pending)).await.is_err() {
            return;
        }
    }
}

/// Lets tasks that are about to run go first, until nothing more comes of them. Nobody waits for them.
async fn quiet(observer: &Observer) -> u64 {
    let (mut pending, mut quiet) = (observer.pending(), 0);
    while quiet < QUIET_LOOKS {
        // At least once, however much there is: other lists get their turn, too.
        let looked_at = Instant::now();
        tokio::task::yield_now().await;
        let before = std::mem::replace(&mut pending, observer.pending());
        quiet = if pending == before { quiet + 1 } else { 0 };
        if pending >= TURN_FRAMES_MAX as u64 || looked_at.elapsed() >= LOOK_MAX {
            break;
        }
    }
    pending
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::bus::ArcaneEventBus;
    use crate::config::BusConfig;

    #[tokio::test]
    async fn a_task_that_does_much_at_once_is_let_go_first_once() {
        let bus = ArcaneEventBus::new(BusConfig::default());
        let observer = bus.watch(bus.default_room().name()).unwrap();
        let turns = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&turns);
        let busy = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                let began = Instant::now();
                while began.elapsed() < 2 * LOOK_MAX {
                    std::hint::spin_loop();
                }
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(quiet(&observer).await, 0);
        assert_eq!(turns.load(Ordering::Relaxed), 1);
        busy.abort();
    }
}
