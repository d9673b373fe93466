// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How long a session may be. A chain spec says it, and the state has it.

/// The length of a session that a genesis leaves open: an hour.
pub const DEFAULT_SESSION_LENGTH_MS: u64 = 60 * 60 * 1000;

/// The shortest session: a second.
pub const MIN_SESSION_LENGTH_MS: u64 = 1000;

/// The longest session: 366 days.
pub const MAX_SESSION_LENGTH_MS: u64 = 366 * 24 * 60 * 60 * 1000;

/// Check a session length; the error names the field and the rule.
pub fn check_session_length(length_ms: u64) -> Result<(), &'static str> {
    if length_ms < MIN_SESSION_LENGTH_MS {
        return Err("sessionLengthMs must be at least 1000 (a second)");
    }
    if length_ms > MAX_SESSION_LENGTH_MS {
        return Err("sessionLengthMs must be at most 31622400000 (366 days)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_neither_too_short_nor_too_long() {
        for good in [
            MIN_SESSION_LENGTH_MS,
            DEFAULT_SESSION_LENGTH_MS,
            MAX_SESSION_LENGTH_MS,
        ] {
            assert_eq!(check_session_length(good), Ok(()));
        }
        for (bad, bound) in [
            (0, MIN_SESSION_LENGTH_MS),
            (MIN_SESSION_LENGTH_MS - 1, MIN_SESSION_LENGTH_MS),
            (MAX_SESSION_LENGTH_MS + 1, MAX_SESSION_LENGTH_MS),
            (u64::MAX, MAX_SESSION_LENGTH_MS),
        ] {
            let error = check_session_length(bad).unwrap_err();
            assert!(error.starts_with("sessionLengthMs must"), "{error}");
            assert!(error.contains(&format!(" {bound} ")), "{error}");
        }
    }
}
