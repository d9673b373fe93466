// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The pallet together with the consensus pallet itself, which ends sessions, asks for weights,
//! reports certificates and checks Commits.

use crate::{self as hansa_pallet_staking, GenesisValidator, InflationSchedule, Periods};
use frame_support::{
    assert_ok, derive_impl, parameter_types,
    traits::{Authorize, ConstU128, ConstU32, OnFinalize, OnInitialize},
    PalletId,
};
use frame_system::EnsureRoot;
use hansa_pallet_pbft::ServiceSeconds;
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthorityPair, ChainedSeed, Conviction, OffenceKind,
    OnOffence, ParentCertificate, PreDigest, SignedStatement, SignerBitmap, SigningContext, Timing,
    VoteKind, Weight,
};
use hansa_staking_primitives::{Balance, BlockAuthor, Seconds};
use pallet_session::historical;
use sp_core::{Pair, H256};
use sp_runtime::{
    impl_opaque_keys,
    traits::{ConvertInto, OpaqueKeys},
    transaction_validity::TransactionSource,
    BuildStorage, Digest, Perbill,
};

type AccountId = u64;
type Block = frame_system::mocking::MockBlockU32<Runtime>;

/// The length of a session in seconds; a block takes one.
const SESSION: u64 = 10;
/// The unbonding period in seconds.
const UNBONDING: Seconds = 60;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeTask
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Runtime>;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp::Pallet<Runtime>;
    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances::Pallet<Runtime>;
    #[runtime::pallet_index(3)]
    pub type Pbft = hansa_pallet_pbft::Pallet<Runtime>;
    #[runtime::pallet_index(4)]
    pub type Staking = hansa_pallet_staking::Pallet<Runtime>;
    #[runtime::pallet_index(5)]
    pub type BagsList = pallet_bags_list::Pallet<Runtime>;
    #[runtime::pallet_index(6)]
    pub type Session = pallet_session::Pallet<Runtime>;
    #[runtime::pallet_index(7)]
    pub type Historical = pallet_session::historical::Pallet<Runtime>;
}

impl_opaque_keys! {
    pub struct Keys {
        pub pbft: Pbft,
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Runtime {
    type OnTimestampSet = Pbft;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
}

impl hansa_pallet_pbft::Config for Runtime {
    type AdminOrigin = EnsureRoot<AccountId>;
    type VotingWeight = Staking;
    type NextSeed = ChainedSeed;
    type EpochGate = ();
    type OnCertificate = Staking;
    type OnOffence = (Pbft, Staking);
    type Recovery = ();
    type EvidenceSessions = ConstU32<6>;
    type PromptChanges = frame_support::traits::ConstBool<true>;
    type WeightInfo = ();
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Pbft;
    type NextSessionRotation = Pbft;
    type SessionManager = historical::NoteHistoricalRoot<Self, crate::ByStakeOr<Self, Pbft>>;
    type SessionHandler = <Keys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = Keys;
    type DisablingStrategy = ();
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = ConstU128<0>;
}

impl historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = hansa_pallet_pbft::NoIdentification;
}

parameter_types! {
    pub Bags: &'static [Balance] = &[1_000, 10_000, 100_000];
    pub const StakingPallet: PalletId = PalletId(*b"hnsa/stk");
    pub const DefaultPeriods: Periods = Periods {
        unbonding: UNBONDING,
        trusting: 20,
        slash_defer: 10,
    };
    pub const AuthorShare: Perbill = Perbill::one();
    pub const Tolerance: Perbill = Perbill::from_percent(1);
    pub const Half: Perbill = Perbill::from_percent(50);
    pub const Schedule: InflationSchedule = InflationSchedule {
        first: Perbill::one(),
        decay: Perbill::zero(),
        floor: Perbill::one(),
    };
}

impl pallet_bags_list::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type ScoreProvider = Staking;
    type BagThresholds = Bags;
    type MaxAutoRebagPerBlock = ();
    type Score = Balance;
}

