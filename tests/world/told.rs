//! What a simulated host tells, collector by collector, read without the code under test.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lustrum::simulator::fault::COLLECTORS;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::world::World;
use serde_json::Value;

use crate::world::simulated_host::SimulatedHost;

/// The answers of one host.
pub struct Told {
    objects: BTreeMap<String, Vec<Value>>,
    status: BTreeMap<String, String>,
    /// The JSON as it came.
    pub text: String,
}

impl Told {
    /// Asks a host of a fleet for everything.
    pub async fn by(spec: &FleetSpec, host: usize) -> Self {
        Self::by_host(&SimulatedHost::of(spec, host)).await
    }

    async fn by_host(host: &SimulatedHost) -> Self {
        let request = serde_json::json!({
            "wire": 1, "collectors": COLLECTORS, "collector_deadline_ms": 60000,
            "record_chars": 1_500_000, "gzip": false,
        });
        let output = host.run_script(&request.to_string()).await;
        let mut told = Self { objects: BTreeMap::new(), status: BTreeMap::new(), text: String::new() };
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let line = line.strip_prefix("@@lustrum1 ").unwrap();
            let mut values = serde_json::Deserializer::from_str(line).into_iter::<Value>();
            let header = values.next().unwrap().unwrap();
            let payload = line[values.byte_offset()..].trim();
            let word = header["collector"].as_str().unwrap().to_owned();
            told.status.insert(word.clone(), header["status"].as_str().unwrap().to_owned());
            if payload.is_empty() {
                continue;
            }
            let json = String::from_utf8(BASE64.decode(payload).unwrap()).unwrap();
            // serde_json refuses lone surrogates, which the text may hold.
            let read: Vec<Value> = serde_json::from_str(&json.replace("\\ud800", "\\ufdd0")).unwrap();
            told.text.push_str(&json);
            told.objects.entry(word).or_default().extend(read);
        }
        told
    }

    /// Asks every host of a fleet.
    pub async fn by_fleet(spec: &FleetSpec) -> Vec<Self> {
        let world = Arc::new(World::of(spec));
        let mut fleet = Vec::new();
        for host in 0..spec.hosts {
            fleet.push(Self::by_host(&SimulatedHost::of_world(spec, world.clone(), host)).await);
        }
        fleet
    }

    pub fn of(&self, collector: &str) -> &[Value] {
        self.objects.get(collector).map_or(&[], Vec::as_slice)
    }

    pub fn status(&self, collector: &str) -> &str {
        &self.status[collector]
    }

    /// The texts of a property over a collector's objects; nulls left out.
    pub fn texts(&self, collector: &str, property: &str) -> Vec<&str> {
        self.of(collector).iter().filter_map(|object| object[property].as_str()).collect()
    }
}
