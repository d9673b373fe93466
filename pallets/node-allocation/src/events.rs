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
        /// A node came into the pool.
        Joined {
            /// The node.
            node: T::AccountId,
        },
        /// A node is to leave the pool as soon as it is replaced.
        Leaving {
            /// The node.
            node: T::AccountId,
        },
        /// A node left the pool.
        Left {
            /// The node.
            node: T::AccountId,
            /// What it paid for giving up a place.
            fee: BalanceOf<T>,
        },
        /// A node authored a block on some chain for the first time.
        Veteran {
            /// The node.
            node: T::AccountId,
        },
        /// The chains were taken down for the next draw.
        Frozen {
            /// The epoch whose ids it reads.
            epoch: EpochIndex,
            /// How many nodes all chains have, and how many they need: the mean.
            mean: (u32, u32),
        },
        /// A draw begins.
        DrawBegan {
            /// The epoch whose ids it reads.
            epoch: EpochIndex,
        },
        /// A draw is over.
        DrawEnded {
            /// The epoch whose ids it read.
            epoch: EpochIndex,
            /// How many nodes wait in the pool.
            waiting: u32,
        },
        /// There is no draw by the ids of an epoch: the one before was not over.
        DrawSkipped {
            /// The epoch.
            epoch: EpochIndex,
        },
        /// A node was drawn for a chain.
        Drawn {
            /// The node.
            node: T::AccountId,
            /// The chain.
            chain: ChainId,
            /// Why that one.
            reason: Reason,
        },
        /// A pending chain has all its nodes.
        Complete {
            /// The chain.
            chain: ChainId,
        },
        /// A node confirmed that it is ready, and serves.
        Confirmed {
            /// The node.
            node: T::AccountId,
            /// The chain.
            chain: ChainId,
        },
        /// A member of a chain is none any more.
        Departed {
            /// The node.
            node: T::AccountId,
            /// The chain.
            chain: ChainId,
            /// Why.
            cause: Departure,
        },
        /// The chain's phase changed.
        PhaseChanged {
            /// The chain.
            chain: ChainId,
            /// What it is now.
            phase: Phase,
        },
        /// A chain needs another number of nodes.
        NeedChanged {
            /// The chain.
            chain: ChainId,
            /// What it needs.
            need: u32,
        },
        /// A chain stands still: whoever is in its set is to answer.
        RollCalled {
            /// The chain.
            chain: ChainId,
            /// Since when, in seconds of service time.
            since: Seconds,
            /// Until when they are to.
            until: Seconds,
        },
        /// A node answered when the roll of its chain was called.
        Answered {
            /// The node.
            node: T::AccountId,
            /// The chain.
            chain: ChainId,
        },
        /// The time to answer is over: who did not has lost its place.
        RollClosed {
            /// The chain.
            chain: ChainId,
            /// How many they are.
            absent: u32,
        },
        /// The chain goes on, or nobody is drawn for it any more: nobody has to answer.
        RollCancelled {
            /// The chain.
            chain: ChainId,
        },
        /// A chain is short of nodes.
        Short {
            /// The chain.
            chain: ChainId,
            /// How many are in its set.
            active: u32,
            /// For how many epochs in a row.
            epochs: u32,
        },
        /// From the next freeze on nodes must have been present in so many epochs before.
        DrawDelaySet {
            /// The number of epochs.
            epochs: EpochIndex,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// The node is in the pool.
        AlreadyPooled,
        /// The node is not in the pool.
        NotPooled,
        /// The pool is full.
        PoolFull,
        /// The node has no beacon key.
        NoKey,
        /// The node has not the stake, or was convicted or chilled.
        MayNotServe,
        /// The account cannot pay the deposit.
        DepositTooHigh,
        /// The node is to leave already.
        AlreadyLeaving,
        /// The node is no member of the chain that has to confirm.
        NothingToConfirm,
        /// The node is in no set of a chain whose roll is called, or has answered.
        NothingToAnswer,
        /// It is too late to answer when the roll is called.
        RollIsOver,
        /// The head is not final on that chain, or not recent.
        UnknownHead,
        /// The confirmation, the answer or the wish to join is not signed with the node's key.
        BadSignature,
        /// The node was in the pool before: only its operator can put it back.
        LeftBefore,
        /// The wish to join is not of the epoch under way.
        WrongEpoch,
        /// The delay of the draw is above [`MAX_DRAW_DELAY`].
        DelayTooLong,
    }
}
