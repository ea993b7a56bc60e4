//! `arcane serve`.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use arcane_shared::RoomName;
use clap::{ArgMatches, Args, CommandFactory};
use tokio::net::TcpListener;

use super::demo::Demo;
use super::guard::{LimitFlags, ProxyFlags};
use super::guards::GuardFlags;
use super::log_flags::LogFlags;
use super::metrics_listener::MetricsListener;
use super::otlp_listener::OtlpListen;
use super::print::print;
use super::size::Size;
use super::{Arcane, login, memory, process, screen, service, settings, signals};
use crate::config::{
    BasePath, BusConfig, Config, ConfigFile, Dashboard, HostName, KeysConfig, NetConfig, Origin, PublicUrl,
    RealmConfig, Retention, TlsFiles,
};
use crate::diagnostics;
use crate::gate::proxy::Proxies;
use crate::gate::token::AUDIENCE;

/// How long what still runs in the background is waited for after the log was closed.
const REST: Duration = Duration::from_millis(250);

/// Flags of `arcane serve`. Each is a variable `ARCANE_…` and a key of `arcane.toml` as well.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one switch of the command line")]
pub(super) struct Serve {
    /// Address of the API and the dashboard; port 0 takes a free one.
    #[arg(long, env = "ARCANE_LISTEN", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    #[command(flatten)]
    otlp: OtlpListen,
    /// Folder for what has to survive: the event log and the voice engine's sounds.
    #[arg(long, env = "ARCANE_DATA_DIR", default_value = "./arcane-data")]
    data_dir: PathBuf,
    /// Keep events in memory and forget them at the end.
    #[arg(long, env = "ARCANE_EPHEMERAL", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    ephemeral: bool,
    #[command(flatten)]
    log: LogFlags,
    #[command(flatten)]
    demo: Demo,
    /// The dashboard speaks in plain words (agent, log, started, failed) where its viewer has not chosen.
    #[arg(long, env = "ARCANE_PLAIN", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    plain: bool,
    /// Folder of the dashboard; otherwise ./dist if it is there, otherwise what the binary holds.
    #[arg(long, env = "ARCANE_DASHBOARD")]
    dashboard: Option<PathBuf>,
    /// Serve the API alone.
    #[arg(long, env = "ARCANE_NO_DASHBOARD", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    no_dashboard: bool,
    /// Events that a newcomer can ask for, per room.
    #[arg(long, env = "ARCANE_HISTORY_SIZE", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    history_size: u32,
    /// Events that the log keeps, per room; the oldest go.
    #[arg(long, env = "ARCANE_RETENTION_EVENTS", default_value = "1000000", value_parser = clap::value_parser!(u64).range(1..))]
    retention_events: u64,
    /// Days that the log keeps an event.
    #[arg(long, env = "ARCANE_RETENTION_DAYS", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    retention_days: u32,
    /// Bytes of events that the log keeps, per room; the oldest go.
    #[arg(long, env = "ARCANE_RETENTION_BYTES", default_value = "1073741824", value_parser = clap::value_parser!(u64).range(65_536..))]
    retention_bytes: u64,
    /// The only rooms there are besides main, comma-separated; otherwise rooms open with their first user.
    #[arg(long, env = "ARCANE_ROOMS", value_delimiter = ',')]
    rooms: Vec<RoomName>,
    /// Most rooms in memory at a time, main included, which always is.
    #[arg(long, env = "ARCANE_MAX_ROOMS", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    max_rooms: u32,
    /// Memory for all that grows with what clients do: 512M, 1G. Without it a quarter of the machine's, at most 1G.
    #[arg(long, env = "ARCANE_MEMORY", value_name = "SIZE")]
    memory: Option<Size>,
    /// Most connections at a time.
    #[arg(long, env = "ARCANE_MAX_CONNECTIONS", default_value = "20000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Send every event as it is, also to clients that offer to take it compressed.
    #[arg(long, env = "ARCANE_NO_COMPRESSION", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    no_compression: bool,
    /// Origins, besides the server's own, whose pages may connect, comma-separated.
    #[arg(long, env = "ARCANE_ALLOWED_ORIGINS", value_delimiter = ',')]
    allowed_origins: Vec<String>,
    /// Names that the server goes by besides addresses, localhost and the hosts of allowed origins, comma-separated.
    #[arg(long, env = "ARCANE_ALLOWED_HOSTS", value_delimiter = ',')]
    allowed_hosts: Vec<HostName>,
    /// Path of a proxy below which the server is, such as /arcane: the proxy passes it on, and every route is below it.
    #[arg(long, env = "ARCANE_BASE_PATH", default_value = "/")]
    base_path: BasePath,
    /// Address at which people reach the dashboard, such as https://arcane.example: links in notifications begin with it.
    #[arg(long, env = "ARCANE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Whether pages of this machine's other servers, such as http://localhost:3000, may connect; auto: unless there are keys.
    #[arg(long, env = "ARCANE_TRUST_LOCAL_PAGES", default_value = "auto")]
    trust_local_pages: TrustLocalPages,
    /// Take tokens, signed with the keys in this file; without it nobody needs one. It is reread when it changes.
    #[arg(long, env = "ARCANE_KEYS_FILE")]
    keys: Option<PathBuf>,
    /// What a token's aud must have.
    #[arg(long, env = "ARCANE_AUDIENCE", default_value = AUDIENCE)]
    audience: String,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    proxy: ProxyFlags,
    #[command(flatten)]
    metrics: MetricsListener,
    /// Something in front of the server speaks TLS; others reach the server through it only.
    #[arg(long, env = "ARCANE_TLS_BY_PROXY", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    tls_by_proxy: bool,
    /// Listen on an address that others can reach although there are no keys, or nothing encrypts.
    #[arg(long, env = "ARCANE_INSECURE", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    insecure: bool,
    /// Serve https and wss alone, with this certificate: a file of PEM, the server's own certificate first; it is read again when it changes.
    #[arg(long, env = "ARCANE_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, a file of PEM.
    #[arg(long, env = "ARCANE_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Let what daemons answer stand in events.
    #[arg(long, env = "ARCANE_CAPTURE_CONTENT", default_value = "false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    capture_content: bool,
    #[command(flatten)]
    guards: GuardFlags,
    /// Configuration file; otherwise ./arcane.toml if it is there.
    #[arg(long, env = "ARCANE_CONFIG")]
    config: Option<PathBuf>,
    /// Print what holds and where it came from, and stop; the file's [daemons], [voice], [prices], [[rules]], [[ingest.map]] and [[notify]] are not shown.
    #[arg(long)]
    print_config: bool,
}

