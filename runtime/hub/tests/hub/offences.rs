// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! An authority that signs twice, reported as a node does it.

use crate::common::*;
use codec::Decode;
use frame_support::{dispatch::DispatchClass, weights::Weight};
use hansa_pallet_pbft::{Event, Listed, WeightInfo};
use hansa_pallet_staking::FrozenSet;
use hansa_pbft_primitives::{
    runtime_decl_for_pbft_api::PbftApi, statement::NO_PROOF, AuthorityPair, ConsensusLog, Evidence,
    Hash, Height, Offence, OffenceKind, SignedStatement, SigningContext, VoteKind, MAX_AUTHORITIES,
};
use hansa_runtime_common::limits::BlockWeights;
use hansa_runtime_hub::{
    genesis_presets::{DEV, LOCAL},
    Beacon, Executive, Pbft, Runtime, RuntimeEvent, System, UncheckedExtrinsic,
};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionSource};

/// Commits for two blocks at `height`, signed with the session key of `seed`.
fn double_vote(seed: &str, height: Height) -> Evidence {
    let pair = AuthorityPair::from_string(seed, None).expect("it is a seed");
    let set = Pbft::consensus_state().set;
    let context = SigningContext {
        genesis: System::block_hash(0),
        set_id: set.id,
    };
    let vote = |i| {
        let statement = VoteKind::Commit.statement(Hash::repeat_byte(i), NO_PROOF);
        SignedStatement {
            height,
            view: 0,
            statement,
            authority: set.index_of(&pair.public()).expect("it is a member"),
            signature: pair.sign(&context.payload(height, 0, &statement)),
        }
    };
    let offence = Offence::between(&vote(1), &vote(2)).expect("they conflict");
    Evidence {
        set_id: set.id,
        offence,
    }
}

/// Report as a node does: through the runtime's API, which puts a transaction into the pool.
fn report(chain: &mut Chain, evidence: Evidence) -> UncheckedExtrinsic {
    let pooled = chain.pooled(|| {
        let set = Pbft::consensus_state().set;
        let key = set
            .get(evidence.offence.offender())
            .expect("it is a member");
        let proof = Runtime::generate_key_ownership_proof(set.id, key.key.clone());
        let proof = proof.expect("it is a member's key");
        Runtime::submit_report_offence(evidence, set, proof).expect("there is a pool");
    });
    let [transaction] = pooled.as_slice() else {
        panic!("one transaction is in the pool");
    };
    UncheckedExtrinsic::decode(&mut &transaction[..]).expect("it is one of ours")
}

#[test]
fn who_signs_twice_leaves_the_set_and_nobody_pays() {
    let mut chain = Chain::new(LOCAL);
    let (header, _) = chain.block(200, Vec::new);
    let evidence = chain.state(|| double_vote("//Bob", header.number));
    let transaction = report(&mut chain, evidence.clone());
    chain.state(|| {
        let validity =
            |source| Executive::validate_transaction(source, transaction.clone(), header.hash());
        assert!(validity(TransactionSource::Local).is_ok_and(|valid| !valid.propagate));
        assert_eq!(
            validity(TransactionSource::External),
            Err(InvalidTransaction::Call.into())
        );
    });

    let before = chain.state(|| [Alice, Bob, Charlie, Dave].map(free));
    assert_eq!(chain.apply(|| transaction.clone()), Ok(Ok(())));
    chain.state(|| {
        assert_eq!([Alice, Bob, Charlie, Dave].map(free), before);
        let expected = RuntimeEvent::Pbft(Event::OffenceProven {
            account: Bob.to_account_id(),
            session: 0,
            height: 1,
            kind: OffenceKind::Equivocation,
        });
        assert!(System::events()
            .iter()
            .any(|record| record.event == expected));
        assert!(!Listed::<Runtime>::get().contains(&Bob.to_account_id()));
    });

    // The same again, and another offence of the same session: no more.
    let other = chain.state(|| double_vote("//Bob", 2));
    let other = report(&mut chain, other);
    for again in [transaction, other] {
        let result = chain.apply(|| again);
        assert_eq!(result, Err(InvalidTransaction::Stale.into()));
    }
    // Those two blocks were all that the session still had.
    let change = ConsensusLog::find_set_change(&chain.head.digest);
    let set = chain.state(|| Pbft::consensus_state().set);
    assert_eq!(change.as_ref(), Some(&set));
    assert_eq!((set.id, set.len()), (1, 3));
    assert_eq!(set.index_of(&keys("//Bob").pbft), None);
    chain.block(200, Vec::new);
    chain.try_state();
}

