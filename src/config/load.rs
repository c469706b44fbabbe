//! The layers, put on top of each other: defaults < `lustrum.toml` < job file < environment < flags.

use std::path::{Path, PathBuf};

use figment::Figment;

use crate::config::check::check;
use crate::config::environment::Environment;
use crate::config::fleet::{self, Fleet};
use crate::config::job::{self, Job, Output, TableFormat};
use crate::config::layer::{self, Layer, Origin};
use crate::config::notify;
use crate::config::origins::Origins;
use crate::config::probe::settings as probe;
use crate::config::problem::{Problem, Problems, nearest};
use crate::config::secret::{self, Credentials, Surroundings};
use crate::config::store::Opening;
use crate::model::credential::CredentialName;
use crate::notify::courier::Courier;
use crate::output::delta::publisher::BUILT;
use crate::probes::catalogue::PlannedProbe;

/// What to load.
#[derive(Clone, Default)]
pub struct Request {
    /// Relative paths, those inside files too, begin here; empty for the working directory.
    pub directory: PathBuf,
    /// `--config`; without it, `lustrum.toml` if it is there.
    pub config: Option<PathBuf>,
    /// A job by name (`schedules/<name>.toml`) or by path; none for a run by flags alone.
    pub job: Option<String>,
    pub environment: Environment,
    /// One layer a flag.
    pub flags: Vec<Layer>,
}

/// Settings in force, where each comes from, and what an operator should know.
#[derive(Debug)]
pub struct Loaded {
    pub job: Job,
    pub origins: Origins,
    pub warnings: Vec<String>,
    directory: PathBuf,
}

/// Everything a run needs.
#[derive(Debug)]
pub struct Asked {
    pub job: Job,
    pub fleet: Fleet,
    /// Those that targets use.
    pub credentials: Credentials,
    pub probes: Vec<PlannedProbe>,
    pub warnings: Vec<String>,
}

/// The settings, or everything that is wrong with them.
pub fn load(request: &Request) -> Result<Loaded, Problems> {
    let (loaded, problems) = read(request);
    problems.or(loaded)
}

/// Which secrets are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Of what is only looked at.
    None,
    /// Of what asks no host.
    OfProbes,
    All,
}

/// Settings, fleet and, if asked for, credentials; or everything that is wrong with them,
/// whichever of the three it is in.
pub fn ask(request: &Request, secrets: Secrets) -> Result<Asked, Problems> {
    ask_with(request, secrets, |_| Problems::default())
}

/// The same, with settings that a command adjusts before they are looked at, and what it has
/// against them.
pub fn ask_with(
    request: &Request,
    secrets: Secrets,
    adjust: impl FnOnce(&mut Job) -> Problems,
) -> Result<Asked, Problems> {
    let (mut loaded, mut problems) = read(request);
    if problems.0.iter().any(Problem::is_about_a_file) {
        // With a layer missing, whatever else is missing may stand in it.
        return Err(problems);
    }
    problems.add_consequences(adjust(&mut loaded.job));
    let Loaded { job, origins, mut warnings, directory } = loaded;
    let fleet = fleet::resolve(&job, &origins, &directory).unwrap_or_else(|found| {
        problems.add_consequences(found);
        Fleet::default()
    });
    let mut credentials = Credentials::new();
    if secrets == Secrets::All {
        let surroundings = Surroundings {
            environment: &request.environment,
            methods: &|name| fleet.methods(name),
            origin: &|key| origins.of(key),
        };
        match secret::resolve(&job.credentials, fleet.credentials(), &surroundings) {
            Ok(resolved) => credentials = resolved,
            Err(found) => problems.add_consequences(found),
        }
        if let Err(found) = Opening::of(&job, &request.environment, &directory, |key| origins.of(key)) {
            problems.add_consequences(found);
        }
    }
    let hosts: Vec<_> = fleet.targets.iter().map(|target| target.host.clone()).collect();
    let around = probe::Surroundings {
        environment: &request.environment,
        directory: &directory,
        origin: &|key| origins.of(key),
        hosts: &hosts,
        with_secrets: secrets != Secrets::None,
    };
    let probes = probe::planned(&job.probe, &around).unwrap_or_else(|found| {
        problems.add_consequences(found);
        Vec::new()
    });
    warnings.extend(fleet.warnings.iter().cloned());
    warnings.extend(unused_user(&origins, &fleet));
    problems.or(Asked { job, fleet, credentials, probes, warnings })
}

/// The way into the store of a job that was loaded by this request.
pub fn opening(job: &Job, request: &Request) -> Result<Opening, Problems> {
    Opening::of(job, &request.environment, &request.directory, |_| "settings".to_owned())
}

/// Who is told of the runs of a job that was loaded by this request.
pub fn couriers(job: &Job, request: &Request) -> Vec<Courier> {
    notify::couriers(&job.notify, &request.environment, &request.directory)
}

