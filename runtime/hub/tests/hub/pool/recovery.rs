// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A chain of four of which two are gone for good: the hub sees that it stands still, calls the roll, draws others in their
//! place, and records them as the set that decides from then on.

use super::*;
use frame_support::traits::Get;
use hansa_allocation_primitives::{
    api::runtime_decl_for_allocation_api::AllocationApi,
    confirm::{answer_payload, confirm_payload as caught_up_payload},
    Allocation, Head,
};
use hansa_dappchain_primitives::api::runtime_decl_for_dapp_chain_sets_api::DappChainSetsApi;
use hansa_interchain_primitives::{claims, keys as places, traits::LightClients, StorageProof};
use hansa_pallet_dappchain_sets::stalls::HELD_FOR;
use hansa_pallet_node_allocation::{roster::Hold, Rosters};
use hansa_runtime_hub::pool::{UnbondingPeriod, TRUSTED_FOR};
use serde_json::{json, Value};

/// The genesis of the chain that loses its quorum.
const GENESIS: Hash = Hash::repeat_byte(7);

/// More epochs than any step of the story takes.
const FEW: u32 = 6;

/// How long a chain may stand still: some epochs, so that what is of epochs is over long before the hub gives up.
const STALL_SECONDS: u32 = 150;

/// As long as no story takes.
const LONG_SECONDS: u32 = 24 * 60 * 60;

/// The preset by stake with six validators, and chains that may stand still for so long.
fn genesis_of_six(stall_seconds: u32) -> Value {
    let mut genesis = genesis_of_five();
    let ferdie = Ferdie.to_account_id();
    let bond = 100_000 * UNIT as u64;
    let mut add = |pallet: &str, list: &str, item: Value| {
        let list = genesis[pallet][list].as_array_mut();
        list.expect("it is a list").push(item);
    };
    add("session", "keys", json!([ferdie, ferdie, keys("//Ferdie")]));
    add(
        "staking",
        "validators",
        json!({"account": ferdie, "bond": bond}),
    );
    let periods = json!({ "stallSeconds": stall_seconds, "challengeSeconds": 60 });
    genesis["dappChainSets"] = json!({ "stallPeriods": periods });
    genesis
}

/// The development seed of an account.
fn seed_of(account: &AccountId) -> &'static str {
    let named = [Alice, Bob, Charlie, Dave, Eve, Ferdie].map(|who| who.to_account_id());
    let at = named.iter().position(|who| who == account);
    SIX[at.expect("it is one of the six")]
}

/// Put into a block what a node puts into its pool.
fn submit(chain: &mut Chain, work: impl FnOnce()) {
    let pooled = chain.pooled(work);
    let call = UncheckedExtrinsic::decode(&mut &pooled[0][..]).expect("it is one of ours");
    assert_eq!(chain.apply(|| call), Ok(Ok(())));
}

fn members(chain: &mut Chain) -> Vec<hansa_allocation_primitives::Member<AccountId>> {
    chain.state(|| <NodePool as Allocation<AccountId>>::members(1))
}

fn held(chain: &mut Chain) -> Hold {
    let roster = chain.state(|| Rosters::<Runtime>::get(1));
    roster.expect("it is there").hold
}

/// The node of this account answers, as the API tells it.
fn answer(chain: &mut Chain, account: &AccountId) {
    let (hub, pair) = (chain.genesis, beacon_pair(seed_of(account)));
    submit(chain, || {
        let owed = Runtime::roll_call(pair.public()).expect("it owes an answer");
        assert_eq!((&owed.account, owed.chain), (account, 1));
        let payload = answer_payload(&hub, owed.chain, &owed.account, owed.since);
        Runtime::submit_answer(owed.chain, owed.account, pair.sign(&payload))
            .expect("there is a pool");
    });
    assert_eq!(chain.state(|| Runtime::roll_call(pair.public())), None);
}

/// Who joins the chain confirms that it has caught up, by the only head that there is.
fn confirm_all(chain: &mut Chain) {
    let hub = chain.genesis;
    let head = Head {
        height: 0,
        hash: GENESIS,
    };
    for member in members(chain) {
        if member.phase != MemberPhase::Joining {
            continue;
        }
        let pair = beacon_pair(seed_of(&member.account));
        submit(chain, || {
            let payload = caught_up_payload(&hub, 1, &member.account, member.since, &head);
            NodePool::submit_confirm(1, member.account.clone(), head, pair.sign(&payload))
                .expect("there is a pool");
        });
    }
}

