// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators that are removed and added while the chain runs.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client, client::UNIT, network::VALIDATORS, rpc::Rpc, spec, wait_for_some, Network,
};
use hansa_pbft_primitives::{AuthoritySet, ConsensusState};
use serde_json::json;
use subxt::{
    dynamic::{self, Value},
    tx::DynamicPayload,
};
use subxt_signer::sr25519::{dev, Keypair};

/// `Sudo::sudo` of a call of the pallet `Pbft` that takes an account.
fn sudo_pbft(call: &str, account: &client::Account) -> DynamicPayload<Vec<Value>> {
    let fields = [("account", Value::from_bytes(account.0))];
    let inner = client::call_value("Pbft", Value::named_variant(call, fields));
    dynamic::tx("Sudo", "sudo", vec![inner])
}

/// Wait until the set that decides the next block has `members` members.
async fn wait_set(rpc: &Rpc, members: usize) -> Result<AuthoritySet> {
    wait_for_some(&format!("a set of {members}"), || async {
        let state: ConsensusState = rpc.runtime("PbftApi_consensus_state", &[], None).await?;
        Ok((state.set.len() == members).then_some(state.set))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_change_at_the_end_of_a_session_and_late_nodes_follow_all_of_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(1_000)),
        ("/genesis/sessionLengthMs", json!(3_000)),
    ];
    let spec = spec::edited(folder.path(), "local.json", &edits)?;
    let mut network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let (api, rpc) = (
        network.nodes[0].client().await?,
        network.nodes[0].rpc().await?,
    );
    let dave = client::account(&dev::dave());
    let receiver = client::account(&client::keypair("//Sets"));
    let first = wait_set(&rpc, 4).await?;

    client::submit(&api, &sudo_pbft("remove_authority", &dave), &dev::alice()).await?;
    let three = wait_set(&rpc, 3).await?;
    ensure!(three.id > first.id, "set {} after {}", three.id, first.id);
    // All three that are left are needed, and the fourth is not.
    network.nodes[3].stop()?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    network.nodes[3].restart().await?;

    client::submit(&api, &sudo_pbft("add_authority", &dave), &dev::alice()).await?;
    let four = wait_set(&rpc, 4).await?;
    ensure!(four.id > three.id, "set {} after {}", four.id, three.id);
    // Now three of four are enough, and the one that came back is needed.
    network.nodes[1].stop()?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    network.nodes[1].restart().await?;

    network.add_follower("late", &[]).await?;
    let head = network.highest_finalized().await?.number;
    for number in 1..=head {
        network.assert_agree(number).await?;
    }
    network.wait_free(&receiver, 2 * UNIT).await
}

/// `Multisig::as_multi` of a call, by one of `signers` of whom three are needed. `first` is where
/// the first of them asked for it.
fn as_multi(
    call: &Value,
    signers: &[Keypair],
    by: usize,
    first: Option<(u32, u32)>,
) -> DynamicPayload<Vec<Value>> {
    let mut others: Vec<_> = signers.iter().map(client::account).collect();
    others.remove(by);
    others.sort_by_key(|account| account.0);
    let others = others.iter().map(|account| Value::from_bytes(account.0));
    let first = match first {
        None => Value::unnamed_variant("None", []),
        Some((height, index)) => {
            let (height, index) = (Value::u128(height.into()), Value::u128(index.into()));
            let when = Value::named_composite([("height", height), ("index", index)]);
            Value::unnamed_variant("Some", [when])
        }
    };
    let limit = |name, limit| (name, Value::u128(limit));
    let weight = [
        limit("ref_time", 10_000_000_000),
        limit("proof_size", 1_000_000),
    ];
    let threshold = Value::u128(3);
    let weight = Value::named_composite(weight);
    let fields = vec![
        threshold,
        Value::unnamed_composite(others),
        first,
        call.clone(),
        weight,
    ];
    dynamic::tx("Multisig", "as_multi", fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_of_four_operators_change_validators_where_there_is_no_sudo() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(1_000)),
        ("/genesis/sessionLengthMs", json!(3_000)),
    ];
    let spec = spec::edited(folder.path(), "poa.json", &edits)?;
    let network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let (api, rpc) = (
        network.nodes[0].client().await?,
        network.nodes[0].rpc().await?,
    );
    let operators = [dev::alice(), dev::bob(), dev::charlie(), dev::dave()];
    let account = Value::from_bytes(client::account(&operators[3]).0);
    let call = Value::named_variant("remove_authority", [("account", account)]);
    let call = client::call_value("Pbft", call);

    let asked = as_multi(&call, &operators, 0, None);
    let asked = client::submit(&api, &asked, &operators[0]).await?;
    let first = Some((rpc.number_of(asked.block).await?, asked.index));
    client::submit(&api, &as_multi(&call, &operators, 1, first), &operators[1]).await?;
    let state: ConsensusState = rpc.runtime("PbftApi_consensus_state", &[], None).await?;
    ensure!(state.set.len() == 4, "two of four were enough");
    client::submit(&api, &as_multi(&call, &operators, 2, first), &operators[2]).await?;
    wait_set(&rpc, 3).await?;

    let receiver = client::account(&client::keypair("//Operators"));
    client::submit(&api, &client::transfer(&receiver, UNIT), &operators[3]).await?;
    network.wait_free(&receiver, UNIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_admin_changes_validators_and_never_to_an_empty_set() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = hansa_e2e::NodeConfig::new("dev", folder.path()).dev();
    let node = hansa_e2e::Node::start(config).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let alice = client::account(&dev::alice());
    let bob = client::account(&dev::bob());

    let direct = dynamic::tx("Pbft", "add_authority", vec![Value::from_bytes(bob.0)]);
    let why = client::submit_to_fail(&api, &direct, &dev::bob()).await?;
    ensure!(
        why.contains("BadOrigin") || why.contains("Bad origin"),
        "{why}"
    );

    // Sudo reports the failure of the call inside in its event; the set stays as it is.
    for (call, account) in [("remove_authority", &alice), ("add_authority", &bob)] {
        client::submit(&api, &sudo_pbft(call, account), &dev::alice()).await?;
        let state: ConsensusState = rpc.runtime("PbftApi_consensus_state", &[], None).await?;
        ensure!(state.set.len() == 1, "{call}: {:?}", state.set);
    }
    let next = client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    rpc.number_of(next.block)
        .await
        .context("the chain goes on")?;
    Ok(())
}