/// Whether pages of this machine's other servers may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TrustLocalPages {
    Auto,
    True,
    False,
}

impl Serve {
    pub(super) fn run(self, matches: &ArgMatches) -> anyhow::Result<()> {
        let raw: Vec<_> = std::env::args_os().collect();
        let file = settings::path(&raw);
        if self.print_config {
            let table = settings::table(&Arcane::command(), matches, file.as_deref());
            print(&screen::lines(&table))?;
            // An operator who looks why a server does not start finds it.
            self.check_exposure()?;
            self.demo.check(matches)?;
            let config = self.config(file.as_deref())?;
            crate::realm::conduits(&config.realm)?;
            crate::notify::Outlets::open(&config.notify)?;
            config.keys.as_ref().map(|keys| super::keys::read(&keys.file)).transpose()?;
            Proxies::new(&config.proxy)?;
            crate::serve::check_tls(&config)?;
            crate::serve::check_log(&config)?;
            return Ok(());
        }
        process::start_telemetry();
        diagnostics::set_bound(self.limits.log_lines_per_s(self.is_guarded()));
        self.check_exposure()?;
        self.demo.check(matches)?;
        self.announce_missing_parts();
        let config = self.config(file.as_deref())?;
        if let Some(keys) = &config.keys {
            super::keys::warn_if_public(&keys.file);
        }
        process::raise_file_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let served = runtime.block_on(self.serve(config));
        // A call that blocks, on a disk that does not answer for example, must not keep the process.
        runtime.shutdown_timeout(REST);
        diagnostics::lines().flush();
        served
    }

