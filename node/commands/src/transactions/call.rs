// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A call by its names, and its encoding for the runtime whose metadata are at hand.

use codec::Encode;
use subxt::{
    dynamic,
    ext::{scale_encode, scale_type_resolver::TypeResolver},
    tx::DynamicPayload,
    utils::Encoded,
    Metadata,
};

/// How many bytes say which call it is: one for the pallet, one for the call in it.
const INDEX_BYTES: usize = 2;

/// A call. It fits every runtime that has a pallet and a call of these names, wherever they are in it, with arguments of these names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    pallet: &'static str,
    name: &'static str,
    /// The names of the arguments, in their order.
    fields: &'static [&'static str],
    arguments: Arguments,
}

/// The arguments of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Arguments {
    /// All of them, encoded.
    Encoded(Vec<u8>),
    /// Another call.
    Call(Box<Call>),
    /// A list of calls.
    Calls(Vec<Call>),
}

/// The runtime has no such call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnknownCall {
    /// Nor such a pallet.
    #[error("the chain's runtime has no pallet {0}: this is another kind of chain, or a version that this binary does not know")]
    Pallet(&'static str),
    /// The pallet is there.
    #[error("the chain's runtime has no call {pallet}.{name}: it is a version that this binary does not know")]
    Call {
        /// The pallet.
        pallet: &'static str,
        /// The call.
        name: &'static str,
    },
    /// It has one of that name, with other arguments. To send ours might mean something else.
    #[error("the chain's runtime has other arguments of {pallet}.{name}: it is a version that this binary does not know")]
    Arguments {
        /// The pallet.
        pallet: &'static str,
        /// The call.
        name: &'static str,
    },
}

impl Call {
    /// A call whose arguments, of these names, encode as this does: a tuple or a structure of them, in their order. An argument that the
    /// call declares as compact must be so here.
    pub fn new(
        pallet: &'static str,
        name: &'static str,
        fields: &'static [&'static str],
        arguments: &(impl Encode + ?Sized),
    ) -> Self {
        Self {
            pallet,
            name,
            fields,
            arguments: Arguments::Encoded(arguments.encode()),
        }
    }

    /// A call with another one in it, as the argument `call`.
    pub fn with_call(pallet: &'static str, name: &'static str, call: Self) -> Self {
        Self {
            pallet,
            name,
            fields: &["call"],
            arguments: Arguments::Call(Box::new(call)),
        }
    }

    /// A call with a list of others in it, as the argument `calls`.
    pub fn with_calls(pallet: &'static str, name: &'static str, calls: Vec<Self>) -> Self {
        Self {
            pallet,
            name,
            fields: &["calls"],
            arguments: Arguments::Calls(calls),
        }
    }

    /// The call as a runtime with these metadata encodes it.
    ///
    /// # Errors
    ///
    /// The runtime has no such call, or not with such arguments, or lacks one of those in it.
    pub fn encoded(&self, metadata: &Metadata) -> Result<Vec<u8>, UnknownCall> {
        let (pallet, name) = (self.pallet, self.name);
        let found = metadata.pallet_by_name(pallet);
        let found = found.ok_or(UnknownCall::Pallet(pallet))?;
        let call = found.call_variant_by_name(name);
        let call = call.ok_or(UnknownCall::Call { pallet, name })?;
        let fields = call.fields.iter().map(|field| field.name.as_deref());
        if !fields.eq(self.fields.iter().copied().map(Some)) {
            return Err(UnknownCall::Arguments { pallet, name });
        }
        let mut encoded = vec![found.call_index(), call.index];
        encoded.extend(match &self.arguments {
            Arguments::Encoded(bytes) => bytes.clone(),
            Arguments::Call(call) => call.encoded(metadata)?,
            Arguments::Calls(calls) => {
                let calls = calls.iter().map(|call| call.encoded(metadata).map(Encoded));
                calls.collect::<Result<Vec<_>, _>>()?.encode()
            }
        });
        Ok(encoded)
    }

    /// The call as the client takes it, which looks up the names of the outermost one by itself.
    pub(super) fn payload(
        &self,
        metadata: &Metadata,
    ) -> Result<DynamicPayload<EncodedArguments>, UnknownCall> {
        let arguments = self.encoded(metadata)?.split_off(INDEX_BYTES);
        Ok(dynamic::tx(
            self.pallet,
            self.name,
            EncodedArguments(arguments),
        ))
    }
}

/// Arguments that are encoded already.
pub(super) struct EncodedArguments(Vec<u8>);

impl scale_encode::EncodeAsFields for EncodedArguments {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _: &mut dyn scale_encode::FieldIter<'_, R::TypeId>,
        _: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), scale_encode::Error> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::calls;
    use subxt::ext::frame_decode::extrinsics::encode_call_data;

    #[test]
    fn the_client_encodes_a_call_likewise() {
        let metadata = hansa_runtime_hub::Runtime::metadata().encode();
        let metadata = Metadata::decode_from(&metadata).unwrap();
        let call = calls::sudo(calls::batch_all(vec![
            calls::top_up(7, 1),
            calls::note_preimage(b"code"),
        ]));
        let payload = call.payload(&metadata).unwrap();
        let (pallet, name, arguments) = (
            payload.pallet_name(),
            payload.call_name(),
            payload.call_data(),
        );
        let encoded = encode_call_data(pallet, name, arguments, &metadata, metadata.types());
        assert_eq!(encoded.unwrap(), call.encoded(&metadata).unwrap());
    }
}
