// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What tests do through `subxt`: transfers, batches, balances. No code is generated from metadata;
//! all is looked up in the metadata that the node serves.

use anyhow::{bail, Context, Result};
use sp_core::{ed25519, proof_of_possession::ProofOfPossessionGenerator, sr25519, Encode, Pair};
use std::sync::Arc;
use subxt::{
    backend::LegacyBackend,
    client::OnlineClientAtBlockT,
    config::DefaultExtrinsicParamsBuilder,
    dynamic::{self, Value},
    error::DispatchError,
    ext::scale_decode::DecodeAsType,
    rpcs::RpcClient,
    tx::{DynamicPayload, Payload, TransactionProgress, TransactionStatus},
    OnlineClient, PolkadotConfig,
};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// A client. Addresses are `MultiAddress`, signatures `MultiSignature`, hashes BLAKE2b of 256 bits.
pub type Client = OnlineClient<PolkadotConfig>;

/// An account.
pub type Account = subxt::utils::AccountId32;

/// One unit of the token: it has 12 decimals.
pub const UNIT: u128 = 1_000_000_000_000;

/// Where a transaction ended.
#[derive(Clone, Copy, Debug)]
pub struct Included {
    /// The hash of its block.
    pub block: sp_core::H256,
    /// Its position in the block.
    pub index: u32,
}

/// What `System::Account` holds, as far as tests look at it.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountInfo {
    data: AccountData,
}

/// See [`AccountInfo`].
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AccountData {
    free: u128,
    reserved: u128,
}

/// Connect to a node that may be catching up by the older methods of the JSON-RPC. What a client follows by `chainHead_v1_follow`
/// the node stops when it imports blocks in bulk, as it announces none of them, and `subxt` gives a transaction up then.
pub async fn connect_patient(url: impl AsRef<str>) -> Result<Client> {
    let rpc = RpcClient::from_insecure_url(url).await?;
    let backend = LegacyBackend::builder().build(rpc);
    Ok(OnlineClient::from_backend(Arc::new(backend)).await?)
}

/// A key pair from a secret URI, such as `//Alice` or `//Alice//7`.
///
/// # Panics
///
/// If the URI is malformed.
pub fn keypair(uri: &str) -> Keypair {
    let uri: SecretUri = uri.parse().expect("a secret URI of a test is well-formed");
    Keypair::from_uri(&uri).expect("a secret URI of a test has a valid key")
}

/// The account of a key pair.
pub fn account(keypair: &Keypair) -> Account {
    keypair.public_key().to_account_id()
}

/// The free balance of an account at the last final block.
pub async fn free(api: &Client, account: &Account) -> Result<u128> {
    free_at(&api.at_current_block().await?, account).await
}

/// The free balance of an account at a block.
pub async fn free_at(
    at: &subxt::client::OnlineClientAtBlock<PolkadotConfig>,
    account: &Account,
) -> Result<u128> {
    Ok(data_at(at, account).await?.map_or(0, |data| data.free))
}

/// What of an account's balance is on hold, or reserved, at the last final block.
pub async fn held(api: &Client, account: &Account) -> Result<u128> {
    let data = data_at(&api.at_current_block().await?, account).await?;
    Ok(data.map_or(0, |data| data.reserved))
}

async fn data_at(
    at: &subxt::client::OnlineClientAtBlock<PolkadotConfig>,
    account: &Account,
) -> Result<Option<AccountData>> {
    let address = dynamic::storage::<([u8; 32],), AccountInfo>("System", "Account");
    let found = at.storage().try_fetch(address, (account.0,)).await?;
    let info = found.map(|value| value.decode()).transpose()?;
    Ok(info.map(|info| info.data))
}

/// An account as the runtime's address type, as a dynamic value.
fn address(account: &Account) -> Value {
    Value::unnamed_variant("Id", [Value::from_bytes(account.0)])
}

/// `Session::set_keys`, with session keys that are all made of one seed, as those of development accounts are.
pub fn set_keys(owner: &Account, seed: &str) -> Result<DynamicPayload<Vec<Value>>> {
    let mut pbft = ed25519::Pair::from_string(seed, None)?;
    let mut beacon = sr25519::Pair::from_string(seed, None)?;
    let keys = Value::named_composite([
        ("pbft", Value::from_bytes(pbft.public().0)),
        ("beacon", Value::from_bytes(beacon.public().0)),
    ]);
    let proof = (
        pbft.generate_proof_of_possession(&owner.0),
        beacon.generate_proof_of_possession(&owner.0),
    );
    let proof = Value::from_bytes(proof.encode());
    Ok(dynamic::tx("Session", "set_keys", vec![keys, proof]))
}

/// `Balances::transfer_keep_alive`.
pub fn transfer(to: &Account, amount: u128) -> DynamicPayload<Vec<Value>> {
    dynamic::tx(
        "Balances",
        "transfer_keep_alive",
        vec![address(to), Value::u128(amount)],
    )
}

/// `Balances::transfer_keep_alive` as a value that another call can hold.
pub fn transfer_value(to: &Account, amount: u128) -> Value {
    let fields = [("dest", address(to)), ("value", Value::u128(amount))];
    call_value(
        "Balances",
        Value::named_variant("transfer_keep_alive", fields),
    )
}

