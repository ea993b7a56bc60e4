//! The server's own log on standard error: written by a thread of its own, so that nobody who reads it slowly, or not
//! at all, can hold up or end anything else. What cannot be written, and what is left out because too much comes at once, is counted
//! and said.

mod bound;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::clock;
use bound::Bound;

/// Most bytes of lines that wait to be written; further lines are lost.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// How long what waits has to be written when the process ends.
const FLUSH: Duration = Duration::from_millis(500);
/// How long to wait before trying again to write to a pipe that is full and does not wait by itself.
const RETRY: Duration = Duration::from_millis(20);

static LINES: OnceLock<Lines> = OnceLock::new();
static LOST: AtomicU64 = AtomicU64::new(0);
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// Lines on their way to standard error.
#[derive(Debug)]
pub(crate) struct Lines {
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// What waits. Pure.
#[derive(Debug)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    /// Lines that were lost after the last item.
    lost: u64,
    is_writing: bool,
    bound: Bound,
}

#[derive(Debug, PartialEq, Eq)]
enum Item {
    Line(Vec<u8>),
    /// So many lines were lost here.
    Lost(u64),
    /// So many lines were left out here, of which there may be so many a second.
    LeftOut(u64, u32),
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
        Lines { queue: Mutex::new(Queue::new(Bound::new(0, Instant::now()))), changed: Condvar::new() }
    })
}

/// Lines that were lost since the start.
pub(crate) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Lines that were left out since the start, because there were more than the bound.
pub(crate) fn left_out() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

/// Leaves out what is beyond so many lines a second; 0 is no bound.
pub(crate) fn set_bound(lines_per_s: u32) {
    lines().lock().bound = Bound::new(lines_per_s, Instant::now());
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

    /// Takes a line of the log, if there may be another.
    fn take(&self, line: &[u8], is_warning: bool) {
        let now = Instant::now();
        let mut queue = self.lock();
        let is_told = queue.bound.has_something_to_tell();
        let passes = queue.bound.passes(is_warning, now);
        queue.tell_what_is_left_out(now);
        drop(queue);
        if passes {
            return self.push(line);
        }
        LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        // Who writes has to tell of it, should no other line come; after the first it is awake, or knows when to be.
        if !is_told {
            self.changed.notify_all();
        }
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
        let mut queue = self.lock();
        queue.bound.hurry(true);
        self.changed.notify_all();
        let flushed = self.changed.wait_timeout_while(queue, FLUSH, waits);
        flushed.unwrap_or_else(PoisonError::into_inner).0.bound.hurry(false);
    }

    /// Waits until there is something to write.
    fn wait<'a>(&self, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        loop {
            let now = Instant::now();
            queue.tell_what_is_left_out(now);
            queue = match queue.wait(now) {
                Some(Duration::ZERO) => return queue,
                Some(wait) => {
                    self.changed.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn write_to(&self, mut out: impl Write) {
        let mut failed = 0;
        loop {
            let mut queue = self.lock();
            queue.is_writing = false;
            self.changed.notify_all();
            let mut queue = self.wait(queue);
            let Some(item) = queue.pop() else { continue };
            queue.is_writing = true;
            drop(queue);
            let line = match item {
                Item::Line(line) => Some(line),
                Item::LeftOut(n, most) => Some(notice(&format!(
                    "{n} lines of this log were left out: more than {most} a second (--max-log-lines-per-s)"
                ))),
                Item::Lost(n) => {
                    failed += n;
                    None
                }
            };
            if failed > 0 && write(&mut out, &lost_notice(failed)).is_ok() {
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
    fn new(bound: Bound) -> Self {
        Self { items: VecDeque::new(), bytes: 0, lost: 0, is_writing: false, bound }
    }

    fn is_empty(&self) -> bool {
        let has_line = !self.items.is_empty() || self.lost > 0 || self.bound.has_something_to_tell();
        !has_line && !self.is_writing
    }

    /// How long until there is something to write; `None`: until something comes.
    fn wait(&self, now: Instant) -> Option<Duration> {
        let is_due = !self.items.is_empty() || self.lost > 0;
        if is_due { Some(Duration::ZERO) } else { self.bound.wait(now) }
    }

    fn tell_what_is_left_out(&mut self, now: Instant) {
        if let Some(n) = self.bound.tell(now) {
            self.items.push_back(Item::LeftOut(n, self.bound.lines_per_s()));
        }
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

fn lost_notice(lost: u64) -> Vec<u8> {
    notice(&format!("{lost} lines of this log were lost: they could not be written"))
}

fn notice(text: &str) -> Vec<u8> {
    format!("{}Z  WARN {text}\n", clock::now()).into_bytes()
}

/// One line: what `tracing` writes at once, and whether it is a warning or an error.
pub(crate) struct Line(&'static Lines, bool);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.take(line, self.1);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for &'static Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(self, false)
    }

    fn make_writer_for(&self, line: &Metadata<'_>) -> Line {
        Line(self, *line.level() <= Level::WARN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_said_where_it_is_missing() {
        let mut queue = Queue::new(Bound::new(0, Instant::now()));
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
        let mut queue = Queue::new(Bound::new(0, Instant::now()));
        assert!(!queue.push(&vec![b'x'; WAITING_BYTES_MAX + 1]));
        assert!(!queue.is_empty());
        assert_eq!(queue.pop(), Some(Item::Lost(1)));
        assert!(queue.is_empty());
    }
}
