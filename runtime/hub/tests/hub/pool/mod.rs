// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The node pool and the registry on the hub: validators by stake join the pool, are drawn by the
//! beacon for a chain that somebody registers, and found it.

mod recovery;

use crate::common::{duties::*, *};
use codec::{Decode, Encode};
use hansa_allocation_primitives::{DrawStage, MemberPhase, NodePlace, Term};
use hansa_beacon_primitives::Phase;
use hansa_dappchain_primitives::{
    genesis::confirm_payload, packet::authorities, ChainState, Hash, HubPacket, RuntimeSource,
};
use hansa_interchain_primitives::{
    packet::Payload,
    traits::{HandOvers, ReserveLimits},
    SYSTEM_LANE,
};
use hansa_pallet_dappchains::Call as ChainsCall;
use hansa_pallet_node_allocation::{Call as PoolCall, Error as PoolError};
use hansa_pallet_staking::{Call as StakingCall, Error as StakingError, PendingSlashes, Scope};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityId, Evidence, Offence, SignedStatement, SigningContext, VoteKind,
};
use hansa_primitives::{AccountId, Hashing};
use hansa_runtime_common::{currency::UNIT, limits::MAX_BLOCK_WEIGHT};
use hansa_runtime_hub::{
    genesis_presets::{LOCAL, POA, STAKE},
    DappChainSets, DappChains, Interchain, NodePool, Pbft, Runtime, RuntimeCall, Staking, System,
    UncheckedExtrinsic,
};
use hansa_staking_primitives::NodeStake;
use sp_core::{ed25519, Pair};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::traits::Hash as _;

/// The seeds of the validators of [`STAKE`].
const FOUR: [&str; 4] = ["//Alice", "//Bob", "//Charlie", "//Dave"];
/// And of two more.
const SIX: [&str; 6] = [
    "//Alice",
    "//Bob",
    "//Charlie",
    "//Dave",
    "//Eve",
    "//Ferdie",
];
/// What the code of a chain's runtime is here.
const CODE: &[u8] = b"a runtime";

fn join() -> RuntimeCall {
    PoolCall::<Runtime>::join {}.into()
}

fn register(name: &str) -> RuntimeCall {
    register_for(name, None)
}

/// The same, with turns as long as this.
fn register_for(name: &str, term: Option<Term>) -> RuntimeCall {
    let bytes = |text: &str| text.as_bytes().to_vec();
    ChainsCall::<Runtime>::register {
        name: bytes(name).try_into().expect("the name is short"),
        nodes: 4,
        runtime: RuntimeSource::Stored(Hashing::hash(CODE)),
        patch: bytes("{}").try_into().expect("the patch is short"),
        properties: Default::default(),
        term,
        max_stake: 10_000 * UNIT,
    }
    .into()
}

fn ok(chain: &mut Chain, from: Sr25519Keyring, nonce: u32, call: impl Into<RuntimeCall>) {
    let call = call.into();
    let text = format!("{call:?}");
    assert_eq!(
        chain.apply(|| sign(from, nonce, call)),
        Ok(Ok(())),
        "{text}"
    );
}

/// The whole of an epoch: all four commit and reveal, and the draw and the sweep after it are done.
fn epoch(chain: &mut Chain) {
    epoch_of(chain, &FOUR);
}

/// The same, if these commit and reveal.
fn epoch_of(chain: &mut Chain, seeds: &[&str]) {
    let next = chain.state(|| hansa_runtime_hub::Beacon::epoch_info().epoch) + 1;
    assert_eq!(duties(chain, seeds), seeds.len());
    until_phase(chain, Phase::Reveal);
    assert_eq!(duties(chain, seeds), seeds.len());
    until_epoch(chain, next);
    until(chain, "draw and sweep", |chain| {
        chain.state(|| NodePool::draw_status().stage) == DrawStage::Idle
    });
    chain.try_state();
}

