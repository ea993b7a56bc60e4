//! A server that keeps events, on a core of its own and with a directory of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Store, protocol};

/// A server that does not accept a connection after this time has not started.
const STARTING_MAX: Duration = Duration::from_secs(20);

pub(super) struct Server {
    process: Child,
    pub(super) port: u16,
    dir: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Server {
    /// Starts one with an empty directory below `at`.
    pub(super) fn start(store: Store, arcane: &Path, at: &Path, core: Option<usize>) -> Result<Self> {
        let dir = at.join("data");
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).context("making a directory for a server")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("pinned");
        if let Some(core) = core {
            command.args(["--core", &core.to_string()]);
        }
        command.arg("--").current_dir(&dir);
        match store {
            Store::Arcane(_) => {
                command.arg(arcane).args(["serve", "--no-dashboard", "--otlp-listen", "off", "--data-dir"]);
                command.arg(&dir).arg("--listen").arg(format!("127.0.0.1:{port}"));
            }
            Store::Redis(always) => {
                let fsync = if always { "always" } else { "everysec" };
                command.args([
                    "redis-server",
                    "--bind",
                    "127.0.0.1",
                    "--port",
                    &port.to_string(),
                    "--save",
                    "",
                ]);
                command.args(["--appendonly", "yes", "--appendfsync", fsync, "--dir"]).arg(&dir);
            }
            Store::Nats(always) => {
                // Before 2.10 there is only the default, two minutes; such a server says no to the setting.
                let sync = if always { ", sync_interval: always" } else { "" };
                let file = dir.join("nats.conf");
                let text = format!("listen: 127.0.0.1:{port}\njetstream {{ store_dir: \"js\"{sync} }}\n");
                fs::write(&file, text).context("writing nats.conf")?;
                command.args(["nats-server", "--config", "nats.conf"]);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().with_context(|| format!("starting {}", store.name()))?;
        let mut server = Self { process, port, dir };
        server.wait(store)?;
        protocol::prepare(store, port)?;
        Ok(server)
    }

    fn wait(&mut self, store: Store) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("{} ended with {status} instead of starting", store.name());
            }
            if start.elapsed() > STARTING_MAX {
                bail!("{} accepts no connection after {STARTING_MAX:?}", store.name());
            }
        }
        Ok(())
    }
}
