//! Runs of the past, committed by the real writer from rows written as JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use lustrum::model::event::{Coverage, Event, NamedVm, RunHeader, Verdict};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::model::target::HostName;
use lustrum::output::commit::{Commit, commit};
use lustrum::output::draft::Draft;
use lustrum::output::source::TableSource;
use lustrum::output::spool::SpoolError;
use lustrum::output::store::Store;
use lustrum::output::writer::{TableFormat, write_table};
use lustrum::tables::catalogue;
use lustrum::tables::sheet::Place;
use lustrum::tables::table::TableSpec;
use serde_json::{Value, json};

use crate::world::sample_rows::host;

const TABLES: [&str; 4] = ["vinfo", "vdisk", "vsnapshot", "vhost"];

/// A run to be committed. All its hosts told every table unless said otherwise.
pub struct PastRun {
    pub header: RunHeader,
    pub manifest: Manifest,
    pub rows: BTreeMap<(String, HostName), Vec<Value>>,
    tables: Vec<&'static str>,
}

impl PastRun {
    pub fn full(job: &str, slot: &str) -> Self {
        let job = JobName::parse(job).unwrap();
        let slot = Slot::parse(slot).unwrap();
        let header = RunHeader {
            run_id: RunId::new(&job, slot),
            job,
            slot,
            attempt: Attempt::from_bits(0xab),
            started_at: slot.instant(),
            program_version: "0.1.0".to_owned(),
            plan_digest: "0".repeat(64),
            scope: Scope::Full,
            parent: None,
        };
        let manifest = Manifest::open(header.clone(), []);
        Self { header, manifest, rows: BTreeMap::new(), tables: TABLES.to_vec() }
    }

    pub fn retry(job: &str, slot: &str, parent: &Manifest) -> Self {
        let mut run = Self::full(job, slot);
        (run.header.scope, run.header.parent) = (Scope::Retry, Some(parent.run_id.clone()));
        (run.manifest.scope, run.manifest.parent) = (Scope::Retry, Some(parent.run_id.clone()));
        run
    }

    pub fn part(mut self) -> Self {
        (self.header.scope, self.manifest.scope) = (Scope::Part, Scope::Part);
        self
    }

