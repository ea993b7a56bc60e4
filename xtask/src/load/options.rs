//! What `cargo xtask load` is told.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

use super::peer::Peer;
use super::way::Way;

/// Most clients of one run: all have the same address, which has some 28,000 free ports on Linux.
const CLIENTS_MAX: usize = 25_000;
/// Longest run, seconds: servers ping after 25, and clients that scan do not answer.
const SECS_MAX: f64 = 20.0;
/// Most events of one request, as the server takes them.
const BATCH_MAX: u64 = 10_000;
/// Most rooms, as one server has them at a time, without the default one.
const ROOMS_MAX: usize = 999;
/// Most connections that publish.
pub(crate) const PUBLISHERS_MAX: usize = 64;

/// The name of a room, from 0 on.
pub(crate) fn room(n: usize) -> String {
    format!("bench-{n}")
}

/// When the next request is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// As soon as fewer than so many requests are unanswered and so many events not everywhere.
    Window(u64),
    /// So many events a second, whether the server keeps up or not.
    Rate(f64),
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) peer: Peer,
    pub(crate) port: u16,
    /// Where publishers connect, if not to the same port.
    pub(crate) publish_port: Option<u16>,
    /// The server's process, for its times and memory.
    pub(crate) pid: Option<u32>,
    pub(crate) clients: usize,
    /// How many of the clients never read.
    pub(crate) slow: usize,
    /// Before measuring, publishes more than the kernel keeps for a client that does not read.
    pub(crate) fill: bool,
    pub(crate) time: Duration,
    pub(crate) pace: Pace,
    pub(crate) way: Way,
    /// Connections that publish; what may be on its way is shared out among them.
    pub(crate) publishers: usize,
    /// Events in a request.
    pub(crate) batch: u64,
    /// Rooms that are published to in turn, [`room`] says how they are called; 0: the default room.
    pub(crate) rooms: usize,
    /// Ends the run before its time.
    pub(crate) events_max: Option<u64>,
    pub(crate) compress: bool,
    pub(crate) varied: bool,
    pub(crate) drain: bool,
}

