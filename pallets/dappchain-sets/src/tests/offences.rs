// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Offences on chains.

use crate::{mock::*, Accounts, Call, Event};
use frame_support::{assert_ok, traits::Authorize};
use frame_system::RawOrigin;
use hansa_dappchain_primitives::{Hash, SetOrdinal};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthoritySet, Evidence, ForeignConviction, Offence,
    OffenceKind, SetId, SignedStatement, SigningContext, VoteKind,
};
use sp_core::Pair;
use sp_runtime::{
    traits::Dispatchable,
    transaction_validity::{
        InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
    },
};

/// A report in the making: everything is as it should be, until a test changes it.
#[derive(Clone)]
struct Report {
    ordinal: SetOrdinal,
    set: AuthoritySet,
    accounts: Vec<AccountId>,
    genesis: Hash,
    /// The id that stands in what is signed.
    signed_id: SetId,
    offender: AuthorityIndex,
}

impl Report {
    fn new(ordinal: SetOrdinal, id: SetId, accounts: &[AccountId], offender: u16) -> Self {
        Self {
            ordinal,
            set: set(id, accounts),
            accounts: accounts.to_vec(),
            genesis: GENESIS,
            signed_id: id,
            offender,
        }
    }

    fn vote(&self, block: u8) -> SignedStatement {
        let context = SigningContext {
            genesis: self.genesis,
            set_id: self.signed_id,
        };
        let statement = VoteKind::Commit.statement(Hash::repeat_byte(block), NO_PROOF);
        let payload = context.payload(33, 2, &statement);
        SignedStatement {
            height: 33,
            view: 2,
            statement,
            authority: self.offender,
            signature: pair(self.accounts[usize::from(self.offender)]).sign(&payload),
        }
    }

    fn call(&self) -> Call<Test> {
        let offence = Offence::between(&self.vote(1), &self.vote(2)).expect("they conflict");
        Call::report_offence {
            chain: CHAIN,
            ordinal: self.ordinal,
            evidence: Box::new(Evidence {
                set_id: self.signed_id,
                offence,
            }),
            set: self.set.clone(),
            accounts: Accounts::try_from(self.accounts.clone()).expect("they fit"),
        }
    }

    fn authorize(&self) -> Result<ValidTransaction, InvalidTransaction> {
        let source = TransactionSource::External;
        match self.call().authorize(source).expect("it authorises itself") {
            Ok((validity, _)) => Ok(validity),
            Err(TransactionValidityError::Invalid(invalid)) => Err(invalid),
            Err(unknown) => panic!("{unknown:?}"),
        }
    }

    /// Do with the call what a block does.
    fn apply(&self) -> Result<(), InvalidTransaction> {
        self.authorize()?;
        let result = RuntimeCall::from(self.call()).dispatch(RawOrigin::Authorized.into());
        assert_ok!(result);
        Ok(())
    }
}

#[test]
fn who_contradicts_itself_on_a_chain_is_laid_to_staking() {
    with_chain(|| {
        assert_ok!(Report::new(0, 0, &[1, 2, 3, 4], 2).apply());
        assert_eq!(
            Convictions::get(),
            [ForeignConviction {
                chain: CHAIN,
                set: 0,
                offender: 3,
                weight: 1,
                total_weight: 4,
                stake: 1,
            }]
        );
        assert_eq!(
            events(),
            [Event::OffenceProven {
                node: 3,
                chain: CHAIN,
                set: 0,
                height: 33,
                kind: OffenceKind::Equivocation,
            }]
        );
    });
}

#[test]
fn once_for_each_set_and_node() {
    with_chain(|| {
        let report = Report::new(0, 0, &[1, 2, 3, 4], 2);
        assert_ok!(report.apply());
        assert_eq!(report.apply(), Err(InvalidTransaction::Stale));
        assert_ok!(Report::new(0, 0, &[1, 2, 3, 4], 1).apply());
        StakeNow::set(9);
        serve(CHAIN, &[1, 3, 4, 5]);
        epoch();
        assert!(hand_over(1, &[1, 3, 4, 5]));
        assert_ok!(Report::new(1, 1, &[1, 3, 4, 5], 1).apply());
        let told = Convictions::get();
        let told: Vec<_> = told.iter().map(|c| (c.offender, c.set, c.stake)).collect();
        // Each with what was at stake when its set was ordered.
        assert_eq!(told, [(3, 0, 1), (2, 0, 1), (3, 1, 9)]);
    });
}

#[test]
fn a_set_that_decides_no_more_is_liable_until_stakes_are_out_of_reach() {
    with_chain(|| {
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        assert!(hand_over(1, &[1, 2, 3, 5]));
        let report = Report::new(0, 0, &[1, 2, 3, 4], 3);
        block_after(KEEP - 1);
        epoch();
        assert!(report.authorize().is_ok());
        block_after(1);
        epoch();
        assert_eq!(report.authorize(), Err(InvalidTransaction::Stale));
    });
}

#[test]
fn a_set_must_be_known_to_decide_under_the_id_of_the_evidence() {
    with_chain(|| {
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        let ordered = Report::new(1, 1, &[1, 2, 3, 5], 0);
        assert_eq!(ordered.authorize(), Err(InvalidTransaction::Future));
        assert!(hand_over(1, &[1, 2, 3, 5]));
        assert!(ordered.authorize().is_ok());
        // The founders' id is 0, and theirs alone.
        let other = Report::new(0, 1, &[1, 2, 3, 4], 0);
        assert_eq!(other.authorize(), Err(InvalidTransaction::BadProof));
        let other = Report::new(1, 0, &[1, 2, 3, 5], 0);
        assert_eq!(other.authorize(), Err(InvalidTransaction::BadProof));
    });
}

#[test]
fn a_report_that_is_altered_convicts_nobody() {
    with_chain(|| {
        let good = Report::new(0, 0, &[1, 2, 3, 4], 2);
        let refused = |change: &dyn Fn(&mut Report)| {
            let mut report = good.clone();
            change(&mut report);
            let result = report.authorize();
            assert_eq!(result, Err(InvalidTransaction::BadProof));
        };
        // Laid to another account, in another order, of another set, or another chain.
        refused(&|report| report.accounts = vec![1, 2, 4, 3]);
        refused(&|report| report.accounts = vec![1, 2, 3]);
        refused(&|report| report.set = set(0, &[1, 2, 3, 5]));
        refused(&|report| report.genesis = Hash::repeat_byte(6));
        refused(&|report| report.signed_id = 1);
        let mut unknown = good.clone();
        unknown.ordinal = 7;
        assert_eq!(unknown.authorize(), Err(InvalidTransaction::Stale));
        assert!(good.authorize().is_ok());
        assert_eq!(Convictions::get(), []);
    });
}

#[test]
fn a_report_is_taken_from_everybody_once_and_handed_on() {
    with_chain(|| {
        let validity = Report::new(0, 0, &[1, 2, 3, 4], 2).authorize().unwrap();
        let other = Report::new(0, 0, &[1, 2, 3, 4], 1).authorize().unwrap();
        assert!(validity.propagate);
        assert_ne!(validity.provides, other.provides);
        let call = Report::new(0, 0, &[1, 2, 3, 4], 2).call();
        let result = RuntimeCall::from(call).dispatch(RawOrigin::Signed(1).into());
        assert!(result.is_err());
    });
}
