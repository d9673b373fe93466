// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The chain specs of a local network: a given one, one that is made for a number of validators, and copies of
//! it for further chains.

use super::{plan::DEFAULT_VALIDATORS, UpError};
use crate::chain_spec::{
    self, dev::DevIdentity, short::ShortSpec, Account, Amount, SpecChainId, SpecFile,
};
use hansa_interchain_primitives::ChainId;
use std::path::Path;

/// The chain of a network for which none is named.
pub const DEFAULT_CHAIN: &str = "local";

/// What an account of a generated chain gets, in the smallest unit.
const GENERATED_BALANCE: u128 = 1_000_000_000_000_000_000;

/// The spec of one chain of a network.
#[derive(Clone, Debug)]
pub struct ChainSource {
    /// What the nodes get as `--chain`.
    pub chain: String,
    /// What the spec says, where that must be known: if there are several chains.
    pub several: Option<ShortSpec>,
    /// Who runs a node though it is not in the first set.
    pub others: Vec<DevIdentity>,
}

/// The specs of all chains of a network.
pub fn sources(
    chain: Option<&str>,
    validators: Option<usize>,
    chains: usize,
    dir: &Path,
) -> Result<Vec<ChainSource>, UpError> {
    let first = match chain {
        Some(chain) => absolute(chain),
        None => generated_chain(validators.unwrap_or(DEFAULT_VALIDATORS), dir)?,
    };
    if chains == 1 {
        return Ok(vec![ChainSource {
            chain: first,
            several: None,
            others: Vec::new(),
        }]);
    }
    let spec = short_spec(&first)?;
    let mut all = vec![ChainSource {
        chain: first,
        several: Some(spec.clone()),
        others: Vec::new(),
    }];
    for number in 2..=chains {
        let spec = copy_of(&spec, number)?;
        let chain = write(&spec, &dir.join(format!("chain-spec-{number}.json")))?;
        all.push(ChainSource {
            chain,
            several: Some(spec),
            others: Vec::new(),
        });
    }
    Ok(all)
}

/// The short spec that `--chain` names.
fn short_spec(chain: &str) -> Result<ShortSpec, UpError> {
    let bad = |message: String| UpError::Spec(format!("chain spec {chain}: {message}"));
    let spec = match chain_spec::embedded(chain) {
        Some(text) => ShortSpec::parse(text).map_err(|e| bad(e.to_string()))?,
        None => match chain_spec::read_file(Path::new(chain)).map_err(bad)? {
            SpecFile::Short(spec) => *spec,
            SpecFile::Long => {
                return Err(bad(
                    "--chains makes copies of it, so it must be of the short form".into(),
                ))
            }
        },
    };
    Ok(spec)
}

/// The id of a chain of several.
pub fn chain_id(spec: &ShortSpec) -> Result<ChainId, UpError> {
    let own = spec.genesis.interchain.ok_or_else(|| {
        UpError::Spec(format!(
            "chain spec {}: genesis.interchain.chainId: is missing, and --chains needs it",
            spec.id
        ))
    })?;
    Ok(own.chain_id.0)
}

/// A chain like that of `spec`, the network's `number`-th: other name, other id among chains, and so another
/// genesis.
fn copy_of(spec: &ShortSpec, number: usize) -> Result<ShortSpec, UpError> {
    let too_high = || UpError::Spec(format!("genesis.interchain.chainId: no room for {number}"));
    let more = ChainId::try_from(number.saturating_sub(1)).map_err(|_| too_high())?;
    let id = chain_id(spec)?.checked_add(more).ok_or_else(too_high)?;
    let mut copy = spec.clone();
    copy.name = format!("{} {number}", spec.name);
    copy.id = format!("{}_{number}", spec.id);
    copy.protocol_id = spec
        .protocol_id
        .as_ref()
        .map(|protocol| format!("{protocol}_{number}"));
    copy.boot_nodes.clear();
    if let Some(own) = &mut copy.genesis.interchain {
        own.chain_id = SpecChainId(id);
    }
    copy.check().map_err(|e| UpError::Spec(e.to_string()))?;
    Ok(copy)
}