/// Epochs in which these nodes commit, until something holds.
fn epochs_until(chain: &mut Chain, seeds: &[&str], done: impl Fn() -> bool) {
    for _ in 0..FEW {
        if chain.state(&done) {
            return;
        }
        epoch_of(chain, seeds);
    }
    panic!("not in {FEW} epochs");
}

/// Chain 1 of Eve, live with four of the six.
fn live() -> Chain {
    live_for(None, STALL_SECONDS)
}

/// The same, with turns as long as this, which may stand still for so long.
fn live_for(term: Option<Term>, stall_seconds: u32) -> Chain {
    let mut chain = Chain::with_genesis(&genesis_of_six(stall_seconds));
    // Each makes a block of the hub, and is a veteran.
    for _ in 0..6 {
        chain.block(1_000, Vec::new);
    }
    for node in [Alice, Bob, Charlie, Dave, Eve, Ferdie] {
        ok(&mut chain, node, 0, join());
    }
    let bytes = CODE.to_vec();
    ok(
        &mut chain,
        Eve,
        1,
        pallet_preimage::Call::note_preimage { bytes },
    );
    ok(&mut chain, Eve, 2, register_for("shop", term));
    epoch_of(&mut chain, &SIX);
    for seat in 0..3 {
        confirm_genesis(&mut chain, seat, GENESIS);
    }
    chain
}

