// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which nodes a local network has: pure, from the arguments and the chain's genesis.

use super::UpError;
use crate::chain_spec::dev::DevIdentity;
use hansa_pbft_primitives::{AuthoritySet, Weight};
use hansa_process::ports::{Port, Transport};
use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// The number of validators if neither the arguments nor a chain spec say.
pub const DEFAULT_VALIDATORS: usize = 4;

/// The largest number of nodes of a local network: more do not fit one machine.
pub const MAX_NODES: usize = 100;

/// The distance of one node's ports from the next one's.
const PORTS_PER_NODE: usize = 10;

/// The ports of a node, counted from its first.
const RPC_OFFSET: usize = 0;
const P2P_OFFSET: usize = 1;
const METRICS_OFFSET: usize = 2;
const INTERCHAIN_OFFSET: usize = 3;
const FIRST_DAPPCHAIN_OFFSET: usize = 4;
const LAST_DAPPCHAIN_OFFSET: usize = 9;

/// Where a chain's nodes are among those of a network.
#[derive(Clone, Debug)]
pub struct Place {
    /// The first port of the network.
    pub base_port: u16,
    /// The folder of the chain's nodes.
    pub dir: PathBuf,
    /// How many nodes other chains have before.
    pub before: usize,
    /// The number of the chain, from 1 on, if there are several.
    pub number: Option<usize>,
    /// Whether it is a hub whose nodes run DappChains.
    pub hub: bool,
}

impl Place {
    /// The place of the only chain.
    pub fn only(base_port: u16, dir: &Path) -> Self {
        Self {
            base_port,
            dir: dir.to_owned(),
            before: 0,
            number: None,
            hub: false,
        }
    }

    /// The place of a hub whose nodes run DappChains.
    pub fn hub(base_port: u16, dir: &Path) -> Self {
        Self {
            hub: true,
            ..Self::only(base_port, dir)
        }
    }

    /// The place of chain `number` of several, after `before` nodes of others.
    pub fn among(base_port: u16, dir: &Path, before: usize, number: usize) -> Self {
        Self {
            base_port,
            dir: dir.join(format!("chain-{number}")),
            before,
            number: Some(number),
            hub: false,
        }
    }
}

/// One node of the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodePlan {
    /// Whose keys it has.
    pub identity: DevIdentity,
    /// Its name: that of the identity, with the chain's number if there are several.
    pub name: String,
    /// The port of its JSON-RPC server.
    pub rpc_port: u16,
    /// The port of its peer-to-peer network.
    pub p2p_port: u16,
    /// The port of its metrics.
    pub metrics_port: u16,
    /// The port at which nodes of other chains reach it, if there are any.
    pub interchain_port: Option<u16>,
    /// The ports for the DappChains that it runs, if it may run any. Not probed: a node takes what is free of them.
    pub dappchain_ports: Option<RangeInclusive<u16>>,
    /// Its base path.
    pub base_path: PathBuf,
    /// The file of its network key.
    pub node_key: PathBuf,
    /// Its log file.
    pub log: PathBuf,
}

impl NodePlan {
    /// The plan of node number `index` of a chain.
    fn new(index: usize, identity: DevIdentity, place: &Place) -> Result<Self, UpError> {
        let (base_port, dir) = (place.base_port, &place.dir);
        let index = index.saturating_add(place.before);
        let first = index
            .saturating_mul(PORTS_PER_NODE)
            .saturating_add(usize::from(base_port));
        let port = |offset: usize| {
            u16::try_from(first.saturating_add(offset)).map_err(|_| UpError::BasePortTooHigh {
                base_port,
                nodes: index.saturating_add(1),
            })
        };
        let file_name = identity.name.to_lowercase();
        Ok(Self {
            rpc_port: port(RPC_OFFSET)?,
            p2p_port: port(P2P_OFFSET)?,
            metrics_port: port(METRICS_OFFSET)?,
            interchain_port: match place.number.is_some() || place.hub {
                true => Some(port(INTERCHAIN_OFFSET)?),
                false => None,
            },
            dappchain_ports: match place.hub {
                true => Some(port(FIRST_DAPPCHAIN_OFFSET)?..=port(LAST_DAPPCHAIN_OFFSET)?),
                false => None,
            },
            name: match place.number {
                Some(number) => format!("{}-{number}", identity.name),
                None => identity.name.clone(),
            },
            base_path: dir.join(&file_name),
            node_key: dir.join(format!("{file_name}.node-key")),
            log: dir.join(format!("{file_name}.log")),
            identity,
        })
    }

