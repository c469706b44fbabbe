//! A table with a column of every type, and rows that are hard to write.

use chrono::{DateTime, Utc};

use lustrum::model::event::RunHeader;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::target::HostName;

lustrum::table! {
    /// Rows of a test.
    pub struct Sample as "sample" ("Sample") {
        /// The host.
        pub host: String,
        /// The VM's id.
        pub vm_id: String,
        /// When.
        pub collected_at: DateTime<Utc>,
        /// Text.
        pub vm_name: Option<String>,
        /// An integer.
        pub memory_mib: Option<i64>,
        /// A float.
        pub load: Option<f64>,
        /// A flag.
        pub running: Option<bool>,
        /// A list.
        pub addresses: Option<Vec<String>>,
    }
}

lustrum::table! {
    /// Rows of hosts: a table that knows no VMs.
    pub struct Plain as "plain" ("Plain") {
        /// The host.
        pub host: String,
        /// Text.
        pub note: Option<String>,
    }
}

pub fn host(name: &str) -> HostName {
    HostName::parse(name).unwrap()
}

pub fn header(attempt: u64) -> RunHeader {
    let job = JobName::parse("census").unwrap();
    let slot = Slot::parse("20261121T060000.000Z").unwrap();
    RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(attempt),
        started_at: slot.instant(),
        program_version: "0.1.0".to_owned(),
        plan_digest: "0".repeat(64),
        scope: Scope::Full,
        parent: None,
    }
}

/// A row in which nothing but the name is known.
pub fn named(host: &str, vm_id: &str, vm_name: &str) -> Sample {
    Sample {
        host: host.to_owned(),
        vm_id: vm_id.to_owned(),
        collected_at: DateTime::from_timestamp_micros(1_795_240_800_123_456).unwrap(),
        vm_name: Some(vm_name.to_owned()),
        memory_mib: None,
        load: None,
        running: None,
        addresses: None,
    }
}

/// Text that trips writers: formulas, quotes, line ends, CJK, controls, nothing at all.
pub const TRICKY: [&str; 14] = [
    "=cmd|' /C calc'!A0",
    "-5",
    "+1",
    "@SUM(A1)",
    "\tindented",
    "\rreturn",
    "a \"quoted\" name",
    "two\r\nlines",
    "comma, name",
    "データベース-01 数据库",
    "bell\u{7} nul\u{0} esc\u{1b}",
    "",
    " padded ",
    "😀 e\u{301}",
];

/// Every kind of cell, full and empty, for one host.
pub fn tricky(host: &str) -> Vec<Sample> {
    let names = TRICKY.iter().enumerate();
    let mut rows: Vec<_> =
        names.map(|(number, name)| named(host, &format!("vm-{number:04}"), name)).collect();
    rows[0].memory_mib = Some(i64::MAX);
    rows[0].load = Some(0.1);
    rows[0].running = Some(true);
    rows[0].addresses = Some(vec!["10.0.0.1".to_owned(), "fe80::1".to_owned()]);
    rows[1].memory_mib = Some(-1);
    rows[1].load = Some(-2.5e-9);
    rows[1].running = Some(false);
    rows[1].addresses = Some(Vec::new());
    rows.push(Sample { vm_name: None, ..named(host, "vm-9999", "") });
    rows
}
