//! `lustrum probe http-load`: one load by hand.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::archive;
use crate::cli::args::Global;
use crate::cli::dispatch::json;
use crate::cli::exit::{Exit, RunEnd};
use crate::cli::probe::alone::measure_alone;
use crate::cli::probe::http_load_args::{GradesArgument, HttpLoadArguments};
use crate::cli::probe::http_load_text::{document, render};
use crate::cli::probe::load_screen::beside::{Watching, beside};
use crate::cli::probe::load_screen::picture::Memory;
use crate::cli::probe::prepared::{Prepared, prepare};
use crate::cli::probe::single::{Single, measure};
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::signals::Signals;
use crate::cli::terminal::Terminal;
use crate::cli::{dotenv, request};
use crate::config::job::Job;
use crate::config::probe::http_load::{EndpointSettings, HttpLoadSettings, Preset};
use crate::config::probe::settings::ProbeSettings;
use crate::config::problem::{Problem, Problems, nearest, one_of};
use crate::config::store::Opening;
use crate::model::probe::{ProbeEnding, ProbeKind, ProbeName, ProbeVerdict};
use crate::output::layout::Key;
use crate::probes::catalogue::{AnyProbe, PlannedProbe};
use crate::probes::http_load::grades::GradeSet;
use crate::probes::http_load::measure::{Against, Listener};
use crate::probes::http_load::result::LoadResult;
use crate::transport::http::endpoint::Origin;

pub async fn probe(global: &Global, arguments: &HttpLoadArguments, terminal: &Terminal) -> Answer {
    let (job, preset) = meant(arguments)?;
    let request = request::of_http_load(global, arguments, job.clone(), dotenv::read()?);
    let has_job = job.is_some();
    let adjust = |job: &mut Job| adjusted(job, arguments, preset, has_job);
    let prepared = prepare(&request, ProbeKind::HttpLoad, arguments.name.as_deref(), adjust, terminal)?;
    let Prepared { job, mut planned, opening, mut warnings, log: _log } = prepared;
    let earlier = match arguments.compare.as_deref().filter(|text| !Path::new(text).is_file()) {
        Some(run) => Some(earlier(run, &planned.name, &opening).await?),
        None => None,
    };
    let listener = Arc::new(Listener::default());
    if let Some(AnyProbe::HttpLoad(probe)) = Arc::get_mut(&mut planned.probe) {
        if let Some(earlier) = earlier {
            probe.against = Some(Against::Earlier(Box::new(earlier)));
            probe.judging.fail_on_regression |= arguments.fail_on_regression;
        }
        probe.listener = Some(listener.clone());
        if probe.program.plan.trust.danger_accept_invalid_certs {
            warnings.push("any certificate is accepted: whoever answers may not be the service".to_owned());
        }
    }
    if preset == Some(Preset::Quick) {
        for warning in &warnings {
            terminal.warning(warning);
        }
        return on_the_screen(&planned, &listener, arguments.json, terminal).await;
    }
    let memory = Memory::of(&planned);
    let quit = CancellationToken::new();
    let root = opening.root.clone();
    let on_screen = terminal.full_screen && !arguments.json && !terminal.err_is_log();
    let shows_progress = !on_screen;
    let single = Single { job, planned, opening, warnings, quit: quit.clone(), shows_progress };
    let watching = Watching { terminal, listener: &listener, memory, on_screen, quit: &quit };
    let measured = beside(watching, measure(single, terminal)).await?;
    let Some(manifest) = measured.manifest else { return Ok(measured.exit) };
    let Some(record) = manifest.probes.values().next() else { return Ok(measured.exit) };
    let files: Vec<String> = manifest.artifacts.keys().map(|path| format!("{root}/{path}")).collect();
    let result = listener.outcome.get().map(|outcome| &outcome.result);
    let text = if arguments.json {
        json(&document(result, &record.verdict, Some(&manifest.run_id)))
    } else {
        render(result, &record.verdict, &files, terminal.out)
    };
    terminal.print(&text)?;
    Ok(measured.exit)
}

