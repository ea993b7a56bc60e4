//! The proxies in front of the server that are believed.

use std::net::IpAddr;

/// What is believed of a proxy: for whom it asks, and whose login it has checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Where it asks from.
    pub addresses: Vec<IpAddr>,
    /// The header in which it names the user; `None`: it checks no login.
    pub user_header: Option<String>,
    /// What its users may, by the names of rights.
    pub user_can: Vec<String>,
    /// In which rooms: names, beginnings (`team-*`), or all (`*`).
    pub user_rooms: Vec<String>,
}
