//! Requests that the daemon's HTTP face turns away, and how.

use std::process::Command;

use lustrum::daemon::face::gate::Gate;
use lustrum::simulator::fleet::FleetSpec;

use crate::world::daemon_at_work::{Answer, with_daemon};

const TOKEN: &str = "0123456789abcdef-the-token";

/// The word of an error, of the one shape that all have.
fn word(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["details", "error", "message"], "{answer:?}");
    assert!(body["details"].is_object() && !body["message"].as_str().unwrap().is_empty());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    (answer.status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_refused_in_one_shape() {
    with_daemon(FleetSpec::new(1, 1, 7), "", Gate::default(), async |daemon| {
        let refused = |status: u16, error: &str| (status, error.to_owned());
        let trigger = "/v1/jobs/census/trigger";
        for (path, body, status, error) in [
            (trigger, "{", 400, "bad_request"),
            (trigger, "[]", 400, "bad_request"),
            (trigger, "{\"slots\": null}", 400, "bad_request"),
            (trigger, "{\"slot\": \"yesterday\"}", 400, "bad_request"),
            (trigger, "{\"slot\": \"2999-01-01T00:00:00Z\"}", 409, "in_the_future"),
            ("/v1/jobs/nobody/trigger", "{}", 404, "not_found"),
            ("/v1/jobs/%FF/trigger", "{}", 400, "bad_request"),
            ("/v1/jobs/..%2F/trigger", "{}", 404, "not_found"),
            ("/v1/nothing", "", 404, "not_found"),
            ("/v1/jobs", "", 405, "method_not_allowed"),
        ] {
            assert_eq!(word(&daemon.post(path, body).await), refused(status, error), "{path} {body}");
        }
        let text = daemon.ask("POST", trigger, &[("Content-Type", "text/plain")], "{}").await;
        assert_eq!(word(&text), refused(415, "unsupported_media_type"));
        let long = daemon.post(trigger, &" ".repeat(5000)).await;
        assert_eq!(word(&long), refused(413, "too_large"));
        for query in ["limit=0", "limit=101", "limit=many", "limit=1&limit=2", "jobs=a", "job=A%20B"] {
            let answer = daemon.get(&format!("/v1/runs?{query}")).await;
            assert_eq!(word(&answer), refused(400, "bad_request"), "{query}");
        }
        for path in ["/v1/runs?before=x", "/v1/runs/x", "/runs/x", "/v1/runs/census-20260101T000000.000Z"] {
            assert_eq!(word(&daemon.get(path).await), refused(404, "not_found"), "{path}");
        }
        assert_eq!(daemon.get("/v1/jobs/census").await.json()["runs"], serde_json::json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_reach_nothing() {
    with_daemon(FleetSpec::new(1, 1, 7), "", Gate::default(), async |daemon| {
        let pause = "/v1/jobs/census/pause";
        for (method, path, header, error) in [
            ("GET", "/v1/jobs", ("Host", "rebound.example"), "foreign_host"),
            ("GET", "/", ("Host", "127.0.0.1.example"), "foreign_host"),
            ("POST", pause, ("Origin", "http://elsewhere.example"), "foreign_origin"),
            ("POST", pause, ("Origin", "null"), "foreign_origin"),
            ("POST", pause, ("Sec-Fetch-Site", "cross-site"), "foreign_origin"),
        ] {
            let answer = daemon.ask(method, path, &[header], "").await;
            assert_eq!(word(&answer), (403, error.to_owned()), "{header:?}");
        }
        for name in ["localhost:1", "[::1]:9470", "127.9.9.9"] {
            assert_eq!(daemon.ask("GET", "/v1/jobs", &[("Host", name)], "").await.status, 200, "{name}");
        }
        let own = format!("http://{}", daemon.address);
        let answer = daemon.ask("POST", pause, &[("Origin", &own)], "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_only_the_probes_answer_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let gate = Gate::with_token_file(file.clone(), false).unwrap();
    with_daemon_locked(gate, 401).await;
    std::fs::write(&file, TOKEN).unwrap();
    let gate = Gate::with_token_file(file, true).unwrap();
    with_daemon_locked(gate, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_exchanged_is_asked_for_at_once() {
    const NEXT: &str = "0123456789abcdef-the-next-one";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    let gate = Gate::with_token_file(file.clone(), false).unwrap();
    with_daemon(FleetSpec::new(1, 1, 7), "", gate, async |daemon| {
        let status = async |token: &str| {
            let bearer = format!("Bearer {token}");
            daemon.ask("GET", "/v1/jobs", &[("Authorization", &bearer)], "").await
        };
        assert_eq!(status(TOKEN).await.status, 200);
        std::fs::write(&file, NEXT).unwrap();
        assert_eq!((status(TOKEN).await.status, status(NEXT).await.status), (401, 200));
        // Nobody comes in by a file that holds none, whatever they show.
        std::fs::write(&file, "").unwrap();
        for token in [TOKEN, NEXT, ""] {
            assert_eq!(word(&status(token).await), (503, "no_token".to_owned()));
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(word(&status(NEXT).await), (503, "no_token".to_owned()));
        assert_eq!(daemon.get("/healthz").await.status, 200);
    })
    .await;
}

async fn with_daemon_locked(gate: Gate, metrics: u16) {
    with_daemon(FleetSpec::new(1, 1, 7), "", gate, async |daemon| {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(daemon.get(path).await.status, 200, "{path}");
        }
        assert_eq!(daemon.get("/metrics").await.status, metrics);
        let bearer = format!("Bearer {TOKEN}");
        // `any:0123456789abcdef-the-token`
        let basic = "Basic YW55OjAxMjM0NTY3ODlhYmNkZWYtdGhlLXRva2Vu";
        for path in ["/", "/v1/jobs", "/v1/runs", "/v1/openapi.json", "/v1/nothing"] {
            let is_page = path == "/";
            let expected = if path == "/v1/nothing" { 404 } else { 200 };
            for (shown, status) in [
                ("", 401),
                ("Bearer", 401),
                ("Bearer 0123456789abcdef-the-toke", 401),
                ("Bearer 0123456789abcdef-the-token2", 401),
                (basic, if is_page { 200 } else { 401 }),
                (bearer.as_str(), expected),
            ] {
                let answer = daemon.ask("GET", path, &[("Authorization", shown)], "").await;
                assert_eq!(answer.status, status, "{path} {shown}");
                if status == 401 {
                    assert_eq!(word(&answer), (401, "unauthorized".to_owned()));
                    let scheme = answer.header("www-authenticate").unwrap().split(' ').next();
                    assert_eq!(scheme, Some(if is_page { "Basic" } else { "Bearer" }));
                }
            }
        }
        // Whoever has the token may be called by any name.
        let named = [("Authorization", bearer.as_str()), ("Host", "lustrum.example")];
        assert_eq!(daemon.ask("GET", "/v1/jobs", &named, "").await.status, 200);
        let document = daemon.ask("GET", "/v1/openapi.json", &named, "").await.json();
        assert_eq!(document["security"], serde_json::json!([{ "token": [] }]));
    })
    .await;
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    std::fs::write(folder.path().join("short"), "secret\n").unwrap();
    for (flags, told) in [
        (
            &["--listen", "0.0.0.0:0"][..],
            "--listen 0.0.0.0:0 is reached from other machines: give a --token-file",
        ),
        (&["--listen", "[::]:0"], "is reached from other machines"),
        (&["--token-file", "short"], "the token in short is shorter than 16 characters"),
        (&["--token-file", "absent"], "the token in absent cannot be read"),
        (&["--no-listen", "--token-file", "short"], "cannot be used with"),
    ] {
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_lustrum"));
        let output = daemon.current_dir(folder.path()).arg("serve").args(flags).env_clear().output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {error}");
        assert!(error.contains(told), "{flags:?}: {error}");
    }
}
