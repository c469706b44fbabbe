//! `lustrum config`: what is wrong with the settings, and which are in force.

use serde_json::{Value as Json, json};

use crate::cli::columns::{Columns, counted};
use crate::cli::terminal::Look;
use crate::config::load::{self, Loaded, Request, Secrets};
use crate::config::problem::Problems;

/// What `config check` found.
pub struct Checked {
    pub problems: Problems,
    pub warnings: Vec<String>,
    /// `ok: 12 hosts, 3 credentials`.
    pub verdict: String,
}

/// Looks at everything a run would need. Without a job there need be no fleet: then only
/// `lustrum.toml` and the environment are read.
pub fn check(request: &Request, with_secrets: bool) -> Checked {
    let has_fleet = request.job.is_some();
    let found = if has_fleet {
        let secrets = if with_secrets { Secrets::All } else { Secrets::None };
        load::ask(request, secrets).map(|asked| {
            let hosts = counted(asked.fleet.targets.len() as u64, "host", "hosts");
            let credentials = counted(asked.fleet.credentials().len() as u64, "credential", "credentials");
            let missing = if with_secrets { "" } else { " (secrets not looked at)" };
            (asked.warnings, format!("ok: job {}, {hosts}, {credentials}{missing}", asked.job.name))
        })
    } else {
        load::load(request).map(|loaded| (loaded.warnings, "ok".to_owned()))
    };
    let found = found.and_then(|found| {
        let of_notify =
            if has_fleet && with_secrets { load::notify_secrets(request) } else { Problems::default() };
        of_notify.or(found)
    });
    match found {
        Ok((warnings, verdict)) => Checked { problems: Problems::default(), warnings, verdict },
        Err(problems) => Checked { verdict: problem_count(&problems), problems, warnings: Vec::new() },
    }
}

pub fn problem_count(problems: &Problems) -> String {
    format!("{} in the configuration", counted(problems.0.len() as u64, "problem", "problems"))
}

pub fn check_json(checked: &Checked) -> Json {
    json!({ "ok": checked.problems.is_empty(), "problems": checked.problems, "warnings": checked.warnings })
}

/// The settings in force as TOML, which can be read back but for masked literals.
pub fn show(loaded: &Loaded) -> String {
    toml::to_string(&loaded.job).expect("a job is a table of plain values")
}

/// One line a setting: key, value, origin.
pub fn show_with_origin(loaded: &Loaded, look: Look) -> String {
    let mut columns = Columns::default();
    for (key, value) in leaves(loaded) {
        columns.row([key.clone(), value.to_string(), loaded.origins.of(&key)]);
    }
    columns.lines(look.width).iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n")
}

pub fn show_json(loaded: &Loaded, with_origin: bool) -> Json {
    if !with_origin {
        return json!(loaded.job);
    }
    let with_origin = |(key, value): (String, Json)| {
        let origin = loaded.origins.of(&key);
        json!({ "key": key, "value": value, "origin": origin })
    };
    leaves(loaded).into_iter().map(with_origin).collect()
}

/// Every setting by its dotted key; a list of plain values is one setting.
fn leaves(loaded: &Loaded) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    gather(json!(loaded.job), String::new(), &mut found);
    found
}

fn gather(value: Json, key: String, found: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name } else { format!("{key}.{name}") };
                gather(value, key, found);
            }
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            for (index, item) in items.into_iter().enumerate() {
                gather(item, format!("{key}[{index}]"), found);
            }
        }
        other => found.push((key, other)),
    }
}