    async fn serve(&self, config: Config) -> anyhow::Result<()> {
        // The log first: it waits a moment for a server that is just ending, which then has let go of the address, too.
        let server = crate::Server::open(config).await?;
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = listener.local_addr()?;
        let metrics = self.metrics.bind().await?;
        let metrics_at = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
        let otlp = self.otlp.bind().await;
        let (stop, hurry) = signals::stop()?;
        #[cfg(target_os = "linux")]
        crate::realm::adopt_orphans().context("cannot listen for programs that end")?;
        tokio::spawn(memory::give_back());
        let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{address}{}", self.base_path.as_str());
        service::ready(&base);
        tokio::spawn(service::keep_alive());
        let metrics_at = metrics_at.map(|address| format!("\nmetrics on http://{address}/metrics"));
        let otlp_at = otlp.as_ref().filter(|otlp| otlp.error().is_none()).map(|otlp| {
            let is_tls = self.tls_cert.is_some() && !otlp.address().ip().is_loopback();
            format!("\nOpenTelemetry on {}://{}", if is_tls { "https" } else { "http" }, otlp.address())
        });
        let beside =
            format!("{}{}", metrics_at.unwrap_or_default(), otlp_at.unwrap_or_default()) + &self.demo.said();
        announce(format!("listening on {base}{beside}"), self.sign_in(&base));
        let stop = async {
            stop.await;
            service::stopping();
        };
        server.with_metrics_on(metrics).with_otlp_on(otlp).run_until(listener, stop, hurry).await;
        Ok(())
    }

    /// A link that signs a browser in, for whoever started the server by hand. What a program reads may be kept.
    fn sign_in(&self, base: &str) -> Option<String> {
        let keys = self.keys.as_deref().filter(|_| std::io::stdout().is_terminal())?;
        login::link_of_start(base, keys, &self.audience)
    }

    /// Whether not everybody may do everything.
    fn is_guarded(&self) -> bool {
        self.keys.is_some() || self.proxy.has_users()
    }

    fn check_exposure(&self) -> anyhow::Result<()> {
        self.metrics.check()?;
        self.check_address(self.listen, "--listen")?;
        self.otlp.address().map_or(Ok(()), |address| self.check_address(address, "--otlp-listen"))
    }

    /// Checks that an address which others can reach is one that they may.
    fn check_address(&self, address: SocketAddr, flag: &str) -> anyhow::Result<()> {
        if address.ip().is_loopback() || self.insecure {
            return Ok(());
        }
        // The server's own address needs no name.
        let of = if flag == "--listen" { String::new() } else { format!(" ({flag})") };
        if !self.is_guarded() {
            anyhow::bail!(
                "{address}{of} can be reached by others, and nobody needs a token: make keys with `arcane keys new` and name them \
                 with --keys, or listen on 127.0.0.1, or say --insecure if something in front of the server decides who may \
                 come in"
            );
        }
        if self.tls_cert.is_none() && !self.tls_by_proxy {
            anyhow::bail!(
                "{address}{of} can be reached by others, and tokens would go over the network as they are: name a certificate with \
                 --tls-cert and --tls-key, or say --tls-by-proxy if something in front of the server encrypts, or listen on \
                 127.0.0.1, or say --insecure"
            );
        }
        Ok(())
    }

    fn announce_missing_parts(&self) {
        if let Dashboard::Folder(folder) = self.dashboard()
            && !folder.join("index.html").is_file()
        {
            let folder = folder.display();
            tracing::warn!(%folder, "there is no dashboard in the folder: it has no index.html");
        }
    }