/// What is wrong with the secrets of those who are told. It keeps no run from taking place.
pub fn notify_secrets(request: &Request) -> Problems {
    let (loaded, _) = read(request);
    let origin = |key: &str| loaded.origins.of(key);
    notify::look_at_secrets(&loaded.job.notify, &request.environment, &request.directory, origin)
}

/// The settings as far as they can be read, and what is wrong with the rest.
fn read(request: &Request) -> (Loaded, Problems) {
    let mut problems = Problems::default();
    let schema = job::schema().to_value();
    let mut figment = Figment::from(Layer::defaults());
    for mut layer in layers(request, &mut problems) {
        for problem in check(&mut layer, &schema).0 {
            problems.add(problem);
        }
        figment = figment.merge(layer);
    }
    let origins = Origins::in_layers(&figment);
    let job = figment.extract().unwrap_or_else(|error| {
        // The check lets nothing through that serde refuses; if it ever does, say it here.
        for error in error {
            let origin = error.metadata.as_ref().map_or("settings", |metadata| metadata.name.as_ref());
            problems.add(Problem::new(origin, error.path.join("."), error.kind.to_string()));
        }
        Job::default()
    });
    problems.add_consequences(notify::check(&job.notify, |key| origins.of(key)));
    if let Some(why) = unpublishable(&job.output, BUILT) {
        problems.add(Problem::new(origins.of("output.delta"), "output.delta", why).with_value("true"));
    }
    let mut warnings = stray_variables(&request.environment);
    warnings.extend(job.limits.uneven());
    (Loaded { job, origins, warnings, directory: request.directory.clone() }, problems)
}

/// Why a log of tables that is asked for cannot be had.
fn unpublishable(output: &Output, built: bool) -> Option<&'static str> {
    if !output.delta {
        None
    } else if !built {
        Some("this program was built without the feature `delta`; expected false")
    } else if !output.formats.contains(&TableFormat::Parquet) {
        Some("a Delta log lists Parquet files, and `output.formats` has no \"parquet\"")
    } else {
        None
    }
}

fn layers(request: &Request, problems: &mut Problems) -> Vec<Layer> {
    let mut layers = Vec::new();
    let mut file = |path: &Path| match Layer::from_file(path) {
        Ok(layer) => layers.push(layer),
        Err(problem) => problems.add(problem),
    };
    match &request.config {
        Some(path) => file(&request.directory.join(path)),
        None => {
            let usual = request.directory.join("lustrum.toml");
            if usual.exists() {
                file(&usual);
            }
        }
    }
    if let Some(job) = &request.job {
        match job_path(&request.directory, job) {
            Ok(path) => {
                file(&path);
                if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) {
                    // Weaker than the file itself, which may set another name.
                    let at = layers.len().saturating_sub(1);
                    layers.insert(at, Layer::one(Origin::FileName(path.clone()), "name", stem));
                }
            }
            Err(problem) => problems.add(problem),
        }
    }
    layers.extend(layer::from_environment(&request.environment));
    layers.extend(request.flags.iter().cloned());
    layers
}

/// `schedules/<name>.toml`, or the path itself if it looks like one.
fn job_path(directory: &Path, job: &str) -> Result<PathBuf, Problem> {
    let is_path = job.contains(['/', '\\']) || Path::new(job).extension().is_some();
    let schedules = directory.join("schedules");
    let path = if is_path { directory.join(job) } else { schedules.join(format!("{job}.toml")) };
    if path.exists() {
        return Ok(path);
    }
    let known = jobs_in(&schedules);
    let hint = match nearest(job, known.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; {} holds {}", schedules.display(), known.join(", ")),
    };
    Err(Problem::new(path.display(), "", format!("no such job file{hint}")))
}

fn jobs_in(schedules: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(schedules)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// `LUSTRUM_…` with single underscores is read by nobody: say so instead of ignoring it.
fn stray_variables(environment: &Environment) -> Vec<String> {
    environment
        .iter()
        .filter(|(name, _)| name.starts_with("LUSTRUM_") && !name.starts_with("LUSTRUM__"))
        .map(|(name, _)| {
            format!("{name} is not read: settings are written LUSTRUM__SECTION__KEY, such as LUSTRUM__LIMITS__CONCURRENCY")
        })
        .collect()
}

/// `--user` is about the default credential, which the job may have no use for.
fn unused_user(origins: &Origins, fleet: &Fleet) -> Option<String> {
    let given = origins.of("credentials.default.user") == Origin::Flag("--user".to_owned()).to_string();
    let used = fleet.credentials().contains(&CredentialName::default_name());
    (given && !used).then(|| "--user has no effect: no host uses the credential `default`".to_owned())
}
