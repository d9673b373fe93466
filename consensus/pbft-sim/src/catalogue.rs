// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The scenarios.

use crate::{
    byzantine::Kind,
    scenario::{
        Clocks, Expect, LogDamage, NetworkFaults, NodeFaults, Recovery, Scenario, Sessions,
    },
};

const CLOCKS: Clocks = Clocks::SKEWED;

/// Weights of which no single one can stop the others.
const WEIGHTS: &[u64] = &[10, 7, 7, 5, 3, 2, 1];

/// More than a third of seven is gone.
const RECOVERY: Recovery = Recovery {
    lost: 2,
    late: 1,
    spare: 3,
    spares_are_new: false,
    lost_at_ms: 3_000,
    made_after_ms: 2_500,
    told_within_ms: 2_000,
    twice: false,
};

const LIES: Scenario = Scenario {
    clocks: CLOCKS,
    nodes: NodeFaults {
        crashes_permille: 5,
        power_cuts_permille: 500,
        ..NodeFaults::NONE
    },
    ..Scenario::BASE
};

/// Scenarios in which more weight lies than may: agreement may break, evidence must not lack.
const OVERRUN: Scenario = Scenario {
    network: NetworkFaults {
        partitions_permille: 700,
        liars_reach_all: true,
        ..NetworkFaults::LOSSY
    },
    heal_at_ms: 10_000,
    expect: Expect::EvidenceOfForks,
    ..Scenario::BASE
};

const fn damaged(name: &'static str, damage: LogDamage) -> Scenario {
    Scenario {
        name,
        nodes: NodeFaults {
            log_damage: Some(damage),
            ..NodeFaults::CRASHES
        },
        ..Scenario::BASE
    }
}

const fn lies(name: &'static str, byzantine: &'static [Kind]) -> Scenario {
    Scenario {
        name,
        byzantine,
        ..LIES
    }
}

const fn overrun(name: &'static str, byzantine: &'static [Kind]) -> Scenario {
    Scenario {
        name,
        byzantine,
        ..OVERRUN
    }
}

/// All scenarios.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "one",
        weights: &[1],
        nodes: NodeFaults {
            // Nobody else would refuse one.
            bad_blocks_permille: 0,
            ..NodeFaults::CRASHES
        },
        ..Scenario::BASE
    },
    Scenario {
        name: "good-network",
        network: NetworkFaults::NONE,
        expect: Expect::NoViewChange {
            heights: 5,
            within_ms: 90_000,
        },
        ..Scenario::BASE
    },
    Scenario {
        name: "lossy",
        ..Scenario::BASE
    },
    Scenario {
        name: "lossy-seven",
        weights: &[1; 7],
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "lossy-ten",
        weights: &[1; 10],
        ..Scenario::BASE
    },
    Scenario {
        name: "crashes",
        nodes: NodeFaults::CRASHES,
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "crashes-good-network",
        network: NetworkFaults::NONE,
        nodes: NodeFaults {
            crashes_permille: 40,
            ..NodeFaults::CRASHES
        },
        ..Scenario::BASE
    },
    Scenario {
        name: "crashes-weighted",
        weights: WEIGHTS,
        nodes: NodeFaults::CRASHES,
        ..Scenario::BASE
    },
    Scenario {
        name: "blackout",
        nodes: NodeFaults {
            blackout: true,
            ..NodeFaults::CRASHES
        },
        ..Scenario::BASE
    },
    Scenario {
        name: "one-dead",
        dead: 1,
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "two-dead-of-seven",
        weights: &[1; 7],
        dead: 2,
        nodes: NodeFaults::CRASHES,
        ..Scenario::BASE
    },
    Scenario {
        name: "followers",
        followers: 1,
        muted: 1,
        ..Scenario::BASE
    },
    Scenario {
        name: "sessions",
        sessions: Some(Sessions {
            heights: 5,
            spare: 2,
        }),
        nodes: NodeFaults::CRASHES,
        ..Scenario::BASE
    },
    Scenario {
        name: "sessions-one-dead",
        sessions: Some(Sessions {
            heights: 4,
            spare: 3,
        }),
        dead: 1,
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "recovery",
        weights: &[1; 7],
        recovery: Some(RECOVERY),
        nodes: NodeFaults::CRASHES,
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "recovery-of-four",
        recovery: Some(Recovery {
            lost: 1,
            spare: 2,
            ..RECOVERY
        }),
        nodes: NodeFaults {
            crashes_permille: 40,
            ..NodeFaults::CRASHES
        },
        ..Scenario::BASE
    },
    Scenario {
        name: "recovery-twice",
        weights: &[1; 7],
        recovery: Some(Recovery {
            twice: true,
            ..RECOVERY
        }),
        nodes: NodeFaults::CRASHES,
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "recovery-new-nodes",
        recovery: Some(Recovery {
            lost: 2,
            late: 0,
            spare: 2,
            spares_are_new: true,
            ..RECOVERY
        }),
        clocks: CLOCKS,
        ..Scenario::BASE
    },
    Scenario {
        name: "clock-ahead",
        clocks: Clocks {
            one_ahead_ms: 1_200,
            ..CLOCKS
        },
        ..Scenario::BASE
    },
    damaged("log-deleted", LogDamage::Delete),
    damaged("log-truncated", LogDamage::Truncate),
    damaged("log-bit-flipped", LogDamage::FlipBit),
    damaged("log-old-copy", LogDamage::OldCopy),
    damaged("snapshot", LogDamage::Snapshot),
    damaged("wiped", LogDamage::Wipe),
    lies("equivocator", &[Kind::Equivocator]),
    lies("silent", &[Kind::Silent]),
    lies("certificate-liar", &[Kind::CertificateLiar]),
    lies("wrong-view", &[Kind::WrongView]),
    lies("flooder", &[Kind::Flooder]),
    lies("twin", &[Kind::Twin]),
    lies("bad-proposer", &[Kind::BadProposer]),
    Scenario {
        name: "two-liars-of-seven",
        weights: &[1; 7],
        byzantine: &[Kind::Equivocator, Kind::CertificateLiar],
        ..LIES
    },
    Scenario {
        name: "three-liars-of-ten",
        weights: &[1; 10],
        byzantine: &[Kind::Twin, Kind::CertificateLiar, Kind::BadProposer],
        ..LIES
    },
    Scenario {
        name: "weighted-liars",
        weights: WEIGHTS,
        byzantine: &[Kind::Equivocator, Kind::WrongView],
        ..LIES
    },
    Scenario {
        name: "sessions-with-liar",
        sessions: Some(Sessions {
            heights: 5,
            spare: 1,
        }),
        byzantine: &[Kind::CertificateLiar],
        ..LIES
    },
    overrun("two-equivocators", &[Kind::Equivocator, Kind::Equivocator]),
    overrun(
        "two-certificate-liars",
        &[Kind::CertificateLiar, Kind::CertificateLiar],
    ),
    overrun(
        "equivocator-and-liar",
        &[Kind::Equivocator, Kind::CertificateLiar],
    ),
    overrun("two-twins", &[Kind::Twin, Kind::Twin]),
    Scenario {
        name: "three-equivocators-of-seven",
        weights: &[1; 7],
        byzantine: &[Kind::Equivocator, Kind::Equivocator, Kind::Equivocator],
        ..OVERRUN
    },
];
