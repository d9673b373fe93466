// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How the files of vote logs are named.

use crate::{log::io_error, Disk, OsDisk, VoteLogError};
use codec::DecodeAll;
use hansa_pbft_primitives::{AuthorityId, Hash};
use std::path::Path;

/// What ends the name of a log.
const SUFFIX: &str = ".votes";

/// What stands in place of the key in the name of a follower's log.
const FOLLOWER: &str = "follower";

/// The file of `key` on `genesis`.
pub fn file_name(genesis: Hash, key: Option<&AuthorityId>) -> String {
    let key = key.map_or_else(
        || FOLLOWER.into(),
        |key| array_bytes::bytes2hex("", AsRef::<[u8]>::as_ref(key)),
    );
    format!("{}-{key}{SUFFIX}", array_bytes::bytes2hex("", genesis))
}

/// The key of the log with this file name on `genesis` (none: a follower's); none at all if it is
/// no such file.
fn key_of(name: &str, genesis: Hash) -> Option<Option<AuthorityId>> {
    let key = name.strip_suffix(SUFFIX)?;
    let key = key
        .strip_prefix(&array_bytes::bytes2hex("", genesis))?
        .strip_prefix('-')?;
    if key == FOLLOWER {
        return Some(None);
    }
    let bytes = array_bytes::hex2bytes(key).ok()?;
    AuthorityId::decode_all(&mut &bytes[..]).ok().map(Some)
}

/// The keys that have a log of the chain `genesis` in `dir` (none: a follower's). A folder that is
/// not there has no logs.
pub fn keys_with_log(dir: &Path, genesis: Hash) -> Result<Vec<Option<AuthorityId>>, VoteLogError> {
    let names = OsDisk.list(dir).map_err(io_error(dir, "list"))?;
    Ok(names
        .iter()
        .filter_map(|name| key_of(name, genesis))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_tell_the_key_and_the_chain() {
        let genesis = Hash::repeat_byte(7);
        let key = AuthorityId::decode_all(&mut &[9; 32][..]).unwrap();
        for key in [None, Some(key)] {
            let name = file_name(genesis, key.as_ref());
            assert_eq!(key_of(&name, genesis), Some(key));
            assert_eq!(key_of(&name, Hash::zero()), None, "of another chain");
        }
        for name in ["", ".votes", "07-00.votes", "x.lock"] {
            assert_eq!(key_of(name, genesis), None, "{name}");
        }
    }

    #[test]
    fn logs_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let genesis = Hash::repeat_byte(7);
        assert_eq!(
            keys_with_log(&dir.path().join("none"), genesis).unwrap(),
            []
        );
        fs::write(dir.path().join(file_name(genesis, None)), "").unwrap();
        fs::write(dir.path().join("other"), "").unwrap();
        assert_eq!(keys_with_log(dir.path(), genesis).unwrap(), [None]);
    }
}
