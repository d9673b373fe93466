// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of reports and of what is done in each epoch, over the number of a chain's nodes.

use super::*;
use crate::types::commitment as commit_to;
use alloc::{boxed::Box, vec::Vec};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::traits::Authorize;
use frame_system::RawOrigin;
use hansa_allocation_primitives::{Head, RollCall};
use hansa_dappchain_primitives::{
    packet::{authorities, set_hash},
    route, AssignedNode, ChainId, ChainPacket, FounderKeys, Hash, MAX_SET, MIN_NODES,
};
use hansa_interchain_primitives::{route::NewRoute, traits::LightClients};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityId, AuthorityIndex, AuthoritySet, Evidence, Offence,
    SignedStatement, SignerBitmap, SigningContext, VoteKind,
};
use sp_runtime::{transaction_validity::TransactionSource, RuntimeAppPublic};

/// What benchmarks need of the runtime.
pub trait BenchmarkHelper<AccountId> {
    /// Let these nodes, with these keys, serve a chain that is live; as many of them as it can need.
    fn serve(chain: ChainId, nodes: &[AssignedNode<AccountId>]);

    /// Open a route to a chain.
    fn open_route(route: NewRoute);
}

/// The chain of benchmarks.
const CHAIN: ChainId = 1;

/// Its genesis.
const GENESIS: Hash = Hash::repeat_byte(1);

/// Nodes whose keys the keystore has.
fn nodes<T: Config>(n: u32) -> Vec<AssignedNode<T::AccountId>> {
    named::<T>("node", n)
}

/// The same, of this name: who has another one is another node.
fn named<T: Config>(name: &'static str, n: u32) -> Vec<AssignedNode<T::AccountId>> {
    let node = |i| AssignedNode {
        node: account(name, i, 0),
        keys: FounderKeys {
            pbft: AuthorityId::generate_pair(None),
            beacon: None,
        },
    };
    (0..n).map(node).collect()
}

/// A chain that is live with these nodes. Returns its set, and their accounts.
fn live<T: Config>(
    nodes: &[AssignedNode<T::AccountId>],
) -> Result<(AuthoritySet, Accounts<T::AccountId>), BenchmarkError> {
    let set = authorities(nodes).map_err(|_| BenchmarkError::Stop("no set"))?;
    let accounts: Vec<_> = nodes.iter().map(|node| node.node.clone()).collect();
    Sets::<T>::insert(
        CHAIN,
        0,
        OrderedSet {
            authorities: set_hash(&set),
            commitment: commit_to(&set, &accounts),
            members: set.len() as u32,
            stake: 0,
            ordered_at: 0,
            set_id: Some(0),
            until: None,
            convicted: SignerBitmap::default(),
        },
    );
    Chains::<T>::insert(
        CHAIN,
        ChainSets {
            genesis: GENESIS,
            first: 0,
            in_force: 0,
            next: 1,
            counted_at: 0,
            limit: 0,
            ended_at: None,
        },
    );
    Pallet::<T>::put_accounts(CHAIN, 0, nodes);
    let accounts = accounts
        .try_into()
        .map_err(|_| BenchmarkError::Stop("too many nodes"))?;
    Ok((set, accounts))
}

/// A report of the last of `n` nodes, which has voted twice.
fn report<T: Config>(n: u32) -> Result<Call<T>, BenchmarkError> {
    let (set, accounts) = live::<T>(&nodes::<T>(n))?;
    let context = SigningContext {
        genesis: GENESIS,
        set_id: 0,
    };
    let authority = n.saturating_sub(1) as AuthorityIndex;
    let vote = |block| {
        let statement = VoteKind::Commit.statement(Hash::repeat_byte(block), NO_PROOF);
        let payload = context.payload(1, 0, &statement);
        let member = set
            .get(authority)
            .ok_or(BenchmarkError::Stop("no member"))?;
        let signature = member
            .key
            .sign(&payload)
            .ok_or(BenchmarkError::Stop("the keystore has no such key"))?;
        Ok::<_, BenchmarkError>(SignedStatement {
            height: 1,
            view: 0,
            statement,
            authority,
            signature,
        })
    };
    let offence = Offence::between(&vote(1)?, &vote(2)?);
    let offence = offence.ok_or(BenchmarkError::Stop("no offence"))?;
    Ok(Call::report_offence {
        chain: CHAIN,
        ordinal: 0,
        evidence: Box::new(Evidence { set_id: 0, offence }),
        set,
        accounts,
    })
}

