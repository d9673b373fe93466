// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The short form of a chain spec: a file that a person writes, with the name of a built-in runtime
//! in place of code. `chain-specs/README.md` describes it field by field.

use super::value::{Account, Amount, BeaconKey, Entropy, PbftKey, SpecChainId, UniqueMap};
use hansa_allocation_primitives::MAX_DRAW_DELAY;
use hansa_dappchain_primitives::{stalls::ASK_PART, StallPeriods};
use hansa_pbft_primitives::{
    session::{check_session_length, DEFAULT_SESSION_LENGTH_MS},
    Timing,
};
use hansa_primitives::Balance;
use hansa_runtime_common::{
    currency,
    hub::{DEFAULT_PERIODS, TRUSTED_FOR},
};
use hansa_staking_primitives::Periods;
use sc_service::{config::MultiaddrWithPeerId, config::TelemetryEndpoints, ChainType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The largest number of characters of a chain's id: it names a folder.
const MAX_ID_CHARS: usize = 64;

/// The largest number of decimal places of a token: 10^38 is the last power of ten in 128 bits.
const MAX_TOKEN_DECIMALS: u8 = 38;

/// A day, in seconds.
const DAY_SECONDS: u32 = 24 * 60 * 60;

/// The largest network number of an SS58 address.
const MAX_SS58_FORMAT: u16 = 16_383;

/// A short chain spec.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShortSpec {
    /// The name that people see.
    pub name: String,
    /// The name of the chain's folder in the base path, and what tells its network from others.
    pub id: String,
    /// Whether the chain is for development, local, live or something else. Live if left out.
    #[serde(default)]
    pub chain_type: ChainType,
    /// The built-in runtime.
    pub runtime: BuiltInRuntime,
    /// Nodes to join the network through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boot_nodes: Vec<MultiaddrWithPeerId>,
    /// Telemetry servers and the verbosity for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry_endpoints: Option<TelemetryEndpoints>,
    /// The prefix of the network's protocol names: the id if left out, so that two chains never
    /// share one by accident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_id: Option<String>,
    /// Tells two networks of the same genesis apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork_id: Option<String>,
    /// What wallets show.
    #[serde(default)]
    pub properties: TokenProperties,
    /// The state that the chain starts with.
    pub genesis: HubGenesis,
}

/// A runtime that is part of the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub enum BuiltInRuntime {
    /// The hub's.
    Hub,
    /// That of DappChains, here one that stands alone.
    DappChain,
}

impl TryFrom<String> for BuiltInRuntime {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "hub" => Ok(Self::Hub),
            "dappchain" => Ok(Self::DappChain),
            _ => Err(format!(
                "there is no built-in runtime `{name}`, only `hub` and `dappchain`"
            )),
        }
    }
}

/// What wallets show of the chain's token and addresses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenProperties {
    /// The token's symbol.
    pub token_symbol: String,
    /// The token is 10^this of its smallest unit.
    pub token_decimals: u8,
    /// The network number of addresses.
    #[serde(rename = "ss58Format")]
    pub ss58_format: u16,
}

impl Default for TokenProperties {
    fn default() -> Self {
        Self {
            token_symbol: currency::SYMBOL.into(),
            token_decimals: currency::DECIMALS,
            ss58_format: currency::SS58_PREFIX.into(),
        }
    }
}

/// The state that a chain starts with: a hub, or a DappChain without one, which has less of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HubGenesis {
    /// Intervals and timeouts of the consensus.
    pub timing: SpecTiming,
    /// The length of a session.
    #[serde(default = "default_session_length_ms")]
    pub session_length_ms: u64,
    /// The randomness.
    #[serde(default, skip_serializing_if = "SpecBeacon::is_default")]
    pub beacon: SpecBeacon,
    /// How the chain is known to others; without it, it talks to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interchain: Option<SpecInterchain>,
    /// The first validators.
    pub validators: Vec<Validator>,
    /// How many validators are elected by stake; as many as the runtime allows, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator_count: Option<u32>,
    /// In how many epochs a node must have been in the pool before it is drawn for a DappChain; the
    /// runtime's number, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw_delay: Option<u32>,
    /// How long a DappChain goes on once its end is announced, in seconds; the runtime's, if nothing is said.
    #[serde(
        default,
        rename = "retireNoticeSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub retire_notice: Option<u32>,
    /// For how long a DappChain may stand still; the runtime's periods, if none are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_periods: Option<StallPeriods>,
    /// The periods of staking, in seconds; the runtime's, if none are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periods: Option<Periods>,
    /// The first balances.
    #[serde(default)]
    pub balances: UniqueMap<Amount>,
    /// The account that may add and remove validators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<Account>,
    /// The account that may do anything. For chains under development only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo: Option<Account>,
}