pub struct Author;
impl BlockAuthor<AccountId> for Author {
    fn block_author() -> Option<AccountId> {
        Pbft::current_block().map(|block| block.account)
    }
}

impl hansa_pallet_staking::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = ServiceSeconds<Runtime>;
    type Candidates = BagsList;
    type SessionKeys = Session;
    type PurgeKeys = ();
    type Leaving = ();
    type FrozenElections = frame_support::traits::ConstBool<false>;
    type Author = Author;
    type Commits = Pbft;
    type EndSession = Pbft;
    type AdminOrigin = EnsureRoot<AccountId>;
    type Slashed = ();
    type Remainder = ();
    type AuthorShare = AuthorShare;
    type Inflation = Schedule;
    type PalletId = StakingPallet;
    type MinBond = ConstU128<1_000>;
    type MinDelegation = ConstU128<100>;
    type RegistrationFee = ConstU128<500>;
    type MaxValidators = ConstU32<4>;
    type MinValidators = ConstU32<2>;
    type ElectionWindow = ConstU32<8>;
    type WeightTolerance = Tolerance;
    type DefaultPeriods = DefaultPeriods;
    type EvidenceSessions = ConstU32<6>;
    type LeastSlash = ();
    type ChillReporters = ConstU32<2>;
    type ChillShare = Half;
    type CommitWindow = ConstU32<16>;
    type Serving = ();
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Author;
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Author {
    fn set_keys(_: &AccountId) {}

    fn commit(_: &[AccountId], _: u32) -> SignedStatement {
        unimplemented!("benchmarks run in the other runtime")
    }
}

fn pair(account: AccountId) -> AuthorityPair {
    AuthorityPair::from_seed(&[account as u8; 32])
}

fn run(test: impl FnOnce()) {
    run_with(&[(1, 40_000), (2, 30_000), (3, 20_000), (4, 10_000)], test);
}

fn run_with(bonds: &[(AccountId, Balance)], test: impl FnOnce()) {
    let keys = |accounts: &[AccountId]| {
        let with_keys = |a: &AccountId| {
            let pbft = pair(*a).public();
            (*a, *a, Keys { pbft })
        };
        accounts.iter().map(with_keys).collect()
    };
    let mut ext: sp_io::TestExternalities = RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: (1..=10).map(|a| (a, 1_000_000_000)).collect(),
            ..Default::default()
        },
        pbft: hansa_pallet_pbft::GenesisConfig {
            timing: Timing::default(),
            session_length_ms: SESSION * 1_000,
            ..Default::default()
        },
        staking: crate::GenesisConfig {
            validators: bonds
                .iter()
                .map(|(account, bond)| GenesisValidator {
                    account: *account,
                    bond: *bond,
                    commission: Perbill::zero(),
                })
                .collect(),
            ..Default::default()
        },
        session: pallet_session::GenesisConfig {
            keys: keys(&[1, 2, 3, 4]),
            non_authority_keys: keys(&[5]),
        },
        ..Default::default()
    }
    .build_storage()
    .expect("the genesis is sound")
    .into();
    ext.execute_with(|| {
        test();
        Staking::do_try_state().expect("staking keeps its invariants");
        Pbft::do_try_state().expect("the consensus pallet keeps its invariants");
    });
}

/// The set that decides the next block.
fn set() -> Vec<(AccountId, Weight)> {
    let deciding = Pbft::deciding_set();
    let weights = deciding.set.authorities().iter().map(|a| a.weight);
    deciding.accounts.into_iter().zip(weights).collect()
}

fn members() -> Vec<AccountId> {
    set().into_iter().map(|(account, _)| account).collect()
}

