//! Programs side by side: every lane runs its programs in a row. What a program says is kept in a file, and every few
//! seconds a line tells where each lane is.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::process;

/// How often the lanes are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often a line tells where they are.
const TELL: Duration = Duration::from_secs(15);
/// As much of a program's last line as is told.
const LAST_LINE_CHARS_MAX: usize = 48;

/// A program to run.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) command: Command,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) name: &'static str,
    pub(crate) line: String,
    pub(crate) status: ExitStatus,
    pub(crate) took: Duration,
    said: PathBuf,
}

impl Ended {
    /// What it said.
    pub(crate) fn said(&self) -> String {
        fs::read(&self.said).map_or_else(|error| error.to_string(), |said| text(&said))
    }
}

/// Lanes at work.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    folder: PathBuf,
    started: Instant,
    told: Instant,
}

#[derive(Debug)]
struct Lane {
    waiting: VecDeque<Job>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    name: &'static str,
    line: String,
    child: Child,
    since: Instant,
    said: PathBuf,
}

impl Lanes {
    /// Lanes that will keep what is said in a folder; `started` is when the clock of the lines began.
    pub(crate) fn new(lanes: Vec<Vec<Job>>, folder: &Path, started: Instant) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let lanes = lanes.into_iter().map(|jobs| Lane { waiting: jobs.into(), running: None }).collect();
        Ok(Self { lanes, folder: folder.to_owned(), started, told: Instant::now() })
    }

    /// Starts what can start and waits until a program has ended; `None` once all have.
    pub(crate) fn next(&mut self) -> Result<Option<Ended>> {
        loop {
            for lane in &mut self.lanes {
                lane.start(&self.folder, self.started)?;
            }
            for lane in &mut self.lanes {
                if let Some(ended) = lane.ended()? {
                    return Ok(Some(ended));
                }
            }
            if self.lanes.iter().all(|lane| lane.running.is_none()) {
                return Ok(None);
            }
            if self.told.elapsed() >= TELL {
                self.tell();
            }
            thread::sleep(LOOK);
        }
    }

    fn tell(&mut self) {
        self.told = Instant::now();
        let running = self.lanes.iter().filter_map(|lane| lane.running.as_ref());
        let each = running.map(|running| {
            let said = fs::read(&running.said).unwrap_or_default();
            format!("{}: {}", running.name, last_line(&text(&said)))
        });
        println!("{}   {}", clock(self.started.elapsed()), each.collect::<Vec<_>>().join(" | "));
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for running in self.lanes.iter_mut().filter_map(|lane| lane.running.as_mut()) {
            // It may have ended already; then there is nothing to end.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

impl Lane {
    fn start(&mut self, folder: &Path, started: Instant) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let Some(Job { name, mut command }) = self.waiting.pop_front() else { return Ok(()) };
        let said = folder.join(name).with_extension("log");
        let log = File::create(&said).with_context(|| format!("making {}", said.display()))?;
        let line = process::line(&command);
        println!("{} {name} begins: {line}", clock(started.elapsed()));
        command.stdin(Stdio::null()).stdout(log.try_clone().context("sharing a log")?).stderr(log);
        let child = command.spawn().with_context(|| format!("`{line}` could not be started"))?;
        self.running = Some(Running { name, line, child, since: Instant::now(), said });
        Ok(())
    }

    fn ended(&mut self) -> Result<Option<Ended>> {
        let Some(running) = &mut self.running else { return Ok(None) };
        let Some(status) = running.child.try_wait().context("waiting for a program")? else {
            return Ok(None);
        };
        let ended = self.running.take().map(|Running { name, line, since, said, .. }| Ended {
            name,
            line,
            status,
            took: since.elapsed(),
            said,
        });
        Ok(ended)
    }
}

/// `[2:05]`.
pub(crate) fn clock(elapsed: Duration) -> String {
    let secs = elapsed.as_secs();
    format!("[{}:{:02}]", secs / 60, secs % 60)
}

fn text(said: &[u8]) -> String {
    String::from_utf8_lossy(said).into_owned()
}

/// The last line that says something, cut to a part of a line.
fn last_line(said: &str) -> String {
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("…");
    last.chars().take(LAST_LINE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_minutes() {
        for (secs, shown) in [(0, "[0:00]"), (65, "[1:05]"), (3600, "[60:00]")] {
            assert_eq!(clock(Duration::from_secs(secs)), shown);
        }
    }

    #[test]
    fn the_last_line_is_the_last_that_says_something() {
        assert_eq!(last_line(""), "…");
        assert_eq!(last_line("one\n   Compiling two\n\n"), "Compiling two");
        assert_eq!(last_line(&"é".repeat(100)).chars().count(), LAST_LINE_CHARS_MAX);
    }

    #[cfg(unix)]
    fn job(name: &'static str, script: &str) -> Job {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Job { name, command }
    }

    /// The first of one lane ends only when the other lane has begun.
    #[cfg(unix)]
    #[test]
    fn lanes_run_side_by_side_and_their_jobs_in_a_row() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe").display().to_string();
        let reads = format!("mkfifo {pipe}.tmp && mv {pipe}.tmp {pipe} && cat {pipe}");
        let writes = format!("until [ -p {pipe} ]; do :; done; echo met > {pipe}");
        let lanes =
            vec![vec![job("one", &reads), job("two", "echo err >&2; exit 3")], vec![job("three", &writes)]];
        let mut lanes = Lanes::new(lanes, dir.path(), Instant::now()).unwrap();
        let mut ended = Vec::new();
        while let Some(job) = lanes.next().unwrap() {
            ended.push((job.name, job.status.code().unwrap(), job.said()));
        }
        ended.sort();
        let said = |text: &str| text.to_owned();
        assert_eq!(ended, [("one", 0, said("met\n")), ("three", 0, said("")), ("two", 3, said("err\n"))]);
    }
}
