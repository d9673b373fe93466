// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Records of recoveries, for the engine.

use hansa_allocation_primitives::Head;
use hansa_dappchain_primitives::Recovery;
use hansa_dappchain_primitives::{AssignedNode, FounderKeys, NextSet};
use hansa_pbft_primitives::AuthorityId;
use hansa_primitives::{AccountId, Hash};
use hansa_service::recovery::{read, take_over, RecordError};
use sp_core::ed25519;

/// The genesis in the records of the tests.
const GENESIS: Hash = Hash::repeat_byte(0xaa);

/// A record above a block at `height`.
fn record(height: u32) -> Recovery<AccountId> {
    let member = |node: u8| AssignedNode {
        node: AccountId::new([node; 32]),
        keys: FounderKeys {
            pbft: AuthorityId::from(ed25519::Public::from_raw([node; 32])),
            beacon: None,
        },
    };
    let members: Vec<_> = (1..=4).map(member).collect();
    Recovery {
        chain: 7,
        genesis: GENESIS,
        head: Head {
            height,
            hash: Hash::repeat_byte(2),
        },
        set_id: 3,
        next: NextSet {
            ordinal: 5,
            seed: [6; 32],
            members: members.try_into().expect("they are few"),
        },
        hub: None,
    }
}

#[test]
fn the_engine_gets_head_set_seed_and_the_very_bytes() {
    let record = record(9);
    let bytes = record.to_bytes();
    let takeover = read(&bytes, GENESIS, Some(42)).unwrap();
    assert_eq!(
        (takeover.height, takeover.parent),
        (9, Hash::repeat_byte(2))
    );
    assert_eq!((takeover.set.id, takeover.set.len()), (3, 4));
    assert_eq!((takeover.seed, takeover.record), ([6; 32], bytes));
    assert_eq!(takeover.made_after_ms, Some(42));
}

#[test]
fn what_is_no_record_of_this_chain_is_refused() {
    let bytes = record(9).to_bytes();
    assert_eq!(
        read(&bytes[1..], GENESIS, None),
        Err(RecordError::Unreadable)
    );
    let own = Hash::zero();
    let other = RecordError::OtherChain {
        recorded: GENESIS,
        own,
    };
    assert_eq!(read(&bytes, own, None), Err(other));
    let mut twice = record(9);
    twice.next.members[1] = twice.next.members[0].clone();
    assert!(matches!(
        take_over(&twice, GENESIS, None),
        Err(RecordError::Set(_))
    ));
}