/// The set that is elected for the next beacon loses its liar, too, and does not begin earlier for it.
#[test]
fn a_liar_after_the_freeze_leaves_at_once_and_is_not_in_the_next_set() {
    let mut chain = Chain::with_genesis(&genesis_of_five());
    let bob = Bob.to_account_id();
    let frozen = |chain: &mut Chain| chain.state(FrozenSet::<Runtime>::get);
    while frozen(&mut chain).is_none() {
        assert!(chain.head.number < 100, "the commit part does not end");
        chain.block(1_000, Vec::new);
    }
    let height = chain.head.number;
    let evidence = chain.state(|| double_vote("//Bob", height));
    let transaction = report(&mut chain, evidence);
    assert_eq!(chain.apply(|| transaction), Ok(Ok(())));
    chain.block(200, Vec::new);
    chain.block(200, Vec::new);
    let deciding = |chain: &mut Chain| chain.state(Pbft::deciding_set);
    let without_bob = deciding(&mut chain);
    assert_eq!(without_bob.accounts.len(), 4);
    assert!(!without_bob.accounts.contains(&bob));
    assert!(frozen(&mut chain).is_some(), "the epoch goes on");
    chain.try_state();

    let beacon = chain.state(Beacon::beacon);
    while chain.state(Beacon::beacon) == beacon {
        assert!(chain.head.number < 200, "the epoch does not end");
        chain.block(1_000, Vec::new);
    }
    for _ in 0..3 {
        chain.block(1_000, Vec::new);
    }
    let next = deciding(&mut chain);
    assert_eq!(next.accounts, without_bob.accounts);
    chain.try_state();
}

#[test]
fn a_report_that_proves_nothing_is_refused() {
    let mut chain = Chain::new(LOCAL);
    chain.block(200, Vec::new);
    let good = chain.state(|| double_vote("//Bob", 1));
    let mut blamed = good.clone();
    if let Offence::Equivocation { first, second } = &mut blamed.offence {
        (first.authority, second.authority) = (0, 0);
    }
    let mut once = good.clone();
    if let Offence::Equivocation { first, second } = &mut once.offence {
        *second = first.clone();
    }
    for evidence in [blamed, once] {
        let transaction = report(&mut chain, evidence);
        let result = chain.apply(|| transaction);
        assert_eq!(result, Err(InvalidTransaction::BadProof.into()));
    }
    chain.state(|| assert_eq!(Listed::<Runtime>::get().len(), 4));
    // Of another chain, with the same validators and the same height.
    let transaction = report(&mut chain, good);
    let mut elsewhere = Chain::new(LOCAL);
    elsewhere.now_ms += 1;
    elsewhere.head.extrinsics_root = Hash::repeat_byte(1);
    elsewhere.block(200, Vec::new);
    let result = elsewhere.apply(|| transaction);
    assert_eq!(result, Err(InvalidTransaction::BadProof.into()));
}

#[test]
fn a_report_cannot_be_wrapped_or_signed() {
    let mut chain = Chain::new(LOCAL);
    chain.block(200, Vec::new);
    let evidence = chain.state(|| double_vote("//Bob", 1));
    let call = report(&mut chain, evidence).function;
    let batch = pallet_utility::Call::batch_all {
        calls: vec![call.clone()],
    };
    for (nonce, call) in [(0, call), (1, batch.into())] {
        let result = chain.apply(|| sign(Charlie, nonce, call));
        assert!(result.expect("it is valid").is_err());
    }
    chain.state(|| assert_eq!(Listed::<Runtime>::get().len(), 4));
}

#[test]
fn a_chain_of_one_keeps_its_liar() {
    let mut chain = Chain::new(DEV);
    chain.block(200, Vec::new);
    let evidence = chain.state(|| double_vote("//Alice", 1));
    let transaction = report(&mut chain, evidence);
    assert_eq!(chain.apply(|| transaction), Ok(Ok(())));
    for _ in 0..4 {
        chain.block(200, Vec::new);
    }
    chain.state(|| assert_eq!(Pbft::consensus_state().set.len(), 1));
    chain.try_state();
}

/// The largest set's evidence of the largest kind.
#[test]
fn every_report_fits_a_block() {
    type Weights = <Runtime as hansa_pallet_pbft::Config>::WeightInfo;
    let weights = BlockWeights::get();
    let limit = weights.get(DispatchClass::Operational).max_extrinsic;
    let report = Weights::report_offence(MAX_AUTHORITIES)
        .saturating_add(Weights::authorize_report_of_proposal(MAX_AUTHORITIES));
    let report = Weight::from_parts(report.ref_time(), 0);
    assert!(
        limit.is_some_and(|limit| report.all_lt(limit)),
        "{report:?} {limit:?}"
    );
}
