//! The loop of one list: wait for news, lay them out, give everybody their part.

use std::sync::Weak;

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
    let mut news = News::default();
    loop {
        gather(&mut observer).await;
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

/// Waits for something new, and for whatever publishers that are about to run add to it. Nobody
/// waits for them: as soon as nothing more comes, the turn begins.
async fn gather(observer: &mut Observer) {
    observer.ready().await;
    let (mut pending, mut quiet) = (observer.pending(), 0);
    while quiet < QUIET_LOOKS {
        // At least once, however much there is: other lists get their turn, too.
        tokio::task::yield_now().await;
        let before = std::mem::replace(&mut pending, observer.pending());
        quiet = if pending == before { quiet + 1 } else { 0 };
        if pending >= TURN_FRAMES_MAX as u64 {
            return;
        }
    }
}
