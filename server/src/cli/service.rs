//! What the system's service manager is told, by systemd's protocol (sd_notify(3)). Where there is none, nothing is said.
//!
//! The crate `sd-notify` does the same, and waits without a bound for a manager that does not read.

use std::io;
use std::time::Duration;

/// How long a manager that does not read is waited for; what it does not take then, it is not told.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// A sign of life more often than this is of no use to anybody.
const ALIVE_EVERY_MIN: Duration = Duration::from_millis(10);

/// The server listens at an address, and can be stopped.
pub(super) fn ready(url: &str) {
    tell(&format!("READY=1\nSTATUS=listening on {url}\n"));
}

/// The server was asked to stop.
pub(super) fn stopping() {
    tell("STOPPING=1\nSTATUS=stopping: readers are asked to go, then the log is closed\n");
}

/// Gives signs of life as often as the manager wants them, for as long as this is awaited. A server whose tasks do not run any
/// more falls silent, and the manager starts it anew.
pub(super) async fn keep_alive() {
    let asked = ["WATCHDOG_USEC", "WATCHDOG_PID"].map(|name| std::env::var(name).ok());
    let [silence, pid] = asked.each_ref().map(Option::as_deref);
    let Some(every) = alive_every(silence, pid, std::process::id()) else { return };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tell("WATCHDOG=1\n");
    }
}

/// Twice within the time after which a silent process is taken for dead; `None`: nobody wants a sign of this process.
fn alive_every(silence_us: Option<&str>, of_pid: Option<&str>, own_pid: u32) -> Option<Duration> {
    if of_pid.is_some_and(|pid| pid.parse() != Ok(own_pid)) {
        return None;
    }
    let silence = Duration::from_micros(silence_us?.parse().ok().filter(|us| *us > 0)?);
    Some((silence / 2).max(ALIVE_EVERY_MIN))
}

fn tell(state: &str) {
    if let Err(error) = send(state) {
        tracing::warn!(%error, "the service manager (NOTIFY_SOCKET) could not be told");
    }
}

#[cfg(target_os = "linux")]
fn send(state: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(&name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(WAIT_MAX))?;
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn send(_: &str) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_come_twice_as_often_as_they_must() {
        let own = 7;
        for (silence, pid, every_ms) in [
            (None, None, None),
            (Some("30000000"), None, Some(15_000)),
            (Some("30000000"), Some("7"), Some(15_000)),
            (Some("30000000"), Some("8"), None),
            (Some("30000000"), Some("x"), None),
            (Some("0"), None, None),
            (Some("-1"), None, None),
            (Some("1"), None, Some(10)),
        ] {
            let every = every_ms.map(Duration::from_millis);
            assert_eq!(alive_every(silence, pid, own), every, "{silence:?} {pid:?}");
        }
    }
}
