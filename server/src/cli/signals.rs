//! How `arcane serve` is asked to stop.

use std::io;
use std::time::Duration;

use tokio::sync::watch;

use crate::diagnostics;

/// How long a server that was asked twice has to close its log.
const HURRY: Duration = Duration::from_secs(1);
/// What a shell says of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Two futures: the first completes when the process is asked to stop, the other one when it is asked again.
/// A second later, or when it is asked a third time, the process ends whatever it is doing.
///
/// Signals are listened for from the call on, not from the first poll: a caller that announces itself
/// afterwards can be stopped at any time.
pub(super) fn stop() -> io::Result<(impl Future<Output = ()>, impl Future<Output = ()>)> {
    let mut signals = Signals::new()?;
    let (asked, times) = watch::channel(0_u32);
    tokio::spawn(async move {
        loop {
            signals.next().await;
            asked.send_modify(|times| *times += 1);
            match *asked.borrow() {
                1 => tracing::info!("asked to stop; once more to stop at once"),
                2 => end_soon(),
                _ => end(),
            }
        }
    });
    Ok((reached(times.clone(), 1), reached(times, 2)))
}

async fn reached(mut times: watch::Receiver<u32>, n: u32) {
    if times.wait_for(|times| *times >= n).await.is_err() {
        // Nobody listens for signals any more: the runtime is ending.
        std::future::pending::<()>().await;
    }
}

/// A thread, because the runtime may be what does not come to its end.
fn end_soon() {
    std::thread::spawn(|| {
        std::thread::sleep(HURRY);
        end();
    });
}

fn end() {
    #[cfg(target_os = "linux")]
    crate::realm::end_programs();
    diagnostics::lines().flush();
    std::process::exit(INTERRUPTED);
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// `None` for a process that is meant to outlive its terminal.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Whether the process was started to ignore SIGHUP, as `nohup` does. Where the system does not say, it was not.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & HANGUP != 0)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
