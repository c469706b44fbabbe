//! What became of a slot whose processes were killed, as its store tells it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lustrum::model::credential::Secret;
use lustrum::model::run::{JobName, Slot};
use lustrum::output::layout::{self, Key};
use lustrum::output::published::hex;
use lustrum::output::s3::{self, Keys, S3Access};
use lustrum::output::store::Store;
use lustrum::simulator::running::Simulator;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How one slot came to its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Killed {
    /// Hosts that the process which committed it found finished.
    pub taken_up: u64,
    /// The rows of its tables, without what tells one run from another.
    pub rows: BTreeMap<String, Vec<String>>,
}

/// The program that is killed: `LUSTRUM_BIN`, else the one just built.
pub fn program() -> PathBuf {
    let told = std::env::var_os("LUSTRUM_BIN").unwrap_or(env!("CARGO_BIN_EXE_lustrum").into());
    std::path::absolute(told).unwrap()
}

/// How long the lease of a process outlives it when that is killed, in a [`Bucket`]; stores tell
/// whole seconds.
pub const LEASE: Duration = Duration::from_secs(12);

/// A root of its own in the bucket `census` of an S3 server.
pub struct Bucket {
    pub store: Store,
    endpoint: String,
    root: String,
}

impl Bucket {
    /// `prefix` has been used by nobody.
    pub fn new(endpoint: &str, prefix: &str) -> Self {
        let root = format!("s3://census/{prefix}");
        let key = || Secret::new("census".to_owned());
        let keys = Keys { access_key: key(), secret_key: key(), session_token: None };
        let access =
            S3Access { endpoint: Some(endpoint.to_owned()), keys: Some(keys), ..S3Access::default() };
        Self { store: s3::open(&root, &access).unwrap(), endpoint: endpoint.to_owned(), root }
    }

    /// How a process finds it. Every host is staged as soon as it has finished.
    pub fn environment(&self) -> [(&'static str, &str); 7] {
        [
            ("AWS_ACCESS_KEY_ID", "census"),
            ("AWS_SECRET_ACCESS_KEY", "census"),
            ("LUSTRUM__OUTPUT__DIR", &self.root),
            ("LUSTRUM__STORE__ENDPOINT", &self.endpoint),
            ("LUSTRUM__STORE__STAGE_HOSTS", "1"),
            ("LUSTRUM__STORE__LEASE_TTL", "10s"),
            ("LUSTRUM__STORE__LEASE_HEARTBEAT", "3s"),
        ]
    }
}

/// The file of the job `census`.
pub fn job(fleet: &Simulator, more: &str) -> String {
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.address().ip())).collect();
    let port = fleet.hosts()[0].address().port();
    format!(
        "fleet.hosts = [{}]\nconnection.port = {port}\noutput.formats = [\"ndjson\"]\nlimits.concurrency = 2\n\
         tables = [\"vInfo\", \"vDisk\", \"vHost\"]\n{more}\n",
        hosts.join(", ")
    )
}

/// What its manifest says, if it has one. Everything that it names is there, to the byte.
pub async fn recorded(store: &Store, slot: &str) -> Option<Killed> {
    let key = layout::manifest(&JobName::parse("census").unwrap(), Slot::parse(slot).unwrap());
    let manifest: Value = serde_json::from_slice(&store.get(&key).await.unwrap()?).unwrap();
    let mut rows = BTreeMap::new();
    for (path, artifact) in manifest["artifacts"].as_object().unwrap() {
        let body = store.get(&Key::parse(path).unwrap()).await.unwrap();
        let body = body.unwrap_or_else(|| panic!("the manifest names {path}, which is not there"));
        assert_eq!(artifact["sha256"], hex(&Sha256::digest(&body)), "{path}");
        if let Some(table) = path.strip_suffix(".ndjson") {
            let table = table.rsplit('/').next().unwrap().to_owned();
            rows.insert(table, std::str::from_utf8(&body).unwrap().lines().map(row).collect());
        }
    }
    assert!(!rows.is_empty(), "{manifest:#}");
    Some(Killed { taken_up: manifest["taken_up_hosts"].as_u64().unwrap_or_default(), rows })
}

/// A row without the run it was collected in, and without what is reckoned from the clock.
fn row(line: &str) -> String {
    let mut row: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
    row.retain(|column, _| !["run_id", "slot", "collected_at", "powered_on_at"].contains(&column.as_str()));
    Value::Object(row).to_string()
}
