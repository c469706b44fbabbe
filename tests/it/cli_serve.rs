//! `lustrum serve` as systemd runs it: slots fire once each, files are read again, SIGTERM
//! commits nothing.

use std::path::Path;
use std::process::Command;

use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;

use crate::world::served::Served;

fn job(fleet: &Simulator, more: &str) -> String {
    let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.address().ip())).collect();
    let port = fleet.hosts()[0].address().port();
    format!(
        "tables = [\"vInfo\"]\nfleet.hosts = [{}]\nconnection.port = {port}\noutput.formats = [\"parquet\"]\n{more}\n",
        hosts.join(", ")
    )
}

fn write_job(folder: &Path, text: &str) {
    std::fs::create_dir_all(folder.join("schedules")).unwrap();
    std::fs::write(folder.join("schedules/census.toml"), text).unwrap();
}

fn committed_slots(folder: &Path) -> Vec<String> {
    let Ok(slots) = std::fs::read_dir(folder.join("out/runs/census")) else { return Vec::new() };
    let slots = slots.map(Result::unwrap).filter(|slot| slot.path().join("manifest.json").exists());
    let mut slots: Vec<_> = slots.map(|slot| slot.file_name().into_string().unwrap()).collect();
    slots.sort();
    slots
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_fire_and_files_are_read_again() {
    let fleet = Simulator::start(FleetSpec::new(2, 2, 7)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    write_job(&path, &job(&fleet, "[[schedule]]\ncron = \"@every 1s\""));
    let watched = tokio::task::spawn_blocking(move || {
        let mut daemon = Served::start(&path, &[]);
        let first = daemon.until("the run is committed");
        assert_eq!((&first["hosts"], &first["not_ok"]), (&2.into(), &0.into()));
        let second = daemon.until("the run is committed");
        assert_ne!(first["slot"], second["slot"]);

        // A file that cannot be used is told, and the job it held goes on.
        write_job(&path, "tables = [\"vInfos\"]\n");
        daemon.signal("HUP");
        let refused = daemon.until("the job it held before stays");
        assert!(refused["problem"].as_str().unwrap().contains("vInfo"), "{refused}");
        daemon.until("jobs read");
        daemon.until("the run starts");

        // A file that is gone takes its job with it.
        std::fs::remove_file(path.join("schedules/census.toml")).unwrap();
        daemon.signal("HUP");
        daemon.until("the job is gone");
        daemon.signal("TERM");
        let code = daemon.exit_code();
        assert!(matches!(code, Some(0 | 75)), "{code:?}");
        let slots = committed_slots(&path);
        for slot in [&first["slot"], &second["slot"]] {
            assert!(slots.contains(&slot.as_str().unwrap().to_owned()), "{slots:?}");
        }
        // `@every 1s` is anchored to whole seconds.
        assert!(slots.iter().all(|slot| slot.ends_with(".000Z")), "{slots:?}");
    });
    watched.await.unwrap();
    assert_eq!(fleet.tally().shells_open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_commits_nothing_and_asks_to_be_run_again() {
    let spec = FleetSpec::new(1, 2, 7).with_fault(0, Fault::Silent);
    let fleet = Simulator::start(spec).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    write_job(&path, &job(&fleet, "[[schedule]]\ncron = \"@every 1s\""));
    let watched = tokio::task::spawn_blocking(move || {
        let mut daemon = Served::start(&path, &[]);
        daemon.until("the run starts");
        // The host keeps its run going: the next slot finds it there.
        let left = daemon.until("the slot is not run");
        assert_eq!(left["why"], "StillRunning");
        daemon.signal("TERM");
        daemon.until("nothing is committed");
        assert_eq!(daemon.exit_code(), Some(75));
        assert_eq!(committed_slots(&path), Vec::<String>::new());
    });
    watched.await.unwrap();
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    let output = daemon.current_dir(folder.path()).arg("serve").env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("schedules is no folder of job files"));
}
