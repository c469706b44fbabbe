//! The plan of a run for people: what would be asked of whom, and within which bounds.

use crate::cli::columns::{Columns, counted, duration};
use crate::cli::terminal::{Look, Paint};
use crate::engine::plan::Plan;
use crate::model::target::Target;
use crate::probes::probe::Probe;
use crate::stages::env::millis;

/// The plan as text.
pub fn render(plan: &Plan, look: Look) -> String {
    let hosts = counted(plan.targets.len() as u64, "host", "hosts");
    let heading = look.paint(Paint::Strong, &format!("Plan of {}", plan.job));
    let digest = plan.digest();
    let mut lines = vec![format!("{heading}  {hosts}  digest {}", &digest[..12]), String::new()];
    let bounds = &plan.bounds;
    let tables: Vec<&str> = plan.tables.iter().map(|spec| spec.title).collect();
    let credentials: std::collections::BTreeSet<&str> =
        plan.targets.iter().map(|target| target.credential.0.as_str()).collect();
    let mut facts = Columns::default();
    if plan.targets.is_empty() {
        facts.row(["deadline", &format!("run {}", duration(millis(bounds.run_deadline)))]);
        lines.extend(facts.lines(look.width));
        lines.extend(probes(plan, look));
        return lines.join("\n");
    }
    facts.row(["tables", &tables.join(" ")]);
    facts.row(["steps", &plan.steps_per_host().join(" → ")]);
    facts.row(["at a time", &counted(bounds.concurrency as u64, "host", "hosts")]);
    let deadlines = format!(
        "run {}, host {}, collector {}, each preflight step {}",
        duration(millis(bounds.run_deadline)),
        duration(millis(bounds.host_deadline)),
        duration(millis(bounds.collector_deadline)),
        duration(millis(bounds.preflight_deadline)),
    );
    facts.row(["deadlines", &deadlines]);
    let forgiven = if plan.policy.allow_partial_ok { ", gaps are forgiven" } else { "" };
    facts.row(["coverage", &format!("at least {}{forgiven}", plan.policy.coverage_threshold)]);
    let names = credentials.into_iter().collect::<Vec<_>>().join(", ");
    facts.row(["credentials", &format!("{names} (held back after {} refusals)", bounds.auth_failures)]);
    lines.extend(facts.lines(look.width));
    lines.push(String::new());
    lines.push(look.paint(Paint::Strong, "Hosts"));
    let mut columns = Columns::default();
    for target in &plan.targets {
        columns.row([target.host.as_str(), &way(target), target.credential.0.as_str()]);
    }
    lines.extend(columns.lines(None));
    lines.extend(probes(plan, look));
    lines.join("\n")
}

/// What is measured, in order; nothing where nothing is.
fn probes(plan: &Plan, look: Look) -> Vec<String> {
    if plan.probes.is_empty() {
        return Vec::new();
    }
    let mut columns = Columns::default();
    for planned in &plan.probes {
        let deadline = format!("within {}", duration(millis(planned.deadline)));
        columns.row([planned.name.as_str(), planned.probe.kind().spoken(), &deadline]);
    }
    let heading = [String::new(), look.paint(Paint::Strong, "Probes")];
    heading.into_iter().chain(columns.lines(None)).collect()
}

/// `https://hv01:5986 negotiate`.
fn way(target: &Target) -> String {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let scheme = word(serde_json::json!(target.scheme));
    let auth = word(serde_json::json!(target.auth));
    let trust = match &target.trust {
        trust if trust.danger_accept_invalid_certs => ", any certificate",
        trust if trust.pin_sha256.is_some() => ", pinned certificate",
        trust if trust.ca_bundle.is_some() => ", own CA",
        _ => "",
    };
    format!("{scheme}://{}:{} {auth}{trust}", target.address, target.port)
}