/// The length of a session where a spec names none.
fn default_session_length_ms() -> u64 {
    DEFAULT_SESSION_LENGTH_MS
}

/// A validator of the first session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Validator {
    /// Who it is.
    pub account: Account,
    /// The public key of its votes.
    pub pbft: PbftKey,
    /// The public key with which it takes part in the beacon; on chains that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<BeaconKey>,
    /// What it has bonded, in the smallest unit. With it the chain elects its validators by stake;
    /// in authority mode no validator has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bond: Option<Amount>,
}

/// What a spec says of the chain among others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpecInterchain {
    /// The id that stands before its accounts in chain addresses.
    pub chain_id: SpecChainId,
}

/// What a spec says of the beacon.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SpecBeacon {
    /// What the first beacon is made of. If left out it follows from the chain's id and the rest of its
    /// genesis: whoever writes the spec can then choose among first beacons, which decide who proposes in
    /// the first epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<Entropy>,
}

impl SpecBeacon {
    /// Whether nothing is said.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// [`Timing`] as it stands in a spec: what is left out has its default.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SpecTiming {
    /// See [`Timing::min_interval_ms`].
    pub min_interval_ms: u32,
    /// See [`Timing::idle_interval_ms`].
    pub idle_interval_ms: u32,
    /// See [`Timing::view_timeout_ms`].
    pub view_timeout_ms: u32,
    /// See [`Timing::view_timeout_step_ms`].
    pub view_timeout_step_ms: u32,
    /// See [`Timing::view_timeout_cap_ms`].
    pub view_timeout_cap_ms: u32,
    /// See [`Timing::silent_timeout_ms`].
    pub silent_timeout_ms: u32,
    /// See [`Timing::resend_interval_ms`].
    pub resend_interval_ms: u32,
    /// See [`Timing::max_clock_drift_ms`].
    pub max_clock_drift_ms: u32,
}

impl Default for SpecTiming {
    fn default() -> Self {
        let timing = Timing::default();
        Self {
            min_interval_ms: timing.min_interval_ms,
            idle_interval_ms: timing.idle_interval_ms,
            view_timeout_ms: timing.view_timeout_ms,
            view_timeout_step_ms: timing.view_timeout_step_ms,
            view_timeout_cap_ms: timing.view_timeout_cap_ms,
            silent_timeout_ms: timing.silent_timeout_ms,
            resend_interval_ms: timing.resend_interval_ms,
            max_clock_drift_ms: timing.max_clock_drift_ms,
        }
    }
}

impl From<SpecTiming> for Timing {
    fn from(spec: SpecTiming) -> Self {
        Self {
            min_interval_ms: spec.min_interval_ms,
            idle_interval_ms: spec.idle_interval_ms,
            view_timeout_ms: spec.view_timeout_ms,
            view_timeout_step_ms: spec.view_timeout_step_ms,
            view_timeout_cap_ms: spec.view_timeout_cap_ms,
            silent_timeout_ms: spec.silent_timeout_ms,
            resend_interval_ms: spec.resend_interval_ms,
            max_clock_drift_ms: spec.max_clock_drift_ms,
        }
    }
}

/// What is wrong with a field of a spec.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FieldError {
    /// The field, as in `genesis.validators[1].account`.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl FieldError {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