/// What the hub has for chain 1.
fn packets(chain: &mut Chain) -> Vec<HubPacket<AccountId>> {
    let views = chain.state(|| Interchain::packets(1, SYSTEM_LANE, 0, 10));
    let packets = views.into_iter().map(|view| match view.packet.payload {
        Payload::System(bytes) => HubPacket::read(&bytes),
        _ => None,
    });
    packets.collect::<Option<_>>().expect("they can be read")
}

/// The founder in this seat says that it found `genesis`.
fn confirm_genesis(chain: &mut Chain, seat: u32, genesis: Hash) {
    let hub = chain.genesis;
    let pooled = chain.pooled(|| {
        let record = DappChains::genesis_record(1).expect("it is forming");
        let key = record.founders[seat as usize]
            .keys
            .as_ref()
            .expect("it has keys")
            .pbft
            .clone();
        let pair = SIX
            .map(|seed| ed25519::Pair::from_string(seed, None).expect("it is a seed"))
            .into_iter()
            .find(|pair| key == AuthorityId::from(pair.public()))
            .expect("it is one of the six");
        let payload = confirm_payload(&hub, 1, record.attempt, Some(genesis));
        let signature = pair.sign(&payload).into();
        DappChains::submit_confirm(1, record.attempt, seat, Some(genesis), signature)
            .expect("there is a pool");
    });
    let call = UncheckedExtrinsic::decode(&mut &pooled[0][..]).expect("it is one of ours");
    assert_eq!(chain.apply(|| call), Ok(Ok(())));
}

/// Chain 1 of Eve, forming, with all four.
fn forming() -> Chain {
    let mut chain = Chain::new(STAKE);
    // Each makes a block of the hub, and is a veteran.
    for _ in 0..4 {
        chain.block(1_000, Vec::new);
    }
    for node in [Alice, Bob, Charlie, Dave] {
        ok(&mut chain, node, 0, join());
    }
    let bytes = CODE.to_vec();
    ok(
        &mut chain,
        Eve,
        0,
        pallet_preimage::Call::note_preimage { bytes },
    );
    ok(&mut chain, Eve, 1, register("shop"));
    assert_eq!(chain.state(NodePool::draw_status).waiting, 4);
    epoch(&mut chain);
    chain
}

#[test]
fn a_chain_is_founded_by_nodes_that_the_beacon_draws() {
    let mut chain = forming();
    let view = chain.state(|| DappChains::chain(1)).expect("it is there");
    assert_eq!((view.state, view.nodes), (ChainState::Forming, 4));
    let quote = chain
        .state(|| DappChains::quote(&Eve.to_account_id(), 4))
        .expect("it can be asked for");
    assert_eq!((quote.own_percent, quote.nth), (400, 2));
    // What the chain's light client begins with is a block of this chain, and the set that decided the
    // next.
    let (record, hash, set) = chain.state(|| {
        let record = DappChains::genesis_record(1).expect("it is forming");
        let hash = System::block_hash(record.hub.height);
        (record, hash, Pbft::deciding_set().set)
    });
    assert_eq!(record.hub.header, hash);
    assert_eq!(record.hub.set, set);
    let own = chain.state(Interchain::own);
    assert_eq!(
        (record.hub.chain, record.hub.genesis),
        (own.id, own.genesis)
    );
    assert_eq!(record.hub.timestamp % 100, 0);
    assert!(record.hub.timestamp > 0 && record.hub.timestamp < chain.now_ms);
    assert_eq!(record.owner, Eve.to_account_id());
    assert_eq!(record.code, Hashing::hash(CODE));
    let genesis = Hash::repeat_byte(7);
    for seat in 0..3 {
        confirm_genesis(&mut chain, seat, genesis);
    }
    let view = chain.state(|| DappChains::chain(1)).expect("it is there");
    assert_eq!(
        (view.state, view.genesis),
        (ChainState::Live, Some(genesis))
    );
    chain.try_state();

    // They serve, so their bonds stay.
    let status = chain.state(|| NodePool::node_status(Dave.to_account_id()));
    assert!(matches!(
        status.expect("it is in the pool").place,
        NodePlace::Allocated {
            chain: 1,
            phase: MemberPhase::Serving,
            ..
        }
    ));
    let unbond = StakingCall::<Runtime>::unbond { amount: UNIT };
    assert_eq!(
        chain.apply(|| sign(Dave, 1, unbond)),
        Ok(Err(StakingError::<Runtime>::ServesChain.into()))
    );
    // The founders waited alike: each has a quarter, vested in a week.
    let seat = chain
        .state(|| DappChains::seat(1, &Dave.to_account_id()))
        .expect("it founded the chain");
    assert_eq!(seat.share, 100 * UNIT);
    chain.try_state();
}

