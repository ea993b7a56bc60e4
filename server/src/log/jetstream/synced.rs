//! Whether every server of a cluster writes to its disk before it answers, as their monitoring says. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What a server says of itself at `/varz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Which server, as long as its process lives.
    id: String,
    name: String,
    /// Whether it has `sync_interval: always`.
    is_synced: bool,
    /// How many servers its cluster has that keep streams; 1 where there is no cluster.
    cluster_size: usize,
}

#[derive(Deserialize)]
struct Varz {
    server_id: String,
    server_name: String,
    #[serde(default)]
    jetstream: JetStream,
}

#[derive(Default, Deserialize)]
struct JetStream {
    config: Option<Config>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    sync_always: bool,
}

#[derive(Deserialize)]
struct Meta {
    cluster_size: usize,
}

impl Server {
    /// Reads an answer of `/varz`.
    ///
    /// # Errors
    /// What it is not.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let Varz { server_id, server_name, jetstream } = serde_json::from_slice(json)
            .map_err(|error| format!("its answer is not that of a nats-server: {error}"))?;
        let config = jetstream.config.ok_or("this nats-server has no JetStream")?;
        let cluster_size = jetstream.meta.map_or(1, |meta| meta.cluster_size);
        Ok(Self { id: server_id, name: server_name, is_synced: config.sync_always, cluster_size })
    }
}

/// What servers said, by the address of their monitoring.
#[derive(Debug, Default)]
pub struct Servers {
    said: BTreeMap<String, Server>,
    /// Why an address does not answer now.
    silent: BTreeMap<String, String>,
}

impl Servers {
    /// An address has answered, or not: then what it said before holds. It is asked again soon.
    pub fn take(&mut self, address: &str, answer: Result<Server, String>) {
        match answer {
            Ok(server) => {
                self.silent.remove(address);
                self.said.insert(address.to_owned(), server);
            }
            Err(why) => {
                self.silent.insert(address.to_owned(), why);
            }
        }
    }

    /// Whether they should be asked again soon: some address does not answer now, or this node is connected to a server that
    /// has said nothing, which may have been started with other settings.
    #[must_use]
    pub fn should_be_asked(&self, connected: &str) -> bool {
        !self.silent.is_empty() || !self.said.values().any(|server| server.id == connected)
    }

    /// Whether an answered event is on disks. `connected`: the id of the server that this node is connected to.
    ///
    /// # Errors
    /// Which setting of what has to be otherwise.
    pub fn verdict(&self, connected: &str) -> Result<(), String> {
        if let Some((address, why)) =
            self.silent.iter().find(|(address, _)| !self.said.contains_key(*address))
        {
            return Err(format!("log-monitor: {address} does not answer: {why}"));
        }
        if let Some((address, server)) = self.said.iter().find(|(_, server)| !server.is_synced) {
            return Err(format!(
                "the nats-server {} ({address}) does not have `sync_interval: always` in its `jetstream` block",
                server.name
            ));
        }
        let ids: BTreeSet<&str> = self.said.values().map(|server| server.id.as_str()).collect();
        let size = self.said.values().map(|server| server.cluster_size).max().unwrap_or(0);
        if ids.len() < size.max(1) {
            return Err(format!(
                "log-monitor names {} of the {size} nats-servers of the cluster: name the monitoring of each",
                ids.len()
            ));
        }
        if self.silent.is_empty() && !ids.contains(connected) {
            return Err(
                "log-monitor names other nats-servers than those that this node is connected to".into()
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varz(n: usize, is_synced: bool, cluster: Option<usize>) -> Server {
        let mut jetstream = serde_json::json!({"config": {"sync_interval": 120_000_000_000_u64}});
        if is_synced {
            jetstream["config"]["sync_always"] = true.into();
        }
        if let Some(size) = cluster {
            jetstream["meta"] = serde_json::json!({"name": "c", "cluster_size": size});
        }
        let json = serde_json::json!({"server_id": format!("N{n}"), "server_name": format!("nats-{n}"), "jetstream": jetstream});
        Server::read(json.to_string().as_bytes()).unwrap()
    }

    fn told(servers: &[(&str, Result<Server, String>)], connected: &str) -> String {
        let mut all = Servers::default();
        for (address, answer) in servers {
            all.take(address, answer.clone());
        }
        match all.verdict(connected) {
            Ok(()) => "promised".into(),
            Err(why) => why,
        }
    }

    #[test]
    fn it_is_promised_where_every_server_says_so() {
        let of_three = |n| Ok(varz(n, true, Some(3)));
        let away = Err("timed out".to_owned());
        let cases = [
            told(&[("a", Ok(varz(1, true, None)))], "N1"),
            told(&[("a", of_three(1)), ("b", of_three(2)), ("c", of_three(3))], "N2"),
            told(&[("a", of_three(1)), ("b", of_three(2)), ("c", of_three(3)), ("c", away.clone())], "N2"),
            told(&[("a", Ok(varz(1, false, None)))], "N1"),
            told(&[("a", of_three(1)), ("b", of_three(1)), ("c", of_three(3))], "N1"),
            told(&[("a", of_three(1)), ("b", of_three(2)), ("c", Ok(varz(3, false, Some(3))))], "N1"),
            told(&[("a", of_three(1)), ("b", of_three(2)), ("c", away)], "N1"),
            told(&[("a", Ok(varz(1, true, None)))], "N9"),
            Server::read(b"<html>").unwrap_err(),
            Server::read(br#"{"server_id":"N1","server_name":"n","jetstream":{}}"#).unwrap_err(),
        ];
        insta::assert_snapshot!(cases.join("\n"), @"
        promised
        promised
        promised
        the nats-server nats-1 (a) does not have `sync_interval: always` in its `jetstream` block
        log-monitor names 2 of the 3 nats-servers of the cluster: name the monitoring of each
        the nats-server nats-3 (c) does not have `sync_interval: always` in its `jetstream` block
        log-monitor: c does not answer: timed out
        log-monitor names other nats-servers than those that this node is connected to
        its answer is not that of a nats-server: expected value at line 1 column 1
        this nats-server has no JetStream
        ");
    }
}
