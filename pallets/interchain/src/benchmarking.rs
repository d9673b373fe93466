// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls, and of what is checked of those without a sender.

mod state;

use super::*;
use crate::types::{NewRoute, QueuedCall};
use alloc::{boxed::Box, vec::Vec};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{
        fungible::{Inspect, Mutate},
        Authorize, EnsureOrigin, Get, ProcessMessage,
    },
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::RawOrigin;
use hansa_interchain_primitives::{
    packet::{ChainRef, MAX_CALL_BYTES},
    rate::Terms,
    Amounts, ChainAddress, Hash, Height, InboundLane, Misbehaviour, Moment, Outcome, Packet,
    PacketResult, Payload, Rate, SignedHeader, StorageProof, TrustedHeader, NEVER, TRANSFER_LANE,
};
use hansa_pbft_primitives::{
    statement::NO_PROOF, Authority, AuthorityId, AuthorityIndex, AuthoritySet, Certificate,
    PreDigest, SigningContext, VoteKind, MAX_AUTHORITIES,
};
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, Hash as _, Header as _, TrailingZeroInput},
    transaction_validity::TransactionSource,
    Digest, RuntimeAppPublic, Weight,
};
use state::prove;

/// The other chain.
const PEER: ChainId = 7;
/// Its genesis.
const GENESIS: Hash = Hash::repeat_byte(7);
/// The height of its header that is known.
const KNOWN: Height = 10;
/// The most packets of a call that are measured.
const MAX_PACKETS: u32 = 8;

const PAR: Terms = Terms {
    rate: Rate::PAR,
    low_charge: 1,
    high_charge: 1,
};

fn stop(why: &'static str) -> BenchmarkError {
    BenchmarkError::Stop(why)
}

fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

/// An amount that any account can take.
fn amount<T: Config>() -> Balance {
    T::Currency::minimum_balance().saturating_mul(10)
}

fn rich<T: Config>() -> Balance {
    amount::<T>().saturating_mul(1_000_000)
}

fn sender<T: Config>() -> T::AccountId {
    let who = whitelisted_caller();
    T::Currency::set_balance(&who, rich::<T>());
    who
}

/// A set of `n` with keys that the keystore has, or with any.
fn set(n: u32, signs: bool) -> Result<AuthoritySet, BenchmarkError> {
    let list = (0..n).map(|i| {
        let key = match signs {
            true => AuthorityId::generate_pair(None),
            false => {
                let bytes = BlakeTwo256::hash(&i.encode());
                codec::Decode::decode(&mut TrailingZeroInput::new(bytes.as_ref()))
                    .map_err(|_| stop("32 bytes are no key"))?
            }
        };
        Ok(Authority { key, weight: 1 })
    });
    let list = list.collect::<Result<Vec<_>, BenchmarkError>>()?;
    AuthoritySet::new(0, list).map_err(|_| stop("bad set"))
}

fn now<T: Config>() -> Moment {
    Pallet::<T>::now()
}

fn route<T: Config>(set: AuthoritySet, state_root: Hash) -> NewRoute {
    NewRoute {
        chain: ChainRef {
            id: PEER,
            genesis: GENESIS,
        },
        header: TrustedHeader {
            height: KNOWN,
            hash: Hash::zero(),
            state_root,
            timestamp: now::<T>(),
        },
        set,
        trusting_period: T::TrustingPeriod::get(),
        terms: PAR,
        limit: Balance::MAX,
        hub: false,
        entries: Default::default(),
    }
}

/// Open the route, with reserves on both sides.
fn open<T: Config>(set: AuthoritySet, state_root: Hash) -> Result<(), BenchmarkError> {
    OwnId::<T>::put(1);
    Pallet::<T>::endow_account()?;
    Pallet::<T>::do_open_route(route::<T>(set, state_root))?;
    let reserve = rich::<T>();
    T::Currency::mint_into(&Pallet::<T>::reserve_account(), reserve)?;
    Books::<T>::mutate(PEER, |book| {
        book.theirs = reserve;
        book.ours = reserve;
    });
    Ok(())
}

fn open_plain<T: Config>() -> Result<(), BenchmarkError> {
    open::<T>(set(4, false)?, Hash::zero())
}

