// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Reports of offences: whom they convict, for how long, and what follows in authority mode.

use crate::{
    mock::*, Call, Convicted, CurrentSet, Error, Event, KeyOwnershipProof, Listed, OldestSession,
    SessionRecords,
};
use codec::Encode;
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchClass, GetDispatchInfo, Pays},
    traits::Authorize,
};
use frame_system::RawOrigin;
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthorityPair, AuthoritySet, Conviction, Evidence, Hash,
    Height, Offence, OffenceKind, SignedStatement, SigningContext, Statement, View, VoteKind,
};
use sp_core::Pair;
use sp_runtime::{
    traits::{Dispatchable, Zero},
    transaction_validity::{InvalidTransaction, TransactionSource, ValidTransaction},
    BoundedVec, DispatchError,
};

fn listed() -> Vec<AccountId> {
    Listed::<Test>::get().into_inner()
}

/// A report in the making: everything is as it should be, until a test changes it.
pub(super) struct Report {
    pub(super) set: AuthoritySet,
    pub(super) accounts: Vec<AccountId>,
    pub(super) height: Height,
    pub(super) offender: AuthorityIndex,
}

impl Report {
    /// Against authority `offender` of the set that decides the next block, for `height`.
    pub(super) fn new(offender: AuthorityIndex, height: Height) -> Self {
        let deciding = CurrentSet::<Test>::get();
        Self {
            set: deciding.set,
            accounts: deciding.accounts.into_inner(),
            height,
            offender,
        }
    }

    fn sign(&self, view: View, statement: Statement) -> SignedStatement {
        let context = SigningContext {
            genesis: System::block_hash(0),
            set_id: self.set.id,
        };
        let account = self.accounts[usize::from(self.offender)];
        let payload = context.payload(self.height, view, &statement);
        SignedStatement {
            height: self.height,
            view,
            statement,
            authority: self.offender,
            signature: AuthorityPair::from_seed(&[account as u8; 32]).sign(&payload),
        }
    }

    /// Commits for two blocks in this view.
    pub(super) fn double_vote(&self, view: View) -> Offence {
        let vote = |i| {
            let hash = Hash::repeat_byte(i);
            self.sign(view, VoteKind::Commit.statement(hash, NO_PROOF))
        };
        Offence::between(&vote(1), &vote(2)).expect("they conflict")
    }

    pub(super) fn call(&self, offence: Offence) -> Call<Test> {
        Call::report_offence {
            evidence: Box::new(Evidence {
                set_id: self.set.id,
                offence,
            }),
            set: self.set.clone(),
            key_owner_proof: KeyOwnershipProof {
                accounts: BoundedVec::truncate_from(self.accounts.clone()),
            },
        }
    }
}

/// What the pool, or a block, is told of the call.
fn authorize(
    call: &Call<Test>,
    source: TransactionSource,
) -> Result<ValidTransaction, InvalidTransaction> {
    let result = call.authorize(source).expect("it authorises itself");
    result
        .map(|(validity, _)| validity)
        .map_err(|error| match error {
            sp_runtime::transaction_validity::TransactionValidityError::Invalid(invalid) => invalid,
            unknown => panic!("{unknown:?}"),
        })
}

/// Do with the call what a block does.
pub(super) fn apply(call: Call<Test>) -> Result<(), InvalidTransaction> {
    authorize(&call, TransactionSource::InBlock)?;
    let result = RuntimeCall::from(call).dispatch(RawOrigin::Authorized.into());
    assert_ok!(result);
    Ok(())
}

/// Make a block with a report of a double vote at `height`.
fn convict(offender: AuthorityIndex, height: Height) {
    let call = {
        let report = Report::new(offender, height);
        report.call(report.double_vote(0))
    };
    Draft::default().make_with(|| apply(call).expect("it is good"));
}

