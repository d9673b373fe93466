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
        /// An operator bonded.
        Bonded {
            /// The operator.
            node: T::AccountId,
            /// How much more it bonded.
            amount: Balance,
        },
        /// An operator's funds are on their way out.
        Unbonded {
            /// The operator.
            node: T::AccountId,
            /// How much.
            amount: Balance,
            /// The service time from which on it can be withdrawn.
            unlocks_at: Seconds,
        },
        /// An operator's funds that were on their way out are at stake again.
        Rebonded {
            /// The operator.
            node: T::AccountId,
            /// How much.
            amount: Balance,
        },
        /// An account got its stake back.
        Withdrawn {
            /// The account.
            account: T::AccountId,
            /// The node behind which the stake was.
            node: T::AccountId,
            /// How much.
            amount: Balance,
        },
        /// A node paid the registration fee.
        Registered {
            /// The node.
            node: T::AccountId,
            /// The fee.
            fee: Balance,
        },
        /// A node stands for election.
        Validating {
            /// The node.
            node: T::AccountId,
            /// What it takes of rewards before the rest is shared.
            commission: Perbill,
        },
        /// A node does not stand for election any more.
        Chilled {
            /// The node.
            node: T::AccountId,
            /// Why.
            reason: ChillReason,
        },
        /// A delegator put funds behind a node.
        Delegated {
            /// The delegator.
            delegator: T::AccountId,
            /// The node.
            node: T::AccountId,
            /// How much.
            amount: Balance,
            /// How many shares it got for it.
            shares: Balance,
        },
        /// A delegator's funds are on their way out.
        Undelegated {
            /// The delegator.
            delegator: T::AccountId,
            /// The node.
            node: T::AccountId,
            /// What the shares were worth.
            amount: Balance,
            /// How many shares it gave for it.
            shares: Balance,
            /// The service time from which on it can be withdrawn.
            unlocks_at: Seconds,
        },
        /// Sets are elected by stake from now on.
        ElectionsEnabled,
        /// A set is elected by the stakes of now. It comes into force with the next beacon.
        SetFrozen {
            /// The number of the election.
            election: ElectionIndex,
            /// The number of its members.
            members: u32,
        },
        /// A set is planned: one that was just elected, or that of an election before without who does not
        /// stand any more.
        SetElected {
            /// The number of the election.
            election: ElectionIndex,
            /// The session that it will decide in first.
            session: SessionIndex,
            /// The number of its members.
            members: u32,
        },
        /// Too few candidates: the old set stays.
        ElectionFailed {
            /// The session for which a set was wanted.
            session: SessionIndex,
            /// How many candidates with keys there are, up to as many as fit.
            candidates: u32,
        },
        /// A session's reward is booked.
        SessionRewarded {
            /// The session.
            session: SessionIndex,
            /// The new money.
            amount: Balance,
            /// The certificates that it is paid for.
            certificates: u32,
        },
        /// What a node earned is shared out.
        PaidOut {
            /// The node.
            node: T::AccountId,
            /// What the operator got: commission, and the reward of its bond.
            operator: Balance,
            /// What the pool got.
            pool: Balance,
        },
        /// A Commit was added to a certificate that had left it out.
        CommitAdded {
            /// The node whose Commit it is.
            node: T::AccountId,
            /// The height.
            height: Height,
        },
        /// A node will be slashed.
        SlashDeferred {
            /// The number of the slash.
            slash: u32,
            /// The offender.
            node: T::AccountId,
            /// The set in which it offended.
            scope: Scope,
            /// The service time from which on the slash is applied.
            due_at: Seconds,
        },
        /// A node offended in a set that staking did not elect, or whose election is forgotten:
        /// there is no stake to slash.
        NothingToSlash {
            /// The offender.
            node: T::AccountId,
            /// The set in which it offended.
            scope: Scope,
        },
        /// A slash is cancelled.
        SlashCancelled {
            /// The number of the slash.
            slash: u32,
            /// Who is not slashed.
            node: T::AccountId,
        },
        /// A node is slashed.
        NodeSlashed {
            /// The offender.
            node: T::AccountId,
            /// The set in which it offended.
            scope: Scope,
            /// The part of what was at stake that is lost.
            lost: Perbill,
            /// What was taken of the operator's bond.
            bond: Balance,
            /// What was taken of the pool.
            pool: Balance,
        },
        /// What a delegator has on its way out is slashed.
        DelegatorSlashed {
            /// The delegator.
            delegator: T::AccountId,
            /// The offender.
            node: T::AccountId,
            /// What was taken.
            amount: Balance,
        },
        /// The admin has set the periods.
        PeriodsSet {
            /// The periods from now on.
            periods: Periods,
        },
        /// The admin has set how many validators are elected.
        ValidatorCountSet {
            /// The number from the next election on.
            count: u32,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// The account has a bond already: use `bond_extra`.
        AlreadyBonded,
        /// The account has no bond.
        NotBonded,
        /// What is, or would be left, at stake is less than allowed.
        TooLittle,
        /// A candidate must keep the smallest bond: chill first.
        ChillFirst,
        /// The node serves a DappChain: it must leave the pool, and be replaced, before its bond can go.
        ServesChain,
        /// There is not so much.
        NotEnough,
        /// There are too many different deposits, or portions on their way out: later.
        TooManyParts,
        /// There is nothing that can be withdrawn yet.
        NothingToWithdraw,
        /// A slash of the node waits.
        SlashPending,
        /// The account has set no session keys.
        NoKeys,
        /// The session keys are those of a candidate or of a member of a set: chill first, and wait until
        /// another set decides.
        KeysInUse,
        /// The node does not stand for election.
        NotCandidate,
        /// An operator bonds; it does not delegate to itself.
        OwnNode,
        /// The account has nothing behind this node.
        NoDelegation,
        /// The shares of the pool are worth nothing.
        PoolWorthless,
        /// A number does not fit.
        Overflow,
        /// There is nothing to share out.
        NothingEarned,
        /// All slashes of the node have been applied to this delegation.
        NothingToApply,
        /// It is no Commit of a member for a block of this session.
        NotACommit,
        /// The certificate of that height is forgotten, or of another session.
        CertificateUnknown,
        /// The certificate has that Commit.
        NotLeftOut,
        /// No such slash waits.
        NoSuchSlash,
        /// Funds must be on their way out for longer than light clients trust and a slash waits,
        /// together.
        UnsoundPeriods,
        /// So few, or so many, validators cannot be elected.
        ValidatorCountOutOfRange,
    }
}
