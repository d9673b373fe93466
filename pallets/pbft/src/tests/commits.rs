// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whose a Commit is, and sessions that end early.

use crate::mock::*;
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthorityPair, EndSession, Hash, Height, SignedStatement,
    SigningContext, Statement, VerifyCommit, VoteKind,
};
use sp_core::Pair;

/// What authority `authority` of the current set says, signed with the key of `account`.
fn signed(
    authority: AuthorityIndex,
    account: AccountId,
    height: Height,
    statement: Statement,
) -> SignedStatement {
    let context = SigningContext {
        genesis: System::block_hash(0),
        set_id: Pbft::consensus_state().set.id,
    };
    let payload = context.payload(height, 0, &statement);
    SignedStatement {
        height,
        view: 0,
        statement,
        authority,
        signature: AuthorityPair::from_seed(&[account as u8; 32]).sign(&payload),
    }
}

fn commit(authority: AuthorityIndex, account: AccountId, height: Height) -> SignedStatement {
    let vote = VoteKind::Commit.statement(System::block_hash(height), NO_PROOF);
    signed(authority, account, height, vote)
}

#[test]
fn a_commit_for_a_final_block_of_the_session_is_its_members() {
    ExtBuilder::default().run(|| {
        for _ in 0..4 {
            block();
        }
        Draft::default().make_with(|| {
            assert_eq!(System::block_number(), 5);
            for height in 1..5 {
                let good = commit(1, 2, height);
                assert_eq!(Pbft::commit_signer(&good), Some(2), "{height}");
                assert!(Pbft::verify_commit(&good));
            }
            assert_eq!(Pbft::commit_signer(&commit(1, 2, 0)), None, "the genesis");
            assert_eq!(Pbft::commit_signer(&commit(1, 2, 5)), None, "not final");
            assert_eq!(Pbft::commit_signer(&commit(4, 5, 4)), None, "no member");
            // Of another block, or another kind.
            let other = VoteKind::Commit.statement(Hash::repeat_byte(99), NO_PROOF);
            assert_eq!(Pbft::commit_signer(&signed(1, 2, 4, other)), None);
            let prepare = VoteKind::Prepare.statement(System::block_hash(4), NO_PROOF);
            assert_eq!(Pbft::commit_signer(&signed(1, 2, 4, prepare)), None);
            // By another key, or for another height.
            assert!(!Pbft::verify_commit(&commit(1, 3, 4)));
            let moved = SignedStatement {
                height: 3,
                ..commit(1, 2, 4)
            };
            assert!(!Pbft::verify_commit(&moved));
        });
    });
}

#[test]
fn commits_of_a_session_that_is_over_are_nobodys() {
    ExtBuilder::default().run(|| {
        end_session();
        let ended = System::block_number();
        block();
        Draft::default().make_with(|| {
            // The block that ends a session is still decided by the set before.
            assert_eq!(Pbft::commit_signer(&commit(1, 2, ended)), None);
            assert_eq!(Pbft::commit_signer(&commit(1, 2, ended + 1)), Some(2));
        });
    });
}

#[test]
fn a_session_ends_with_the_next_block_when_it_is_to() {
    ExtBuilder::default().run(|| {
        block();
        let session = Session::current_index();
        Draft::default().make_with(<Pbft as EndSession>::end_session);
        assert_eq!(Session::current_index(), session);
        block();
        assert_eq!(Session::current_index(), session + 1);
        block();
        assert_eq!(Session::current_index(), session + 1);
    });
}
