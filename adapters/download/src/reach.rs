//! Where an address may lead (threat A16).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{Error, Result};

/// Who chose an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// An administrator named the host, or vouches for the documents: it may be anywhere.
    Configured,
    /// It came with a document, from a stranger. It must not lead to what answers because it is this server
    /// that asks: this machine, its link, a cloud's metadata. Private networks are allowed, for mirrors stand
    /// there.
    #[default]
    Announced,
}

/// Where clouds answer their machines beside the link: Azure, Alibaba, Oracle; Amazon and Google over IPv6.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

impl Trust {
    /// The addresses of a host that may be connected to.
    pub(crate) fn choose(self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>> {
        let (allowed, refused): (Vec<SocketAddr>, Vec<SocketAddr>) =
            found.into_iter().partition(|address| self == Self::Configured || is_open(address.ip()));
        match refused.first() {
            Some(refused) if allowed.is_empty() => Err(Error::OutOfReach(refused.ip())),
            _ => Ok(allowed),
        }
    }
}

fn is_open(address: IpAddr) -> bool {
    let address = translated(address);
    let is_local = match address {
        // All of 0.0.0.0/8 is *this network*.
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(is_local || address.is_loopback() || address.is_multicast() || METADATA.contains(&address))
}

/// The IPv4 address that some IPv6 addresses stand for ([RFC4291] 2.5.5, [RFC6052] 2.1, [RFC3056] 2).
fn translated(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)).into(),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_leads_to_no_place_that_trusts_this_server() {
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "168.63.129.16",
            "fd00:ec2::254",
        ] {
            let address: IpAddr = address.parse().expect("is one");
            assert!(!is_open(address), "{address}");
        }
        for address in [
            "203.0.113.9",
            "10.0.0.8",
            "192.168.1.2",
            "172.16.0.1",
            "2001:db8::1",
            "fd12::1",
            "64:ff9b::203.0.113.9",
        ] {
            let address: IpAddr = address.parse().expect("is one");
            assert!(is_open(address), "{address}");
        }
    }

    #[test]
    fn only_what_may_be_reached_of_a_host_is_tried() {
        let both: Vec<SocketAddr> =
            ["127.0.0.1:80", "203.0.113.9:80"].map(|address| address.parse().expect("is one")).to_vec();
        assert_eq!(Trust::Configured.choose(both.clone()).expect("all"), both);
        assert_eq!(Trust::Announced.choose(both.clone()).expect("one"), both[1..]);
        let refused = Trust::Announced.choose(both[..1].to_vec()).expect_err("none");
        assert!(matches!(refused, Error::OutOfReach(address) if address == both[0].ip()));
    }
}
