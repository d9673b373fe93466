// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet says: its events, and why calls fail. A part of the pallet's declaration.

use frame_support::pallet_macros::pallet_section;

/// Events and errors.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A chain is registered, and waits for nodes.
        Registered {
            /// The chain.
            chain: ChainId,
            /// Its name.
            name: Name,
            /// Who registered it.
            deployer: T::AccountId,
            /// How many nodes it needs.
            need: u32,
            /// The deployment stake.
            stake: Balance,
            /// The deposit for its spec.
            deposit: Balance,
        },
        /// A chain's nodes are complete: its record is frozen, its founders build the genesis.
        Forming {
            /// The chain.
            chain: ChainId,
            /// The number of the forming.
            attempt: u16,
            /// How many founders there are.
            founders: u32,
            /// The service time by which a quorum of them must have confirmed.
            due_at: Seconds,
        },
        /// A founder said what it found.
        GenesisConfirmed {
            /// The chain.
            chain: ChainId,
            /// The founder.
            node: T::AccountId,
            /// The hash of the genesis; none if it could not be built.
            outcome: Option<Hash>,
        },
        /// A quorum of founders confirmed one genesis.
        WentLive {
            /// The chain.
            chain: ChainId,
            /// The hash of its genesis block.
            genesis: Hash,
        },
        /// Some founders were silent: the chain waits for others.
        FoundersRedrawn {
            /// The chain.
            chain: ChainId,
            /// How many were silent.
            silent: u32,
        },
        /// A chain that was never live is given up. Its name is free again.
        Gone {
            /// The chain.
            chain: ChainId,
            /// Why.
            reason: GoneReason,
            /// What the stake's payer got back.
            returned: Balance,
            /// What it did not.
            fee: Balance,
        },
        /// A chain has fewer nodes than it needs.
        Degraded {
            /// The chain.
            chain: ChainId,
            /// How many are in its set.
            nodes: u32,
        },
        /// A chain has the nodes that it needs again.
        Recovered {
            /// The chain.
            chain: ChainId,
        },
        /// A chain needs fewer nodes from now on.
        NeedShrunk {
            /// The chain.
            chain: ChainId,
            /// How many.
            need: u32,
        },
        /// A chain will end.
        Retiring {
            /// The chain.
            chain: ChainId,
            /// The service time at which it does.
            due_at: Seconds,
        },
        /// A chain has ended.
        Retired {
            /// The chain.
            chain: ChainId,
            /// What of the stake was for nobody.
            forfeited: Balance,
        },
        /// An account may become a chain's owner; none: nobody may any more.
        OwnershipOffered {
            /// The chain.
            chain: ChainId,
            /// The account.
            to: Option<T::AccountId>,
        },
        /// A chain has another owner.
        OwnershipTransferred {
            /// The chain.
            chain: ChainId,
            /// Who owned it.
            from: T::AccountId,
            /// Who owns it.
            to: T::AccountId,
        },
        /// A node was paid for having founded a chain.
        FounderPaid {
            /// The chain.
            chain: ChainId,
            /// The node.
            node: T::AccountId,
            /// How much.
            amount: Balance,
        },
        /// A founder left: what is not vested waits for its replacement.
        SeatLeft {
            /// The chain.
            chain: ChainId,
            /// The node.
            node: T::AccountId,
            /// What it left, in tokens.
            rest: Balance,
        },
        /// A node took over what a founder left.
        SeatTaken {
            /// The chain.
            chain: ChainId,
            /// The node.
            node: T::AccountId,
            /// What it can still get.
            rest: Balance,
        },
        /// A ballot on the hard limit began.
        BallotOpened {
            /// Its number.
            ballot: BallotIndex,
            /// The limit that is proposed.
            proposed: u32,
            /// Which chain proposed it.
            proposer: ChainId,
            /// When it ends.
            ends_at: Seconds,
        },
        /// A chain voted.
        Voted {
            /// The ballot.
            ballot: BallotIndex,
            /// The chain.
            chain: ChainId,
            /// Whether for it.
            aye: bool,
            /// What the vote counts, in blocks.
            weight: u64,
        },
        /// A ballot is over.
        BallotClosed {
            /// The ballot.
            ballot: BallotIndex,
            /// Whether the limit changed.
            passed: bool,
            /// The limit from now on.
            limit: u32,
        },
        /// A standard runtime can be registered with.
        StandardRuntimeAdded {
            /// The version.
            version: RuntimeVersionId,
            /// The hash of its code.
            code: Hash,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such chain.
        NoSuchChain,
        /// The name is too short or too long.
        NameLength,
        /// The name has a character that is not allowed, or not at that place.
        NameCharacter,
        /// The name could be read as a chain id or an address.
        NameLooksLikeId,
        /// The name is reserved.
        NameReserved,
        /// Another chain has the name, or had it.
        NameTaken,
        /// A chain needs at least four nodes.
        TooFewNodes,
        /// More nodes than the hard limit allows.
        TooManyNodes,
        /// The term is shorter or longer than terms may be.
        TermOutOfBounds,
        /// The deployment stake is above what the caller accepts.
        StakeTooHigh,
        /// The account cannot pay the stake and the deposit.
        CannotPay,
        /// The patch or the properties are no text.
        NotText,
        /// There is no standard runtime of this version.
        NoSuchRuntime,
        /// The hub does not have the bytes of the code.
        CodeMissing,
        /// There is a standard runtime of this version.
        RuntimeExists,
        /// There are as many chains as there may be.
        TooManyChains,
        /// All ids are used up.
        NoMoreIds,
        /// The chain is in a state in which that cannot be done.
        WrongState,
        /// Only the chain's owner can do that.
        NotOwner,
        /// The chain was not offered to this account.
        NotOffered,
        /// A founder has no keys.
        FounderWithoutKeys,
        /// The confirmation is for another forming than the one under way.
        WrongAttempt,
        /// There is no such founder.
        NoSuchFounder,
        /// The founder has confirmed.
        AlreadyConfirmed,
        /// The signature is not the founder's.
        BadSignature,
        /// The node is to be paid nothing for this chain.
        NoSeat,
        /// Nothing is vested that was not paid.
        NothingToClaim,
        /// A ballot is under way.
        BallotOpen,
        /// No such ballot is under way.
        NoBallot,
        /// The limit is out of bounds, or too far from the present one.
        LimitOutOfBounds,
        /// The chain made no blocks that count.
        NoWeight,
        /// The chain has voted.
        AlreadyVoted,
    }
}