/// The route to the chain is there when it goes live; a node with other keys makes another set, which is sent
/// with the next epoch, and it alone may be handed over to.
#[test]
fn a_live_chain_has_a_route_and_is_sent_its_sets() {
    let mut chain = forming();
    let genesis = Hash::repeat_byte(7);
    for seat in 0..3 {
        confirm_genesis(&mut chain, seat, genesis);
    }
    let founders = chain.state(|| {
        let route = Interchain::route(1).expect("there is a route");
        assert_eq!(route.chain.genesis, genesis);
        let sets = DappChainSets::sets_of(1).expect("it is live");
        assert_eq!(
            (sets.genesis, sets.set_id, sets.latest),
            (genesis, Some(0), 0)
        );
        // A third of bonds of 400, 300, 200 and 100 thousand.
        assert_eq!(sets.limit, 330_000 * UNIT);
        assert_eq!(DappChainSets::limit(1), sets.limit);
        Interchain::client(1).expect("there is a client").set
    });
    assert_eq!(founders.len(), 4);
    epoch(&mut chain);
    assert!(packets(&mut chain).is_empty());

    let dave = Dave.to_account_id();
    let set_keys = pallet_session::Call::set_keys {
        keys: keys("//Ferdie"),
        proof: proof(&dave, "//Ferdie"),
    };
    ok(&mut chain, Dave, 1, set_keys);
    let next = chain.state(|| hansa_runtime_hub::Beacon::epoch_info().epoch) + 1;
    until_epoch(&mut chain, next);
    chain.block(1_000, Vec::new);
    let sent = packets(&mut chain);
    let [HubPacket::NextSet(next)] = &sent[..] else {
        panic!("one packet: {sent:?}");
    };
    assert_eq!((next.ordinal, next.members.len()), (1, 4));
    let of_dave = next.members.iter().find(|member| member.node == dave);
    assert_eq!(
        of_dave.map(|member| member.keys.pbft.clone()),
        Some(keys("//Ferdie").pbft)
    );
    let mut ordered = authorities(&next.members).expect("it is a set");
    ordered.id = 1;
    chain.state(|| {
        assert!(DappChainSets::may_hand_over(1, &ordered));
        assert!(!DappChainSets::may_hand_over(1, &founders));
        DappChainSets::on_hand_over(1, &ordered);
        let sets = DappChainSets::sets_of(1).expect("it is live");
        assert_eq!((sets.in_force, sets.set_id), (1, Some(1)));
    });
    chain.try_state();
}

