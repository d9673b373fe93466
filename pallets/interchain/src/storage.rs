// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet keeps in the state. A part of the pallet's declaration.
//!
//! What is marked as a part of the protocol is proven to other chains: its key and its encoding are
//! those of `hansa_interchain_primitives::keys`.

use frame_support::pallet_macros::pallet_section;

/// Storage.
#[pallet_section]
mod storage {
    /// The id of this chain.
    #[pallet::storage]
    pub type OwnId<T: Config> = StorageValue<_, ChainId, ValueQuery>;

    /// Routes.
    #[pallet::storage]
    pub type Routes<T: Config> = CountedStorageMap<_, Twox64Concat, ChainId, Route, OptionQuery>;

    /// Accounts with other chains.
    #[pallet::storage]
    pub type Books<T: Config> = StorageMap<_, Twox64Concat, ChainId, Book, ValueQuery>;

    /// Terms with other chains.
    #[pallet::storage]
    pub type Agreements<T: Config> = StorageMap<_, Twox64Concat, ChainId, Agreement, OptionQuery>;

    /// Light clients.
    #[pallet::storage]
    pub type Clients<T: Config> = StorageMap<_, Twox64Concat, ChainId, ClientState, OptionQuery>;

    /// The sets that decide the next height of other chains.
    #[pallet::storage]
    pub type ClientSets<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, AuthoritySet, OptionQuery>;

    /// Sets of other chains that decide no more.
    #[pallet::storage]
    pub type PastSets<T: Config> =
        StorageDoubleMap<_, Twox64Concat, ChainId, Twox64Concat, SetId, PastSet, OptionQuery>;

    /// Their ids, from the lowest on. Sets that were recorded in place of one that lost its quorum may leave ids out.
    #[pallet::storage]
    pub type PastSetRing<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, BoundedVec<SetId, T::MaxPastSets>, ValueQuery>;

    /// Headers of other chains that deliveries may name.
    #[pallet::storage]
    pub type StoredHeaders<T: Config> =
        StorageDoubleMap<_, Twox64Concat, ChainId, Twox64Concat, Height, StoredHeader, OptionQuery>;

    /// Their heights, from the lowest on.
    #[pallet::storage]
    pub type HeaderRing<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, BoundedVec<Height, T::MaxStoredHeaders>, ValueQuery>;

    /// Commitments to packets that were sent: destination, lane, nonce. A part of the protocol.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Identity, ChainId>,
            NMapKey<Identity, LaneId>,
            NMapKey<Identity, Nonce>,
        ),
        Hash,
        OptionQuery,
    >;

    /// The sending ends of lanes: destination, lane. A part of the protocol.
    #[pallet::storage]
    pub type OutboundLanes<T: Config> = StorageNMap<
        _,
        (NMapKey<Identity, ChainId>, NMapKey<Identity, LaneId>),
        OutboundLane,
        ValueQuery,
    >;

    /// Results of packets that were taken: source, lane, nonce. A part of the protocol.
    #[pallet::storage]
    pub type Results<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Identity, ChainId>,
            NMapKey<Identity, LaneId>,
            NMapKey<Identity, Nonce>,
        ),
        PacketResult,
        OptionQuery,
    >;

    /// The receiving ends of lanes: source, lane. A part of the protocol.
    #[pallet::storage]
    pub type InboundLanes<T: Config> = StorageNMap<
        _,
        (NMapKey<Identity, ChainId>, NMapKey<Identity, LaneId>),
        InboundLane,
        ValueQuery,
    >;

    /// With which set, and when, the light client of a chain went on last because this chain, its hub, has made a record of
    /// that. A part of the protocol: it says to others how old the record is.
    #[pallet::storage]
    pub type Renewals<T: Config> = StorageMap<_, Identity, ChainId, (SetId, Moment), OptionQuery>;

    /// Packets that were sent and whose results are not settled: destination, lane, nonce.
    #[pallet::storage]
    pub type Outbound<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Twox64Concat, ChainId>,
            NMapKey<Twox64Concat, LaneId>,
            NMapKey<Twox64Concat, Nonce>,
        ),
        OutboundPacket<T::AccountId>,
        OptionQuery,
    >;

    /// Chains to which there was a route that is closed. There is never another one: its lanes would begin anew, and all
    /// that was ever delivered could be delivered once more.
    #[pallet::storage]
    pub type Closed<T: Config> = StorageMap<_, Twox64Concat, ChainId, (), OptionQuery>;

    /// How much of other chains is in the block under execution. None between blocks.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type BlockItems<T: Config> = StorageValue<_, u32, ValueQuery>;
}
