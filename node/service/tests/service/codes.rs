// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The codes of DappChains, from the hub's state.

use codec::Encode;
use hansa_primitives::Hashing;
use hansa_service::dappchain::code::checked;
use sp_runtime::traits::Hash as _;

#[test]
fn a_code_of_another_hash_is_none() {
    let code = b"a runtime".to_vec();
    let hash = Hashing::hash(&code);
    assert_eq!(checked(&code.encode(), &hash), Ok(code));
    let other = checked(&b"another one".to_vec().encode(), &hash);
    assert!(other.is_err_and(|why| why.contains("should be")));
    assert!(checked(&[255], &hash).is_err());
}