    /// The address of its JSON-RPC server.
    pub fn rpc_url(&self, scheme: &str) -> String {
        format!("{scheme}://{}:{}", Ipv4Addr::LOCALHOST, self.rpc_port)
    }

    /// The address at which it listens for peers.
    pub fn listen_address(&self) -> String {
        format!("/ip4/{}/tcp/{}", Ipv4Addr::LOCALHOST, self.p2p_port)
    }

    /// The address at which nodes of other chains reach it.
    pub fn interchain_address(&self) -> Option<String> {
        let port = self.interchain_port?;
        Some(format!("/ip4/{}/tcp/{port}", Ipv4Addr::LOCALHOST))
    }

    /// All its ports.
    pub fn ports(&self) -> Vec<Port> {
        let port = |port, purpose| Port {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            transport: Transport::Tcp,
            purpose,
        };
        let mut ports = vec![
            port(
                self.rpc_port,
                "a node's JSON-RPC; choose others with --base-port",
            ),
            port(
                self.p2p_port,
                "a node's peer-to-peer network; choose others with --base-port",
            ),
            port(
                self.metrics_port,
                "a node's metrics; choose others with --base-port",
            ),
        ];
        ports.extend(self.interchain_port.map(|number| {
            port(
                number,
                "a node's network between chains; choose others with --base-port",
            )
        }));
        ports
    }
}

/// The nodes of a chain of `identities`.
pub fn nodes(identities: Vec<DevIdentity>, place: &Place) -> Result<Vec<NodePlan>, UpError> {
    identities
        .into_iter()
        .enumerate()
        .map(|(index, identity)| NodePlan::new(index, identity, place))
        .collect()
}