/// Make a block `step_ms` after the last, whose parent these accounts have signed.
fn make(step_ms: u64, signers: impl Fn(&AccountId) -> bool, calls: impl FnOnce()) {
    let number = System::block_number() + 1;
    let last = hansa_pallet_pbft::LastTimestamp::<Runtime>::get().unwrap_or(1_700_000_000_000);
    let digest = PreDigest {
        view: 0,
        author: (number % 4) as AuthorityIndex % members().len() as AuthorityIndex,
        timestamp_ms: last + step_ms,
    };
    let digest = Digest {
        logs: vec![digest.to_digest_item()],
    };
    System::reset_events();
    System::initialize(&number, &H256::repeat_byte(number as u8), &digest);
    AllPalletsWithSystem::on_initialize(number);
    System::note_finished_initialize();
    assert_ok!(Timestamp::set(RuntimeOrigin::none(), last + step_ms));
    if number > 1 {
        let parent = Pbft::parent_set();
        let signed = parent.accounts.iter().enumerate();
        let signed = signed.filter(|(_, a)| signers(a)).map(|(i, _)| i as u16);
        let signers = SignerBitmap::new(parent.set.len(), signed);
        let certificate = ParentCertificate { view: 0, signers };
        assert_ok!(Pbft::note_parent_certificate(
            RuntimeOrigin::none(),
            certificate
        ));
    }
    calls();
    System::note_finished_extrinsics();
    AllPalletsWithSystem::on_finalize(number);
    System::finalize();
}

/// Blocks a second apart, signed by everybody.
fn blocks(count: u32) {
    for _ in 0..count {
        make(1_000, |_| true, || {});
    }
}

#[test]
fn the_consensus_decides_by_stake_from_the_first_block_on() {
    run(|| {
        let weights = [(1, 299_999), (2, 299_999), (3, 200_000), (4, 100_000)];
        assert_eq!(set(), weights);
        blocks(45);
        // Everybody signs, so all earn alike, and the set never changes.
        assert_eq!(set(), weights);
        assert_eq!(Pbft::consensus_state().set.id, 0);
        assert!(Staking::expected_reward(1).unpaid > Staking::expected_reward(4).unpaid);
    });
}

#[test]
fn a_fifth_is_in_the_set_when_the_session_ends() {
    run(|| {
        let bond = || {
            assert_ok!(Staking::bond(RuntimeOrigin::signed(5), 35_000));
            assert_ok!(Staking::validate(RuntimeOrigin::signed(5), Perbill::zero()));
        };
        make(1_000, |_| true, bond);
        blocks(SESSION as u32 + 3);
        assert_eq!(members(), [1, 2, 3, 5]);
        let leave = || {
            assert_ok!(Staking::chill(RuntimeOrigin::signed(4)));
            assert_ok!(Staking::unbond(RuntimeOrigin::signed(4), 10_000));
        };
        make(1_000, |_| true, leave);
        blocks(UNBONDING - 2);
        let withdraw = || Staking::withdraw_unbonded(RuntimeOrigin::signed(4));
        make(1_000, |_| true, || assert!(withdraw().is_err()));
        make(
            1_000,
            |_| true,
            || {
                assert_ok!(withdraw());
            },
        );
    });
}

#[test]
fn an_offender_is_out_in_three_blocks_and_slashed_later() {
    run(|| {
        blocks(14);
        let offence = || {
            Staking::on_offence(&Conviction {
                offender: 2,
                session: Session::current_index(),
                height: 13,
                kind: OffenceKind::Equivocation,
                weight: 299_999,
                total_weight: 899_998,
            });
        };
        make(1_000, |_| true, offence);
        blocks(3);
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(Staking::ledger(2).own.map(|own| own.active), Some(30_000));
        blocks(10);
        // A third of the weight: everything, but for what is below a billionth.
        let left = Staking::ledger(2).own.map_or(0, |own| own.active);
        assert!(left <= 1, "{left} are left");
        blocks(20);
        assert_eq!(members(), [1, 3, 4]);
    });
}

#[test]
fn who_does_not_sign_earns_nothing_and_leaves() {
    run(|| {
        for _ in 0..20 {
            make(1_000, |account| *account != 4, || {});
        }
        assert_eq!(Staking::expected_reward(4).unpaid, 0);
        assert!(Staking::expected_reward(3).unpaid > 0);
        assert_eq!(members(), [1, 2, 3]);
    });
}

