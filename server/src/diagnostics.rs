//! The server's own log on standard error: written by a thread of its own, so that nobody who reads it slowly, or not
//! at all, can hold up or end anything else. What cannot be written is counted and said once it can be.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::clock;

/// Most bytes of lines that wait to be written; further lines are lost.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// How long what waits has to be written when the process ends.
const FLUSH: Duration = Duration::from_millis(500);
/// How long to wait before trying again to write to a pipe that is full and does not wait by itself.
const RETRY: Duration = Duration::from_millis(20);

static LINES: OnceLock<Lines> = OnceLock::new();
static LOST: AtomicU64 = AtomicU64::new(0);

/// Lines on their way to standard error.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// What waits. Pure.
#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    /// Lines that were lost after the last item.
    lost: u64,
    is_writing: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Item {
    Line(Vec<u8>),
    /// So many lines were lost here.
    Lost(u64),
}

/// The one writer of this process, started with the first call.
pub(crate) fn lines() -> &'static Lines {
    LINES.get_or_init(|| {
        // Without the thread every line is lost, which is counted.
        let _ = std::thread::Builder::new().name("diagnostics".into()).spawn(|| {
            if let Ok(out) = standard_error() {
                lines().write_to(out);
            }
        });
        Lines::default()
    })
}

/// Lines that were lost since the start.
pub(crate) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Says why a command failed: through the writer where there is one.
pub(crate) fn say(line: &str) {
    match LINES.get() {
        Some(lines) => {
            lines.push(line.as_bytes());
            lines.flush();
        }
        // Standard error was closed on purpose.
        None => drop(io::stderr().lock().write_all(line.as_bytes())),
    }
}

/// Lets panics go the way of every other line.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::capture();
        let thread = std::thread::current();
        tracing::error!(thread = thread.name(), %panic, %backtrace, "a bug: please report it");
        if thread.name() == Some("main") {
            lines().flush();
        }
    }));
}

/// Standard error without the lock and the buffer of [`std::io::stderr`], for which others would wait.
fn standard_error() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        io::stderr().as_fd().try_clone_to_owned().map(File::from)
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        io::stderr().as_handle().try_clone_to_owned().map(File::from)
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        if !self.lock().push(line) {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    /// Waits until everything is written, but not long.
    pub(crate) fn flush(&self) {
        let waits = |queue: &mut Queue| !queue.is_empty();
        drop(self.changed.wait_timeout_while(self.lock(), FLUSH, waits));
    }

    fn write_to(&self, mut out: impl Write) {
        let mut failed = 0;
        loop {
            let mut queue = self.lock();
            queue.is_writing = false;
            self.changed.notify_all();
            let mut queue = self
                .changed
                .wait_while(queue, |queue| queue.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            let Some(item) = queue.pop() else { continue };
            queue.is_writing = true;
            drop(queue);
            let line = match item {
                Item::Line(line) => Some(line),
                Item::Lost(n) => {
                    failed += n;
                    None
                }
            };
            if failed > 0 && write(&mut out, &notice(failed)).is_ok() {
                failed = 0;
            }
            if let Some(line) = line
                && (failed > 0 || write(&mut out, &line).is_err())
            {
                failed += 1;
                LOST.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.lost == 0 && !self.is_writing
    }

    /// Whether there is room for it.
    fn push(&mut self, line: &[u8]) -> bool {
        if self.bytes + line.len() > WAITING_BYTES_MAX {
            self.lost += 1;
            return false;
        }
        if self.lost > 0 {
            self.items.push_back(Item::Lost(std::mem::take(&mut self.lost)));
        }
        self.bytes += line.len();
        self.items.push_back(Item::Line(line.to_vec()));
        true
    }

    fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front();
        if let Some(Item::Line(line)) = &item {
            self.bytes -= line.len();
        }
        item.or_else(|| (self.lost > 0).then(|| Item::Lost(std::mem::take(&mut self.lost))))
    }
}

fn write(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn notice(lost: u64) -> Vec<u8> {
    format!("{}Z  WARN {lost} lines of this log were lost: they could not be written\n", clock::now())
        .into_bytes()
}

/// One line: what `tracing` writes at once.
pub(crate) struct Line(&'static Lines);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for &'static Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_said_where_it_is_missing() {
        let mut queue = Queue::default();
        let half = vec![b'x'; WAITING_BYTES_MAX / 2];
        assert!(queue.push(&half) && queue.push(&half));
        assert!(!queue.push(b"lost") && !queue.push(b"lost, too"));
        assert_eq!(queue.pop(), Some(Item::Line(half.clone())));
        assert!(queue.push(b"there is room again"));
        assert_eq!(queue.pop(), Some(Item::Line(half)));
        assert_eq!(queue.pop(), Some(Item::Lost(2)));
        assert_eq!(queue.pop(), Some(Item::Line(b"there is room again".to_vec())));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn the_last_lines_that_are_lost_are_said_too() {
        let mut queue = Queue::default();
        assert!(!queue.push(&vec![b'x'; WAITING_BYTES_MAX + 1]));
        assert!(!queue.is_empty());
        assert_eq!(queue.pop(), Some(Item::Lost(1)));
        assert!(queue.is_empty());
    }
}
