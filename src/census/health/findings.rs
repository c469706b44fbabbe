//! Findings on their way to rows of vHealth.

use arrow_array::RecordBatch;

use crate::census::health::check::Check;
use crate::census::health::thresholds::Thresholds;
use crate::tables::derived::vhealth::Vhealth;
use crate::tables::sheet::Place;
use crate::tables::table::Row;

/// Findings in the order in which they were found.
pub struct Findings<'a> {
    thresholds: &'a Thresholds,
    rows: Vec<(Check, Vhealth)>,
    /// How many of them know where they belong.
    placed: usize,
}

impl<'a> Findings<'a> {
    pub fn new(thresholds: &'a Thresholds) -> Self {
        Self { thresholds, rows: Vec::new(), placed: 0 }
    }

    /// A finding about a host, or about something that is not a VM on it.
    pub fn add(&mut self, check: Check, host: Option<&str>, name: &str, message: impl Into<String>) {
        self.push(check, host, None, name, message.into());
    }

    /// A finding about a VM; a VM without a name goes by its id.
    pub fn add_vm(
        &mut self,
        check: Check,
        host: &str,
        vm_id: &str,
        name: Option<&str>,
        message: impl Into<String>,
    ) {
        self.push(check, Some(host), Some(vm_id), name.unwrap_or(vm_id), message.into());
    }

    fn push(&mut self, check: Check, host: Option<&str>, vm_id: Option<&str>, name: &str, message: String) {
        if self.thresholds.disabled.contains(&check) {
            return;
        }
        let row = Vhealth {
            host: host.map(str::to_owned),
            vm_id: vm_id.map(str::to_owned),
            name: name.to_owned(),
            message,
            message_type: check.message_type().to_owned(),
            check: check.word().to_owned(),
            severity: check.severity().word().to_owned(),
            sdk_server: None,
            sdk_uuid: None,
        };
        self.rows.push((check, row));
    }

    /// Puts a VM's findings together, VMs by id, each VM's by check.
    pub fn sort_by_vm(&mut self) {
        self.rows.sort_by(|(a, x), (b, y)| (&x.vm_id, a).cmp(&(&y.vm_id, b)));
    }

    pub fn append(&mut self, others: Self) {
        self.rows.extend(others.rows);
    }

    /// Says where those found since the last call belong.
    pub fn place(&mut self, place: &Place) {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        for (_, row) in &mut self.rows[self.placed..] {
            row.sdk_server = known(&place.sdk_server);
            row.sdk_uuid = known(&place.sdk_uuid);
        }
        self.placed = self.rows.len();
    }

    pub fn into_rows(self) -> RecordBatch {
        Vhealth::batch(self.rows.into_iter().map(|(_, row)| row).collect()).columns
    }
}