/// Who serves a chain and is in no set of the hub is slashed there for what it does on the chain.
#[test]
fn who_lies_on_a_chain_is_slashed_on_the_hub() {
    let mut chain = forming();
    let genesis = Hash::repeat_byte(7);
    for seat in 0..3 {
        confirm_genesis(&mut chain, seat, genesis);
    }
    let (set, accounts) = chain.state(|| {
        let set = Interchain::client(1).expect("there is a client").set;
        let founders = DappChains::genesis_record(1).expect("it is live").founders;
        let accounts: Vec<_> = founders.into_iter().map(|founder| founder.node).collect();
        (set, accounts)
    });
    let seed = |account: &AccountId| {
        let named = [Alice, Bob, Charlie, Dave].map(|who| who.to_account_id());
        let at = named.iter().position(|who| who == account);
        FOUR[at.expect("it is one of the four")]
    };
    let liar = accounts[2].clone();
    let pair = ed25519::Pair::from_string(seed(&liar), None).expect("it is a seed");
    let context = SigningContext { genesis, set_id: 0 };
    let vote = |block| {
        let statement = VoteKind::Commit.statement(Hash::repeat_byte(block), NO_PROOF);
        SignedStatement {
            height: 9,
            view: 0,
            statement,
            authority: 2,
            signature: pair.sign(&context.payload(9, 0, &statement)).into(),
        }
    };
    let offence = Offence::between(&vote(1), &vote(2)).expect("they conflict");
    let evidence = Evidence { set_id: 0, offence };
    let pooled = chain.pooled(|| {
        let ordinal = DappChainSets::ordinal_of(1, 0).expect("it is remembered");
        DappChainSets::submit_report(1, ordinal, evidence, set, accounts).expect("there is a pool");
    });
    let call = UncheckedExtrinsic::decode(&mut &pooled[0][..]).expect("it is one of ours");
    assert_eq!(chain.apply(|| call), Ok(Ok(())));
    chain.state(|| {
        assert!(!<Staking as NodeStake<AccountId>>::is_candidate(&liar));
        let pending: Vec<_> = PendingSlashes::<Runtime>::iter_values().collect();
        let [slash] = &pending[..] else {
            panic!("one slash: {pending:?}");
        };
        let scope = Scope::Chain { chain: 1, set: 0 };
        assert_eq!((&slash.node, slash.scope), (&liar, scope));
    });
    chain.try_state();
}

#[test]
fn who_comes_waits_for_the_delay() {
    let mut chain = Chain::new(STAKE);
    for _ in 0..4 {
        chain.block(1_000, Vec::new);
    }
    let set = PoolCall::<Runtime>::set_draw_delay { epochs: 1 }.into();
    let sudo = pallet_sudo::Call::sudo {
        call: Box::new(set),
    };
    ok(&mut chain, Alice, 0, sudo);
    // They commit as candidates, and are not in the pool yet: that does not count.
    epoch(&mut chain);
    ok(&mut chain, Alice, 1, join());
    for node in [Bob, Charlie, Dave] {
        ok(&mut chain, node, 0, join());
    }
    let bytes = CODE.to_vec();
    ok(
        &mut chain,
        Eve,
        0,
        pallet_preimage::Call::note_preimage { bytes },
    );
    ok(&mut chain, Eve, 1, register("shop"));
    for waiting in [4, 0] {
        epoch(&mut chain);
        assert_eq!(chain.state(NodePool::draw_status).waiting, waiting);
    }
    let view = chain.state(|| DappChains::chain(1)).expect("it is there");
    assert_eq!((view.state, view.nodes), (ChainState::Forming, 4));
}

#[test]
fn presets_for_earnest_have_a_delay() {
    use hansa_pallet_node_allocation::DrawDelay;
    for (preset, epochs) in [(LOCAL, 0), (STAKE, 0), (POA, 24)] {
        let mut chain = Chain::new(preset);
        assert_eq!(chain.state(DrawDelay::<Runtime>::get), epochs, "{preset}");
    }
}

