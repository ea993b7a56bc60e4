//! How many connections each address has open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::network_of;

/// The connections of all addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Addresses(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// Most of one address; 0 is no bound.
    max: usize,
    /// Those of proxies are not counted: many clients come from there.
    proxies: Vec<IpAddr>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place among those of its address, until it is dropped.
#[derive(Debug)]
pub(crate) struct AddressPlace {
    counts: Arc<Counts>,
    address: IpAddr,
}

/// An address has as many connections as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyConnections;

impl Addresses {
    pub(crate) fn new(max: usize, proxies: &[IpAddr]) -> Self {
        let proxies = proxies.iter().map(IpAddr::to_canonical).collect();
        Self(Arc::new(Counts { max, proxies, open: Mutex::default() }))
    }

    /// A place for another connection; `None` where they are not counted.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Option<AddressPlace>, TooManyConnections> {
        let counts = &self.0;
        if counts.max == 0 || counts.proxies.contains(&address.to_canonical()) {
            return Ok(None);
        }
        let address = network_of(address);
        let mut open = counts.lock();
        let n = open.entry(address).or_default();
        if *n >= counts.max {
            return Err(TooManyConnections);
        }
        *n += 1;
        Ok(Some(AddressPlace { counts: Arc::clone(counts), address }))
    }
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let mut open = self.counts.lock();
        if let Some(n) = open.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let addresses = Addresses::new(2, &[ip("10.0.0.1")]);
        let (one, two) =
            (addresses.enter(ip("192.0.2.1")).unwrap(), addresses.enter(ip("192.0.2.1")).unwrap());
        assert_eq!(addresses.enter(ip("::ffff:192.0.2.1")).unwrap_err(), TooManyConnections);
        assert!(addresses.enter(ip("192.0.2.2")).is_ok(), "another address");
        drop(one);
        assert!(addresses.enter(ip("192.0.2.1")).is_ok());
        drop(two);
        assert!(addresses.0.lock().is_empty(), "nothing is remembered of addresses without connections");
        assert!((0..9).all(|_| addresses.enter(ip("10.0.0.1")).unwrap().is_none()), "a proxy's");
    }
}
