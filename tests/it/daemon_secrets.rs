//! Secrets that are exchanged while the daemon goes on: each run reads its own.

use lustrum::daemon::face::gate::Gate;
use lustrum::simulator::fleet::FleetSpec;

use crate::world::daemon_at_work::{AtWork, with_daemon};

/// Triggers the job and gives how its hosts ended: OK and in error.
async fn run(daemon: &AtWork) -> (u64, u64) {
    let asked = daemon.post("/v1/jobs/census/trigger", "").await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let run_id = asked.json()["run_id"].clone();
    let has_ended = |job: &serde_json::Value| {
        job["runs"][0]["run_id"] == run_id && job["runs"][0]["outcome"] != "running"
    };
    let ended = daemon.until("/v1/jobs/census", has_ended).await;
    let counts = &ended["job"]["last_committed"]["counts"];
    assert_eq!(ended["job"]["last_committed"]["run_id"], run_id, "{ended}");
    let count = |status: &str| counts[status].as_u64().unwrap_or(0);
    (count("inventory_ok"), count("inventory_error"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_file_is_read_again_for_each_run() {
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("password");
    std::fs::write(&file, "of last month\n").unwrap();
    let rotated = format!(
        "[[group]]\nhosts = [\"*\"]\ncredential = \"rotated\"\n\
         [credentials.rotated]\nuser = \"census\"\npassword = \"file:{}\"\n",
        file.display()
    );
    with_daemon(FleetSpec::new(2, 1, 7), &rotated, Gate::default(), async |daemon| {
        assert_eq!(run(&daemon).await, (0, 2));
        std::fs::write(&file, "census\n").unwrap();
        assert_eq!(run(&daemon).await, (2, 0));
        // As Kubernetes and `LoadCredential=` exchange it: another file under the name.
        let next = secrets.path().join("next");
        std::fs::write(&next, "of next month\n").unwrap();
        std::fs::rename(&next, &file).unwrap();
        assert_eq!(run(&daemon).await, (0, 2));
    })
    .await;
}
