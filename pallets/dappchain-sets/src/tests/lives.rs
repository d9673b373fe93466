// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains that go live and end: their routes, and what they may have in reserve.

use crate::{mock::*, Chains, Event, Sets, Unopened};
use hansa_dappchain_primitives::{route::FIRST_TERMS, ChainLives};
use hansa_interchain_primitives::{
    client::{update, ClientState, Clock},
    traits::ReserveLimits,
    Balance, Hash,
};

#[test]
fn the_hub_opens_the_route_with_what_the_founders_confirmed() {
    with_chain(|| {
        let opened = Opened::get();
        let [route] = &opened[..] else {
            panic!("one route: {opened:?}");
        };
        assert_eq!((route.chain.id, route.chain.genesis), (CHAIN, GENESIS));
        let header = &route.header;
        assert_eq!((header.height, header.hash), (0, GENESIS));
        assert_eq!((header.timestamp, header.state_root), (AT, Hash::zero()));
        assert_eq!(route.set, set(0, &[1, 2, 3, 4]));
        assert_eq!((route.terms, route.hub), (FIRST_TERMS, false));
        assert!(!Unopened::<Test>::contains_key(CHAIN));
    });
}

/// The light client that the route begins with takes the chain's first header.
#[test]
fn a_light_client_can_begin_with_the_route() {
    use hansa_interchain_primitives::SignedHeader;
    use hansa_pbft_primitives::{
        statement::NO_PROOF, Certificate, PreDigest, SignerBitmap, SigningContext, VoteKind,
    };
    use sp_core::Pair;
    use sp_runtime::{generic::Digest, traits::Header as _};

    with_chain(|| {
        let route = Opened::get().remove(0);
        let client = ClientState::new(route.chain.genesis, route.header, route.set.id, 1_000_000);
        let digest = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: AT + 5,
        };
        let header = hansa_primitives::Header::new(
            1,
            Hash::zero(),
            Hash::repeat_byte(8),
            GENESIS,
            Digest {
                logs: vec![digest.to_digest_item()],
            },
        );
        let context = SigningContext {
            genesis: GENESIS,
            set_id: 0,
        };
        let statement = VoteKind::Commit.statement(header.hash(), NO_PROOF);
        let payload = context.payload(1, 0, &statement);
        let signatures: Vec<_> = [1, 3, 4].map(|n| pair(n).sign(&payload)).into();
        let certificate = Certificate {
            kind: VoteKind::Commit,
            height: 1,
            view: 0,
            hash: header.hash(),
            proof: NO_PROOF,
            signers: SignerBitmap::new(4, [0, 2, 3]),
            signatures: signatures.try_into().expect("they fit"),
        };
        let signed = SignedHeader::new(&header, certificate).expect("it is small");
        let clock = Clock {
            now: AT + 100,
            drift: Some(10),
        };
        let verify = hansa_pbft_primitives::statement::verify_signature;
        let learned = update(&client, &route.set, &[signed], clock, verify);
        assert_eq!(learned.map(|update| update.state.latest.height), Ok(1));
    });
}

#[test]
fn a_route_that_cannot_be_opened_is_tried_again() {
    ExtBuilder.run(|| {
        Opens::set(false);
        go_live(CHAIN, &[1, 2, 3, 4]);
        assert_eq!(events(), [Event::RouteNotOpened { chain: CHAIN }]);
        serve(CHAIN, &[1, 2, 3, 5]);
        let said = epoch();
        assert_eq!(
            said,
            [
                Event::RouteNotOpened { chain: CHAIN },
                Event::SetNotSent { chain: CHAIN }
            ]
        );
        Opens::set(true);
        epoch();
        // With the founders, as no other set was ordered yet.
        assert_eq!(Opened::get()[0].set, set(0, &[1, 2, 3, 4]));
        assert_eq!(sent(), [(1, vec![1, 2, 3, 5])]);
    });
}

#[test]
fn a_chain_may_have_in_reserve_a_part_of_what_its_set_can_lose() {
    with_chain(|| {
        assert_eq!(DappChainSets::limit(CHAIN), (1 + 2 + 3 + 4) * 50);
        // A chain of which this pallet knows nothing has the route's own limit.
        assert_eq!(DappChainSets::limit(77), Balance::MAX);
        serve(CHAIN, &[1, 2, 3, 14]);
        epoch();
        assert_eq!(DappChainSets::limit(CHAIN), (1 + 2 + 3 + 14) * 50);
        DappChainSets::on_ended(CHAIN);
        assert_eq!(DappChainSets::limit(CHAIN), 0);
    });
}

#[test]
fn a_chain_that_has_ended_gets_no_sets_and_is_forgotten_when_stakes_are_out_of_reach() {
    with_chain(|| {
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        assert!(hand_over(1, &[1, 2, 3, 5]));
        serve(CHAIN, &[1, 2, 6, 5]);
        epoch();
        DappChainSets::on_ended(CHAIN);
        serve(CHAIN, &[1, 2, 3, 6]);
        epoch();
        assert_eq!(sent().len(), 2);
        block_after(KEEP - 1);
        epoch();
        assert!(Sets::<Test>::contains_key(CHAIN, 1));
        block_after(1);
        epoch();
        assert_eq!(Sets::<Test>::iter_prefix(CHAIN).count(), 0);
        assert_eq!(Forgotten::get(), [(CHAIN, 0), (CHAIN, 1)]);
        assert!(!Chains::<Test>::contains_key(CHAIN));
        assert_eq!(epoch(), []);
    });
}
