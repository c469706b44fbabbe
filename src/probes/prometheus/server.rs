//! Queries held against a Prometheus server: which series it has, and what it answers.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use promql_parser::label::{METRIC_NAME, MatchOp, Matcher};
use promql_parser::parser::VectorSelector;

use crate::model::failure::{Failure, FailureKind};
use crate::probes::prometheus::api::{Api, Ran};
use crate::probes::prometheus::judge::Query;
use crate::probes::prometheus::labels::{Labels, matchers};
use crate::probes::prometheus::pick::Series;
use crate::probes::prometheus::question::Question;
use crate::probes::prometheus::rule::{Rule, Ruled, Seen};
use crate::probes::prometheus::scene::Scene;
use crate::probes::prometheus::verdict::{Judged, Trouble, Verdict};

/// Selectors of one request.
const BATCH: usize = 20;

#[derive(Clone, Debug)]
pub struct Server {
    pub api: Api,
    /// How far back series are looked for, so that one that is gone is known as such.
    pub lookback: Duration,
}

/// A server at one instant.
pub struct Visit<'a> {
    server: &'a Server,
    /// Seconds of the epoch.
    now: i64,
    formats: bool,
    pub scene: Scene,
}

/// What is known of a query that was run.
pub struct Asked {
    pub judged: Judged,
    pub series: Option<u64>,
}

