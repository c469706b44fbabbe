//! The daemon's HTTP face over a daemon at work: what it tells and what it does.

use std::collections::BTreeMap;

use lustrum::daemon::face::gate::Gate;
use lustrum::daemon::face::openapi;
use lustrum::daemon::watch::{Closed, Order};
use lustrum::history::ledger::Ledger;
use lustrum::history::picture::Picture;
use lustrum::history::picture_view::PictureView;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::world::daemon_at_work::{AtWork, with_daemon};
use crate::world::exposition::parse;

const NIGHTLY: &str = "[[schedule]]\ncron = \"0 3 1 1 *\"";

/// Triggers `census` and waits for its manifest; gives the run's id.
async fn committed_run(daemon: &AtWork) -> String {
    let asked = daemon.post("/v1/jobs/census/trigger", "").await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let run_id = asked.json()["run_id"].as_str().unwrap().to_owned();
    let ended = daemon.until("/v1/jobs/census", |job| job["runs"][0]["outcome"] != "running").await;
    assert_eq!(ended["runs"][0]["outcome"], "committed", "{ended}");
    assert_eq!(ended["runs"][0]["run_id"], run_id.as_str());
    assert_eq!(ended["job"]["last_committed"]["run_id"], run_id.as_str());
    assert_eq!(ended["job"]["last_decision"]["why"], "asked");
    run_id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_triggered_run_is_committed_and_told_everywhere() {
    let spec = FleetSpec::new(3, 2, 7).with_fault(2, Fault::WrongPassword);
    let closed = with_daemon(spec, NIGHTLY, Gate::default(), async |daemon| {
        let run_id = committed_run(&daemon).await;
        let list = daemon.get("/v1/runs").await.json();
        assert_eq!(
            (&list["runs"][0]["run_id"], &list["next"]),
            (&Value::from(run_id.as_str()), &Value::Null)
        );
        assert_eq!(list["runs"][0]["counts"]["inventory_ok"], 2);

        // As `lustrum runs show --json` has it.
        let ledger = Ledger::of(&daemon.store);
        let picture = Picture::around(&ledger, ledger.find(&run_id, None).await.unwrap()).await.unwrap();
        let view = serde_json::to_value(PictureView::of(&picture, &daemon.store)).unwrap();
        assert_eq!(daemon.get(&format!("/v1/runs/{run_id}")).await.json(), view);

        let metrics = daemon.get("/metrics").await;
        assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        let samples = parse(&metrics.body).unwrap();
        let of = |name: &str, labels: &[(&str, &str)]| {
            let labels: BTreeMap<_, _> =
                labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            samples.get(&(name.to_owned(), labels)).copied()
        };
        let census = ("job", "census");
        assert_eq!(of("lustrum_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
        assert_eq!(of("lustrum_hosts", &[census, ("status", "inventory_ok")]), Some(2.0));
        assert_eq!(of("lustrum_hosts", &[census, ("status", "inventory_error")]), Some(1.0));
        assert_eq!(of("lustrum_runs_total", &[census, ("outcome", "committed")]), Some(1.0));
        assert_eq!(of("lustrum_slots_left_total", &[census, ("reason", "missed")]), Some(0.0));
        assert_eq!(of("lustrum_job_schedule_lag_seconds", &[census]), Some(0.0));
        assert_eq!(of("lustrum_refused_job_files", &[]), Some(0.0));
        assert!(of("lustrum_job_last_success_timestamp_seconds", &[census]) > Some(1.7e9));
        assert!(of("lustrum_job_next_fire_timestamp_seconds", &[census]) > Some(1.7e9));
        assert!(of("lustrum_written_bytes_total", &[census]) > Some(0.0));
        let collect = [("stage", "collect"), ("step", "vinfo")];
        assert_eq!(of("lustrum_step_duration_seconds_count", &collect), Some(2.0));

        let page = daemon.get("/").await;
        assert!(page.body.contains(&run_id) && page.body.contains("1 Error"), "{}", page.body);
        let page = daemon.get(&format!("/runs/{run_id}")).await;
        assert!(page.body.contains("auth_failed"), "{}", page.body);

        // The slot is done: once is enough.
        let slot = list["runs"][0]["slot"].as_str().unwrap();
        let slot = format!(
            "{}-{}-{}T{}:{}:{}",
            &slot[..4],
            &slot[4..6],
            &slot[6..8],
            &slot[9..11],
            &slot[11..13],
            &slot[13..]
        );
        let again = daemon.post("/v1/jobs/census/trigger", &format!("{{\"slot\": \"{slot}\"}}")).await;
        assert_eq!((again.status, again.json()["error"].as_str()), (409, Some("committed")), "{again:?}");
    });
    assert_eq!(closed.await, Closed::Idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_as_the_document_says() {
    with_daemon(FleetSpec::new(1, 1, 7), NIGHTLY, Gate::default(), async |daemon| {
        let run_id = committed_run(&daemon).await;
        let document = daemon.get("/v1/openapi.json").await.json();
        assert_eq!(document, openapi::document(false));
        let mut asked = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            let there = path.replace("{job}", "census").replace("{run_id}", &run_id);
            let nowhere = path.replace("{job}", "nobody").replace("{run_id}", "nobody");
            for (method, operation) in operations.as_object().unwrap() {
                asked += 1;
                let answer = daemon.ask(&method.to_uppercase(), &there, &[], "").await;
                let (good, described) = operation["responses"].as_object().unwrap().iter().next().unwrap();
                assert_eq!(answer.status.to_string(), *good, "{method} {there}: {answer:?}");
                let content = described["content"].as_object().unwrap().keys().next().unwrap();
                assert_eq!(answer.header("content-type"), Some(content.as_str()), "{method} {there}");
                if there != nowhere {
                    let answer = daemon.ask(&method.to_uppercase(), &nowhere, &[], "").await;
                    assert_eq!((answer.status, answer.json()["error"].as_str()), (404, Some("not_found")));
                    assert!(operation["responses"]["404"].is_object(), "{method} {path}");
                }
            }
            let answer = daemon.ask("DELETE", &there, &[], "").await;
            assert_eq!((answer.status, answer.json()["error"].as_str()), (405, Some("method_not_allowed")));
            assert!(answer.header("allow").is_some(), "{path}");
        }
        assert_eq!(asked, 13);
        // Every schema that is referred to is there.
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_job_leaves_its_slots_until_it_is_resumed() {
    with_daemon(
        FleetSpec::new(1, 1, 7),
        "[[schedule]]\ncron = \"@every 1s\"",
        Gate::default(),
        async |daemon| {
            let paused = daemon.post("/v1/jobs/census/pause", "").await.json();
            assert_eq!(paused["paused"], "hand");
            let left = |job: &Value| job["job"]["last_decision"]["why"] == "paused";
            daemon.until("/v1/jobs/census", left).await;
            // Reading the files again does not resume it.
            daemon.orders.send(Order::Reload).await.unwrap();
            let resumed = daemon.post("/v1/jobs/census/resume", "").await.json();
            assert_eq!(resumed["paused"], Value::Null);
            let started = |job: &Value| job["job"]["last_decision"]["decision"] == "start";
            daemon.until("/v1/jobs/census", started).await;
            let samples = parse(&daemon.get("/metrics").await.body).unwrap();
            let left = samples.iter().find(|((name, labels), _)| {
                name == "lustrum_slots_left_total" && labels["reason"] == "paused"
            });
            assert!(*left.unwrap().1 >= 1.0);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_pauses_no_hand_resumes_and_what_it_breaks_is_told() {
    let paused = "[scheduling]\npaused = true";
    with_daemon(FleetSpec::new(1, 1, 7), paused, Gate::default(), async |daemon| {
        let answer = daemon.post("/v1/jobs/census/resume", "").await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (409, Some("paused_by_file")));
        std::fs::write(daemon.folder.join("schedules/broken<b>.toml"), "tables = [\"vInfos\"]\n").unwrap();
        daemon.orders.send(Order::Reload).await.unwrap();
        let has_refused = |jobs: &Value| jobs["refused_files"] != Value::Array(Vec::new());
        let jobs = daemon.until("/v1/jobs", has_refused).await;
        assert!(jobs["refused_files"][0]["problems"].to_string().contains("tables"), "{jobs}");
        assert_eq!(daemon.get("/readyz").await.json()["refused_job_files"], 1);
        assert_eq!(daemon.get("/healthz").await.json()["status"], "ok");
        let page = daemon.get("/").await.body;
        assert!(page.contains("broken&lt;b&gt;.toml") && !page.contains("<b>"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_paged_newest_first() {
    with_daemon(FleetSpec::new(1, 1, 7), NIGHTLY, Gate::default(), async |daemon| {
        for day in 1..=5 {
            let run = crate::world::past::PastRun::full("census", &format!("2026010{day}T060000.000Z"));
            run.ok("hv01").commit(&daemon.store).await;
        }
        let (mut path, mut seen) = ("/v1/runs?job=census&limit=2".to_owned(), Vec::new());
        loop {
            let page = daemon.get(&path).await.json();
            let runs = page["runs"].as_array().unwrap();
            assert!(runs.len() <= 2);
            seen.extend(runs.iter().map(|run| run["slot"].as_str().unwrap()[..8].to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/runs?job=census&limit=2&before={next}");
        }
        assert_eq!(seen, ["20260105", "20260104", "20260103", "20260102", "20260101"]);
        let none = daemon.get("/v1/runs?job=other").await.json();
        assert_eq!(none["runs"], Value::Array(Vec::new()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_hold_up_nothing_and_a_drain_interrupts_the_run() {
    let spec = FleetSpec::new(1, 1, 7).with_fault(0, Fault::Silent);
    let mut hanging = Vec::new();
    let hanging_here = &mut hanging;
    let closed = with_daemon(spec, NIGHTLY, Gate::default(), async move |daemon| {
        for _ in 0..40 {
            let mut stream = TcpStream::connect(daemon.address).await.unwrap();
            stream.write_all(b"POST /v1/jobs/census/trigger HTTP/1.1\r\nHost: local").await.unwrap();
            hanging_here.push(stream);
            let mut stream = TcpStream::connect(daemon.address).await.unwrap();
            let head =
                b"POST /v1/jobs/census/trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\n{";
            stream.write_all(head).await.unwrap();
            hanging_here.push(stream);
        }
        assert_eq!(daemon.post("/v1/jobs/census/trigger", "").await.status, 202);
        daemon.until("/v1/jobs/census", |job| job["runs"][0]["outcome"] == "running").await;
        let lost = daemon.post("/v1/jobs/census/trigger", "{\"slot\": \"2026-01-01T00:00:00Z\"}").await;
        assert_eq!(lost.json()["run_id"], "census-20260101T000000.000Z");
    });
    assert_eq!(closed.await, Closed::Interrupted);
}
