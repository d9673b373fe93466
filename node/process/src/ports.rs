// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Probing ports before anything is started.
//!
//! The SDK's services do not fail when a port is taken: the RPC server moves to a random port, the
//! network skips the address, and the metrics server logs a line. Whoever then connects to the port
//! that was asked for talks to another process.

use sc_network::multiaddr::{Multiaddr, Protocol};
use sc_service::Configuration;
use std::{
    fmt,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
};

/// How a port is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A port that is about to be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// Where.
    pub address: SocketAddr,
    /// How.
    pub transport: Transport,
    /// What for, and how to choose another.
    pub purpose: &'static str,
}

/// Why a port cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another process has it.
    #[error("port {} at {} is taken by another process ({})", .0.address.port(), .0.address.ip(), .0.purpose)]
    Taken(Port),
    /// The system does not let this process have it.
    #[error("port {} at {} is not allowed to this user ({})", .0.address.port(), .0.address.ip(), .0.purpose)]
    NotAllowed(Port),
    /// Something else.
    #[error("cannot listen at {}: {source} ({})", .port.address, .port.purpose)]
    Other {
        /// The port.
        port: Port,
        /// What went wrong.
        source: std::io::Error,
    },
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.purpose)
    }
}

/// Check that all of `ports` are free, now. Addresses that the machine does not have (IPv6 where
/// there is none) are passed over.
pub fn probe(ports: &[Port]) -> Result<(), PortError> {
    for port in ports.iter().filter(|p| p.address.port() != 0) {
        let result = match port.transport {
            Transport::Tcp => TcpListener::bind(port.address).map(drop),
            Transport::Udp => UdpSocket::bind(port.address).map(drop),
        };
        let Err(source) = result else { continue };
        let port = port.clone();
        match source.kind() {
            ErrorKind::AddrInUse => return Err(PortError::Taken(port)),
            ErrorKind::PermissionDenied => return Err(PortError::NotAllowed(port)),
            ErrorKind::AddrNotAvailable | ErrorKind::Unsupported => {}
            // "Address family not supported" has no kind of its own.
            _ if port.address.is_ipv6() => {}
            _ => return Err(PortError::Other { port, source }),
        }
    }
    Ok(())
}

/// All ports that a node with this configuration listens on.
pub fn of_configuration(config: &Configuration) -> Vec<Port> {
    let rpc = config
        .rpc
        .addr
        .iter()
        .flatten()
        .filter(|endpoint| !endpoint.is_optional)
        .map(|e| Port {
            address: e.listen_addr,
            transport: Transport::Tcp,
            purpose: "JSON-RPC; choose another with --rpc-port",
        });
    let network = config
        .network
        .listen_addresses
        .iter()
        .filter_map(of_multiaddr);
    let metrics = config.prometheus_config.iter().map(|prometheus| Port {
        address: prometheus.port,
        transport: Transport::Tcp,
        purpose: "metrics; choose another with --prometheus-port, or none with --no-prometheus",
    });
    rpc.chain(network).chain(metrics).collect()
}

/// The port on which nodes of other chains are listened to, on all interfaces.
pub fn of_interchain(port: u16) -> [Port; 2] {
    let everywhere: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    everywhere.map(|ip| Port {
        address: SocketAddr::new(ip, port),
        transport: Transport::Tcp,
        purpose: "network between chains; choose another with --interchain-port",
    })
}

/// The port of a listening address of the network; none if it is no address of this machine.
fn of_multiaddr(address: &Multiaddr) -> Option<Port> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let (port, transport) = match parts.next()? {
        Protocol::Tcp(port) => (port, Transport::Tcp),
        Protocol::Udp(port) => (port, Transport::Udp),
        _ => return None,
    };
    Some(Port {
        address: SocketAddr::new(ip, port),
        transport,
        purpose: "peer-to-peer network; choose another with --port or --listen-addr",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(address: SocketAddr, transport: Transport) -> Port {
        Port {
            address,
            transport,
            purpose: "test",
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let error = probe(&[port(address, Transport::Tcp)]).unwrap_err();
        assert!(matches!(error, PortError::Taken(_)));
        let message = error.to_string();
        assert!(
            message.contains(&format!("port {}", address.port())),
            "{message}"
        );
        assert!(message.contains("test"), "{message}");
        drop(listener);
        probe(&[port(address, Transport::Tcp)]).unwrap();
    }

    #[test]
    fn a_taken_udp_port_is_named_and_any_port_is_free() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        assert!(probe(&[port(address, Transport::Udp)]).is_err());
        probe(&[port("127.0.0.1:0".parse().unwrap(), Transport::Tcp)]).unwrap();
    }

    #[test]
    fn listening_addresses_are_read() {
        for (text, expected) in [
            (
                "/ip4/127.0.0.1/tcp/30333",
                Some(("127.0.0.1:30333", Transport::Tcp)),
            ),
            ("/ip6/::1/tcp/7/ws", Some(("[::1]:7", Transport::Tcp))),
            (
                "/ip4/0.0.0.0/udp/9/webrtc-direct",
                Some(("0.0.0.0:9", Transport::Udp)),
            ),
            ("/dns/example.org/tcp/1", None),
            ("/ip4/127.0.0.1", None),
        ] {
            let found = of_multiaddr(&text.parse().unwrap()).map(|p| (p.address, p.transport));
            let expected = expected.map(|(a, t)| (a.parse().unwrap(), t));
            assert_eq!(found, expected, "{text}");
        }
    }
}
