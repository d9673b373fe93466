// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Periods are time, not blocks.

use crate::{
    mock::*,
    service_time::{next_session_start_ms, step_cap_ms, step_ms, ServiceSeconds},
    Error, Event, ServiceTime, SessionStart,
};
use frame_support::{assert_noop, assert_ok, traits::EstimateNextSessionRotation};
use hansa_pbft_primitives::Timing;
use proptest::prelude::*;
use sp_runtime::{traits::BlockNumberProvider, Permill};

fn step(step_ms: u64) {
    Draft {
        step_ms,
        ..Default::default()
    }
    .make();
}

#[test]
fn the_first_block_begins_at_zero_and_each_adds_its_step() {
    ExtBuilder::default().run(|| {
        block();
        assert_eq!(ServiceTime::<Test>::get(), 0);
        step(250);
        step(1);
        step(4_000);
        assert_eq!(ServiceTime::<Test>::get(), 4_251);
        assert_eq!(ServiceSeconds::<Test>::current_block_number(), 4);
    });
}

#[test]
fn a_halt_of_three_days_counts_as_one_step() {
    ExtBuilder::default().run(|| {
        block();
        step(3 * 24 * 3600 * 1000);
        let cap = step_cap_ms(&Timing::default());
        assert_eq!(cap, 8_000, "a little above the idle interval of 6 s");
        assert_eq!(ServiceTime::<Test>::get(), cap);
        assert_eq!(Session::current_index(), 0);
    });
}

/// The timestamp of the block itself is not known when the session pallet asks.
#[test]
fn a_session_ends_in_the_first_block_whose_parent_passed_the_end() {
    ExtBuilder::default().run(|| {
        block();
        step(5_000);
        step(4_999);
        step(1);
        assert_eq!(Session::current_index(), 0, "the parent was at 9,999");
        step(1);
        assert_eq!(Session::current_index(), 1, "the parent was at 10,000");
        assert_eq!(SessionStart::<Test>::get(), 10_000);
    });
}

#[test]
fn a_block_ends_one_session_and_what_was_skipped_is_not_made_up_for() {
    ExtBuilder {
        session_length_ms: 1_000,
        ..Default::default()
    }
    .run(|| {
        block();
        step(5_500);
        assert_eq!(Session::current_index(), 0);
        step(1);
        assert_eq!(Session::current_index(), 1);
        assert_eq!(SessionStart::<Test>::get(), 5_000, "on the grid");
        step(1);
        assert_eq!(Session::current_index(), 1);
        step(600);
        step(1);
        assert_eq!(Session::current_index(), 2);
    });
}

#[test]
fn the_length_can_be_changed() {
    ExtBuilder::default().run(|| {
        block();
        Draft::default().make_with(|| {
            assert_ok!(Pbft::set_session_length(RuntimeOrigin::root(), 2_000));
        });
        assert_eq!(
            events(),
            [Event::SessionLengthChanged {
                session_length_ms: 2_000
            }]
        );
        step(1_000);
        step(1);
        assert_eq!(Session::current_index(), 1);
        for bad in [0, 999, u64::MAX] {
            assert_noop!(
                Pbft::set_session_length(RuntimeOrigin::root(), bad),
                Error::<Test>::BadSessionLength
            );
        }
    });
}

#[test]
fn progress_is_estimated_by_time() {
    ExtBuilder::default().run(|| {
        block();
        step(2_500);
        let progress = Pbft::estimate_current_session_progress(3).0;
        assert_eq!(progress, Some(Permill::from_percent(25)));
        assert_eq!(
            <Pbft as EstimateNextSessionRotation<u32>>::average_session_length(),
            50
        );
        assert_eq!(Pbft::estimate_next_session_rotation(3).0, None);
    });
}

proptest! {
    #[test]
    fn a_step_is_never_negative_nor_above_the_cap(last: u64, now: u64, idle: u32, view: u32) {
        let timing = Timing { idle_interval_ms: idle, view_timeout_ms: view, ..Timing::default() };
        let step = step_ms(last, now, &timing);
        prop_assert!(step <= step_cap_ms(&timing));
        prop_assert!(step <= now.saturating_sub(last));
    }

    /// The next session begins on the grid, not after now, and less than a length before; or now, if the
    /// last one was held back.
    #[test]
    fn sessions_keep_to_their_grid(
        start in 0u64..1 << 50,
        length in 1u64..1 << 40,
        passed in 0u64..1 << 41,
        cap in 0u64..1 << 41,
    ) {
        let now = start + passed;
        match next_session_start_ms(start, length, now, cap) {
            None => prop_assert!(passed < length),
            Some(next) if passed - length > cap => prop_assert_eq!(next, now),
            Some(next) => {
                prop_assert!(next > start && next <= now && now - next < length);
                prop_assert_eq!((next - start) % length, 0);
            }
        }
    }

    #[test]
    fn no_input_overflows(start: u64, length: u64, now: u64, cap: u64) {
        let _ = next_session_start_ms(start, length, now, cap);
    }
}
