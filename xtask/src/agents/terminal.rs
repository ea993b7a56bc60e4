//! An agent in a terminal: what it draws is read as text without blanks, what it asks of a terminal is answered, and keys are pressed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::running;

const SIZE: Winsize = Winsize { ws_row: 45, ws_col: 140, ws_xpixel: 0, ws_ypixel: 0 };
/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// As much of what was drawn last as an error shows.
const SHOWN_CHARS_MAX: usize = 1200;

/// An agent that runs in a terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    process: Child,
    keys: File,
    drawn: Arc<Mutex<Drawn>>,
}

/// What was drawn so far.
#[derive(Debug)]
struct Drawn {
    bytes: Vec<u8>,
    changed: Instant,
}

impl Terminal {
    /// Starts a program in a terminal of its own. All that it draws is kept in a file, too.
    pub(crate) fn start(command: &Command, log: &Path) -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).context("opening a terminal")?;
        grantpt(&master).and_then(|()| unlockpt(&master)).context("opening a terminal")?;
        tcsetwinsize(&master, SIZE).context("setting a terminal's size")?;
        let name = ptsname(&master, Vec::new()).context("naming a terminal")?;
        let name = name.to_str().context("naming a terminal")?;
        let side = File::options().read(true).write(true).open(name).context("opening a terminal")?;
        // `setsid` makes the terminal the program's own, so that it never reaches the one that this runs in.
        let mut inside = Command::new("setsid");
        inside.args(["--ctty", "--"]).arg(command.get_program()).args(command.get_args()).env_clear();
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside.current_dir(command.get_current_dir().context("a command has a folder")?);
        let copy = || side.try_clone().map(Stdio::from).context("opening a terminal");
        inside.stdin(copy()?).stdout(copy()?).stderr(copy()?);
        let process = inside.spawn().context("`setsid` of util-linux could not be started")?;
        let keys = File::from(master);
        let drawn = Arc::new(Mutex::new(Drawn { bytes: Vec::new(), changed: Instant::now() }));
        let (mut screen, mut answers) = (keys.try_clone()?, keys.try_clone()?);
        let mut log = File::create(log).with_context(|| log.display().to_string())?;
        let shared = Arc::clone(&drawn);
        thread::spawn(move || {
            let mut piece = [0; 16 * 1024];
            // A terminal without programs cannot be read.
            while let Ok(1..) = screen.read(&mut piece).inspect(|&read| {
                let piece = &piece[..read];
                // The screen is what counts; its copy and the answers may fail.
                let _ = log.write_all(piece);
                let _ = answers.write_all(answer(piece).as_bytes());
                let mut drawn = shared.lock().unwrap_or_else(PoisonError::into_inner);
                drawn.bytes.extend_from_slice(piece);
                drawn.changed = Instant::now();
            }) {}
        });
        Ok(Self { process, keys, drawn })
    }

    /// Where the text that is drawn from now on begins.
    pub(crate) fn mark(&self) -> usize {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).bytes.len()
    }

    /// The text that was drawn since a mark, without blanks.
    pub(crate) fn text(&self, since: usize) -> String {
        plain(&self.drawn.lock().unwrap_or_else(PoisonError::into_inner).bytes[since..])
    }

    /// Presses keys. What they draw is yet to come, so the screen does not stand still from here on.
    pub(crate) fn press(&mut self, keys: &str) -> Result<()> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).changed = Instant::now();
        self.keys.write_all(keys.as_bytes()).context("pressing keys")
    }

    /// Waits until something was drawn and then nothing for a while.
    pub(crate) fn settle(&mut self, quiet: Duration, limit: Duration) -> Result<()> {
        self.wait(limit, "standing still", |drawn| !drawn.bytes.is_empty() && drawn.changed.elapsed() > quiet)
    }

    /// Waits until nothing is drawn for a while, or as long as a human looks at most: some programs never stand still.
    pub(crate) fn look(&mut self, quiet: Duration, limit: Duration) {
        // That it goes on drawing is no error.
        let _ = self.settle(quiet, limit);
    }

    /// Waits until a text without blanks was drawn since a mark.
    pub(crate) fn shows(&mut self, text: &str, since: usize, limit: Duration) -> Result<()> {
        self.wait(limit, text, |drawn| plain(&drawn.bytes[since..]).contains(text))
    }

    /// Waits for the program's end.
    pub(crate) fn ended(&mut self, limit: Duration) -> Result<i32> {
        running::wait(&mut self.process, limit).map_err(|error| error.context(self.last()))
    }

    fn wait(&mut self, limit: Duration, what: &str, holds: impl Fn(&Drawn) -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !holds(&self.drawn.lock().unwrap_or_else(PoisonError::into_inner)) {
            if let Some(status) = self.process.try_wait()? {
                bail!("the agent ended ({status}) before its terminal showed {what:?}: {}", self.last());
            }
            if Instant::now() > deadline {
                bail!("the terminal did not show {what:?} within {limit:?}: {}", self.last());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn last(&self) -> String {
        let text = self.text(0);
        let skipped = text.chars().count().saturating_sub(SHOWN_CHARS_MAX);
        format!("it showed …{}", text.chars().skip(skipped).collect::<String>())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        running::end(&mut self.process);
    }
}

/// What a terminal says to questions, in their order: where the cursor is, what it is, its colours, its size, and that it has no modes.
fn answer(drawn: &[u8]) -> String {
    let drawn = String::from_utf8_lossy(drawn);
    let known = [
        ("6n", "\x1b[1;1R"),
        ("c", "\x1b[?62;22c"),
        ("0c", "\x1b[?62;22c"),
        (">c", "\x1b[>0;10;0c"),
        ("14t", "\x1b[4;900;1400t"),
        ("10;?", "\x1b]10;rgb:ffff/ffff/ffff\x1b\\"),
        ("11;?", "\x1b]11;rgb:0000/0000/0000\x1b\\"),
    ];
    let mut answers = String::new();
    for question in drawn.split("\x1b[").skip(1).chain(drawn.split("\x1b]").skip(1)) {
        let mode = question.strip_prefix('?').and_then(|rest| rest.split_once("$p"));
        if let Some((mode, _)) = mode.filter(|(mode, _)| mode.chars().all(|c| c.is_ascii_digit())) {
            answers += &format!("\x1b[?{mode};0$y");
        }
        answers
            .extend(known.iter().filter(|(known, _)| question.starts_with(known)).map(|(_, answer)| *answer));
    }
    answers
}

/// What is drawn, without control sequences and blanks: programs move the cursor over blanks instead of drawing them.
fn plain(drawn: &[u8]) -> String {
    let drawn = String::from_utf8_lossy(drawn);
    let mut text = String::new();
    let mut rest = drawn.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => match rest.next() {
                Some('[') => while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // Ends with a bell, or with an escape and a backslash.
                Some(']' | 'P' | '_') => while rest.next().is_some_and(|c| c != '\x07' && c != '\\') {},
                Some('(' | ')') => drop(rest.next()),
                _ => {}
            },
            c if c.is_whitespace() || c.is_control() => {}
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_without_what_moves_and_colours() {
        let drawn =
            b"\x1b[2J\x1b[1;31mDo you\x1b[3Cwant \x1b]0;a title\x07to?\x1b]8;;http://x\x1b\\\x1b(B\r\n";
        assert_eq!(plain(drawn), "Doyouwantto?");
    }

    #[test]
    fn questions_are_answered() {
        assert_eq!(answer(b"x\x1b[6ny\x1b[c\x1b[6n"), "\x1b[1;1R\x1b[?62;22c\x1b[1;1R");
        assert_eq!(answer(b"\x1b[?2026$p"), "\x1b[?2026;0$y");
        assert_eq!(answer(b"plain"), "");
    }

    #[test]
    fn a_program_reads_keys_and_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "read line; echo \"got $line\""]).current_dir(folder.path());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let mut terminal = Terminal::start(&command, &folder.path().join("log")).unwrap();
        terminal.press("a key\r").unwrap();
        terminal.shows("gotakey", 0, Duration::from_secs(10)).unwrap();
        assert_eq!(terminal.ended(Duration::from_secs(10)).unwrap(), 0);
    }
}