/// A call of a pallet as a value that another call can hold.
pub fn call_value(pallet: &str, call: Value) -> Value {
    Value::unnamed_variant(pallet, [call])
}

/// `Utility::batch_all`.
pub fn batch_all(calls: Vec<Value>) -> DynamicPayload<Vec<Value>> {
    dynamic::tx(
        "Utility",
        "batch_all",
        vec![Value::unnamed_composite(calls)],
    )
}

/// `Sudo::sudo_unchecked_weight` of `System::set_code`, as every guide to a runtime upgrade has it.
pub fn sudo_set_code(code: &[u8]) -> DynamicPayload<Vec<Value>> {
    let set_code = Value::named_variant("set_code", [("code", Value::from_bytes(code))]);
    let weight =
        Value::named_composite([("ref_time", Value::u128(0)), ("proof_size", Value::u128(0))]);
    dynamic::tx(
        "Sudo",
        "sudo_unchecked_weight",
        vec![call_value("System", set_code), weight],
    )
}

/// Submit a call that carries its own proof and has no sender, wait until it is final, and check that it
/// succeeded.
pub async fn submit_authorized<P: Payload>(api: &Client, call: &P) -> Result<Included> {
    let transactions = api.tx().await?;
    // A general transaction (version 5) of the first version of the extensions, of which four are not empty:
    // immortal, nonce 0, no tip, no hash of the metadata.
    let mut body = vec![0x45, 0, 0, 0, 0, 0];
    body.extend(transactions.call_data(call)?);
    let transaction = transactions.from_bytes(body.encode());
    watch(transaction.submit_and_watch().await?).await
}

/// For how many blocks a transaction lives. On a busy machine small blocks may pass by the client's own 32 within seconds, before one has
/// room for a large transaction.
const BLOCKS_TO_LIVE: u64 = 1_024;

/// Sign and submit a transaction, wait until it is final, and check that it succeeded.
pub async fn submit<P: Payload>(api: &Client, call: &P, signer: &Keypair) -> Result<Included> {
    let mut transactions = api.tx().await?;
    let params = DefaultExtrinsicParamsBuilder::new()
        .mortal(BLOCKS_TO_LIVE)
        .build();
    let progress = transactions
        .sign_and_submit_then_watch(call, signer, params)
        .await?;
    watch(progress).await
}

/// Wait until a transaction is final, and check that it succeeded.
async fn watch<C>(mut progress: TransactionProgress<PolkadotConfig, C>) -> Result<Included>
where
    C: OnlineClientAtBlockT<PolkadotConfig> + std::fmt::Debug,
{
    let mut seen = Vec::new();
    loop {
        let next = tokio::time::timeout(crate::wait::DEADLINE, progress.next()).await;
        let status = next
            .with_context(|| format!("the transaction is not final; so far: {seen:?}"))?
            .with_context(|| format!("the watch ended early; so far: {seen:?}"))??;
        match status {
            TransactionStatus::InFinalizedBlock(block) => {
                let events = block.wait_for_success().await?;
                return Ok(Included {
                    block: sp_core::H256(block.block_hash().0),
                    index: u32::try_from(events.extrinsic_index())?,
                });
            }
            TransactionStatus::Error { message }
            | TransactionStatus::Invalid { message }
            | TransactionStatus::Dropped { message } => bail!("{message}; so far: {seen:?}"),
            other => seen.push(format!("{other:?}").chars().take(20).collect::<String>()),
        }
    }
}

/// Why a transaction that got into a block failed there: the name of the error; an error if it did
/// not fail.
pub async fn submit_to_fail<P: Payload>(
    api: &Client,
    call: &P,
    signer: &Keypair,
) -> Result<String> {
    let mut transactions = api.tx().await?;
    let progress = transactions
        .sign_and_submit_then_watch_default(call, signer)
        .await?;
    let block =
        tokio::time::timeout(crate::wait::DEADLINE, progress.wait_for_finalized()).await??;
    match block.wait_for_success().await {
        Ok(_) => bail!("the transaction should have failed"),
        Err(subxt::error::TransactionEventsError::ExtrinsicFailed(DispatchError::Module(e))) => {
            Ok(e.details_string())
        }
        Err(other) => Ok(format!("{other:?}")),
    }
}

/// Sign a transaction with this nonce, offline, and return its bytes. It never expires.
pub async fn sign_with_nonce<P: Payload>(
    api: &Client,
    call: &P,
    signer: &Keypair,
    nonce: u64,
) -> Result<Vec<u8>> {
    let params = DefaultExtrinsicParamsBuilder::new()
        .nonce(nonce)
        .immortal()
        .build();
    let transactions = api.tx().await?;
    Ok(transactions
        .create_signable_offline(call, params)?
        .sign(signer)?
        .into_encoded())
}

/// The nonce of an account at the last final block.
pub async fn nonce(api: &Client, signer: &Keypair) -> Result<u64> {
    Ok(api.tx().await?.account_nonce(&account(signer)).await?)
}
