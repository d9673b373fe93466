// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls and hooks, over the number of authorities.

use super::*;
use alloc::{boxed::Box, vec::Vec};
use codec::{Decode, Encode};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{Authorize, EnsureOrigin},
    BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use hansa_pbft_primitives::{
    statement::NO_PROOF, Authority, AuthorityId, AuthorityIndex, AuthoritySet, Certificate,
    NewViewProof, Offence, PreDigest, Prepared, SignedStatement, SignerBitmap, SigningContext,
    Statement, Timing, View, VoteKind, MAX_AUTHORITIES,
};
use sp_runtime::{
    traits::{Hash as _, TrailingZeroInput, Zero},
    transaction_validity::TransactionSource,
    Digest, RuntimeAppPublic,
};

/// The admin's origin, if the runtime has one at all.
fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

/// The `i`-th authority's account.
fn member<T: Config>(i: u32) -> T::AccountId {
    account("authority", i, 0)
}

/// Decode a value out of 32 bytes that differ for each `i`.
fn distinct<D: Decode>(i: u32) -> Result<D, BenchmarkError> {
    let bytes = sp_runtime::traits::BlakeTwo256::hash(&i.encode());
    D::decode(&mut TrailingZeroInput::new(bytes.as_ref()))
        .map_err(|_| BenchmarkError::Stop("32 bytes are no key"))
}

/// Put a set of `n` authorities in force and on the list.
fn put_set<T: Config>(n: u32) -> Result<(), BenchmarkError> {
    put_set_of::<T>(n, distinct)
}

/// As [`put_set`], with keys that `key` makes.
fn put_set_of<T: Config>(
    n: u32,
    key: impl Fn(u32) -> Result<AuthorityId, BenchmarkError>,
) -> Result<(), BenchmarkError> {
    let authorities = (0..n)
        .map(|i| {
            Ok(Authority {
                key: key(i)?,
                weight: 1,
            })
        })
        .collect::<Result<Vec<_>, BenchmarkError>>()?;
    let set = AuthoritySet::new(0, authorities).map_err(|_| BenchmarkError::Stop("bad set"))?;
    let accounts = BoundedVec::truncate_from((0..n).map(member::<T>).collect());
    Listed::<T>::put(&accounts);
    CurrentSet::<T>::put(DecidingSet { set, accounts });
    let zeros = alloc::vec![Participation::default(); n as usize];
    SessionParticipation::<T>::put(BoundedVec::truncate_from(zeros));
    Ok(())
}

/// Give an account the session keys that decode from zeros.
fn put_keys<T: Config>(account: &T::AccountId) -> Result<(), BenchmarkError> {
    let keys = <T as pallet_session::Config>::Keys::decode(&mut TrailingZeroInput::zeroes())
        .map_err(|_| BenchmarkError::Stop("zeros are no session keys"))?;
    pallet_session::NextKeys::<T>::insert(account, keys);
    Ok(())
}

/// Begin block `number`, authored by the last of `n` authorities.
fn begin<T: Config>(number: u32, n: u32) {
    let author = n.saturating_sub(1) as AuthorityIndex;
    let item = PreDigest {
        view: 0,
        author,
        timestamp_ms: 1,
    }
    .to_digest_item();
    let digest = Digest {
        logs: alloc::vec![item],
    };
    // A block follows the one before.
    frame_system::Pallet::<T>::set_block_number(number.saturating_sub(1).into());
    frame_system::Pallet::<T>::initialize(&number.into(), &T::Hash::default(), &digest);
}

/// The height at which the last of the authorities offends.
const HEIGHT: Height = 1;

/// Sign with the key of authority `who`, which the keystore has.
fn sign<T: Config>(
    who: AuthorityIndex,
    view: View,
    statement: Statement,
) -> Result<SignedStatement, BenchmarkError> {
    let set = CurrentSet::<T>::get().set;
    let context = SigningContext {
        genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
        set_id: set.id,
    };
    let payload = context.payload(HEIGHT, view, &statement);
    let authority = set
        .get(who)
        .ok_or(BenchmarkError::Stop("no such authority"))?;
    let signature = authority
        .key
        .sign(&payload)
        .ok_or(BenchmarkError::Stop("the keystore has no such key"))?;
    Ok(SignedStatement {
        height: HEIGHT,
        view,
        statement,
        authority: who,
        signature,
    })
}

/// Two Commits of the last of `n` authorities.
fn double_vote<T: Config>(n: u32) -> Result<Offence, BenchmarkError> {
    let vote = |i| {
        let statement = VoteKind::Commit.statement(Hash::repeat_byte(i), NO_PROOF);
        sign::<T>(n.saturating_sub(1) as AuthorityIndex, 0, statement)
    };
    Offence::between(&vote(1)?, &vote(2)?).ok_or(BenchmarkError::Stop("no offence"))
}