#[test]
fn a_chain_that_lost_its_quorum_is_given_another_set() {
    let mut chain = live();
    epochs_until(&mut chain, &SIX, || Runtime::stall(1).is_some());
    let stall = chain.state(|| Runtime::stall(1)).expect("it stands still");
    assert_eq!((stall.head.height, stall.head.hash), (0, GENESIS));
    assert!(chain
        .state(|| Interchain::route(1))
        .is_some_and(|route| route.header_due));

    assert_eq!(held(&mut chain), Hold::All);

    // Two of the four are there, and answer.
    let founders: Vec<_> = members(&mut chain)
        .into_iter()
        .map(|member| member.account)
        .collect();
    let (there, gone) = founders.split_at(2);
    for account in there {
        answer(&mut chain, account);
    }
    let seeds: Vec<_> = SIX
        .into_iter()
        .filter(|seed| !gone.iter().any(|account| seed_of(account) == *seed))
        .collect();
    epochs_until(&mut chain, &seeds, || {
        Runtime::stall(1).is_some_and(|stall| stall.roll_closed)
    });
    let left = members(&mut chain)
        .into_iter()
        .filter(|member| member.phase.is_active());
    assert_eq!(left.map(|member| member.account).collect::<Vec<_>>(), there);
    let view = chain.state(|| DappChains::chain(1)).expect("it is there");
    assert_eq!(view.state, ChainState::Degraded);
    for account in gone {
        let status = chain.state(|| NodePool::node_status(account.clone()));
        let place = status.expect("it is in the pool").place;
        assert!(matches!(place, NodePlace::Waiting { .. }), "{place:?}");
    }

    // The two that wait are drawn, and confirm by the head at which the chain stands.
    epochs_until(&mut chain, &seeds, || NodePool::member_count(1) == 4);
    assert_eq!(chain.state(|| Runtime::recovery(1)), None);
    confirm_all(&mut chain);
    epochs_until(&mut chain, &seeds, || Runtime::recovery(1).is_some());
    chain.try_state();
    assert_eq!(held(&mut chain), Hold::Early, "it has made no block yet");

    let record = chain
        .state(|| Runtime::recovery(1))
        .expect("it is recorded");
    assert_eq!((record.head, record.genesis), (stall.head, GENESIS));
    assert_eq!((record.set_id, record.next.ordinal), (1, 1));
    assert_eq!(record.next.check(), Ok(()));
    let mut deciding: Vec<_> = record
        .next
        .members
        .iter()
        .map(|member| member.node.clone())
        .collect();
    deciding.sort_unstable();
    let mut expected: Vec<_> = [Alice, Bob, Charlie, Dave, Eve, Ferdie]
        .map(|who| who.to_account_id())
        .into_iter()
        .filter(|account| !gone.contains(account))
        .collect();
    expected.sort_unstable();
    assert_eq!(deciding, expected);
    chain.state(|| {
        let client = Interchain::client(1).expect("there is a route");
        assert_eq!(Ok(client.set), record.set());
        assert_eq!((client.state.set_id, client.state.set_since), (1, 1));
        assert!(client.state.renewed > client.state.latest.timestamp);
        let sets = DappChainSets::sets_of(1).expect("it is live");
        assert_eq!((sets.in_force, sets.set_id, sets.latest), (1, Some(1), 1));
        assert_eq!(Runtime::stall(1), None);
        let view = DappChains::chain(1).expect("it is there");
        assert_eq!(view.state, ChainState::Live);
    });

    // Should that set be lost, too, before it has decided a block, another one takes its place at the same head.
    chain.state(|| {
        let mut again = record.set().expect("it is a set");
        again.id = 2;
        let head = (record.head.height, record.head.hash);
        assert_eq!(
            <Interchain as LightClients>::recover(1, head, again),
            Ok(())
        );
        let client = Interchain::client(1).expect("there is a route");
        assert_eq!((client.state.set_id, client.state.set_since), (2, 1));
    });

    // Other chains are proven the record.
    let key = places::recovery_hash(1, 1);
    let proof = StorageProof::new(chain.prove(vec![key.clone()])).expect("it is small");
    let root = chain.head.state_root;
    let values = proof.read(&root, &[key]).expect("it is complete");
    assert_eq!(values, [Some(record.hash().encode())]);
    // With when it was made, which their light clients ask for, too.
    let shown = chain.state(|| Interchain::recovery_of(1));
    let shown = shown.expect("nodes can show it");
    assert_eq!((shown.set, shown.record.to_vec()), (1, record.to_bytes()));
    let keys = claims::recovery_keys(1, 1);
    let proof = StorageProof::new(chain.prove(keys)).expect("it is small");
    let verified = claims::verify_recovery(&root, 1, 1, &record.hash(), shown.at, &proof);
    assert_eq!(verified, Ok(()));

    // The chain is told where the hub stood: at the parent of the block that made the record.
    let hub = record.hub.expect("it fits");
    let own = chain.state(Interchain::own);
    assert_eq!((hub.chain, hub.genesis), (own.id, own.genesis));
    let header = chain.state(|| System::block_hash(hub.height));
    assert_eq!((hub.header, hub.timestamp), (header, shown.at));
    assert!(!hub.set.is_empty());
}

/// All of its nodes are there, and their turns are over: the chain may decide, and the hub does not see it. Whoever was released
/// would be missed there.
#[test]
fn of_a_chain_whose_headers_do_not_come_nobody_is_released_and_no_set_is_recorded() {
    let turn = 60;
    let term = Term {
        blocks: 10_000,
        seconds: turn,
    };
    let mut chain = live_for(Some(term), STALL_SECONDS);
    let founders = members(&mut chain);
    for _ in 0..2 {
        epochs_until(&mut chain, &SIX, || Runtime::stall(1).is_some());
        let stall = chain.state(|| Runtime::stall(1)).expect("it stands still");
        assert!(founders
            .iter()
            .all(|member| member.since + 2 * turn < stall.opened_at));
        for member in &founders {
            answer(&mut chain, &member.account);
        }
        epochs_until(&mut chain, &SIX, || Runtime::stall(1).is_none());
        assert_eq!(held(&mut chain), Hold::Early);
        // Nobody is drawn in their place either: two wait, and would confirm.
        confirm_all(&mut chain);
        epoch_of(&mut chain, &SIX);
        assert_eq!(members(&mut chain), founders);
    }
    assert_eq!(chain.state(|| Runtime::recovery(1)), None);
    // It can still be shown that the chain lives.
    let client = chain.state(|| Interchain::client(1));
    let client = client.expect("there is a route").state;
    assert!(client.renewed > client.latest.timestamp);
}