#[test]
fn a_commit_that_was_left_out_counts_by_its_signature_alone() {
    run(|| {
        blocks(3);
        make(1_000, |account| *account != 4, || {});
        let add = || {
            let height = System::block_number() - 2;
            let context = SigningContext {
                genesis: System::block_hash(0),
                set_id: 0,
            };
            let vote = VoteKind::Commit.statement(System::block_hash(height), NO_PROOF);
            let commit = |key: AccountId| SignedStatement {
                height,
                view: 1,
                statement: vote,
                authority: 3,
                signature: pair(key).sign(&context.payload(height, 1, &vote)),
            };
            let call = |key| crate::Call::<Runtime>::add_commit {
                commit: Box::new(commit(key)),
            };
            let judge = |key| call(key).authorize(TransactionSource::External);
            assert!(matches!(judge(3), Some(Err(_))), "another's key");
            assert!(matches!(judge(4), Some(Ok(_))));
            let origin = || frame_system::RawOrigin::Authorized.into();
            assert_ok!(Staking::add_commit(origin(), Box::new(commit(4))));
            assert!(matches!(judge(4), Some(Err(_))), "a second time");
        };
        make(1_000, |_| true, add);
        let tallies = crate::SessionTallies::<Runtime>::get();
        assert_eq!(tallies.members[3].signed, tallies.certificates);
    });
}

/// The same runtime by proof of authority: stakes decide nothing until the admin says so.
#[test]
fn a_chain_by_proof_of_authority_can_go_over_to_stakes() {
    run_with(&[], || {
        assert_eq!(set(), [(1, 1), (2, 1), (3, 1), (4, 1)]);
        let stake = || {
            for account in [3, 4, 5] {
                let origin = || RuntimeOrigin::signed(account);
                assert_ok!(Staking::bond(origin(), 10_000 * u128::from(account)));
                assert_ok!(Staking::validate(origin(), Perbill::zero()));
            }
        };
        make(1_000, |_| true, stake);
        blocks(30);
        assert_eq!(set(), [(1, 1), (2, 1), (3, 1), (4, 1)]);
        // Authority mode does what it always did, and staking has nothing to say.
        let offence = || {
            <(Pbft, Staking)>::on_offence(&Conviction {
                offender: 2,
                session: Session::current_index(),
                height: 30,
                kind: OffenceKind::Equivocation,
                weight: 1,
                total_weight: 4,
            });
        };
        make(1_000, |_| true, offence);
        blocks(3);
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(crate::PendingSlashes::<Runtime>::iter().count(), 0);
        make(
            1_000,
            |_| true,
            || {
                assert!(Staking::enable_elections(RuntimeOrigin::signed(1)).is_err());
                assert_ok!(Staking::enable_elections(RuntimeOrigin::root()));
            },
        );
        blocks(SESSION as u32 + 3);
        assert_eq!(set(), [(3, 250_000), (4, 333_333), (5, 416_666)]);
        blocks(SESSION as u32);
        assert!(Staking::expected_reward(5).unpaid > 0);
    });
}

/// The chain stands still for three days of its clock: nothing falls due, and nobody is punished.
#[test]
fn a_halt_of_three_days_punishes_nobody() {
    run(|| {
        blocks(5);
        let unbond = || {
            assert_ok!(Staking::unbond(RuntimeOrigin::signed(1), 1_000));
        };
        make(1_000, |_| true, unbond);
        let before = crate::mock::issuance_of::<Balances>();
        make(
            3 * 24 * 60 * 60 * 1_000,
            |_| true,
            || {
                assert!(Staking::withdraw_unbonded(RuntimeOrigin::signed(1)).is_err());
            },
        );
        blocks(3);
        assert_eq!(members(), [1, 2, 3, 4]);
        assert_eq!(crate::PendingSlashes::<Runtime>::iter().count(), 0);
        // No more is minted than for the step that counts, a minute and a bit.
        let minted = crate::mock::issuance_of::<Balances>() - before;
        assert!(minted < before / 200_000, "{minted}");
    });
}