#[test]
fn who_signs_twice_is_out_three_blocks_later() {
    ExtBuilder::default().run(|| {
        block();
        convict(1, 1);
        assert_eq!(
            events(),
            [
                Event::OffenceProven {
                    account: 2,
                    session: 0,
                    height: 1,
                    kind: OffenceKind::Equivocation
                },
                Event::AuthorityRemoved { account: 2 }
            ]
        );
        assert_eq!(listed(), [1, 3, 4]);
        assert_eq!(
            take_convictions(),
            [Conviction {
                offender: 2,
                session: 0,
                height: 1,
                kind: OffenceKind::Equivocation,
                weight: 1,
                total_weight: 4
            }]
        );
        // The session, of ten blocks, is not waited for.
        block();
        assert_eq!(members(), [1, 2, 3, 4]);
        block();
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(System::block_number(), 4);
        // And does not stay cut short.
        let session = Session::current_index();
        block();
        block();
        assert_eq!(Session::current_index(), session);
    });
}

#[test]
fn each_kind_of_offence_convicts() {
    let hash = Hash::repeat_byte(1);
    ExtBuilder::default().run(|| {
        block();
        let liar = |offender| Report::new(offender, 1);
        let forgotten = Offence::Amnesia {
            commit: liar(0).sign(2, VoteKind::Commit.statement(hash, hash)),
            view_change: liar(0).sign(3, Statement::ViewChange { prepared: None }),
        };
        let statement = Statement::Proposal {
            hash,
            proof: NO_PROOF,
        };
        let unjustified = Offence::UnjustifiedProposal {
            proposal: liar(1).sign(1, statement),
            proof: None,
        };
        Draft::default().make_with(|| {
            assert_ok!(apply(liar(0).call(forgotten)));
            assert_ok!(apply(liar(1).call(unjustified)));
            assert_ok!(apply(liar(2).call(liar(2).double_vote(7))));
        });
        let kinds: Vec<_> = take_convictions().iter().map(|c| c.kind).collect();
        assert_eq!(
            kinds,
            [
                OffenceKind::Amnesia,
                OffenceKind::UnjustifiedProposal,
                OffenceKind::Equivocation
            ]
        );
        assert_eq!(listed(), [4]);
    });
}

#[test]
fn the_last_authority_stays() {
    ExtBuilder::default().validators(&[1]).run(|| {
        block();
        convict(0, 1);
        assert!(events().contains(&Event::OffenderStays { account: 1 }));
        assert_eq!(listed(), [1]);
        for _ in 0..3 {
            block();
        }
        assert_eq!(members(), [1]);
    });
}

/// All of a set may be convicted in one block: the chain must go on.
#[test]
fn convictions_never_empty_the_list() {
    ExtBuilder::default().run(|| {
        block();
        Draft::default().make_with(|| {
            for offender in 0..4 {
                let report = Report::new(offender, 1);
                assert_ok!(apply(report.call(report.double_vote(0))));
            }
        });
        assert_eq!(listed(), [4]);
        block();
        block();
        assert_eq!(members(), [4]);
    });
}

#[test]
fn who_left_already_is_convicted_all_the_same() {
    ExtBuilder::default().run(|| {
        block();
        Draft::default().make_with(|| {
            assert_ok!(Pbft::remove_authority(RuntimeOrigin::root(), 2));
        });
        let session = Session::current_index();
        convict(1, 1);
        assert_eq!(take_convictions().len(), 1);
        assert_eq!(listed(), [1, 3, 4]);
        assert!(!events().contains(&Event::AuthorityRemoved { account: 2 }));
        block();
        assert_eq!(Session::current_index(), session, "nothing is in a hurry");
    });
}

#[test]
fn only_the_admin_takes_an_offender_back() {
    ExtBuilder::default().run(|| {
        block();
        convict(1, 1);
        for _ in 0..3 {
            end_session();
        }
        assert_eq!(members(), [1, 3, 4]);
        Draft::default().make_with(|| {
            assert_ok!(Pbft::add_authority(RuntimeOrigin::root(), 2));
        });
        end_session();
        block();
        assert_eq!(members(), [1, 3, 4, 2]);
    });
}

