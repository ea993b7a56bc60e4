//! A server that is being measured: started on its core, ended whatever happens.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::peers::{self, Ready};
use super::rig::{self, Cluster};
use super::rooms;
use crate::load::metric::{Figures, Metric};
use crate::load::options::Options;
use crate::load::peer::Peer;
use crate::load::report::Report;
use crate::load::way::Way;
use crate::nats;
use crate::project::Project;

/// A server that does not accept a connection after this time has not started.
const STARTING_MAX: Duration = Duration::from_secs(20);
/// Between two attempts to connect.
const ATTEMPT_EVERY: Duration = Duration::from_millis(10);
/// How much of a server's last words is shown, bytes.
const LAST_WORDS_MAX: usize = 400;

/// What every run needs.
#[derive(Debug)]
pub(crate) struct Lab<'a> {
    pub(crate) project: &'a Project,
    /// This program, optimised.
    pub(crate) xtask: PathBuf,
    /// For the server and for the load; none: they share them all.
    pub(crate) cores: Option<[usize; 2]>,
    /// The program that starts clusters; none: no cluster is measured.
    pub(crate) rig: Option<Rig>,
}

/// The program that starts clusters, and what it starts.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) program: PathBuf,
    pub(crate) nats: PathBuf,
}

/// A running server.
struct Server {
    process: Child,
    port: u16,
    publish_port: Option<u16>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, as after a drain.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Lab<'_> {
    /// Starts a server, or a cluster, does one run against it and ends it.
    pub(crate) fn run(&self, ready: &Ready, mut options: Options) -> Result<Figures> {
        match ready.peer {
            Peer::Jetstream => rig::jetstream(self.rig(ready)?, &options),
            Peer::Cluster | Peer::Synced => {
                let log = self.folder()?.join(format!("{}.log", ready.peer.name()));
                let cluster = Cluster::start(self.rig(ready)?, ready.peer == Peer::Synced, &log)?;
                let [publishers, readers] = [cluster.nodes[0], cluster.nodes[1]];
                (options.port, options.publish_port) = (readers.port, Some(publishers.port));
                let measured = if options.clients > 0 { readers } else { publishers };
                options.pid = Some(measured.pid);
                self.work(&options, Some(readers.pid))
            }
            _ => {
                let server = self.start(ready, options.compress)?;
                options.port = server.port;
                options.publish_port = server.publish_port;
                // Only Linux tells what a process uses; elsewhere the id is there for stopping it.
                options.pid = Some(server.process.id());
                self.work(&options, None)
            }
        }
    }

    /// The beginning of a command for the rig.
    fn rig(&self, ready: &Ready) -> Result<Command> {
        let rig = self.rig.as_ref().context("there is no rig")?;
        let mut command = self.project.command(&rig.program);
        command.env(nats::PROGRAM, &rig.nats).env(nats::NODE, &ready.program);
        Ok(command)
    }

    /// Where logs are.
    fn folder(&self) -> Result<PathBuf> {
        let folder = self.project.target().join("bench");
        fs::create_dir_all(&folder).context("making a folder for logs")?;
        Ok(folder)
    }

    /// One run against a server that is there. `other`: the process of another node of a cluster.
    fn work(&self, options: &Options, other: Option<u32>) -> Result<Figures> {
        let publish_port = options.publish_port.unwrap_or(options.port);
        if options.rooms > 0 && options.way == Way::None {
            let own = options.pid.map(|pid| rooms::Idle {
                pid,
                memory: Metric::OpenRoomsMib,
                cpu: Metric::OpenRoomsCpuPercent,
            });
            let other = other.map(|pid| rooms::Idle {
                pid,
                memory: Metric::KnownRoomsMib,
                cpu: Metric::KnownRoomsCpuPercent,
            });
            let idle: Vec<rooms::Idle> = own.into_iter().chain(other).collect();
            return rooms::cost(publish_port, options.rooms, &idle, options.time);
        }
        rooms::open(publish_port, options.rooms)?;
        self.load(options).map(|report| report.figures)
    }