/// Write a spec; what nodes get as `--chain`.
pub fn write(spec: &ShortSpec, path: &Path) -> Result<String, UpError> {
    let json = serde_json::to_string_pretty(spec).map_err(std::io::Error::from)?;
    std::fs::write(path, json).map_err(|source| UpError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(path.to_string_lossy().into_owned())
}

/// A chain as the nodes get it: they run elsewhere, so the path of a file must be absolute.
fn absolute(chain: &str) -> String {
    if chain_spec::embedded(chain).is_some() {
        return chain.to_owned();
    }
    std::path::absolute(chain)
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_else(|_| chain.to_owned())
}

/// The built-in local chain, or one like it with another number of validators, written into `dir`.
fn generated_chain(validators: usize, dir: &Path) -> Result<String, UpError> {
    let text = chain_spec::embedded(DEFAULT_CHAIN).unwrap_or_default();
    let mut spec = ShortSpec::parse(text).map_err(|e| UpError::Spec(e.to_string()))?;
    if spec.genesis.validators.len() == validators {
        return Ok(DEFAULT_CHAIN.into());
    }
    resize(&mut spec, validators)?;
    write(&spec, &dir.join("chain-spec.json"))
}

/// Give `spec` this number of validators with development keys, each with a balance.
fn resize(spec: &mut ShortSpec, validators: usize) -> Result<(), UpError> {
    // Another genesis, and not to be taken for the built-in chain in a folder that is used again.
    spec.id = format!("{}_{validators}", spec.id);
    spec.genesis.validators.clear();
    for identity in (0..validators).map(DevIdentity::at) {
        let no_key = || UpError::Keys {
            name: identity.name.clone(),
            message: "bad seed".into(),
        };
        let validator = identity.validator().ok_or_else(no_key)?;
        let Account(account) = &validator.account;
        let balances = &mut spec.genesis.balances.0;
        if balances.iter().all(|(known, _)| known.0 != *account) {
            balances.push((Account(account.clone()), Amount(GENERATED_BALANCE)));
        }
        spec.genesis.validators.push(validator);
    }
    spec.check().map_err(|e| UpError::Spec(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_up::MAX_NODES;
    use std::collections::BTreeSet;

    fn short(path: &str) -> ShortSpec {
        match chain_spec::read_file(Path::new(path)).unwrap() {
            SpecFile::Short(spec) => *spec,
            SpecFile::Long => panic!("not a short spec"),
        }
    }

    #[test]
    fn the_built_in_chain_is_used_as_it_is_for_its_own_number() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            generated_chain(DEFAULT_VALIDATORS, dir.path()).unwrap(),
            DEFAULT_CHAIN
        );
        let sources = sources(None, None, 1, dir.path()).unwrap();
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].chain, DEFAULT_CHAIN);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn other_numbers_get_a_chain_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        for count in [1, 7, MAX_NODES] {
            let path = generated_chain(count, dir.path()).unwrap();
            let spec = short(&path);
            assert_eq!(spec.genesis.validators.len(), count);
            assert_eq!(spec.id, format!("hansa_local_{count}"));
            let funded = |v: &chain_spec::short::Validator| {
                spec.genesis.balances.0.iter().any(|(a, _)| *a == v.account)
            };
            assert!(spec.genesis.validators.iter().all(funded));
        }
    }

    #[test]
    fn further_chains_are_copies_with_ids_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let all = sources(None, Some(1), 3, dir.path()).unwrap();
        assert_eq!(all.len(), 3);
        let mut ids = BTreeSet::new();
        for source in &all {
            let said = source.several.as_ref().unwrap();
            let written = short(&source.chain);
            assert_eq!(written.id, said.id);
            assert_eq!(written.genesis.validators.len(), 1);
            let id = chain_id(&written).unwrap();
            assert!(ids.insert((id, written.id.clone())), "{id:x}");
            assert!(ids.iter().filter(|(known, _)| *known == id).count() == 1);
        }
        let nobody = dir.path().join("nobody.json");
        let mut spec = short(&all[0].chain);
        spec.genesis.interchain = None;
        let nobody = write(&spec, &nobody).unwrap();
        let error = sources(Some(&nobody), None, 2, dir.path()).unwrap_err();
        assert!(error.to_string().contains("genesis.interchain.chainId"));
        assert!(sources(Some(&nobody), None, 1, dir.path()).is_ok());
    }
}