#[test]
fn who_does_not_stand_for_election_goes() {
    let mut chain = forming();
    let genesis = Hash::repeat_byte(7);
    for seat in 0..3 {
        confirm_genesis(&mut chain, seat, genesis);
    }
    // Dave does not want to validate any more: it is marked, and serves on while it is waited for a
    // replacement; there is none, so it goes in the next epoch, and the chain is short.
    ok(&mut chain, Dave, 1, StakingCall::<Runtime>::chill {});
    let next = |chain: &mut Chain| {
        let next = chain.state(|| hansa_runtime_hub::Beacon::epoch_info().epoch) + 1;
        until_epoch(chain, next);
        until(chain, "draw and sweep", |chain| {
            chain.state(|| NodePool::draw_status().stage) == DrawStage::Idle
        });
        chain.try_state();
    };
    next(&mut chain);
    let active = |chain: &mut Chain| {
        let status = chain.state(|| NodePool::chain_status(1));
        status.expect("the chain is there").active
    };
    assert_eq!(active(&mut chain), 4);
    next(&mut chain);
    assert_eq!(active(&mut chain), 3);
    let view = chain.state(|| DappChains::chain(1)).expect("it is there");
    assert_eq!(view.state, ChainState::Degraded);
}

#[test]
fn who_has_no_stake_does_not_join() {
    for preset in [LOCAL, STAKE] {
        let mut chain = Chain::new(preset);
        let result = chain.apply(|| sign(Ferdie, 0, join()));
        assert_eq!(result, Ok(Err(PoolError::<Runtime>::NoKey.into())));
        let set_keys = pallet_session::Call::set_keys {
            keys: keys("//Ferdie"),
            proof: proof(&Ferdie.to_account_id(), "//Ferdie"),
        };
        ok(&mut chain, Ferdie, 1, set_keys);
        let result = chain.apply(|| sign(Ferdie, 2, join()));
        assert_eq!(result, Ok(Err(PoolError::<Runtime>::MayNotServe.into())));
        chain.try_state();
    }
}

/// Draw and sweep go on beside the transactions of a block: they take half of one at most.
#[test]
fn the_heaviest_block_of_a_draw_leaves_room() {
    use frame_support::traits::Get;
    use hansa_dappchain_primitives::MAX_SET;
    use hansa_pallet_dappchain_sets::{Config as SetsConfig, WeightInfo as _};
    use hansa_pallet_dappchains::{weights::WeightInfo as _, Config as ChainsConfig};
    use hansa_pallet_node_allocation::{
        epochs::COMPLETED_PER_BLOCK, rollcall::GONE_AT_ONCE, Config as PoolConfig, WeightInfo as _,
    };
    type Sets = <Runtime as SetsConfig>::WeightInfo;
    type Pool = <Runtime as PoolConfig>::WeightInfo;
    type Chains = <Runtime as ChainsConfig>::WeightInfo;
    let ranked: u32 = <Runtime as PoolConfig>::RankedPerBlock::get();
    let ranking = Pool::rank(ranked);
    let placed: u32 = <Runtime as PoolConfig>::PlacedPerBlock::get();
    let placing = Pool::place(placed) + Chains::on_complete() * u64::from(COMPLETED_PER_BLOCK);
    // Chains are begun until they and their members are so many; the last one is swept to its end, and
    // the others may have no nodes.
    let swept: u32 = <Runtime as PoolConfig>::SweptPerBlock::get();
    let largest: u32 = <Runtime as PoolConfig>::MaxMembers::get();
    let sweeping = Pool::sweep(swept, largest) + Chains::on_short() * u64::from(swept);
    // A roll of a large chain, beside the others that a block looks at.
    let gone = u64::from(GONE_AT_ONCE);
    let looked: u32 = <Runtime as SetsConfig>::ChainsPerBlock::get();
    let closing = Pool::close_roll(GONE_AT_ONCE)
        + Chains::on_left() * gone
        + Sets::look_at(MAX_SET) * u64::from(looked)
        + Sets::recover(MAX_SET);
    for (what, weight) in [
        ("rank", ranking),
        ("place", placing),
        ("sweep", sweeping),
        ("roll", closing),
    ] {
        println!("{what}: {} ms", weight.ref_time() / 1_000_000_000);
        let part = weight.ref_time() as f64 / MAX_BLOCK_WEIGHT.ref_time() as f64;
        assert!(part < 0.5, "{what} takes {part} of a block");
    }
}

