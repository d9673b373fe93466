// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A runtime of the next version; and one in which a number is another one.
//!
//! An upgrade needs a second runtime that says of itself that it is newer. Building one takes
//! minutes; so the tests take the runtime that the chain has, and put the next number in every place
//! in which the compiler put its `spec_version`:
//!
//! - four bytes, in the section that nodes read and in data segments;
//! - the operand of an `i32.const`;
//! - half of the operand of an `i64.const`, where two neighbouring fields are stored at once.
//!
//! The result is the module that the compiler would have made of a source with that number. For
//! this the number must be so unusual that nothing else in the module looks like it; the function
//! refuses a common one. The test of the upgrade then checks the outcome from three sides: what the
//! node reads (`state_getRuntimeVersion`), what the new code answers (`Core_version`), and what the
//! new code did when it first ran (`System::LastRuntimeUpgrade`).

use anyhow::{ensure, Context, Result};
use sp_maybe_compressed_blob::{compress_strongly, decompress, CODE_BLOB_BOMB_LIMIT};

/// A version below this may stand in a module by chance: as a size, a weight, an offset.
const UNUSUAL: u32 = 100_000;

/// The most places in which a version can reasonably stand. More are a sign of chance.
const MAX_PLACES: usize = 64;

const I32_CONST: u8 = 0x41;
const I64_CONST: u8 = 0x42;

/// The runtime `code` (compressed or not) with `spec_version + 1`, compressed.
pub fn next_version(code: &[u8], spec_version: u32) -> Result<Vec<u8>> {
    ensure!(
        spec_version >= UNUSUAL && !spec_version.is_multiple_of(1_000),
        "spec_version {spec_version} may stand in the code by chance: the hub needs an unusual one"
    );
    let next = spec_version.checked_add(1).context("the last version")?;
    let mut module = decompress(code, CODE_BLOB_BOMB_LIMIT)?.into_owned();
    let places = replace_bytes(&mut module, spec_version, next)
        + replace_operands(&mut module, spec_version, next)?;
    ensure!(
        (2..=MAX_PLACES).contains(&places),
        "{spec_version} stands in {places} places of the runtime"
    );
    compress_strongly(&module, CODE_BLOB_BOMB_LIMIT).context("the runtime is too large")
}

/// The runtime `code` (compressed or not) with another number in place of an unusual one wherever that is an
/// operand of an instruction: with a time that is shorter than a test would wait for, say. The caller asks the
/// runtime whether it is as wanted.
pub fn with_number(code: &[u8], old: u32, new: u32) -> Result<Vec<u8>> {
    ensure!(old >= UNUSUAL, "{old} may stand in the code by chance");
    let mut module = decompress(code, CODE_BLOB_BOMB_LIMIT)?.into_owned();
    let places = replace_operands(&mut module, old, new)?;
    ensure!(
        (1..=MAX_PLACES).contains(&places),
        "{old} stands in {places} places of the runtime"
    );
    compress_strongly(&module, CODE_BLOB_BOMB_LIMIT).context("the runtime is too large")
}

/// Replace four little-endian bytes wherever they stand.
fn replace_bytes(module: &mut [u8], old: u32, new: u32) -> usize {
    let (old, new) = (old.to_le_bytes(), new.to_le_bytes());
    let mut places = 0;
    for at in 0..module.len().saturating_sub(3) {
        if module[at..at + 4] == old {
            module[at..at + 4].copy_from_slice(&new);
            places += 1;
        }
    }
    places
}

/// Replace the number in operands of `i32.const` and in halves of operands of `i64.const`.
fn replace_operands(module: &mut [u8], old: u32, new: u32) -> Result<usize> {
    let mut places = 0;
    for at in 0..module.len() {
        let bits = match module[at] {
            I32_CONST => 32,
            I64_CONST => 64,
            _ => continue,
        };
        let Some((operand, length)) = read_leb(&module[at + 1..]) else {
            continue;
        };
        let replaced = match bits {
            32 if operand as u32 == old => i64::from(new as i32),
            64 => {
                let (high, low) = ((operand >> 32) as u32, operand as u32);
                let swap = |half: u32| if half == old { new } else { half };
                (u64::from(swap(high)) << 32 | u64::from(swap(low))) as i64
            }
            _ => continue,
        };
        if replaced != operand {
            write_leb(&mut module[at + 1..at + 1 + length], replaced);
            let written = read_leb(&module[at + 1..]);
            ensure!(
                written == Some((replaced, length)),
                "{new} is longer than {old} in LEB128"
            );
            places += 1;
        }
    }
    Ok(places)
}

/// A signed LEB128 number of at most ten bytes, and its length.
fn read_leb(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut number = 0i64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        let shift = 7 * at as u32;
        number |= i64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            if byte & 0x40 != 0 && shift + 7 < 64 {
                number |= -1i64 << (shift + 7);
            }
            return Some((number, at + 1));
        }
    }
    None
}

/// Write a signed LEB128 number into exactly these bytes; whether it fits, the caller checks.
fn write_leb(bytes: &mut [u8], mut number: i64) {
    let last = bytes.len() - 1;
    for (at, byte) in bytes.iter_mut().enumerate() {
        let more = if at == last { 0 } else { 0x80 };
        *byte = (number & 0x7f) as u8 | more;
        number >>= 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_replaced_where_the_compiler_puts_them() {
        let (old, new) = (1_000_003u32, 1_000_004u32);
        let operand = |number: i64, length| {
            let mut bytes = vec![0; length];
            write_leb(&mut bytes, number);
            bytes
        };
        let module = |n: u32| {
            let n64 = i64::from(n);
            [
                &[I32_CONST][..],
                &operand(n64, 3),
                &[I64_CONST],
                &operand(n64 << 32 | 1, 8),
                &[I64_CONST],
                &operand(1 << 32 | n64, 5),
                b"hansa-hub",
                &n.to_le_bytes(),
            ]
            .concat()
        };
        let mut patched = module(old);
        let places = replace_bytes(&mut patched, old, new)
            + replace_operands(&mut patched, old, new).unwrap();
        assert_eq!((places, patched), (4, module(new)));
    }

    #[test]
    fn common_versions_are_refused() {
        for version in [1, 100, 1_000_000, 2_000] {
            assert!(next_version(&[], version).is_err(), "{version}");
        }
    }

    #[test]
    fn an_operand_is_replaced_by_a_shorter_one_in_as_many_bytes() {
        let mut module = vec![I64_CONST, 0, 0, 0, 9];
        write_leb(&mut module[1..4], 900_000);
        assert_eq!(read_leb(&module[1..]), Some((900_000, 3)));
        assert_eq!(replace_operands(&mut module, 900_000, 20_000).unwrap(), 1);
        assert_eq!(read_leb(&module[1..]), Some((20_000, 3)));
        assert_eq!(module.last(), Some(&9));
        assert!(with_number(&[], 900, 20).is_err());
    }

    proptest! {
        #[test]
        fn leb_numbers_survive_a_round_trip(number: i64) {
            let mut bytes = [0; 10];
            write_leb(&mut bytes, number);
            prop_assert_eq!(read_leb(&bytes), Some((number, 10)));
        }
    }
}
