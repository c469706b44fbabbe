//! How a host ended: one word, and the reasons beside it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The final status of a host, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinalStatus {
    InventoryOk,
    /// Zero VMs, and proven to be zero.
    InventoryEmpty,
    InventoryPartial,
    InventoryError,
}

impl FinalStatus {
    pub const ALL: [Self; 4] =
        [Self::InventoryOk, Self::InventoryEmpty, Self::InventoryPartial, Self::InventoryError];

    /// Nothing is left to be done about the host.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::InventoryOk | Self::InventoryEmpty)
    }

    /// The word in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InventoryOk => "inventory_ok",
            Self::InventoryEmpty => "inventory_empty",
            Self::InventoryPartial => "inventory_partial",
            Self::InventoryError => "inventory_error",
        }
    }

    /// The word for people.
    pub const fn spoken(self) -> &'static str {
        match self {
            Self::InventoryOk => "Inventory OK",
            Self::InventoryEmpty => "Inventory Empty",
            Self::InventoryPartial => "Inventory Partial",
            Self::InventoryError => "Inventory Error",
        }
    }
}

/// Why a host is not `inventory_ok`. Each reason leads to exactly one final status; a host
/// with several reasons takes the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No TCP connection, or no TLS.
    Unreachable,
    AuthFailed,
    /// The logon was held back to protect the account.
    CredentialBlocked,
    /// Kerberos gave no ticket for the host; neither host nor credential was asked.
    NoTicket,
    /// No trusted list of VM ids: zero could not be told from unknown.
    BaselineError,
    /// The host accepted a connection and gave nothing usable back.
    NoAnswer,
    /// The run ended before this host's turn.
    NotRun,
    Cancelled,
    /// A collector saw too few of the baseline's VMs.
    CoverageGap,
    /// A collector failed, or its records were damaged.
    CollectorError,
    /// The deadline passed after the baseline was known.
    TimedOut,
    /// The answer was larger than the byte limit.
    OutputLimit,
    /// The role is installed, VMMS runs, the account may see VMs, and there are none.
    NoVmsConfirmed,
}

impl Reason {
    pub const ALL: [Self; 13] = [
        Self::Unreachable,
        Self::AuthFailed,
        Self::CredentialBlocked,
        Self::NoTicket,
        Self::BaselineError,
        Self::NoAnswer,
        Self::NotRun,
        Self::Cancelled,
        Self::CoverageGap,
        Self::CollectorError,
        Self::TimedOut,
        Self::OutputLimit,
        Self::NoVmsConfirmed,
    ];

    pub const fn leads_to(self) -> FinalStatus {
        match self {
            Self::Unreachable
            | Self::AuthFailed
            | Self::CredentialBlocked
            | Self::NoTicket
            | Self::BaselineError
            | Self::NoAnswer
            | Self::NotRun
            | Self::Cancelled => FinalStatus::InventoryError,
            Self::CoverageGap | Self::CollectorError | Self::TimedOut | Self::OutputLimit => {
                FinalStatus::InventoryPartial
            }
            Self::NoVmsConfirmed => FinalStatus::InventoryEmpty,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::AuthFailed => "auth_failed",
            Self::CredentialBlocked => "credential_blocked",
            Self::NoTicket => "no_ticket",
            Self::BaselineError => "baseline_error",
            Self::NoAnswer => "no_answer",
            Self::NotRun => "not_run",
            Self::Cancelled => "cancelled",
            Self::CoverageGap => "coverage_gap",
            Self::CollectorError => "collector_error",
            Self::TimedOut => "timed_out",
            Self::OutputLimit => "output_limit",
            Self::NoVmsConfirmed => "no_vms_confirmed",
        }
    }
}
