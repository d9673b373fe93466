// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Bonds of operators.

use crate::mock::*;

#[test]
fn genesis_elects_the_first_set() {
    ExtBuilder::default().run(|| {
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}
