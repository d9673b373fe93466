// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the inherents of a block are made of, and what they are checked against: the time, and who
//! signed the parent.

use codec::DecodeAll;
use hansa_pbft_primitives::{
    inherent::{InherentError, INHERENT_IDENTIFIER},
    Certificate, ParentCertificate,
};
use sp_inherents::{CheckInherentsResult, InherentData, InherentIdentifier};
use sp_timestamp::Timestamp;

/// The data of a block with `timestamp_ms` in its header, and of which the parent is final by
/// `parent` (none for the child of genesis).
///
/// For a proposal that is checked, the time is the header's, too: the header is held against the
/// clock, and here only the inherent against the header.
pub fn inherent_data(
    timestamp_ms: u64,
    parent: Option<&Certificate>,
) -> Result<InherentData, sp_inherents::Error> {
    let mut data = InherentData::new();
    data.put_data(
        sp_timestamp::INHERENT_IDENTIFIER,
        &Timestamp::new(timestamp_ms),
    )?;
    if let Some(certificate) = parent {
        data.put_data(INHERENT_IDENTIFIER, &ParentCertificate::from(certificate))?;
    }
    Ok(data)
}

/// What the runtime found wrong with the inherents, in words; none if nothing.
pub fn describe_errors(result: CheckInherentsResult) -> Option<String> {
    if result.ok() {
        return None;
    }
    let errors: Vec<_> = result
        .into_errors()
        .map(|(id, bytes)| describe(&id, &bytes))
        .collect();
    Some(errors.join("; "))
}

/// One error in words.
fn describe(id: &InherentIdentifier, bytes: &[u8]) -> String {
    if let Some(error) = sp_timestamp::InherentError::try_from(id, bytes) {
        return error.to_string();
    }
    if *id == INHERENT_IDENTIFIER {
        if let Ok(error) = InherentError::decode_all(&mut &bytes[..]) {
            return format!("parent certificate: {error:?}");
        }
    }
    format!("inherent {}", String::from_utf8_lossy(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{commit, height_state};
    use hansa_pbft_primitives::Hash;
    use sp_timestamp::TimestampInherentData;

    #[test]
    fn the_data_says_time_and_signers() {
        let certificate = commit(&height_state(4), 7, 2, Hash::zero(), [0, 1, 3]);
        let data = inherent_data(42, Some(&certificate)).unwrap();
        assert_eq!(
            data.timestamp_inherent_data().unwrap(),
            Some(Timestamp::new(42))
        );
        let parent: ParentCertificate = data.get_data(&INHERENT_IDENTIFIER).unwrap().unwrap();
        assert_eq!(parent.view, 2);
        assert_eq!(parent.signers.iter().collect::<Vec<_>>(), [0, 1, 3]);
    }

    #[test]
    fn the_first_block_reports_nobody() {
        let data = inherent_data(42, None).unwrap();
        assert!(data
            .get_data::<ParentCertificate>(&INHERENT_IDENTIFIER)
            .unwrap()
            .is_none());
    }

    #[test]
    fn errors_are_told_in_words() {
        assert_eq!(describe_errors(CheckInherentsResult::new()), None);
        let mut result = CheckInherentsResult::new();
        result
            .put_error(INHERENT_IDENTIFIER, &InherentError::NoQuorum)
            .unwrap();
        assert_eq!(
            describe_errors(result).as_deref(),
            Some("parent certificate: NoQuorum")
        );
        let mut result = CheckInherentsResult::new();
        let error = sp_timestamp::InherentError::TooEarly;
        result
            .put_error(sp_timestamp::INHERENT_IDENTIFIER, &error)
            .unwrap();
        assert!(describe_errors(result).unwrap().contains("minimum period"));
    }
}
