// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a genesis says of the hub.

use crate::{mock::*, GenesisConfig, GenesisRecordHash, Hub, HubRoute};
use hansa_dappchain_primitives::{route, Hash, HubCheckpoint};
use sp_runtime::BuildStorage;

#[test]
fn the_genesis_opens_the_route_to_the_hub_and_keeps_the_records_hash() {
    with_hub(|| {
        assert_eq!(Hub::<Test>::get(), Some(HUB));
        assert_eq!(GenesisRecordHash::<Test>::get(), Some(Hash::repeat_byte(3)));
        let opened = Opened::get();
        // The storage is built once.
        assert_eq!(opened.len(), 1);
        assert_eq!((opened[0].chain.id, opened[0].header.height), (HUB, 7));
        assert!(opened[0].hub);
    });
    ExtBuilder { hub: false }.run(|| {
        assert_eq!(Hub::<Test>::get(), None);
        assert_eq!(GenesisRecordHash::<Test>::get(), None);
        assert!(Opened::get().is_empty());
    });
}

#[test]
fn a_route_goes_through_json() {
    let hub = HubRoute::new(&route::to_hub(&HubCheckpoint::default()));
    let json = serde_json::to_string(&hub).unwrap();
    assert!(json.starts_with("\"0x"), "{json}");
    assert_eq!(serde_json::from_str::<HubRoute>(&json).unwrap(), hub);
    assert!(hub.read().is_some());
    assert!(serde_json::from_str::<HubRoute>("\"0xzz\"").is_err());
}

#[test]
#[should_panic(expected = "assignedSet.hub: the route to the hub is malformed")]
fn a_malformed_route_is_refused() {
    let hub = serde_json::from_str("\"0x00\"").unwrap();
    let _ = GenesisConfig::<Test> {
        hub: Some(hub),
        ..Default::default()
    }
    .build_storage();
}

/// The default checkpoint has no set.
#[test]
#[should_panic(expected = "assignedSet.hub: the route to the hub cannot be opened")]
fn a_route_that_cannot_be_opened_is_refused() {
    let _ = GenesisConfig::<Test> {
        hub: Some(HubRoute::new(&route::to_hub(&HubCheckpoint::default()))),
        ..Default::default()
    }
    .build_storage();
}