    fn config(&self, file: Option<&std::path::Path>) -> anyhow::Result<Config> {
        let known = settings::setting_names(&Arcane::command());
        let file = file.map(|path| ConfigFile::read(path, &known)).transpose()?.unwrap_or_default();
        let log = self.log.read()?;
        if log.is_some() && (self.ephemeral || self.demo.is_on()) {
            let flag = if self.ephemeral { "--ephemeral" } else { "--demo" };
            anyhow::bail!(
                "{flag} keeps nothing, and --log names servers that keep all; leave one of them out"
            );
        }
        Ok(Config {
            bus: BusConfig {
                history_size: self.history_size as usize,
                rooms: (!self.rooms.is_empty()).then(|| self.rooms.clone()),
                rooms_max: self.max_rooms as usize,
                memory_bytes: self.memory.unwrap_or_else(Size::of_this_machine).0,
                retention: Retention {
                    events_max: self.retention_events,
                    bytes_max: self.retention_bytes,
                    age_max: Duration::from_hours(24 * u64::from(self.retention_days)),
                },
                ..BusConfig::default()
            },
            net: NetConfig {
                connections_max: self.max_connections as usize,
                connections_per_address_max: self.limits.connections_per_address(self.is_guarded()),
                allowed_origins: Origin::parse_all(&self.allowed_origins).context("--allowed-origins")?,
                allowed_hosts: self.allowed_hosts.clone(),
                trust_local_pages: match self.trust_local_pages {
                    TrustLocalPages::Auto => !self.is_guarded(),
                    TrustLocalPages::True => true,
                    TrustLocalPages::False => false,
                },
                compression: !self.no_compression,
                base_path: self.base_path.clone(),
                public_url: self.public_url.clone(),
                tls: self.tls()?,
                ..NetConfig::default()
            },
            limits: self.limits.config(self.is_guarded()),
            proxy: self.proxy.config()?,
            keys: self.keys.clone().map(|file| KeysConfig { file, audience: self.audience.clone() }),
            realm: RealmConfig {
                daemons: file.daemons,
                // An engine writes what it speaks into the data folder; the page narrates without one.
                voice: file.voice.filter(|_| !self.demo.is_on()),
                audio_dir: self.data_dir.join("audio"),
                capture_content: self.capture_content,
                budget_usd: self.guards.budget_usd,
                ..RealmConfig::default()
            },
            maps: file.maps,
            notify: file.notify,
            loop_after: self.guards.loop_after,
            prices: file.prices,
            rules: file.rules,
            dashboard: self.dashboard(),
            data_dir: (!self.ephemeral && !self.demo.is_on()).then(|| self.data_dir.clone()),
            log,
            demo: self.demo.is_on(),
            plain: self.plain,
        })
    }

    fn tls(&self) -> anyhow::Result<Option<TlsFiles>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles::new(certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => {
                anyhow::bail!("--tls-cert needs --tls-key, the file of the certificate's private key")
            }
            (None, Some(_)) => anyhow::bail!("--tls-key needs --tls-cert, the file of the key's certificate"),
        }
    }

    fn dashboard(&self) -> Dashboard {
        if self.no_dashboard {
            return Dashboard::Off;
        }
        if let Some(folder) = &self.dashboard {
            return Dashboard::Folder(folder.clone());
        }
        let built = PathBuf::from("dist");
        if !cfg!(feature = "embed") && built.join("index.html").is_file() {
            tell_age(&built);
            return Dashboard::Folder(built);
        }
        Dashboard::Embedded
    }
}

/// Nobody named this folder: a page that was built before the program may not know what the program says.
fn tell_age(folder: &Path) {
    let built = |path: PathBuf| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let page = built(folder.join("index.html"));
    let program = std::env::current_exe().ok().and_then(built);
    if let (Some(page), Some(program)) = (page, program)
        && page < program
    {
        tracing::info!(
            folder = %folder.display(),
            "the dashboard there is older than this program: `cargo xtask run` builds both, --dashboard names another"
        );
    }
}

/// Lines on standard output, the first of which a program can wait for and a person can click, and one for a person alone. Nothing waits for
/// them to be read.
fn announce(line: String, sign_in: Option<String>) {
    std::thread::spawn(move || {
        let sign_in = sign_in.map(|link| format!("\nsign in: {link}")).unwrap_or_default();
        if let Err(error) = writeln!(std::io::stdout(), "{line}{sign_in}") {
            tracing::warn!(%line, %error, "the address could not be printed");
        }
    });
}
