//! What counts as one address. Pure.

use std::net::{IpAddr, Ipv6Addr};

/// The part of an IPv6 address that one customer of a provider has to itself at least (RFC 6177).
const IPV6_NETWORK_BITS: u32 = 64;

/// The address by which a client is counted: of IPv6 its network, which has more addresses than anybody could count.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from(u128::from(address) >> IPV6_NETWORK_BITS << IPV6_NETWORK_BITS).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_counts_by_its_network() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