/// A transfer of the other chain.
fn transfer_of_peer<T: Config>(i: u32) -> Result<Packet, BenchmarkError> {
    let to: T::AccountId = account("recipient", i, 0);
    Ok(Packet {
        sender: Default::default(),
        timeout: NEVER,
        payload: Payload::Transfer {
            to: Pallet::<T>::account_bytes(&to).map_err(|_| stop("an account is too long"))?,
            amounts: Amounts {
                source: amount::<T>(),
                destination: amount::<T>(),
            },
        },
    })
}

/// A delivery of `n` transfers.
fn delivery<T: Config>(n: u32) -> Result<Call<T>, BenchmarkError> {
    OwnId::<T>::put(1);
    let packets = (0..n)
        .map(transfer_of_peer::<T>)
        .collect::<Result<Vec<_>, _>>()?;
    let (root, proof) = prove::<T>(&packets)?;
    open::<T>(set(4, false)?, root)?;
    Ok(Call::deliver {
        peer: PEER,
        lane: TRANSFER_LANE,
        first: 0,
        packets: BoundedVec::truncate_from(packets),
        height: KNOWN,
        proof,
    })
}

/// A certificate of all of a set.
fn certify(set: &AuthoritySet, height: Height, hash: Hash) -> Result<Certificate, BenchmarkError> {
    let context = SigningContext {
        genesis: GENESIS,
        set_id: set.id,
    };
    let statement = VoteKind::Commit.statement(hash, NO_PROOF);
    let payload = context.payload(height, 0, &statement);
    let votes = (0..).zip(set.authorities()).map(|(i, authority)| {
        let signature = authority.key.sign(&payload);
        Ok((
            i as AuthorityIndex,
            signature.ok_or(stop("the keystore has no such key"))?,
        ))
    });
    let votes = votes.collect::<Result<Vec<_>, BenchmarkError>>()?;
    let kind = VoteKind::Commit;
    Ok(Certificate::new(
        kind, height, 0, hash, NO_PROOF, set, votes,
    ))
}

/// An update that hands over to another set of the same size.
fn update<T: Config>(n: u32) -> Result<Call<T>, BenchmarkError> {
    let deciding = set(n, true)?;
    open::<T>(deciding.clone(), Hash::zero())?;
    let next =
        AuthoritySet::new(1, deciding.authorities().to_vec()).map_err(|_| stop("bad set"))?;
    let pre = PreDigest {
        view: 0,
        author: 0,
        timestamp_ms: now::<T>().saturating_add(1),
    };
    let change = hansa_pbft_primitives::ConsensusLog::SetChange(next);
    let digest = Digest {
        logs: alloc::vec![pre.to_digest_item(), change.to_digest_item()],
    };
    let height = KNOWN.saturating_add(1);
    let zero = Hash::zero();
    let header = generic::Header::<Height, BlakeTwo256>::new(height, zero, zero, zero, digest);
    let certificate = certify(&deciding, height, header.hash())?;
    let signed = SignedHeader::new(&header, certificate).ok_or(stop("the header is too large"))?;
    Ok(Call::update_client {
        peer: PEER,
        headers: BoundedVec::truncate_from(alloc::vec![signed]),
    })
}