impl Server {
    /// Fetches what all the queries pick, by selectors first, and for those that pick nothing by
    /// the names alone, to tell why.
    pub async fn visit(&self, queries: &[Query], now: DateTime<Utc>) -> Result<Visit<'_>, Failure> {
        let now = now.timestamp();
        let start = now - i64::try_from(self.lookback.as_secs()).unwrap_or(i64::MAX / 2);
        let (names, labels) = self.api.names(start).await?;
        let kinds = self.api.kinds().await.unwrap_or_default();
        let selectors: Vec<&VectorSelector> = queries.iter().flat_map(Query::selectors).collect();
        let written: BTreeSet<String> = selectors.iter().map(|selector| exact(selector)).collect();
        let mut found = self.fetch(written, start, now).await?;
        let known = Series::new(found.iter().cloned(), [], Vec::new());
        let missing = selectors.iter().filter(|selector| known.pick(selector).is_err());
        let by_name: BTreeSet<String> = missing.flat_map(|selector| by_name(selector)).collect();
        found.extend(self.fetch(by_name, start, now).await?);
        found.sort();
        found.dedup();
        // A family that a target declares and the server has no series of.
        let there: BTreeSet<&String> = names.iter().collect();
        let suffixed = |family: &String| {
            ["", "_total", "_bucket", "_sum", "_count"].map(|suffix| format!("{family}{suffix}"))
        };
        let declared: Vec<String> =
            kinds.keys().flat_map(suffixed).filter(|name| !there.contains(name)).collect();
        let series = Series::new(found, declared, Vec::new()).with_names(names);
        let scene = Scene { series, kinds, labels: labels.into_iter().collect(), ..Scene::default() };
        let formats = self.api.formats().await;
        Ok(Visit { server: self, now, formats, scene })
    }

    /// Many at once; one by one where the server refuses one of them, which then has no series here.
    async fn fetch(&self, selectors: BTreeSet<String>, start: i64, end: i64) -> Result<Vec<Labels>, Failure> {
        let all: Vec<String> = selectors.into_iter().collect();
        let mut found = Vec::new();
        for batch in all.chunks(BATCH) {
            match self.api.series(batch, start, end).await {
                Ok(series) => found.extend(series),
                Err(failure) if failure.kind == FailureKind::RemoteError => {
                    for one in batch {
                        match self.api.series(std::slice::from_ref(one), start, end).await {
                            Ok(series) => found.extend(series),
                            Err(failure) if failure.kind == FailureKind::RemoteError => {}
                            Err(failure) => return Err(failure),
                        }
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(found)
    }

    pub async fn rule(&self, rule: &Rule, now: DateTime<Utc>) -> Result<Ruled, Failure> {
        let selector = format!("{{__name__=~{:?}}}", rule.names());
        let values = self.api.values(&selector, now.timestamp()).await?;
        let seen: Vec<_> = values.into_iter().map(|(metric, value)| Seen { metric, value }).collect();
        let is_declared = seen.is_empty() && {
            let kinds = self.api.kinds().await?;
            let family = rule.metric.strip_suffix("_total").unwrap_or(&rule.metric);
            kinds.contains_key(&rule.metric) || kinds.contains_key(family)
        };
        Ok(rule.judge(&seen, is_declared))
    }
}

impl Visit<'_> {
    /// What the labels say, then what the server says of the query, then what it answers: the
    /// answer has the last word.
    pub async fn judge(&self, question: &Question, query: &Query) -> Result<Asked, Failure> {
        let mut troubles = query.own_troubles();
        let unknown = |judged| Ok(Asked { judged, series: None });
        if !query.substituted.guessed.is_empty() {
            return unknown(Judged::of(troubles, Vec::new()));
        }
        let is_run = matches!(question, Question::Query | Question::Result { .. });
        let text = query.substituted.text.as_str();
        if self.formats && query.parsed.is_some() {
            match (self.server.api.format(text).await?, &query.parsed) {
                (Some(Err(why)), Some(Ok(_))) => {
                    troubles.push(Trouble::new(Verdict::TypeError, format!("the server refuses it: {why}")));
                    return unknown(Judged::of(troubles, Vec::new()));
                }
                // The server knows more than our parser.
                (Some(Ok(())), Some(Err(_))) => troubles.retain(|one| one.verdict != Verdict::TypeError),
                _ => {}
            }
        }
        if troubles.iter().any(|trouble| trouble.verdict == Verdict::TypeError) {
            return unknown(Judged::of(troubles, Vec::new()));
        }
        let look = query.look(question, &self.scene);
        if !is_run {
            troubles.extend(look.impossible);
            return unknown(Judged::of(troubles, Vec::new()));
        }
        let mut remarks = Vec::new();
        let ran = self.server.api.run(text, self.now).await?;
        match (&ran, look.impossible) {
            (Ran::Series(0), Some(why)) => troubles.push(why),
            (Ran::Series(0), None) if look.seen.may_be_empty => {
                remarks.push("no answer now: a condition, an offset or `absent()` decides".to_owned());
                troubles.extend(look.seen.troubles);
            }
            (Ran::Series(0), None) => troubles.push(self.why_empty(query).await?),
            (Ran::Series(_), Some(why))
                if why.verdict >= Verdict::MissingLabel && why.verdict != Verdict::TypeError =>
            {
                let suggestion = why.suggestion;
                let why = format!("it answers, although {}", why.why);
                troubles.push(Trouble::new(Verdict::Degraded, why).with_suggestion(suggestion));
            }
            (Ran::Series(_), _) => troubles.extend(look.seen.troubles),
            (Ran::Refused(_), Some(why)) if why.verdict != Verdict::TypeError => troubles.push(why),
            (Ran::Refused(why), _) => troubles.push(Trouble::new(Verdict::TypeError, why.as_str())),
            (Ran::GaveUp(why), _) => troubles.push(Trouble::new(Verdict::Unverifiable, why.as_str())),
        }
        let series = if let Ran::Series(count) = ran { Some(count) } else { None };
        Ok(Asked { judged: Judged::of(troubles, remarks), series })
    }

    /// Of a query whose series were all there within the last hour.
    async fn why_empty(&self, query: &Query) -> Result<Trouble, Failure> {
        for selector in query.selectors() {
            let count = format!("count({})", exact(selector));
            if self.server.api.run(&count, self.now).await? == Ran::Series(0) {
                let text = bare(selector);
                let back = humantime::format_duration(self.server.lookback);
                let why = format!("`{text}` was there within the last {back} and is there no more");
                return Ok(Trouble::new(Verdict::NoValue, why));
            }
        }
        Ok(Trouble::new(Verdict::NoValue, "its series are there, and it answers nothing"))
    }
}

/// A selector without its time, its name quoted, because it may have any characters.
fn exact(selector: &VectorSelector) -> String {
    match matchers(selector).as_slice() {
        [group] => {
            let all: Vec<_> = group.iter().map(ToString::to_string).collect();
            format!("{{{}}}", all.join(","))
        }
        _ => bare(selector),
    }
}

/// A selector without its time, as people write it.
fn bare(selector: &VectorSelector) -> String {
    VectorSelector { offset: None, at: None, ..selector.clone() }.to_string()
}

/// The selectors that only its name makes.
fn by_name(selector: &VectorSelector) -> Vec<String> {
    let of_name = |group: Vec<Matcher>| {
        let names: Vec<_> = group.into_iter().filter(|one| one.name == METRIC_NAME).collect();
        let some = names.iter().any(|one| matches!(one.op, MatchOp::Equal | MatchOp::Re(_)));
        let all: Vec<_> = names.iter().map(ToString::to_string).collect();
        some.then(|| format!("{{{}}}", all.join(",")))
    };
    matchers(selector).into_iter().filter_map(of_name).collect()
}