impl ShortSpec {
    /// Read a spec from JSON, and check it.
    pub fn parse(json: &str) -> Result<Self, FieldError> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let spec: Self =
            serde_path_to_error::deserialize(&mut deserializer).map_err(field_error)?;
        deserializer
            .end()
            .map_err(|e| FieldError::new("(end of file)", e.to_string()))?;
        spec.check()?;
        Ok(spec)
    }

    /// Check what the types do not say.
    pub fn check(&self) -> Result<(), FieldError> {
        if self.name.trim().is_empty() {
            return Err(FieldError::new("name", "must not be empty"));
        }
        check_id(&self.id)?;
        if self
            .protocol_id
            .as_ref()
            .is_some_and(|id| id.trim().is_empty())
        {
            return Err(FieldError::new(
                "protocolId",
                "must not be empty; leave it out instead",
            ));
        }
        self.properties.check()?;
        if self.runtime == BuiltInRuntime::DappChain {
            self.genesis.check_dappchain()?;
        } else {
            self.genesis.check_beacon_keys()?;
        }
        self.genesis.check()
    }
}

/// An id becomes a folder and a part of protocol names.
fn check_id(id: &str) -> Result<(), FieldError> {
    let fits = (1..=MAX_ID_CHARS).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !fits {
        return Err(FieldError::new(
            "id",
            format!(
                "must be 1 to {MAX_ID_CHARS} letters, digits, `-` or `_`, as it names a folder"
            ),
        ));
    }
    Ok(())
}

impl TokenProperties {
    fn check(&self) -> Result<(), FieldError> {
        if self.token_symbol.trim().is_empty() {
            return Err(FieldError::new(
                "properties.tokenSymbol",
                "must not be empty",
            ));
        }
        if self.token_decimals > MAX_TOKEN_DECIMALS {
            let message = format!("must be at most {MAX_TOKEN_DECIMALS}");
            return Err(FieldError::new("properties.tokenDecimals", message));
        }
        if self.ss58_format > MAX_SS58_FORMAT {
            let message = format!("must be at most {MAX_SS58_FORMAT}");
            return Err(FieldError::new("properties.ss58Format", message));
        }
        Ok(())
    }
}

impl HubGenesis {
    fn check(&self) -> Result<(), FieldError> {
        Timing::from(self.timing)
            .check()
            .map_err(|rule| rule_error("genesis.timing", rule))?;
        check_session_length(self.session_length_ms).map_err(|rule| rule_error("genesis", rule))?;
        self.check_validators()?;
        self.check_draw_delay()?;
        self.check_retire_notice()?;
        self.check_stall_periods()?;
        self.check_periods()?;
        self.check_balances()
    }

    fn check_validators(&self) -> Result<(), FieldError> {
        let list = "genesis.validators";
        if self.validators.is_empty() {
            return Err(FieldError::new(list, "must name at least one validator"));
        }
        let max = super::genesis::MAX_VALIDATORS;
        if self.validators.len() > max {
            return Err(FieldError::new(
                list,
                format!("must name at most {max} validators"),
            ));
        }
        self.check_bonds()?;
        let (mut accounts, mut keys) = (BTreeSet::new(), BTreeSet::new());
        let mut beacon_keys = BTreeSet::new();
        for (i, validator) in self.validators.iter().enumerate() {
            if !accounts.insert(&validator.account) {
                return Err(FieldError::new(
                    format!("{list}[{i}].account"),
                    "is the account of an earlier validator",
                ));
            }
            if !keys.insert(&validator.pbft.0) {
                return Err(FieldError::new(
                    format!("{list}[{i}].pbft"),
                    "is the key of an earlier validator",
                ));
            }
            let beacon = validator.beacon.as_ref();
            if beacon.is_some_and(|key| !beacon_keys.insert(&key.0)) {
                return Err(FieldError::new(
                    format!("{list}[{i}].beacon"),
                    "is the key of an earlier validator",
                ));
            }
        }
        Ok(())
    }

    fn check_draw_delay(&self) -> Result<(), FieldError> {
        if self
            .draw_delay
            .is_none_or(|epochs| epochs <= MAX_DRAW_DELAY)
        {
            return Ok(());
        }
        let message = format!("must be at most {MAX_DRAW_DELAY} epochs");
        Err(FieldError::new("genesis.drawDelay", message))
    }

    fn check_retire_notice(&self) -> Result<(), FieldError> {
        if self.retire_notice != Some(0) {
            return Ok(());
        }
        Err(FieldError::new(
            "genesis.retireNoticeSeconds",
            "must be at least 1",
        ))
    }

