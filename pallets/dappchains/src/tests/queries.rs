// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the runtime API answers.

use crate::mock::*;
use hansa_dappchain_primitives::ChainState;

#[test]
fn chains_are_listed_by_page() {
    ExtBuilder::default().run(|| {
        for i in 1..=10 {
            register(i, &format!("shop-{i}"), 4).unwrap();
        }
        for i in [3, 4, 10] {
            DappChains::cancel(signed(u64::from(i)), i).unwrap();
        }
        let ids = |from, limit| {
            let page = DappChains::chains(from, limit);
            let ids: Vec<_> = page.chains.iter().map(|view| view.chain).collect();
            (ids, page.next)
        };
        assert_eq!(ids(0, 3), (vec![1, 2, 5], Some(6)));
        assert_eq!(ids(6, 100), (vec![6, 7, 8, 9], None));
        assert_eq!(ids(11, 100), (vec![], None));
        assert_eq!(ids(u32::MAX, u32::MAX), (vec![], None));
        assert_eq!(DappChains::chain_by_name(b"shop-2".to_vec()), Some(2));
        assert_eq!(DappChains::chain_by_name(b"shop-3".to_vec()), None);
        assert_eq!(DappChains::chain_by_name(vec![b'a'; 99]), None);
    });
}

#[test]
fn a_quote_is_what_is_paid() {
    ExtBuilder::default().run(|| {
        for (who, nodes) in [(1, 30), (1, 20), (2, 4), (3, 64), (1, 4)] {
            let quote = DappChains::quote(&who, nodes).unwrap();
            let before = staked(who);
            let next = crate::NextChainId::<Test>::get();
            register(who, &format!("shop-{next}"), nodes).unwrap();
            assert_eq!(staked(who) - before, quote.stake);
        }
        for nodes in [0, 3, 65, u32::MAX] {
            assert!(DappChains::quote(&1, nodes).is_none());
        }
    });
}

#[test]
fn a_view_tells_of_nodes_and_state() {
    ExtBuilder::default().run(|| {
        let chain = register(1, "shop", 4).unwrap();
        found(chain, 100);
        let view = DappChains::chain(chain).unwrap();
        assert_eq!((view.nodes, view.need), (1, 4));
        assert_eq!((view.state, view.stake), (ChainState::Pending, 4_000));
        assert!(DappChains::seat(chain, &100).is_none());
    });
}
