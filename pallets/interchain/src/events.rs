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
        /// There is a route to another chain.
        RouteOpened {
            /// The chain.
            peer: ChainId,
        },
        /// Governance vouched anew for a header and a set of another chain.
        RouteReopened {
            /// The chain.
            peer: ChainId,
        },
        /// A route takes and brings no packets, or does again.
        RouteSuspended {
            /// The chain.
            peer: ChainId,
            /// Whether it is suspended.
            suspended: bool,
        },
        /// The life of another chain is over, and the route to it is closed for good.
        RouteClosed {
            /// The chain.
            peer: ChainId,
            /// What it had in reserve still: nobody can claim it any more, and it is burnt.
            burnt: Balance,
        },
        /// The other chain has contradicted itself: nothing is believed of it until governance
        /// reopens the route.
        RouteFrozen {
            /// The chain.
            peer: ChainId,
        },
        /// The other chain handed over to a set that nobody ordered: the route is suspended.
        HandOverRefused {
            /// The chain.
            peer: ChainId,
            /// The id of the set.
            set: SetId,
        },
        /// The set that decided on the other chain lost its quorum. Whoever assigns its sets recorded another one in its
        /// place, which decides from the height above this one on.
        ClientRecovered {
            /// The chain.
            peer: ChainId,
            /// The id of the set.
            set: SetId,
            /// The highest height that the set before has decided.
            height: Height,
        },
        /// The light client of the hub begins anew: the hub said where it stood when it gave this chain, which had lost its
        /// quorum, another set.
        HubRenewed {
            /// The hub.
            hub: ChainId,
            /// Where it stood.
            height: Height,
        },
        /// A header of another chain is known.
        HeaderKnown {
            /// The chain.
            peer: ChainId,
            /// Its height.
            height: Height,
        },
        /// Another set decides on the other chain.
        SetKnown {
            /// The chain.
            peer: ChainId,
            /// The id of the set.
            set: SetId,
        },
        /// A packet was sent: it is on its way once this block is final.
        PacketSent {
            /// Where to.
            peer: ChainId,
            /// In which lane.
            lane: LaneId,
            /// Its position.
            nonce: Nonce,
            /// Who sent it; none if the chain itself did.
            sender: Option<T::AccountId>,
            /// The value that is on hold for it.
            amount: Balance,
        },
        /// A packet of another chain was taken.
        PacketTaken {
            /// From where.
            peer: ChainId,
            /// In which lane.
            lane: LaneId,
            /// Its position.
            nonce: Nonce,
            /// What became of it.
            outcome: Outcome,
        },
        /// It is proven that a packet was delivered.
        PacketDelivered {
            /// Where.
            peer: ChainId,
            /// In which lane.
            lane: LaneId,
            /// Its position.
            nonce: Nonce,
        },
        /// It is proven that a packet was, or will be, not delivered; its value went back.
        PacketRefunded {
            /// Where it was not delivered.
            peer: ChainId,
            /// In which lane.
            lane: LaneId,
            /// Its position.
            nonce: Nonce,
            /// What came back.
            amount: Balance,
            /// Why: the result, none if the time was over.
            outcome: Option<Outcome>,
        },
        /// Results are not needed any more.
        ResultsPruned {
            /// The chain that has taken them.
            peer: ChainId,
            /// The lane.
            lane: LaneId,
            /// The lowest position that is kept.
            from: Nonce,
        },
        /// A call of a foreign account was executed.
        CallExecuted {
            /// The chain from where it came.
            peer: ChainId,
            /// As which packet.
            nonce: Nonce,
            /// The account that it was executed from.
            account: T::AccountId,
            /// What came of it.
            outcome: CallOutcome,
        },
        /// Another chain's reserve with this one has grown.
        ReserveToppedUp {
            /// The chain.
            peer: ChainId,
            /// Who paid it.
            who: T::AccountId,
            /// How much.
            amount: Balance,
        },
        /// The other chain's limit is another one.
        LimitChanged {
            /// The chain.
            peer: ChainId,
            /// The most that it may have with this one.
            limit: Balance,
        },
        /// One of the two chains proposes other terms.
        TermsProposed {
            /// The other chain.
            peer: ChainId,
            /// The terms.
            terms: Terms,
            /// From when on they shall hold.
            from: Moment,
            /// Whether it was this chain that proposes.
            by_us: bool,
        },
        /// Both chains agree on other terms.
        TermsAgreed {
            /// The other chain.
            peer: ChainId,
            /// The terms.
            terms: Terms,
            /// From when on they hold.
            from: Moment,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no route to that chain.
        NoRoute,
        /// There is a route to that chain already.
        RouteExists,
        /// As many routes as may be are open.
        TooManyRoutes,
        /// A chain id that no other chain can have: 0, this chain's own, or that of a chain to which the route was
        /// closed for good.
        BadChainId,
        /// The genesis of this chain does not say which id it has.
        NoOwnId,
        /// The pallet's account does not exist: send it the existential deposit first.
        NoReserveAccount,
        /// The set is not valid.
        BadSet,
        /// The route is suspended.
        Suspended,
        /// The route is frozen, or has expired: governance must reopen it.
        NotTrusted,
        /// There is no such lane.
        NoLane,
        /// Nothing is in the call.
        Empty,
        /// That was done before.
        AlreadyDone,
        /// Something that comes before is missing.
        Ahead,
        /// As many packets as fit are on their way, or as many results are kept.
        LaneFull,
        /// The other chain brings more than it may in this time.
        TooFast,
        /// No more of other chains fits this block.
        BlockFull,
        /// The header is not known, or not any more.
        UnknownHeader,
        /// The header proves nothing: it is bad, or nobody trusts who signed it.
        BadHeader,
        /// The certificates prove no misbehaviour.
        NoMisbehaviour,
        /// The proof is not of what is claimed.
        BadProof,
        /// There is no such packet, or it is of another kind.
        NoPacket,
        /// The packet's time is not over in that header, or it was taken.
        NotTimedOut,
        /// Our reserve with the other chain does not cover it.
        OurReserveTooLow,
        /// The other chain's reserve does not cover it.
        TheirReserveTooLow,
        /// The other chain would have more with us than it may.
        OverLimit,
        /// The amount is zero in the token of the other chain, or too large for it.
        BadAmount,
        /// The address is of this chain, where a foreign one is needed, or its account is none.
        BadAddress,
        /// The rate has a zero in it.
        BadTerms,
        /// Nobody has proposed that.
        NotProposed,
        /// The notice is shorter than it must be.
        NoticeTooShort,
        /// The amount is too small to top up with.
        TopUpTooSmall,
        /// The system packet is too large.
        TooLarge,
        /// The account cannot be read as one of this chain.
        BadAccount,
        /// The trusting period is not longer than packets have to be taken, or longer than this chain
        /// trusts any.
        BadTrustingPeriod,
        /// The chain that is named as the hub is not this chain's, or is the one that shall go on.
        NotOurHub,
        /// The record of the hub is none, or is of another chain or block.
        BadRecord,
    }
}