/// Whether the first word is a job or a preset.
fn meant(arguments: &HttpLoadArguments) -> Result<(Option<String>, Option<Preset>), Refusal> {
    let preset = |word: &str| Preset::ALL.into_iter().find(|preset| preset.word() == word);
    let words = Preset::ALL.map(Preset::word);
    let typed = match arguments.preset.as_deref() {
        None => None,
        Some(word) => Some(preset(word).ok_or_else(|| {
            Refusal::Usage(format!("unknown preset `{word}`: expected {}", one_of(word, words)))
        })?),
    };
    let Some(what) = arguments.what.as_deref() else {
        return match (&arguments.url, typed) {
            (Some(_), preset) => Ok((None, preset)),
            (None, _) => Err(Refusal::Usage("expected a job, or --url with what to GET".to_owned())),
        };
    };
    let is_file = || {
        let schedules = Path::new("schedules").join(format!("{what}.toml"));
        Path::new(what).exists() || schedules.exists()
    };
    match preset(what) {
        Some(preset) if arguments.url.is_none() => {
            let message = format!("the preset {} needs --url with what to GET, or a job", preset.word());
            Err(Refusal::Usage(message))
        }
        Some(preset) => Ok((None, Some(typed.unwrap_or(preset)))),
        None if !is_file() && (arguments.url.is_some() || nearest(what, words).is_some()) => {
            let message = format!("`{what}` is no job and no preset: expected {}", one_of(what, words));
            Err(Refusal::Usage(message))
        }
        None => Ok((Some(what.to_owned()), typed)),
    }
}

/// What was typed, put over the job's probe; without a job, it is all there is.
fn adjusted(job: &mut Job, typed: &HttpLoadArguments, preset: Option<Preset>, has_job: bool) -> Problems {
    let mut problems = Problems::default();
    if !has_job {
        let (base_url, path) = split(typed.url.as_deref().unwrap_or_default());
        let endpoint = EndpointSettings { name: "url".to_owned(), path, ..EndpointSettings::default() };
        let settings = HttpLoadSettings { base_url, endpoint: vec![endpoint], ..HttpLoadSettings::default() };
        job.probe = vec![ProbeSettings {
            name: ProbeName::parse(typed.name.as_deref().unwrap_or("http-load")).ok(),
            http_load: Some(settings),
            ..ProbeSettings::default()
        }];
    }
    let is_meant = |probe: &&mut ProbeSettings| {
        let named = typed.name.as_deref();
        named.is_none_or(|name| probe.name.as_ref().is_some_and(|own| own.as_str() == name))
    };
    let probes = job.probe.iter_mut().filter(is_meant);
    for settings in probes.filter_map(|probe| probe.http_load.as_mut()) {
        put(settings, typed, preset, has_job);
    }
    let is_quick = preset == Some(Preset::Quick);
    if !is_quick && (typed.threads.is_some() || typed.requests.is_some()) {
        let message = "--threads and --requests belong to the preset quick: use --concurrent and --total";
        problems.add(Problem::new("flags", "", message));
    }
    problems
}