/// One of four does not answer: the others can go on without it, and may need it still.
#[test]
fn while_a_quorum_answers_nobody_loses_its_place() {
    let mut chain = live();
    epochs_until(&mut chain, &SIX, || Runtime::stall(1).is_some());
    let founders = members(&mut chain);
    for member in &founders[..3] {
        answer(&mut chain, &member.account);
    }
    epochs_until(&mut chain, &SIX, || Runtime::stall(1).is_none());
    assert_eq!(members(&mut chain), founders);
    assert_eq!(held(&mut chain), Hold::Early);
    assert_eq!(chain.state(|| Runtime::recovery(1)), None);
    // It is late, and that costs nothing.
    let silent = beacon_pair(seed_of(&founders[3].account));
    assert_eq!(chain.state(|| Runtime::roll_call(silent.public())), None);
}

/// Turns are over long before the chain seems to stand still, others wait, and no header comes: it may have handed over to those
/// who were ordered, or may need those who decide as far as the hub knows.
#[test]
fn while_no_hand_over_is_shown_a_quorum_of_the_set_that_decides_stays() {
    let term = Term {
        blocks: 10_000,
        seconds: 60,
    };
    let mut chain = live_for(Some(term), LONG_SECONDS);
    let left_of = |chain: &mut Chain, set: &[AccountId]| {
        let active = members(chain)
            .into_iter()
            .filter(|member| member.phase.is_active());
        active
            .filter(|member| set.contains(&member.account))
            .count()
    };
    let founders: Vec<_> = members(&mut chain)
        .into_iter()
        .map(|member| member.account)
        .collect();
    for _ in 0..2 * FEW {
        epoch_of(&mut chain, &SIX);
        confirm_all(&mut chain);
        assert!(left_of(&mut chain, &founders) >= 3);
    }
    // One was replaced at once. (With more than one order: one comes before another goes.)
    assert_eq!(left_of(&mut chain, &founders), 3);
    let sets = chain.state(|| DappChainSets::sets_of(1));
    let sets = sets.expect("it is live");
    assert!(sets.in_force == 0 && sets.latest > 0, "{sets:?}");
    assert_eq!(held(&mut chain), Hold::Early);
    let route = chain.state(|| Interchain::route(1));
    assert!(route.expect("it is open").header_due);
    assert_eq!(chain.state(|| Runtime::stall(1)), None);

    // The next one goes when the chain has shown that it handed over.
    let Some(HubPacket::NextSet(next)) = packets(&mut chain).pop() else {
        panic!("a set was ordered");
    };
    let mut set = authorities(&next.members).expect("it is a set");
    set.id = 1;
    chain.change(|| DappChainSets::on_hand_over(1, &set));
    assert_eq!(held(&mut chain), Hold::None);
    let deciding: Vec<_> = next.members.into_iter().map(|member| member.node).collect();
    let before = left_of(&mut chain, &deciding);
    for _ in 0..FEW + 2 {
        epoch_of(&mut chain, &SIX);
        confirm_all(&mut chain);
    }
    assert_eq!(left_of(&mut chain, &deciding), before - 1);
    assert_eq!(held(&mut chain), Hold::Early);
}

#[test]
fn chains_may_stand_for_days_unless_the_chain_spec_says_otherwise() {
    let mut chain = Chain::new(POA);
    let periods = chain
        .state(DappChainSets::stall_periods)
        .expect("by default");
    assert!(periods.stall_seconds > 2 * 24 * 60 * 60);
    // What keeps other chains' light clients in trust must not be over before there is a record.
    let all = u64::from(periods.stall_seconds) + u64::from(periods.challenge_seconds);
    assert!(all * 1_000 < hansa_runtime_common::interchain::TRUSTING_PERIOD);
    // Those who decide can be held to what they sign for as long as the hub believes it.
    let reach = chain.state(UnbondingPeriod::get) - TRUSTED_FOR;
    assert!(u64::from(TRUSTED_FOR) * 1_000 > hansa_runtime_common::interchain::TRUSTING_PERIOD);
    assert_eq!(periods.helped_for(reach), periods.stall_seconds * HELD_FOR);
    assert!(periods.can_help(reach));
}
