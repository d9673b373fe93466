// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hansa_fuzz::interchain_messages::run(bytes));
