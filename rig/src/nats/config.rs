//! The configuration file of one server. Pure.

use std::path::Path;

/// Where one server listens, on the loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// For clients.
    pub clients: u16,
    /// For the other servers.
    pub routes: u16,
    /// For questions about its health.
    pub monitor: u16,
}

/// When a server writes what it was given through to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Every two minutes: what is acknowledged survives a process, and a machine if there are others.
    Default,
    /// Before it acknowledges.
    Always,
}

/// The name of server `n`, from 0 on.
#[must_use]
pub fn name(n: usize) -> String {
    format!("n{}", n + 1)
}

/// The file of server `n`. `routes`: where it finds the others; none: it is alone.
#[must_use]
pub fn text(n: usize, ports: Ports, routes: &[u16], store: &Path, sync: Sync) -> String {
    let Ports { clients, routes: own, monitor } = ports;
    let interval = if sync == Sync::Always { ", sync_interval: always" } else { "" };
    let mut text = format!(
        "server_name: {}\nlisten: 127.0.0.1:{clients}\nhttp: 127.0.0.1:{monitor}\n\
         jetstream {{ store_dir: {:?}, max_mem: 256M, max_file: 4G{interval} }}\n",
        name(n),
        store.display().to_string(),
    );
    if !routes.is_empty() {
        let routes: Vec<String> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        text += &format!(
            "cluster {{ name: rig, listen: 127.0.0.1:{own}, no_advertise: true, routes: [ {} ] }}\n",
            routes.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_alone_has_no_routes() {
        let ports = |n: u16| Ports { clients: 4000 + n, routes: 5000 + n, monitor: 6000 + n };
        let store = Path::new("/store");
        insta::assert_snapshot!(text(0, ports(1), &[], store, Sync::Default), @r#"
        server_name: n1
        listen: 127.0.0.1:4001
        http: 127.0.0.1:6001
        jetstream { store_dir: "/store", max_mem: 256M, max_file: 4G }
        "#);
        insta::assert_snapshot!(text(1, ports(2), &[7001, 7003], store, Sync::Always), @r#"
        server_name: n2
        listen: 127.0.0.1:4002
        http: 127.0.0.1:6002
        jetstream { store_dir: "/store", max_mem: 256M, max_file: 4G, sync_interval: always }
        cluster { name: rig, listen: 127.0.0.1:5002, no_advertise: true, routes: [ nats://127.0.0.1:7001, nats://127.0.0.1:7003 ] }
        "#);
    }
}