    /// Writes these tables only.
    pub fn only(mut self, tables: &[&'static str]) -> Self {
        self.tables = tables.to_vec();
        self
    }

    /// A host that told everything.
    pub fn ok(self, name: &str) -> Self {
        self.host(name, &[], &TABLES)
    }

    /// A host that could not be reached.
    pub fn down(self, name: &str) -> Self {
        self.host(name, &[Reason::Unreachable], &[])
    }

    /// A host whose collectors ended well for the given tables only.
    pub fn host(mut self, name: &str, reasons: &[Reason], told: &[&str]) -> Self {
        let name = host(name);
        let at = self.header.started_at;
        let is_down = reasons.contains(&Reason::Unreachable);
        let failure = |why: &str| Failure::new(FailureKind::Unreachable, why);
        let mut step = |stage, step: &str, outcome| {
            let step = StepName(step.to_owned());
            let event = Event::StepEnded { host: name.clone(), stage, step, outcome, duration_ms: 5, at };
            self.manifest.apply(&event);
        };
        if is_down {
            let refused = failure("connection refused").during("reach");
            step(Stage::Preflight, "reach", Outcome::Failed { failure: refused });
        }
        for table in TABLES {
            let outcome = if told.contains(&table) {
                Outcome::Ok { rows: 0 }
            } else if is_down {
                Outcome::NotRun { failure: failure("the host was not reached") }
            } else {
                Outcome::Partial { rows: 0, failure: failure("broke off") }
            };
            step(Stage::Collect, table, outcome);
        }
        let verdict = Verdict {
            status: reasons.iter().map(|reason| reason.leads_to()).max().unwrap_or(FinalStatus::InventoryOk),
            reachable: !is_down,
            reasons: reasons.to_vec(),
            baseline_vms: (!is_down).then_some(0),
            coverage: BTreeMap::new(),
        };
        self.manifest.apply(&Event::HostAudited { host: name, verdict, duration_ms: 10 });
        self
    }

    /// A VM that the baseline holds and vinfo did not see.
    pub fn unseen(mut self, on: &str, vm_id: &str) -> Self {
        let verdict = self.manifest.hosts.get_mut(&host(on)).unwrap().verdict.as_mut().unwrap();
        let missing = vec![NamedVm { vm_id: vm_id.to_owned(), vm_name: vm_id.to_owned() }];
        let gap = Coverage { seen: 0, missing, unexpected: Vec::new(), share: None };
        verdict.coverage.insert(StepName("vinfo".to_owned()), gap);
        self
    }

    pub fn row(mut self, table: &str, on: &str, mut cells: Value) -> Self {
        cells["host"] = json!(on);
        if cells.get("collected_at").is_none() {
            cells["collected_at"] = json!(self.header.started_at.to_rfc3339());
        }
        let verdict = self.manifest.hosts.get_mut(&host(on)).and_then(|host| host.verdict.as_mut());
        if let ("vinfo", Some(vms)) = (table, verdict.and_then(|verdict| verdict.baseline_vms.as_mut())) {
            *vms += 1;
        }
        self.rows.entry((table.to_owned(), host(on))).or_default().push(cells);
        self
    }

    /// A running VM with two processors and 4 GiB.
    pub fn vm(self, on: &str, vm_id: &str) -> Self {
        self.vm_with(on, vm_id, json!({}))
    }

    pub fn vm_with(self, on: &str, vm_id: &str, other: Value) -> Self {
        let mut cells = json!({
            "vm_id": vm_id, "vm_name": format!("name-{vm_id}"), "vcpus": 2,
            "memory_startup_bytes": 4_i64 << 30, "native_state": "Running",
        });
        for (name, value) in other.as_object().unwrap() {
            cells[name] = value.clone();
        }
        self.row("vinfo", on, cells)
    }

    /// Writes and commits everything.
    pub async fn commit(self, store: &Store) -> Manifest {
        let Self { header, mut manifest, rows, tables } = self;
        let mut draft = Draft::new(store.clone(), &header);
        let hosts = manifest.hosts.keys().cloned().collect();
        let source: Arc<dyn TableSource> = Arc::new(JsonRows { hosts, rows });
        for table in tables {
            let spec = catalogue::named(table).unwrap();
            let written = write_table(&mut draft, &header, &source, spec, &[TableFormat::Parquet]).await;
            for artifact in written.unwrap() {
                manifest.apply(&Event::ArtifactWritten { artifact });
            }
        }
        manifest.apply(&Event::RunEnded { at: header.started_at + chrono::TimeDelta::seconds(90) });
        let ended = commit(draft, serde_json::to_vec(&manifest).unwrap()).await.unwrap();
        assert_eq!(ended, Commit::Committed);
        manifest
    }
}

struct JsonRows {
    hosts: Vec<HostName>,
    rows: BTreeMap<(String, HostName), Vec<Value>>,
}

/// Rows of a table from JSON objects; what an object does not name is null.
pub fn batch(spec: &TableSpec, rows: &[Value]) -> RecordBatch {
    let schema = (spec.schema)();
    // The decoder knows no zone by its name.
    let by_offset = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let zoned = DataType::Timestamp(*unit, Some("+00:00".into()));
            Field::new(field.name(), zoned, field.is_nullable())
        }
        _ => field.as_ref().clone(),
    });
    let by_offset = Arc::new(Schema::new(by_offset.collect::<Vec<_>>()));
    let mut decoder = arrow_json::ReaderBuilder::new(by_offset).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    let Some(decoded) = decoder.flush().unwrap() else { return RecordBatch::new_empty(schema) };
    let in_utc = |column: &ArrayRef| match column.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(instants) => Arc::new(instants.clone().with_timezone("UTC")) as ArrayRef,
        None => column.clone(),
    };
    RecordBatch::try_new(schema, decoded.columns().iter().map(in_utc).collect()).unwrap()
}

impl TableSource for JsonRows {
    fn hosts(&self) -> &[HostName] {
        &self.hosts
    }

    fn place(&self, _: &HostName) -> Place {
        Place::default()
    }

    fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        let rows = self.rows.get(&(table.id.to_string(), host.clone()));
        Ok(batch(table, rows.map_or(&[], Vec::as_slice)))
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        Ok(batch(table, &[]))
    }
}
