//! The server as a process of its own, which can be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Process {
    child: Child,
    pub url: String,
}

impl Process {
    /// Starts `arcane serve` on a data directory; panics with what it said if it does not come up.
    pub fn start(dir: &Path) -> Self {
        Self::try_start(command(dir)).unwrap_or_else(|said| panic!("the server did not start: {said}"))
    }

    /// The same, or what it said instead.
    pub fn try_start(mut command: Command) -> Result<Self, String> {
        command.stderr(Stdio::piped());
        Self::spawn(command)
    }

    /// The same; what it says goes into a file.
    pub fn try_start_logged(mut command: Command, log: &Path) -> Result<Self, String> {
        command.stderr(std::fs::File::create(log).unwrap());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let output = child.wait_with_output().unwrap();
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        };
        // What it says is read and forgotten, or it would wait for somebody who does.
        if let Some(said) = child.stderr.take() {
            std::thread::spawn(move || BufReader::new(said).lines().for_each(drop));
        }
        Ok(Self { url: url.to_owned(), child })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as the kernel would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `arcane serve` on a data directory and a free port.
pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--otlp-listen", "off", "--no-dashboard", "--data-dir"])
        .arg(dir);
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG").env("ARCANE_LOG", "warn");
    command
}
