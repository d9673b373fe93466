// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Calls that are made by metadata are encoded as the runtimes' own are.

use codec::Encode;
use hansa_allocation_primitives::Term;
use hansa_commands::transactions::{
    calls::{self, Registration},
    Call, UnknownCall,
};
use hansa_dappchain_primitives::RuntimeSource;
use hansa_interchain_primitives::{
    packet::ChainRef,
    rate::Terms,
    route::{Entries, NewRoute},
    ChainAddress, Rate, TrustedHeader,
};
use hansa_pbft_primitives::{Authority, AuthoritySet};
use hansa_primitives::{AccountId, Hash};
use hansa_runtime_hub::Runtime as Hub;
use sp_core::ed25519;
use sp_runtime::BoundedVec;
use subxt::Metadata;

/// An amount that has one length if it is compact, and another if it is not.
const AMOUNT: u128 = 25_000_000_000_000;

fn account() -> AccountId {
    AccountId::new([5; 32])
}

fn address() -> ChainAddress {
    ChainAddress::new(7, vec![5; 32]).unwrap()
}

fn entries() -> Entries {
    let entries = ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"];
    let entries = entries.map(|entry| BoundedVec::truncate_from(entry.as_bytes().to_vec()));
    Entries::truncate_from(entries.to_vec())
}

fn route() -> NewRoute {
    let authorities = (1..=4).map(|byte| Authority {
        key: ed25519::Public::from_raw([byte; 32]).into(),
        weight: byte.into(),
    });
    NewRoute {
        chain: ChainRef {
            id: 7,
            genesis: Hash::repeat_byte(1),
        },
        header: TrustedHeader {
            height: 9,
            hash: Hash::repeat_byte(2),
            state_root: Hash::repeat_byte(3),
            timestamp: 1_000,
        },
        set: AuthoritySet::new(3, authorities.collect()).unwrap(),
        trusting_period: 60_000,
        terms: Terms {
            rate: Rate::PAR,
            low_charge: 1,
            high_charge: 2,
        },
        limit: AMOUNT,
        hub: false,
        entries: entries(),
    }
}

/// Tests of a runtime: of the calls that every chain of ours has.
macro_rules! every_chain {
    ($chain:ident, $runtime:ident) => {
        mod $chain {
            use super::*;
            use $runtime::{Runtime, RuntimeCall};

            type Interchain = hansa_pallet_interchain::Call<Runtime>;
            type Balances = pallet_balances::Call<Runtime>;
            type Utility = pallet_utility::Call<Runtime>;

            pub fn metadata() -> Metadata {
                Metadata::decode_from(&Runtime::metadata().encode()).unwrap()
            }

            pub fn check(call: &Call, native: impl Into<RuntimeCall>) {
                let native: RuntimeCall = native.into();
                assert_eq!(call.encoded(&metadata()), Ok(native.encode()), "{native:?}");
            }

            #[test]
            fn transfers() {
                let (dest, value) = (account().into(), AMOUNT);
                check(
                    &calls::transfer_keep_alive(&account(), AMOUNT),
                    Balances::transfer_keep_alive { dest, value },
                );
                let (to, amount) = (address(), AMOUNT);
                check(
                    &calls::transfer(&address(), AMOUNT),
                    Interchain::transfer { to, amount },
                );
            }

            #[test]
            fn routes() {
                check(
                    &calls::open_route(&route()),
                    Interchain::open_route {
                        route: Box::new(route()),
                    },
                );
                let (peer, amount) = (7, AMOUNT);
                check(
                    &calls::top_up(peer, amount),
                    Interchain::top_up { peer, amount },
                );
                let entries = entries();
                check(
                    &calls::set_entries(peer, &entries),
                    Interchain::set_entries { peer, entries },
                );
            }

            #[test]
            fn batches() {
                check(
                    &calls::batch_all(Vec::new()),
                    Utility::batch_all { calls: Vec::new() },
                );
                let (peer, amount) = (7, AMOUNT);
                let open = Interchain::open_route {
                    route: Box::new(route()),
                };
                let top_up = Interchain::top_up { peer, amount };
                check(
                    &calls::batch_all(vec![
                        calls::open_route(&route()),
                        calls::top_up(peer, amount),
                    ]),
                    Utility::batch_all {
                        calls: vec![open.into(), top_up.into()],
                    },
                );
            }
        }
    };
}

every_chain!(hub, hansa_runtime_hub);
every_chain!(dappchain, hansa_runtime_dappchain);

#[test]
fn sudo() {
    let set_entries = hansa_pallet_interchain::Call::<Hub>::set_entries {
        peer: 7,
        entries: entries(),
    };
    let sudo = pallet_sudo::Call::<Hub>::sudo {
        call: Box::new(set_entries.into()),
    };
    let ours = calls::sudo(calls::set_entries(7, &entries()));
    hub::check(&ours, sudo.clone());
    let batch = pallet_utility::Call::<Hub>::batch_all {
        calls: vec![sudo.into()],
    };
    hub::check(&calls::batch_all(vec![ours]), batch);
}

#[test]
fn a_preimage() {
    for bytes in [vec![], vec![1; 100_000]] {
        let ours = calls::note_preimage(&bytes);
        hub::check(&ours, pallet_preimage::Call::<Hub>::note_preimage { bytes });
    }
}

#[test]
fn a_registration() {
    let term = Term {
        blocks: 12,
        seconds: 3_600,
    };
    for term in [None, Some(term)] {
        let ours = Registration {
            name: BoundedVec::truncate_from(b"names".to_vec()),
            nodes: 4,
            runtime: RuntimeSource::Stored(Hash::repeat_byte(9)),
            patch: BoundedVec::truncate_from(b"{}".to_vec()),
            properties: BoundedVec::truncate_from(b"{\"tokenSymbol\":\"N\"}".to_vec()),
            term,
            max_stake: AMOUNT,
        };
        let call = calls::register(&ours);
        let native = hansa_pallet_dappchains::Call::<Hub>::register {
            name: ours.name,
            nodes: ours.nodes,
            runtime: ours.runtime,
            patch: ours.patch,
            properties: ours.properties,
            term: ours.term,
            max_stake: ours.max_stake,
        };
        hub::check(&call, native);
    }
}

#[test]
fn what_a_runtime_does_not_have_is_named() {
    let metadata = dappchain::metadata();
    let pallet = UnknownCall::Pallet("Sudo");
    let sudo = calls::sudo(calls::top_up(7, 1));
    assert_eq!(sudo.encoded(&metadata), Err(pallet));
    assert_eq!(calls::batch_all(vec![sudo]).encoded(&metadata), Err(pallet));
    assert!(pallet.to_string().contains("no pallet Sudo"));
    let unknown = UnknownCall::Call {
        pallet: "Interchain",
        name: "teleport",
    };
    let teleport = Call::new("Interchain", "teleport", &[], &());
    assert_eq!(teleport.encoded(&metadata), Err(unknown));
    assert!(unknown.to_string().contains("Interchain.teleport"));
    let (pallet, name) = ("Interchain", "top_up");
    let other = Call::new(pallet, name, &["peer", "sum"], &(7u32, 1u128));
    let fewer = Call::new(pallet, name, &["peer"], &7u32);
    let refused = UnknownCall::Arguments { pallet, name };
    for call in [other, fewer] {
        assert_eq!(call.encoded(&metadata), Err(refused));
    }
}