#[test]
fn a_session_convicts_an_authority_once() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        let (call, again) = (
            report.call(report.double_vote(0)),
            report.call(report.double_vote(0)),
        );
        let other = report.call(report.double_vote(5));
        // In the pool they stand in each other's way, in a block the second is none.
        let tags =
            |call: &Call<Test>| authorize(call, TransactionSource::Local).map(|v| v.provides);
        assert_eq!(tags(&call), tags(&other));
        let of_another = Report::new(2, 1);
        let of_another = of_another.call(of_another.double_vote(0));
        assert_ne!(tags(&call), tags(&of_another));

        Draft::default().make_with(|| apply(call).expect("it is good"));
        for call in [again, other] {
            assert_eq!(tags(&call), Err(InvalidTransaction::Stale));
            assert_noop!(
                RuntimeCall::from(call).dispatch(RawOrigin::Authorized.into()),
                Error::<Test>::AlreadyConvicted
            );
        }
        assert_ok!(tags(&of_another));
        assert!(Pbft::is_convicted(0, 1));
        assert!(!Pbft::is_convicted(0, 2) && !Pbft::is_convicted(1, 1));
        assert_eq!(Pbft::is_convicted_at(1, 1), Some(true));
        assert_eq!(Pbft::is_convicted_at(2, 2), Some(false));
    });
}

/// A set may decide several sessions; what is done in each is laid to that one, whenever it is
/// reported.
#[test]
fn an_offence_is_of_the_session_that_decided_its_height() {
    ExtBuilder::default().run(|| {
        let mut reports = Vec::new();
        for _ in 0..2 {
            block();
            reports.push(Report::new(1, System::block_number()));
            end_session();
        }
        // The block that ends a session is decided by the session that it ends.
        let last = Report::new(2, System::block_number());
        block();
        let next = Report::new(3, System::block_number());
        assert_eq!(last.set, next.set);
        Draft::default().make_with(|| {
            for report in [&reports[1], &reports[0], &last, &next] {
                assert_ok!(apply(report.call(report.double_vote(0))));
            }
        });
        let sessions: Vec<_> = take_convictions()
            .iter()
            .map(|c| (c.offender, c.session))
            .collect();
        assert_eq!(sessions, [(2, 1), (2, 0), (3, 1), (4, 2)]);
    });
}

#[test]
fn evidence_is_taken_for_so_many_sessions_and_then_forgotten() {
    ExtBuilder::default().run(|| {
        block();
        let (early, late) = (Report::new(1, 1), Report::new(2, 1));
        convict(0, 1);
        let first = SessionRecords::<Test>::get(0).expect("it is kept");
        assert_eq!(first.first_height, 1);
        while Session::current_index() < 3 {
            end_session();
        }
        assert!(Convicted::<Test>::contains_key(0));
        Draft::default().make_with(|| apply(early.call(early.double_vote(0))).expect("it is good"));
        while Session::current_index() < 4 {
            end_session();
        }
        let call = late.call(late.double_vote(0));
        let result = authorize(&call, TransactionSource::Local);
        assert_eq!(result, Err(InvalidTransaction::Stale));
        assert_noop!(
            RuntimeCall::from(call).dispatch(RawOrigin::Authorized.into()),
            Error::<Test>::EvidenceTooOld
        );
        assert_eq!(SessionRecords::<Test>::get(0), None);
        assert_eq!(Pbft::is_convicted_at(1, 0), None);
        assert!(!Convicted::<Test>::contains_key(0));
    });
}

/// A chain that stood still for long finds its windows as they were.
#[test]
fn time_without_blocks_costs_no_evidence() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        let days = Draft {
            step_ms: 30 * 24 * 60 * 60 * 1000,
            ..Draft::default()
        };
        days.make();
        days.make();
        Draft::default()
            .make_with(|| apply(report.call(report.double_vote(0))).expect("it is good"));
    });
}

#[test]
fn a_lower_limit_takes_effect_by_and_by() {
    ExtBuilder::default().run(|| {
        EvidenceSessions::set(12);
        block();
        while Session::current_index() < 12 {
            end_session();
        }
        assert_eq!(OldestSession::<Test>::get(), 0);
        EvidenceSessions::set(1);
        for _ in 0..4 {
            end_session();
            Pbft::do_try_state().expect("the invariants hold");
        }
        assert_eq!(SessionRecords::<Test>::iter().count(), 2);
    });
}

