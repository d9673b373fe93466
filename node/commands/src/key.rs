// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa key`: the SDK's commands, with errors where the SDK has none.

use crate::chain_spec;
use sc_cli::{
    clap::{self, ArgMatches, Command, FromArgMatches, Subcommand},
    utils::read_uri,
    with_crypto_scheme, Error, InspectKeyCmd, KeySubcommand, Result, SubstrateCli,
};
use sp_core::crypto::Ss58Codec;

/// `hansa key …`.
#[derive(Debug)]
pub struct KeyCmd {
    command: KeySubcommand,
    /// What `inspect` is to inspect, unless it is a public key; the SDK's own copy is private.
    inspected: Option<String>,
}

impl KeyCmd {
    /// Run it.
    pub fn run<C: SubstrateCli>(&self, cli: &C) -> Result<()> {
        match &self.command {
            KeySubcommand::GenerateNodeKey(command) => {
                // Where the chain matters (in a base path) it is a required argument.
                let id = match &command.chain {
                    Some(chain) => chain_spec::load(chain)?.id().to_owned(),
                    None => String::new(),
                };
                command.run(&id, &C::executable_name())
            }
            KeySubcommand::Inspect(command) => {
                self.check_inspected(command)?;
                command.run()
            }
            other => other.run(cli),
        }
    }

    /// The SDK prints a line about what is no key, and then ends with code 0.
    fn check_inspected(&self, command: &InspectKeyCmd) -> Result<()> {
        let Some(uri) = &self.inspected else {
            return Ok(());
        };
        let uri = read_uri(Some(uri))?;
        if with_crypto_scheme!(command.crypto_scheme.scheme, is_key(&uri)) {
            return Ok(());
        }
        Err(Error::Input(
            "the argument is neither a secret phrase, a secret URI nor an address".into(),
        ))
    }
}

/// Change what the SDK's arguments leave open.
fn setup_command(key: Command) -> Command {
    key.mut_subcommand("generate-node-key", |command| {
        command
            .mut_arg("base_path", |arg| arg.requires("chain"))
            .mut_arg("default_base_path", |arg| arg.requires("chain"))
    })
}

/// Whether `uri` is a secret or a public key of this sort.
fn is_key<P: sp_core::Pair>(uri: &str) -> bool
where
    P::Public: Ss58Codec,
{
    P::from_string_with_seed(uri, None).is_ok() || P::Public::from_string_with_version(uri).is_ok()
}

impl Subcommand for KeyCmd {
    fn augment_subcommands(command: Command) -> Command {
        setup_command(KeySubcommand::augment_subcommands(command))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        setup_command(KeySubcommand::augment_subcommands_for_update(command))
    }

    fn has_subcommand(name: &str) -> bool {
        KeySubcommand::has_subcommand(name)
    }
}

impl FromArgMatches for KeyCmd {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let inspected = matches
            .subcommand_matches("inspect")
            .filter(|inspect| !inspect.get_flag("public"))
            .and_then(|inspect| inspect.get_one::<String>("uri").cloned());
        Ok(Self {
            command: KeySubcommand::from_arg_matches(matches)?,
            inspected,
        })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_addresses_are_keys_and_other_text_is_not() {
        for (text, expected) in [
            ("//Alice", true),
            ("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", true),
            (
                "bottom drive obey lake curtain smoke basket hold race lonely fit walk",
                true,
            ),
            (
                "0x0000000000000000000000000000000000000000000000000000000000000001",
                true,
            ),
            ("not a phrase", false),
            ("", false),
        ] {
            // The empty phrase stands for the development phrase in the SDK.
            let expected = expected || text.is_empty();
            assert_eq!(is_key::<sp_core::ed25519::Pair>(text), expected, "{text}");
        }
    }
}
