// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Intervals and timeouts, and the block's own time.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use hansa_pbft_primitives::Timing;

#[test]
fn the_timing_can_be_changed() {
    ExtBuilder::default().run(|| {
        let timing = Timing {
            min_interval_ms: 500,
            ..Timing::default()
        };
        Draft::default().make_with(|| {
            assert_ok!(Pbft::set_timing(RuntimeOrigin::root(), timing));
        });
        assert_eq!(events(), [Event::TimingChanged { timing }]);
        assert_eq!(Pbft::consensus_state().timing, timing);
        let bad = Timing {
            view_timeout_cap_ms: 1,
            ..timing
        };
        assert_noop!(
            Pbft::set_timing(RuntimeOrigin::root(), bad),
            Error::<Test>::BadTiming
        );
    });
}

#[test]
#[should_panic(expected = "the timestamp must be the one in the pre-runtime digest")]
fn a_timestamp_beside_the_digest_is_invalid() {
    ExtBuilder::default().run(|| {
        let draft = Draft::default();
        draft.begin();
        let _ = Timestamp::set(RuntimeOrigin::none(), draft.now_ms() + 1);
    });
}

#[test]
#[should_panic(expected = "Timestamp must increment")]
fn a_timestamp_that_is_not_after_the_parents_is_invalid() {
    ExtBuilder::default().run(|| {
        block();
        let draft = Draft {
            step_ms: 0,
            ..Default::default()
        };
        draft.begin();
        let _ = Timestamp::set(RuntimeOrigin::none(), draft.now_ms());
    });
}