    fn check_stall_periods(&self) -> Result<(), FieldError> {
        let Some(periods) = self.stall_periods else {
            return Ok(());
        };
        let short = [
            ("stallSeconds", periods.stall_seconds, ASK_PART),
            ("challengeSeconds", periods.challenge_seconds, 1),
        ]
        .into_iter()
        .find(|(_, seconds, least)| seconds < least);
        if let Some((name, _, least)) = short {
            return Err(FieldError::new(
                format!("genesis.stallPeriods.{name}"),
                format!("must be at least {least}"),
            ));
        }
        let unbonding = self.periods.unwrap_or(DEFAULT_PERIODS).unbonding;
        if periods.can_help(unbonding.saturating_sub(TRUSTED_FOR)) {
            return Ok(());
        }
        let days = TRUSTED_FOR / DAY_SECONDS;
        Err(FieldError::new(
            "genesis.stallPeriods",
            format!(
                "leave no time to record a set: twice stallSeconds and challengeSeconds together must be less \
                 than six times stallSeconds, and than unbondingSeconds less {days} days"
            ),
        ))
    }

    fn check_periods(&self) -> Result<(), FieldError> {
        if self.periods.is_none_or(|periods| periods.are_sound()) {
            return Ok(());
        }
        Err(FieldError::new(
            "genesis.periods.unbondingSeconds",
            "must be more than trustingSeconds and slashDeferSeconds together",
        ))
    }

    /// All validators have a bond, or none has.
    fn check_bonds(&self) -> Result<(), FieldError> {
        if self
            .validators
            .iter()
            .all(|validator| validator.bond.is_none())
        {
            return Ok(());
        }
        for (i, validator) in self.validators.iter().enumerate() {
            let path = || format!("genesis.validators[{i}].bond");
            let Some(bond) = validator.bond else {
                let message = "is missing, while other validators have one: all or none must";
                return Err(FieldError::new(path(), message));
            };
            let balance = self
                .balances
                .0
                .iter()
                .find(|(a, _)| *a == validator.account);
            let free = balance.map_or(0, |(_, amount)| amount.0);
            if bond.0.saturating_add(super::genesis::EXISTENTIAL_DEPOSIT) > free {
                let message = format!(
                    "is more than the account's balance of {free}, of which the existential deposit \
                     must stay free"
                );
                return Err(FieldError::new(path(), message));
            }
        }
        Ok(())
    }

    fn check_balances(&self) -> Result<(), FieldError> {
        let least = super::genesis::EXISTENTIAL_DEPOSIT;
        let mut total: Balance = 0;
        for (account, amount) in &self.balances.0 {
            let path = || {
                use sp_core::crypto::Ss58Codec;
                format!("genesis.balances.{}", account.0.to_ss58check())
            };
            if amount.0 < least {
                let message = format!("is below the existential deposit of {least}");
                return Err(FieldError::new(path(), message));
            }
            total = total.checked_add(amount.0).ok_or_else(|| {
                FieldError::new(path(), "brings the sum of all balances above 2^128 - 1")
            })?;
        }
        Ok(())
    }
}

/// The error of a broken rule of the runtime's, which begins with the name of its field.
fn rule_error(path: &str, rule: &str) -> FieldError {
    let (field, message) = rule.split_once(' ').unwrap_or(("", rule));
    FieldError::new(format!("{path}.{field}"), message)
}

/// The path and the message of a deserializer's error. A field that is missing or stands there twice
/// is named by its own path, not by that of the object around it.
pub(super) fn field_error(error: serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let path = error.path().to_string();
    let message = error.inner().to_string();
    let of_field = |kind: &str, complaint: &str| {
        let (field, rest) = message
            .strip_prefix(kind)?
            .strip_prefix(" field `")?
            .split_once('`')?;
        let path = if path == "." {
            field.to_owned()
        } else {
            format!("{path}.{field}")
        };
        Some(FieldError::new(path, format!("{complaint}{rest}")))
    };
    of_field("missing", "is missing")
        .or_else(|| of_field("duplicate", "stands here twice"))
        .unwrap_or_else(|| {
            let path = if path == "." {
                "(whole file)".into()
            } else {
                path.clone()
            };
            FieldError::new(path, message.clone())
        })
}