    fn load(&self, options: &Options) -> Result<Report> {
        let mut load = self.pinned(self.cores.map(|[_, load]| load));
        load.arg(&self.xtask).arg("load").args(options.flags());
        let output = load.stdin(Stdio::null()).output().context("starting the load")?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let error = said.lines().rev().find_map(|line| line.strip_prefix("error: "));
            bail!(
                "{}",
                error.map_or_else(|| format!("the load ended with {}", output.status), str::to_owned)
            );
        }
        serde_json::from_str(said.trim()).context("reading the report of the load")
    }

    /// The beginning of a command that runs on a core and ends with this process.
    fn pinned(&self, core: Option<usize>) -> Command {
        self.project.pinned(&self.xtask, core)
    }

    fn start(&self, ready: &Ready, deflate: bool) -> Result<Server> {
        let folder = self.folder()?;
        // Nothing from the run before.
        let _ = fs::remove_dir_all(folder.join("data"));
        let log = folder.join(format!("{}.log", ready.peer.name()));
        let file = File::create(&log).context("making a log")?;
        let port = free_port()?;
        let publish_port = if ready.peer == Peer::Nats { Some(free_port()?) } else { None };
        let mut command = self.pinned(self.cores.map(|[server, _]| server));
        command.current_dir(&folder).arg(&ready.program);
        let sources = peers::sources(self.project);
        match ready.peer {
            // With its event log on the disk, as a user runs it.
            Peer::Arcane => command
                .args(["serve", "--no-dashboard", "--otlp-listen", "off", "--data-dir", "data", "--listen"])
                .arg(format!("127.0.0.1:{port}")),
            Peer::Ephemeral => command
                .args(["serve", "--no-dashboard", "--otlp-listen", "off", "--ephemeral", "--listen"])
                .arg(format!("127.0.0.1:{port}")),
            Peer::Bun => command
                .arg(sources.join("bun.js"))
                .env("PORT", port.to_string())
                .env("DEFLATE", if deflate { "1" } else { "0" }),
            Peer::Nats => command
                .arg("--config")
                .arg(sources.join("nats.conf"))
                .env("BENCH_PORT", port.to_string())
                .env("BENCH_PUBLISH_PORT", publish_port.unwrap_or_default().to_string()),
            Peer::Raw => command.arg(port.to_string()),
            Peer::Cluster | Peer::Synced | Peer::Jetstream => bail!("that is no single server"),
            Peer::Redis => {
                fs::create_dir_all(folder.join("data")).context("making a folder for Redis")?;
                command.args(["--bind", "127.0.0.1", "--port"]).arg(port.to_string());
                command.args([
                    "--save",
                    "",
                    "--appendonly",
                    "yes",
                    "--appendfsync",
                    "everysec",
                    "--dir",
                    "data",
                ])
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let process = command.spawn().with_context(|| format!("starting {}", ready.peer.name()))?;
        let mut server = Server { process, port, publish_port };
        server.wait_until_there(&log)?;
        Ok(server)
    }
}

impl Server {
    fn wait_until_there(&mut self, log: &Path) -> Result<()> {
        let start = Instant::now();
        let accepts = |port: u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        while !accepts(self.port) || self.publish_port.is_some_and(|port| !accepts(port)) {
            if let Some(status) = self.process.try_wait().context("looking after the server")? {
                bail!("it ended with {status} instead of starting: {}", last_words(log));
            }
            if start.elapsed() > STARTING_MAX {
                bail!("it accepts no connection after {STARTING_MAX:?}: {}", last_words(log));
            }
            thread::sleep(ATTEMPT_EVERY);
        }
        Ok(())
    }
}

pub(super) fn last_words(log: &Path) -> String {
    let said = fs::read(log).unwrap_or_default();
    let tail = &said[said.len().saturating_sub(LAST_WORDS_MAX)..];
    String::from_utf8_lossy(tail).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}
