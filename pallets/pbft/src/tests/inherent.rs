// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The inherent that reports who signed the parent.

use crate::{mock::*, Call, Error, Pallet};
use frame_support::{
    assert_err, assert_ok,
    dispatch::{DispatchClass, GetDispatchInfo},
    inherent::ProvideInherent,
};
use hansa_pbft_primitives::{
    inherent::{InherentError, INHERENT_IDENTIFIER},
    ParentCertificate, SignerBitmap,
};
use sp_inherents::InherentData;
use sp_runtime::DispatchError;

fn certificate(len: usize, signers: &[u16]) -> ParentCertificate {
    ParentCertificate {
        view: 0,
        signers: SignerBitmap::new(len, signers.iter().copied()),
    }
}

fn data(certificate: Option<&ParentCertificate>) -> InherentData {
    let mut data = InherentData::new();
    if let Some(certificate) = certificate {
        data.put_data(INHERENT_IDENTIFIER, certificate)
            .expect("it is new");
    }
    data
}

fn note(certificate: ParentCertificate) -> Result<(), DispatchError> {
    Pbft::note_parent_certificate(RuntimeOrigin::none(), certificate)
        .map(|_| ())
        .map_err(|e| e.error)
}

#[test]
fn form_and_weight_are_checked() {
    for (what, bad) in [
        ("two of four", certificate(4, &[0, 3])),
        ("nobody", certificate(4, &[])),
        ("no bitmap", certificate(0, &[])),
        ("a bitmap that is too long", certificate(12, &[0, 1, 2, 3])),
        ("a signer outside the set", certificate(8, &[0, 1, 2, 7])),
    ] {
        ExtBuilder::default().run(|| {
            block();
            Draft::default().make_with(|| {
                crate::CertificateNoted::<Test>::kill();
                assert_eq!(note(bad), Err(Error::<Test>::NoQuorum.into()), "{what}");
                assert_ok!(note(certificate(4, &[1, 2, 3])));
            });
        });
    }
}

#[test]
fn it_stands_in_a_block_once() {
    ExtBuilder::default().run(|| {
        block();
        Draft::default().make_with(|| {
            assert_err!(
                note(certificate(4, &[0, 1, 2])),
                Error::<Test>::CertificateTwice
            )
        });
    });
}

#[test]
fn the_first_block_has_none() {
    ExtBuilder::default().run(|| {
        Draft::default().make_with(|| {
            assert_err!(
                note(certificate(4, &[0, 1, 2])),
                Error::<Test>::CertificateUnexpected
            )
        });
    });
}

#[test]
fn nobody_can_send_it() {
    ExtBuilder::default().run(|| {
        let call = |origin| Pbft::note_parent_certificate(origin, certificate(4, &[0, 1, 2]));
        assert_err!(
            call(RuntimeOrigin::signed(1)).map_err(|e| e.error),
            DispatchError::BadOrigin
        );
        assert_err!(
            call(RuntimeOrigin::root()).map_err(|e| e.error),
            DispatchError::BadOrigin
        );
    });
}

#[test]
#[should_panic(expected = "a block must say who signed its parent")]
#[cfg(not(feature = "runtime-benchmarks"))]
fn a_block_without_it_is_invalid() {
    ExtBuilder::default().run(|| {
        block();
        let draft = Draft::default();
        draft.begin();
        assert_ok!(Timestamp::set(RuntimeOrigin::none(), draft.now_ms()));
        end();
    });
}

#[test]
fn the_author_makes_it_of_the_nodes_data() {
    ExtBuilder::default().run(|| {
        let good = certificate(4, &[0, 1, 2]);
        Draft::default().make_with(|| {
            assert!(
                Pallet::<Test>::create_inherent(&data(Some(&good))).is_none(),
                "first block"
            )
        });
        Draft::default().make_with(|| {
            let call = Pallet::<Test>::create_inherent(&data(Some(&good)));
            assert_eq!(
                call,
                Some(Call::note_parent_certificate {
                    certificate: good.clone()
                })
            );
            assert!(Pallet::<Test>::create_inherent(&data(None)).is_none());
        });
        let mut garbage = InherentData::new();
        garbage
            .put_data(INHERENT_IDENTIFIER, &0xffu8)
            .expect("it is new");
        Draft::default().make_with(|| assert!(Pallet::<Test>::create_inherent(&garbage).is_none()));
    });
}

/// Replicas check a block on its parent's state.
#[test]
fn replicas_check_it() {
    ExtBuilder::default().run(|| {
        let good = certificate(4, &[0, 1, 2]);
        let other = certificate(4, &[1, 2, 3]);
        let weak = certificate(4, &[0, 1]);
        let check = |certificate: &ParentCertificate, expected: Option<&ParentCertificate>| {
            let call = Call::note_parent_certificate {
                certificate: certificate.clone(),
            };
            Pallet::<Test>::check_inherent(&call, &data(expected))
        };
        let required = || Pallet::<Test>::is_inherent_required(&data(None));
        assert_eq!(required(), Ok(None));
        assert_eq!(check(&good, None), Err(InherentError::Unexpected));
        block();
        assert_eq!(required(), Ok(Some(InherentError::Missing)));
        assert_eq!(check(&good, None), Ok(()));
        assert_eq!(check(&good, Some(&good)), Ok(()));
        assert_eq!(check(&other, Some(&good)), Err(InherentError::Mismatch));
        assert_eq!(check(&weak, None), Err(InherentError::NoQuorum));
        let timing = Call::set_timing {
            timing: Default::default(),
        };
        assert_eq!(Pallet::<Test>::check_inherent(&timing, &data(None)), Ok(()));
        assert!(!Pallet::<Test>::is_inherent(&timing));
    });
}

#[test]
fn it_is_mandatory_and_its_weight_is_that_of_the_set() {
    ExtBuilder::default().run(|| {
        let call = Call::<Test>::note_parent_certificate {
            certificate: certificate(4, &[0]),
        };
        let info = call.get_dispatch_info();
        assert_eq!(info.class, DispatchClass::Mandatory);
        block();
        let draft = Draft::default();
        draft.begin();
        assert_ok!(Timestamp::set(RuntimeOrigin::none(), draft.now_ms()));
        let used = Pbft::note_parent_certificate(RuntimeOrigin::none(), draft.certificate())
            .expect("it is good")
            .actual_weight
            .expect("it depends on the set");
        assert!(used.all_lt(info.call_weight));
        end();
    });
}
