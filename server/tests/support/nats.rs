//! A server of NATS for tests: a process on a free port of this machine, whose files go with it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take until it takes streams.
const READY_MAX: Duration = Duration::from_secs(30);

/// Whether this process has said that there is no server.
static TOLD: Once = Once::new();

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct NatsServer {
    process: Option<Child>,
    program: PathBuf,
    /// Removed after the process, which is ended first.
    folder: TempDir,
    config: String,
    port: u16,
    monitoring: Option<String>,
}

impl NatsServer {
    /// A server with streams; `None`, with a line on standard error, if `ARCANE_NATS_SERVER` names no program.
    pub async fn start() -> Option<Self> {
        Self::with("").await
    }

    /// A server with further lines of configuration; `$store` in them is its folder.
    #[allow(clippy::explicit_write, reason = "what eprintln! writes is kept back where a test passes")]
    pub async fn with(further: &str) -> Option<Self> {
        let Some(program) = std::env::var_os("ARCANE_NATS_SERVER") else {
            TOLD.call_once(|| {
                let line = "not tested here: rooms on JetStream (ARCANE_NATS_SERVER names no nats-server)";
                writeln!(std::io::stderr(), "{line}").unwrap();
            });
            return None;
        };
        let folder = tempfile::Builder::new().prefix("arcane-nats-").tempdir().unwrap();
        let config = further.replace("$store", &folder.path().display().to_string());
        let mut server =
            Self { process: None, program: program.into(), folder, config, port: 0, monitoring: None };
        server.start_again().await;
        Some(server)
    }

    /// Three servers of one cluster, which take streams.
    #[allow(dead_code, reason = "not every test has three")]
    pub async fn three() -> Option<[Self; 3]> {
        let listeners: [_; 3] = std::array::from_fn(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let routes = listeners.each_ref().map(|listener| listener.local_addr().unwrap().to_string());
        // They are for the servers now. Another process could take one of them; none of this machine's tests does.
        drop(listeners);
        let all: Vec<String> = routes.iter().map(|route| format!("\"nats://{route}\"")).collect();
        let config = |n: usize| {
            format!(
                "server_name: n{n}\ncluster {{ name: c, listen: \"{}\", no_advertise: true, routes: [{}] }}\n",
                routes[n],
                all.join(", ")
            )
        };
        let servers =
            [Self::with(&config(0)).await?, Self::with(&config(1)).await?, Self::with(&config(2)).await?];
        let began = Instant::now();
        for server in &servers {
            let client = async_nats::connect(server.url()).await.unwrap();
            let mut context = async_nats::jetstream::new(client);
            context.set_timeout(Duration::from_secs(1));
            while context.query_account().await.is_err() {
                assert!(began.elapsed() < READY_MAX, "the cluster has no leader");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Some(servers)
    }

    /// Where clients find it: host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Where it tells of itself, if `http` is among its further lines.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn monitoring(&self) -> String {
        self.monitoring.clone().expect("it has `http`")
    }

    /// Starts it with the files that it has, on the port that it had.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let folder = self.folder.path();
        let mut config = format!("listen: \"127.0.0.1:{port}\"\nports_file_dir: {folder:?}\n");
        if !self.config.contains("jetstream") {
            config += &format!("jetstream {{ store_dir: {folder:?}, max_mem: 64M, max_file: 1G }}\n");
        }
        std::fs::write(folder.join("nats.conf"), config + &self.config).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(folder.join("nats.conf")).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = self.process.insert(command.spawn().unwrap());
        let ports = folder.join(format!("nats-server_{}.ports", process.id()));
        let began = Instant::now();
        loop {
            let said = std::fs::read_to_string(&ports).unwrap_or_default();
            if let Some(port) = port_of(&said) {
                self.port = port;
                self.monitoring = monitoring_of(&said);
                return;
            }
            let last_words = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(process.try_wait().unwrap().is_none(), "it has ended: {}", last_words());
            assert!(began.elapsed() < READY_MAX, "it is not ready: {}", last_words());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A copy of what its streams have. It must not run.
    #[allow(dead_code, reason = "not every test restores something")]
    pub fn copy_streams(&self) -> TempDir {
        assert!(self.process.is_none(), "it runs");
        let copy = tempfile::Builder::new().prefix("arcane-nats-").tempdir().unwrap();
        copy_all(&self.folder.path().join("jetstream"), copy.path());
        copy
    }

    /// Puts a copy in the place of what its streams have. It must not run.
    #[allow(dead_code, reason = "not every test restores something")]
    pub fn put_streams(&self, copy: &TempDir) {
        assert!(self.process.is_none(), "it runs");
        let streams = self.folder.path().join("jetstream");
        std::fs::remove_dir_all(&streams).unwrap();
        copy_all(copy.path(), &streams);
    }

    /// Puts a copy in the place of what one stream has. It must not run.
    #[allow(dead_code, reason = "not every test restores something")]
    pub fn put_stream(&self, copy: &TempDir, stream: &str) {
        assert!(self.process.is_none(), "it runs");
        let within = std::path::Path::new("$G/streams").join(stream);
        let there = self.folder.path().join("jetstream").join(&within);
        std::fs::remove_dir_all(&there).unwrap();
        copy_all(&copy.path().join(within), &there);
    }

    /// Starts it with the files that it has, where nobody looks for it: at an address that only this one call has.
    #[allow(dead_code, reason = "not every test restores something")]
    pub async fn start_apart(&mut self) -> String {
        let port = std::mem::replace(&mut self.port, 0);
        self.start_again().await;
        let url = self.url();
        self.port = port;
        url
    }

    /// Ends it as the kernel would. Its files stay.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Lets it do nothing, and keeps its connections open (`SIGSTOP`).
    #[cfg(unix)]
    pub fn pause(&self) {
        use rustix::process::{WaitOptions, waitpid};
        let pid = self.signal(rustix::process::Signal::STOP);
        // The signal is there at once; its threads stand still when the kernel says so.
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped(), "it has ended");
    }

    /// Lets it go on (`SIGCONT`).
    #[cfg(unix)]
    pub fn go_on(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) -> rustix::process::Pid {
        let pid = rustix::process::Pid::from_child(self.process.as_ref().expect("it runs"));
        rustix::process::kill_process(pid, signal).unwrap();
        pid
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let at = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &at);
        } else {
            std::fs::copy(entry.path(), at).unwrap();
        }
    }
}

fn monitoring_of(said: &str) -> Option<String> {
    let ports: serde_json::Value = serde_json::from_str(said).ok()?;
    ports["monitoring"][0].as_str().map(ToOwned::to_owned)
}

/// The port for clients in the file of a server's ports; `None` while it is not written.
fn port_of(said: &str) -> Option<u16> {
    let ports: serde_json::Value = serde_json::from_str(said).ok()?;
    ports["nats"][0].as_str()?.rsplit_once(':')?.1.parse().ok()
}
