// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The accounts that send, and the transfers that they sign in advance.

use anyhow::Result;
use hansa_e2e::{
    client,
    client::{Account, Client, UNIT},
    rpc::Rpc,
};
use serde_json::{json, Map, Value};
use subxt::{client::OnlineClientAtBlock, config::DefaultExtrinsicParamsBuilder, PolkadotConfig};
use subxt_signer::{sr25519::Keypair, DeriveJunction};

/// What each account has at the start.
const BALANCE: u128 = 1_000_000 * UNIT;

/// What a transfer moves: next to nothing.
const AMOUNT: u128 = UNIT / 1_000;

/// A transfer, signed and encoded as JSON-RPC takes it.
pub struct Signed {
    /// The position of the node through which it goes.
    pub node: usize,
    /// The bytes in hex.
    pub hex: String,
}

/// Accounts before there is a chain.
pub struct Senders {
    pairs: Vec<Keypair>,
}

/// Accounts on a chain.
pub struct Connected {
    pairs: Vec<Keypair>,
    nonces: Vec<u64>,
    next: usize,
    at: OnlineClientAtBlock<PolkadotConfig>,
}

impl Senders {
    /// `count` accounts.
    pub fn new(count: usize) -> Self {
        let root = client::keypair("//Bench");
        let pair = |i: usize| root.derive([DeriveJunction::hard(i as u64)]);
        Self {
            pairs: (0..count.max(1)).map(pair).collect(),
        }
    }

    /// Their balances as a chain spec has them.
    pub fn balances(&self) -> Map<String, Value> {
        let entry = |pair| {
            (
                client::account(pair).to_string(),
                json!(BALANCE.to_string()),
            )
        };
        self.pairs.iter().map(entry).collect()
    }

    /// Get ready to sign for the chain of `api`.
    pub async fn connect(self, api: &Client) -> Result<Connected> {
        let nonces = vec![0; self.pairs.len()];
        let at = api.at_current_block().await?;
        Ok(Connected {
            pairs: self.pairs,
            nonces,
            next: 0,
            at,
        })
    }
}

impl Connected {
    /// Sign `count` transfers, by one account after the other, each account always through the same
    /// one of `nodes` nodes, so that its transactions arrive in order.
    pub fn sign(&mut self, count: usize, nodes: usize) -> Result<Vec<Signed>> {
        (0..count).map(|_| self.sign_one(nodes)).collect()
    }

    fn sign_one(&mut self, nodes: usize) -> Result<Signed> {
        let sender = self.next;
        self.next = (self.next + 1) % self.pairs.len();
        let receiver: Account = client::account(&self.pairs[self.next]);
        let nonce = self.nonces[sender];
        self.nonces[sender] += 1;
        let params = DefaultExtrinsicParamsBuilder::new()
            .nonce(nonce)
            .immortal()
            .build();
        let call = client::transfer(&receiver, AMOUNT);
        let bytes = self
            .at
            .transactions()
            .create_signable_offline(&call, params)?
            .sign(&self.pairs[sender])?
            .into_encoded();
        Ok(Signed {
            node: sender % nodes,
            hex: hansa_e2e::rpc::hex(&bytes),
        })
    }

    /// Take the nonces from the chain again, after transactions were lost.
    pub async fn resynchronise(&mut self, rpc: &Rpc) -> Result<()> {
        for (pair, nonce) in self.pairs.iter().zip(&mut self.nonces) {
            let account = client::account(pair);
            let found: u32 = rpc
                .runtime("AccountNonceApi_account_nonce", &account.0, None)
                .await?;
            *nonce = u64::from(found);
        }
        Ok(())
    }
}