/// Send `n` transfers. Returns the results of their delivery.
fn send<T: Config>(n: u32) -> Result<Vec<PacketResult>, BenchmarkError> {
    let who = sender::<T>();
    let to = ChainAddress::new(PEER, who.encode()).ok_or(stop("an account is too long"))?;
    (0..u64::from(n))
        .map(|nonce| {
            Pallet::<T>::do_transfer(who.clone(), to.clone(), amount::<T>())?;
            let commitment = Commitments::<T>::get((PEER, TRANSFER_LANE, nonce));
            Ok(PacketResult {
                commitment: commitment.ok_or(stop("nothing was sent"))?,
                outcome: Outcome::Delivered,
                charged: 1,
                moved: Amounts::default(),
            })
        })
        .collect()
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn transfer() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let who = sender::<T>();
        let to = ChainAddress::new(PEER, who.encode()).ok_or(stop("an account is too long"))?;
        #[extrinsic_call]
        _(RawOrigin::Signed(who), to, amount::<T>());
        assert!(Commitments::<T>::contains_key((PEER, TRANSFER_LANE, 0)));
        Ok(())
    }

    #[benchmark]
    fn send_call() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let who = sender::<T>();
        let call = BoundedVec::truncate_from(alloc::vec![1; MAX_CALL_BYTES as usize]);
        // The longest costs the most.
        T::Currency::set_balance(&who, Balance::MAX / 4);
        #[extrinsic_call]
        _(
            RawOrigin::Signed(who),
            PEER,
            call,
            Weight::zero(),
            amount::<T>(),
        );
        assert_eq!(Books::<T>::get(PEER).escrow, amount::<T>());
        Ok(())
    }

    #[benchmark]
    fn top_up() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let who = sender::<T>();
        let more = amount::<T>().max(T::MinTopUp::get());
        T::Currency::set_balance(&who, more.saturating_mul(10));
        let before = Books::<T>::get(PEER).theirs;
        #[extrinsic_call]
        _(RawOrigin::Signed(who), PEER, more);
        assert_eq!(Books::<T>::get(PEER).theirs, before.saturating_add(more));
        Ok(())
    }

    #[benchmark]
    fn open_route() -> Result<(), BenchmarkError> {
        OwnId::<T>::put(1);
        Pallet::<T>::endow_account()?;
        let new = Box::new(route::<T>(set(MAX_AUTHORITIES, false)?, Hash::zero()));
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, new);
        assert!(Routes::<T>::contains_key(PEER));
        Ok(())
    }

    #[benchmark]
    fn reopen_route() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let new = route::<T>(set(MAX_AUTHORITIES, false)?, Hash::zero());
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(
            origin as T::RuntimeOrigin,
            PEER,
            new.header,
            Box::new(new.set),
        );
        assert!(Clients::<T>::contains_key(PEER));
        Ok(())
    }

    #[benchmark]
    fn suspend_route() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, PEER, true);
        assert!(Routes::<T>::get(PEER).is_some_and(|route| route.suspended));
        Ok(())
    }

    #[benchmark]
    fn set_limit() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, PEER, 1);
        assert_eq!(Books::<T>::get(PEER).limit, 1);
        Ok(())
    }

    #[benchmark]
    fn set_entries() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let entry = BoundedVec::truncate_from(alloc::vec![1; types::MAX_ENTRY_BYTES as usize]);
        let entries = BoundedVec::truncate_from(alloc::vec![entry; types::MAX_ENTRIES as usize]);
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, PEER, entries);
        assert!(Routes::<T>::get(PEER).is_some_and(|route| !route.entries.is_empty()));
        Ok(())
    }

    #[benchmark]
    fn propose_terms() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let from = now::<T>().saturating_add(T::TermsNotice::get());
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, PEER, PAR, from);
        assert!(Agreements::<T>::get(PEER).is_some_and(|a| a.proposed.is_some()));
        Ok(())
    }

    #[benchmark]
    fn accept_terms() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let from = now::<T>().saturating_add(T::TermsNotice::get());
        Agreements::<T>::mutate(PEER, |agreement| {
            if let Some(agreement) = agreement.as_mut() {
                agreement.offered = Some((PAR, from));
            }
        });
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, PEER, PAR, from);
        assert!(Agreements::<T>::get(PEER).is_some_and(|a| a.next.is_some()));
        Ok(())
    }

    #[benchmark]
    fn update_client() -> Result<(), BenchmarkError> {
        let Call::update_client { peer, headers } = update::<T>(MAX_AUTHORITIES)? else {
            return Err(stop("another call"));
        };
        #[extrinsic_call]
        _(RawOrigin::Authorized, peer, headers);
        assert!(Clients::<T>::get(PEER).is_some_and(|client| client.set_id == 1));
        Ok(())
    }

    #[benchmark]
    fn deliver(n: Linear<1, MAX_PACKETS>) -> Result<(), BenchmarkError> {
        let Call::deliver {
            peer,
            lane,
            first,
            packets,
            height,
            proof,
        } = delivery::<T>(n)?
        else {
            return Err(stop("another call"));
        };
        #[extrinsic_call]
        _(
            RawOrigin::Authorized,
            peer,
            lane,
            first,
            packets,
            height,
            proof,
        );
        let result = Results::<T>::get((PEER, TRANSFER_LANE, 0));
        assert!(result.is_some_and(|result| result.outcome == Outcome::Delivered));
        Ok(())
    }

    #[benchmark]
    fn acknowledge(n: Linear<1, MAX_PACKETS>) -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        let results = BoundedVec::truncate_from(send::<T>(n)?);
        let proof = StorageProof::default();
        #[extrinsic_call]
        _(
            RawOrigin::Authorized,
            PEER,
            TRANSFER_LANE,
            0,
            results,
            KNOWN,
            proof,
        );
        assert_eq!(Books::<T>::get(PEER).escrow, 0);
        Ok(())
    }

    #[benchmark]
    fn time_out(n: Linear<1, MAX_PACKETS>) -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        send::<T>(n)?;
        let proof = StorageProof::default();
        #[extrinsic_call]
        _(
            RawOrigin::Authorized,
            PEER,
            TRANSFER_LANE,
            0,
            n,
            KNOWN,
            proof,
        );
        assert_eq!(Books::<T>::get(PEER).escrow, 0);
        Ok(())
    }

    #[benchmark]
    fn prune(n: Linear<1, MAX_PACKETS>) -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        for (nonce, result) in (0..).zip(send::<T>(n)?) {
            Results::<T>::insert((PEER, TRANSFER_LANE, nonce), result);
        }
        let end = InboundLane {
            next: n.into(),
            pruned: 0,
        };
        InboundLanes::<T>::insert((PEER, TRANSFER_LANE), end);
        let proof = StorageProof::default();
        #[extrinsic_call]
        _(
            RawOrigin::Authorized,
            PEER,
            TRANSFER_LANE,
            n.into(),
            KNOWN,
            proof,
        );
        assert!(!Results::<T>::contains_key((PEER, TRANSFER_LANE, 0)));
        Ok(())
    }

    #[benchmark]
    fn report_misbehaviour() -> Result<(), BenchmarkError> {
        let deciding = set(1, true)?;
        open::<T>(deciding.clone(), Hash::zero())?;
        let height = KNOWN.saturating_add(1);
        let misbehaviour = Misbehaviour {
            first: certify(&deciding, height, Hash::repeat_byte(1))?,
            second: certify(&deciding, height, Hash::repeat_byte(2))?,
            set: deciding,
        };
        #[extrinsic_call]
        _(RawOrigin::Authorized, PEER, Box::new(misbehaviour));
        assert!(Clients::<T>::get(PEER).is_some_and(|client| client.frozen));
        Ok(())
    }

    /// Beside reading the record, which is the runtime's.
    #[benchmark]
    fn recover_client() -> Result<(), BenchmarkError> {
        let deciding = set(MAX_AUTHORITIES, false)?;
        open::<T>(deciding.clone(), Hash::zero())?;
        let next =
            AuthoritySet::new(1, deciding.authorities().to_vec()).map_err(|_| stop("bad set"))?;
        let (head, at) = ((KNOWN, Hash::zero()), now::<T>());
        let done;
        #[block]
        {
            done = Pallet::<T>::use_block(1)
                .and_then(|()| Pallet::<T>::do_recover(PEER, head, next, at));
        }
        assert!(done.is_ok());
        Ok(())
    }

    /// Of `n` packets, whose proof has more nodes than that.
    #[benchmark]
    fn authorize_proof(n: Linear<1, MAX_PACKETS>) -> Result<(), BenchmarkError> {
        let call = delivery::<T>(n)?;
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::InBlock);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn authorize_header(n: Linear<1, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let call = update::<T>(n)?;
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::InBlock);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn execute_call() -> Result<(), BenchmarkError> {
        open_plain::<T>()?;
        // Whether foreign accounts may make it or not: what it costs itself is not counted here.
        let call = frame_system::Call::<T>::remark { remark: Vec::new() };
        let call: <T as frame_system::Config>::RuntimeCall = call.into();
        let queued = QueuedCall {
            peer: PEER,
            nonce: 0,
            account: sender::<T>(),
            weight: Weight::zero(),
            call: BoundedVec::truncate_from(call.encode()),
        };
        let (message, mut meter) = (queued.encode(), WeightMeter::new());
        let done;
        #[block]
        {
            done = ExecuteCalls::<T>::process_message(&message, PEER, &mut meter, &mut [0; 32]);
        }
        assert_eq!(done, Ok(true));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::genesis_with_keystore(),
        crate::mock::Test
    );
}