/// The identities that are the authorities of `set`, as many as `wanted` or else all.
///
/// They must make a quorum: fewer never make a block.
pub fn identities_of(
    set: &AuthoritySet,
    wanted: Option<usize>,
) -> Result<Vec<DevIdentity>, UpError> {
    let mut found = Vec::new();
    for index in 0..MAX_NODES {
        let identity = DevIdentity::at(index);
        let at = identity.pbft_key().and_then(|key| set.index_of(&key));
        found.extend(at.map(|at| (at, identity)));
    }
    found.sort_by_key(|(at, _)| *at);
    let known = found.len();
    if let Some(wanted) = wanted {
        if wanted > known {
            return Err(UpError::TooFewKeys {
                wanted,
                known,
                validators: set.len(),
            });
        }
        found.truncate(wanted);
    }
    let weight = found.iter().fold(0, |sum: Weight, (at, _)| {
        sum.saturating_add(set.weight(*at))
    });
    if weight < set.quorum() {
        return Err(UpError::NoQuorum {
            nodes: found.len(),
            weight,
            quorum: set.quorum(),
            validators: set.len(),
        });
    }
    Ok(found.into_iter().map(|(_, identity)| identity).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_pbft_primitives::Authority;

    fn set(indices: impl IntoIterator<Item = usize>) -> AuthoritySet {
        let authorities = indices
            .into_iter()
            .map(|i| Authority {
                key: DevIdentity::at(i).pbft_key().unwrap(),
                weight: 1,
            })
            .collect();
        AuthoritySet::new(0, authorities).unwrap()
    }

    fn names(identities: Vec<DevIdentity>) -> Vec<String> {
        identities.into_iter().map(|i| i.name).collect()
    }

    #[test]
    fn nodes_follow_the_order_of_the_set() {
        let identities = identities_of(&set([2, 0, 7, 1]), None).unwrap();
        assert_eq!(
            names(identities),
            ["Charlie", "Alice", "Validator-7", "Bob"]
        );
    }

    #[test]
    fn fewer_nodes_than_validators_must_make_a_quorum() {
        assert_eq!(identities_of(&set(0..4), Some(3)).unwrap().len(), 3);
        let error = identities_of(&set(0..4), Some(2)).unwrap_err();
        assert!(matches!(
            error,
            UpError::NoQuorum {
                nodes: 2,
                weight: 2,
                quorum: 3,
                ..
            }
        ));
        let error = identities_of(&set(0..4), Some(5)).unwrap_err();
        assert!(matches!(
            error,
            UpError::TooFewKeys {
                wanted: 5,
                known: 4,
                validators: 4
            }
        ));
    }

    #[test]
    fn validators_whose_keys_are_unknown_are_left_out() {
        let mut authorities = set(0..3).authorities().to_vec();
        authorities.push(Authority {
            key: hansa_pbft_primitives::AuthorityId::from(sp_core::ed25519::Public::from_raw(
                [9; 32],
            )),
            weight: 1,
        });
        let three_of_four = AuthoritySet::new(0, authorities).unwrap();
        assert_eq!(identities_of(&three_of_four, None).unwrap().len(), 3);
        assert!(identities_of(&three_of_four, Some(4)).is_err());
    }

    #[test]
    fn ports_do_not_overlap_and_do_not_overflow() {
        let identities: Vec<_> = (0..MAX_NODES).map(DevIdentity::at).collect();
        let plans = nodes(
            identities.clone(),
            &Place::only(20_000, Path::new("/tmp/x")),
        )
        .unwrap();
        let mut ports: Vec<_> = plans
            .iter()
            .flat_map(|p| p.ports())
            .map(|p| p.address.port())
            .collect();
        assert_eq!(ports.len(), 3 * MAX_NODES);
        ports.sort();
        ports.dedup();
        assert_eq!(ports.len(), 3 * MAX_NODES);
        let error = nodes(identities, &Place::only(65_000, Path::new("/tmp/x"))).unwrap_err();
        assert!(matches!(
            error,
            UpError::BasePortTooHigh {
                base_port: 65_000,
                ..
            }
        ));
    }

    #[test]
    fn files_are_named_after_the_node() {
        let plan = nodes(
            vec![DevIdentity::at(0)],
            &Place::only(9944, Path::new("/tmp/x")),
        )
        .unwrap()
        .remove(0);
        assert_eq!(plan.log, Path::new("/tmp/x/alice.log"));
        assert_eq!(plan.base_path, Path::new("/tmp/x/alice"));
        assert_eq!(plan.rpc_url("ws"), "ws://127.0.0.1:9944");
        assert_eq!(plan.listen_address(), "/ip4/127.0.0.1/tcp/9945");
    }

    #[test]
    fn chains_of_one_network_share_nothing() {
        let four = || (0..4).map(DevIdentity::at).collect::<Vec<_>>();
        let dir = Path::new("/tmp/x");
        let mut all = nodes(four(), &Place::among(20_000, dir, 0, 1)).unwrap();
        all.extend(nodes(four(), &Place::among(20_000, dir, 4, 2)).unwrap());
        let mut ports: Vec<_> = all
            .iter()
            .flat_map(NodePlan::ports)
            .map(|p| p.address.port())
            .collect();
        ports.sort();
        ports.dedup();
        assert_eq!(ports.len(), 8 * 4);
        for list in [
            all.iter().map(|n| n.name.clone()).collect::<Vec<_>>(),
            all.iter().map(|n| n.log.display().to_string()).collect(),
            all.iter()
                .map(|n| n.node_key.display().to_string())
                .collect(),
            all.iter()
                .map(|n| n.base_path.display().to_string())
                .collect(),
        ] {
            let different: std::collections::BTreeSet<_> = list.iter().collect();
            assert_eq!(different.len(), 8, "{list:?}");
        }
        assert_eq!(
            all[4].interchain_address().unwrap(),
            "/ip4/127.0.0.1/tcp/20043"
        );
        assert_eq!(
            nodes(four(), &Place::only(1, dir)).unwrap()[0].interchain_port,
            None
        );
    }
}
