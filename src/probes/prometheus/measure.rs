//! The probe: rules and dashboards held against an endpoint or a server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde_json::json;

use crate::model::artifact::ArtifactFormat;
use crate::model::failure::{Failure, FailureKind};
use crate::model::probe::{Check, Finding, ProbeEnding, ProbeKind, ProbeVerdict};
use crate::probes::exposition::family::Parsed;
use crate::probes::probe::{Ground, Harvest, Probe, ReportFile};
use crate::probes::prometheus::dashboard::{Asked, Dashboard};
use crate::probes::prometheus::endpoint::Endpoint;
use crate::probes::prometheus::judge::Query;
use crate::probes::prometheus::rule::{Rule, Ruled, of_scrape};
use crate::probes::prometheus::scene::Scene;
use crate::probes::prometheus::server::Server;
use crate::probes::prometheus::verdict::{Judged, Verdict};
use crate::probes::web::Web;
use crate::tables::samples::prometheus_query::PrometheusQuery;
use crate::tables::samples::prometheus_rule::PrometheusRule;
use crate::tables::table::{Row, TableSpec};

/// What metrics and dashboards are held against.
#[derive(Clone, Debug)]
pub enum Against {
    Endpoint { endpoint: Endpoint, web: Web },
    Server(Server),
}

/// A dashboard, and the file it is from, as the settings name it.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub file: String,
    pub dashboard: Dashboard,
}

#[derive(Clone, Debug)]
pub struct PrometheusProbe {
    pub against: Against,
    pub sheets: Vec<Sheet>,
    pub rules: Vec<Rule>,
    /// Verdicts on queries that fail the probe.
    pub failing: BTreeSet<Verdict>,
    /// Whether lines that break the format fail it.
    pub is_strict: bool,
    /// Where somebody hears of everything that was found.
    pub heard: Option<Arc<OnceLock<Heard>>>,
}

/// Everything that was found, as the tables have it.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub queries: Vec<PrometheusQuery>,
    pub rules: Vec<PrometheusRule>,
}

/// Everything that was found.
#[derive(Default)]
struct Found {
    queries: Vec<PrometheusQuery>,
    rules: Vec<PrometheusRule>,
    checks: Vec<Check>,
    by_verdict: BTreeMap<Verdict, u64>,
}

impl Probe for PrometheusProbe {
    fn kind(&self) -> ProbeKind {
        ProbeKind::Prometheus
    }

    fn tables(&self) -> &'static [&'static TableSpec] {
        &[&PrometheusQuery::SPEC, &PrometheusRule::SPEC]
    }

    fn view(&self) -> serde_json::Value {
        let place = match &self.against {
            Against::Endpoint { endpoint, .. } => json!({ "metrics": endpoint.url.as_str() }),
            Against::Server(server) => json!({ "server": server.api.base.as_str() }),
        };
        let dashboard = |sheet: &Sheet| json!({ "file": sheet.file, "title": sheet.dashboard.title, "queries": sheet.dashboard.asked.len() });
        json!({
            "against": place,
            "dashboards": self.sheets.iter().map(dashboard).collect::<Vec<_>>(),
            "rules": self.rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "fails_on": self.failing.iter().map(|verdict| verdict.word()).collect::<Vec<_>>(),
        })
    }

    async fn measure(&self, ground: &Ground, harvest: &mut Harvest) -> ProbeVerdict {
        for sheet in &self.sheets {
            for panel in &sheet.dashboard.elsewhere {
                let file = &sheet.file;
                harvest
                    .warnings
                    .push(format!("{file}: the queries of library panel `{panel}` are not in the file"));
            }
        }
        let mut found = Found::default();
        let work = async {
            match &self.against {
                Against::Endpoint { endpoint, web } => {
                    self.at_endpoint(endpoint, web, ground, harvest, &mut found).await
                }
                Against::Server(server) => self.at_server(server, ground, &mut found).await,
            }
        };
        let ended = tokio::select! {
            ended = work => ended,
            () = ground.stop.cancelled() => Err(Failure::new(FailureKind::Cancelled, "stopped before its end")),
        };
        let headline = self.headline(&found);
        let is_broken = found.checks.iter().any(|check| check.finding != Finding::Held);
        if let Some(heard) = &self.heard {
            let _once = heard.set(Heard { queries: found.queries.clone(), rules: found.rules.clone() });
        }
        harvest.batches.push(PrometheusQuery::batch(found.queries));
        harvest.batches.push(PrometheusRule::batch(found.rules));
        match ended {
            Err(failure) => ProbeVerdict { checks: found.checks, ..ProbeVerdict::failed(failure) },
            Ok(()) => {
                let ending = if is_broken { ProbeEnding::ThresholdFailed } else { ProbeEnding::Passed };
                ProbeVerdict { ending, grade: None, checks: found.checks, headline }
            }
        }
    }
}

impl PrometheusProbe {
    async fn at_endpoint(
        &self,
        endpoint: &Endpoint,
        web: &Web,
        ground: &Ground,
        harvest: &mut Harvest,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let before = endpoint.scrape(web).await?;
        tokio::time::sleep(endpoint.interval).await;
        let now = endpoint.scrape(web).await?;
        self.report_errors(&now, harvest, found);
        for rule in &self.rules {
            found.rule(ground, rule, of_scrape(rule, &now));
        }
        let scene = Scene::of_endpoint(&before, &now, &endpoint.target_labels, endpoint.honors_labels);
        for sheet in &self.sheets {
            for asked in &sheet.dashboard.asked {
                let query = Query::of(asked, &sheet.dashboard.variables);
                let judged = query.judge_by_look(&asked.question, &scene);
                self.add(found, ground, (sheet, asked), &query, judged, None);
            }
        }
        Ok(())
    }