fn put(settings: &mut HttpLoadSettings, typed: &HttpLoadArguments, preset: Option<Preset>, has_job: bool) {
    if let Some(preset) = preset {
        // A preset that is typed is no default for what the file says.
        settings.preset = Some(preset);
        (settings.concurrent, settings.total, settings.duration) = (None, None, None);
        (settings.rate, settings.ramp) = (None, None);
    }
    if preset == Some(Preset::Quick) {
        let threads = typed.threads.unwrap_or(Preset::Quick.concurrent());
        let each = typed.requests.unwrap_or(Preset::Quick.total() / u64::from(Preset::Quick.concurrent()));
        settings.concurrent = Some(threads);
        settings.total = Some(u64::from(threads) * each);
        // Nothing is kept that a later run could be compared with.
        settings.compare_with = settings.compare_with.take().filter(|with| with != "last");
        settings.fail_on_regression &= settings.compare_with.is_some();
    }
    if typed.duration.is_some() && typed.total.is_none() {
        settings.total = None;
    }
    fn over<T: Clone>(setting: &mut Option<T>, typed: &Option<T>) {
        if typed.is_some() {
            setting.clone_from(typed);
        }
    }
    over(&mut settings.concurrent, &typed.concurrent);
    over(&mut settings.total, &typed.total);
    over(&mut settings.duration, &typed.duration);
    over(&mut settings.rate, &typed.rate);
    over(&mut settings.ramp, &typed.ramp);
    over(&mut settings.warm_up, &typed.warm_up);
    over(&mut settings.think_time, &typed.think_time);
    over(&mut settings.slo, &typed.slo);
    over(&mut settings.monitor.metrics_url, &typed.metrics_url);
    settings.timeout = typed.timeout.unwrap_or(settings.timeout);
    settings.repeat = typed.repeat.unwrap_or(settings.repeat);
    settings.thresholds.extend(typed.thresholds.iter().cloned());
    settings.abort_on.extend(typed.abort_on.iter().cloned());
    settings.grades = match typed.grades {
        None => settings.grades,
        Some(GradesArgument::ThreeLevel) => GradeSet::ThreeLevel,
        Some(GradesArgument::Ci) => GradeSet::Ci,
        Some(GradesArgument::None) => GradeSet::None,
    };
    if has_job {
        settings.base_url = typed.url.clone().unwrap_or_else(|| std::mem::take(&mut settings.base_url));
    }
    if let Some(file) = &typed.ca_bundle {
        settings.trust.ca_bundle = Some(file.display().to_string());
    }
    settings.trust.danger_accept_invalid_certs |= typed.danger_accept_invalid_certs;
    match &typed.compare {
        Some(with) if Path::new(with).is_file() => {
            settings.compare_with = Some(with.clone());
            settings.fail_on_regression |= typed.fail_on_regression;
        }
        // A run of the store is put in later.
        Some(_) => {}
        None => settings.fail_on_regression |= typed.fail_on_regression,
    }
}

/// A URL as a base and a path. What is no URL stays whole, and is refused as a base.
fn split(url: &str) -> (String, String) {
    match Origin::split(url) {
        Ok((origin, rest)) if rest.starts_with('/') => (origin.to_string(), rest.to_owned()),
        Ok((origin, rest)) => (origin.to_string(), format!("/{rest}")),
        Err(_) => (url.to_owned(), "/".to_owned()),
    }
}

/// The result that a run of the store holds; of the probe of that name if there is one.
async fn earlier(run: &str, probe: &ProbeName, opening: &Opening) -> Result<LoadResult, Refusal> {
    let ledger = archive::open_root(opening)?;
    let manifest = ledger.find(run, None).await?;
    let is_result = |path: &&String| path.contains("/stress_test_results_");
    let results: Vec<&String> = manifest.artifacts.keys().filter(is_result).collect();
    let own = results.iter().find(|path| path.contains(&format!("/{probe}/")));
    let refused = |why: &str| Refusal::Usage(format!("--compare {run}: the run {} {why}", manifest.run_id));
    let path = match (own, &results[..]) {
        (Some(path), _) => path.as_str(),
        (None, [only]) => only.as_str(),
        (None, []) => return Err(refused("holds no result of a load")),
        (None, _) => return Err(refused("holds several results, none of a probe of this name")),
    };
    let key = Key::parse(path).map_err(|error| refused(&error.to_string()))?;
    let body = ledger.store().get(&key).await.map_err(|error| Refusal::Store(error.to_string()))?;
    let body = body.ok_or_else(|| refused("has lost its result: the file is gone"))?;
    LoadResult::read(&body).map_err(|why| refused(&format!("has a result that {why}")))
}

/// Measures without a run: nothing is written.
async fn on_the_screen(
    planned: &PlannedProbe,
    listener: &Listener,
    as_json: bool,
    terminal: &Terminal,
) -> Answer {
    let alone = measure_alone(planned, std::env::temp_dir(), &mut Signals::listen()?).await;
    let result = listener.outcome.get().map(|outcome| &outcome.result);
    let text = if as_json {
        json(&document(result, &alone.verdict, None))
    } else {
        render(result, &alone.verdict, &[], terminal.out)
    };
    terminal.print(&text)?;
    Ok(Exit::of_run(end_of(&alone.verdict, alone.was_told), false))
}

fn end_of(verdict: &ProbeVerdict, cancelled: bool) -> RunEnd {
    RunEnd {
        cancelled,
        threshold_failed: verdict.ending == ProbeEnding::ThresholdFailed,
        probes_not_measured: u64::from(verdict.ending.failure().is_some()),
        ..RunEnd::default()
    }
}
