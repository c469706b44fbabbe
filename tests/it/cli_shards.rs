//! `lustrum run --shard` and `lustrum finalize`, as a person and a pod meet them.

use std::process::Output;

use clap::Parser;
use lustrum::cli::args::{Arguments, Command, RunArguments};
use lustrum::cli::shard::told;
use lustrum::cli::slot::Told;
use lustrum::config::environment::Environment;
use lustrum::model::run::Slot;
use lustrum::model::shard::Shard;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;

use crate::sharded_job::{manifest, this_minute};
use crate::world::indexed_job::{IndexedJob, lustrum, write_job};

/// Enough for each of two shards.
const HOSTS: usize = 10;

fn arguments(line: &str) -> RunArguments {
    match Arguments::try_parse_from(line.split(' ')).unwrap().command {
        Command::Run(run) => *run,
        other => panic!("{other:?}"),
    }
}

fn told_by(line: &str, variables: &[(&str, &str)], slot: &Told) -> Result<Option<String>, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment: Environment = variables.collect();
    told(&arguments(line), &environment, slot).map(|shard| shard.map(|shard| shard.to_string()))
}

const POD: [(&str, &str); 2] = [("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "8")];

#[test]
fn a_shard_is_typed_or_an_indexed_pods() {
    let slot = Told::Slot(Slot::parse("20261121T060000.000Z").unwrap());
    let shard = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(told_by("lustrum run census", &[], &slot), Ok(None));
    assert_eq!(told_by("lustrum run census", &POD, &slot), shard("2/8"));
    assert_eq!(told_by("lustrum run census --shard 1/4", &POD, &slot), shard("1/4"));
    for half in [[POD[0], ("JOB_COMPLETIONS", "")], [POD[1], ("OTHER", "1")]] {
        assert_eq!(told_by("lustrum run census", &half, &slot), Ok(None));
    }
    // Who debugs a host inside the pod does not mean the shard.
    for line in
        ["lustrum run census --hosts hv01", "lustrum run census --only vInfo", "lustrum run --hosts a"]
    {
        assert_eq!(told_by(line, &POD, &Told::Nothing), Ok(None));
    }
}

#[test]
fn a_shard_that_cannot_be_one_is_told_why() {
    let slot = Told::Slot(Slot::parse("20261121T060000.000Z").unwrap());
    let refused = |line, variables: &[_], slot: &Told| told_by(line, variables, slot).unwrap_err();
    let wrong = [POD[0], ("JOB_COMPLETIONS", "two")];
    assert!(refused("lustrum run census", &wrong, &slot).contains("JOB_COMPLETIONS: shard `2/two`"));
    assert!(refused("lustrum run census", &POD, &Told::Nothing).contains("--slot"));
    let by_hand = Told::HandMade("by-hand".to_owned());
    assert!(refused("lustrum run census", &POD, &by_hand).contains("the Job by-hand has none in its name"));
    assert!(refused("lustrum run census --dry-run", &POD, &slot).contains("dry run"));
    for line in
        ["--shard 8/8", "--shard 1/2 --hosts a", "--shard 1/2 --retry latest", "--shard 1/2 --only vInfo"]
    {
        let line = format!("lustrum run census {line}");
        assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_shard_commits_and_everybody_after_it_tells_the_same() {
    let fleet =
        Simulator::start(FleetSpec::new(HOSTS, 1, 7).with_fault(0, "refuse".parse().unwrap())).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_job(&fleet, path);
    let slot = this_minute();
    let job = IndexedJob { folder: path, slot, completions: 2, password: "census" };
    let typed = slot.to_string();
    let finalize = |more: &[&str]| {
        lustrum(path, &[&["finalize", "census"], more].concat(), "")
            .env_remove("HYPERV_PASSWORD")
            .output()
            .unwrap()
    };

    let early = finalize(&[&typed]);
    assert_eq!(code(&early), 75, "{}", said(&early));
    assert!(said(&early).contains("no shard has begun"), "{}", said(&early));
    assert_eq!(code(&finalize(&["latest"])), 0, "nothing waits");

    let first = job.run(1, &["--exit-zero-if-recorded"]);
    assert_eq!(code(&first), 0, "{}", said(&first));
    assert!(said(&first).contains("shard 1/2 has ended, 1 of 2 have not"), "{}", said(&first));
    assert_eq!(manifest(path, slot).await, None);
    let asked = fleet.tally().connections;
    let again = job.run(1, &["--exit-zero-if-recorded"]);
    assert_eq!(code(&again), 0, "{}", said(&again));
    assert_eq!(fleet.tally().connections, asked, "a shard that has ended asks nobody");
    let waiting = finalize(&["latest"]);
    assert_eq!(code(&waiting), 75, "{}", said(&waiting));
    assert!(said(&waiting).contains("(0/2)"), "{}", said(&waiting));

    let other = IndexedJob { completions: 3, ..job }.run(2, &[]);
    assert_eq!(code(&other), 2, "{}", said(&other));
    assert!(said(&other).contains("is divided into 2 shards, and this is shard 2/3"), "{}", said(&other));
    let text = std::fs::read_to_string(path.join("schedules/census.toml")).unwrap();
    std::fs::write(path.join("schedules/census.toml"), text.replace("vDisk", "vMemory")).unwrap();
    let job = IndexedJob { folder: path, slot, completions: 2, password: "census" };
    let changed = job.run(0, &[]);
    assert_eq!(code(&changed), 2, "{}", said(&changed));
    assert!(said(&changed).contains("ask another question"), "{}", said(&changed));
    std::fs::write(path.join("schedules/census.toml"), text).unwrap();

    // The one host that is down makes it exit 1.
    let last = job.run(0, &[]);
    assert_eq!(code(&last), 1, "{}", said(&last));
    let committed = manifest(path, slot).await.unwrap();
    assert_eq!(committed.hosts.len(), HOSTS);
    for (output, expected) in [
        (job.run(0, &[]), 1),
        (job.run(1, &["--exit-zero-if-recorded"]), 0),
        (finalize(&[&typed]), 1),
        (finalize(&[&typed, "--allow-missing", "--exit-zero-if-recorded"]), 0),
    ] {
        assert_eq!(code(&output), expected, "{}", said(&output));
        assert!(said(&output).contains("is committed by attempt"), "{}", said(&output));
    }
    assert_eq!(manifest(path, slot).await.unwrap(), committed);
    let verified = lustrum(path, &["runs", "verify", "latest"], "").output().unwrap();
    assert_eq!(code(&verified), 0, "{}", String::from_utf8_lossy(&verified.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_never_came_is_stated_and_not_waited_for() {
    let fleet = Simulator::start(FleetSpec::new(HOSTS, 1, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_job(&fleet, path);
    let slot = this_minute();
    let job = IndexedJob { folder: path, slot, completions: 2, password: "census" };
    let first = job.run(0, &[]);
    assert_eq!(code(&first), 0, "{}", said(&first));
    let finalized = lustrum(path, &["finalize", "census", "latest", "--allow-missing"], "").output().unwrap();
    assert_eq!(code(&finalized), 1, "{}", said(&finalized));
    let committed = manifest(path, slot).await.unwrap();
    let missing = Shard::new(1, 2).unwrap();
    assert!(committed.hosts.keys().any(|host| missing.holds(host)), "a fleet that shows nothing");
    for (host, record) in &committed.hosts {
        let verdict = record.verdict.as_ref().unwrap();
        let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.word()).collect();
        assert_eq!(reasons, if missing.holds(host) { vec!["not_run"] } else { vec![] }, "{host}");
    }
    let told = |text: &str| committed.warnings.iter().any(|warning| warning.message.contains(text));
    assert!(told("of shard 1/2 nothing more is known"), "{:?}", committed.warnings);
    // The straggler itself finds the slot committed and asks nobody.
    let shells = fleet.tally().shells_opened;
    let late = job.run(1, &["--exit-zero-if-recorded"]);
    assert!(code(&late) == 0 && said(&late).contains("is committed by attempt"), "{}", said(&late));
    assert_eq!(fleet.tally().shells_opened, shells);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_slot_finalizes_what_the_last_one_left() {
    let fleet = Simulator::start(FleetSpec::new(HOSTS, 1, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_job(&fleet, path);
    let slot = this_minute();
    let former = Slot::at(slot.instant() - chrono::TimeDelta::hours(1));
    let job = IndexedJob { folder: path, slot: former, completions: 2, password: "census" };
    // Nothing can be shown below a file: both shards end, and nobody can commit.
    std::fs::create_dir_all(path.join("out")).unwrap();
    std::fs::write(path.join("out/data"), "in the way").unwrap();
    assert_eq!(code(&job.run(0, &[])), 0);
    let last = job.run(1, &[]);
    assert_eq!(code(&last), 3, "{}", said(&last));
    assert_eq!(manifest(path, former).await, None);
    std::fs::remove_file(path.join("out/data")).unwrap();

    let shells = fleet.tally().shells_opened;
    let job = IndexedJob { slot, ..job };
    let next = job.run(1, &[]);
    assert_eq!(code(&next), 0, "{}", said(&next));
    assert_eq!(manifest(path, former).await, None, "only one shard of a slot looks back");
    let next = job.run(0, &[]);
    assert_eq!(code(&next), 0, "{}", said(&next));
    assert!(said(&next).contains("is committed with 10 hosts: its shards had left it"), "{}", said(&next));
    let (late, now) = (manifest(path, former).await.unwrap(), manifest(path, slot).await.unwrap());
    assert_eq!(late.counts(), now.counts());
    assert!(late.started_at < now.started_at);
    assert_eq!(
        fleet.tally().shells_opened - shells,
        HOSTS as u64,
        "the former slot's hosts were not asked again"
    );
}