    async fn at_server(&self, server: &Server, ground: &Ground, found: &mut Found) -> Result<(), Failure> {
        let now = ground.clock.now();
        let mut all = Vec::new();
        for sheet in &self.sheets {
            all.extend(sheet.dashboard.asked.iter().map(|asked| (sheet, asked)));
        }
        let queries: Vec<Query> =
            all.iter().map(|(sheet, asked)| Query::of(asked, &sheet.dashboard.variables)).collect();
        let visit = server.visit(&queries, now).await?;
        for rule in &self.rules {
            found.rule(ground, rule, server.rule(rule, now).await?);
        }
        for ((sheet, asked), query) in all.into_iter().zip(&queries) {
            let begun = ground.clock.instant();
            let answer = visit.judge(&asked.question, query).await?;
            let told = (answer.series, i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX));
            self.add(found, ground, (sheet, asked), query, answer.judged, Some(told));
        }
        Ok(())
    }

    fn add(
        &self,
        found: &mut Found,
        ground: &Ground,
        (sheet, asked): (&Sheet, &Asked),
        query: &Query,
        judged: Judged,
        told: Option<(Option<u64>, i64)>,
    ) {
        *found.by_verdict.entry(judged.verdict).or_default() += 1;
        if self.failing.contains(&judged.verdict) {
            found.checks.push(Check {
                expression: format!("{}: {} `{}`", sheet.dashboard.title, asked.place.word(), asked.title),
                value: None,
                shown: format!("{}: {}", judged.verdict.word(), judged.reason().unwrap_or_default()),
                finding: Finding::Broken,
            });
        }
        found.queries.push(PrometheusQuery {
            probe: ground.name.to_string(),
            dashboard: sheet.file.clone(),
            dashboard_title: sheet.dashboard.title.clone(),
            place: asked.place.word().to_owned(),
            title: asked.title.clone(),
            pointer: asked.pointer.clone(),
            query: asked.text.clone(),
            substituted: query.substituted.text.clone(),
            verdict: judged.verdict.word().to_owned(),
            reason: judged.reason(),
            suggestion: judged.suggestion(),
            remarks: judged.remarks,
            series: told
                .and_then(|(series, _)| series)
                .map(|series| i64::try_from(series).unwrap_or(i64::MAX)),
            duration_ms: told.map(|(_, duration_ms)| duration_ms),
        });
    }

    /// Lines that break the format: all of them in a report, the first as a warning.
    fn report_errors(&self, scrape: &Parsed, harvest: &mut Harvest, found: &mut Found) {
        let Some(first) = scrape.errors.first() else { return };
        let count = scrape.errors.len() + scrape.errors_left_out;
        harvest.warnings.push(format!("the metrics break their format in {count} places, first in {first}"));
        let mut body: String = scrape.errors.iter().map(|error| format!("{error}\n")).collect();
        if scrape.errors_left_out > 0 {
            body.push_str(&format!("and {} more\n", scrape.errors_left_out));
        }
        let name = "exposition_errors.txt".to_owned();
        harvest.reports.push(ReportFile { name, format: ArtifactFormat::Text, body: body.into() });
        if self.is_strict {
            found.checks.push(Check {
                expression: "the metrics keep to their format".to_owned(),
                value: None,
                shown: first.to_string(),
                finding: Finding::Broken,
            });
        }
    }

    /// `41 queries: 38 ok, 2 missing_metric, 1 degraded; 11 rules: 10 held, 1 broken`
    fn headline(&self, found: &Found) -> String {
        let verdicts: Vec<_> =
            found.by_verdict.iter().map(|(verdict, count)| format!("{count} {}", verdict.word())).collect();
        let held = found.rules.iter().filter(|rule| rule.finding == "held").count();
        let mut parts = Vec::new();
        if !found.queries.is_empty() {
            parts.push(format!("{} queries: {}", found.queries.len(), verdicts.join(", ")));
        }
        let skipped: u64 = self.sheets.iter().map(|sheet| sheet.dashboard.skipped).sum();
        if skipped > 0 {
            parts.push(format!("{skipped} queries of other data sources left out"));
        }
        if !found.rules.is_empty() {
            let broken = found.rules.len() - held;
            parts.push(format!("{} rules: {held} held, {broken} broken", found.rules.len()));
        }
        if parts.is_empty() { "nothing was asked".to_owned() } else { parts.join("; ") }
    }
}

impl Found {
    fn rule(&mut self, ground: &Ground, rule: &Rule, ruled: Ruled) {
        let word = match ruled.finding {
            Finding::Held => "held",
            Finding::Broken => "broken",
            Finding::Unknown => "unknown",
        };
        self.rules.push(PrometheusRule {
            probe: ground.name.to_string(),
            metric: rule.metric.clone(),
            rule: rule.to_string(),
            finding: word.to_owned(),
            value: ruled.value,
            shown: ruled.shown.clone(),
        });
        let (expression, finding) = (rule.to_string(), ruled.finding);
        self.checks.push(Check { expression, value: ruled.value, shown: ruled.shown, finding });
    }
}
