//! Writing to standard output: to a program that may have read enough, or to a disk that may be full.

use std::io::{self, ErrorKind, Write};

use super::screen;
use crate::diagnostics;

/// Why a command's output cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwritten {
    /// The program that read it has ended, as `head` does after its lines. No failure: the rest is not missed.
    #[error("standard output is not read any more")]
    Unread,
    /// The disk is full, for example.
    #[error("standard output cannot be written: {0}")]
    Failed(io::Error),
}

/// Writes a text and a line break to standard output. What others have written has to be made harmless before.
pub(super) fn print(text: &str) -> Result<(), Unwritten> {
    let mut out = io::stdout().lock();
    let written =
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Unwritten::Unread,
        _ => Unwritten::Failed(error),
    })
}

/// Completes once nobody reads standard output any more, where the system tells: who waits for what to print
/// would otherwise learn it from the next thing that is printed.
pub(super) async fn unread() {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    // It waits until then or until the process ends. Without it the next thing that is printed tells.
    let _ = std::thread::Builder::new().spawn(move || {
        if wait_until_unread() {
            let _ = tell.send(());
        }
    });
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
fn wait_until_unread() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};

    let out = io::stdout();
    // What has no reader is told of without being asked for.
    let mut watched = [PollFd::new(&out, PollFlags::empty())];
    loop {
        match poll(&mut watched, None) {
            Ok(1..) => return watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(not(unix))]
fn wait_until_unread() -> bool {
    false
}

/// Writes a remark to standard error, if that is open. What is in it may come from any client.
pub(super) fn remark(text: &str) {
    diagnostics::say(&(screen::lines(text) + "\n"));
}

/// What is wrong and why, each reason once: many an error has its cause in its own words already.
pub(super) fn reasons(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// Standard output for what is nothing unless it is complete.
#[derive(Debug)]
pub(super) struct Whole<W>(pub(super) W);

impl<W: Write> Write for Whole<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(incomplete)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(incomplete)
    }
}

fn incomplete(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::BrokenPipe => {
            io::Error::other("standard output is not read any more, and it is not complete")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn each_reason_is_told_once() {
        let failed = Unwritten::Failed(io::Error::other("the disk is full"));
        let with_source = Err::<(), _>(io::Error::other(failed)).context("cannot export").unwrap_err();
        assert_eq!(
            reasons(&with_source),
            "cannot export: standard output cannot be written: the disk is full"
        );
        let twice = Err::<(), _>(io::Error::other("gone")).context("cannot read x: gone").unwrap_err();
        assert_eq!(reasons(&twice), "cannot read x: gone");
    }
}