impl Options {
    /// A run of a second with one client.
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            port: 8000,
            publish_port: None,
            pid: None,
            clients: 1,
            slow: 0,
            fill: false,
            time: Duration::from_secs(1),
            pace: Pace::Window(8),
            way: peer.way(),
            publishers: 1,
            batch: 1,
            rooms: 0,
            events_max: None,
            compress: false,
            varied: false,
            drain: false,
        }
    }

    /// Reads the flags; nothing if somebody asked for help.
    pub(crate) fn read(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let mut options = Self::new(Peer::Arcane);
        let mut way = None;
        while let Some(arg) = args.next()? {
            match arg {
                Long("peer") => options.peer = Peer::parse(&args.value()?.string()?)?,
                Long("port") => options.port = args.value()?.parse()?,
                Long("publish-port") => options.publish_port = Some(args.value()?.parse()?),
                Long("pid") => options.pid = Some(args.value()?.parse()?),
                Long("clients") => options.clients = args.value()?.parse()?,
                Long("slow") => options.slow = args.value()?.parse()?,
                Long("fill") => options.fill = true,
                Long("secs") => options.time = seconds(args.value()?.parse()?)?,
                Long("window") => options.pace = Pace::Window(args.value()?.parse()?),
                Long("rate") => options.pace = Pace::Rate(args.value()?.parse()?),
                Long("publish") => way = Some(Way::parse(&args.value()?.string()?)?),
                Long("publishers") => options.publishers = args.value()?.parse()?,
                Long("hold") => way = Some(Way::None),
                Long("batch") => options.batch = args.value()?.parse()?,
                Long("rooms") => options.rooms = args.value()?.parse()?,
                Long("events") => options.events_max = Some(args.value()?.parse()?),
                Long("compress") => options.compress = true,
                Long("varied") => options.varied = true,
                Long("drain") => options.drain = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        options.way = way.unwrap_or(options.peer.way());
        options.check()?;
        Ok(Some(options))
    }

    fn check(&self) -> Result<()> {
        if self.clients > CLIENTS_MAX {
            bail!("--clients takes at most {CLIENTS_MAX}, not {}", self.clients);
        }
        if self.slow > self.clients {
            bail!("--slow says how many of the {} clients never read, not {}", self.clients, self.slow);
        }
        if !(1..=BATCH_MAX).contains(&self.batch) {
            bail!("--batch takes 1 to {BATCH_MAX}, not {}", self.batch);
        }
        if !(1..=PUBLISHERS_MAX).contains(&self.publishers) {
            bail!("--publishers takes 1 to {PUBLISHERS_MAX}, not {}", self.publishers);
        }
        if self.rooms > ROOMS_MAX {
            bail!("--rooms takes at most {ROOMS_MAX}, not {}", self.rooms);
        }
        if self.rooms > 0 && (self.clients > 0 || !matches!(self.way, Way::Http | Way::None)) {
            bail!("--rooms is for --clients 0 and --publish http: readers read the default room");
        }
        match self.pace {
            Pace::Window(0) => bail!("--window takes 1 or more"),
            Pace::Rate(rate) if rate.is_nan() || rate <= 0.0 => {
                bail!("--rate takes events a second, not {rate}")
            }
            Pace::Window(_) | Pace::Rate(_) => {}
        }
        let (peer, way) = (self.peer.name(), format!("{:?}", self.way).to_lowercase());
        match (self.way, self.peer) {
            (Way::None, _) | (Way::Nats, Peer::Nats) | (Way::Redis, Peer::Redis) => {}
            (Way::Http | Way::Ws, Peer::Bun | Peer::Raw) => {}
            (Way::Http | Way::Ws, peer) if peer.is_ours() => {}
            (Way::Http | Way::Ws | Way::Nats | Way::Redis, _) => {
                bail!("--publish {way} is nothing that {peer} understands")
            }
        }
        if self.drain && self.pid.is_none() {
            bail!("--drain needs --pid: the server is told to stop");
        }
        Ok(())
    }

    /// The flags that say the same.
    pub(crate) fn flags(&self) -> Vec<OsString> {
        let mut flags = Vec::new();
        let mut say = |flag: &str, value: String| flags.extend([format!("--{flag}"), value]);
        say("peer", self.peer.name().to_owned());
        say("port", self.port.to_string());
        if let Some(port) = self.publish_port {
            say("publish-port", port.to_string());
        }
        if let Some(pid) = self.pid {
            say("pid", pid.to_string());
        }
        say("clients", self.clients.to_string());
        say("slow", self.slow.to_string());
        say("secs", self.time.as_secs_f64().to_string());
        match self.pace {
            Pace::Window(window) => say("window", window.to_string()),
            Pace::Rate(rate) => say("rate", rate.to_string()),
        }
        say("publish", format!("{:?}", self.way).to_lowercase());
        say("publishers", self.publishers.to_string());
        say("batch", self.batch.to_string());
        say("rooms", self.rooms.to_string());
        if let Some(events) = self.events_max {
            say("events", events.to_string());
        }
        let switches = [
            ("--fill", self.fill),
            ("--compress", self.compress),
            ("--varied", self.varied),
            ("--drain", self.drain),
        ];
        flags.extend(switches.into_iter().filter(|(_, on)| *on).map(|(flag, _)| flag.to_owned()));
        flags.into_iter().map(OsString::from).collect()
    }

    /// Clients that read.
    pub(crate) fn readers(&self) -> u64 {
        (self.clients - self.slow) as u64
    }
}

fn seconds(secs: f64) -> Result<Duration> {
    if !(0.1..=SECS_MAX).contains(&secs) {
        bail!("--secs takes 0.1 to {SECS_MAX}, not {secs}");
    }
    Duration::try_from_secs_f64(secs).context("--secs takes seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>> {
        Options::read(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn flags_come_back_as_they_went() {
        for peer in Peer::ALL {
            let mut options = Options::new(peer);
            assert_eq!(
                Options::read(lexopt::Parser::from_args(options.flags())).unwrap(),
                Some(options.clone())
            );
            options.pid = Some(7);
            options.publish_port = Some(8);
            options.pace = Pace::Rate(12.5);
            options.way = if peer.way() == Way::Http { Way::Ws } else { Way::None };
            options.publishers = 64;
            options.events_max = Some(5);
            (options.clients, options.slow, options.batch) = (10, 3, 100);
            (options.compress, options.varied, options.drain, options.fill) = (true, true, true, true);
            assert_eq!(Options::read(lexopt::Parser::from_args(options.flags())).unwrap(), Some(options));
        }
        let options = Options { clients: 0, rooms: 9, ..Options::new(Peer::Cluster) };
        assert_eq!(Options::read(lexopt::Parser::from_args(options.flags())).unwrap(), Some(options));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for line in [
            "--clients 25001",
            "--slow 2",
            "--secs 0",
            "--secs 21",
            "--secs NaN",
            "--batch 0",
            "--window 0",
            "--rate -1",
            "--rate NaN",
            "--peer socketio",
            "--publish pigeon",
            "--publish nats",
            "--publishers 0",
            "--publishers 65",
            "--peer nats --publish ws",
            "--peer redis --publish http",
            "--peer nats --publish http",
            "--drain",
            "--clients 1 --rooms 2",
            "--clients 0 --rooms 1000",
            "--clients 0 --rooms 2 --publish ws",
            "--loud",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        assert_eq!(read("--help").unwrap(), None);
        assert_eq!(read("--hold").unwrap().unwrap().way, Way::None);
    }
}
