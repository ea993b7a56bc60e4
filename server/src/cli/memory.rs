//! Memory that is free goes back to the system.

use std::time::Duration;

/// How often.
const INTERVAL: Duration = Duration::from_secs(3);

/// Lets the allocator give back what nobody has used for ten seconds, for as long as the process lives.
///
/// mimalloc does it beside allocations, every ten thousand of those that find no free block, and when a thread ends:
/// a server that had much to do, and has nothing to do any more, would keep all of it. To end a thread is the way
/// that needs no unsafe call.
pub(super) async fn give_back() {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A thread that cannot be made is one that cannot end; the next one may.
        let _ = std::thread::Builder::new().name("give-back".into()).spawn(|| drop(vec![0_u8; 1024]));
    }
}