/// As after an upgrade from a version that kept none.
#[test]
fn records_begin_anew_where_there_are_none() {
    ExtBuilder::default().run(|| {
        end_session();
        end_session();
        SessionRecords::<Test>::remove(0);
        SessionRecords::<Test>::remove(1);
        SessionRecords::<Test>::remove(2);
        end_session();
        block();
        convict(1, System::block_number());
        assert_eq!(take_convictions()[0].session, 3);
        assert_eq!(Pbft::is_convicted_at(1, 1), None);
    });
}

#[test]
fn a_set_that_is_gone_is_judged_by_its_own_accounts() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        Draft::default().make_with(|| {
            assert_ok!(Pbft::remove_authority(RuntimeOrigin::root(), 1));
        });
        end_session();
        block();
        assert_eq!(members(), [2, 3, 4]);
        Draft::default()
            .make_with(|| apply(report.call(report.double_vote(0))).expect("it is good"));
        assert_eq!(take_convictions()[0].offender, 2);
        assert_eq!(listed(), [3, 4]);
    });
}

/// The session pallet forgets a key as soon as its owner sets another; we do not.
#[test]
fn new_session_keys_do_not_hide_the_old_ones() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        pallet_session::NextKeys::<Test>::insert(2, MockKeys { pbft: key(22) });
        let proof = Pbft::key_ownership_proof(0, &key(2)).expect("the key is in the set");
        for _ in 0..2 {
            end_session();
            block();
        }
        assert_eq!(CurrentSet::<Test>::get().set.index_of(&key(2)), None);
        let Call::report_offence { evidence, set, .. } = report.call(report.double_vote(0)) else {
            unreachable!("it is a report");
        };
        let call = Call::report_offence {
            evidence,
            set,
            key_owner_proof: proof.decode().expect("it is ours"),
        };
        Draft::default().make_with(|| apply(call).expect("it is good"));
        assert_eq!(take_convictions()[0].offender, 2);
    });
}

#[test]
fn whose_a_key_is_can_be_proven_around_the_block_in_question() {
    ExtBuilder::default().run(|| {
        block();
        let accounts = |set_id, account| {
            Pbft::key_ownership_proof(set_id, &key(account)).map(|proof| {
                let proof: KeyOwnershipProof<AccountId> = proof.decode().expect("it is ours");
                proof.accounts.into_inner()
            })
        };
        assert_eq!(accounts(0, 2), Some(vec![1, 2, 3, 4]));
        assert_eq!(accounts(0, 5), None, "no member");
        assert_eq!(accounts(1, 2), None, "no such set yet");
        convict(1, 1);
        block();
        block();
        assert_eq!(
            accounts(0, 2),
            Some(vec![1, 2, 3, 4]),
            "it decided this block"
        );
        assert_eq!(accounts(1, 3), Some(vec![1, 3, 4]));
        block();
        assert_eq!(accounts(0, 2), None, "it is gone");
    });
}

#[test]
fn reports_come_from_the_own_node_or_in_a_block() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        let call = report.call(report.double_vote(0));
        let valid = authorize(&call, TransactionSource::Local).expect("from here it is good");
        assert!(!valid.propagate, "and from here only");
        assert_eq!(
            authorize(&call, TransactionSource::InBlock),
            Ok(valid),
            "and in a block"
        );
        assert_eq!(
            authorize(&call, TransactionSource::External),
            Err(InvalidTransaction::Call)
        );
        for origin in [
            RawOrigin::Signed(1).into(),
            RuntimeOrigin::root(),
            RuntimeOrigin::none(),
        ] {
            assert_noop!(
                RuntimeCall::from(call.clone())
                    .dispatch(origin)
                    .map_err(|e| e.error),
                DispatchError::BadOrigin
            );
        }
        let info = RuntimeCall::from(call.clone()).get_dispatch_info();
        assert_eq!(
            (info.class, info.pays_fee),
            (DispatchClass::Operational, Pays::No)
        );
        let statement = Statement::Proposal {
            hash: Hash::zero(),
            proof: NO_PROOF,
        };
        let proposal = report.call(Offence::UnjustifiedProposal {
            proposal: report.sign(1, statement),
            proof: None,
        });
        // A proof may have two signatures of each of the four, beside the proposal's.
        let (two, nine) = (call.weight_of_authorize(), proposal.weight_of_authorize());
        assert!(!two.is_zero() && nine.ref_time() > two.ref_time());
    });
}

