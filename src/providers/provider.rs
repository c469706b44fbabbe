//! The contract of a platform: reach a target, log on, and let it tell its tables.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::credential::Credential;
use crate::model::failure::Failure;
use crate::model::outcome::{Outcome, StepName};
use crate::model::target::Target;
use crate::tables::table::{RowBatch, TableId};

/// How a platform is opened.
pub trait Provider: Send + Sync {
    type Contact: Contact;

    /// Finds out, without a credential, whether something we can talk to listens there.
    fn reach(&self, target: &Target) -> impl Future<Output = Result<Self::Contact, Failure>> + Send;
}

/// A target that answered, before the logon.
pub trait Contact: Send {
    type Session: Session;

    /// What the target said of itself, for the log: `Windows 10.0.20348`.
    fn greeting(&self) -> Option<String>;

    /// Exactly one logon.
    fn logon(self, credential: &Credential) -> impl Future<Output = Result<Self::Session, Failure>> + Send;
}

/// A target that is open.
pub trait Session: Send {
    /// Asks once for all tables. Findings go to the sink as they arrive; what arrived
    /// before an error stays. The error, if any, is the one that ended the conversation;
    /// every step that had no outcome yet shares it.
    fn collect(
        &mut self,
        ask: &Ask,
        sink: &mut impl Sink,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Gives back what the target holds for us. Always called, also after a dropped
    /// `collect`; an error says what may be left behind.
    fn close(self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What a session is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub tables: Vec<TableId>,
    /// Stamped on every row.
    pub collected_at: DateTime<Utc>,
    /// The longest any one collector may take on the host.
    pub collector_deadline: std::time::Duration,
}

/// One thing learned from a target.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The VM ids by the independent path, or why there is none.
    Baseline(Result<Baseline, Failure>),
    /// Rows of one table.
    Rows(RowBatch),
    /// A collector has ended. `seen` are the distinct VM ids in all its rows, told only by
    /// collectors that owe a row for every VM; a VM without disks or checkpoints is no gap.
    Ended { step: StepName, table: TableId, outcome: Outcome, seen: Option<Vec<Uuid>>, duration_ms: u64 },
}

/// The VM ids a host owns, by a path that shares nothing with the `vm` collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// VM id and display name, sorted by id, without repeats.
    pub vms: Vec<(Uuid, String)>,
    /// With no VMs: what shows that there really are none.
    pub zero_proven: bool,
    /// How it was read: `cim` or `cmdlet`.
    pub path: String,
}

/// Where findings go. Awaiting it is the backpressure of the spool.
pub trait Sink: Send {
    fn put(&mut self, finding: Finding) -> impl Future<Output = ()> + Send;
}
