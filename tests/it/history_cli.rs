//! A job over days as a user types it: run, retry, look back, compare, verify.

use std::path::Path;
use std::process::{Command, Output};

use lustrum::model::manifest::Manifest;
use lustrum::model::target::AuthMethod;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The job `daily`, which finds the fleet where it is now.
fn write_job(folder: &Path, fleet: &Simulator) {
    let targets = fleet.targets(AuthMethod::Negotiate);
    let hosts: Vec<_> = targets.iter().map(|target| format!("{:?}", target.host.as_str())).collect();
    let mut job = format!("name = \"daily\"\nfleet.hosts = [{}]\n", hosts.join(", "));
    for target in targets {
        let (host, address, port) = (target.host.as_str(), target.address, target.port);
        job.push_str(&format!("[[group]]\nhosts = [{host:?}]\naddress = {address:?}\nport = {port}\n"));
    }
    std::fs::create_dir_all(folder.join("schedules")).unwrap();
    std::fs::write(folder.join("schedules/daily.toml"), job).unwrap();
}

async fn lustrum(folder: &Path, line: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrum"));
    command.current_dir(folder).args(line).env_clear();
    command.env("HYPERV_USER", "census").env("HYPERV_PASSWORD", "census");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command prints when it ends with a code.
async fn said(folder: &Path, code: i32, line: &[&str]) -> String {
    let output = lustrum(folder, line).await;
    assert_eq!(output.status.code(), Some(code), "{line:?}: {}", text(&output.stderr));
    text(if code == 2 { &output.stderr } else { &output.stdout })
}

async fn json(folder: &Path, line: &[&str]) -> serde_json::Value {
    serde_json::from_str(&said(folder, 0, line).await).unwrap()
}

fn newest(folder: &Path) -> Manifest {
    serde_json::from_str(&std::fs::read_to_string(folder.join("out/manifest.json")).unwrap()).unwrap()
}

async fn fleet(faults: &[(usize, Fault)]) -> Simulator {
    let healthy = FleetSpec::new(4, 3, 7);
    let spec = faults.iter().fold(healthy, |spec, (host, fault)| spec.with_fault(*host, fault.clone()));
    Simulator::start(spec).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_its_retry_the_picture_and_the_changes_of_the_next_day() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();

    // The first day: one host is down, one is empty, one loses a collector.
    let disk = Fault::CollectorError("disk".to_owned());
    let day_1 = fleet(&[(1, Fault::Refuse), (2, Fault::EmptyNode), (3, disk.clone())]).await;
    write_job(folder, &day_1);
    said(folder, 1, &["run", "daily"]).await;
    let full = newest(folder);
    let (full_id, names) = (full.run_id.to_string(), full.hosts.keys().cloned().collect::<Vec<_>>());
    let named = |name: &str| names.iter().any(|host| host.as_str() == name);
    let list = std::fs::read_to_string(folder.join("out/targets_retry_hosts.txt")).unwrap();
    assert_eq!(list.lines().next(), Some(format!("# lustrum retry of {full_id}").as_str()));
    assert!(list.lines().skip(2).all(|line| named(line.split_whitespace().next().unwrap())), "{list}");

    // All is well again but the disks: the retry asks three hosts, without the empty one two.
    let repaired = fleet(&[(2, Fault::EmptyNode), (3, disk)]).await;
    write_job(folder, &repaired);
    said(folder, 1, &["run", "daily", "--retry", "latest"]).await;
    let retry = newest(folder);
    assert_eq!((retry.hosts.len(), retry.parent.as_ref()), (3, Some(&full.run_id)));
    said(
        folder,
        1,
        &["run", "daily", "--hosts-file", "out/targets_retry_hosts.txt", "--skip-confirmed-empty"],
    )
    .await;
    let again = newest(folder);
    assert_eq!(
        (again.hosts.len(), again.parent.as_ref()),
        (2, Some(&full.run_id)),
        "a retry of the same run"
    );

    let listed = json(folder, &["runs", "list", "--json"]).await;
    let scopes: Vec<_> =
        listed.as_array().unwrap().iter().map(|run| run["scope"].as_str().unwrap()).collect();
    assert_eq!(scopes, ["retry", "retry", "full"]);
    let picture = json(folder, &["runs", "show", again.run_id.as_str(), "--json"]).await;
    assert_eq!(picture["run"]["run_id"], full_id.as_str(), "the picture is that of the full run");
    assert_eq!(
        (&picture["counts"]["inventory_ok"], &picture["counts"]["inventory_error"]),
        (&2.into(), &0.into())
    );
    let shown = said(folder, 0, &["runs", "show", &full_id]).await;
    assert!(shown.contains("Retries") && shown.contains("Inventory Partial  1"), "{shown}");

    // Everything is there: nothing to retry, nothing committed.
    let healthy = fleet(&[]).await;
    write_job(folder, &healthy);
    said(folder, 0, &["run", "daily", "--retry", &full_id]).await;
    let nothing = said(folder, 0, &["run", "daily", "--retry", &full_id]).await;
    assert!(nothing.starts_with("nothing to retry"), "{nothing}");
    let empty_list = said(folder, 0, &["run", "daily", "--hosts-file", "out/targets_retry_hosts.txt"]).await;
    assert!(empty_list.starts_with("nothing to retry"), "{empty_list}");
    assert_eq!(json(folder, &["runs", "list", "--json"]).await.as_array().unwrap().len(), 4);

    // The next day another host is down: unknown, and none of its VMs is removed.
    let day_2 = fleet(&[(0, Fault::Refuse)]).await;
    write_job(folder, &day_2);
    said(folder, 1, &["run", "daily"]).await;
    let changes = json(folder, &["diff", "--json", "--parquet", "changes.parquet"]).await;
    assert_eq!(
        (changes["run_a"].as_str(), changes["retries_a"].as_array().unwrap().len()),
        (Some(full_id.as_str()), 3)
    );
    assert_eq!(
        (&changes["hosts_compared"], &changes["not_compared"][0]["change"]),
        (&3.into(), &"host_unknown".into())
    );
    let removed = ["vm_removed", "vm_gone", "vm_added"].map(|word| &changes["counts"][word]);
    assert!(removed.iter().all(|count| count.is_null()), "{}", changes["counts"]);
    let rows =
        ["changes", "old_checkpoints", "not_compared"].map(|list| changes[list].as_array().unwrap().len());
    let file = std::fs::File::open(folder.join("changes.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let written: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(written.iter().map(|rows| rows.num_rows()).sum::<usize>(), rows.iter().sum::<usize>());
    let told = said(folder, 0, &["diff", &full_id, "latest"]).await;
    assert!(told.contains("with 3 retries") && told.contains("Hosts not compared  1"), "{told}");

    // A run that picks hosts by hand is a part: no full run, and not what a diff takes.
    let host = names[1].as_str();
    said(folder, 0, &["run", "daily", "--hosts", host, "--only", "vInfo"]).await;
    let listed = json(folder, &["runs", "list", "--json"]).await;
    assert_eq!(listed[0]["scope"], "part");
    assert_eq!(json(folder, &["diff", "--json"]).await["run_b"], listed[1]["run_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_where_they_are_said_to_be_and_verify_knows_when_they_are_not() {
    let healthy = fleet(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_job(folder, &healthy);
    assert!(
        said(folder, 2, &["runs", "list"]).await.contains("there is no folder out"),
        "reading makes no folder"
    );
    assert!(!folder.join("out").exists());
    assert!(said(folder, 0, &["runs", "list", "--out-dir", "."]).await.starts_with("No committed runs in "));
    assert!(said(folder, 2, &["diff", "latest"]).await.contains("<RUN_B>"));
    said(folder, 0, &["run", "daily", "--out-dir", "past"]).await;
    let of = |line: &[&'static str]| [line, &["--out-dir", "past"]].concat();
    let vinfo =
        said(folder, 0, &of(&["runs", "files", "latest", "--table", "vInfo", "--format", "parquet"])).await;
    let vinfo = Path::new(vinfo.trim_end()).to_owned();
    assert!(vinfo.is_absolute() && vinfo.is_file(), "{}", vinfo.display());
    let all = said(folder, 0, &of(&["runs", "files", "daily/latest"])).await;
    assert!(all.lines().all(|path| Path::new(path).is_file()), "{all}");
    let listed = json(folder, &of(&["runs", "files", "latest", "--json"])).await;
    assert_eq!(listed.as_array().unwrap().len(), all.lines().count());
    let no_such = said(folder, 2, &of(&["runs", "files", "latest", "--table", "vInfos"])).await;
    assert!(no_such.contains("it holds the tables") && no_such.contains("vinfo"), "{no_such}");

    let well = said(folder, 0, &of(&["runs", "verify", "latest"])).await;
    assert!(well.starts_with(&format!("ok: {} objects", all.lines().count())), "{well}");
    let mut body = std::fs::read(&vinfo).unwrap();
    body[100] ^= 1;
    std::fs::write(&vinfo, body).unwrap();
    assert!(said(folder, 1, &of(&["runs", "verify", "latest"])).await.contains("hash differs  data/vinfo/"));
    let report = lustrum(folder, &of(&["runs", "verify", "latest", "--json"])).await;
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["ok"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_of_the_pen_is_one_clear_error() {
    let healthy = fleet(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_job(folder, &healthy);
    said(folder, 0, &["run", "daily"]).await;
    let run = newest(folder).run_id.to_string();
    let host = newest(folder).hosts.keys().next().unwrap().to_string();
    let only_one = said(folder, 2, &["diff"]).await;
    assert!(only_one.contains(&format!("`{run}` is the only full run")), "{only_one}");
    let expected =
        format!("error: no committed run `dialy` in {}; did you mean `daily`?\n", shown_root(folder));
    assert_eq!(said(folder, 2, &["runs", "show", "dialy"]).await, expected);
    assert!(
        said(folder, 2, &["run", "daily", "--retry", "20250101"])
            .await
            .contains("no committed run `20250101`")
    );
    let other = "lab-20261120T060000.000Z";
    let of_another_job = said(folder, 2, &["run", "daily", "--retry", other]).await;
    assert_eq!(of_another_job, format!("error: run `{other}` is of the job `lab`, and this is `daily`\n"));
    for (marked, why) in [(other, "is of the job `lab`"), ("daily-20250101T060000.000Z", "no committed run")]
    {
        std::fs::write(folder.join("list.txt"), format!("# lustrum retry of {marked}\n{host}\n")).unwrap();
        let refused = said(folder, 2, &["run", "daily", "--hosts-file", "list.txt"]).await;
        assert!(refused.contains("list.txt is the retry list") && refused.contains(why), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
    assert_eq!(
        json(folder, &["runs", "list", "--json"]).await.as_array().unwrap().len(),
        1,
        "nothing was committed"
    );
}

fn shown_root(folder: &Path) -> String {
    folder.join("out").canonicalize().unwrap().display().to_string()
}