#[benchmarks]
mod benchmarks {
    use super::*;
    use frame_support::traits::UnfilteredDispatchable;

    #[benchmark]
    fn report_offence(n: Linear<MIN_NODES, MAX_SET>) -> Result<(), BenchmarkError> {
        let call = report::<T>(n)?;

        #[block]
        {
            call.dispatch_bypass_filter(RawOrigin::Authorized.into())?;
        }
        Ok(())
    }

    #[benchmark]
    fn authorize_report_of_statements(n: Linear<MIN_NODES, MAX_SET>) -> Result<(), BenchmarkError> {
        let call = report::<T>(n)?;

        #[block]
        {
            call.authorize(TransactionSource::External)
                .ok_or("it authorises itself")??;
        }
        Ok(())
    }

    /// A chain that gets another set. What it costs to verify the proofs of a proposal is measured with pBFT's pallet.
    #[benchmark]
    fn look_at(n: Linear<MIN_NODES, MAX_SET>) -> Result<(), BenchmarkError> {
        live::<T>(&nodes::<T>(MIN_NODES))?;
        T::BenchmarkHelper::serve(CHAIN, &nodes::<T>(n));
        Round::<T>::put(None::<ChainId>);

        #[block]
        {
            Pallet::<T>::look_at_some();
        }
        Ok(())
    }

    /// A chain that stands still, whose roll is closed, and none of whose members is in the set that decides. Looking at it is
    /// measured with it.
    #[benchmark]
    fn recover(n: Linear<MIN_NODES, MAX_SET>) -> Result<(), BenchmarkError> {
        let founders = nodes::<T>(MIN_NODES);
        live::<T>(&founders)?;
        let start = route::to_chain(CHAIN, GENESIS, &founders, 0)
            .map_err(|_| BenchmarkError::Stop("no set"))?;
        T::BenchmarkHelper::open_route(start);
        T::BenchmarkHelper::serve(CHAIN, &named::<T>("member", n));
        // It stands still as soon as it is seen: there is no clock to put forward.
        SetStallPeriods::<T>::put(StallPeriods {
            stall_seconds: 0,
            challenge_seconds: 0,
        });
        let client = T::Clients::head(CHAIN).ok_or(BenchmarkError::Stop("no client"))?;
        let now = Pallet::<T>::now();
        let head = Head {
            height: client.height,
            hash: client.hash,
        };
        let seen = WatchedHead {
            head,
            made: now,
            since: now,
            spared: 0,
        };
        Watched::<T>::insert(CHAIN, seen);
        T::Rolls::call_roll(CHAIN, now, now);
        let stall = Stall {
            head,
            opened_at: now,
            challenge_ends_at: now,
            roll_closed: true,
            rounds: 0,
        };
        Stalls::<T>::insert(CHAIN, stall);
        Round::<T>::put(None::<ChainId>);

        #[block]
        {
            Pallet::<T>::look_at_some();
        }
        assert!(Recoveries::<T>::contains_key(CHAIN));
        Ok(())
    }

    #[benchmark]
    fn take_report(n: Linear<1, MAX_SET>) -> Result<(), BenchmarkError> {
        let nodes = nodes::<T>(n.max(MIN_NODES));
        live::<T>(&nodes)?;
        T::BenchmarkHelper::serve(CHAIN, &nodes);
        let blocks: Vec<_> = nodes
            .into_iter()
            .take(n as usize)
            .map(|node| (node.node, 1))
            .collect();
        let blocks = blocks
            .try_into()
            .map_err(|_| BenchmarkError::Stop("too many nodes"))?;
        let packet = ChainPacket::Authored { session: 1, blocks }.encode();

        #[block]
        {
            Pallet::<T>::take(CHAIN, &packet).map_err(|_| BenchmarkError::Stop("refused"))?;
        }
        Ok(())
    }
}
