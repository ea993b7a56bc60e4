//! The servers under attack: this project's, and the control.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::options::Options;
use crate::bench::peers;
use crate::load::peer::Peer;
use crate::load::usage;
use crate::project::Project;

/// A server that accepts no connection after this time has not started.
const STARTING_MAX: Duration = Duration::from_secs(20);
/// Between two attempts to connect.
const ATTEMPT_EVERY: Duration = Duration::from_millis(5);
/// The server's budget (`--memory`), MiB.
pub(crate) const MEMORY_MIB: u64 = 64;
/// Connections that one address may have: what is the default where there are keys.
const ADDRESS_CONNECTIONS_MAX: usize = 1000;

/// Starts programs on a core of their own; they end with this process.
#[derive(Debug)]
pub(crate) struct Starter<'a> {
    project: &'a Project,
    xtask: PathBuf,
    /// For the server, and for everybody else.
    pub(crate) cores: Option<[usize; 2]>,
    arcane: PathBuf,
    bun: PathBuf,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) peer: Peer,
    pub(crate) port: u16,
}

/// What a process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Held {
    pub(crate) rss_mib: f64,
    pub(crate) files: u64,
}

impl<'a> Starter<'a> {
    /// Finds or builds both servers.
    pub(crate) fn new(project: &'a Project, options: &Options, cores: Option<[usize; 2]>) -> Result<Self> {
        let arcane = match &options.binary {
            Some(binary) => binary.clone(),
            None => peers::get(project, Peer::Arcane)?.program,
        };
        let bun = peers::get(project, Peer::Bun)?.program;
        let xtask = std::env::current_exe().context("finding this program")?;
        Ok(Self { project, xtask, cores, arcane, bun })
    }

    /// The beginning of a command.
    pub(crate) fn command(&self, core: Option<usize>) -> Command {
        self.project.pinned(&self.xtask, core)
    }

    /// The attackers' command: this program once more.
    pub(crate) fn attackers(&self) -> Command {
        let mut command = self.command(self.cores.map(|[_, others]| others));
        command.arg(&self.xtask).arg("hostile");
        command
    }

    /// Starts a server with an empty log.
    pub(crate) fn start(&self, peer: Peer) -> Result<Server> {
        // Nothing from the run before.
        let _ = fs::remove_dir_all(self.folder().join("data"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
        let port = listener.local_addr().context("looking for a free port")?.port();
        drop(listener);
        self.start_on(peer, port)
    }

    /// Starts a server on what is there.
    pub(crate) fn start_on(&self, peer: Peer, port: u16) -> Result<Server> {
        let folder = self.folder();
        fs::create_dir_all(&folder).context("making a folder for the log")?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("{}.log", peer.name())))
            .context("making a log")?;
        let mut command = self.command(self.cores.map(|[server, _]| server));
        command.current_dir(&folder);
        match peer {
            Peer::Arcane => command
                .arg(&self.arcane)
                .args(["serve", "--no-dashboard", "--otlp-listen", "off", "--data-dir", "data", "--listen"])
                .arg(format!("127.0.0.1:{port}"))
                // As a variable, so that a binary from before this setting can be attacked, too.
                .env("ARCANE_MEMORY", format!("{MEMORY_MIB}M"))
                .args(["--max-connections-per-address", &ADDRESS_CONNECTIONS_MAX.to_string()]),
            Peer::Bun => command
                .arg(&self.bun)
                .arg(peers::sources(self.project).join("bun.js"))
                .env("PORT", port.to_string())
                .env("DEFLATE", "0"),
            other => bail!("{} is not attacked", other.name()),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().with_context(|| format!("starting {}", peer.name()))?;
        let mut server = Server { process, peer, port };
        server.wait_until_there()?;
        Ok(server)
    }

    fn folder(&self) -> PathBuf {
        self.project.target().join("hostile")
    }
}

impl Held {
    /// The most of each.
    pub(crate) fn most(self, other: Self) -> Self {
        Self { rss_mib: self.rss_mib.max(other.rss_mib), files: self.files.max(other.files) }
    }
}

impl Server {
    /// What it has used of the processor so far, seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        usage::read(Some(self.process.id())).map_or(0.0, |usage| usage.cpu_s)
    }

    /// What it holds now.
    pub(crate) fn held(&self) -> Held {
        let pid = self.process.id();
        let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64);
        Held { rss_mib: usage::read(Some(pid)).map_or(0.0, |usage| usage.rss_kib / 1024.0), files }
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill().context("killing the server")?;
        self.process.wait().context("waiting for the end of the server").map(drop)
    }

    fn wait_until_there(&mut self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.process.try_wait().context("looking after the server")? {
                bail!("{} ended with {status} instead of starting: see target/hostile", self.peer.name());
            }
            if start.elapsed() > STARTING_MAX {
                bail!("{} accepts no connection after {STARTING_MAX:?}", self.peer.name());
            }
            thread::sleep(ATTEMPT_EVERY);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
