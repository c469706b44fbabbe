//! What a Prometheus server answers. <https://prometheus.io/docs/prometheus/latest/querying/api/>

use std::collections::{BTreeMap, HashMap};

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::model::failure::{Failure, FailureKind};
use crate::probes::exposition::dialect::Dialect;
use crate::probes::exposition::family::Kind;
use crate::probes::prometheus::labels::Labels;
use crate::probes::web::Web;

#[derive(Clone, Debug)]
pub struct Api {
    pub web: Web,
    /// With or without a path before `/api/v1`.
    pub base: Url,
}

/// What became of a query that was run.
#[derive(Clone, Debug, PartialEq)]
pub enum Ran {
    /// So many series; a number is one.
    Series(u64),
    /// The query is wrong, or cannot be run over these series.
    Refused(String),
    /// It took too long, or too much.
    GaveUp(String),
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Value,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "type")]
    kind: String,
}

impl Api {
    /// Series of any of the selectors, within the given seconds of the epoch.
    pub async fn series(&self, selectors: &[String], start: i64, end: i64) -> Result<Vec<Labels>, Failure> {
        let mut form: Vec<_> = selectors.iter().map(|one| ("match[]", one.clone())).collect();
        form.extend([("start", start.to_string()), ("end", end.to_string())]);
        let data = self.data("series", &form).await?;
        serde_json::from_value(data).map_err(|error| unexpected(&error))
    }

    /// All values of a label, or with no name all labels.
    pub async fn names(&self, start: i64) -> Result<(Vec<String>, Vec<String>), Failure> {
        let mut both = Vec::new();
        for path in ["label/__name__/values", "labels"] {
            let mut url = self.url(path)?;
            url.query_pairs_mut().append_pair("start", &start.to_string());
            let envelope = self.envelope(self.web.get(url, "application/json").await?.body)?;
            both.push(serde_json::from_value(envelope.data).map_err(|error| unexpected(&error))?);
        }
        let labels = both.pop().unwrap_or_default();
        Ok((both.pop().unwrap_or_default(), labels))
    }

    /// What the targets say of their metrics, by family.
    pub async fn kinds(&self) -> Result<HashMap<String, Kind>, Failure> {
        let envelope = self.envelope(self.web.get(self.url("metadata")?, "application/json").await?.body)?;
        let all: BTreeMap<String, Vec<Metadata>> =
            serde_json::from_value(envelope.data).map_err(|error| unexpected(&error))?;
        let kind = |(name, said): (String, Vec<Metadata>)| {
            let kind = said.first().map(|said| said.kind.as_str()).unwrap_or_default();
            (name, Kind::of_word(kind, Dialect::OpenMetrics).unwrap_or(Kind::Unknown))
        };
        Ok(all.into_iter().map(kind).collect())
    }

    /// Whether the server can say what it thinks of a query without running it: since 2.33.
    pub async fn formats(&self) -> bool {
        self.format("vector(1)").await.is_ok_and(|said| said.is_some_and(|said| said.is_ok()))
    }

    /// What the server says against a query; nothing where it cannot tell.
    pub async fn format(&self, query: &str) -> Result<Option<Result<(), String>>, Failure> {
        let answer = self.web.post(self.url("format_query")?, &[("query", query.to_owned())]).await?;
        if answer.status == 404 || answer.status == 405 {
            return Ok(None);
        }
        let envelope = self.envelope(answer.body)?;
        Ok(Some(if envelope.status == "success" { Ok(()) } else { Err(envelope.error) }))
    }

    /// Runs a query for one instant, in seconds of the epoch.
    pub async fn run(&self, query: &str, at: i64) -> Result<Ran, Failure> {
        let form = [("query", query.to_owned()), ("time", at.to_string())];
        let answer = self.web.post(self.url("query")?, &form).await?;
        let envelope = self.envelope(answer.body)?;
        Ok(match (envelope.status.as_str(), envelope.error_type.as_str()) {
            ("success", _) => {
                let result = envelope.data.get("result").and_then(Value::as_array);
                let is_number = envelope.data.get("resultType").and_then(Value::as_str) == Some("scalar");
                let series = result.map_or(0, Vec::len);
                Ran::Series(if is_number { 1 } else { series as u64 })
            }
            (_, "bad_data" | "execution") => Ran::Refused(envelope.error),
            _ => Ran::GaveUp(envelope.error),
        })
    }

    /// The names and values of what a selector picks now.
    pub async fn values(&self, query: &str, at: i64) -> Result<Vec<(String, f64)>, Failure> {
        let data = self.data("query", &[("query", query.to_owned()), ("time", at.to_string())]).await?;
        let all = data.get("result").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let one = |one: &Value| {
            let name = one.pointer("/metric/__name__").and_then(Value::as_str).unwrap_or_default();
            let value = one.pointer("/value/1").and_then(Value::as_str)?.parse().ok()?;
            Some((name.to_owned(), value))
        };
        Ok(all.iter().filter_map(one).collect())
    }

    async fn data(&self, path: &str, form: &[(&str, String)]) -> Result<Value, Failure> {
        let envelope = self.envelope(self.web.post(self.url(path)?, form).await?.body)?;
        if envelope.status == "success" {
            return Ok(envelope.data);
        }
        Err(Failure::new(FailureKind::RemoteError, envelope.error).during(format!("asking for {path}")))
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/api/v1/{path}"));
        url.map_err(|error| Failure::new(FailureKind::Bug, error.to_string()))
    }

    fn envelope(&self, body: Vec<u8>) -> Result<Envelope, Failure> {
        serde_json::from_slice(&body).map_err(|_| {
            let message = format!("{} does not answer as a Prometheus server", self.base);
            Failure::new(FailureKind::Protocol, message)
        })
    }
}

fn unexpected(error: &serde_json::Error) -> Failure {
    Failure::new(FailureKind::Protocol, format!("an answer of the server is not as it should be: {error}"))
}
