// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is said of a database that cannot be opened.

use hansa_primitives::Hash;
use hansa_service::database::{explain, wrong_genesis};
use sc_service::Error;
use std::path::Path;

#[test]
fn errors_name_the_database_and_the_way_out() {
    let path = Path::new("/data/db");
    for text in [
        "Backend error: IO error: While lock file: /data/db/LOCK: Resource unavailable",
        "Backend error: Internal: Database file is in use. (os error 11)",
    ] {
        let message = explain(Error::Other(text.into()), Some(path)).to_string();
        assert!(
            message.contains("the database at /data/db is in use"),
            "{message}"
        );
    }
    let other = explain(Error::Other("no block".into()), Some(path)).to_string();
    assert_eq!(other, "Other: no block");
    let message = wrong_genesis(Hash::zero(), Hash::repeat_byte(1), Some(path));
    assert!(
        message.contains("/data/db") && message.contains("purge-chain"),
        "{message}"
    );
}