#[test]
fn what_does_not_fit_the_set_is_refused() {
    ExtBuilder::default().run(|| {
        block();
        type Change = fn(&mut Report);
        let wrong: [(&str, Change); 6] = [
            ("other accounts", |r| r.accounts.swap(1, 2)),
            ("too few accounts", |r| r.accounts.truncate(2)),
            ("more accounts", |r| r.accounts.push(5)),
            ("another set id", |r| r.set.id = 1),
            ("other weights", |r| {
                let mut list = r.set.authorities().to_vec();
                list[3].weight = 2;
                r.set = AuthoritySet::new(0, list).expect("it is a set");
            }),
            ("a set of one's own", |r| {
                let list = r.set.authorities()[1..].to_vec();
                r.set = AuthoritySet::new(0, list).expect("it is a set");
                r.accounts.remove(0);
            }),
        ];
        for (what, change) in wrong {
            let mut report = Report::new(1, 1);
            change(&mut report);
            let call = report.call(report.double_vote(0));
            let result = authorize(&call, TransactionSource::Local);
            assert_eq!(result, Err(InvalidTransaction::BadProof), "{what}");
            assert_noop!(
                RuntimeCall::from(call).dispatch(RawOrigin::Authorized.into()),
                Error::<Test>::EvidenceOfAnotherSet
            );
        }
    });
}

#[test]
fn what_proves_nothing_is_refused() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        let hash = Hash::repeat_byte(1);
        let vote = |view| report.sign(view, VoteKind::Commit.statement(hash, NO_PROOF));
        let mut blamed = report.double_vote(0);
        if let Offence::Equivocation { first, second } = &mut blamed {
            (first.authority, second.authority) = (0, 0);
        }
        let mut outsider = report.double_vote(0);
        if let Offence::Equivocation { first, second } = &mut outsider {
            (first.authority, second.authority) = (4, 4);
        }
        let pair = |first, second| Offence::Equivocation { first, second };
        for (what, offence) in [
            ("one vote twice", pair(vote(0), vote(0))),
            ("votes of two views", pair(vote(0), vote(1))),
            ("another's votes", blamed),
            ("a stranger's votes", outsider),
        ] {
            let result = authorize(&report.call(offence), TransactionSource::InBlock);
            assert_eq!(result, Err(InvalidTransaction::BadProof), "{what}");
        }
        // Votes of a chain with another genesis.
        let call = report.call(report.double_vote(0));
        frame_system::BlockHash::<Test>::insert(u32::zero(), Hash::repeat_byte(0xaa));
        let result = authorize(&call, TransactionSource::InBlock);
        assert_eq!(result, Err(InvalidTransaction::BadProof));
    });
}

#[test]
fn heights_to_come_are_not_judged_yet() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 2);
        let call = report.call(report.double_vote(0));
        let result = authorize(&call, TransactionSource::Local);
        assert_eq!(result, Err(InvalidTransaction::Future));
        // In the block of that height it can stand.
        Draft::default().make_with(|| apply(call).expect("it is good"));
        let genesis = Report::new(2, 0);
        let result = authorize(
            &genesis.call(genesis.double_vote(0)),
            TransactionSource::Local,
        );
        assert_eq!(result, Err(InvalidTransaction::Stale));
    });
}

#[test]
fn a_report_fits_one_extrinsic() {
    ExtBuilder::default().run(|| {
        block();
        let report = Report::new(1, 1);
        let call = report.call(report.double_vote(0));
        // Four authorities of 40 bytes, four accounts of 8, two statements of 139.
        assert!(call.encoded_size() < 600, "{}", call.encoded_size());
    });
}