/// Its nodes run a chain until the notice is over; then they are free, and nothing is added to what it has here.
#[test]
fn a_retired_chain_lets_its_nodes_go() {
    use hansa_pallet_pbft::ServiceTime;
    /// The notice, in milliseconds.
    const WEEK: u64 = 7 * 24 * 60 * 60 * 1_000;
    let mut chain = forming();
    for seat in 0..3 {
        confirm_genesis(&mut chain, seat, Hash::repeat_byte(7));
    }
    assert!(chain.state(|| DappChainSets::limit(1)) > 0);
    ok(
        &mut chain,
        Eve,
        2,
        ChainsCall::<Runtime>::retire { chain: 1 },
    );
    let state = |chain: &mut Chain| {
        let view = chain.state(|| DappChains::chain(1));
        view.expect("it is there").state
    };
    epoch(&mut chain);
    assert_eq!(state(&mut chain), ChainState::Retiring);
    let active = chain
        .state(|| NodePool::chain_status(1))
        .map(|status| status.active);
    assert_eq!(active, Some(4), "they run it until it ends");
    let later = chain.state(ServiceTime::<Runtime>::get) + WEEK;
    let key = ServiceTime::<Runtime>::hashed_key().to_vec();
    let items = vec![(key, later.encode())];
    let set = frame_system::Call::<Runtime>::set_storage { items }.into();
    let sudo = pallet_sudo::Call::sudo {
        call: Box::new(set),
    };
    ok(&mut chain, Alice, 1, sudo);
    for _ in 0..2 {
        chain.block(1_000, Vec::new);
    }
    assert_eq!(state(&mut chain), ChainState::Retired);
    chain.state(|| {
        for node in [Alice, Bob, Charlie, Dave] {
            let status = NodePool::node_status(node.to_account_id()).expect("it is in the pool");
            assert!(
                matches!(status.place, NodePlace::Waiting { .. }),
                "{status:?}"
            );
        }
        assert_eq!(DappChainSets::limit(1), 0);
    });
    chain.try_state();
}

/// A node's word for a head that it has caught up with is held against what the route's light client has proven.
#[test]
fn a_head_is_not_behind_and_no_other_than_what_the_hub_knows() {
    use hansa_allocation_primitives::{ChainHeads, Head};
    use hansa_pallet_interchain::{types::StoredHeader, HeaderRing, StoredHeaders};
    use hansa_pallet_node_allocation::Config as PoolConfig;
    type Heads = <Runtime as PoolConfig>::Heads;
    let hash = |height: u32| Hash::repeat_byte(height as u8);
    let good = |height, hash| Heads::is_recent_final(1, &Head { height, hash });
    let mut chain = Chain::new(STAKE);
    chain.state(|| {
        assert!(good(0, hash(9)), "nothing is known");
        let learn = |height: u32| {
            let header = StoredHeader {
                hash: hash(height),
                state_root: hash(height),
                timestamp: 0,
            };
            StoredHeaders::<Runtime>::insert(1, height, header);
            HeaderRing::<Runtime>::mutate(1, |ring| ring.try_push(height).expect("there is room"));
        };
        learn(5);
        assert!(!good(4, hash(4)) && !good(5, hash(4)));
        assert!(good(5, hash(5)) && good(6, hash(6)));
        // One that was signed before the last header came is as good.
        learn(9);
        assert!(!good(4, hash(4)) && !good(9, hash(6)));
        assert!(good(5, hash(5)) && good(6, hash(6)) && good(9, hash(9)) && good(10, hash(1)));
        learn(12);
        assert!(!good(8, hash(8)) && good(10, hash(1)));
        assert!(Heads::is_recent_final(
            2,
            &Head {
                height: 0,
                hash: hash(0)
            }
        ));
    });
}