/// A proposal of the last of `n` authorities, with a proof that all of them signed, and that binds
/// it to another block.
fn unjustified<T: Config>(n: u32) -> Result<Offence, BenchmarkError> {
    let hash = Hash::repeat_byte(1);
    let (prepared, signers) = (Prepared { view: 0, hash }, 0..n as AuthorityIndex);
    let votes = signers
        .clone()
        .map(|who| {
            let vote = VoteKind::Prepare.statement(hash, NO_PROOF);
            Ok((who, sign::<T>(who, 0, vote)?.signature))
        })
        .collect::<Result<Vec<_>, BenchmarkError>>()?;
    let change = Statement::ViewChange {
        prepared: Some(prepared),
    };
    let changes = signers
        .map(|who| sign::<T>(who, 1, change))
        .collect::<Result<Vec<_>, BenchmarkError>>()?;
    let set = CurrentSet::<T>::get().set;
    let kind = VoteKind::Prepare;
    let proof = NewViewProof {
        view_changes: BoundedVec::truncate_from(changes),
        prepared: Some(Certificate::new(
            kind, HEIGHT, 0, hash, NO_PROOF, &set, votes,
        )),
    };
    let statement = Statement::Proposal {
        hash: Hash::repeat_byte(2),
        proof: proof.digest(),
    };
    Ok(Offence::UnjustifiedProposal {
        proposal: sign::<T>(n.saturating_sub(1) as AuthorityIndex, 1, statement)?,
        proof: Some(proof),
    })
}

/// Put a set of `n` authorities with keys that can sign in force for the whole session, and report
/// what `offence` makes.
fn report<T: Config>(
    n: u32,
    offence: impl Fn(u32) -> Result<Offence, BenchmarkError>,
) -> Result<Call<T>, BenchmarkError> {
    put_set_of::<T>(n, |_| Ok(AuthorityId::generate_pair(None)))?;
    let deciding = CurrentSet::<T>::get();
    frame_system::Pallet::<T>::set_block_number(BlockNumberFor::<T>::zero());
    Pallet::<T>::note_session(pallet_session::Pallet::<T>::current_index(), &deciding);
    begin::<T>(HEIGHT.saturating_add(1), n);
    let evidence = Evidence {
        set_id: deciding.set.id,
        offence: offence(n)?,
    };
    Ok(Call::report_offence {
        evidence: Box::new(evidence),
        set: deciding.set,
        key_owner_proof: KeyOwnershipProof {
            accounts: deciding.accounts,
        },
    })
}

#[benchmarks]
mod benches {
    use super::*;
    use frame_support::traits::Hooks;

    #[benchmark]
    fn on_initialize_and_finalize(n: Linear<1, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n)?;
        begin::<T>(2, n);
        let number = BlockNumberFor::<T>::from(2u32);
        #[block]
        {
            Pallet::<T>::on_initialize(number);
            Pallet::<T>::on_finalize(number);
        }
        assert!(!CurrentBlock::<T>::exists());
        Ok(())
    }

    #[benchmark]
    fn note_parent_certificate(n: Linear<1, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n)?;
        begin::<T>(2, n);
        let signers = SignerBitmap::new(n as usize, 0..n as AuthorityIndex);
        let certificate = ParentCertificate { view: 0, signers };
        #[extrinsic_call]
        _(RawOrigin::None, certificate);
        assert!(CertificateNoted::<T>::get());
        Ok(())
    }

    #[benchmark]
    fn add_authority(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n.saturating_sub(1))?;
        let new = member::<T>(n);
        put_keys::<T>(&new)?;
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, new.clone());
        assert!(Listed::<T>::get().contains(&new));
        Ok(())
    }

    #[benchmark]
    fn remove_authority(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n)?;
        let last = member::<T>(n.saturating_sub(1));
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, last.clone());
        assert!(!Listed::<T>::get().contains(&last));
        Ok(())
    }

    #[benchmark]
    fn set_timing() -> Result<(), BenchmarkError> {
        let timing = Timing {
            min_interval_ms: 123,
            ..Timing::default()
        };
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, timing);
        assert_eq!(CurrentTiming::<T>::get(), timing);
        Ok(())
    }

    #[benchmark]
    fn set_session_length() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, 5_000);
        assert_eq!(SessionLength::<T>::get(), 5_000);
        Ok(())
    }

    #[benchmark]
    fn set_admin() -> Result<(), BenchmarkError> {
        let new = member::<T>(0);
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, Some(new.clone()));
        assert_eq!(Admin::<T>::get(), Some(new));
        Ok(())
    }

    #[benchmark]
    fn report_offence(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let Call::report_offence {
            evidence,
            set,
            key_owner_proof,
        } = report::<T>(n, double_vote::<T>)?
        else {
            return Err(BenchmarkError::Stop("another call"));
        };
        let session = pallet_session::Pallet::<T>::current_index();
        #[extrinsic_call]
        _(RawOrigin::Authorized, evidence, set, key_owner_proof);
        let offender = n.saturating_sub(1) as AuthorityIndex;
        assert!(Pallet::<T>::is_convicted(session, offender));
        Ok(())
    }

    #[benchmark]
    fn authorize_report_of_statements(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let call = report::<T>(n, double_vote::<T>)?;
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::InBlock);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn authorize_report_of_proposal(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let call = report::<T>(n, unjustified::<T>)?;
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::InBlock);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ExtBuilder::default().build_with_keystore(),
        crate::mock::Test
    );
}
