// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Reading choices from a fuzzer's bytes.

/// The rest of an input. Every byte sequence means something: so a fuzzer wastes no time on
/// inputs that are refused at once.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; none at the end.
    pub fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next byte, 0 at the end.
    pub fn byte(&mut self) -> u8 {
        self.take().unwrap_or(0)
    }

    /// The next byte as a truth value.
    pub fn bool(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`; 0 if `end` is 0. Two bytes, if one does not reach.
    pub fn below(&mut self, end: usize) -> usize {
        let mut number = usize::from(self.byte());
        if end > 256 {
            number = number << 8 | usize::from(self.byte());
        }
        number.checked_rem(end).unwrap_or(0)
    }

    /// One of `list`; none if it is empty.
    pub fn pick<'b, T>(&mut self, list: &'b [T]) -> Option<&'b T> {
        let at = self.below(list.len());
        list.get(at)
    }

    /// So many bytes, as the next byte says; fewer at the end.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}
